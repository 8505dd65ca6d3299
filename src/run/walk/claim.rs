//! A walk's folder belongs to one configuration.

use std::path::Path;

use toml::{Table, Value};

use super::super::{RunConfig, RunError, Survey, check_free};
use crate::checkpoint::CheckpointError;

/// Makes the walk's folder, or finds that it holds the same walk.
///
/// # Errors
/// [`RunError::Conflict`] names the keys in which the folder's walk differs;
/// [`CheckpointError::Occupied`] if a single run is there.
pub fn claim_walk(survey: &Survey, run_dir: &Path) -> Result<(), RunError> {
    check_free(run_dir)?;
    std::fs::create_dir_all(run_dir).map_err(CheckpointError::io("create", run_dir))?;
    let path = run_dir.join("config.toml");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return std::fs::write(&path, survey.config.to_toml())
                .map_err(|source| RunError::Write { path, source });
        }
        Err(source) => return Err(RunError::Read { path, source }),
    };
    let stored: Table = text.parse().map_err(|source| RunError::Parse {
        path: path.clone(),
        source,
    })?;
    let stored = RunConfig::from_table(&stored, &path.display().to_string())?.to_table();
    let differences = differences(&stored, &survey.config.to_table());
    if differences.is_empty() {
        return Ok(());
    }
    Err(RunError::Conflict {
        what: format!(
            "{} holds a walk of another configuration: {}",
            run_dir.display(),
            differences.join(", ")
        ),
        hint: "give the same settings to go on, or another --run-dir".to_owned(),
    })
}

/// `training.epochs was 3, is 5`, for every key.
fn differences(was: &Table, now: &Table) -> Vec<String> {
    let shown = |value: Option<&Value>| value.map_or_else(|| "unset".to_owned(), Value::to_string);
    let mut found = Vec::new();
    for (section, content) in was.iter().chain(now) {
        let inside =
            |table: &Table, name: &str| table.get(section).and_then(|one| one.get(name)).cloned();
        let names = content.as_table().into_iter().flat_map(Table::keys);
        for name in names {
            let (before, after) = (inside(was, name), inside(now, name));
            let line = format!(
                "{section}.{name} was {}, is {}",
                shown(before.as_ref()),
                shown(after.as_ref())
            );
            if before != after && !found.contains(&line) {
                found.push(line);
            }
        }
    }
    found
}

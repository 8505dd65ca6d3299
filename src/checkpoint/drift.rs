//! Is this still the run that the checkpoint was made in?

use std::collections::{BTreeMap, BTreeSet};

use super::{CheckpointError, Manifest};

/// One thing that differs between a checkpoint and the run that wants to go on from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// What `--allow-drift` calls it: `data`, `features`, `catalogue`, `version` or a configuration key.
    pub name: String,
    /// What the checkpoint says.
    pub was: String,
    /// What is found now.
    pub now: String,
}

impl std::fmt::Display for Drift {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "`{}` was {}, is {}",
            self.name, self.was, self.now
        )
    }
}

/// Lists what differs: the data fingerprint, the feature names and their transforms, the catalogue
/// version, every configuration key, the crate version.
///
/// The path of the data is no part of it (the fingerprint is), nor are the keys in `chosen`, which the
/// user changed on purpose (`training.epochs` by `--epochs`).
pub fn compare(checkpoint: &Manifest, now: &Manifest, chosen: &[&str]) -> Vec<Drift> {
    let mut drifts = Vec::new();
    let mut note = |name: &str, was: String, now: String| {
        if was != now {
            drifts.push(Drift {
                name: name.to_owned(),
                was,
                now,
            });
        }
    };
    let short = |hash: &str| hash.get(..12).unwrap_or(hash).to_owned();
    if checkpoint.data.fingerprint != now.data.fingerprint {
        note(
            "data",
            short(&checkpoint.data.fingerprint),
            short(&now.data.fingerprint),
        );
    }
    let (was, is) = feature_change(checkpoint, now);
    note("features", was, is);
    note(
        "catalogue",
        checkpoint.catalogue_version.clone(),
        now.catalogue_version.clone(),
    );
    note(
        "version",
        checkpoint.crate_version.clone(),
        now.crate_version.clone(),
    );
    let (was, is) = (
        flatten(&checkpoint.configuration),
        flatten(&now.configuration),
    );
    let keys: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    for key in keys {
        if key == "data.path" || chosen.contains(&key.as_str()) {
            continue;
        }
        let text = |table: &BTreeMap<String, String>| {
            table
                .get(key)
                .cloned()
                .unwrap_or_else(|| "absent".to_owned())
        };
        note(key, text(&was), text(&is));
    }
    drifts
}

/// Lets through only what `allowed` names, and returns it for the user to be told.
///
/// # Errors
/// [`CheckpointError::Drifted`] with the rest, [`CheckpointError::NoSuchDrift`] if `allowed` names
/// something that does not differ.
pub fn refuse(drifts: Vec<Drift>, allowed: &[String]) -> Result<Vec<Drift>, CheckpointError> {
    if let Some(name) = allowed
        .iter()
        .find(|name| drifts.iter().all(|drift| drift.name != **name))
    {
        return Err(CheckpointError::NoSuchDrift {
            name: name.clone(),
            known: drifts.into_iter().map(|drift| drift.name).collect(),
        });
    }
    let (let_through, drifts): (Vec<Drift>, Vec<Drift>) = drifts
        .into_iter()
        .partition(|drift| allowed.contains(&drift.name));
    if drifts.is_empty() {
        Ok(let_through)
    } else {
        Err(CheckpointError::Drifted { drifts })
    }
}

/// The first column that differs, so that a message about a hundred of them stays one line.
fn feature_change(checkpoint: &Manifest, now: &Manifest) -> (String, String) {
    let (was, is) = (&checkpoint.features, &now.features);
    let at = (0..was.len().max(is.len())).find(|&at| was.get(at) != is.get(at));
    let describe = |features: &[super::FeatureRecord]| {
        let column = at.and_then(|at| {
            features.get(at).map(|feature| {
                format!(
                    ", column {} `{}` ({})",
                    at + 1,
                    feature.name,
                    feature.transform
                )
            })
        });
        format!("{} features{}", features.len(), column.unwrap_or_default())
    };
    if at.is_none() {
        (String::new(), String::new())
    } else {
        (describe(was), describe(is))
    }
}

fn flatten(table: &toml::Table) -> BTreeMap<String, String> {
    let mut flat = BTreeMap::new();
    let mut open: Vec<(String, &toml::Table)> = vec![(String::new(), table)];
    while let Some((prefix, table)) = open.pop() {
        for (key, value) in table {
            let name = if prefix.is_empty() {
                key.clone()
            } else {
                format!("{prefix}.{key}")
            };
            match value {
                toml::Value::Table(inner) => open.push((name, inner)),
                value => {
                    flat.insert(name, value.to_string());
                }
            }
        }
    }
    flat
}

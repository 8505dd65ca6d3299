//! From what a user names to a checkpoint folder.

use std::fs;
use std::path::{Path, PathBuf};

use super::{CheckpointError, MANIFEST};

/// Which checkpoint of a run folder is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// The best one: to score, evaluate and export. The latest while no epoch has ended.
    Best,
    /// The latest one: to resume.
    Latest,
}

/// Finds the checkpoint folder behind `path`.
///
/// - a run folder: its best or its latest checkpoint, as `want` says;
/// - `RUN/best`, `RUN/latest`, `RUN/step-<n>`: that one;
/// - any folder with a `manifest.json`: itself.
///
/// The latest is the one with the highest step, whole since it was renamed into place, even if the
/// process ended before it moved the link.
///
/// # Errors
/// [`CheckpointError::Missing`] if nothing is there, [`CheckpointError::NotACheckpoint`] if the folder
/// holds none.
pub fn resolve(path: &Path, want: Want) -> Result<PathBuf, CheckpointError> {
    let folder = follow(path);
    if !folder.exists() {
        return Err(CheckpointError::Missing {
            path: path.to_owned(),
        });
    }
    if folder.join(MANIFEST).is_file() || (folder.is_dir() && step_of(&folder).is_some()) {
        return Ok(folder);
    }
    if !folder.is_dir() {
        return Err(CheckpointError::NotACheckpoint { path: folder });
    }
    let best = folder.join("best");
    if want == Want::Best && best.is_dir() {
        return Ok(follow(&best));
    }
    match steps_in(&folder)?.last() {
        Some(step) => Ok(folder.join(format!("step-{step}"))),
        None => Err(CheckpointError::NotACheckpoint { path: folder }),
    }
}

/// The run folder that holds the checkpoint folder `checkpoint`.
///
/// ```
/// use std::path::Path;
/// use emberline::checkpoint::run_folder_of;
/// assert_eq!(run_folder_of(Path::new("checkpoints/a/step-50")), Path::new("checkpoints/a"));
/// assert_eq!(run_folder_of(Path::new("step-50")), Path::new("."));
/// ```
pub fn run_folder_of(checkpoint: &Path) -> PathBuf {
    match checkpoint.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The steps that a run folder has checkpoints of, rising.
///
/// # Errors
/// [`CheckpointError::Io`] if the folder cannot be read.
pub fn steps_in(run_folder: &Path) -> Result<Vec<u64>, CheckpointError> {
    let unreadable = || CheckpointError::io("list", run_folder);
    let mut steps = Vec::new();
    for entry in fs::read_dir(run_folder).map_err(unreadable())? {
        let entry = entry.map_err(unreadable())?;
        let is_folder = entry.file_type().map_err(unreadable())?.is_dir();
        if let (true, Some(step)) = (is_folder, step_of(&entry.path())) {
            steps.push(step);
        }
    }
    steps.sort_unstable();
    Ok(steps)
}

/// `n` of a path that ends in `step-<n>`.
pub(super) fn step_of(path: &Path) -> Option<u64> {
    let digits = path.file_name()?.to_str()?.strip_prefix("step-")?;
    let step: u64 = digits.parse().ok()?;
    (step.to_string() == digits).then_some(step)
}

/// The folder behind a link, so that messages name `step-<n>`.
pub(super) fn follow(path: &Path) -> PathBuf {
    match fs::read_link(path) {
        Ok(target) => run_folder_of(path).join(target),
        Err(_) => path.to_owned(),
    }
}

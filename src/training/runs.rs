//! What was trained, with what, how well: reading run folders.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Line, TrainingError, read_log};
use crate::checkpoint::{self, Best, CheckpointError, Manifest, Want};

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All epochs are behind.
    Finished,
    /// Early stopping ended it.
    StoppedEarly,
    /// A loss or a gradient was not finite.
    Failed,
    /// It runs, was interrupted or was killed: `resume` goes on.
    Unfinished,
}

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct RunRecord {
    /// The run folder.
    pub path: PathBuf,
    /// How it stands.
    pub status: Status,
    /// Steps taken at the latest checkpoint.
    pub step: u64,
    /// Steps planned.
    pub total_steps: u64,
    /// Whole epochs.
    pub epoch: u64,
    /// Epochs planned.
    pub epochs: u64,
    /// Mean training loss of the last whole epoch.
    pub train_loss: Option<f64>,
    /// The best epoch.
    pub best: Option<Best>,
    /// Seconds of training.
    pub elapsed_s: f64,
    /// Steps that there are checkpoints of.
    pub checkpoints: Vec<u64>,
    /// The latest manifest.
    pub manifest: Manifest,
    /// The log.
    pub lines: Vec<Line>,
}

/// Reads the run in `path`: its latest checkpoint and its log.
///
/// # Errors
/// What is wrong with either.
pub fn read(path: &Path) -> Result<RunRecord, TrainingError> {
    let latest = checkpoint::resolve(path, Want::Latest)?;
    let run_dir = checkpoint::run_folder_of(&latest);
    let manifest_path = latest.join("manifest.json");
    let bytes = fs::read(&manifest_path).map_err(TrainingError::io("read", &manifest_path))?;
    let manifest = Manifest::from_bytes(&bytes, &manifest_path)?;
    let log = run_dir.join("log.jsonl");
    let lines = if log.exists() {
        read_log(&log)?
    } else {
        Vec::new()
    };
    let state = &manifest.state;
    let status = if matches!(lines.last(), Some(Line::NotFinite { .. })) {
        Status::Failed
    } else if state.stopped_early {
        Status::StoppedEarly
    } else if state.epoch >= state.epochs {
        Status::Finished
    } else {
        Status::Unfinished
    };
    Ok(RunRecord {
        status,
        step: state.step,
        total_steps: state.epochs * state.steps_per_epoch,
        epoch: state.epoch,
        epochs: state.epochs,
        train_loss: state.metrics.last().map(|epoch| epoch.train_loss.get()),
        best: state.best.clone(),
        elapsed_s: state.elapsed_s.get(),
        checkpoints: checkpoint::steps_in(&run_dir)?,
        path: run_dir,
        lines,
        manifest,
    })
}

/// A run folder, and what it holds or why it cannot be read.
pub type Listed = (PathBuf, Result<RunRecord, TrainingError>);

/// Reads every run folder in `root`, by name; a folder that is no run is passed over, one that cannot
/// be read is given with its error.
///
/// # Errors
/// [`TrainingError::Io`] if `root` cannot be listed. A `root` that is not there holds no runs.
pub fn list(root: &Path) -> Result<Vec<Listed>, TrainingError> {
    if !root.exists() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(root).map_err(TrainingError::io("list", root))? {
        let path = entry.map_err(TrainingError::io("list", root))?.path();
        if path.is_dir() {
            paths.push(path);
        }
    }
    paths.sort();
    let is_run = |result: &Result<RunRecord, TrainingError>| {
        !matches!(
            result,
            Err(TrainingError::Checkpoint(
                CheckpointError::NotACheckpoint { .. }
            ))
        )
    };
    Ok(paths
        .into_iter()
        .map(|path| {
            let record = read(&path);
            (path, record)
        })
        .filter(|(_, record)| is_run(record))
        .collect())
}

/// One value of two runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Its name.
    pub name: String,
    /// In the first run.
    pub left: String,
    /// In the second run.
    pub right: String,
}

/// Two runs beside each other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// What they were made with and differ in: data, features, configuration keys, version.
    pub settings: Vec<Difference>,
    /// The numbers of each one's best epoch, or last one while no best is known.
    pub metrics: BTreeMap<String, [Option<f64>; 2]>,
}

/// Compares two runs.
pub fn compare(left: &RunRecord, right: &RunRecord) -> Comparison {
    let settings = checkpoint::compare(&left.manifest, &right.manifest, &[])
        .into_iter()
        .map(|drift| Difference {
            name: drift.name,
            left: drift.was,
            right: drift.now,
        })
        .collect();
    let (left, right) = (best_numbers(left), best_numbers(right));
    let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let metrics = names
        .into_iter()
        .map(|name| {
            (
                name.clone(),
                [left.get(name).copied(), right.get(name).copied()],
            )
        })
        .collect();
    Comparison { settings, metrics }
}

fn best_numbers(run: &RunRecord) -> BTreeMap<String, f64> {
    let state = &run.manifest.state;
    let epoch = match &state.best {
        Some(best) => state.metrics.iter().find(|epoch| epoch.epoch == best.epoch),
        None => state.metrics.last(),
    };
    let mut numbers = BTreeMap::new();
    if let Some(epoch) = epoch {
        numbers.insert("train_loss".to_owned(), epoch.train_loss.get());
        for (name, value) in &epoch.validation {
            numbers.insert(name.clone(), value.get());
        }
    }
    numbers
}

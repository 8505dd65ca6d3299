//! A stopped run, taken up where it stopped.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::train::{Begin, finish, manifest, with_all_keys};
use super::{Finished, Fitted, Prepared, RunConfig, RunError, Survey, prepare, survey};
use crate::checkpoint::{self, Checkpoint, Drift, Want};
use crate::device::Selection;
use crate::features::Scaler;
use crate::training::Progress;

/// How to go on.
#[derive(Clone, Debug, Default)]
pub struct ResumeOptions {
    /// The new total of epochs.
    pub epochs: Option<u64>,
    /// The bars, if they moved.
    pub data: Option<PathBuf>,
    /// Differences that are accepted: `data`, `features`, `catalogue`, `version` or a key.
    pub allow_drift: Vec<String>,
    /// Take an earlier checkpoint if the newest is damaged.
    pub fallback: bool,
}

/// A checkpoint that may go on, before any device is opened.
#[derive(Debug)]
pub struct Resumable {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// The run folder.
    pub run_dir: PathBuf,
    /// Bars, windows and splits, as in the run.
    pub survey: Survey,
    /// Damaged checkpoints that were passed over.
    pub passed_over: Vec<String>,
    /// Differences that were accepted.
    pub accepted: Vec<Drift>,
    fitted: Fitted,
}

/// Loads a checkpoint and checks that data, features and code are what they were.
///
/// # Errors
/// A checkpoint that is missing or damaged, bars that are refused, or a difference that is not
/// allowed.
pub fn open(path: &Path, options: &ResumeOptions) -> Result<Resumable, RunError> {
    let folder = checkpoint::resolve(path, Want::Latest)?;
    let (checkpoint, passed_over) = if options.fallback {
        let (checkpoint, errors) = checkpoint::load_or_previous(&folder)?;
        (checkpoint, errors.iter().map(ToString::to_string).collect())
    } else {
        (checkpoint::load(&folder)?, Vec::new())
    };
    let stored = &checkpoint.manifest;
    let origin = checkpoint.path.display().to_string();
    let mut config = RunConfig::from_table(&stored.configuration, &origin)?;
    if let Some(epochs) = options.epochs {
        config.training.epochs = epochs;
    }
    if let Some(data) = &options.data {
        config.data.path = Some(data.clone());
    }
    let survey = survey(config)?;
    let scaler: Scaler = serde_json::from_value(stored.scaler.clone()).map_err(|error| {
        checkpoint::CheckpointError::Damaged {
            file: checkpoint.path.join("manifest.json"),
            reason: format!("its scaler cannot be read: {error}"),
        }
    })?;
    let kept: Vec<&str> = stored
        .features
        .iter()
        .map(|feature| feature.name.as_str())
        .collect();
    let dropped: Vec<String> = survey
        .set
        .names()
        .into_iter()
        .filter(|name| !kept.contains(&name.as_str()))
        .collect();
    let set = survey.set.without(&dropped);
    let now = manifest(&survey, &set, &scaler, &stored.device);
    let drifts = checkpoint::compare(&with_all_keys(stored)?, &now, &["training.epochs"]);
    let accepted = checkpoint::refuse(drifts, &options.allow_drift)?;
    Ok(Resumable {
        run_dir: checkpoint::run_folder_of(&checkpoint.path),
        survey,
        passed_over,
        accepted,
        fitted: Fitted { set, scaler },
        checkpoint,
    })
}

impl Resumable {
    /// Features and labels on the device, with the scaler of the checkpoint.
    ///
    /// # Errors
    /// As [`prepare`].
    pub fn prepare(&self, device: &Selection) -> Result<Prepared, RunError> {
        prepare(&self.survey, &device.device, Some(self.fitted.clone()))
    }

    /// Goes on, exactly where the checkpoint stands.
    ///
    /// # Errors
    /// As [`super::train()`].
    pub fn resume(
        self,
        prepared: Prepared,
        device: &Selection,
        stop: Arc<AtomicUsize>,
        progress: &mut dyn Progress,
    ) -> Result<Finished, RunError> {
        finish(
            &self.survey,
            &prepared,
            device,
            &self.run_dir,
            Begin::From(Box::new(self.checkpoint)),
            stop,
            progress,
        )
    }
}

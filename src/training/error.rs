//! What can go wrong while training.

use std::io;
use std::path::PathBuf;

use crate::checkpoint::CheckpointError;
use crate::metrics::MetricError;

/// Why a run was not started, or failed.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// A setting out of bounds.
    #[error("{key} = {value}: {rule}")]
    Setting {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        rule: &'static str,
    },
    /// `training.metric` is none, or cannot be had from the validation windows.
    #[error("training.metric cannot be used")]
    Metric(#[from] MetricError),
    /// No windows to train on or to validate on.
    #[error("there are no {split} windows")]
    NoWindows {
        /// `training` or `validation`.
        split: &'static str,
    },
    /// The checkpoint counts another number of batches in an epoch.
    #[error("an epoch had {was} steps when the checkpoint was written, it has {now}")]
    StepsPerEpoch {
        /// In the checkpoint.
        was: u64,
        /// Now.
        now: u64,
    },
    /// A loss or a gradient was infinite or not a number. Updates from that step on were masked out.
    #[error("the loss or the gradient of step {step} is not finite")]
    NotFinite {
        /// The first such step, counted from 1.
        step: u64,
        /// The last checkpoint written before it.
        last_good: Option<PathBuf>,
    },
    /// A checkpoint could not be written or used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The log or the picture could not be written.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A line of a log is not one of ours.
    #[error("line {line} of `{}` is not a line of a log", path.display())]
    LogLine {
        /// The log.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// The picture of the losses could not be drawn.
    #[error("cannot draw `{}`: {reason}", path.display())]
    Picture {
        /// The file.
        path: PathBuf,
        /// What the plotter says.
        reason: String,
    },
}

impl TrainingError {
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// Whether the run was refused for its configuration (exit code 2), and did not fail (1).
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Setting { .. }
            | Self::Metric(_)
            | Self::NoWindows { .. }
            | Self::StepsPerEpoch { .. } => true,
            Self::Checkpoint(error) => !matches!(error, CheckpointError::Io { .. }),
            _ => false,
        }
    }

    /// The line that says what to do next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Setting { key, .. } => {
                format!("set it with `--set {key}=..`; `emberline config show` lists every key")
            }
            Self::Metric(error) => return error.hint(),
            Self::NoWindows { .. } => "give more bars, or larger shares in [splits]".to_owned(),
            Self::StepsPerEpoch { .. } => {
                "data, windows, splits and training.batch_size must be those of the checkpoint"
                    .to_owned()
            }
            Self::NotFinite { last_good, .. } => {
                let kept = last_good.as_ref().map_or_else(
                    || "no checkpoint had been written".to_owned(),
                    |path| format!("the last good checkpoint is `{}`", path.display()),
                );
                format!(
                    "{kept}; try a lower training.learning_rate, and `emberline data check` on the bars"
                )
            }
            Self::Checkpoint(error) => return error.hint(),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "free some space and resume; the last checkpoint is whole".to_owned()
            }
            _ => return None,
        })
    }
}

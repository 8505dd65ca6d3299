//! What can go wrong between a configuration and a trained model.

use std::path::PathBuf;

use super::PRESETS;
use crate::checkpoint::CheckpointError;
use crate::features::FeatureError;
use crate::market::MarketError;
use crate::model::ModelError;
use crate::scoring::ScoreError;
use crate::training::TrainingError;
use crate::windows::{Split, WindowError};

/// Why a run did not start or did not end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A configuration file that cannot be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A configuration file that is not TOML.
    #[error("{}: is not TOML", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: toml::de::Error,
    },
    /// Neither a preset nor a file.
    #[error("`{name}` is neither a preset nor a file")]
    UnknownPreset {
        /// What was asked for.
        name: String,
        /// The nearest preset.
        nearest: Option<String>,
    },
    /// A setting without `=`.
    #[error("`{setting}` is not `key=value`")]
    Setting {
        /// What was given.
        setting: String,
    },
    /// A key that does not exist.
    #[error("{origin}: no key `{key}`")]
    UnknownKey {
        /// The key.
        key: String,
        /// The file, preset or flag.
        origin: String,
        /// The nearest key.
        nearest: Option<String>,
    },
    /// A value outside its bounds.
    #[error("{origin}: `{key}` = {value}: it must be a {bounds}")]
    Value {
        /// The key.
        key: String,
        /// Its value.
        value: String,
        /// What it must be.
        bounds: String,
        /// The file, preset or flag.
        origin: String,
    },
    /// Keys that contradict each other.
    #[error("{what}")]
    Conflict {
        /// The contradiction.
        what: String,
        /// How to resolve it.
        hint: String,
    },
    /// A value that its section refuses.
    #[error("{origin}: the configuration cannot be read")]
    Invalid {
        /// The file, preset or flag.
        origin: String,
        /// Where and why.
        #[source]
        source: toml::de::Error,
    },
    /// A fold of a walk in which a split is empty.
    #[error(
        "fold {fold} of {folds} has no {split} window: {legal} legal windows are too few for so many folds"
    )]
    EmptyFold {
        /// From 1.
        fold: usize,
        /// Folds in all.
        folds: usize,
        /// The split.
        split: Split,
        /// Legal windows of all bars.
        legal: usize,
    },
    /// A split without windows in the bars that a checkpoint is measured on.
    #[error(
        "no {split} window in these bars: {windows} windows, where training ended before {train_end} and \
         validation before {validation_end}"
    )]
    NothingToMeasure {
        /// The split.
        split: Split,
        /// Windows of all splits.
        windows: usize,
        /// The first cut.
        train_end: String,
        /// The second cut.
        validation_end: String,
    },
    /// A checkpoint that does not fit the bars.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// A file of the run folder that cannot be written.
    #[error("{}: cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// Bars refused.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// Features refused.
    #[error(transparent)]
    Feature(#[from] FeatureError),
    /// Windows, targets or splits refused.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// A model that cannot be built.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A checkpoint refused or not written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The loop failed.
    #[error(transparent)]
    Training(#[from] TrainingError),
}

impl RunError {
    /// What to do about it, if there is something to say.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { .. } => "check the path and its permissions".to_owned(),
            Self::Parse { .. } => {
                "`emberline config show` prints a file that can be run".to_owned()
            }
            Self::UnknownPreset {
                nearest: Some(nearest),
                ..
            }
            | Self::UnknownKey {
                nearest: Some(nearest),
                ..
            } => format!("did you mean `{nearest}`?"),
            Self::UnknownPreset { .. } => format!(
                "presets are {}; a file has a `.` or a `/` in its path",
                PRESETS.map(|(name, _)| name).join(", ")
            ),
            Self::Setting { .. } => "as in --set training.epochs=3".to_owned(),
            Self::UnknownKey { .. } | Self::Value { .. } | Self::Invalid { .. } => {
                "`emberline config show` prints every key with its bounds".to_owned()
            }
            Self::Conflict { hint, .. } => hint.clone(),
            Self::NothingToMeasure { .. } => {
                "give bars that reach into the span, or another --split".to_owned()
            }
            Self::Score(error) => return error.hint(),
            Self::EmptyFold { .. } => {
                "use fewer folds (walk_forward.folds), a shorter horizon, or more bars".to_owned()
            }
            Self::Write { .. } => "free some space or give another --run-dir".to_owned(),
            Self::Market(error) => return error.hint(),
            Self::Feature(error) => return error.hint(),
            Self::Window(error) => return error.hint(),
            Self::Model(error) => return error.hint(),
            Self::Checkpoint(error) => return error.hint(),
            Self::Training(error) => return error.hint(),
        })
    }

    /// Whether the input was refused, so that the user can put it right (else the run failed).
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Write { .. } | Self::Market(MarketError::Write { .. }) => false,
            Self::Training(error) => error.is_refusal(),
            Self::Checkpoint(error) => !matches!(error, CheckpointError::Io { .. }),
            _ => true,
        }
    }
}

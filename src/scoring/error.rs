//! What scoring and exporting refuse.

use std::path::PathBuf;

use crate::checkpoint::CheckpointError;
use crate::features::FeatureError;
use crate::market::MarketError;
use crate::model::ModelError;

/// Why a checkpoint does not fit bars, or could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// The bars are not of the kind that the model was trained on.
    #[error("the model was trained with {what} {trained}, the bars have {found}")]
    Mismatch {
        /// `interval`, `stamp`, `calendar`, `adjustment` or `gaps`.
        what: &'static str,
        /// As trained.
        trained: String,
        /// As found.
        found: String,
        /// How to make them agree.
        hint: &'static str,
    },
    /// The indicators have changed since.
    #[error(
        "the checkpoint's features are of catalogue {trained}, this build has catalogue {found}"
    )]
    Catalogue {
        /// Version in the checkpoint.
        trained: String,
        /// Version of this build.
        found: String,
    },
    /// Features and scaler do not belong together.
    #[error("the scaler was fitted on {trained}, the features are {found}")]
    Columns {
        /// Names that the scaler knows.
        trained: String,
        /// Names in the manifest.
        found: String,
    },
    /// No symbol has enough bars.
    #[error(
        "no symbol has a full window of {required_bars} bars: {}",
        shortened(symbols)
    )]
    NoWindows {
        /// Bars that a forecast needs.
        required_bars: usize,
        /// Each symbol with its bars.
        symbols: Vec<String>,
    },
    /// A part of the manifest that cannot be read.
    #[error("the manifest's `{part}` cannot be read: {reason}")]
    Manifest {
        /// The part.
        part: &'static str,
        /// Why.
        reason: String,
    },
    /// A file that cannot be written.
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
    Features(#[from] FeatureError),
    /// A model that cannot be built from the weights.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A checkpoint refused.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

impl ScoreError {
    /// What to do about it, if there is something to say.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Mismatch { hint, .. } => (*hint).to_owned(),
            Self::Catalogue { .. } | Self::Columns { .. } => {
                "train again, or score with the build that trained".to_owned()
            }
            Self::NoWindows { .. } => "give a longer history".to_owned(),
            Self::Manifest { .. } => {
                "`emberline checkpoint show` prints what can be read".to_owned()
            }
            Self::Write { .. } => "free some space or give another --out".to_owned(),
            Self::Market(error) => return error.hint(),
            Self::Features(error) => return error.hint(),
            Self::Model(error) => return error.hint(),
            Self::Checkpoint(error) => return error.hint(),
        })
    }

    /// Whether the input was refused, so that the user can put it right (else the run failed).
    pub fn is_refusal(&self) -> bool {
        !matches!(
            self,
            Self::Write { .. }
                | Self::Market(MarketError::Write { .. })
                | Self::Checkpoint(CheckpointError::Io { .. })
        )
    }
}

fn shortened(symbols: &[String]) -> String {
    const SHOWN: usize = 8;
    let more = symbols.len().saturating_sub(SHOWN);
    let mut text = symbols[..symbols.len() - more].join("; ");
    if more > 0 {
        text += &format!("; and {more} more");
    }
    text
}

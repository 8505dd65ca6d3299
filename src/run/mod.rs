//! The whole ways through the crate: survey, prepare, train, resume.
//!
//! [`RunConfig`] collects the section of every storey. [`Survey`] is what the host alone can tell
//! (bars, windows, splits, memory): `--dry-run` ends there, with no device opened. [`Prepared`] is the
//! same with features, labels and scaler on the device; [`train()`] and [`Resumable::resume`] take it
//! through the loop.

mod baselines;
pub mod causal;
mod config;
mod error;
mod importance;
mod evaluate;
mod foretold;
pub mod keys;
pub mod ledger;
mod prepare;
mod report;
mod resume;
mod survey;
mod sweep;
mod train;
mod walk;

pub use baselines::Baselines;
pub use causal::{Proof, ProofOptions, prove};
pub use config::{FeaturesConfig, PRESETS, RunConfig};
pub use error::RunError;
pub use evaluate::{Examination, Examined, IMPORTANCE_WINDOWS, examine};
pub use foretold::Foretold;
pub use importance::{FeatureImportance, importance};
pub use prepare::{Fitted, Inputs, Prepared, inputs, prepare, scale};
pub use report::{
    fold_spans, importance_table, learning_curve, machine, report_inputs, symbol_data, test_uses,
};
pub use resume::{Resumable, ResumeOptions, open};
pub use survey::{Survey, survey, survey_bars};
pub use sweep::{SweepEnd, SweepOptions, Swept, Trial, TrialResult, sweep, trials};
pub use train::{Finished, check_free, train};
pub use walk::{
    Fold, FoldResult, FoldRun, Pooled, Walk, WalkConfig, WalkEvent, WalkJob, WalkMode, WalkOptions,
    claim_walk, folds, walk,
};

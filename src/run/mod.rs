//! The whole ways through the crate: survey, prepare, train, resume.
//!
//! [`RunConfig`] collects the section of every storey. [`Survey`] is what the host alone can tell
//! (bars, windows, splits, memory): `--dry-run` ends there, with no device opened. [`Prepared`] is the
//! same with features, labels and scaler on the device; [`train()`] and [`Resumable::resume`] take it
//! through the loop.

mod config;
mod error;
mod importance;
pub mod keys;
mod prepare;
mod resume;
mod survey;
mod train;

pub use config::{CostsConfig, FeaturesConfig, PRESETS, RunConfig};
pub use error::RunError;
pub use importance::{FeatureImportance, importance};
pub use prepare::{Fitted, Prepared, prepare};
pub use resume::{Resumable, ResumeOptions, open};
pub use survey::{Survey, survey};
pub use train::{Finished, check_free, train};

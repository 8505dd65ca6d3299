//! A checkpoint and bars to forecasts.
//!
//! [`Recipe`] is a checkpoint read for use: features, windows, target, scaler and model, without
//! anything of the training loop. [`score()`] computes the same features on the device, runs the model
//! over every full window in batches and gives the forecasts back unscaled, as log returns.
//! [`export()`] writes the same for other programs.
//!
//! Refused: bars of another interval, stamp, calendar or adjustment, and features that are made
//! otherwise than they were in training. Other data is what scoring is for.

mod error;
mod export;
mod forecasts;
mod recipe;
mod times;

pub use error::ScoreError;
pub use export::{Exported, export};
pub use forecasts::{Forecasts, ScoreOptions, Skipped, score};
pub use recipe::Recipe;
pub use times::{Schedule, drop_forming};

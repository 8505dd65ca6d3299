//! One step without a host round trip, and the loop around it.
//!
//! [`run`] takes a [`Job`] to its end: it steps a [`Trainer`] through the epochs, logs, validates,
//! writes checkpoints, and stops when it is done, no longer improving, asked to, or when a loss or
//! gradient is not finite.
//!
//! Nothing is read back inside a step. The device adds up the loss and remembers the first bad step;
//! both are read every `log_every` steps and before every checkpoint.
//!
//! A step is a function of the weights, the moments, the seed and the step's number, so that a run
//! that goes on from a checkpoint takes the same way, bit for bit on the CPU, as one that never
//! stopped.

mod config;
mod criterion;
mod error;
mod events;
mod fit;
mod log;
mod optimiser;
mod outcome;
mod picture;
mod progress;
pub mod runs;
mod schedule;
mod step;
pub mod stop;
mod validation;

pub use config::{CheckpointsConfig, ClassWeights, TrainingConfig};
pub use criterion::{balanced, criterion};
pub use error::TrainingError;
pub use fit::{Job, Resume, run};
pub use log::{Line, read_log};
pub use optimiser::{Optimiser, clip_factor, global_norm};
pub use outcome::{Outcome, Summary, TrafficReport};
pub use picture::draw_losses;
pub use progress::{Plan, Progress, Reading, Silent};
pub use schedule::Schedule;
pub use step::{DeviceReading, Trainer, guard};
pub use validation::{Forecast, ForecastBatches, forecast, numbers_of};

//! What a run says while it runs. How it is shown is the command line's business.

use std::path::Path;

use super::Line;
use crate::metrics::Validation;

/// What lies ahead, said once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Steps already taken.
    pub step: u64,
    /// Steps in all.
    pub total_steps: u64,
    /// Steps in an epoch.
    pub steps_per_epoch: u64,
    /// Epochs in all.
    pub epochs: u64,
    /// Windows in a step.
    pub batch_size: usize,
}

/// What the log says of the steps since it was last written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Steps taken.
    pub step: u64,
    /// The epoch under way, counted from 1.
    pub epoch: u64,
    /// Mean loss of the batches.
    pub loss: f64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Norm of the last step's gradient before it was clipped.
    pub gradient_norm: f64,
    /// Windows per second.
    pub samples_per_s: f64,
    /// Seconds to the last step at this rate.
    pub remaining_s: f64,
}

/// The listener of a run. Every method does nothing unless written.
pub trait Progress {
    /// The run begins or goes on.
    fn begin(&mut self, plan: &Plan) {
        let _ = plan;
    }
    /// A step was handed to the device (it need not have ended there).
    fn step(&mut self, step: u64) {
        let _ = step;
    }
    /// A line of the log: the device has been read.
    fn reading(&mut self, reading: &Reading) {
        let _ = reading;
    }
    /// An epoch's end, validated; `line` is a [`Line::Epoch`].
    fn epoch(&mut self, line: &Line, validation: &Validation) {
        let _ = (line, validation);
    }
    /// A checkpoint is in place.
    fn checkpoint(&mut self, path: &Path) {
        let _ = path;
    }
    /// Something to be told once.
    fn line(&mut self, text: &str) {
        let _ = text;
    }
}

/// Listens to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}

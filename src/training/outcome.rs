//! How a run ended, in numbers.

use std::path::PathBuf;

use crate::checkpoint::State;

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// After its last epoch.
    Finished(Summary),
    /// The metric stopped getting better.
    StoppedEarly(Summary),
    /// A signal asked for it; the checkpoint is written.
    Interrupted {
        /// The signal's number.
        signal: i32,
        /// The run so far.
        summary: Summary,
    },
}

impl Outcome {
    /// The run's numbers, however it ended.
    pub fn summary(&self) -> &Summary {
        match self {
            Self::Finished(summary)
            | Self::StoppedEarly(summary)
            | Self::Interrupted { summary, .. } => summary,
        }
    }
}

/// A run's numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Where the run stands.
    pub state: State,
    /// The checkpoint that holds it.
    pub checkpoint: PathBuf,
    /// Seconds of this process's part of the run.
    pub elapsed_s: f64,
    /// Windows that this process trained on.
    pub samples: u64,
    /// What went between host and device.
    pub traffic: TrafficReport,
}

/// What went between host and device, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrafficReport {
    /// Up since the process started: bars, labels, window starts.
    pub bytes_up: u64,
    /// Down since the process started.
    pub bytes_down: u64,
    /// Of those up, while the loop ran.
    pub loop_bytes_up: u64,
    /// Of those down, while the loop ran: the four below.
    pub loop_bytes_down: u64,
    /// Inside a training step: 0, or something is wrong.
    pub step_bytes_down: u64,
    /// For lines of the log.
    pub log_bytes_down: u64,
    /// For forecasts of validation windows.
    pub validation_bytes_down: u64,
    /// For weights and moments of checkpoints.
    pub checkpoint_bytes_down: u64,
}

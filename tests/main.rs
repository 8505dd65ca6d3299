//! The one integration binary.

#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

mod features_command;
mod follow_command;
mod indicators;

mod kernels;
mod causal;
mod lookahead;
mod checkpoint;
mod crash;
mod layering;
mod optimiser;
mod resume;
mod toy;
mod training;
mod device;
mod market;
mod simulate;
mod split;
mod upload;
mod walk_forward;
mod windows;
mod metrics;
mod evaluation;
mod lstm;
mod model;
mod heads;
mod cli;
mod trend;

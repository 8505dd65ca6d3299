//! The one integration binary.

mod features_command;
mod indicators;
mod kernels;
mod lookahead;
mod checkpoint;
mod layering;
mod resume;
mod toy;
mod training;
mod device;
mod market;
mod simulate;
mod split;
mod upload;
mod windows;
mod metrics;
mod lstm;
mod model;

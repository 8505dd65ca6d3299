//! The one integration binary.

mod kernels;
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

//! The one integration binary.

mod kernels;
mod layering;
mod device;
mod market;
mod simulate;
mod split;
mod upload;
mod windows;
mod metrics;
mod lstm;
mod model;

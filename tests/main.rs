//! The one integration binary.

mod layering;
mod device;
mod simulate;
mod split;
mod upload;
mod windows;
mod metrics;

//! Adaptive Trend Classification of bars: presets, settings, scans of a universe, one bar at a time.
//!
//! The arithmetic is [`crate::ops::atc`]'s; here are the market's words for it: symbols, sources, the two
//! presets that the published versions disagree about, and errors that name a symbol and a setting.
//! A scan reads rows as they stand: a gap between bars is no gap in a series, as in the published
//! versions.

mod config;
mod error;
mod on_device;
mod picture;
mod scan;
mod stream;

pub use config::{Cut, Grid, Robustness, Source, TrendConfig, TrendPreset};
pub use error::TrendError;
pub use on_device::{sweep_in_chunks, sweep_on};
pub use picture::picture;
pub use scan::{Agreement, agreement, prices, scan, sweep};
pub use stream::{StreamTimes, stream};

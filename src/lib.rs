//! Price models trained on device-resident OHLCV bars.
//!
//! The data's way through the crate, one module a storey:
//!
//! ```text
//! files -> market -> upload -> features -> windows -> model -> training -> checkpoint -> scoring -> evaluation
//!          (host)    (once)    '----------------- on the device, to the end -----------------'
//! ```
//!
//! A storey uses only the storeys below it; `tests/layering.rs` holds the table. `device` says where
//! tensors live and owns the only two doors between host and device; `ops` is tensor maths without
//! market words.
//!
//! Axes, everywhere: N symbols, T bars, F features, B batch, L window bars, H hidden units. Times are
//! the open of a bar in nanoseconds since the epoch, UTC.

pub mod device;
pub mod ops;
pub mod market;
pub mod trend;
pub mod features;
pub mod windows;
pub mod model;
pub mod metrics;
pub mod checkpoint;
pub mod training;
pub mod scoring;
pub mod evaluation;
pub mod run;

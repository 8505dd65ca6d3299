//! Which windows may be learnt from, what they are asked to forecast, and how they reach the model.
//!
//! ```text
//! bars -> legal starts (host, no features needed) -> plan: train | validation | test
//! features, targets -> Resident (on the device, once) -> Loader -> batches [B, L, F], [B, Hn]
//! ```
//!
//! The rule against look-ahead lives here. A window ends at bar t and its features use bars up to t;
//! its target starts after t. Three splits lie one after another in time, cut at two instants that
//! hold for all symbols; a window may look back over a cut, a target never crosses one.
//!
//! Refused: windows over a gap or inside the warm-up of a feature, windows whose last bar, entry or
//! exit was filled in, and data in which nothing is left ([`WindowError::NoWindows`] says why for
//! each symbol).

mod config;
mod error;
mod estimate;
mod legal;
mod loader;
mod order;
mod plan;
mod rank;
mod resident;
mod shared;
mod targets;
mod volatility;

pub use config::{Entry, MIN_CROSS_SECTION, Normalise, TargetConfig, WindowConfig};
pub use error::WindowError;
pub use estimate::{MemoryEstimate, estimate};
pub use legal::{Legal, Reason, Sample, SymbolWindows, legal, legal_rows, scorable};
pub use loader::{Batch, Epoch, Loader};
pub use order::permutation;
pub use plan::{Plan, Split, SymbolSplit, divide, plan};
pub use rank::mean_ranks;
pub use resident::Resident;
pub use targets::{Outcomes, SeriesTargets, Targets, targets};
pub use volatility::{VOLATILITY_FLOOR, volatility, volatility_memory_bars};

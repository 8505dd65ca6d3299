//! Bars: load, check, calendar, gaps, adjust, split, upload, simulate.
//!
//! Files become [`Bars`] on the host: one [`Series`] per symbol, float32 columns beside nanosecond
//! times, checked in float64 before they are narrowed. Nothing here knows about features or models;
//! [`upload`] is where the bars leave for the device.
//!
//! Refused: what would train on nonsense in silence (duplicate or falling times, impossible prices,
//! mixed intervals), each with file, row, symbol and value. See [`MarketError`].

mod calendar;
mod clock;
mod config;
mod error;
mod series;

pub mod sample;
pub mod simulate;
pub mod split;
pub mod upload;

pub use calendar::{Calendar, Session};
pub use clock::{Column, Period, clock_column};
pub use config::{CalendarChoice, DataConfig, GapPolicy, Stamp};
pub use error::{Fault, MarketError};
pub use series::{Bars, Series};
pub use upload::{PanelBlock, upload};

/// Loads, checks and repairs the bars that `config` names, fills or breaks their gaps and returns them
/// sorted by symbol.
///
/// `default_gaps` is what a gap becomes if `config.gaps` says nothing; `None` means by calendar
/// ([`GapPolicy::Fill`] where the market never closes, [`GapPolicy::Break`] elsewhere).
///
/// # Errors
/// [`MarketError`], naming the file, row, symbol and value that was refused.
pub fn load(config: &DataConfig, default_gaps: Option<GapPolicy>) -> Result<Bars, MarketError> {
    let _ = (config, default_gaps);
    unimplemented!("lands with the readers")
}

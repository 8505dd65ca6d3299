//! Bars: load, check, calendar, gaps, adjust, split, upload, simulate.
//!
//! Files become [`Bars`] on the host: one [`Series`] per symbol, float32 columns beside nanosecond
//! times, checked in float64 before they are narrowed. Nothing here knows about features or models;
//! [`mod@upload`] is where the bars leave for the device.
//!
//! Refused: what would train on nonsense in silence (duplicate or falling times, impossible prices,
//! mixed intervals), each with file, row, symbol and value. See [`MarketError`].

mod bar;
mod batch;
mod calendar;
mod check;
mod clock;
mod columns;
mod config;
mod convert;
mod csv;
mod error;
mod feed;
mod frames;
mod gaps;
mod guard;
mod ingest;
mod lines;
mod load;
mod locate;
mod records;
mod rules;
mod schedule;
mod seen;
mod series;
mod settings;
mod source;
mod table;
mod tally;
mod times;

pub mod sample;
pub mod simulate;
pub mod split;
pub mod upload;

pub use calendar::{Calendar, Session};
pub use check::{CheckReport, Finding, SymbolReport, check};
pub use clock::{Column, Moment, Period, RunningClock, clock_column};
pub use config::{CalendarChoice, DataConfig, GapPolicy, Stamp};
pub use convert::{convert, write_bars};
pub use error::{Fault, MarketError};
pub use feed::{Feed, FeedBar};
pub use gaps::{Found, Gaps, Runs};
pub use load::load;
pub use series::{Bars, Series};
pub use source::table_files;
pub use table::{Stream, TableRows, TableWriter, Values, write_table};
pub use tally::{Place, Tally};
pub use upload::{PanelBlock, upload};

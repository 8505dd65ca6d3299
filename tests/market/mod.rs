//! Bars: what is read, what is refused, calendars, gaps, tables out.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    clippy::format_push_string,
    reason = "a test ends where a helper fails; values are exact on purpose"
)]

use std::path::{Path, PathBuf};

use emberline::market::{self, Bars, DataConfig, Fault, MarketError};
use tempfile::TempDir;

mod bad_input;
mod calendars;
mod cli;
mod formats;
mod gaps;
mod real;
mod tables;
mod zones;

pub(crate) const MINUTE: i64 = 60_000_000_000;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;
/// 2018-01-10T04:55:00Z, a Wednesday.
pub(crate) const START: i64 = 1_515_560_100_000_000_000;

/// A folder that goes when the test ends, and a file in it.
pub(crate) fn file(name: &str, content: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

pub(crate) fn config(path: &Path) -> DataConfig {
    DataConfig {
        path: Some(path.to_owned()),
        ..DataConfig::default()
    }
}

pub(crate) fn load(path: &Path) -> Result<Bars, MarketError> {
    market::load(&config(path), None)
}

/// Loads the text as `A.csv`.
pub(crate) fn load_text(text: &str) -> Result<Bars, MarketError> {
    let (_folder, path) = file("A.csv", text);
    load(&path)
}

/// A table of flat bars at these times (whole seconds), as epochs.
pub(crate) fn at_times(times: impl IntoIterator<Item = i64>) -> String {
    let mut text = "time,open,high,low,close,volume\n".to_owned();
    for (index, time) in times.into_iter().enumerate() {
        let price = 100.0 + (index % 7) as f64;
        text += &format!(
            "{},{price},{},{},{price},5\n",
            time / 1_000_000_000,
            price + 1.0,
            price - 1.0
        );
    }
    text
}

/// The row that was refused, taken apart.
pub(crate) struct Refused {
    pub(crate) file: String,
    pub(crate) row: u64,
    pub(crate) symbol: String,
    pub(crate) value: String,
    pub(crate) fault: Fault,
}

#[track_caller]
pub(crate) fn refused(result: Result<Bars, MarketError>) -> Refused {
    match result {
        Err(MarketError::Row {
            path,
            row,
            symbol,
            value,
            fault,
        }) => Refused {
            file: path.file_name().unwrap().to_string_lossy().into_owned(),
            row,
            symbol,
            value,
            fault,
        },
        Err(other) => panic!("another error: {other}"),
        Ok(bars) => panic!("{} bars were accepted", bars.num_bars()),
    }
}

/// Real bars, where this checkout has them beside it.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data")
        .join(name);
    path.exists().then_some(path)
}

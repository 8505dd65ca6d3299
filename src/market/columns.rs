//! Which column of a table is what.

use std::path::Path;

use super::MarketError;

/// Positions of the columns that bars are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) time: usize,
    pub(super) open: usize,
    pub(super) high: usize,
    pub(super) low: usize,
    pub(super) close: usize,
    pub(super) adjusted_close: Option<usize>,
    pub(super) volume: Option<usize>,
    pub(super) symbol: Option<usize>,
}

const TIME: &[&str] = &[
    "timestamp",
    "datetime",
    "open_time",
    "opentime",
    "date",
    "time",
    "__index_level_0__",
];
const CLOSE: &[&str] = &["close", "last"];
const ADJUSTED: &[&str] = &["adj_close", "adjclose", "adjusted_close"];
const VOLUME: &[&str] = &["volume"];
const SYMBOL: &[&str] = &["symbol", "ticker", "pair"];

/// Lower case, without a byte-order mark, quotes or brackets, blanks and dashes as `_`.
pub(super) fn normalise(name: &str) -> String {
    name.trim_start_matches('\u{feff}')
        .trim()
        .trim_matches(|c| matches!(c, '"' | '\'' | '<' | '>'))
        .trim()
        .to_lowercase()
        .replace([' ', '-'], "_")
}

impl Layout {
    /// Finds the columns by name. Of several time columns the most precise name wins; an unnamed first
    /// column is the time if no other is.
    ///
    /// # Errors
    /// [`MarketError::MissingColumn`] with the columns that there are.
    pub(super) fn by_name(path: &Path, names: &[String]) -> Result<Self, MarketError> {
        let plain: Vec<String> = names.iter().map(|name| normalise(name)).collect();
        let find = |aliases: &[&str]| {
            aliases
                .iter()
                .find_map(|alias| plain.iter().position(|name| name == alias))
        };
        let need = |column: &str, aliases: &[&str]| {
            find(aliases).ok_or_else(|| MarketError::MissingColumn {
                path: path.to_owned(),
                column: column.to_owned(),
                found: names.iter().map(|name| format!("`{name}`")).collect(),
            })
        };
        let unnamed = plain
            .first()
            .is_some_and(|name| name.is_empty() || name == "unnamed:_0");
        let time = match find(TIME) {
            None if unnamed => 0,
            _ => need("time", TIME)?,
        };
        Ok(Self {
            time,
            open: need("open", &["open"])?,
            high: need("high", &["high"])?,
            low: need("low", &["low"])?,
            close: need("close", CLOSE)?,
            adjusted_close: find(ADJUSTED),
            volume: find(VOLUME),
            symbol: find(SYMBOL),
        })
    }

    /// A table without a header, as Binance's klines: time, open, high, low, close, volume, ...
    pub(super) fn kline() -> Self {
        Self {
            time: 0,
            open: 1,
            high: 2,
            low: 3,
            close: 4,
            adjusted_close: None,
            volume: Some(5),
            symbol: None,
        }
    }

    /// Every position that is read, rising, each once.
    pub(super) fn positions(&self) -> Vec<usize> {
        let mut all = vec![self.time, self.open, self.high, self.low, self.close];
        all.extend(
            [self.adjusted_close, self.volume, self.symbol]
                .into_iter()
                .flatten(),
        );
        all.sort_unstable();
        all.dedup();
        all
    }
}

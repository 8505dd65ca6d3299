//! Tables: typed cells, so that one place decides how a number is written and how a column stands.

use serde::Serialize;

use super::number::{self, Digits, MISSING};

/// Rows of a table that are open; the others fold away.
const OPEN_ROWS: usize = 20;

/// A table with a caption, a header for every column, and a first column that names its rows.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Table {
    /// What the table holds, one phrase.
    pub caption: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows; a row that is too short is filled up with [`Cell::Missing`].
    pub rows: Vec<Row>,
    /// What the columns mean, one sentence each, under the table.
    pub notes: Vec<String>,
    /// Rows that are open; the others fold away.
    pub open_rows: usize,
}

/// The head of a column.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    /// Its name, with the unit where there is one.
    pub name: String,
    /// Which of its values is marked as the best.
    pub best: Option<Best>,
}

/// Which value of a column is the best one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Best {
    /// The largest: correlations, hit rates.
    Highest,
    /// The smallest: losses.
    Lowest,
}

/// A row.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Row {
    /// Its cells; the first is its header.
    pub cells: Vec<Cell>,
    /// Whether it is set off: a total, or the one that the table is about.
    pub is_strong: bool,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Words.
    Text(String),
    /// A number, with what it may be off by.
    Number {
        /// The value; what is not finite is shown as missing.
        value: f64,
        /// How many digits.
        digits: Digits,
        /// Standard error or half-width, behind a ±.
        spread: Option<f64>,
        /// The unit, where the column's name does not have it.
        unit: &'static str,
    },
    /// A share, written as a percentage.
    Percent {
        /// The share: 0.5 is 50 %.
        share: f64,
        /// Digits behind the point.
        decimals: u8,
        /// Standard error or half-width, behind a ±, also a share.
        spread: Option<f64>,
    },
    /// An interval.
    Interval {
        /// Its lower end.
        low: f64,
        /// Its upper end.
        high: f64,
        /// How many digits.
        digits: Digits,
    },
    /// How many.
    Count(u64),
    /// A day, nanoseconds since the epoch, UTC.
    Date(i64),
    /// An instant to the minute, nanoseconds since the epoch, UTC.
    Time(i64),
    /// No value.
    Missing,
}

impl Table {
    /// An empty table.
    pub fn new(caption: impl Into<String>, columns: Vec<Column>) -> Self {
        Self {
            caption: caption.into(),
            columns,
            open_rows: OPEN_ROWS,
            ..Self::default()
        }
    }

    /// Adds a row.
    pub fn push(&mut self, cells: Vec<Cell>) {
        self.rows.push(Row {
            cells,
            is_strong: false,
        });
    }

    /// Adds a row that is set off.
    pub fn push_strong(&mut self, cells: Vec<Cell>) {
        self.rows.push(Row {
            cells,
            is_strong: true,
        });
    }

    /// Adds a sentence under the table.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// The row that has the best value of each column; none where fewer than two rows have one, or
    /// where all are alike.
    pub(super) fn best_rows(&self) -> Vec<Option<usize>> {
        let best_row = |(at, column): (usize, &Column)| {
            let best = column.best?;
            let values: Vec<(usize, f64)> = self
                .rows
                .iter()
                .enumerate()
                .filter_map(|(row, cells)| Some((row, cells.cells.get(at)?.value()?)))
                .collect();
            let order = |a: &&(usize, f64), b: &&(usize, f64)| a.1.total_cmp(&b.1);
            let (lowest, highest) = (values.iter().min_by(order)?, values.iter().max_by(order)?);
            if lowest.1 >= highest.1 {
                return None;
            }
            Some(match best {
                Best::Highest => highest.0,
                Best::Lowest => lowest.0,
            })
        };
        self.columns.iter().enumerate().map(best_row).collect()
    }

    /// Whether each column holds numbers: then it stands to the right.
    pub(super) fn numeric(&self) -> Vec<bool> {
        let is_numeric = |at: usize| {
            let mut any = false;
            for cell in self.rows.iter().filter_map(|row| row.cells.get(at)) {
                match cell {
                    Cell::Text(_) => return false,
                    Cell::Missing => {}
                    _ => any = true,
                }
            }
            any
        };
        (0..self.columns.len()).map(is_numeric).collect()
    }
}

impl Column {
    /// A column of which no value is the best.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            best: None,
        }
    }

    /// A column whose best value is marked.
    pub fn with_best(name: impl Into<String>, best: Best) -> Self {
        Self {
            name: name.into(),
            best: Some(best),
        }
    }
}

impl Cell {
    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A number with so many digits behind the point.
    pub fn decimals(value: f64, decimals: u8) -> Self {
        Self::Number {
            value,
            digits: Digits::Decimals(decimals),
            spread: None,
            unit: "",
        }
    }

    /// The same of a number that may not be there.
    pub fn optional(value: Option<f64>, decimals: u8) -> Self {
        value.map_or(Self::Missing, |value| Self::decimals(value, decimals))
    }

    /// A number and what it may be off by.
    pub fn with_spread(value: f64, spread: Option<f64>, decimals: u8) -> Self {
        Self::Number {
            value,
            digits: Digits::Decimals(decimals),
            spread,
            unit: "",
        }
    }

    /// A share as a percentage.
    pub fn percent(share: Option<f64>, decimals: u8) -> Self {
        share.map_or(Self::Missing, |share| Self::Percent {
            share,
            decimals,
            spread: None,
        })
    }

    /// An interval, or nothing.
    pub fn interval(ends: Option<(f64, f64)>, decimals: u8) -> Self {
        ends.map_or(Self::Missing, |(low, high)| Self::Interval {
            low,
            high,
            digits: Digits::Decimals(decimals),
        })
    }

    /// What is compared when the best of a column is looked for.
    fn value(&self) -> Option<f64> {
        let value = match self {
            Self::Number { value, .. } => *value,
            Self::Percent { share, .. } => *share,
            Self::Count(count) => *count as f64,
            _ => return None,
        };
        value.is_finite().then_some(value)
    }

    /// Its words, without what it may be off by.
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number {
                value,
                digits,
                unit,
                ..
            } => {
                let text = number::number(*value, *digits);
                if unit.is_empty() || text == MISSING {
                    text
                } else {
                    format!("{text}\u{202f}{unit}")
                }
            }
            Self::Percent {
                share, decimals, ..
            } => number::percent(*share, *decimals),
            Self::Interval { low, high, digits } => {
                if low.is_nan() || high.is_nan() {
                    return MISSING.to_owned();
                }
                let end = |value: f64| {
                    if value.is_finite() {
                        number::number(value, *digits)
                    } else {
                        let sign = if value < 0.0 { "\u{2212}" } else { "" };
                        format!("{sign}\u{221e}")
                    }
                };
                format!("{} to {}", end(*low), end(*high))
            }
            Self::Count(count) => number::number(*count as f64, Digits::Decimals(0)),
            Self::Date(time_ns) => number::date(*time_ns),
            Self::Time(time_ns) => number::time(*time_ns),
            Self::Missing => MISSING.to_owned(),
        }
    }

    /// `± 0.012`, where there is one.
    pub(super) fn spread(&self) -> Option<String> {
        match self {
            Self::Number {
                value,
                digits,
                spread: Some(spread),
                ..
            } if value.is_finite() && spread.is_finite() => Some(format!(
                "\u{b1}\u{202f}{}",
                number::number(*spread, *digits)
            )),
            Self::Percent {
                share,
                decimals,
                spread: Some(spread),
            } if share.is_finite() && spread.is_finite() => {
                let text = number::number(100.0 * spread, Digits::Decimals(*decimals));
                Some(format!("\u{b1}\u{202f}{text}"))
            }
            _ => None,
        }
    }

    pub(super) fn is_missing(&self) -> bool {
        self.shown() == MISSING
    }
}

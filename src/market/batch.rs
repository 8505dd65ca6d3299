//! A stretch of rows of one table, as every reader hands it on: numbers as float64, times as the
//! table gives them, and the way back to a row's place and text for messages.

use std::path::Path;

use polars::prelude as pl;

use super::columns::Layout;
use super::guard::decode;
use super::records::{count, fields, record, record_start};
use super::times::{self, Moment};
use super::{Fault, MarketError};

/// Rows of one table, in its order.
pub(super) struct Batch<'a> {
    time: Times,
    symbol: Option<pl::StringChunked>,
    pub(super) open: Numbers,
    pub(super) high: Numbers,
    pub(super) low: Numbers,
    pub(super) close: Numbers,
    pub(super) adjusted_close: Option<Numbers>,
    pub(super) volume: Option<Numbers>,
    origin: Origin<'a>,
    layout: Layout,
}

/// A column of numbers; what was missing or text is NaN.
pub(super) struct Numbers {
    values: pl::Float64Chunked,
    source: pl::Column,
}

/// Where a batch's rows stand in their file.
pub(super) enum Origin<'a> {
    /// Rows of a binary table; the first row of the file is row 2.
    Rows {
        /// Row of the batch's first.
        first: u64,
    },
    /// Lines of a text.
    Lines {
        /// The text of the batch, whole lines.
        text: &'a [u8],
        /// Line of the batch's first.
        first: u64,
        /// Between fields.
        separator: u8,
    },
}

enum Times {
    Text(pl::StringChunked),
    Whole(pl::Int64Chunked),
    Float(pl::Float64Chunked),
    Stamps {
        values: pl::Int64Chunked,
        scale: i64,
        zoned: bool,
    },
    Dates(pl::Int32Chunked),
}

impl Numbers {
    fn new(source: pl::Column) -> pl::PolarsResult<Self> {
        let numbers = source.cast(&pl::DataType::Float64)?;
        let mut values = numbers.f64()?.rechunk().into_owned();
        if values.null_count() > 0 {
            values = pl::ChunkFillNullValue::fill_null_with_values(&values, f64::NAN)?;
        }
        Ok(Self { values, source })
    }

    /// One value per row.
    pub(super) fn values(&self) -> &[f64] {
        self.values.cont_slice().unwrap_or(&[])
    }
}

impl<'a> Batch<'a> {
    /// `frame` holds the columns of `layout.positions()` in that order.
    pub(super) fn new(
        path: &Path,
        frame: &pl::DataFrame,
        layout: &Layout,
        origin: Origin<'a>,
    ) -> Result<Self, MarketError> {
        let positions = layout.positions();
        let column = |position: usize| -> pl::Column {
            let index = positions.partition_point(|&other| other < position);
            frame.columns()[index].clone()
        };
        let numbers = |position: usize| {
            let source = column(position);
            let kind = source.dtype().to_string();
            let name = source.name().to_string();
            Numbers::new(source).map_err(|_| MarketError::ColumnType {
                path: path.to_owned(),
                column: name,
                value: kind,
            })
        };
        let symbol = layout.symbol.map(|position| {
            let source = column(position);
            source
                .cast(&pl::DataType::String)
                .and_then(|text| Ok(text.str()?.rechunk().into_owned()))
                .map_err(|error| decode(path, &error))
        });
        Ok(Self {
            time: Times::new(path, &column(layout.time))?,
            symbol: symbol.transpose()?,
            open: numbers(layout.open)?,
            high: numbers(layout.high)?,
            low: numbers(layout.low)?,
            close: numbers(layout.close)?,
            adjusted_close: layout.adjusted_close.map(numbers).transpose()?,
            volume: layout.volume.map(numbers).transpose()?,
            origin,
            layout: layout.clone(),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.close.values().len()
    }

    /// The row's time; `None` if it cannot be read.
    pub(super) fn moment(&self, row: usize) -> Option<Moment> {
        match &self.time {
            Times::Text(values) => times::parse(values.get(row)?),
            Times::Whole(values) => times::epoch(values.get(row)?).map(Moment::Instant),
            Times::Float(values) => times::epoch_float(values.get(row)?).map(Moment::Instant),
            Times::Stamps {
                values,
                scale,
                zoned,
            } => {
                let ns = values.get(row)?.checked_mul(*scale)?;
                Some(if *zoned {
                    Moment::Instant(ns)
                } else {
                    Moment::Wall(ns)
                })
            }
            Times::Dates(values) => i64::from(values.get(row)?)
                .checked_mul(times::DAY)
                .map(Moment::Label),
        }
    }

    /// Whether the table has a symbol column.
    pub(super) fn has_symbols(&self) -> bool {
        self.symbol.is_some()
    }

    /// The row's symbol, where the table has that column.
    pub(super) fn symbol(&self, row: usize) -> Option<&str> {
        self.symbol
            .as_ref()?
            .get(row)
            .map(str::trim)
            .filter(|symbol| !symbol.is_empty())
    }

    /// Whether all four prices are absent (an empty cell or `null`): a day without a bar.
    pub(super) fn is_absent(&self, row: usize) -> bool {
        [
            self.layout.open,
            self.layout.high,
            self.layout.low,
            self.layout.close,
        ]
        .into_iter()
        .zip([&self.open, &self.high, &self.low, &self.close])
        .all(|(position, numbers)| match &self.origin {
            Origin::Rows { .. } => numbers.source.get(row).is_ok_and(|value| value.is_null()),
            Origin::Lines { .. } => {
                numbers.values()[row].is_nan()
                    && matches!(
                        self.cell(row, position).as_str(),
                        "" | "null" | "NULL" | "None" | "NA" | "N/A"
                    )
            }
        })
    }

    /// The line of the file that the row stands in; the header is line 1.
    pub(super) fn line(&self, row: usize) -> u64 {
        match &self.origin {
            Origin::Rows { first } => first + row as u64,
            Origin::Lines { text, first, .. } => {
                let start = record_start(text, row);
                first + count(&text[..start], b'\n') as u64
            }
        }
    }

    /// What the offending cells hold, for a message.
    pub(super) fn value(&self, row: usize, fault: Fault) -> String {
        let cell = |name: &str, position: usize| {
            let text = self.cell(row, position);
            if text.is_empty() {
                format!("{name} is empty")
            } else {
                format!("{name} {text}")
            }
        };
        let prices = [
            ("open", self.layout.open, &self.open),
            ("high", self.layout.high, &self.high),
            ("low", self.layout.low, &self.low),
            ("close", self.layout.close, &self.close),
        ];
        match fault {
            Fault::Price => {
                for (name, position, numbers) in prices {
                    if !is_price(numbers.values()[row]) {
                        return cell(name, position);
                    }
                }
                match (&self.layout.adjusted_close, &self.adjusted_close) {
                    (Some(position), Some(numbers)) if !is_price(numbers.values()[row]) => {
                        cell("adj close", *position)
                    }
                    _ => prices
                        .map(|(name, position, _)| cell(name, position))
                        .join(", "),
                }
            }
            Fault::Volume => cell("volume", self.layout.volume.unwrap_or(self.layout.close)),
            Fault::HighBelowLow | Fault::OutsideRange => prices
                .map(|(name, position, _)| cell(name, position))
                .join(", "),
            Fault::Symbol
            | Fault::Time
            | Fault::DuplicateTime
            | Fault::FallingTime
            | Fault::MixedInterval => self.cell(row, self.layout.time),
        }
    }

    fn cell(&self, row: usize, position: usize) -> String {
        match &self.origin {
            Origin::Lines {
                text, separator, ..
            } => {
                let record = record(text, row);
                fields(record, *separator)
                    .get(position)
                    .map_or_else(String::new, |field| field.trim().to_owned())
            }
            Origin::Rows { .. } => {
                let source = match position {
                    p if p == self.layout.time => return self.time.text(row),
                    p if p == self.layout.open => &self.open.source,
                    p if p == self.layout.high => &self.high.source,
                    p if p == self.layout.low => &self.low.source,
                    p if p == self.layout.close => &self.close.source,
                    p if Some(p) == self.layout.volume => match &self.volume {
                        Some(numbers) => &numbers.source,
                        None => return String::new(),
                    },
                    _ => match &self.adjusted_close {
                        Some(numbers) => &numbers.source,
                        None => return String::new(),
                    },
                };
                source
                    .get(row)
                    .map_or_else(|_| String::new(), |value| value.to_string())
            }
        }
    }
}

impl Times {
    fn new(path: &Path, source: &pl::Column) -> Result<Self, MarketError> {
        let build = || -> pl::PolarsResult<Option<Self>> {
            Ok(Some(match source.dtype() {
                pl::DataType::String => Self::Text(source.str()?.rechunk().into_owned()),
                pl::DataType::Datetime(unit, zone) => Self::Stamps {
                    values: source.to_physical_repr().i64()?.rechunk().into_owned(),
                    scale: match unit {
                        pl::TimeUnit::Nanoseconds => 1,
                        pl::TimeUnit::Microseconds => 1_000,
                        pl::TimeUnit::Milliseconds => 1_000_000,
                    },
                    zoned: zone.is_some(),
                },
                pl::DataType::Date => {
                    Self::Dates(source.to_physical_repr().i32()?.rechunk().into_owned())
                }
                kind if kind.is_integer() => Self::Whole(
                    source
                        .cast(&pl::DataType::Int64)?
                        .i64()?
                        .rechunk()
                        .into_owned(),
                ),
                kind if kind.is_float() => Self::Float(
                    source
                        .cast(&pl::DataType::Float64)?
                        .f64()?
                        .rechunk()
                        .into_owned(),
                ),
                pl::DataType::Categorical(..) => Self::Text(
                    source
                        .cast(&pl::DataType::String)?
                        .str()?
                        .rechunk()
                        .into_owned(),
                ),
                _ => return Ok(None),
            }))
        };
        build()
            .map_err(|error| decode(path, &error))?
            .ok_or_else(|| MarketError::ColumnType {
                path: path.to_owned(),
                column: source.name().to_string(),
                value: source.dtype().to_string(),
            })
    }

    fn text(&self, row: usize) -> String {
        let text = match self {
            Self::Text(values) => values.get(row).map(str::to_owned),
            Self::Whole(values) => values.get(row).map(|value| value.to_string()),
            Self::Float(values) => values.get(row).map(|value| value.to_string()),
            Self::Stamps { values, scale, .. } => values
                .get(row)
                .and_then(|value| value.checked_mul(*scale))
                .map(|ns| times::format(ns, false)),
            Self::Dates(values) => values
                .get(row)
                .and_then(|day| i64::from(day).checked_mul(times::DAY))
                .map(|ns| times::format(ns, true)),
        };
        text.unwrap_or_else(|| "null".to_owned())
    }
}

/// A finite number above zero that float32 can hold.
pub(super) fn is_price(value: f64) -> bool {
    let narrow = value as f32;
    value > 0.0 && narrow > 0.0 && narrow.is_finite()
}

/// A frame's columns in the order of `positions`, named by position.
pub(super) fn named(position: usize) -> pl::PlSmallStr {
    pl::PlSmallStr::from_string(format!("c{position}"))
}

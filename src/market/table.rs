//! Long tables out: `timestamp`, `symbol`, then columns; undefined is null.
//!
//! The format follows the extension: `.parquet`, `.csv`, `.feather` (`.arrow`, `.ipc`). Without a
//! file, a stream gets CSV, JSON lines or a short text table.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use polars::io::ipc::BatchedWriter as IpcBatches;
use polars::io::parquet::write::BatchedWriter as ParquetBatches;
use polars::io::prelude::{CsvWriter, IpcCompression, IpcWriter, ParquetWriter};
use polars::prelude as pl;
use polars::prelude::{IntoColumn as _, NamedFrom as _, NewChunkedArray as _, SerWriter as _};

use super::lines::{Short, json_line};
use super::{MarketError, times};

/// Rows of a long table. Every column has one value per row.
#[derive(Clone, Debug, Default)]
pub struct TableRows {
    /// Open of the bar, nanoseconds UTC.
    pub timestamp: Vec<i64>,
    /// The symbols that occur.
    pub symbols: Vec<String>,
    /// Index into `symbols` of each row.
    pub symbol: Vec<u32>,
    /// How many of `columns` a table puts before `symbol` (`known_at`); usually none.
    pub before_symbol: usize,
    /// Further columns by name, in order.
    pub columns: Vec<(String, Values)>,
    /// Whether text gives times as dates.
    pub date_labels: bool,
}

/// The values of one column.
#[derive(Clone, Debug)]
pub enum Values {
    /// float32; NaN is null.
    F32(Vec<f32>),
    /// float64; NaN is null.
    F64(Vec<f64>),
    /// Whole numbers.
    I64(Vec<i64>),
    /// Nanoseconds UTC; `i64::MIN` is null.
    Time(Vec<i64>),
    /// Text.
    Text(Vec<String>),
}

/// What a stream gets that is not a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// CSV with a header.
    Csv,
    /// One JSON object per row and line.
    JsonLines,
    /// The first and last rows, for a reader.
    Short,
}

impl TableRows {
    /// Rows.
    pub fn len(&self) -> usize {
        self.timestamp.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.timestamp.is_empty()
    }

    fn frame(&self) -> pl::PolarsResult<pl::DataFrame> {
        let mut columns = vec![instants("timestamp", &self.timestamp)];
        for (name, values) in &self.columns {
            let name = name.as_str();
            columns.push(match values {
                Values::F32(values) => {
                    let defined = values
                        .iter()
                        .map(|&value| (!value.is_nan()).then_some(value));
                    pl::Float32Chunked::from_iter_options(name.into(), defined).into_column()
                }
                Values::F64(values) => {
                    let defined = values
                        .iter()
                        .map(|&value| (!value.is_nan()).then_some(value));
                    pl::Float64Chunked::from_iter_options(name.into(), defined).into_column()
                }
                Values::I64(values) => {
                    pl::Series::new(name.into(), values.as_slice()).into_column()
                }
                Values::Time(values) => instants(name, values),
                Values::Text(values) => pl::StringChunked::from_iter_values(
                    name.into(),
                    values.iter().map(String::as_str),
                )
                .into_column(),
            });
        }
        let symbol = pl::StringChunked::from_iter_values(
            "symbol".into(),
            self.symbol
                .iter()
                .map(|&index| self.symbols[index as usize].as_str()),
        );
        columns.insert(1 + self.before_symbol, symbol.into_column());
        pl::DataFrame::new_infer_height(columns)
    }

    /// A cell as text; `None` for null.
    pub(super) fn cell(&self, column: usize, row: usize) -> Option<String> {
        match &self.columns[column].1 {
            Values::F32(values) => (!values[row].is_nan()).then(|| values[row].to_string()),
            Values::F64(values) => (!values[row].is_nan()).then(|| values[row].to_string()),
            Values::I64(values) => Some(values[row].to_string()),
            Values::Time(values) => {
                (values[row] != i64::MIN).then(|| times::format(values[row], self.date_labels))
            }
            Values::Text(values) => Some(values[row].clone()),
        }
    }
}

fn instants(name: &str, values: &[i64]) -> pl::Column {
    let defined = values
        .iter()
        .map(|&value| (value != i64::MIN).then_some(value));
    let utc = pl::TimeZone::UTC;
    pl::Int64Chunked::from_iter_options(name.into(), defined)
        .into_datetime(pl::TimeUnit::Nanoseconds, Some(utc))
        .into_column()
}

/// Writes one table: to `out`, or, without one, to `stream`.
///
/// # Errors
/// [`MarketError::Format`] for an extension that cannot be written, [`MarketError::Write`].
pub fn write_table(
    rows: &TableRows,
    out: Option<&Path>,
    stream: (&mut dyn Write, Stream),
) -> Result<(), MarketError> {
    let mut writer = TableWriter::new(out, stream)?;
    writer.append(rows)?;
    writer.finish()
}

/// Writes a table in pieces of the same columns.
///
/// A file appears under its name only when it is whole.
pub struct TableWriter<'w> {
    sink: Sink<'w>,
    path: PathBuf,
    /// Where a file grows until it is whole.
    growing: Option<PathBuf>,
}

enum Sink<'w> {
    Parquet(Option<File>, Option<Box<ParquetBatches<File>>>),
    Ipc(Option<File>, Option<Box<IpcBatches<File>>>),
    Csv(Box<dyn Write + 'w>, bool),
    JsonLines(Box<dyn Write + 'w>),
    Short(Box<dyn Write + 'w>, Short),
}

impl<'w> TableWriter<'w> {
    /// Opens `out`, or takes the stream.
    ///
    /// # Errors
    /// [`MarketError::Format`] for an extension that cannot be written, [`MarketError::Write`].
    pub fn new(
        out: Option<&Path>,
        stream: (&'w mut dyn Write, Stream),
    ) -> Result<Self, MarketError> {
        let Some(path) = out else {
            let (to, kind) = stream;
            let to: Box<dyn Write + 'w> = Box::new(BufWriter::new(to));
            let sink = match kind {
                Stream::Csv => Sink::Csv(to, true),
                Stream::JsonLines => Sink::JsonLines(to),
                Stream::Short => Sink::Short(to, Short::default()),
            };
            return Ok(Self {
                sink,
                path: PathBuf::from("standard output"),
                growing: None,
            });
        };
        let extension = path.extension().map_or_else(String::new, |extension| {
            extension.to_string_lossy().to_lowercase()
        });
        if !matches!(
            extension.as_str(),
            "parquet" | "pq" | "csv" | "feather" | "arrow" | "ipc"
        ) {
            return Err(MarketError::Format {
                path: path.to_owned(),
                value: extension,
            });
        }
        let failed = |source| MarketError::Write {
            path: path.to_owned(),
            source,
        };
        // Devices and pipes are written as they are.
        let plain = std::fs::metadata(path).map_or(true, |metadata| metadata.is_file());
        let growing = plain.then(|| {
            let name = path
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            path.with_file_name(format!(".{name}.{}.part", std::process::id()))
        });
        let file = File::create(growing.as_deref().unwrap_or(path)).map_err(failed)?;
        let sink = match extension.as_str() {
            "parquet" | "pq" => Sink::Parquet(Some(file), None),
            "csv" => Sink::Csv(Box::new(BufWriter::with_capacity(1 << 18, file)), true),
            _ => Sink::Ipc(Some(file), None),
        };
        Ok(Self {
            sink,
            path: path.to_owned(),
            growing,
        })
    }

    /// Writes some rows.
    ///
    /// # Errors
    /// [`MarketError::Write`].
    pub fn append(&mut self, rows: &TableRows) -> Result<(), MarketError> {
        self.write(rows).map_err(|error| self.failed(error))
    }

    fn write(&mut self, rows: &TableRows) -> pl::PolarsResult<()> {
        match &mut self.sink {
            Sink::Parquet(file, batches) => {
                let frame = rows.frame()?;
                if let Some(file) = file.take() {
                    let writer = ParquetWriter::new(file).batched(frame.schema())?;
                    *batches = Some(Box::new(writer));
                }
                if let Some(batches) = batches {
                    batches.write_batch(&frame)?;
                }
            }
            Sink::Ipc(file, batches) => {
                let frame = rows.frame()?;
                if let Some(file) = file.take() {
                    let fields = std::iter::repeat_with(Default::default);
                    let writer = IpcWriter::new(file)
                        .with_compression(Some(IpcCompression::LZ4))
                        .with_compat_level(pl::CompatLevel::oldest())
                        .batched(frame.schema(), fields.take(frame.width()).collect())?;
                    *batches = Some(Box::new(writer));
                }
                if let Some(batches) = batches {
                    batches.write_batch(&frame)?;
                }
            }
            Sink::Csv(to, header) => {
                let format = if rows.date_labels {
                    "%Y-%m-%d"
                } else {
                    "%Y-%m-%dT%H:%M:%S%.fZ"
                };
                CsvWriter::new(to)
                    .include_header(std::mem::take(header))
                    .with_datetime_format(Some(format.into()))
                    .finish(&mut rows.frame()?)?;
            }
            Sink::JsonLines(to) => {
                for row in 0..rows.len() {
                    json_line(to, rows, row)?;
                }
            }
            Sink::Short(_, kept) => kept.take(rows),
        }
        Ok(())
    }

    /// Sends off what was written so far, where rows go to a stream.
    ///
    /// # Errors
    /// [`MarketError::Write`].
    pub fn flush(&mut self) -> Result<(), MarketError> {
        let done = match &mut self.sink {
            Sink::Csv(to, _) | Sink::JsonLines(to) => to.flush(),
            Sink::Parquet(..) | Sink::Ipc(..) | Sink::Short(..) => Ok(()),
        };
        done.map_err(|error| self.failed(error.into()))
    }

    /// Ends the table; a file gets its name now.
    ///
    /// # Errors
    /// [`MarketError::Write`].
    pub fn finish(mut self) -> Result<(), MarketError> {
        self.end().map_err(|error| self.failed(error))
    }

    fn end(&mut self) -> pl::PolarsResult<()> {
        match &mut self.sink {
            Sink::Parquet(file, batches) => match (file.take(), batches.take()) {
                (_, Some(batches)) => {
                    batches.finish()?;
                }
                (Some(file), None) => {
                    ParquetWriter::new(file).finish(&mut TableRows::default().frame()?)?;
                }
                (None, None) => {}
            },
            Sink::Ipc(file, batches) => match (file.take(), batches.take()) {
                (_, Some(mut batches)) => batches.finish()?,
                (Some(file), None) => {
                    IpcWriter::new(file).finish(&mut TableRows::default().frame()?)?;
                }
                (None, None) => {}
            },
            Sink::Csv(to, header) => {
                if std::mem::take(header) {
                    to.write_all(b"timestamp,symbol\n")?;
                }
                to.flush()?;
            }
            Sink::JsonLines(to) => to.flush()?,
            Sink::Short(to, kept) => {
                kept.write(to)?;
                to.flush()?;
            }
        }
        if let Some(growing) = self.growing.take() {
            std::fs::rename(growing, &self.path)?;
        }
        Ok(())
    }

    fn failed(&self, error: pl::PolarsError) -> MarketError {
        let source = match error {
            pl::PolarsError::IO { error, .. } => match error.raw_os_error() {
                Some(code) => std::io::Error::from_raw_os_error(code),
                None => std::io::Error::new(error.kind(), error.to_string()),
            },
            other => std::io::Error::other(other.to_string()),
        };
        MarketError::Write {
            path: self.path.clone(),
            source,
        }
    }
}

impl Drop for TableWriter<'_> {
    fn drop(&mut self) {
        if let Some(growing) = &self.growing {
            // Nothing to tell: the error that ended the table was returned before.
            let _ = std::fs::remove_file(growing);
        }
    }
}

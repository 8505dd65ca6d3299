//! Simulated bars to a table, a block of symbols at a time.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use polars::{
    io::utils::{
        compression::CompressedWriter,
        file::{Writable, WritableTrait as _},
    },
    prelude::{
        CsvWriter, DataFrame, IntoColumn as _, IntoSeries as _, IpcWriter, NamedFrom as _,
        ParquetWriter, PolarsError, SerWriter as _, TimeUnit, TimeZone,
    },
};
use rayon::prelude::*;

use super::{
    super::{Calendar, MarketError, Series},
    Simulation,
};

/// Rows that are in memory at once.
const BLOCK_ROWS: usize = 1 << 20;
const DAY_NS: i64 = 86_400 * 1_000_000_000;
/// ISO 8601 with its zone.
const CSV_TIME: &str = "%Y-%m-%dT%H:%M:%SZ";

/// A format that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Parquet,
    Csv,
    CsvGzip,
    Feather,
}

impl Format {
    fn of(path: &Path) -> Result<Self, MarketError> {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().to_ascii_lowercase())
            .unwrap_or_default();
        let by_ending = [
            (".parquet", Self::Parquet),
            (".csv", Self::Csv),
            (".csv.gz", Self::CsvGzip),
            (".feather", Self::Feather),
            (".arrow", Self::Feather),
            (".ipc", Self::Feather),
        ];
        by_ending
            .into_iter()
            .find(|(ending, _)| name.ends_with(ending))
            .map(|(_, format)| format)
            .ok_or_else(|| MarketError::Format {
                path: path.to_owned(),
                value: path
                    .extension()
                    .map(|ending| ending.to_string_lossy().into_owned())
                    .unwrap_or_default(),
            })
    }
}

impl Simulation {
    /// Writes all symbols as one long table (`timestamp`, `symbol`, `open`, `high`, `low`, `close`,
    /// `volume`), the format by the path's ending: `.parquet`, `.csv`, `.csv.gz`, `.feather`.
    /// Returns the number of rows.
    ///
    /// The file appears whole or not at all. Daily bars get dates, others times in UTC.
    ///
    /// # Errors
    /// [`MarketError::Format`] if the ending is none of these, [`MarketError::Write`] if the system
    /// refuses.
    pub fn write(&self, path: &Path) -> Result<u64, MarketError> {
        let format = Format::of(path)?;
        let refused = |source: io::Error| MarketError::Write {
            path: path.to_owned(),
            source,
        };
        let partial = partial(path);
        let rows = File::create(&partial)
            .and_then(|file| self.write_as(format, file))
            .and_then(|rows| std::fs::rename(&partial, path).map(|()| rows));
        rows.map_err(|source| {
            // What is left of the attempt, if anything is.
            let _ = std::fs::remove_file(&partial);
            refused(source)
        })
    }

    /// Writes the same table as CSV.
    ///
    /// # Errors
    /// The writer's.
    pub fn write_csv(&self, writer: impl Write) -> io::Result<u64> {
        let mut csv = CsvWriter::new(writer)
            .with_datetime_format(Some(CSV_TIME.into()))
            .batched(self.frame(0..1).map_err(plain)?.schema())
            .map_err(plain)?;
        self.each_block(|block| csv.write_batch(block))
    }

    fn write_as(&self, format: Format, file: File) -> io::Result<u64> {
        match format {
            Format::Csv => {
                let mut buffer = BufWriter::new(file);
                let rows = self.write_csv(&mut buffer)?;
                buffer.flush()?;
                Ok(rows)
            }
            Format::CsvGzip => {
                let mut gzip = CompressedWriter::gzip(Writable::Local(file), None);
                let rows = self.write_csv(&mut gzip)?;
                gzip.close()?;
                Ok(rows)
            }
            Format::Parquet => {
                let mut parquet = ParquetWriter::new(BufWriter::new(file))
                    .batched(self.frame(0..1).map_err(plain)?.schema())
                    .map_err(plain)?;
                let rows = self.each_block(|block| parquet.write_batch(block))?;
                parquet.finish().map_err(plain)?;
                Ok(rows)
            }
            // Its writer takes one frame.
            Format::Feather => {
                let mut whole = self.frame(0..self.config.symbols.len()).map_err(plain)?;
                let mut buffer = BufWriter::new(file);
                IpcWriter::new(&mut buffer)
                    .finish(&mut whole)
                    .map_err(plain)?;
                buffer.flush()?;
                Ok(whole.height() as u64)
            }
        }
    }

    /// Hands the table on, some symbols at a time, and counts the rows.
    fn each_block(
        &self,
        mut write: impl FnMut(&DataFrame) -> Result<(), PolarsError>,
    ) -> io::Result<u64> {
        let num_symbols = self.config.symbols.len();
        let step = (BLOCK_ROWS / self.config.num_bars).max(1);
        let mut rows = 0;
        for first in (0..num_symbols).step_by(step) {
            let block = self
                .frame(first..(first + step).min(num_symbols))
                .map_err(plain)?;
            write(&block).map_err(plain)?;
            rows += block.height() as u64;
        }
        Ok(rows)
    }

    /// Some symbols, walked in parallel, as one table.
    fn frame(&self, symbols: std::ops::Range<usize>) -> Result<DataFrame, PolarsError> {
        let series: Vec<Series> = symbols
            .into_par_iter()
            .map(|index| self.symbol(index).series)
            .collect();
        let rows = series.iter().map(Series::len).sum();
        let mut time = Vec::with_capacity(rows);
        let mut symbol: Vec<&str> = Vec::with_capacity(rows);
        let mut values: [Vec<f32>; 5] = std::array::from_fn(|_| Vec::with_capacity(rows));
        for one in &series {
            time.extend_from_slice(&one.time);
            symbol.resize(time.len(), &one.symbol);
            for (column, part) in
                values
                    .iter_mut()
                    .zip([&one.open, &one.high, &one.low, &one.close, &one.volume])
            {
                column.extend_from_slice(part);
            }
        }
        let time = match self.config.calendar {
            Calendar::Daily => {
                let days: Vec<i32> = time.iter().map(|t| (t / DAY_NS) as i32).collect();
                polars::prelude::Series::new("timestamp".into(), days).into_date()
            }
            _ => polars::prelude::Series::new("timestamp".into(), time)
                .into_datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC)),
        };
        let symbol = polars::prelude::StringChunked::new("symbol".into(), symbol).into_series();
        let mut columns = vec![time.into_column(), symbol.into_column()];
        for (name, column) in ["open", "high", "low", "close", "volume"]
            .iter()
            .zip(values)
        {
            columns.push(polars::prelude::Series::new((*name).into(), column).into_column());
        }
        DataFrame::new(rows, columns)
    }
}

/// A name beside `path` for the time of writing.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.partial", std::process::id()));
    path.with_file_name(name)
}

/// The system's error inside the table library's, so that a closed pipe is still seen to be one.
fn plain(error: PolarsError) -> io::Error {
    match error {
        PolarsError::IO { error, .. } => io::Error::new(error.kind(), error.to_string()),
        other => io::Error::other(other.to_string()),
    }
}

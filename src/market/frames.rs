//! Parquet and Arrow IPC tables through polars. Parquet is read row group by row group; an IPC file
//! is decoded as a whole.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use polars::io::prelude::{IpcReader, ParallelStrategy, ParquetReader};
use polars::prelude as pl;
use polars::prelude::SerReader as _;

use super::MarketError;
use super::batch::{Batch, Origin, decode};
use super::columns::Layout;
use super::source::Sink;

/// Most rows decoded at a time.
const ROWS: usize = 1 << 18;

/// Reads a Parquet file into `sink`, a row group (or a slice of a long one) at a time.
///
/// # Errors
/// [`MarketError`] from the file or from `sink`.
pub(super) fn read_parquet(path: &Path, sink: &mut Sink<'_>) -> Result<(), MarketError> {
    let mut parquet = Parquet::open(path)?;
    let layout = Layout::by_name(path, &parquet.names()?)?;
    let positions = layout.positions();
    let mut first = 0;
    for group in parquet.groups()? {
        let mut done = 0;
        while done < group {
            let rows = ROWS.min(group - done);
            let frame = parquet.slice(&positions, first + done, rows)?;
            let origin = Origin::Rows {
                first: (first + done) as u64 + 2,
            };
            sink(&Batch::new(path, &frame, &layout, origin)?)?;
            done += rows;
        }
        first += group;
    }
    if first == 0 {
        return Err(MarketError::Empty {
            path: path.to_owned(),
            header: true,
        });
    }
    Ok(())
}

/// Rows per symbol, from the symbol column alone; `None` if there is no such column.
///
/// # Errors
/// [`MarketError`] from the file.
pub(super) fn count_parquet(path: &Path) -> Result<Option<HashMap<String, usize>>, MarketError> {
    let mut parquet = Parquet::open(path)?;
    let layout = Layout::by_name(path, &parquet.names()?)?;
    let Some(position) = layout.symbol else {
        return Ok(None);
    };
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut first = 0;
    for group in parquet.groups()? {
        let frame = parquet.slice(&[position], first, group)?;
        first += group;
        let column = frame.columns()[0]
            .cast(&pl::DataType::String)
            .map_err(|error| decode(path, &error))?;
        let symbols = column.str().map_err(|error| decode(path, &error))?;
        let mut run: (&str, usize) = ("", 0);
        let mut add = |symbol: &str, rows: usize| {
            if rows > 0 {
                match counts.get_mut(symbol) {
                    Some(count) => *count += rows,
                    None => {
                        counts.insert(symbol.to_owned(), rows);
                    }
                }
            }
        };
        for symbol in symbols.iter().flatten() {
            let symbol = symbol.trim();
            if symbol == run.0 {
                run.1 += 1;
            } else {
                add(run.0, run.1);
                run = (symbol, 1);
            }
        }
        add(run.0, run.1);
    }
    Ok(Some(counts))
}

/// Reads an Arrow IPC (Feather) file into `sink`.
///
/// # Errors
/// [`MarketError`] from the file or from `sink`.
pub(super) fn read_ipc(path: &Path, sink: &mut Sink<'_>) -> Result<(), MarketError> {
    let mut reader = IpcReader::new(open(path)?).set_rechunk(false);
    let schema = reader.schema().map_err(|error| decode(path, &error))?;
    let names: Vec<String> = schema.iter_names().map(ToString::to_string).collect();
    let layout = Layout::by_name(path, &names)?;
    let frame = reader
        .with_projection(Some(layout.positions()))
        .finish()
        .map_err(|error| decode(path, &error))?;
    let rows = frame.height();
    if rows == 0 {
        return Err(MarketError::Empty {
            path: path.to_owned(),
            header: true,
        });
    }
    let mut first = 0;
    while first < rows {
        let slice = frame.slice(first as i64, ROWS);
        let origin = Origin::Rows {
            first: first as u64 + 2,
        };
        sink(&Batch::new(path, &slice, &layout, origin)?)?;
        first += slice.height();
    }
    Ok(())
}

struct Parquet<'a> {
    path: &'a Path,
    reader: ParquetReader<File>,
}

impl<'a> Parquet<'a> {
    fn open(path: &'a Path) -> Result<Self, MarketError> {
        Ok(Self {
            path,
            reader: ParquetReader::new(open(path)?),
        })
    }

    fn names(&mut self) -> Result<Vec<String>, MarketError> {
        let schema = self
            .reader
            .schema()
            .map_err(|error| decode(self.path, &error))?;
        Ok(schema.iter_names().map(ToString::to_string).collect())
    }

    /// Rows of each row group.
    fn groups(&mut self) -> Result<Vec<usize>, MarketError> {
        let metadata = self
            .reader
            .get_metadata()
            .map_err(|error| decode(self.path, &error))?;
        let mut rows = Vec::with_capacity(metadata.row_groups.len());
        for group in &metadata.row_groups {
            rows.push(group.num_rows());
        }
        Ok(rows)
    }

    /// Some rows of some columns. Maps the file anew, so that pages of what was read go back.
    fn slice(
        &mut self,
        positions: &[usize],
        first: usize,
        rows: usize,
    ) -> Result<pl::DataFrame, MarketError> {
        let failed = |error: pl::PolarsError| decode(self.path, &error);
        let metadata = self.reader.get_metadata().map_err(failed)?.clone();
        let mut reader = ParquetReader::new(open(self.path)?);
        reader.set_metadata(metadata);
        reader
            .with_projection(Some(positions.to_vec()))
            .with_slice(Some((first, rows)))
            .read_parallel(ParallelStrategy::Columns)
            .finish()
            .map_err(failed)
    }
}

fn open(path: &Path) -> Result<File, MarketError> {
    let failed = |source| MarketError::Open {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    // polars maps the file, and an empty one cannot be mapped.
    if file.metadata().map_err(failed)?.len() == 0 {
        return Err(MarketError::Empty {
            path: path.to_owned(),
            header: false,
        });
    }
    Ok(file)
}

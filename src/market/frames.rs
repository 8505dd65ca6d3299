//! Parquet and Arrow IPC tables through polars. Parquet is read row group by row group; an IPC file
//! is decoded as a whole.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use polars::io::prelude::{IpcReader, ParallelStrategy, ParquetReader};
use polars::prelude as pl;
use polars::prelude::SerReader as _;

use super::MarketError;
use super::batch::{Batch, Origin};
use super::columns::Layout;
use super::guard::{decode, decoding};
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
    let slices = parquet.slices()?;
    for &(first, rows) in &slices {
        let frame = parquet.slice(&positions, first, rows)?;
        let origin = Origin::Rows {
            first: first as u64 + 2,
        };
        sink(&Batch::new(path, &frame, &layout, origin)?)?;
    }
    if slices.is_empty() {
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
    for (first, rows) in parquet.slices()? {
        let frame = parquet.slice(&[position], first, rows)?;
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
    let schema = decoding(path, || reader.schema())?;
    let names: Vec<String> = schema.iter_names().map(ToString::to_string).collect();
    let layout = Layout::by_name(path, &names)?;
    let frame = decoding(path, || {
        reader.with_projection(Some(layout.positions())).finish()
    })?;
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
        let schema = decoding(self.path, || self.reader.schema())?;
        Ok(schema.iter_names().map(ToString::to_string).collect())
    }

    /// (first row, rows) of each row group, long ones in several pieces.
    fn slices(&mut self) -> Result<Vec<(usize, usize)>, MarketError> {
        let metadata = decoding(self.path, || self.reader.get_metadata().cloned())?;
        let mut slices = Vec::new();
        let mut first = 0;
        for group in &metadata.row_groups {
            let end = first + group.num_rows();
            while first < end {
                let rows = ROWS.min(end - first);
                slices.push((first, rows));
                first += rows;
            }
        }
        Ok(slices)
    }

    /// Some rows of some columns. Maps the file anew, so that pages of what was read go back.
    fn slice(
        &mut self,
        positions: &[usize],
        first: usize,
        rows: usize,
    ) -> Result<pl::DataFrame, MarketError> {
        let metadata = decoding(self.path, || self.reader.get_metadata().cloned())?;
        let mut reader = ParquetReader::new(open(self.path)?);
        reader.set_metadata(metadata);
        decoding(self.path, || {
            reader
                .with_projection(Some(positions.to_vec()))
                .with_slice(Some((first, rows)))
                .read_parallel(ParallelStrategy::Columns)
                .finish()
        })
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

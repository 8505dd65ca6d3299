//! The files behind a path, and the reader for each.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::batch::Batch;
use super::{MarketError, csv, frames};

/// Takes one batch after the other.
pub(super) type Sink<'s> = dyn FnMut(&Batch<'_>) -> Result<(), MarketError> + 's;

/// A table's format, by its extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Parquet,
    Ipc,
}

/// One table.
#[derive(Clone, Debug)]
pub(super) struct TableFile {
    pub(super) path: PathBuf,
    pub(super) format: Format,
    /// The file's name without its extensions: the symbol, if no column says otherwise.
    pub(super) stem: String,
}

impl TableFile {
    /// `None` if no reader knows the extension.
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().into_owned();
        let lower = name.to_lowercase();
        let ending = [
            (".csv", Format::Csv),
            (".csv.gz", Format::Csv),
            (".csv.zst", Format::Csv),
            (".parquet", Format::Parquet),
            (".pq", Format::Parquet),
            (".feather", Format::Ipc),
            (".arrow", Format::Ipc),
            (".ipc", Format::Ipc),
        ];
        let (suffix, format) = ending
            .into_iter()
            .filter(|(suffix, _)| lower.ends_with(suffix) && lower.len() > suffix.len())
            .max_by_key(|(suffix, _)| suffix.len())?;
        let stem = name.get(..name.len() - suffix.len())?.to_owned();
        Some(Self {
            path: path.to_owned(),
            format,
            stem,
        })
    }

    /// Reads the table into `sink`.
    ///
    /// # Errors
    /// [`MarketError`] from the file or from `sink`.
    pub(super) fn read(&self, sink: &mut Sink<'_>) -> Result<(), MarketError> {
        match self.format {
            Format::Csv => csv::read(&self.path, sink),
            Format::Parquet => frames::read_parquet(&self.path, sink),
            Format::Ipc => frames::read_ipc(&self.path, sink),
        }
    }

    /// Rows per symbol where that is cheap to know beforehand.
    ///
    /// # Errors
    /// [`MarketError`] from the file.
    pub(super) fn count(&self) -> Result<Option<HashMap<String, usize>>, MarketError> {
        match self.format {
            Format::Parquet => frames::count_parquet(&self.path),
            Format::Csv | Format::Ipc => Ok(None),
        }
    }
}

/// The files that a load of `path` would read: itself, or the tables in the folder, sorted by name.
///
/// # Errors
/// [`MarketError::Open`], [`MarketError::Format`] or [`MarketError::NoTables`].
pub fn table_files(path: &Path) -> Result<Vec<PathBuf>, MarketError> {
    let (files, _) = tables(path)?;
    Ok(files.into_iter().map(|file| file.path).collect())
}

/// The tables at `path`: itself, or those in the folder, sorted by name. Hidden files and files that
/// are no tables are passed over; the second value counts them.
///
/// # Errors
/// [`MarketError::Open`], [`MarketError::Format`] or [`MarketError::NoTables`].
pub(super) fn tables(path: &Path) -> Result<(Vec<TableFile>, usize), MarketError> {
    let failed = |source| MarketError::Open {
        path: path.to_owned(),
        source,
    };
    if !std::fs::metadata(path).map_err(failed)?.is_dir() {
        let file = TableFile::of(path).ok_or_else(|| MarketError::Format {
            path: path.to_owned(),
            value: path.extension().map_or_else(String::new, |extension| {
                extension.to_string_lossy().into_owned()
            }),
        })?;
        return Ok((vec![file], 0));
    }
    let mut files = Vec::new();
    let mut others = 0;
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?.path();
        let hidden = entry
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden || entry.is_dir() {
            continue;
        }
        match TableFile::of(&entry) {
            Some(file) => files.push(file),
            None => others += 1,
        }
    }
    if files.is_empty() {
        return Err(MarketError::NoTables {
            path: path.to_owned(),
        });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((files, others))
}

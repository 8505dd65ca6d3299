//! What is refused, and what to do about it.

use std::path::PathBuf;

use serde::Serialize;

/// What is wrong with one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A row without a symbol in a table that has a symbol column.
    Symbol,
    /// The time cannot be read.
    Time,
    /// The same time twice.
    DuplicateTime,
    /// A time before the one above it.
    FallingTime,
    /// A price that is text, missing, not finite or not above zero.
    Price,
    /// High below low.
    HighBelowLow,
    /// Open or close outside [low, high] by 10 bp or more.
    OutsideRange,
    /// A volume that is text, missing, not finite or below zero.
    Volume,
    /// A step shorter than the interval, or a stretch on another interval.
    MixedInterval,
}

impl Fault {
    /// The rule that the row breaks, lower case, without the value.
    pub fn rule(self) -> &'static str {
        match self {
            Self::Symbol => "symbol is missing",
            Self::Time => "time cannot be read",
            Self::DuplicateTime => "time is the same as the row before",
            Self::FallingTime => "time is before the row above it",
            Self::Price => "price is not a finite number above zero",
            Self::HighBelowLow => "high is below low",
            Self::OutsideRange => "open or close is outside [low, high] by 10 bp or more",
            Self::Volume => "volume is not a finite number of at least zero",
            Self::MixedInterval => "step fits neither the interval nor the calendar",
        }
    }

    /// What `--repair` does about it.
    pub fn repair(self) -> &'static str {
        match self {
            Self::Symbol | Self::Time | Self::Price | Self::HighBelowLow => "row dropped",
            Self::DuplicateTime => "later row dropped",
            Self::FallingTime => "rows sorted",
            Self::OutsideRange => "high or low widened",
            Self::Volume => "set to 0",
            Self::MixedInterval => "row off the grid dropped",
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.rule())
    }
}

/// Why bars were refused.
///
/// Rows are lines of the file; the header is line 1 (also for Parquet and Arrow, whose first row is
/// therefore row 2).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MarketError {
    /// No path was given.
    #[error("no bars were named")]
    NoPath,
    /// The path does not exist, or the system refused it.
    #[error("{}: cannot be read", path.display())]
    Open {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// An extension that no reader knows.
    #[error("{}: `{value}` is not a table that can be read or written", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its extension.
        value: String,
    },
    /// A folder without tables.
    #[error("{}: the folder holds no table", path.display())]
    NoTables {
        /// The folder.
        path: PathBuf,
    },
    /// A file without a single row.
    #[error("{}: {}", path.display(), if *header { "a header and no rows" } else { "the file is empty" })]
    Empty {
        /// The file.
        path: PathBuf,
        /// Whether it has a header.
        header: bool,
    },
    /// A column that cannot be done without.
    #[error("{}: no column `{column}` among {}", path.display(), found.join(", "))]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The columns that there are.
        found: Vec<String>,
    },
    /// A column of a type that cannot be what its name says.
    #[error("{}: column `{column}` holds {value}", path.display())]
    ColumnType {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its type.
        value: String,
    },
    /// A line with another number of fields than the header.
    #[error("{}: row {row}: {value} fields where the header has {expected}", path.display())]
    Fields {
        /// The file.
        path: PathBuf,
        /// The line.
        row: u64,
        /// Its fields.
        value: usize,
        /// The header's.
        expected: usize,
    },
    /// A damaged or truncated file.
    #[error("{}: cannot be decoded: {reason}", path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// The reader's words.
        reason: String,
    },
    /// A row that would train on nonsense.
    #[error("{}: row {row}: symbol `{symbol}`: {fault}: {value}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The line.
        row: u64,
        /// The symbol.
        symbol: String,
        /// The column and the offending value.
        value: String,
        /// The rule.
        fault: Fault,
    },
    /// A symbol that the data does not hold.
    #[error("{}: no symbol `{symbol}`", path.display())]
    UnknownSymbol {
        /// The data.
        path: PathBuf,
        /// The symbol asked for.
        symbol: String,
        /// The nearest that there is.
        nearest: Option<String>,
    },
    /// The filters left nothing.
    #[error("{}: no bar is left by {value}", path.display())]
    NothingLeft {
        /// The data.
        path: PathBuf,
        /// The filters.
        value: String,
    },
    /// Too few rows to know the interval.
    #[error("{}: {rows} bar(s) do not tell the interval", path.display())]
    TooFewRows {
        /// The data.
        path: PathBuf,
        /// Rows of the longest symbol.
        rows: usize,
    },
    /// A setting that cannot be.
    #[error("`{key}` = `{value}`: {rule}")]
    Setting {
        /// The key, as in the section `[data]`.
        key: &'static str,
        /// The value.
        value: String,
        /// What it must be.
        rule: String,
    },
    /// A table could not be written.
    #[error("{}: cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
}

impl MarketError {
    /// What to do about it, if there is something to say.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoPath => "give `--data PATH`, or `path` in the section [data]".to_owned(),
            Self::Open { .. } => "check the path and its permissions".to_owned(),
            Self::Format { .. } => {
                "tables are .csv, .csv.gz, .parquet, .feather, .arrow or .ipc".to_owned()
            }
            Self::NoTables { .. } => {
                "expected one .csv, .csv.gz, .parquet, .feather, .arrow or .ipc file per symbol"
                    .to_owned()
            }
            Self::Empty { .. } => "remove the file or download it again".to_owned(),
            Self::MissingColumn { column, .. } => match column.as_str() {
                "time" => "a time column is called date, time, timestamp, datetime or open_time, or is the unnamed first column".to_owned(),
                "close" => "a close is called close or last".to_owned(),
                "adj close" => "leave out `--adjusted`".to_owned(),
                _ => "columns are matched by name, without case".to_owned(),
            },
            Self::ColumnType { .. } => "prices and volumes are numbers; times are text, dates, timestamps or epochs".to_owned(),
            Self::Fields { .. } => {
                "a decimal comma, an unquoted comma or a truncated line?".to_owned()
            }
            Self::Decode { .. } => "the file is damaged or not what its extension says; download it again".to_owned(),
            Self::Row { fault, .. } => match fault {
                Fault::Time => "times are ISO, m/d/Y [H:M], or an epoch in s, ms, us or ns; `--repair` drops the row".to_owned(),
                Fault::FallingTime => "sort the file by time, or use `--repair`".to_owned(),
                Fault::DuplicateTime => "several symbols in one table need a column `symbol`; `--repair` keeps the first of each".to_owned(),
                Fault::MixedInterval => "one file, one interval; `--repair` drops the rows off the grid, `--calendar` overrides the calendar".to_owned(),
                fault => format!("`data check` lists every such row; with `--repair`: {}", fault.repair()),
            },
            Self::UnknownSymbol { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            Self::UnknownSymbol { .. } => "`data check` lists the symbols".to_owned(),
            Self::NothingLeft { .. } => "`data check` prints each symbol's first and last bar".to_owned(),
            Self::TooFewRows { .. } => "at least one symbol needs two bars or more".to_owned(),
            Self::Setting { key, .. } => format!("see `{key}` in `config show --defaults`"),
            Self::Write { .. } => return None,
        };
        Some(hint)
    }
}

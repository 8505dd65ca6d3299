//! Flags of the commands that read bars.

use std::path::PathBuf;

use clap::Args;

/// `--data` and how to read it.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct BarsArgs {
    /// Bars: a CSV (also .gz), Parquet or Arrow/Feather file, or a folder with one file per symbol
    #[arg(long, value_name = "PATH", help_heading = "Bars")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

/// How to read bars whose path is given elsewhere.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ReadingArgs {
    /// First date to read (UTC, or with --timezone in that zone)
    #[arg(long, value_name = "DATE", help_heading = "Bars")]
    pub(crate) from: Option<String>,
    /// Last date to read, inclusive
    #[arg(long, value_name = "DATE", help_heading = "Bars")]
    pub(crate) to: Option<String>,
    /// Only the last N days
    #[arg(long, value_name = "N", help_heading = "Bars")]
    pub(crate) days: Option<u32>,
    /// Only these symbols: a comma list, or a file with one per line
    #[arg(long, value_name = "A,B or FILE", help_heading = "Bars")]
    pub(crate) symbols: Option<String>,
    /// Which end of a bar its time names: open or close
    #[arg(long, value_name = "open|close", help_heading = "Bars")]
    pub(crate) stamp: Option<String>,
    /// Zone of times without one, and of the session (an IANA name)
    #[arg(long, value_name = "ZONE", help_heading = "Bars")]
    pub(crate) timezone: Option<String>,
    /// auto, 24x7, 24x5, sessions or daily
    #[arg(long, value_name = "CALENDAR", help_heading = "Bars")]
    pub(crate) calendar: Option<String>,
    /// Missing bars: fill, break or ignore
    #[arg(long, value_name = "GAPS", help_heading = "Bars")]
    pub(crate) gaps: Option<String>,
    /// Scale prices by `adj close` (on where the column exists; --adjusted=false turns it off)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "Bars")]
    pub(crate) adjusted: Option<bool>,
    /// Drop or fix bad rows instead of refusing the file; counts are reported
    #[arg(long, help_heading = "Bars")]
    pub(crate) repair: bool,
}

//! Flags of the commands that read bars.

use std::path::{Path, PathBuf};

use clap::Args;
use emberline::market::{CalendarChoice, DataConfig, GapPolicy, Stamp};

/// `--data` and how to read it.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct BarsArgs {
    /// Bars: a CSV (also .gz), Parquet or Arrow/Feather file, or a folder with one file per symbol
    #[arg(long, value_name = "PATH", help_heading = "Bars")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

impl BarsArgs {
    /// Overrides what the flags name.
    pub(crate) fn apply(&self, config: &mut DataConfig) {
        if let Some(path) = &self.data {
            config.path = Some(path.clone());
        }
        self.reading.apply(config);
    }

    /// The section `[data]` that the flags alone make.
    pub(crate) fn config(&self) -> DataConfig {
        let mut config = DataConfig::default();
        self.apply(&mut config);
        config
    }
}

/// How to read bars whose path is given elsewhere.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ReadingArgs {
    /// First date or time to read
    #[arg(long, value_name = "DATE", help_heading = "Bars")]
    pub(crate) from: Option<String>,
    /// Last date (the whole day) or time to read
    #[arg(long, value_name = "DATE", help_heading = "Bars")]
    pub(crate) to: Option<String>,
    /// Only the last N days
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Bars")]
    pub(crate) days: Option<u32>,
    /// Only these symbols: a comma list, or a file with one per line
    #[arg(
        long,
        value_name = "A,B or FILE",
        value_delimiter = ',',
        help_heading = "Bars"
    )]
    pub(crate) symbols: Vec<String>,
    /// Which end of a bar its time names: open or close
    #[arg(long, value_name = "END", help_heading = "Bars")]
    pub(crate) stamp: Option<Stamp>,
    /// Zone of times without one, and of the session (an IANA name)
    #[arg(long, value_name = "ZONE", help_heading = "Bars")]
    pub(crate) timezone: Option<String>,
    /// auto, 24x7, 24x5, sessions or daily
    #[arg(long, value_name = "CALENDAR", help_heading = "Bars")]
    pub(crate) calendar: Option<CalendarChoice>,
    /// Missing bars: fill, break or ignore
    #[arg(long, value_name = "GAPS", help_heading = "Bars")]
    pub(crate) gaps: Option<GapPolicy>,
    /// Scale prices by `adj close` (on where the column exists; --adjusted=false turns it off)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "Bars")]
    pub(crate) adjusted: Option<bool>,
    /// Drop or fix bad rows instead of refusing the file; counts are reported
    #[arg(long, help_heading = "Bars")]
    pub(crate) repair: bool,
}

impl ReadingArgs {
    /// Overrides what the flags name.
    pub(crate) fn apply(&self, config: &mut DataConfig) {
        let set = |from: &Option<String>, to: &mut Option<String>| {
            if from.is_some() {
                to.clone_from(from);
            }
        };
        set(&self.from, &mut config.from);
        set(&self.to, &mut config.to);
        if self.days.is_some() {
            config.days = self.days;
        }
        if !self.symbols.is_empty() {
            config.symbols.clone_from(&self.symbols);
        }
        if let Some(stamp) = self.stamp {
            config.stamp = stamp;
        }
        if let Some(timezone) = &self.timezone {
            config.timezone.clone_from(timezone);
        }
        if let Some(calendar) = self.calendar {
            config.calendar = calendar;
        }
        if self.gaps.is_some() {
            config.gaps = self.gaps;
        }
        if self.adjusted.is_some() {
            config.adjusted = self.adjusted;
        }
        if self.repair {
            config.repair = true;
        }
    }

    /// The section `[data]` for a path that is an argument of its own.
    pub(crate) fn config(&self, path: &Path) -> DataConfig {
        let mut config = DataConfig {
            path: Some(path.to_owned()),
            ..DataConfig::default()
        };
        self.apply(&mut config);
        config
    }
}

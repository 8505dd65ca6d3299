//! The section `[data]` of a run's configuration.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Calendar;

/// Which bars to read and how to read them: the section `[data]`, and the flags of the same names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// A table, or a folder with one file per symbol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// First date or time to keep (bar open, in `timezone` if it names no zone).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Last date (the whole day) or time to keep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Keep only the last so many days of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// Symbols to keep, or files that list one symbol a line; empty keeps all.
    pub symbols: Vec<String>,
    /// Whether a row's time is the open or the close of its bar.
    pub stamp: Stamp,
    /// Zone of times that carry none, and of the session (an IANA name).
    pub timezone: String,
    /// When the market is open; `auto` recognises it from the bars.
    pub calendar: CalendarChoice,
    /// What a gap becomes; absent means by calendar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gaps: Option<GapPolicy>,
    /// Longest gap, in bars, that `fill` closes.
    pub max_fill: usize,
    /// Session open `HH:MM[:SS]` in `timezone`, or followed by a zone of its own (`09:30
    /// America/New_York`); absent means recognised from the bars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_open: Option<String>,
    /// Multiply prices by `adj close / close`; absent means wherever that column exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjusted: Option<bool>,
    /// Drop or fix what would be refused, and count it.
    pub repair: bool,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            path: None,
            from: None,
            to: None,
            days: None,
            symbols: Vec::new(),
            stamp: Stamp::Open,
            timezone: "UTC".to_owned(),
            calendar: CalendarChoice::Auto,
            gaps: None,
            max_fill: 12,
            session_open: None,
            adjusted: None,
            repair: false,
        }
    }
}

/// What a row's time marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stamp {
    /// The bar's open.
    #[default]
    Open,
    /// The bar's close: times move back by one interval (session labels do not).
    Close,
}

/// What becomes of missing bars inside a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GapPolicy {
    /// Up to `max_fill` missing bars in a row become flat bars at the previous close, volume 0,
    /// flagged; longer gaps start a new segment.
    Fill,
    /// Any gap starts a new segment.
    Break,
    /// Rows as they stand.
    Ignore,
}

/// `auto`, or a calendar by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CalendarChoice {
    /// Recognised from the bars.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// [`Calendar::Always`].
    #[serde(rename = "24x7")]
    Always,
    /// [`Calendar::Weekdays`].
    #[serde(rename = "24x5")]
    Weekdays,
    /// [`Calendar::Sessions`].
    #[serde(rename = "sessions")]
    Sessions,
    /// [`Calendar::Daily`].
    #[serde(rename = "daily")]
    Daily,
}

impl CalendarChoice {
    /// The calendar that was named, or `None` for `auto`.
    pub fn named(self) -> Option<Calendar> {
        match self {
            Self::Auto => None,
            Self::Always => Some(Calendar::Always),
            Self::Weekdays => Some(Calendar::Weekdays),
            Self::Sessions => Some(Calendar::Sessions),
            Self::Daily => Some(Calendar::Daily),
        }
    }
}

macro_rules! by_name {
    ($type:ty, $($name:literal => $value:expr),+ $(,)?) => {
        impl std::str::FromStr for $type {
            type Err = String;

            /// # Errors
            /// The names that would have been understood.
            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($name => Ok($value),)+
                    _ => Err(format!("`{text}` is not one of {}", [$($name),+].join(", "))),
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $(if *self == $value { return f.write_str($name); })+
                Ok(())
            }
        }
    };
}

by_name!(Stamp, "open" => Stamp::Open, "close" => Stamp::Close);
by_name!(GapPolicy, "fill" => GapPolicy::Fill, "break" => GapPolicy::Break, "ignore" => GapPolicy::Ignore);
by_name!(
    CalendarChoice,
    "auto" => CalendarChoice::Auto,
    "24x7" => CalendarChoice::Always,
    "24x5" => CalendarChoice::Weekdays,
    "sessions" => CalendarChoice::Sessions,
    "daily" => CalendarChoice::Daily,
);

//! When the market is open.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// When bars are to be expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Calendar {
    /// Around the clock, every day.
    #[serde(rename = "24x7")]
    Always,
    /// Around the clock, no weekends.
    #[serde(rename = "24x5")]
    Weekdays,
    /// Intraday bars with a closed span every day.
    #[serde(rename = "sessions")]
    Sessions,
    /// One bar per trading day or longer.
    #[serde(rename = "daily")]
    Daily,
}

impl Calendar {
    /// As in cli.md: `24x7`, `24x5`, `sessions`, `daily`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Always => "24x7",
            Self::Weekdays => "24x5",
            Self::Sessions => "sessions",
            Self::Daily => "daily",
        }
    }
}

impl std::fmt::Display for Calendar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// When a session opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Seconds after local midnight.
    pub open_s: u32,
    /// The exchange's zone.
    pub zone: Tz,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            open_s: 0,
            zone: Tz::UTC,
        }
    }
}

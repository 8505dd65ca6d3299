//! Bars in memory: one packed series per symbol.

use super::{Calendar, GapPolicy, Session};

/// One symbol's bars: its own rows and times, prices as float32.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// The symbol.
    pub symbol: String,
    /// Open of each bar, nanoseconds since the epoch, UTC, rising. A date without a time is that
    /// date at 00:00 UTC.
    pub time: Vec<i64>,
    /// First price.
    pub open: Vec<f32>,
    /// Highest price.
    pub high: Vec<f32>,
    /// Lowest price.
    pub low: Vec<f32>,
    /// Last price.
    pub close: Vec<f32>,
    /// Volume, 0 or more; empty where the data has none.
    pub volume: Vec<f32>,
    /// Which bars were filled in; empty means none.
    pub filled: Vec<bool>,
    /// Number of the gap-free stretch that each row is in, never falling; empty means one stretch.
    pub segment: Vec<u32>,
}

impl Series {
    /// Bars of this symbol.
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Whether there is no bar.
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// Whether the bar in this row was filled in.
    pub fn is_filled(&self, row: usize) -> bool {
        self.filled.get(row).copied().unwrap_or(false)
    }

    /// The stretch that this row is in.
    pub fn segment_of(&self, row: usize) -> u32 {
        self.segment.get(row).copied().unwrap_or(0)
    }

    /// First row of the stretch that `row` is in.
    pub fn segment_start(&self, row: usize) -> usize {
        if self.segment.is_empty() {
            return 0;
        }
        let wanted = self.segment[row];
        self.segment[..row].partition_point(|&segment| segment < wanted)
    }
}

/// Everything that was loaded: the series, and what is true of all of them.
#[derive(Clone, Debug)]
pub struct Bars {
    /// One per symbol, sorted by symbol.
    pub series: Vec<Series>,
    /// Length of a bar in nanoseconds.
    pub interval_ns: i64,
    /// When the market is open.
    pub calendar: Calendar,
    /// When a session opens, and in which zone.
    pub session: Session,
    /// Whether times are dates: labels of sessions, never converted between zones.
    pub date_labels: bool,
    /// Whether every series has volumes.
    pub has_volume: bool,
    /// Whether prices were multiplied by `adj close / close`.
    pub adjusted: bool,
    /// What gaps became.
    pub gaps: GapPolicy,
    /// Lines to say once.
    pub notes: Vec<String>,
}

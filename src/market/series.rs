//! Bars in memory: one packed series per symbol.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::times::DAY;
use super::{Calendar, GapPolicy, Period, Session, clock};

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

    /// The rows of `order`, in that order; flags and segments come along.
    pub(super) fn select(&self, order: &[usize]) -> Self {
        fn pick<T: Copy>(column: &[T], order: &[usize]) -> Vec<T> {
            if column.is_empty() {
                return Vec::new();
            }
            order.iter().map(|&row| column[row]).collect()
        }
        Self {
            symbol: self.symbol.clone(),
            time: pick(&self.time, order),
            open: pick(&self.open, order),
            high: pick(&self.high, order),
            low: pick(&self.low, order),
            close: pick(&self.close, order),
            volume: pick(&self.volume, order),
            filled: pick(&self.filled, order),
            segment: pick(&self.segment, order),
        }
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

impl Bars {
    /// Bars from rows that are in memory already, as they stand: sorted by symbol, no gap filled.
    ///
    /// # Panics
    /// If a series' columns differ in length, its times do not rise, or `interval_ns` is not above 0.
    pub fn from_rows(
        mut series: Vec<Series>,
        interval_ns: i64,
        calendar: Calendar,
        session: Session,
    ) -> Self {
        assert!(interval_ns > 0, "interval of {interval_ns} ns");
        for one in &series {
            let rows = one.time.len();
            for column in [&one.open, &one.high, &one.low, &one.close] {
                assert_eq!(
                    column.len(),
                    rows,
                    "columns of `{}` differ in length",
                    one.symbol
                );
            }
            for length in [one.volume.len(), one.filled.len(), one.segment.len()] {
                assert!(
                    length == 0 || length == rows,
                    "columns of `{}` differ in length",
                    one.symbol
                );
            }
            assert!(
                one.time.is_sorted_by(|a, b| a < b),
                "times of `{}` do not rise",
                one.symbol
            );
        }
        series.sort_by(|a, b| a.symbol.cmp(&b.symbol));
        let has_volume = series.iter().all(|one| one.volume.len() == one.len());
        let date_labels = calendar == Calendar::Daily
            && series
                .iter()
                .all(|one| one.time.iter().all(|time| time.rem_euclid(DAY) == 0));
        Self {
            series,
            interval_ns,
            calendar,
            session,
            date_labels,
            has_volume,
            adjusted: false,
            gaps: GapPolicy::Ignore,
            notes: Vec::new(),
        }
    }

    /// Bars of all symbols.
    pub fn num_bars(&self) -> usize {
        self.series.iter().map(Series::len).sum()
    }

    /// SHA-256 over symbols, times, values and flags, in hexadecimal: equal bars have equal
    /// fingerprints, whatever file they came from.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.interval_ns.to_le_bytes());
        hash.update([u8::from(self.has_volume), u8::from(self.adjusted)]);
        for series in &self.series {
            hash.update((series.symbol.len() as u64).to_le_bytes());
            hash.update(series.symbol.as_bytes());
            hash.update((series.len() as u64).to_le_bytes());
            feed(&mut hash, &series.time, i64::to_le_bytes);
            for column in [
                &series.open,
                &series.high,
                &series.low,
                &series.close,
                &series.volume,
            ] {
                feed(&mut hash, column, f32::to_le_bytes);
            }
            for row in 0..series.len() {
                hash.update([u8::from(series.is_filled(row))]);
                hash.update(series.segment_of(row).to_le_bytes());
            }
        }
        hash.finalize()
            .iter()
            .fold(String::new(), |mut text, byte| {
                // Writing to a string cannot fail.
                let _ = write!(text, "{byte:02x}");
                text
            })
    }

    /// Bars of one trading day: the most that one session holds.
    pub fn bars_per_day(&self) -> f64 {
        match self.calendar {
            Calendar::Always | Calendar::Weekdays => DAY as f64 / self.interval_ns as f64,
            Calendar::Daily => (DAY as f64 / self.interval_ns as f64).min(1.0),
            Calendar::Sessions => self.rows_per_period(Period::Session).max(1) as f64,
        }
    }

    /// The most rows of one series that fall into one period (0 without rows).
    pub fn rows_per_period(&self, period: Period) -> usize {
        let mut most = 0;
        for series in &self.series {
            let mut clock = clock::Clock::of(self);
            let mut run = (i64::MIN, 0);
            for &time in &series.time {
                let id = clock.period(time, period);
                run = if id == run.0 {
                    (id, run.1 + 1)
                } else {
                    (id, 1)
                };
                most = most.max(run.1);
            }
        }
        most
    }
}

/// Hashes a column through a small buffer.
fn feed<T: Copy, const N: usize>(hash: &mut Sha256, column: &[T], bytes: impl Fn(T) -> [u8; N]) {
    let mut buffer = Vec::with_capacity(4096 * N);
    for values in column.chunks(4096) {
        buffer.clear();
        for &value in values {
            buffer.extend_from_slice(&bytes(value));
        }
        hash.update(&buffer);
    }
}

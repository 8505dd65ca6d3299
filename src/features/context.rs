//! What features must know about the bars before any is computed.

use crate::market::{Bars, Calendar, Period};

/// The facts about the bars that names, periods and memories depend on.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureContext {
    /// Length of a bar in nanoseconds.
    pub interval_ns: i64,
    /// When the market is open.
    pub calendar: Calendar,
    /// Whether there are volumes.
    pub has_volume: bool,
    /// Bars of the longest series.
    pub longest_series: usize,
    /// Most rows of any series in one session, day, week and month.
    pub rows_per_period: [usize; 4],
}

/// Nanoseconds in a day.
const DAY_NS: i64 = 86_400_000_000_000;

impl FeatureContext {
    /// A context without bars, for looking indicators up: 24/7 bars of `interval_ns`, no bound on the
    /// length of the data.
    pub fn unbounded(interval_ns: i64) -> Self {
        let per_day = usize::try_from(DAY_NS / interval_ns.max(1))
            .unwrap_or(1)
            .max(1);
        Self {
            interval_ns,
            calendar: Calendar::Always,
            has_volume: true,
            longest_series: usize::MAX,
            rows_per_period: [per_day, per_day, 7 * per_day, 31 * per_day],
        }
    }

    /// Whether a bar is shorter than a day.
    pub fn is_intraday(&self) -> bool {
        self.interval_ns < DAY_NS
    }

    /// Most rows in one `period`.
    pub fn rows_per(&self, period: Period) -> usize {
        self.rows_per_period[match period {
            Period::Session => 0,
            Period::Day => 1,
            Period::Week => 2,
            Period::Month => 3,
        }]
    }
}

impl From<&Bars> for FeatureContext {
    fn from(bars: &Bars) -> Self {
        Self {
            interval_ns: bars.interval_ns,
            calendar: bars.calendar,
            has_volume: bars.has_volume,
            longest_series: bars
                .series
                .iter()
                .map(crate::market::Series::len)
                .max()
                .unwrap_or(0),
            rows_per_period: [Period::Session, Period::Day, Period::Week, Period::Month]
                .map(|period| bars.rows_per_period(period)),
        }
    }
}

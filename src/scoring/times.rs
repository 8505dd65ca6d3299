//! When a forecast is known, when its trade is entered and when its target ends.

use crate::market::{Bars, Calendar, Series};
use crate::windows::{Entry, TargetConfig};

/// Times of a forecast's trade. None where the calendar does not tell: bars that are not there yet, on
/// markets that close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    interval_ns: i64,
    always: bool,
    entry: Entry,
}

impl Schedule {
    /// For these bars and this target.
    pub fn new(bars: &Bars, target: &TargetConfig) -> Self {
        Self {
            interval_ns: bars.interval_ns,
            always: bars.calendar == Calendar::Always,
            entry: target.entry,
        }
    }

    /// Close of the bar in `row`: the first instant at which its forecast can be made.
    pub fn known_at(&self, series: &Series, row: usize) -> i64 {
        series.time[row] + self.interval_ns
    }

    /// When the trade is entered.
    pub fn entry_at(&self, series: &Series, row: usize) -> Option<i64> {
        match self.entry {
            Entry::Close => Some(self.known_at(series, row)),
            Entry::NextClose => Some(self.open_of(series, row, 1)? + self.interval_ns),
            Entry::NextOpen => self.open_of(series, row, 1),
        }
    }

    /// When the target over `horizon_bars` ends.
    pub fn target_end(&self, series: &Series, row: usize, horizon_bars: usize) -> Option<i64> {
        match self.entry {
            Entry::Close => Some(self.open_of(series, row, horizon_bars)? + self.interval_ns),
            Entry::NextClose => {
                Some(self.open_of(series, row, 1 + horizon_bars)? + self.interval_ns)
            }
            Entry::NextOpen => self.open_of(series, row, 1 + horizon_bars),
        }
    }

    /// Open of the bar `ahead` bars after `row`, also where it is not there yet.
    fn open_of(&self, series: &Series, row: usize, ahead: usize) -> Option<i64> {
        if self.always {
            return Some(series.time[row] + ahead as i64 * self.interval_ns);
        }
        let there = row + ahead;
        (there < series.len() && series.segment_of(there) == series.segment_of(row))
            .then(|| series.time[there])
    }
}

/// Takes off each symbol's last bar if it had not closed at `now_ns`, and names the symbols.
///
/// A bar that is still forming has another close tomorrow: its forecast would be another one.
pub fn drop_forming(bars: &mut Bars, now_ns: i64) -> Vec<String> {
    let mut dropped = Vec::new();
    for series in &mut bars.series {
        let forming = series
            .time
            .last()
            .is_some_and(|open| open + bars.interval_ns > now_ns);
        if !forming {
            continue;
        }
        dropped.push(series.symbol.clone());
        let rows = series.len() - 1;
        series.time.truncate(rows);
        series.segment.truncate(rows);
        series.filled.truncate(rows);
        for column in [
            &mut series.open,
            &mut series.high,
            &mut series.low,
            &mut series.close,
            &mut series.volume,
        ] {
            column.truncate(rows);
        }
    }
    bars.series.retain(|series| !series.is_empty());
    dropped
}

//! The oracles: every indicator again, as a float64 loop over one segment that follows the written
//! definition. Tests compare the tensor functions with them; nothing else uses them.

#![expect(
    clippy::needless_range_loop,
    reason = "oracles read like their formulas, by index"
)]

pub mod average;
pub mod level;
pub mod macd;
pub mod momentum;
pub mod volatility;
pub mod volume;
pub mod vwap;

use std::ops::Range;

use super::machine::Bar;
use crate::market::{Bars, Column, clock_column};

/// One gap-free stretch of one symbol in float64.
#[derive(Clone, Debug, Default)]
pub struct Segment {
    /// First prices.
    pub open: Vec<f64>,
    /// Highest prices.
    pub high: Vec<f64>,
    /// Lowest prices.
    pub low: Vec<f64>,
    /// Last prices.
    pub close: Vec<f64>,
    /// Volumes; 0 where the bars have none.
    pub volume: Vec<f64>,
    /// 1 where a bar was filled in.
    pub filled: Vec<f64>,
    /// 1 at each session's first bar.
    pub session_start: Vec<f64>,
    /// 1 at each day's first bar.
    pub day_start: Vec<f64>,
    /// 1 at each week's first bar.
    pub week_start: Vec<f64>,
    /// 1 at each month's first bar.
    pub month_start: Vec<f64>,
    /// Share of the day.
    pub time_of_day: Vec<f64>,
    /// 0 Monday to 6 Sunday.
    pub weekday: Vec<f64>,
}

impl Segment {
    /// Bars.
    pub fn len(&self) -> usize {
        self.close.len()
    }

    /// Whether there is no bar.
    pub fn is_empty(&self) -> bool {
        self.close.is_empty()
    }

    /// The values of a column.
    ///
    /// # Panics
    /// For [`Column::Age`], which is the index.
    pub fn column(&self, column: Column) -> &[f64] {
        match column {
            Column::Open => &self.open,
            Column::High => &self.high,
            Column::Low => &self.low,
            Column::Close => &self.close,
            Column::Volume => &self.volume,
            Column::Filled => &self.filled,
            Column::SessionStart => &self.session_start,
            Column::DayStart => &self.day_start,
            Column::WeekStart => &self.week_start,
            Column::MonthStart => &self.month_start,
            Column::TimeOfDay => &self.time_of_day,
            Column::Weekday => &self.weekday,
            Column::Age => panic!("the age of a segment's bar is its index"),
        }
    }

    /// One bar as machines read it.
    ///
    /// # Panics
    /// If there is no bar `t`.
    pub fn bar(&self, t: usize) -> Bar {
        Bar {
            open: self.open[t],
            high: self.high[t],
            low: self.low[t],
            close: self.close[t],
            volume: self.volume[t],
            filled: self.filled[t],
            time_of_day: self.time_of_day[t],
            weekday: self.weekday[t],
            session_start: self.session_start[t] != 0.0,
            day_start: self.day_start[t] != 0.0,
            week_start: self.week_start[t] != 0.0,
            month_start: self.month_start[t] != 0.0,
        }
    }

    /// (high + low + close) / 3 of one bar.
    pub fn typical_price(&self, t: usize) -> f64 {
        (self.high[t] + self.low[t] + self.close[t]) / 3.0
    }
}

/// The segments of one series, with their rows.
///
/// # Panics
/// If `series` is not an index into `bars.series`.
pub fn segments(bars: &Bars, series: usize) -> Vec<(Range<usize>, Segment)> {
    let rows = &bars.series[series];
    let clock = |column| clock_column(bars, series, column);
    let [session, day, week, month, time, weekday] = [
        Column::SessionStart,
        Column::DayStart,
        Column::WeekStart,
        Column::MonthStart,
        Column::TimeOfDay,
        Column::Weekday,
    ]
    .map(clock);
    let mut segments = Vec::new();
    let mut start = 0;
    for end in 1..=rows.len() {
        if end < rows.len() && rows.segment_of(end) == rows.segment_of(start) {
            continue;
        }
        let range = start..end;
        let take = |values: &[f32]| -> Vec<f64> {
            values[range.clone()]
                .iter()
                .map(|&value| f64::from(value))
                .collect()
        };
        let volume = if rows.volume.is_empty() {
            vec![0.0; range.len()]
        } else {
            take(&rows.volume)
        };
        let segment = Segment {
            open: take(&rows.open),
            high: take(&rows.high),
            low: take(&rows.low),
            close: take(&rows.close),
            volume,
            filled: range
                .clone()
                .map(|row| f64::from(u8::from(rows.is_filled(row))))
                .collect(),
            session_start: take(&session),
            day_start: take(&day),
            week_start: take(&week),
            month_start: take(&month),
            time_of_day: take(&time),
            weekday: take(&weekday),
        };
        segments.push((range, segment));
        start = end;
    }
    segments
}

/// `bars` undefined values.
pub(super) fn undefined(bars: usize) -> Vec<f64> {
    vec![f64::NAN; bars]
}

//! Columns that come from a bar's time alone: anchors and clocks.

use chrono::{DateTime, Datelike as _};
use serde::{Deserialize, Serialize};

use super::times::{DAY, SECOND, ZoneClock};
use super::{Bars, Calendar};

/// A column of a panel: prices and volume as loaded, or derived from the times on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// First price.
    Open,
    /// Highest price.
    High,
    /// Lowest price.
    Low,
    /// Last price.
    Close,
    /// Volume.
    Volume,
    /// 1 where a bar was filled in, else 0.
    Filled,
    /// Bars since the first bar of the segment: 0, 1, 2, ...; padding is -1.
    Age,
    /// 1 at the first bar at or after each session's open, else 0.
    SessionStart,
    /// 1 at the first bar of each date in the session's zone.
    DayStart,
    /// 1 at the first bar of each (ISO year, week) in the session's zone.
    WeekStart,
    /// 1 at the first bar of each month in the session's zone.
    MonthStart,
    /// Share of the local day that has passed at the bar's open, 0 to 1.
    TimeOfDay,
    /// 0 Monday to 6 Sunday, in the session's zone.
    Weekday,
}

/// What anchors count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// From a session's open to the next.
    Session,
    /// A date.
    Day,
    /// An ISO week.
    Week,
    /// A month.
    Month,
}

/// The host values of one column of one series, one per row.
///
/// An anchor column holds 1 at the first bar of its period. Where the series begins in the middle of
/// a period, that period's first bar is not known and has no 1: values are undefined until the next,
/// and a file cut short gives the same values as the whole one.
///
/// `Volume` of bars without volumes is 0.
///
/// ```
/// use emberline::market::{Bars, Calendar, Column, Series, Session, clock_column};
///
/// let hour = 3_600_000_000_000;
/// let series = Series {
///     symbol: "A".into(),
///     time: (22..26).map(|n| n * hour).collect(), // 22:00, 23:00, 00:00, 01:00
///     open: vec![1.0; 4],
///     high: vec![1.0; 4],
///     low: vec![1.0; 4],
///     close: vec![1.0; 4],
///     ..Series::default()
/// };
/// let bars = Bars::from_rows(vec![series], hour, Calendar::Always, Session::default());
/// assert_eq!(clock_column(&bars, 0, Column::DayStart), [0.0, 0.0, 1.0, 0.0]);
/// assert_eq!(clock_column(&bars, 0, Column::Age), [0.0, 1.0, 2.0, 3.0]);
/// ```
///
/// # Panics
/// If `series` is not an index into `bars.series`.
pub fn clock_column(bars: &Bars, series: usize, column: Column) -> Vec<f32> {
    let one = &bars.series[series];
    let rows = one.len();
    match column {
        Column::Open => one.open.clone(),
        Column::High => one.high.clone(),
        Column::Low => one.low.clone(),
        Column::Close => one.close.clone(),
        Column::Volume if one.volume.is_empty() => vec![0.0; rows],
        Column::Volume => one.volume.clone(),
        Column::Filled => (0..rows)
            .map(|row| f32::from(u8::from(one.is_filled(row))))
            .collect(),
        Column::Age => {
            let mut start = 0;
            (0..rows)
                .map(|row| {
                    if row > 0 && one.segment_of(row) != one.segment_of(row - 1) {
                        start = row;
                    }
                    (row - start) as f32
                })
                .collect()
        }
        Column::SessionStart => starts(bars, series, Period::Session),
        Column::DayStart => starts(bars, series, Period::Day),
        Column::WeekStart => starts(bars, series, Period::Week),
        Column::MonthStart => starts(bars, series, Period::Month),
        Column::TimeOfDay => {
            let mut clock = Clock::of(bars);
            one.time
                .iter()
                .map(|&time| (clock.local(time).rem_euclid(DAY) as f64 / DAY as f64) as f32)
                .collect()
        }
        Column::Weekday => {
            let mut clock = Clock::of(bars);
            one.time
                .iter()
                .map(|&time| weekday(clock.local(time)) as f32)
                .collect()
        }
    }
}

fn starts(bars: &Bars, series: usize, period: Period) -> Vec<f32> {
    let mut clock = Clock::of(bars);
    let mut before = None;
    bars.series[series]
        .time
        .iter()
        .map(|&time| {
            let id = clock.period(time, period);
            // Rising only: where clocks fall back over midnight, the new day has begun already.
            let first = match before {
                None => clock.opens(time, period, bars),
                Some(before) => id > before,
            };
            before = before.max(Some(id));
            f32::from(u8::from(first))
        })
        .collect()
}

/// Local times of a market: its zone and its session's open. Dates are never converted.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    zone: ZoneClock,
    open_ns: i64,
}

impl Clock {
    pub(super) fn of(bars: &Bars) -> Self {
        Self::new(bars.session, bars.date_labels)
    }

    pub(super) fn new(session: super::Session, date_labels: bool) -> Self {
        let zone = if date_labels {
            chrono_tz::Tz::UTC
        } else {
            session.zone
        };
        let open_ns = if date_labels {
            0
        } else {
            i64::from(session.open_s) * SECOND
        };
        Self {
            zone: ZoneClock::new(zone),
            open_ns,
        }
    }

    /// Wall clock in nanoseconds.
    pub(super) fn local(&mut self, time: i64) -> i64 {
        self.zone.local(time)
    }

    /// Nanoseconds of wall clock since the session's open, 0 to a day.
    pub(super) fn since_open(&mut self, time: i64) -> i64 {
        (self.local(time) - self.open_ns).rem_euclid(DAY)
    }

    /// A number that is the same for all times of one period and rises from each to the next.
    pub(super) fn period(&mut self, time: i64, period: Period) -> i64 {
        let local = self.local(time);
        match period {
            Period::Session => (local - self.open_ns).div_euclid(DAY),
            Period::Day => local.div_euclid(DAY),
            // Day 0 was a Thursday: weeks turn on Mondays.
            Period::Week => (local.div_euclid(DAY) + 3).div_euclid(7),
            Period::Month => {
                let date = DateTime::from_timestamp_nanos(local);
                i64::from(date.year()) * 12 + i64::from(date.month0())
            }
        }
    }

    /// Whether the first row of a series is surely the first bar of its period: its bar holds the
    /// moment in which the period's first session opens.
    fn opens(&mut self, time: i64, period: Period, bars: &Bars) -> bool {
        let daily = bars.interval_ns >= DAY;
        let local = self.local(time);
        let date = DateTime::from_timestamp_nanos(local);
        let at_open = match (bars.calendar, period) {
            _ if daily => true,
            (Calendar::Sessions, _) | (_, Period::Session) => {
                self.since_open(time) < bars.interval_ns
            }
            _ => local.rem_euclid(DAY) < bars.interval_ns,
        };
        at_open
            && match period {
                Period::Session | Period::Day => true,
                Period::Week => weekday(local) == 0,
                Period::Month => date.day() == 1,
            }
    }
}

/// 0 Monday to 6 Sunday of a wall clock.
pub(super) fn weekday(local: i64) -> i64 {
    (local.div_euclid(DAY) + 3).rem_euclid(7)
}

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
                .map(|&time| time_of_day(clock.local(time)))
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
    let mut starts = Starts::new(bars, period);
    let times = bars.series[series].time.iter();
    times
        .map(|&time| f32::from(u8::from(starts.next(time))))
        .collect()
}

/// Which bars of one series are the first of their period, bar by bar.
#[derive(Clone, Debug)]
struct Starts {
    clock: Clock,
    period: Period,
    interval_ns: i64,
    calendar: Calendar,
    before: Option<i64>,
}

impl Starts {
    fn new(bars: &Bars, period: Period) -> Self {
        Self {
            clock: Clock::of(bars),
            period,
            interval_ns: bars.interval_ns,
            calendar: bars.calendar,
            before: None,
        }
    }

    fn next(&mut self, time: i64) -> bool {
        let id = self.clock.period(time, self.period);
        // Rising only: where clocks fall back over midnight, the new day has begun already.
        let first = match self.before {
            None => self
                .clock
                .opens(time, self.period, self.interval_ns, self.calendar),
            Some(before) => id > before,
        };
        self.before = self.before.max(Some(id));
        first
    }
}

/// What [`clock_column`] says of the bars of one series, for a series that grows.
#[derive(Clone, Debug)]
pub struct RunningClock {
    clock: Clock,
    starts: [Starts; 4],
}

/// What a bar's time says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Whether the bar is the first of its session, day, week and month.
    pub starts: [bool; 4],
    /// Share of the local day that has passed at the bar's open, 0 to 1.
    pub time_of_day: f32,
    /// 0 Monday to 6 Sunday, in the session's zone.
    pub weekday: f32,
}

impl RunningClock {
    /// A clock for a series of the market that `bars` come from; its interval, calendar and session
    /// count, its rows do not.
    pub fn new(bars: &Bars) -> Self {
        Self {
            clock: Clock::of(bars),
            starts: [Period::Session, Period::Day, Period::Week, Period::Month]
                .map(|period| Starts::new(bars, period)),
        }
    }

    /// Takes the open of the next bar, in nanoseconds UTC.
    pub fn next(&mut self, time: i64) -> Moment {
        let local = self.clock.local(time);
        Moment {
            starts: self.starts.each_mut().map(|starts| starts.next(time)),
            time_of_day: time_of_day(local),
            weekday: weekday(local) as f32,
        }
    }
}

/// Share of the day of a wall clock.
fn time_of_day(local: i64) -> f32 {
    (local.rem_euclid(DAY) as f64 / DAY as f64) as f32
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
    fn opens(&mut self, time: i64, period: Period, interval_ns: i64, calendar: Calendar) -> bool {
        let daily = interval_ns >= DAY;
        let local = self.local(time);
        let date = DateTime::from_timestamp_nanos(local);
        let at_open = match (calendar, period) {
            _ if daily => true,
            (Calendar::Sessions, _) | (_, Period::Session) => self.since_open(time) < interval_ns,
            _ => local.rem_euclid(DAY) < interval_ns,
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

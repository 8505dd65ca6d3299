//! What the bars show of the hours and days in which there is trade.

#![allow(clippy::cast_sign_loss, reason = "spans and counts are not negative")]

use super::Series;
use super::clock::weekday;
use super::times::{DAY, SECOND, ZoneClock};

/// Shortest daily closed span that makes sessions.
const CLOSED: i64 = 1_800 * SECOND;
/// A closed span this long is believed after one day of it.
const NIGHT: i64 = 6 * 3_600 * SECOND;

const MINUTE: i64 = 60 * SECOND;
const MINUTES: usize = 1_440;

/// What the bars show of the hours and days in which there is trade.
pub(super) struct Seen {
    /// Bars that cover each minute of the day.
    minutes: Vec<u64>,
    /// Dates with bars, per weekday.
    dates: [u64; 7],
    /// Saturdays that lie whole inside some series.
    saturdays: u64,
    /// Hours without a bar between two bars that follow each other, where they are many.
    pauses: Vec<i64>,
    series_days: u64,
}

impl Seen {
    pub(super) fn of(series: &[Series], interval_ns: i64, zone: chrono_tz::Tz) -> Self {
        let mut seen = Self {
            minutes: vec![0; MINUTES],
            dates: [0; 7],
            saturdays: 0,
            pauses: Vec::new(),
            series_days: 0,
        };
        let length = (interval_ns.min(DAY) as u64).div_ceil(MINUTE as u64) as usize;
        // Bars that begin at each minute less those that end there.
        let mut change = vec![0_i64; 2 * MINUTES + 1];
        let mut days = std::collections::HashSet::new();
        for one in series {
            let mut clock = ZoneClock::new(zone);
            let mut today = None;
            let mut last = None;
            for &time in &one.time {
                let local = clock.local(time);
                let day = local.div_euclid(DAY);
                let minute = (local.rem_euclid(DAY) / MINUTE) as usize;
                change[minute] += 1;
                change[minute + length] -= 1;
                if today != Some(day) {
                    today = Some(day);
                    days.insert(day);
                    seen.series_days += 1;
                }
                if let Some(last) = last
                    && time - last >= CLOSED + interval_ns
                {
                    seen.pauses.push(time - last - interval_ns);
                }
                last = Some(time);
            }
            if let (Some(&first), Some(&last)) = (one.time.first(), one.time.last()) {
                let first = clock.local(first).div_euclid(DAY) + 1;
                let last = clock.local(last).div_euclid(DAY);
                let whole = (first..last).filter(|day| weekday(day * DAY) == 5).count() as u64;
                seen.saturdays = seen.saturdays.max(whole);
            }
        }
        let mut covering = 0;
        for (minute, change) in change.into_iter().enumerate() {
            covering += change;
            seen.minutes[minute % MINUTES] += covering.max(0) as u64;
        }
        for day in days {
            seen.dates[weekday(day * DAY) as usize] += 1;
        }
        seen
    }

    /// Spans of the day without bars, as (from, length), at least [`CLOSED`] long.
    pub(super) fn closed_spans(&self) -> Vec<(i64, i64)> {
        let busiest = self.minutes.iter().copied().max().unwrap_or(0);
        let closed = |minute: usize| self.minutes[minute % MINUTES] * 200 < busiest;
        let Some(start) = (0..MINUTES).find(|&minute| !closed(minute)) else {
            return Vec::new();
        };
        let mut spans = Vec::new();
        let mut minute = start;
        while minute < start + MINUTES {
            if !closed(minute) {
                minute += 1;
                continue;
            }
            let first = minute;
            while closed(minute) {
                minute += 1;
            }
            let length = (minute - first) as i64 * MINUTE;
            if length >= CLOSED {
                spans.push(((first % MINUTES) as i64 * MINUTE, length));
            }
        }
        spans
    }

    /// The longest closed span of the day as (from, until), if there is reason to believe in it.
    pub(super) fn night(&self) -> Option<(i64, i64)> {
        let (from, length) = self.closed_spans().into_iter().max_by_key(|span| span.1)?;
        let crossed = self.pauses.iter().filter(|&&pause| pause >= length).count();
        let open_minutes = ((DAY - length) / MINUTE) as u64;
        let covered: u64 = self.minutes.iter().sum();
        let full = covered * 4 >= self.series_days * open_minutes;
        let seen = crossed >= 2 || (crossed == 1 && length >= NIGHT);
        (full && seen).then_some((from, (from + length) % DAY))
    }

    /// Saturdays went by without bars.
    pub(super) fn lacks_weekends(&self) -> bool {
        self.saturdays > 0 && self.dates[5] == 0
    }

    /// Bars at weekends as often as on other days, about.
    pub(super) fn has_weekends(&self) -> bool {
        let all: u64 = self.dates.iter().sum();
        (self.dates[5] + self.dates[6]) * 7 >= all
    }
}

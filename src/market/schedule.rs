//! The calendar as the bars show it, and what a step between two bars means under it.

#![allow(clippy::cast_sign_loss, reason = "spans and counts are not negative")]

use std::collections::HashMap;

use super::clock::{Clock, weekday};
use super::seen::Seen;
use super::times::{DAY, SECOND};
use super::{Calendar, Period, Series, Session};

/// Longest closure that a calendar explains: a week of holidays with the weekends around it.
const CLOSURE: i64 = 10 * DAY;
/// So many equal steps in a row, longer than the interval, are another interval.
pub(super) const STRETCH: usize = 12;

/// When bars are expected.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    pub(super) calendar: Calendar,
    pub(super) session: Session,
    pub(super) interval_ns: i64,
    pub(super) date_labels: bool,
    /// Closed spans of the day as (from, until) nanoseconds after the session's open.
    closed: Vec<(i64, i64)>,
    /// Bars of a whole session.
    session_bars: i64,
}

/// What lies between two bars that follow each other in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    Next,
    /// Nothing but closed hours, weekends or holidays.
    Closed,
    /// So many missing bars.
    Gap(u64),
    /// The step fits neither the interval nor the calendar.
    Mixed,
}

/// The most common step of all series; the shorter of two as common. `None` without a step.
pub(super) fn interval(series: &[Series]) -> Option<i64> {
    let mut counts: HashMap<i64, u64> = HashMap::new();
    for one in series {
        let mut run = (0, 0);
        for pair in one.time.windows(2) {
            let step = pair[1] - pair[0];
            if step == run.0 {
                run.1 += 1;
            } else {
                *counts.entry(run.0).or_default() += run.1;
                run = (step, 1);
            }
        }
        *counts.entry(run.0).or_default() += run.1;
    }
    counts
        .into_iter()
        .filter(|&(step, count)| step > 0 && count > 0)
        .max_by_key(|&(step, count)| (count, std::cmp::Reverse(step)))
        .map(|(step, _)| step)
}

impl Schedule {
    /// Recognises the calendar, unless it is `named`, and the session's open, unless it is given.
    pub(super) fn recognise(
        series: &[Series],
        interval_ns: i64,
        date_labels: bool,
        named: Option<Calendar>,
        zone: chrono_tz::Tz,
        open_s: Option<u32>,
    ) -> Self {
        let zone_of_days = if date_labels {
            chrono_tz::Tz::UTC
        } else {
            zone
        };
        let seen = Seen::of(series, interval_ns, zone_of_days);
        let night = seen.night();
        let calendar = named.unwrap_or_else(|| {
            if interval_ns >= DAY {
                if interval_ns == DAY && seen.has_weekends() {
                    Calendar::Always
                } else {
                    Calendar::Daily
                }
            } else if night.is_some() {
                Calendar::Sessions
            } else if seen.lacks_weekends() {
                Calendar::Weekdays
            } else {
                Calendar::Always
            }
        });
        let opens = match (calendar, night) {
            (Calendar::Sessions, Some((_, until))) => until,
            _ => 0,
        };
        let open_s = open_s.unwrap_or((opens / SECOND) as u32);
        let session = Session { open_s, zone };
        let open_ns = i64::from(open_s) * SECOND;
        let closed: Vec<(i64, i64)> = if calendar == Calendar::Sessions {
            seen.closed_spans()
                .into_iter()
                .map(|(from, length)| {
                    let from = (from - open_ns).rem_euclid(DAY);
                    (from, from + length)
                })
                .collect()
        } else {
            Vec::new()
        };
        let closed_ns: i64 = closed.iter().map(|(from, until)| until - from).sum();
        let session_bars = ((DAY - closed_ns) / interval_ns).max(1);
        Self {
            calendar,
            session,
            interval_ns,
            date_labels,
            closed,
            session_bars,
        }
    }

    /// The calendar in one line.
    pub(super) fn line(&self) -> String {
        let zone = self.session.zone.name();
        let open = format!(
            "{:02}:{:02}",
            self.session.open_s / 3600,
            self.session.open_s / 60 % 60
        );
        match self.calendar {
            Calendar::Always => "24x7: open around the clock, every day".to_owned(),
            Calendar::Weekdays => "24x5: open around the clock, closed at weekends".to_owned(),
            Calendar::Sessions => format!("sessions: open from {open} {zone}, closed at night"),
            Calendar::Daily if self.date_labels => {
                "daily: one bar per trading day, times are dates".to_owned()
            }
            Calendar::Daily => format!("daily: one bar per trading day, dates in {zone}"),
        }
    }

    /// Whether filling closes a gap: short enough, and inside one stretch of open hours.
    pub(super) fn fills(&self, before: i64, after: i64, missing: u64, max_fill: usize) -> bool {
        missing <= max_fill as u64 && (self.interval_ns >= DAY || after - before <= CLOSURE)
    }

    /// A judge of steps; it keeps the zone's offset between calls.
    pub(super) fn judge(&self) -> Judge<'_> {
        Judge {
            schedule: self,
            clock: Clock::new(self.session, self.date_labels),
        }
    }
}

/// Says what lies between bars.
pub(super) struct Judge<'s> {
    schedule: &'s Schedule,
    clock: Clock,
}

impl Judge<'_> {
    pub(super) fn step(&mut self, before: i64, after: i64) -> Step {
        let interval = self.schedule.interval_ns;
        let step = after - before;
        if step == interval {
            return Step::Next;
        }
        if interval >= DAY {
            return self.long(before, after);
        }
        if step < interval {
            return Step::Mixed;
        }
        let missing = (step / interval - 1) as u64;
        match self.schedule.calendar {
            Calendar::Always => inside(step, interval, missing),
            Calendar::Weekdays => {
                if step > CLOSURE {
                    return Step::Gap(
                        self.weekdays_between(before, after) * (DAY / interval) as u64,
                    );
                }
                let whole_day = step - interval >= DAY - DAY / 6;
                if whole_day || self.touches_weekend(before + interval, after) {
                    Step::Closed
                } else {
                    inside(step, interval, missing)
                }
            }
            Calendar::Sessions => {
                if step > CLOSURE {
                    let bars = self.schedule.session_bars as u64;
                    return Step::Gap((self.weekdays_between(before, after) * bars).max(1));
                }
                let same = self.clock.period(before, Period::Session)
                    == self.clock.period(after, Period::Session);
                if !same {
                    return Step::Closed;
                }
                match self.open_slots(before, after).count() {
                    0 => Step::Closed,
                    _ if step % interval != 0 && self.schedule.closed.len() < 2 => Step::Mixed,
                    missing => Step::Gap(missing as u64),
                }
            }
            Calendar::Daily => Step::Mixed,
        }
    }

    /// The times of the missing bars of a gap.
    pub(super) fn missing_times(&mut self, before: i64, after: i64, missing: u64) -> Vec<i64> {
        let interval = self.schedule.interval_ns;
        if interval < DAY {
            return self.open_slots(before, after).collect();
        }
        let weekdays = interval == DAY && self.schedule.calendar != Calendar::Always;
        (1..)
            .map(|slot| before + slot * interval)
            .filter(|&time| !weekdays || weekday(self.clock.local(time)) < 5)
            .take(missing as usize)
            .take_while(|&time| time < after)
            .collect()
    }

    /// The open slots between two bars of one session.
    fn open_slots(&mut self, before: i64, after: i64) -> impl Iterator<Item = i64> {
        let interval = self.schedule.interval_ns;
        let from = self.clock.since_open(before);
        let closed = &self.schedule.closed;
        (1..)
            .map(move |slot| slot * interval)
            .take_while(move |ahead| before + ahead < after)
            .filter(move |ahead| {
                let place = from + ahead;
                !closed.iter().any(|&(from, until)| {
                    (from <= place && place < until) || (from <= place - DAY && place - DAY < until)
                })
            })
            .map(move |ahead| before + ahead)
    }

    /// Steps of bars of a day and longer; clocks may change within them.
    fn long(&mut self, before: i64, after: i64) -> Step {
        let interval = self.schedule.interval_ns;
        let step = after - before;
        let shortest = if interval == DAY {
            DAY / 4 * 3
        } else {
            interval / 2
        };
        if step < shortest {
            return Step::Mixed;
        }
        let missing = ((step + interval / 2) / interval - 1).max(0) as u64;
        match self.schedule.calendar {
            Calendar::Always if missing > 0 => Step::Gap(missing),
            Calendar::Always => Step::Next,
            _ if step - interval > CLOSURE => {
                if interval == DAY {
                    Step::Gap(self.weekdays_between(before, after).max(1))
                } else {
                    Step::Gap(missing.max(1))
                }
            }
            _ => Step::Closed,
        }
    }

    /// Whole weekdays strictly between the dates of two bars.
    fn weekdays_between(&mut self, before: i64, after: i64) -> u64 {
        let first = self.clock.local(before).div_euclid(DAY) + 1;
        let last = self.clock.local(after).div_euclid(DAY);
        let weeks = (last - first).max(0) / 7;
        let rest = (first + weeks * 7..last)
            .filter(|day| weekday(day * DAY) < 5)
            .count();
        (weeks * 5) as u64 + rest as u64
    }

    /// Whether the hours from `from` to `until` hold some of a Saturday.
    fn touches_weekend(&mut self, from: i64, until: i64) -> bool {
        let first = self.clock.local(from).div_euclid(DAY);
        let last = (self.clock.local(until) - 1).div_euclid(DAY);
        (first..=last).any(|day| weekday(day * DAY) == 5)
    }
}

fn inside(step: i64, interval: i64, missing: u64) -> Step {
    if step % interval == 0 {
        Step::Gap(missing)
    } else {
        Step::Mixed
    }
}

//! Times in tables: text, dates and epochs to nanoseconds UTC.

use chrono::{DateTime, Datelike as _, MappedLocalTime, NaiveDate, Offset as _, TimeZone as _};
use chrono_tz::Tz;

pub(super) const SECOND: i64 = 1_000_000_000;
pub(super) const DAY: i64 = 86_400 * SECOND;
/// Days from 0001-01-01 to 1970-01-01.
const EPOCH_FROM_CE: i64 = 719_163;

/// A time as a table gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Nanoseconds since the epoch, UTC.
    Instant(i64),
    /// Nanoseconds on a wall clock whose zone is not said.
    Wall(i64),
    /// A date without a time, as that date at 00:00 UTC.
    Label(i64),
}

/// Reads ISO, `m/d/Y [H:M]`, `YYYYMMDD` and epoch numbers. `None` where it is none of them.
pub(super) fn parse(text: &str) -> Option<Moment> {
    let text = text.trim();
    let bytes = text.as_bytes();
    let iso = bytes.len() >= 10
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && matches!(bytes[4], b'-' | b'/');
    if iso {
        let date = days(
            number(&bytes[0..4])?,
            number(&bytes[5..7])?,
            number(&bytes[8..10])?,
        )?;
        if bytes[7] != bytes[4] {
            return None;
        }
        return clock(date, bytes.get(10..)?);
    }
    if let Some(slash) = bytes.iter().position(|&byte| byte == b'/') {
        let rest = &bytes[slash + 1..];
        let second = rest.iter().position(|&byte| byte == b'/')?;
        let year = rest.get(second + 1..second + 5)?;
        let date = days(
            number(year)?,
            number(&bytes[..slash])?,
            number(&rest[..second])?,
        )?;
        return clock(date, &rest[second + 5..]);
    }
    if bytes.len() == 8
        && bytes.iter().all(u8::is_ascii_digit)
        && matches!(&bytes[..2], b"19" | b"20")
    {
        let date = days(
            number(&bytes[0..4])?,
            number(&bytes[4..6])?,
            number(&bytes[6..8])?,
        )?;
        return clock(date, b"");
    }
    if let Ok(whole) = text.parse::<i64>() {
        return epoch(whole).map(Moment::Instant);
    }
    text.parse::<f64>()
        .ok()
        .and_then(epoch_float)
        .map(Moment::Instant)
}

/// An epoch in seconds, milliseconds, microseconds or nanoseconds, told apart by magnitude.
pub(super) fn epoch(value: i64) -> Option<i64> {
    let scale = match value.unsigned_abs() {
        0..100_000_000_000 => SECOND,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        _ => 1,
    };
    value.checked_mul(scale)
}

/// [`epoch`] for a number with a fraction.
pub(super) fn epoch_float(value: f64) -> Option<i64> {
    if !value.is_finite() || value.abs() >= 9.2e18 {
        return None;
    }
    let whole = value.trunc() as i64;
    let scaled = epoch(whole)?;
    if whole == 0 {
        return scaled.checked_add((value * SECOND as f64).round() as i64);
    }
    let scale = scaled / whole;
    scaled.checked_add((value.fract() * scale as f64).round() as i64)
}

/// What follows a date: nothing (a label), or ` H:M`, `THH:MM:SS.fffZ`, ` 09:30 PM`, ` 09:30+02:00`.
fn clock(date: i64, bytes: &[u8]) -> Option<Moment> {
    let midnight = date.checked_mul(DAY)?;
    let Some((&first, rest)) = bytes.split_first() else {
        return Some(Moment::Label(midnight));
    };
    if !matches!(first, b' ' | b'T' | b't') {
        return None;
    }
    let mut text = Cursor(rest);
    let mut hour = text.digits(2)?;
    if !text.eat(b':') {
        return None;
    }
    let minute = text.digits(2)?;
    let mut nanos = 0;
    let mut second = 0;
    if text.eat(b':') {
        second = text.digits(2)?;
        if text.eat(b'.') || text.eat(b',') {
            nanos = text.fraction()?;
        }
    }
    text.eat(b' ');
    if let Some(afternoon) = text.half() {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + if afternoon { 12 } else { 0 };
        text.eat(b' ');
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let wall = midnight.checked_add((hour * 3600 + minute * 60 + second) * SECOND + nanos)?;
    match text.0 {
        b"" => Some(Moment::Wall(wall)),
        b"Z" | b"z" | b"UTC" | b"GMT" => Some(Moment::Instant(wall)),
        _ => wall
            .checked_sub(text.offset()? * SECOND)
            .map(Moment::Instant),
    }
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn eat(&mut self, byte: u8) -> bool {
        let found = self.0.first() == Some(&byte);
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    /// One digit to `most` of them.
    fn digits(&mut self, most: usize) -> Option<i64> {
        let length = self
            .0
            .iter()
            .take(most)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let value = number(&self.0[..length])?;
        self.0 = &self.0[length..];
        Some(value)
    }

    /// Digits after a decimal point as nanoseconds; what is finer is cut off.
    fn fraction(&mut self) -> Option<i64> {
        let length = self
            .0
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let value = number(&self.0[..length.min(9)])?;
        self.0 = &self.0[length..];
        Some(value * 10_i64.pow(9 - length.min(9) as u32))
    }

    /// `AM` is false, `PM` is true.
    fn half(&mut self) -> Option<bool> {
        let afternoon = match self.0.get(..2)? {
            [b'P' | b'p', b'M' | b'm'] => true,
            [b'A' | b'a', b'M' | b'm'] => false,
            _ => return None,
        };
        self.0 = &self.0[2..];
        Some(afternoon)
    }

    /// `+HH:MM`, `+HHMM` or `+HH` to the end, in seconds east.
    fn offset(&mut self) -> Option<i64> {
        let sign = if self.eat(b'+') {
            1
        } else if self.eat(b'-') {
            -1
        } else {
            return None;
        };
        let hours = self.digits(2)?;
        self.eat(b':');
        let minutes = if self.0.is_empty() {
            0
        } else {
            self.digits(2)?
        };
        (self.0.is_empty() && hours <= 15 && minutes <= 59)
            .then_some(sign * (hours * 3600 + minutes * 60))
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        digits
            .iter()
            .fold(0, |value, &digit| value * 10 + i64::from(digit - b'0')),
    )
}

/// Days since 1970-01-01.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(year).ok()?,
        u32::try_from(month).ok()?,
        u32::try_from(day).ok()?,
    )?;
    Some(i64::from(date.num_days_from_ce()) - EPOCH_FROM_CE)
}

/// A zone's clock, with the offset of the last look-up kept for the days in which it holds.
#[derive(Clone, Debug)]
pub(super) struct ZoneClock {
    zone: Tz,
    from: i64,
    until: i64,
    offset: i64,
}

impl ZoneClock {
    pub(super) fn new(zone: Tz) -> Self {
        let (from, until) = if zone == Tz::UTC {
            (i64::MIN, i64::MAX)
        } else {
            (0, 0)
        };
        Self {
            zone,
            from,
            until,
            offset: 0,
        }
    }

    /// Local wall clock of an instant, both in nanoseconds.
    pub(super) fn local(&mut self, utc: i64) -> i64 {
        if utc < self.from || utc >= self.until {
            self.look(utc);
        }
        utc + self.offset
    }

    /// The instant of a wall clock. `None` if clocks skip it. Of two, the first that is later than
    /// `after`.
    pub(super) fn instant(&mut self, wall: i64, after: Option<i64>) -> Option<i64> {
        let guess = wall.checked_sub(self.offset)?;
        // A whole day on both sides in one offset: no change of clocks is near.
        if self.from.saturating_add(DAY) <= guess && guess < self.until.saturating_sub(DAY) {
            return Some(guess);
        }
        let naive = DateTime::from_timestamp_nanos(wall).naive_utc();
        let instant = |offset_s: i32| wall - i64::from(offset_s) * SECOND;
        let (mut found, second) = match self.zone.offset_from_local_datetime(&naive) {
            MappedLocalTime::None => return None,
            MappedLocalTime::Single(offset) => (instant(offset.fix().local_minus_utc()), None),
            MappedLocalTime::Ambiguous(first, second) => (
                instant(first.fix().local_minus_utc()),
                Some(instant(second.fix().local_minus_utc())),
            ),
        };
        if let (Some(second), Some(after)) = (second, after)
            && found <= after
        {
            found = second;
        }
        self.look(found);
        Some(found)
    }

    /// Keeps the offset at `utc` and a span around it in which it holds (a zone does not change its
    /// clocks twice within four days).
    fn look(&mut self, utc: i64) {
        let offset = self.offset_at(utc);
        self.offset = offset;
        self.from = if self.offset_at(utc.saturating_sub(2 * DAY)) == offset {
            utc.saturating_sub(2 * DAY)
        } else {
            utc
        };
        self.until = if self.offset_at(utc.saturating_add(2 * DAY)) == offset {
            utc.saturating_add(2 * DAY)
        } else {
            utc + 1
        };
    }

    fn offset_at(&self, utc: i64) -> i64 {
        let naive = DateTime::from_timestamp_nanos(utc).naive_utc();
        i64::from(
            self.zone
                .offset_from_utc_datetime(&naive)
                .fix()
                .local_minus_utc(),
        ) * SECOND
    }
}

/// `2018-01-10T04:55:00Z`, or `2018-01-10` for a label; fractions only where there are some.
pub(super) fn format(ns: i64, label: bool) -> String {
    let time = DateTime::from_timestamp_nanos(ns);
    if label {
        return time.format("%Y-%m-%d").to_string();
    }
    time.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string()
}

/// A length of time in the largest unit that divides it: `5m`, `1d`, `90s`.
pub(super) fn format_span(ns: i64) -> String {
    for (unit, name) in [
        (DAY, "d"),
        (3600 * SECOND, "h"),
        (60 * SECOND, "m"),
        (SECOND, "s"),
        (1_000_000, "ms"),
        (1_000, "us"),
    ] {
        if ns != 0 && ns % unit == 0 {
            return format!("{}{name}", ns / unit);
        }
    }
    format!("{ns}ns")
}

//! How numbers, times and sizes are written: one function for each, used by tables and pictures alike.

use serde::Serialize;

/// What stands where there is no number.
pub const MISSING: &str = "\u{2013}";

/// How many digits a number is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Digits {
    /// This many digits from the first that is not 0.
    Significant(u8),
    /// This many digits behind the point: what a column wants whose points should stand in one line.
    Decimals(u8),
}

/// A number as the report writes it.
///
/// Thousands are parted by commas, the sign is a minus and not a hyphen, a value that rounds to 0 has
/// no sign, and what is not finite is [`MISSING`]. From 10^15 on, and below 10^-5 where significant
/// digits are asked for, it is written with an exponent.
///
/// ```
/// use emberline::evaluation::report::{Digits, number};
///
/// assert_eq!(number(-22_978.4, Digits::Decimals(0)), "\u{2212}22,978");
/// assert_eq!(number(0.060_94, Digits::Significant(3)), "0.0609");
/// assert_eq!(number(-0.000_01, Digits::Decimals(3)), "0.000");
/// assert_eq!(number(f64::NAN, Digits::Significant(3)), "\u{2013}");
/// ```
pub fn number(value: f64, digits: Digits) -> String {
    if !value.is_finite() {
        return MISSING.to_owned();
    }
    let (decimals, exponent) = match digits {
        Digits::Decimals(decimals) => (usize::from(decimals), value.abs() >= 1e15),
        Digits::Significant(wanted) => {
            let power = decimal_power(value, wanted);
            let decimals = (i32::from(wanted) - 1 - power).max(0).unsigned_abs() as usize;
            (decimals, value != 0.0 && !(-5..15).contains(&power))
        }
    };
    if exponent {
        let wanted = match digits {
            Digits::Significant(wanted) => wanted,
            Digits::Decimals(_) => 3,
        };
        return scientific(value, wanted);
    }
    let plain = format!("{:.*}", decimals, value.abs());
    let is_zero = !plain.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    let (whole, rest) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let sign = if value < 0.0 && !is_zero {
        "\u{2212}"
    } else {
        ""
    };
    format!("{sign}{}{rest}", parted(whole))
}

/// Three significant digits without zeros at the end: what a sentence wants.
pub(super) fn brief(value: f64) -> String {
    let text = number(value, Digits::Significant(3));
    if text.contains('.') && !text.contains('e') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// `1.20e−7`.
pub(super) fn scientific(value: f64, significant: u8) -> String {
    let behind = usize::from(significant.max(1)) - 1;
    format!("{value:.behind$e}").replace('-', "\u{2212}")
}

/// The whole part of a number as a count; below 0 it is 0.
#[allow(clippy::cast_sign_loss, reason = "casts of floats saturate")]
pub(super) fn whole(value: f64) -> usize {
    value as usize
}

/// The same as a number of digits.
#[allow(clippy::cast_sign_loss, reason = "casts of floats saturate")]
pub(super) fn num_digits(value: f64) -> u8 {
    value as u8
}

/// The power of ten of the first digit, once the number is rounded to `significant` digits.
fn decimal_power(value: f64, significant: u8) -> i32 {
    let behind = usize::from(significant.max(1)) - 1;
    let written = format!("{value:.behind$e}");
    written
        .split_once('e')
        .and_then(|(_, power)| power.parse().ok())
        .unwrap_or(0)
}

/// Commas between thousands.
fn parted(whole: &str) -> String {
    let mut text = String::with_capacity(whole.len() + whole.len() / 3);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share as a percentage: `51.2 %`, with a narrow space that does not break.
///
/// ```
/// use emberline::evaluation::report::percent;
///
/// assert_eq!(percent(0.512, 1), "51.2\u{202f}%");
/// ```
pub fn percent(share: f64, decimals: u8) -> String {
    if share.is_finite() {
        let text = number(100.0 * share, Digits::Decimals(decimals));
        format!("{text}\u{202f}%")
    } else {
        MISSING.to_owned()
    }
}

/// Bytes in powers of 1,000: `1.24 GB`.
///
/// ```
/// use emberline::evaluation::report::bytes;
///
/// assert_eq!(bytes(1_240_000_000), "1.24\u{202f}GB");
/// assert_eq!(bytes(512), "512\u{202f}B");
/// ```
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if count < 1_000 {
        return format!("{count}\u{202f}B");
    }
    let (mut value, mut unit) = (count as f64 / 1e3, 0);
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1e3;
        unit += 1;
    }
    let text = number(value, Digits::Significant(3));
    format!("{text}\u{202f}{}", UNITS[unit])
}

/// A length of time: `0.32 s`, `4 min 7 s`, `2 h 5 min`.
///
/// ```
/// use emberline::evaluation::report::duration;
///
/// assert_eq!(duration(247.2), "4\u{202f}min 7\u{202f}s");
/// ```
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return MISSING.to_owned();
    }
    if seconds.abs() < 59.95 {
        return format!("{}\u{202f}s", number(seconds, Digits::Significant(3)));
    }
    let (whole, minutes) = (seconds.round(), (seconds / 60.0).round());
    let show = |value: f64| number(value, Digits::Decimals(0));
    if whole < 3_600.0 {
        let (minutes, rest) = ((whole / 60.0).floor(), whole % 60.0);
        return format!("{}\u{202f}min {}\u{202f}s", show(minutes), show(rest));
    }
    let (hours, rest) = ((minutes / 60.0).floor(), minutes % 60.0);
    format!("{}\u{202f}h {}\u{202f}min", show(hours), show(rest))
}

/// The day of an instant (nanoseconds since the epoch), UTC: `2026-01-31`.
pub fn date(time_ns: i64) -> String {
    written(time_ns, "%Y-%m-%d")
}

/// An instant (nanoseconds since the epoch) to the minute, UTC: `2026-01-31 23:55`.
pub fn time(time_ns: i64) -> String {
    written(time_ns, "%Y-%m-%d %H:%M")
}

pub(super) fn written(time_ns: i64, format: &str) -> String {
    chrono::DateTime::from_timestamp_nanos(time_ns)
        .format(format)
        .to_string()
}

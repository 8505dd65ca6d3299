//! Axes: from values to places, and where the ticks stand.

use chrono::{DateTime, Datelike as _, NaiveDate};
use serde::Serialize;

use super::super::number::{self, Digits};

/// Values beyond are no measurement; they would overflow when a range is computed.
const LARGEST: f64 = 1e150;
const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;
/// Steps of ticks shorter than a month, in nanoseconds.
const TIME_STEPS: [i64; 18] = [
    SECOND,
    5 * SECOND,
    15 * SECOND,
    30 * SECOND,
    60 * SECOND,
    300 * SECOND,
    900 * SECOND,
    1_800 * SECOND,
    3_600 * SECOND,
    3 * 3_600 * SECOND,
    6 * 3_600 * SECOND,
    12 * 3_600 * SECOND,
    DAY,
    2 * DAY,
    4 * DAY,
    7 * DAY,
    14 * DAY,
    28 * DAY,
];
/// Steps of ticks in months.
const MONTH_STEPS: [i32; 8] = [2, 3, 6, 12, 24, 60, 120, 600];

/// How an axis counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AxisKind {
    /// Equal steps.
    #[default]
    Linear,
    /// Equal steps of a share, written as percentages.
    Percent,
    /// Equal factors; values that are not above 0 are left out.
    Log,
    /// Nanoseconds since the epoch, UTC.
    Time,
}

/// An axis.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Axis {
    /// What it counts, with the unit.
    pub name: String,
    /// How it counts.
    pub kind: AxisKind,
    /// What it shows at least.
    pub range: Option<(f64, f64)>,
}

impl Axis {
    /// Equal steps.
    pub fn linear(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Shares as percentages.
    pub fn percent(name: impl Into<String>) -> Self {
        Self {
            kind: AxisKind::Percent,
            ..Self::linear(name)
        }
    }

    /// Equal factors.
    pub fn log(name: impl Into<String>) -> Self {
        Self {
            kind: AxisKind::Log,
            ..Self::linear(name)
        }
    }

    /// Instants.
    pub fn time() -> Self {
        Self {
            kind: AxisKind::Time,
            ..Self::linear("")
        }
    }

    /// The axis, showing at least from `low` to `high`.
    #[must_use]
    pub fn showing(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// Whether a value can be drawn.
    pub(super) fn has(&self, value: f64) -> bool {
        match self.kind {
            AxisKind::Log => value > 1.0 / LARGEST && value < LARGEST,
            AxisKind::Time => value.abs() < i64::MAX as f64,
            AxisKind::Linear | AxisKind::Percent => value.abs() < LARGEST,
        }
    }

    /// A value as a description says it.
    pub(super) fn say(&self, value: f64) -> String {
        match self.kind {
            AxisKind::Percent => number::percent(value, 1),
            AxisKind::Time => number::time(value as i64),
            AxisKind::Linear | AxisKind::Log => number::brief(value),
        }
    }
}

/// An axis fitted to values: places run from `from` to `to`.
pub(super) struct Scale {
    kind: AxisKind,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Fits the axis to the values, with a `room` on both sides as a share of the range; `None` if
    /// there is nothing to show.
    pub(super) fn fit(
        axis: &Axis,
        values: impl Iterator<Item = f64>,
        room: f64,
        (from, to): (f64, f64),
    ) -> Option<Self> {
        let mut found: Option<(f64, f64)> = None;
        for value in values.filter(|value| axis.has(*value)) {
            found = Some(found.map_or((value, value), |(low, high)| {
                (low.min(value), high.max(value))
            }));
        }
        let (mut low, mut high) = found?;
        let is_log = axis.kind == AxisKind::Log;
        if is_log {
            (low, high) = (low.ln(), high.ln());
        }
        let (seen_low, seen_high) = (low, high);
        if let Some((least, most)) = axis.range {
            for end in [least, most].into_iter().filter(|end| axis.has(*end)) {
                let end = if is_log { end.ln() } else { end };
                (low, high) = (low.min(end), high.max(end));
            }
        }
        // A range that rounding error alone could make is flat.
        if high - low <= low.abs().max(high.abs()) * 1e-12 {
            let half = match axis.kind {
                AxisKind::Time => DAY as f64 / 2.0,
                AxisKind::Log => 0.7,
                AxisKind::Linear | AxisKind::Percent if low == 0.0 => 1.0,
                AxisKind::Linear | AxisKind::Percent => low.abs() * 0.1,
            };
            (low, high) = (low - half, high + half);
        } else {
            // An end that was asked for stands as it is, unless values reach it.
            let space = (high - low) * room;
            let asked = axis.range.is_some();
            if !asked || low >= seen_low {
                low -= space;
            }
            if !asked || high <= seen_high {
                high += space;
            }
        }
        Some(Self {
            kind: axis.kind,
            low,
            high,
            from,
            to,
        })
    }

    /// Where a value stands; one beyond the ends, at the end.
    pub(super) fn at(&self, value: f64) -> f64 {
        let value = if self.kind == AxisKind::Log {
            value.ln()
        } else {
            value
        };
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.from + share * (self.to - self.from)
    }

    /// Whether a value lies within the ends.
    pub(super) fn shows(&self, value: f64) -> bool {
        let value = if self.kind == AxisKind::Log {
            value.ln()
        } else {
            value
        };
        value >= self.low && value <= self.high
    }

    /// The lower and the upper end, as values.
    pub(super) fn ends(&self) -> (f64, f64) {
        if self.kind == AxisKind::Log {
            (self.low.exp(), self.high.exp())
        } else {
            (self.low, self.high)
        }
    }

    /// About `most` round values with their texts, never more than twice as many.
    pub(super) fn ticks(&self, most: usize) -> Vec<(f64, String)> {
        let most = most.max(2);
        let (low, high) = self.ends();
        let mut ticks = match self.kind {
            AxisKind::Linear => linear(low, high, most, ""),
            AxisKind::Percent => linear(100.0 * low, 100.0 * high, most, "%")
                .into_iter()
                .map(|(value, text)| (value / 100.0, text))
                .collect(),
            AxisKind::Log => logarithmic(low, high, most),
            AxisKind::Time => times(low, high, most),
        };
        ticks.retain(|(value, _)| self.shows(*value));
        ticks.truncate(2 * most);
        ticks
    }
}

fn linear(low: f64, high: f64, most: usize, unit: &str) -> Vec<(f64, String)> {
    let raw = (high - low) / most as f64;
    let power = raw.log10().floor();
    let unit_step = 10.0_f64.powf(power);
    let factor = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|factor| factor * unit_step >= raw * 0.999)
        .unwrap_or(10.0);
    let step = factor * unit_step;
    if !(step.is_finite() && step > 0.0) {
        return Vec::new();
    }
    let first = (low / step - 1e-9).ceil();
    let decimals = (-(step.log10() + 1e-9).floor()).max(0.0);
    let largest = low.abs().max(high.abs());
    let show = |value: f64| {
        if largest >= 1e7 || decimals > 6.0 {
            let behind = number::num_digits((largest / step).log10().ceil().min(12.0));
            number::scientific(value, behind + 1)
        } else {
            number::number(value, Digits::Decimals(number::num_digits(decimals)))
        }
    };
    (0..=2 * most)
        .map(|at| {
            let value = (first + at as f64) * step;
            // Not a rounding error away from 0.
            if value.abs() < step * 1e-6 {
                0.0
            } else {
                value
            }
        })
        .take_while(|value| *value <= high + step * 1e-6)
        .map(|value| {
            let text = if value == 0.0 {
                "0".to_owned()
            } else {
                show(value)
            };
            (value, format!("{text}{unit}"))
        })
        .collect()
}

fn logarithmic(low: f64, high: f64, most: usize) -> Vec<(f64, String)> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let decades = (last - first).max(1).unsigned_abs() as usize;
    let stride = decades.div_ceil(most).max(1);
    let factors: &[f64] = if decades * 3 <= most {
        &[1.0, 2.0, 5.0]
    } else {
        &[1.0]
    };
    let ticks: Vec<(f64, String)> = (first..=last)
        .step_by(stride)
        .flat_map(|power| {
            factors
                .iter()
                .map(move |factor| factor * 10.0_f64.powi(power))
        })
        .filter(|value| *value >= low && *value <= high)
        .map(|value| (value, number::number(value, Digits::Significant(1))))
        .collect();
    // Less than about a decade: round steps say more than factors.
    if ticks.len() < 3 {
        linear(low, high, most, "")
    } else {
        ticks
    }
}

fn times(low: f64, high: f64, most: usize) -> Vec<(f64, String)> {
    let (low, high) = (low as i64, high as i64);
    let span = high.saturating_sub(low);
    let fits = |step: i64| span / step <= most as i64;
    if let Some(step) = TIME_STEPS.into_iter().find(|step| fits(*step)) {
        let format = match step {
            step if step < 60 * SECOND => "%H:%M:%S",
            step if step < DAY => "%m-%d %H:%M",
            _ => "%Y-%m-%d",
        };
        // Weeks begin on Mondays; the epoch was a Thursday.
        let offset = if step >= 7 * DAY { 4 * DAY } else { 0 };
        let first = (low - offset).div_euclid(step) * step + offset;
        return (0..=most as i64 + 1)
            .filter_map(|at| first.checked_add(at.checked_mul(step)?))
            .filter(|time| *time >= low && *time <= high)
            .map(|time| (time as f64, number::written(time, format)))
            .collect();
    }
    let months = MONTH_STEPS
        .into_iter()
        .find(|months| fits(i64::from(*months) * 30 * DAY))
        .unwrap_or(600);
    let format = if months < 12 { "%Y-%m" } else { "%Y" };
    let start = DateTime::from_timestamp_nanos(low);
    let month = start.year() * 12 + start.month0() as i32;
    (0..=2 * most as i32)
        .filter_map(|at| {
            let month = (month.div_euclid(months) + at) * months;
            let day = NaiveDate::from_ymd_opt(
                month.div_euclid(12),
                month.rem_euclid(12).unsigned_abs() + 1,
                1,
            )?;
            day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_nanos_opt()
        })
        .filter(|time| *time >= low && *time <= high)
        .map(|time| (time as f64, number::written(time, format)))
        .collect()
}

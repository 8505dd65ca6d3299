//! Volume-weighted average prices in float64.

use super::{Segment, undefined};

/// The bar that each bar's sums start at; `None` before the first anchor. Without anchors: bar 0.
fn starts(s: &Segment, anchors: Option<&[f64]>) -> Vec<Option<usize>> {
    let mut start = if anchors.is_none() { Some(0) } else { None };
    (0..s.len())
        .map(|t| {
            if anchors.is_some_and(|anchors| anchors[t] != 0.0) {
                start = Some(t);
            }
            start
        })
        .collect()
}

/// Weighted mean of the typical price since the anchor, and the weighted deviation around it.
pub fn anchored(s: &Segment, anchors: Option<&[f64]>) -> (Vec<f64>, Vec<f64>) {
    let starts = starts(s, anchors);
    let (mut base, mut deviation) = (undefined(s.len()), undefined(s.len()));
    let (mut weight, mut mean, mut moment) = (0.0, 0.0, 0.0);
    for t in 0..s.len() {
        if starts[t] == Some(t) {
            (weight, mean, moment) = (0.0, 0.0, 0.0);
        }
        if starts[t].is_none() {
            continue;
        }
        let (price, volume) = (s.typical_price(t), s.volume[t]);
        weight += volume;
        if weight > 0.0 {
            let before = mean;
            mean += volume / weight * (price - mean);
            moment += volume * (price - before) * (price - mean);
            base[t] = mean;
            deviation[t] = (moment / weight).sqrt();
        }
    }
    (base, deviation)
}

/// The deviation of each bar from its own base over the last `bars` bars, at most since the anchor.
pub fn rolling(s: &Segment, anchors: Option<&[f64]>, bars: usize) -> Vec<f64> {
    let starts = starts(s, anchors);
    let (base, _) = anchored(s, anchors);
    let mut y = undefined(s.len());
    for t in 0..s.len() {
        let Some(start) = starts[t] else { continue };
        let first = start.max((t + 1).saturating_sub(bars));
        let (mut weight, mut moment) = (0.0, 0.0);
        for i in first..=t {
            weight += s.volume[i];
            if base[i].is_finite() {
                moment += s.volume[i] * (s.typical_price(i) - base[i]).powi(2);
            }
        }
        if weight > 0.0 {
            y[t] = (moment / weight).sqrt();
        }
    }
    y
}

/// The last bar from which a session runs, at or before bar `t`.
fn session_of(s: &Segment, t: usize) -> Option<usize> {
    (0..=t).rev().find(|&i| s.session_start[i] != 0.0)
}

/// The first of the bars where `value` is greatest.
fn earliest_greatest(
    s: &Segment,
    bars: std::ops::Range<usize>,
    value: fn(&Segment, usize) -> f64,
) -> Option<usize> {
    let mut best = None;
    for i in bars {
        if best.is_none_or(|best| value(s, i) > value(s, best)) {
            best = Some(i);
        }
    }
    best
}

/// For each bar, the bar of its session's greatest `value` so far; `None` before the first session.
pub fn extremes(s: &Segment, value: fn(&Segment, usize) -> f64) -> Vec<Option<usize>> {
    (0..s.len())
        .map(|t| earliest_greatest(s, session_of(s, t)?..t + 1, value))
        .collect()
}

/// For each bar, the bar of the session before's greatest `value`; `None` before the second session.
pub fn previous_extremes(s: &Segment, value: fn(&Segment, usize) -> f64) -> Vec<Option<usize>> {
    (0..s.len())
        .map(|t| {
            let start = session_of(s, t)?;
            let before = session_of(s, start.checked_sub(1)?)?;
            earliest_greatest(s, before..start, value)
        })
        .collect()
}

/// Weighted mean of the typical price over some bars, undefined without volume.
fn mean(s: &Segment, bars: std::ops::RangeInclusive<usize>) -> f64 {
    let weight: f64 = bars.clone().map(|i| s.volume[i]).sum();
    // Around the first price, so that a weight of nearly 0 keeps the digits.
    let origin = s.typical_price(*bars.start());
    let sum: f64 = bars
        .map(|i| s.volume[i] * (s.typical_price(i) - origin))
        .sum();
    if weight > 0.0 {
        origin + sum / weight
    } else {
        f64::NAN
    }
}

/// Weighted mean of the typical price over the last `bars` bars.
pub fn last(s: &Segment, bars: usize) -> Vec<f64> {
    let mut y = undefined(s.len());
    for t in bars - 1..s.len() {
        y[t] = mean(s, t + 1 - bars..=t);
    }
    y
}

/// Weighted mean of the typical price since each bar's anchor, and the weighted deviation around it,
/// every bar by itself.
pub fn since(s: &Segment, anchors: &[Option<usize>]) -> (Vec<f64>, Vec<f64>) {
    let (mut base, mut deviation) = (undefined(s.len()), undefined(s.len()));
    for t in 0..s.len() {
        let Some(anchor) = anchors[t] else { continue };
        base[t] = mean(s, anchor..=t);
        let weight: f64 = s.volume[anchor..=t].iter().sum();
        let moment: f64 = (anchor..=t)
            .map(|i| s.volume[i] * (s.typical_price(i) - base[t]).powi(2))
            .sum();
        deviation[t] = (moment / weight).sqrt();
    }
    (base, deviation)
}

/// As [`since`], with the deviation of each of the last `bars` bars, at most since the anchor, from
/// the mean that stood at that bar.
pub fn since_rolling(s: &Segment, anchors: &[Option<usize>], bars: usize) -> (Vec<f64>, Vec<f64>) {
    let (base, mut deviation) = (since(s, anchors).0, undefined(s.len()));
    for t in 0..s.len() {
        let Some(anchor) = anchors[t] else { continue };
        let (mut weight, mut moment) = (0.0, 0.0);
        for i in anchor.max((t + 1).saturating_sub(bars))..=t {
            weight += s.volume[i];
            let own = mean(s, anchor..=i);
            if own.is_finite() {
                moment += s.volume[i] * (s.typical_price(i) - own).powi(2);
            }
        }
        if weight > 0.0 {
            deviation[t] = (moment / weight).sqrt();
        }
    }
    (base, deviation)
}

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

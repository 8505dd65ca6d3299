//! Distances to extremes in float64.

use super::{Segment, undefined};

/// Signed distance to the nearer of the window's high and low, over the close.
pub fn support_resistance(s: &Segment, period: usize) -> Vec<f64> {
    let mut y = undefined(s.len());
    for t in period - 1..s.len() {
        let window = t + 1 - period..=t;
        let high = s.high[window.clone()]
            .iter()
            .copied()
            .fold(f64::MIN, f64::max);
        let low = s.low[window].iter().copied().fold(f64::MAX, f64::min);
        let (up, down) = (high - s.close[t], s.close[t] - low);
        y[t] = if up <= down { up } else { -down } / s.close[t];
    }
    y
}

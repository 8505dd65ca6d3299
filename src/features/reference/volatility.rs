//! Ranges and deviations in float64.

use super::average::{mean, smooth};
use super::{Segment, undefined};

/// True range; undefined at bar 0.
pub fn true_range(s: &Segment) -> Vec<f64> {
    let mut y = undefined(s.len());
    for t in 1..s.len() {
        let before = s.close[t - 1];
        y[t] = (s.high[t] - s.low[t])
            .max((s.high[t] - before).abs())
            .max((s.low[t] - before).abs());
    }
    y
}

/// Wilder's average true range.
pub fn atr(s: &Segment, period: usize) -> Vec<f64> {
    smooth(&true_range(s), period, 1.0 / period as f64, period)
}

/// Standard deviation of the last `period` values.
pub fn deviation(x: &[f64], period: usize, ddof: usize) -> Vec<f64> {
    let mut y = undefined(x.len());
    for t in period - 1..x.len() {
        let window = &x[t + 1 - period..=t];
        let mean = mean(window);
        let squares: f64 = window.iter().map(|x| (x - mean).powi(2)).sum();
        y[t] = (squares / (period - ddof) as f64).sqrt();
    }
    y
}

/// Root mean square of log returns.
pub fn realised(x: &[f64], period: usize) -> Vec<f64> {
    let squares = super::momentum::change(x, 1, |now, then| (now / then).ln().powi(2));
    let mut y = undefined(x.len());
    for t in period..x.len() {
        y[t] = mean(&squares[t + 1 - period..=t]).sqrt();
    }
    y
}

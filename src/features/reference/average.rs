//! Moving averages in float64.

use super::undefined;

/// Mean of the last `period` values.
pub fn sma(x: &[f64], period: usize) -> Vec<f64> {
    let mut y = undefined(x.len());
    for t in (period - 1)..x.len() {
        y[t] = mean(&x[t + 1 - period..=t]);
    }
    y
}

/// Exponential average over `period` bars that starts at bar `start` with the mean of the last
/// `period` values.
pub fn ema(x: &[f64], period: usize, start: usize) -> Vec<f64> {
    smooth(x, period, 2.0 / (period as f64 + 1.0), start)
}

/// `y += weight (x - y)` from the mean of the last `period` values at bar `start`.
pub fn smooth(x: &[f64], period: usize, weight: f64, start: usize) -> Vec<f64> {
    let mut y = undefined(x.len());
    if start >= x.len() {
        return y;
    }
    y[start] = mean(&x[start + 1 - period..=start]);
    for t in start + 1..x.len() {
        y[t] = y[t - 1] + weight * (x[t] - y[t - 1]);
    }
    y
}

/// Exponential average with weights normalised from the first bar.
pub fn ema_adjusted(x: &[f64], period: usize) -> Vec<f64> {
    let keep = 1.0 - 2.0 / (period as f64 + 1.0);
    let (mut sum, mut weights) = (0.0, 0.0);
    x.iter()
        .map(|x| {
            sum = keep * sum + x;
            weights = keep * weights + 1.0;
            sum / weights
        })
        .collect()
}

/// Arithmetic mean.
pub fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

//! Momentum in float64.

use super::average::{mean, smooth};
use super::undefined;

/// `compare(x_t, x_{t - period})`.
pub fn change(x: &[f64], period: usize, compare: fn(f64, f64) -> f64) -> Vec<f64> {
    let mut y = undefined(x.len());
    for t in period..x.len() {
        y[t] = compare(x[t], x[t - period]);
    }
    y
}

/// Rises and falls since the bar before; undefined at bar 0.
fn rises_and_falls(x: &[f64]) -> (Vec<f64>, Vec<f64>) {
    (
        change(x, 1, |now, then| (now - then).max(0.0)),
        change(x, 1, |now, then| (then - now).max(0.0)),
    )
}

/// Wilder's relative strength index.
pub fn rsi(x: &[f64], period: usize) -> Vec<f64> {
    let (rises, falls) = rises_and_falls(x);
    let weight = 1.0 / period as f64;
    let rises = smooth(&rises, period, weight, period);
    let falls = smooth(&falls, period, weight, period);
    share(&rises, &falls, 0.0)
}

/// Relative strength index from simple means.
pub fn rsi_cutler(x: &[f64], period: usize) -> Vec<f64> {
    let (rises, falls) = rises_and_falls(x);
    let mut y = undefined(x.len());
    for t in period..x.len() {
        let window = t + 1 - period..=t;
        let (rise, fall) = (mean(&rises[window.clone()]), mean(&falls[window]));
        y[t] = share(&[rise], &[fall], 50.0)[0];
    }
    y
}

/// `100 g / (g + l)`; `still` where nothing moved.
fn share(rises: &[f64], falls: &[f64], still: f64) -> Vec<f64> {
    let share = |(g, l): (&f64, &f64)| {
        if g + l == 0.0 {
            still
        } else {
            100.0 * g / (g + l)
        }
    };
    rises.iter().zip(falls).map(share).collect()
}

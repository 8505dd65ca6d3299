//! Moving average convergence and divergence in float64.

use super::average::{ema, ema_adjusted};
use super::undefined;

/// Line, signal and histogram as TA-Lib has them: all three start with the signal.
pub fn macd(x: &[f64], fast: usize, slow: usize, signal: usize) -> Vec<Vec<f64>> {
    let (fast, slow_average) = (ema(x, fast, slow - 1), ema(x, slow, slow - 1));
    let mut line: Vec<f64> = fast.iter().zip(&slow_average).map(|(f, s)| f - s).collect();
    let signal_line = ema(&line, signal, slow + signal - 2);
    let histogram = line
        .iter()
        .zip(&signal_line)
        .map(|(line, signal)| line - signal)
        .collect();
    let warmup = (slow + signal - 2).min(line.len());
    line[..warmup].fill(f64::NAN);
    vec![line, signal_line, histogram]
}

/// The line from adjusted averages.
pub fn macd_adjusted(x: &[f64], fast: usize, slow: usize) -> Vec<f64> {
    let (fast, slow_average) = (ema_adjusted(x, fast), ema_adjusted(x, slow));
    let mut line = undefined(x.len());
    for t in slow - 1..x.len() {
        line[t] = fast[t] - slow_average[t];
    }
    line
}

//! The oracle: every window by itself, in float64.

use super::Statistic;

/// The `statistic` of the last `period` values, for each bar of one row.
///
/// ```
/// use emberline::ops::rolling::{Statistic, reference::rolling};
/// let y = rolling(&[1.0, 2.0, 6.0], Statistic::Mean, 2);
/// assert!(y[0].is_nan());
/// assert_eq!(y[1..], [1.5, 4.0]);
/// ```
///
/// # Panics
/// If `period` is 0.
pub fn rolling(x: &[f64], statistic: Statistic, period: usize) -> Vec<f64> {
    assert!(period > 0, "rolling: a period of 0 bars");
    (0..x.len())
        .map(|t| {
            if t + 1 < period {
                return f64::NAN;
            }
            let window = &x[t + 1 - period..=t];
            if window.iter().any(|value| value.is_nan()) {
                return f64::NAN;
            }
            of_window(window, statistic)
        })
        .collect()
}

fn of_window(window: &[f64], statistic: Statistic) -> f64 {
    let count = window.len() as f64;
    let sum: f64 = window.iter().sum();
    match statistic {
        Statistic::Sum => sum,
        Statistic::Mean => sum / count,
        Statistic::Max => window.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Statistic::Min => window.iter().copied().fold(f64::INFINITY, f64::min),
        Statistic::Variance { ddof } if ddof >= window.len() => f64::NAN,
        Statistic::Variance { ddof } => {
            let mean = sum / count;
            let squares: f64 = window.iter().map(|value| (value - mean).powi(2)).sum();
            squares / (window.len() - ddof) as f64
        }
        Statistic::WeightedMean => {
            let weighted: f64 = (1..)
                .zip(window)
                .map(|(weight, value)| f64::from(weight) * value)
                .sum();
            weighted / (count * (count + 1.0) / 2.0)
        }
    }
}

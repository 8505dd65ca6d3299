//! The oracle: the formula in float64.

use super::Settings;

/// One step of (weight, first moment, second moment) with `gradient`, all of one length.
///
/// ```
/// use emberline::ops::adamw::{Settings, reference::step};
/// let settings = Settings { beta_1: 0.9, beta_2: 0.999, epsilon: 0.0, weight_decay: 0.0 };
/// let mut state = (vec![1.0], vec![0.0], vec![0.0]);
/// step(&settings, 1, 0.1, &mut state, &[-3.0]);
/// assert!((state.0[0] - 1.1).abs() < 1e-12, "the first step is as long as the rate");
/// ```
///
/// # Panics
/// If lengths differ.
pub fn step(
    settings: &Settings,
    step: i32,
    rate: f64,
    state: &mut (Vec<f64>, Vec<f64>, Vec<f64>),
    gradient: &[f64],
) {
    let Settings {
        beta_1,
        beta_2,
        epsilon,
        weight_decay,
    } = *settings;
    let (weight, first, second) = state;
    assert_eq!(weight.len(), gradient.len(), "weight and gradient");
    for (index, gradient) in gradient.iter().enumerate() {
        let m = beta_1 * first[index] + (1.0 - beta_1) * gradient;
        let v = beta_2 * second[index] + (1.0 - beta_2) * gradient * gradient;
        let (even_m, even_v) = (m / (1.0 - beta_1.powi(step)), v / (1.0 - beta_2.powi(step)));
        weight[index] -= rate * (weight_decay * weight[index] + even_m / (even_v.sqrt() + epsilon));
        (first[index], second[index]) = (m, v);
    }
}

/// The sum of squares.
pub fn sum_squares(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum()
}

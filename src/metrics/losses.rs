//! Errors in the label's units.

use serde::{Deserialize, Serialize};

/// The loss that training minimises, as the metric `validation_loss` computes it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// [`huber`] with this delta.
    Huber {
        /// Where the square turns into a line, in the label's units.
        delta: f64,
    },
    /// [`mse`].
    Mse,
}

impl Default for Objective {
    fn default() -> Self {
        Self::Huber { delta: 1.0 }
    }
}

impl Objective {
    /// The mean loss.
    ///
    /// # Panics
    /// As [`huber`].
    pub fn mean(self, forecast: &[f64], label: &[f64]) -> f64 {
        match self {
            Self::Huber { delta } => huber(forecast, label, delta),
            Self::Mse => mse(forecast, label),
        }
    }
}

/// Mean squared error, in squared units of the label.
///
/// ```text
/// mse = 1/n sum (forecast - label)^2
/// ```
/// # Panics
/// If the lengths differ or are 0.
pub fn mse(forecast: &[f64], label: &[f64]) -> f64 {
    mean(forecast, label, |error| error * error)
}

/// Mean absolute error, in units of the label.
///
/// ```text
/// mae = 1/n sum |forecast - label|
/// ```
/// # Panics
/// If the lengths differ or are 0.
pub fn mae(forecast: &[f64], label: &[f64]) -> f64 {
    mean(forecast, label, f64::abs)
}

/// Mean Huber loss: half the square near 0, a line beyond `delta`.
///
/// ```text
/// e = |forecast - label|
/// huber = 1/n sum (e <= delta ? e^2 / 2 : delta (e - delta / 2))
/// ```
/// ```
/// assert_eq!(emberline::metrics::huber(&[0.5, 3.0], &[0.0, 0.0], 1.0), (0.125 + 2.5) / 2.0);
/// ```
/// # Panics
/// If the lengths differ or are 0.
/// # Source
/// Huber (1964).
pub fn huber(forecast: &[f64], label: &[f64], delta: f64) -> f64 {
    mean(forecast, label, |error| {
        let size = error.abs();
        if size <= delta {
            0.5 * size * size
        } else {
            delta * (size - 0.5 * delta)
        }
    })
}

fn mean(forecast: &[f64], label: &[f64], loss: impl Fn(f64) -> f64) -> f64 {
    assert_eq!(forecast.len(), label.len(), "forecasts and labels");
    assert!(!forecast.is_empty(), "a mean over no forecast");
    let sum: f64 = forecast
        .iter()
        .zip(label)
        .map(|(forecast, label)| loss(forecast - label))
        .sum();
    sum / forecast.len() as f64
}

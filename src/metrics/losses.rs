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
    /// The pinball loss, mean over the levels. Of one forecast, as a baseline gives it, the loss of that
    /// number at every level.
    Quantile {
        /// Mean of the levels: all that the loss of one number depends on.
        mean_level: f64,
    },
    /// The cross-entropy of down, flat and up. One forecast, as a baseline gives it, says nothing of
    /// probabilities: it counts as a third for each, ln 3.
    Direction,
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
            // max(t e, (t - 1) e) = t e + max(-e, 0) with e = label - forecast
            Self::Quantile { mean_level } => mean(forecast, label, |minus_error| {
                minus_error.max(0.0) - mean_level * minus_error
            }),
            Self::Direction => 3.0_f64.ln(),
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

/// Share of the labels' variance that the forecasts explain; none if the labels have no spread.
///
/// ```text
/// r2 = 1 - sum (label - forecast)^2 / sum (label - mean(label))^2
/// ```
/// The mean is of the labels measured on, which no forecaster knows: always forecasting 0 scores a
/// little below 0, noise scores further below, and there is no lower bound.
///
/// ```
/// use emberline::metrics::r2;
///
/// assert_eq!(r2(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]), Some(1.0));
/// assert_eq!(r2(&[2.0, 2.0, 2.0], &[1.0, 2.0, 3.0]), Some(0.0));
/// assert_eq!(r2(&[0.0, 1.0], &[5.0, 5.0]), None);
/// ```
/// # Panics
/// If the lengths differ.
pub fn r2(forecast: &[f64], label: &[f64]) -> Option<f64> {
    assert_eq!(forecast.len(), label.len(), "forecasts and labels");
    let average = label.iter().sum::<f64>() / label.len() as f64;
    let spread: f64 = label.iter().map(|label| (label - average).powi(2)).sum();
    let error: f64 = forecast
        .iter()
        .zip(label)
        .map(|(forecast, label)| (label - forecast).powi(2))
        .sum();
    (spread > 0.0).then(|| 1.0 - error / spread)
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

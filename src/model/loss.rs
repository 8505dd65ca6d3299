//! Losses.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// What training minimises, a mean over all forecasts of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// `e^2 / 2` up to |e| = 1, `|e| - 1/2` beyond.
    #[default]
    Huber,
    /// `e^2`
    Mse,
}

/// The loss of a batch.
///
/// # Shapes and units
/// - `forecast`, `label`: `[B, Hn]`, scaled log returns
/// - returns: `[1]`
/// # Panics
/// If the shapes differ.
pub fn loss(kind: Loss, forecast: Tensor<2>, label: Tensor<2>) -> Tensor<1> {
    assert_eq!(forecast.dims(), label.dims(), "forecast against label");
    let error = forecast - label;
    match kind {
        Loss::Mse => error.square().mean(),
        Loss::Huber => {
            let size = error.abs();
            let inner = size.clone().clamp_max(1.0);
            (inner.clone().square().mul_scalar(0.5) + size - inner).mean()
        }
    }
}

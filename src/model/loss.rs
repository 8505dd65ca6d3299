//! Losses.

use burn::tensor::{Device, Int, Tensor, activation};
use serde::{Deserialize, Serialize};

use super::{ForecasterConfig, Outputs};
use crate::device::transfer;

/// What training minimises, a mean over all forecasts of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// `e^2 / 2` up to |e| = 1, `|e| - 1/2` beyond.
    #[default]
    Huber,
    /// `e^2`
    Mse,
    /// The pinball loss of every level.
    Quantile,
    /// The cross-entropy of down, flat and up.
    Direction,
}

impl Loss {
    /// What the forecaster has to give.
    pub fn outputs(self) -> Outputs {
        match self {
            Self::Huber | Self::Mse => Outputs::Point,
            Self::Quantile => Outputs::Quantiles,
            Self::Direction => Outputs::Classes,
        }
    }
}

/// The loss of a batch of point forecasts.
///
/// # Shapes and units
/// - `forecast`, `label`: `[B, Hn]`, scaled log returns
/// - returns: `[1]`
/// # Panics
/// If the shapes differ, or `kind` is of other outputs than one forecast.
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
        Loss::Quantile | Loss::Direction => panic!("{kind:?} is a loss of several outputs"),
    }
}

/// A loss with all that it needs beside outputs and labels, on the device.
///
/// ```text
/// quantile   1/K sum over levels t of max(t e, (t - 1) e),  e = label - q_t; mean over windows and horizons
/// direction  sum w_c (-ln p_c) / sum w_c  per horizon, c the label's class; mean over horizons
/// ```
/// The classes are down below `-flat_band`, up above `flat_band`, flat between and at them.
/// # Source
/// Koenker and Bassett (1978); the weighted mean is `torch.nn.CrossEntropyLoss`'s.
#[derive(Clone, Debug)]
pub struct Criterion {
    loss: Loss,
    /// `[1, 1, K]`
    levels: Option<Tensor<3>>,
    flat_band: f64,
    /// `[1, Hn, 3]`
    class_weights: Option<Tensor<3>>,
}

impl Criterion {
    /// The loss of a forecaster of `config`, on `device`; every class weighs the same.
    ///
    /// # Panics
    /// If `loss` is of other outputs than the forecaster's.
    pub fn new(loss: Loss, config: &ForecasterConfig, device: &Device) -> Self {
        assert_eq!(loss.outputs(), config.outputs, "{loss:?}");
        let device = device.clone().without_autodiff();
        let levels = (loss == Loss::Quantile).then(|| {
            let levels: Vec<f32> = config.quantiles.iter().map(|&level| level as f32).collect();
            let count = levels.len();
            transfer::upload(levels, [1, 1, count], &device)
        });
        Self {
            loss,
            levels,
            flat_band: config.flat_band,
            class_weights: None,
        }
    }

    /// The same with weights of down, flat and up, horizon by horizon, `[Hn, 3]`.
    ///
    /// # Panics
    /// If they are not three to a horizon.
    #[must_use]
    pub fn weighted(self, weights: Vec<f32>, device: &Device) -> Self {
        let device = device.clone().without_autodiff();
        let shape = [1, weights.len() / 3, 3];
        Self {
            class_weights: Some(transfer::upload(weights, shape, &device)),
            ..self
        }
    }

    /// Which loss it is.
    pub fn loss(&self) -> Loss {
        self.loss
    }

    /// The loss of a batch.
    ///
    /// # Shapes and units
    /// - `outputs`: `[B, Hn K]`, of [`super::Forecaster::forward`]
    /// - `label`: `[B, Hn]`, scaled log returns
    /// - returns: `[1]`
    /// # Panics
    /// If the shapes do not belong together.
    pub fn mean(&self, outputs: Tensor<2>, label: Tensor<2>) -> Tensor<1> {
        match self.loss {
            Loss::Huber | Loss::Mse => loss(self.loss, outputs, label),
            Loss::Quantile => self.pinball(outputs, label).mean(),
            Loss::Direction => {
                let (losses, weights) = self.cross_entropy(outputs, label);
                (losses.sum_dim(0) / weights.sum_dim(0)).mean()
            }
        }
    }

    /// What the mean loss of many batches is made of: the sum of the losses of each horizon, then the
    /// sum of their weights, `[1, 2 Hn]`. None for a loss of point forecasts, which the forecasts tell.
    ///
    /// # Panics
    /// As [`Criterion::mean`].
    pub fn sums(&self, outputs: Tensor<2>, label: Tensor<2>) -> Option<Tensor<2>> {
        let (losses, weights) = match self.loss {
            Loss::Huber | Loss::Mse => return None,
            Loss::Quantile => {
                let losses = self.pinball(outputs, label);
                (losses.clone(), losses.ones_like())
            }
            Loss::Direction => self.cross_entropy(outputs, label),
        };
        Some(Tensor::cat(vec![losses.sum_dim(0), weights.sum_dim(0)], 1))
    }

    /// Labels of each class, horizon by horizon, `[1, 3 Hn]`, summed as whole numbers.
    pub fn class_counts(&self, label: Tensor<2>) -> Tensor<2, Int> {
        let [_, horizons] = label.dims();
        let classes = self.classes(label); // [B, Hn, 3]
        classes.int().sum_dim(0).reshape([1, 3 * horizons])
    }

    /// Mean over the levels, `[B, Hn]`.
    fn pinball(&self, outputs: Tensor<2>, label: Tensor<2>) -> Tensor<2> {
        let [rows, horizons] = label.dims();
        let Some(levels) = self.levels.clone() else {
            unreachable!("a quantile loss has levels");
        };
        let count = levels.dims()[2];
        let quantiles = outputs.reshape([rows, horizons, count]);
        let error = label.unsqueeze_dim::<3>(2) - quantiles;
        // max(t e, (t - 1) e) = t e + max(-e, 0)
        let losses = error.clone() * levels + error.neg().clamp_min(0.0);
        losses.mean_dim(2).reshape([rows, horizons])
    }

    /// Weighted losses and weights, `[B, Hn]` each.
    fn cross_entropy(&self, logits: Tensor<2>, label: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let [rows, horizons] = label.dims();
        let logits = logits.reshape([rows, horizons, 3]);
        let mut weights = self.classes(label);
        if let Some(class_weights) = &self.class_weights {
            weights = weights * class_weights.clone();
        }
        let losses = activation::log_softmax(logits, 2).neg() * weights.clone();
        (
            losses.sum_dim(2).reshape([rows, horizons]),
            weights.sum_dim(2).reshape([rows, horizons]),
        )
    }

    /// 1 at the class of each label, `[B, Hn, 3]`.
    fn classes(&self, label: Tensor<2>) -> Tensor<3> {
        let down = label.clone().lower_elem(-self.flat_band).float();
        let up = label.greater_elem(self.flat_band).float();
        let flat = (down.clone() + up.clone()).neg().add_scalar(1.0);
        Tensor::stack(vec![down, flat, up], 2)
    }
}

//! The linear model that a network has to beat.

use burn::prelude::*;
use serde::{Deserialize, Serialize};

use super::Forecasts;
use crate::device::transfer::{to_host, upload};
use crate::windows::Epoch;

/// The penalty used unless told otherwise: a hundredth of a standardised feature's variance.
pub const RIDGE_LAMBDA: f64 = 0.01;

/// Ridge regression of the labels on the last bar's features.
///
/// ```text
/// minimise over w, c:  1/n sum |y - c - w' x|^2 + lambda |w|^2
/// w = (Cov(x) + lambda I)^-1 Cov(x, y),  c = mean(y) - w' mean(x)
/// ```
/// The intercept is not penalised. scikit-learn's `Ridge(alpha)` is `alpha = n lambda`.
///
/// Sums of x, y and their products are accumulated on the device, float32, batch by batch, and read
/// back once; inputs are the scaler's, of size 1, so that the rounding of a sum over a million windows
/// stays near 1e-6 of it, far below `lambda`. The equations are solved in float64 by Cholesky.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ridge {
    /// `[F, Hn]`, row by row.
    pub weights: Vec<f64>,
    /// `[Hn]`
    pub intercept: Vec<f64>,
    /// The penalty.
    pub lambda: f64,
    /// Windows fitted on.
    pub num_windows: usize,
}

impl Ridge {
    /// Fits on an epoch, by rule the training windows in their own order.
    ///
    /// None if the epoch is empty or its sums are not finite.
    ///
    /// # Panics
    /// If `lambda` is not above 0.
    pub fn fit(epoch: &Epoch, lambda: f64) -> Option<Self> {
        assert!(lambda > 0.0, "a penalty of {lambda}");
        let mut sums: Option<(Tensor<2>, Tensor<2>)> = None;
        let mut num_features = 0;
        for step in 0..epoch.len() {
            let x = epoch.last_bars(step).inner(); // [B, F]
            num_features = x.dims()[1];
            let z = Tensor::cat(vec![x, epoch.labels(step).inner()], 1); // [B, F + Hn]
            let products = z.clone().swap_dims(0, 1).matmul(z.clone()); // [F + Hn, F + Hn]
            let totals = z.sum_dim(0); // [1, F + Hn]
            sums = Some(match sums {
                None => (products, totals),
                Some((all, total)) => (all + products, total + totals),
            });
        }
        let (products, totals) = sums?;
        let width = products.dims()[0];
        let n = epoch.num_rows() as f64;
        let read = to_host(Tensor::cat(vec![products, totals], 0)); // [F + Hn + 1, F + Hn]
        let value = |row: usize, column: usize| f64::from(read[row * width + column]) / n;
        let mean: Vec<f64> = (0..width).map(|column| value(width, column)).collect();
        let covariance = |row: usize, column: usize| value(row, column) - mean[row] * mean[column];

        let mut matrix = vec![0.0; num_features * num_features];
        for row in 0..num_features {
            for column in 0..num_features {
                let penalty = if row == column { lambda } else { 0.0 };
                matrix[row * num_features + column] = covariance(row, column) + penalty;
            }
        }
        let factor = cholesky(matrix, num_features)?;
        let num_horizons = width - num_features;
        let mut weights = vec![0.0; num_features * num_horizons];
        let mut intercept = Vec::with_capacity(num_horizons);
        for horizon in 0..num_horizons {
            let label = num_features + horizon;
            let right = (0..num_features)
                .map(|row| covariance(row, label))
                .collect();
            let solved = solve(&factor, right);
            intercept.push(mean[label] - solved.iter().zip(&mean).map(|(w, m)| w * m).sum::<f64>());
            for (feature, weight) in solved.into_iter().enumerate() {
                weights[feature * num_horizons + horizon] = weight;
            }
        }
        let finite = weights
            .iter()
            .chain(&intercept)
            .all(|value| value.is_finite());
        finite.then(|| Self {
            weights,
            intercept,
            lambda,
            num_windows: epoch.num_rows(),
        })
    }

    /// Forecasts of an epoch that holds every sample, in the samples' order; one read-back.
    ///
    /// # Panics
    /// If the epoch's features are not those of the fit.
    pub fn forecasts(&self, epoch: &Epoch) -> Forecasts {
        let num_horizons = self.intercept.len();
        let num_features = self.weights.len() / num_horizons;
        let narrow = |values: &[f64]| {
            values
                .iter()
                .map(|&value| value as f32)
                .collect::<Vec<f32>>()
        };
        let mut uploaded: Option<(Tensor<2>, Tensor<2>)> = None;
        let batches = (0..epoch.len())
            .map(|step| {
                let x = epoch.last_bars(step).inner(); // [B, F]
                let (weights, intercept) = uploaded.get_or_insert_with(|| {
                    let device = x.device();
                    (
                        upload(narrow(&self.weights), [num_features, num_horizons], &device),
                        upload(narrow(&self.intercept), [1, num_horizons], &device),
                    )
                });
                x.matmul(weights.clone()) + intercept.clone() // [B, Hn]
            })
            .collect();
        Forecasts {
            name: "ridge".to_owned(),
            values: epoch.to_sample_order(batches),
        }
    }
}

/// The lower triangle L of A = L L', row by row; none if A is not positive definite.
fn cholesky(mut matrix: Vec<f64>, size: usize) -> Option<Vec<f64>> {
    for row in 0..size {
        for column in 0..=row {
            let before: f64 = (0..column)
                .map(|k| matrix[row * size + k] * matrix[column * size + k])
                .sum();
            let left = matrix[row * size + column] - before;
            matrix[row * size + column] = if row == column {
                if !(left.is_finite() && left > 0.0) {
                    return None;
                }
                left.sqrt()
            } else {
                left / matrix[column * size + column]
            };
        }
    }
    Some(matrix)
}

/// Solves L L' x = b.
fn solve(factor: &[f64], mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    for row in 0..size {
        let before: f64 = (0..row).map(|k| factor[row * size + k] * right[k]).sum();
        right[row] = (right[row] - before) / factor[row * size + row];
    }
    for row in (0..size).rev() {
        let after: f64 = (row + 1..size)
            .map(|k| factor[k * size + row] * right[k])
            .sum();
        right[row] = (right[row] - after) / factor[row * size + row];
    }
    right
}

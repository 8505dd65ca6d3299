//! The forecasts of every validation window, their loss, and the names that their numbers are logged
//! under.

use std::sync::atomic::AtomicUsize;

use burn::tensor::Tensor;

use super::stop;
use crate::checkpoint::{Number, Numbers};
use crate::device::transfer::to_host;
use crate::metrics::{Metric, Validation};
use crate::model::{Criterion, Forecaster, Outputs};
use crate::windows::{Epoch, Loader};

/// A model on every window of a loader.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// One forecast per window and horizon, row-major `[S, Hn]` in the order of the loader's samples, in
    /// the label's units.
    pub values: Vec<f32>,
    /// The mean loss of each horizon where the forecasts alone do not tell it: of quantiles and of
    /// classes.
    pub losses: Option<Vec<f64>>,
}

impl Forecast {
    /// Scores the forecasts; `validation_loss` is the model's own loss.
    pub fn score(&self, validate: impl FnOnce(&[f32]) -> Validation) -> Validation {
        let mut validation = validate(&self.values);
        if let Some(losses) = &self.losses {
            for (scores, &loss) in validation.horizons.iter_mut().zip(losses) {
                scores.model.loss = loss;
            }
            validation.validation_loss = losses.iter().sum::<f64>() / losses.len() as f64;
        }
        validation
    }
}

/// Forecasts every window of `loader`. Only forecasts are read back, and for a loss of several outputs a
/// few sums of each batch.
pub fn forecast(model: &Forecaster, criterion: &Criterion, loader: &Loader) -> Forecast {
    let never = AtomicUsize::new(0);
    forecast_until(model, criterion, loader, &never)
        .unwrap_or_else(|| unreachable!("nothing asked for an end"))
}

/// [`forecast`]; `None` if a signal asked for an end on the way.
pub(super) fn forecast_until(
    model: &Forecaster,
    criterion: &Criterion,
    loader: &Loader,
    flag: &AtomicUsize,
) -> Option<Forecast> {
    let epoch = loader.sequential();
    let mut batches = ForecastBatches::default();
    for step in 0..epoch.len() {
        if stop::asked(flag).is_some() {
            return None;
        }
        let outputs = model.outputs(epoch.windows(step));
        batches.add(model, criterion, outputs, || epoch.labels(step).inner());
    }
    Some(batches.read(&epoch))
}

/// The forecasts of an epoch while they are on the device.
#[derive(Clone, Debug, Default)]
pub struct ForecastBatches {
    values: Vec<Tensor<2>>,
    sums: Vec<Tensor<2>>,
}

impl ForecastBatches {
    /// Adds the model's outputs for the next batch, `[B, Hn K]`; its labels `[B, Hn]` are asked for only
    /// where the loss needs them on the device.
    pub fn add(
        &mut self,
        model: &Forecaster,
        criterion: &Criterion,
        outputs: Tensor<2>,
        label: impl FnOnce() -> Tensor<2>,
    ) {
        if criterion.loss().outputs() != Outputs::Point {
            self.sums.extend(criterion.sums(outputs.clone(), label()));
        }
        self.values.push(model.point(outputs));
    }

    /// Reads all of them back.
    ///
    /// # Panics
    /// If the batches are not those of `epoch`, which holds every sample.
    pub fn read(self, epoch: &Epoch) -> Forecast {
        Forecast {
            values: epoch.to_sample_order(self.values),
            losses: (!self.sums.is_empty()).then(|| mean_losses(self.sums)),
        }
    }
}

/// Sums of losses and weights by batch, `[1, 2 Hn]` each, to the mean loss of each horizon.
fn mean_losses(sums: Vec<Tensor<2>>) -> Vec<f64> {
    let width = sums[0].dims()[1];
    let read = to_host(Tensor::cat(sums, 0));
    let total = |column: usize| -> f64 {
        read.iter()
            .skip(column)
            .step_by(width)
            .map(|&sum| f64::from(sum))
            .sum()
    };
    let horizons = width / 2;
    (0..horizons)
        .map(|horizon| total(horizon) / total(horizons + horizon))
        .collect()
}

/// The model's metrics that are defined, by the names that `training.metric` takes: means over the
/// horizons, and where there are several horizons each one's (`ic_ts_12`).
pub fn numbers_of(validation: &Validation) -> Numbers {
    let horizons: Vec<usize> = validation
        .horizons
        .iter()
        .map(|scores| scores.horizon_bars)
        .collect();
    let mut names: Vec<String> = Metric::names().map(str::to_owned).collect();
    if horizons.len() > 1 {
        for name in Metric::names() {
            names.extend(horizons.iter().map(|bars| format!("{name}_{bars}")));
        }
    }
    let number = |name: String| {
        let value = validation.value(&name).ok()?;
        Some((name, Number::new(value)))
    };
    names.into_iter().filter_map(number).collect()
}

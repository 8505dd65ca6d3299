//! How much a forecast owes to each feature.

use burn::prelude::*;
use serde::{Deserialize, Serialize};

use crate::device::transfer::upload_int;
use crate::metrics::{Scorer, Validation};
use crate::model::{Criterion, Forecaster};
use crate::ops::lstm::shared::Windows;
use crate::training::{self, ForecastBatches};
use crate::windows::{Loader, Sample, permutation};

/// What a model loses when a feature tells it nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureImportance {
    /// The feature.
    pub name: String,
    /// By how much the loss rises, mean over the repeats, in the loss's units. Near 0 for a feature that
    /// the model does not use, below 0 for one that misleads it.
    pub loss_increase: f64,
    /// By how much `ic_ts` falls, mean over horizons and repeats; forecasts that no longer vary have an IC
    /// of 0. None if the model's own is undefined.
    pub ic_drop: Option<f64>,
    /// Standard error of `loss_increase` over the repeats: of the permutations alone, not of the sample of
    /// windows. None for one repeat.
    pub se: Option<f64>,
}

/// Permutation importance: each feature's whole columns change places among the windows of `loader`, all
/// else stays, and the forecasts are scored again. The most important feature comes first.
///
/// A window keeps its time structure: it gets the feature of one other window, its L bars in their order.
/// The columns are exchanged on the device; nothing but forecasts is read back. It takes `repeats` times F
/// passes over the windows: give a loader over a part of them where that is long.
///
/// Features that say the same cover for each other: each alone can be near 0 where both together matter.
///
/// # Panics
/// If `names` are not the model's features, `scorer` is not of the loader's windows, or `repeats` is 0.
/// # Source
/// Breiman (2001); Fisher, Rudin and Dominici (2019).
pub fn importance(
    model: &Forecaster,
    criterion: &Criterion,
    loader: &Loader,
    scorer: &Scorer,
    names: &[String],
    repeats: usize,
    seed: u64,
) -> Vec<FeatureImportance> {
    assert_eq!(names.len(), model.num_features(), "names of the features");
    assert_eq!(scorer.outcomes().samples, loader.samples(), "windows");
    assert!(repeats > 0, "no repeats");
    let score = |forecast: &training::Forecast| forecast.score(|values| scorer.validation(values));
    let whole = score(&training::forecast(model, criterion, loader));
    let mut losses = vec![Vec::with_capacity(repeats); names.len()];
    let mut ics = vec![Vec::with_capacity(repeats); names.len()];
    for repeat in 0..repeats {
        let permuted = permuted(model, criterion, loader, seed, repeat as u64);
        for (feature, forecast) in permuted.iter().enumerate() {
            let scores = score(forecast);
            losses[feature].push(scores.validation_loss - whole.validation_loss);
            ics[feature].push(mean_ic(&scores).unwrap_or(0.0));
        }
    }
    let of_feature = |((name, losses), ics): ((&String, Vec<f64>), Vec<f64>)| FeatureImportance {
        name: name.clone(),
        loss_increase: mean(&losses),
        ic_drop: mean_ic(&whole).map(|ic| ic - mean(&ics)),
        se: standard_error(&losses),
    };
    let mut found: Vec<_> = names.iter().zip(losses).zip(ics).map(of_feature).collect();
    found.sort_by(|a, b| b.loss_increase.total_cmp(&a.loss_increase));
    found
}

/// The forecasts with each feature permuted in turn, all by the same permutation.
fn permuted(
    model: &Forecaster,
    criterion: &Criterion,
    loader: &Loader,
    seed: u64,
    repeat: u64,
) -> Vec<training::Forecast> {
    let samples = loader.samples();
    let givers: Vec<Sample> = permutation(samples.len(), seed, repeat)
        .into_iter()
        .map(|giver| samples[giver as usize])
        .collect();
    let (own, other) = (
        loader.sequential(),
        loader.with_samples(givers).sequential(),
    );
    let mut batches = vec![ForecastBatches::default(); model.num_features()];
    for step in 0..own.len() {
        let x = own.batch(step).x.inner(); // [B, L, F]
        let rows = own.rows(step);
        let given = other.batch(step).x.inner();
        let given = align(given, &own.order()[rows.clone()], &other.order()[rows]);
        let [batch, length, _] = x.dims();
        for (feature, batches) in batches.iter_mut().enumerate() {
            let column = given.clone().narrow(2, feature, 1);
            let mixed = x
                .clone()
                .slice_assign([0..batch, 0..length, feature..feature + 1], column);
            let outputs = model.outputs(Windows::Gathered(mixed));
            batches.add(model, criterion, outputs, || own.labels(step).inner());
        }
    }
    batches
        .into_iter()
        .map(|batches| batches.read(&own))
        .collect()
}

/// Rows in the order `found` into the order `wanted`: where a batch spans several blocks, each epoch
/// groups its rows by its own windows' blocks.
fn align(x: Tensor<3>, wanted: &[u32], found: &[u32]) -> Tensor<3> {
    if wanted == found {
        return x;
    }
    let mut places: Vec<(u32, i32)> = found.iter().copied().zip(0..).collect();
    places.sort_unstable();
    let place = |sample: &u32| {
        let at = places.binary_search_by_key(sample, |&(sample, _)| sample);
        places[at.unwrap_or_else(|_| panic!("window {sample} is in another batch"))].1
    };
    let order: Vec<i32> = wanted.iter().map(place).collect();
    let order = upload_int(order, [wanted.len()], &x.device());
    x.select(0, order)
}

fn mean_ic(validation: &Validation) -> Option<f64> {
    let ics: Option<Vec<f64>> = validation
        .horizons
        .iter()
        .map(|scores| Some(scores.model.ic_ts?.value))
        .collect();
    ics.map(|ics| mean(&ics))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn standard_error(values: &[f64]) -> Option<f64> {
    let count = values.len() as f64;
    let centre = mean(values);
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (count - 1.0) / count).sqrt())
}

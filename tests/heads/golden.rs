//! Outputs, losses and gradients are `PyTorch`'s: golden/heads.json, written by golden/heads.py.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use burn::tensor::Device;
use emberline::device::transfer::{to_host, upload};
use emberline::model::{Criterion, Forecaster, ForecasterConfig, Head, Loss, Weight};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    sizes: [usize; 6],
    levels: Vec<f64>,
    flat_band: f64,
    class_weights: Vec<f64>,
    attention: Case,
    quantile: Case,
    direction: Case,
    weighted: Case,
}

#[derive(Deserialize)]
struct Case {
    heads: usize,
    weights: BTreeMap<String, Parameter>,
    x: Vec<f64>,
    label: Vec<f64>,
    outputs: Vec<f64>,
    loss: f64,
    gradients: BTreeMap<String, Vec<f64>>,
}

#[derive(Deserialize)]
struct Parameter {
    shape: Vec<usize>,
    values: Vec<f64>,
}

static GOLDEN: LazyLock<Golden> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../golden/heads.json")).expect("the golden file")
});

fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// Numbers of size 1 after some fifty float32 operations of depth: 1e-5 is well above their rounding and
/// a thousandth of any weight's effect here.
fn assert_close(what: &str, found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(*found) - expected).abs();
        assert!(
            error <= 1e-5 * (1.0 + expected.abs()),
            "{what}[{at}]: {found} against {expected}"
        );
    }
}

fn check(case: &Case, loss: Loss, class_weights: Option<&[f64]>) {
    let golden = &*GOLDEN;
    let [batch, length, features, hidden, horizons, width] = golden.sizes;
    let device = Device::flex().autodiff();
    let config = ForecasterConfig {
        hidden,
        layers: 1,
        dropout: 0.5,
        head: Head { width },
        attention_heads: case.heads,
        quantiles: golden.levels.clone(),
        flat_band: golden.flat_band,
        ..ForecasterConfig::default()
    }
    .with_loss(loss);
    let weights = case
        .weights
        .iter()
        .map(|(path, p)| (path.clone(), p.shape.clone(), narrow(&p.values)))
        .collect();
    let model = Forecaster::from_weights(&config, weights, &device)
        .expect("torch's names and shapes")
        .require_grad();
    assert_eq!(
        (model.num_features(), model.num_horizons()),
        (features, horizons)
    );
    let x = upload(narrow(&case.x), [batch, length, features], &device);
    let label = upload(narrow(&case.label), [batch, horizons], &device);
    let mut criterion = Criterion::new(loss, &config, &device);
    if let Some(weights) = class_weights {
        criterion = criterion.weighted(narrow(weights), &device);
    }
    let outputs = model.forward(x, None);
    assert_close("outputs", &to_host(outputs.clone()), &case.outputs);
    if let Some(sums) = criterion.sums(outputs.clone(), label.clone()) {
        let sums = to_host(sums);
        let mean = (0..horizons).map(|h| sums[h] / sums[horizons + h]);
        let mean = mean.sum::<f32>() / horizons as f32;
        assert_close("loss by sums", &[mean], &[case.loss]);
    }
    let loss = criterion.mean(outputs, label);
    assert_close("loss", &to_host(loss.clone()), &[case.loss]);
    let gradients = loss.backward();
    for (path, weight) in model.weights() {
        let found = match weight {
            Weight::Vector(tensor) => to_host(tensor.grad(&gradients).expect("a gradient")),
            Weight::Matrix(tensor) => to_host(tensor.grad(&gradients).expect("a gradient")),
        };
        assert_close(&path, &found, &case.gradients[&path]);
    }
}

#[test]
fn attention_is_torchs() {
    check(&GOLDEN.attention, Loss::Huber, None);
}

#[test]
fn the_quantile_loss_is_torchs() {
    check(&GOLDEN.quantile, Loss::Quantile, None);
}

#[test]
fn the_direction_loss_is_torchs() {
    check(&GOLDEN.direction, Loss::Direction, None);
}

#[test]
fn class_weights_behind_attention_are_torchs() {
    let weights = Some(GOLDEN.class_weights.as_slice());
    check(&GOLDEN.weighted, Loss::Direction, weights);
}

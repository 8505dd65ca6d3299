//! `torch.nn.LSTM` and a whole forecaster: golden/lstm.json, written by golden/lstm.py.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use burn::tensor::{Device, Tensor};
use emberline::device::transfer::{to_host, upload};
use emberline::model::{Forecaster, ForecasterConfig, Head, Loss, Weight, loss};
use emberline::ops::lstm::{self, LayerWeights};
use serde::Deserialize;

use super::{assert_close, narrow};

#[derive(Deserialize)]
struct Golden {
    sizes: [usize; 7],
    weights: BTreeMap<String, Parameter>,
    x: Vec<f64>,
    h0: Vec<f64>,
    c0: Vec<f64>,
    weight_out: Vec<f64>,
    weight_c: Vec<f64>,
    label: Vec<f64>,
    layer: Layer,
    model: Model,
}

#[derive(Deserialize)]
struct Parameter {
    shape: Vec<usize>,
    values: Vec<f64>,
}

#[derive(Deserialize)]
struct Layer {
    out: Vec<f64>,
    c_n: Vec<f64>,
    gradients: BTreeMap<String, Vec<f64>>,
}

#[derive(Deserialize)]
struct Model {
    forecast: Vec<f64>,
    huber: f64,
    mse: f64,
    gradients: BTreeMap<String, Vec<f64>>,
}

static GOLDEN: LazyLock<Golden> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../golden/lstm.json")).expect("the golden file")
});

fn forecaster(golden: &Golden, device: &Device) -> Forecaster {
    let [_, _, _, hidden, layers, _, width] = golden.sizes;
    let config = ForecasterConfig {
        hidden,
        layers,
        dropout: 0.5,
        head: Head { width },
        ..ForecasterConfig::default()
    };
    let weights = golden
        .weights
        .iter()
        .map(|(path, p)| (path.clone(), p.shape.clone(), narrow(&p.values)))
        .collect();
    Forecaster::from_weights(&config, weights, device).expect("the golden weights")
}

fn as_vector(weight: &Weight) -> Tensor<1> {
    match weight {
        Weight::Vector(tensor) => tensor.clone(),
        Weight::Matrix(_) => panic!("a matrix"),
    }
}

fn as_matrix(weight: &Weight) -> Tensor<2> {
    match weight {
        Weight::Matrix(tensor) => tensor.clone(),
        Weight::Vector(_) => panic!("a vector"),
    }
}

#[test]
fn two_layers_with_a_state_equal_torch() {
    let golden = &*GOLDEN;
    let [batch, length, features, hidden, layers, ..] = golden.sizes;
    let device = Device::flex().autodiff();
    let model = forecaster(golden, &device).require_grad();
    let weights = model.weights();
    let x = upload(narrow(&golden.x), [batch, length, features], &device).require_grad();
    let part = |values: &[f64], layer: usize| {
        let values = narrow(&values[layer * batch * hidden..][..batch * hidden]);
        upload(values, [batch, hidden], &device)
    };
    let mut input = x.clone();
    let mut total = Tensor::<1>::zeros([1], &device);
    let mut states = Vec::new();
    for layer in 0..layers {
        let layer_weights = LayerWeights {
            w_ih: as_matrix(&weights[4 * layer].1),
            w_hh: as_matrix(&weights[4 * layer + 1].1),
            b_ih: as_vector(&weights[4 * layer + 2].1),
            b_hh: as_vector(&weights[4 * layer + 3].1),
        };
        let h0 = part(&golden.h0, layer).require_grad();
        let c0 = part(&golden.c0, layer).require_grad();
        states.push((h0.clone(), c0.clone()));
        let packed = lstm::layer(input, layer_weights, Some((h0, c0)));
        input = packed.clone().narrow(1, 0, length);
        let c_n = packed.narrow(1, length, 1).reshape([batch, hidden]);
        let expected = &golden.layer.c_n[layer * batch * hidden..][..batch * hidden];
        assert_close("c_n", &to_host(c_n.clone()), expected);
        total = total + (c_n * part(&golden.weight_c, layer)).sum();
    }
    assert_close("out", &to_host(input.clone()), &golden.layer.out);
    let weight = upload(narrow(&golden.weight_out), [batch, length, hidden], &device);
    let gradients = (total + (input * weight).sum()).backward();
    for (path, weight) in &weights[..4 * layers] {
        let found = match weight {
            Weight::Vector(tensor) => to_host(tensor.grad(&gradients).unwrap()),
            Weight::Matrix(tensor) => to_host(tensor.grad(&gradients).unwrap()),
        };
        let name = path.strip_prefix("lstm.").unwrap();
        assert_close(path, &found, &golden.layer.gradients[name]);
    }
    assert_close(
        "x",
        &to_host(x.grad(&gradients).unwrap()),
        &golden.layer.gradients["x"],
    );
    for (layer, (h0, c0)) in states.into_iter().enumerate() {
        let rows = layer * batch * hidden..(layer + 1) * batch * hidden;
        let found = to_host(h0.grad(&gradients).unwrap());
        assert_close("h0", &found, &golden.layer.gradients["h0"][rows.clone()]);
        let found = to_host(c0.grad(&gradients).unwrap());
        assert_close("c0", &found, &golden.layer.gradients["c0"][rows]);
    }
}

#[test]
fn the_forecaster_and_its_losses_equal_torch() {
    let golden = &*GOLDEN;
    let [batch, length, features, _, _, horizons, _] = golden.sizes;
    let device = Device::flex().autodiff();
    let model = forecaster(golden, &device).require_grad();
    assert_eq!(
        (model.num_features(), model.num_horizons()),
        (features, horizons)
    );
    let x = upload(narrow(&golden.x), [batch, length, features], &device);
    let label = upload(narrow(&golden.label), [batch, horizons], &device);
    let forecast = model.forward(x, None);
    assert_close(
        "forecast",
        &to_host(forecast.clone()),
        &golden.model.forecast,
    );
    let mse = to_host(loss(Loss::Mse, forecast.clone(), label.clone()));
    assert_close("mse", &mse, &[golden.model.mse]);
    let huber = loss(Loss::Huber, forecast, label);
    assert_close("huber", &to_host(huber.clone()), &[golden.model.huber]);
    let gradients = huber.backward();
    for (path, weight) in model.weights() {
        let found = match weight {
            Weight::Vector(tensor) => to_host(tensor.grad(&gradients).unwrap()),
            Weight::Matrix(tensor) => to_host(tensor.grad(&gradients).unwrap()),
        };
        assert_close(&path, &found, &golden.model.gradients[&path]);
    }
}

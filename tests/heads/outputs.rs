//! What every head promises, whatever its weights.

use burn::tensor::{Device, Tensor};
use emberline::device::transfer::{to_host, upload, upload_int};
use emberline::model::{Forecaster, ForecasterConfig, Head, Loss, ModelError, Weight};
use emberline::ops::gather;
use emberline::ops::lstm::shared::Windows;

use super::super::toy::noise;

const LEVELS: [f64; 5] = [0.025, 0.1, 0.5, 0.75, 0.9];

fn config(loss: Loss, attention_heads: usize) -> ForecasterConfig {
    ForecasterConfig {
        hidden: 12,
        head: Head { width: 6 },
        attention_heads,
        quantiles: LEVELS.to_vec(),
        ..ForecasterConfig::default()
    }
    .with_loss(loss)
}

fn windows(batch: usize, device: &Device) -> Tensor<3> {
    upload(noise(batch * 7 * 5, 11), [batch, 7, 5], device)
}

#[test]
fn quantiles_never_cross() {
    let device = Device::flex();
    let config = config(Loss::Quantile, 0);
    for (seed, size) in [(1, 1.0), (2, 10.0), (3, 100.0)] {
        let model = Forecaster::init(&config, 5, 3, seed, &device);
        let model = model.map(|_, weight| match weight {
            Weight::Matrix(tensor) => Weight::Matrix(tensor.mul_scalar(size)),
            Weight::Vector(tensor) => Weight::Vector(tensor.mul_scalar(size)),
        });
        let outputs = to_host(model.forward(windows(50, &device), None));
        assert_eq!(outputs.len(), 50 * 3 * LEVELS.len());
        for quantiles in outputs.chunks_exact(LEVELS.len()) {
            assert!(
                quantiles.windows(2).all(|pair| pair[0] <= pair[1]),
                "weights of size {size}: {quantiles:?}"
            );
        }
        let distinct = outputs
            .chunks_exact(LEVELS.len())
            .flat_map(|quantiles| quantiles.windows(2))
            .filter(|pair| pair[0] < pair[1])
            .count();
        // Far out a softplus is nothing beside its neighbour.
        assert!(
            distinct == 600 || size > 1.0,
            "{distinct} of 600 steps rise"
        );
    }
}

#[test]
fn the_forecast_is_the_median_or_the_difference_of_probabilities() {
    let device = Device::flex();
    let x = windows(9, &device);
    let model = Forecaster::init(&config(Loss::Quantile, 0), 5, 2, 4, &device);
    let table = to_host(model.table(model.forward(x.clone(), None)));
    for row in table.chunks_exact(2 + 2 * LEVELS.len()) {
        assert_eq!(row[..2], [row[2 + 2], row[2 + LEVELS.len() + 2]]);
    }
    let model = Forecaster::init(&config(Loss::Direction, 0), 5, 2, 4, &device);
    let outputs = model.forward(x.clone(), None);
    let point = to_host(model.point(outputs.clone()));
    let forecast = to_host(model.forecast(Windows::Gathered(x)));
    assert_eq!(point, forecast);
    for (row, point) in to_host(model.table(outputs))
        .chunks_exact(8)
        .zip(point.chunks_exact(2))
    {
        let (forecasts, classes) = row.split_at(2);
        assert_eq!(forecasts, point);
        for (forecast, classes) in forecasts.iter().zip(classes.chunks_exact(3)) {
            assert!((classes.iter().sum::<f32>() - 1.0).abs() < 1e-6);
            assert!((forecast - (classes[2] - classes[0])).abs() < 1e-6);
        }
    }
}

#[test]
fn outputs_do_not_depend_on_their_batch() {
    let device = Device::flex();
    for (loss, heads) in [
        (Loss::Huber, 4),
        (Loss::Quantile, 0),
        (Loss::Quantile, 12),
        (Loss::Direction, 3),
    ] {
        let model = Forecaster::init(&config(loss, heads), 5, 2, 3, &device);
        let x = windows(601, &device);
        let whole = to_host(model.table(model.forward(x.clone(), None)));
        let width = whole.len() / 601;
        for (first, batch) in [(0, 1), (7, 9), (250, 300), (600, 1)] {
            let part = model.forward(x.clone().narrow(0, first, batch), None);
            assert_eq!(
                to_host(model.table(part)),
                whole[first * width..][..batch * width],
                "{loss:?} with {heads} heads, {batch} windows from {first} on"
            );
        }
    }
}

#[test]
fn windows_that_share_bars_are_attended_to_the_bit() {
    let device = Device::flex();
    let places = (0..13).flat_map(|start| [start % 2, start - start % 3]);
    let places = upload_int(places.collect(), [13, 2], &device);
    for layers in [1, 2] {
        let bars: Tensor<3> = upload(noise(2 * 19 * 9, 5), [2, 19, 9], &device);
        let x = gather::windows(bars.clone(), places.clone(), 7);
        let config = ForecasterConfig {
            layers,
            ..config(Loss::Huber, 4)
        };
        let model = Forecaster::init(&config, 9, 2, 3, &device);
        let shared = Windows::Shared {
            bars,
            places: places.clone(),
            length: 7,
        };
        assert_eq!(
            to_host(model.forecast(shared)),
            to_host(model.forward(x, None)),
            "{layers} layers"
        );
    }
}

#[test]
fn attention_has_torchs_names_and_first_weights() {
    let model = Forecaster::init(&config(Loss::Direction, 4), 5, 2, 3, &Device::flex());
    let shape = |path: &str| {
        let found = model.weights().into_iter().find(|(name, _)| name == path);
        found.unwrap_or_else(|| panic!("no `{path}`")).1
    };
    assert_eq!(shape("attention.in_proj_weight").shape(), [36, 12]);
    assert_eq!(shape("attention.in_proj_bias").to_host(), [0.0; 36]);
    assert_eq!(shape("attention.out_proj.weight").shape(), [12, 12]);
    assert_eq!(shape("attention.out_proj.bias").to_host(), [0.0; 12]);
    assert_eq!(shape("head.2.weight").shape(), [6, 6]);
    // Xavier's uniform for [36, 12]: sqrt(6 / 48)
    let values = shape("attention.in_proj_weight").to_host();
    let largest = values
        .iter()
        .fold(0.0_f32, |most, value| most.max(value.abs()));
    assert!((0.33..=0.353_554).contains(&largest), "{largest}");
    let total: usize = model
        .weights()
        .iter()
        .map(|(_, weight)| weight.to_host().len())
        .sum();
    assert_eq!(model.num_parameters(), total);
    // Weights of another number of outputs are refused by name.
    let named = model
        .weights()
        .into_iter()
        .map(|(path, weight)| (path, weight.shape(), weight.to_host()))
        .collect();
    let error =
        Forecaster::from_weights(&config(Loss::Quantile, 4), named, &Device::flex()).unwrap_err();
    assert!(
        matches!(&error, ModelError::Shape { path, .. } if path == "head.2.weight"),
        "{error}"
    );
}

#[test]
fn columns_are_named_by_level_and_class() {
    let names = config(Loss::Quantile, 0).columns(12);
    assert_eq!(names, ["q2.5_12", "q10_12", "q50_12", "q75_12", "q90_12"]);
    let awkward = ForecasterConfig {
        quantiles: vec![0.01, 0.07, 0.29, 0.5, 0.57, 0.999],
        ..config(Loss::Quantile, 0)
    };
    let names = awkward.columns(1);
    assert_eq!(
        names,
        ["q1_1", "q7_1", "q29_1", "q50_1", "q57_1", "q99.9_1"]
    );
    let names = config(Loss::Direction, 0).columns(1);
    assert_eq!(names, ["p_down_1", "p_flat_1", "p_up_1"]);
    assert!(config(Loss::Mse, 0).columns(1).is_empty());
}

#[test]
fn settings_that_make_no_model_are_refused_by_key() {
    let good = config(Loss::Quantile, 4);
    good.validate().expect("a model");
    let refuse = |key: &str, config: ForecasterConfig| {
        let error = config.validate().expect_err(key);
        assert!(
            error.to_string().contains(&format!("model.{key}")),
            "{error}"
        );
        assert!(error.hint().is_some());
    };
    for quantiles in [
        vec![],
        vec![0.1, 0.9],
        vec![0.5, 0.1],
        vec![0.5, 0.5],
        vec![0.0, 0.5],
        vec![0.5, 1.0],
        vec![0.5, f64::NAN],
    ] {
        refuse(
            "quantiles",
            ForecasterConfig {
                quantiles,
                ..good.clone()
            },
        );
    }
    refuse(
        "attention_heads",
        ForecasterConfig {
            attention_heads: 5,
            ..good.clone()
        },
    );
    refuse(
        "flat_band",
        ForecasterConfig {
            flat_band: 0.0,
            ..good.clone()
        },
    );
}

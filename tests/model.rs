//! The forecaster: names, initial weights, dropout, what it refuses. Its numbers against `PyTorch` are
//! in `lstm::golden`.

use burn::tensor::{Device, Tensor};
use emberline::device::transfer::{to_host, upload, upload_int};
use emberline::model::{Forecaster, ForecasterConfig, Head, Loss, ModelError, Weight, loss};
use emberline::ops::gather;
use emberline::ops::lstm::shared::Windows;

fn config() -> ForecasterConfig {
    ForecasterConfig {
        hidden: 9,
        layers: 2,
        dropout: 0.4,
        head: Head { width: 6 },
        ..ForecasterConfig::default()
    }
}

type Named = (String, Vec<usize>, Vec<f32>);

fn named(model: &Forecaster) -> Vec<Named> {
    model
        .weights()
        .into_iter()
        .map(|(path, weight)| (path, weight.shape(), weight.to_host()))
        .collect()
}

fn windows(batch: usize, device: &Device) -> burn::tensor::Tensor<3> {
    let values = (0..batch * 7 * 5)
        .map(|i| (i as f32 * 0.37).sin())
        .collect();
    upload(values, [batch, 7, 5], device)
}

#[test]
fn names_and_layouts_are_torchs() {
    let model = Forecaster::init(&config(), 5, 2, 1, &Device::flex());
    let shapes = named(&model)
        .into_iter()
        .map(|(path, shape, _)| (path, shape))
        .collect::<Vec<_>>();
    let expected = [
        ("lstm.weight_ih_l0", vec![36, 5]),
        ("lstm.weight_hh_l0", vec![36, 9]),
        ("lstm.bias_ih_l0", vec![36]),
        ("lstm.bias_hh_l0", vec![36]),
        ("lstm.weight_ih_l1", vec![36, 9]),
        ("lstm.weight_hh_l1", vec![36, 9]),
        ("lstm.bias_ih_l1", vec![36]),
        ("lstm.bias_hh_l1", vec![36]),
        ("head.0.weight", vec![6, 9]),
        ("head.0.bias", vec![6]),
        ("head.2.weight", vec![2, 6]),
        ("head.2.bias", vec![2]),
    ]
    .map(|(path, shape)| (path.to_owned(), shape));
    assert_eq!(shapes, expected);
    assert_eq!(
        model.paths(),
        expected
            .iter()
            .map(|(path, _)| path.clone())
            .collect::<Vec<_>>()
    );
    let total: usize = named(&model).iter().map(|(.., values)| values.len()).sum();
    assert_eq!(model.num_parameters(), total);
}

#[test]
fn initial_weights_are_a_function_of_seed_and_path() {
    let device = Device::flex();
    let init =
        |config: &ForecasterConfig, seed| named(&Forecaster::init(config, 5, 2, seed, &device));
    let weights = init(&config(), 1);
    assert_eq!(weights, init(&config(), 1));
    let other = init(&config(), 2);
    for ((path, _, a), (.., b)) in weights.iter().zip(&other) {
        assert_ne!(a, b, "{path} under another seed");
    }
    assert_ne!(weights[1].2, weights[5].2, "two layers of the same shape");
    // a layer more moves nothing that was there
    let deeper = init(
        &ForecasterConfig {
            layers: 3,
            ..config()
        },
        1,
    );
    for weight in &weights {
        assert!(deeper.contains(weight), "{} moved", weight.0);
    }
}

#[test]
fn initial_weights_fill_torchs_range() {
    let wide = ForecasterConfig {
        hidden: 64,
        layers: 1,
        dropout: 0.0,
        head: Head::default(),
        ..ForecasterConfig::default()
    };
    for (path, _, values) in named(&Forecaster::init(&wide, 20, 3, 7, &Device::flex())) {
        let bound = match path.as_str() {
            "head.2.weight" | "head.2.bias" => 1.0 / 32.0_f32.sqrt(),
            _ => 1.0 / 8.0,
        };
        assert!(values.iter().all(|value| value.abs() <= bound), "{path}");
        if values.len() > 1000 {
            let n = values.len() as f64;
            let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / n;
            let variance = values
                .iter()
                .map(|&value| f64::from(value).powi(2))
                .sum::<f64>()
                / n;
            let uniform = f64::from(bound).powi(2) / 3.0;
            // five standard errors: of the mean, and of the mean square (sd 0.894 of the variance)
            assert!(
                mean.abs() < 5.0 * (uniform / n).sqrt(),
                "{path}: mean {mean}"
            );
            let off = (variance / uniform - 1.0).abs();
            assert!(
                off < 5.0 * 0.894 / n.sqrt(),
                "{path}: variance off by {off}"
            );
        }
    }
}

#[test]
fn weights_go_out_and_back() {
    let device = Device::flex();
    let model = Forecaster::init(&config(), 5, 2, 3, &device);
    let mut shuffled = named(&model);
    shuffled.reverse();
    let back = Forecaster::from_weights(&config(), shuffled, &device).unwrap();
    assert_eq!(named(&back), named(&model));
    assert_eq!((back.num_features(), back.num_horizons()), (5, 2));
    let x = windows(3, &device);
    assert_eq!(
        to_host(back.forward(x.clone(), None)),
        to_host(model.forward(x, None))
    );
}

#[test]
fn wrong_weights_are_named() {
    let device = Device::flex();
    let good = named(&Forecaster::init(&config(), 5, 2, 3, &device));
    let refuse = |change: fn(&mut Vec<Named>)| {
        let mut weights = good.clone();
        change(&mut weights);
        let error = Forecaster::from_weights(&config(), weights, &device).unwrap_err();
        assert!(!error.to_string().is_empty());
        error
    };
    let error = refuse(|weights| {
        weights.remove(4);
        weights[0].0 = "lstm.weight_ih".to_owned();
    });
    let text = error.to_string();
    for name in [
        "`lstm.weight_ih_l1`",
        "`lstm.weight_ih_l0`",
        "`lstm.weight_ih`",
    ] {
        assert!(text.contains(name), "{text}");
    }
    assert!(error.hint().is_some());
    let error = refuse(|weights| weights.push(weights[3].clone()));
    assert!(
        matches!(&error, ModelError::Names { missing, extra }
            if missing.is_empty() && *extra == ["lstm.bias_hh_l0"]),
        "{error}"
    );
    let error = refuse(|weights| weights[1].1 = vec![9, 36]);
    assert!(
        matches!(&error, ModelError::Shape { path, .. } if path == "lstm.weight_hh_l0"),
        "{error}"
    );
    let error = refuse(|weights| weights[8].2.truncate(3));
    assert!(
        matches!(&error, ModelError::Values { path, values: 3, .. } if path == "head.0.weight"),
        "{error}"
    );
}

#[test]
fn configurations_are_read_and_refused_by_key() {
    let config: ForecasterConfig =
        toml::from_str("hidden = 128\nlayers = 2\ndropout = 0.2\nhead = \"linear16\"").unwrap();
    assert_eq!(config.head.width, 16);
    assert!(
        toml::to_string(&config)
            .unwrap()
            .contains("head = \"linear16\"")
    );
    assert_eq!(
        toml::from_str::<ForecasterConfig>("").unwrap(),
        ForecasterConfig::default()
    );
    for head in ["linear", "linear0", "mlp32", "linear-1"] {
        let text = format!("head = \"{head}\"");
        let error = toml::from_str::<ForecasterConfig>(&text).unwrap_err();
        assert!(error.to_string().contains(head), "{error}");
    }
    for (key, config) in [
        (
            "hidden",
            ForecasterConfig {
                hidden: 0,
                ..config.clone()
            },
        ),
        (
            "layers",
            ForecasterConfig {
                layers: 0,
                ..config.clone()
            },
        ),
        (
            "dropout",
            ForecasterConfig {
                dropout: 1.0,
                ..config.clone()
            },
        ),
        (
            "dropout",
            ForecasterConfig {
                dropout: f64::NAN,
                ..config.clone()
            },
        ),
    ] {
        let error = config.validate().unwrap_err();
        assert!(
            error.to_string().contains(&format!("model.{key}")),
            "{error}"
        );
    }
    config.validate().unwrap();
}

#[test]
fn a_forecast_does_not_depend_on_its_batch() {
    let device = Device::flex();
    let model = Forecaster::init(&config(), 5, 2, 3, &device);
    let x = windows(23, &device);
    let whole = to_host(model.forward(x.clone(), None));
    for (first, batch) in [(0, 1), (7, 9), (22, 1)] {
        let part = to_host(model.forward(x.clone().narrow(0, first, batch), None));
        assert_eq!(part, whole[first * 2..][..batch * 2]);
    }
}

#[test]
fn windows_that_share_bars_are_forecast_to_the_bit() {
    let device = Device::flex();
    let places = (0..13).flat_map(|start| [start % 2, start - start % 3]);
    let places = upload_int(places.collect(), [13, 2], &device);
    for (layers, features) in [(1, 9), (2, 9), (3, 17), (1, 5)] {
        let bars = (0..2 * 19 * features).map(|i| (i as f32 * 0.53).sin());
        let bars: Tensor<3> = upload(bars.collect(), [2, 19, features], &device);
        let x = gather::windows(bars.clone(), places.clone(), 7);
        let config = ForecasterConfig { layers, ..config() };
        let model = Forecaster::init(&config, features, 2, 3, &device);
        let own = to_host(model.forward(x.clone(), None));
        assert_eq!(to_host(model.forecast(Windows::Gathered(x.clone()))), own);
        let shared = Windows::Shared {
            bars: bars.clone(),
            places: places.clone(),
            length: 7,
        };
        assert_eq!(to_host(model.forecast(shared)), own, "{layers} layers");
    }
}

#[test]
fn dropout_is_a_function_of_seed_and_step() {
    let device = Device::flex();
    let model = Forecaster::init(&config(), 5, 2, 3, &device);
    let x = windows(23, &device);
    let run = |dropout| to_host(model.forward(x.clone(), dropout));
    let plain = run(None);
    let first = run(Some((1, 10)));
    assert_eq!(first, run(Some((1, 10))));
    for other in [Some((1, 11)), Some((2, 10)), None] {
        assert_ne!(first, run(other), "{other:?}");
    }
    let off = Forecaster::from_weights(
        &ForecasterConfig {
            dropout: 0.0,
            ..config()
        },
        named(&model),
        &device,
    )
    .unwrap();
    assert_eq!(to_host(off.forward(x.clone(), Some((1, 10)))), plain);
}

#[test]
fn gradients_reach_every_weight_through_dropout() {
    let device = Device::flex().autodiff();
    let model = Forecaster::init(&config(), 5, 2, 3, &device).require_grad();
    let label = upload(vec![0.5; 23 * 2], [23, 2], &device);
    let forecast = model.forward(windows(23, &device), Some((1, 1)));
    let gradients = loss(Loss::Huber, forecast, label).backward();
    for (path, weight) in model.weights() {
        let values = match weight {
            Weight::Vector(tensor) => tensor.grad(&gradients).map(to_host),
            Weight::Matrix(tensor) => tensor.grad(&gradients).map(to_host),
        };
        let values = values.unwrap_or_else(|| panic!("no gradient of {path}"));
        assert!(values.iter().all(|value| value.is_finite()), "{path}");
        assert!(
            values.iter().any(|&value| value != 0.0),
            "{path} is all zeros"
        );
    }
}

#[test]
fn losses_are_their_formulas() {
    let device = Device::flex();
    let errors = [0.0_f32, 0.25, -0.5, 1.0, -1.0, 3.0];
    let forecast = upload(errors.to_vec(), [3, 2], &device);
    let zero = upload(vec![0.0; 6], [3, 2], &device);
    let mean = |f: fn(f32) -> f32| errors.iter().map(|&e| f(e)).sum::<f32>() / 6.0;
    let huber = to_host(loss(Loss::Huber, forecast.clone(), zero.clone()))[0];
    let expected = mean(|e| {
        if e.abs() <= 1.0 {
            e * e / 2.0
        } else {
            e.abs() - 0.5
        }
    });
    assert!(
        (huber - expected).abs() < 1e-6,
        "{huber} against {expected}"
    );
    let mse = to_host(loss(Loss::Mse, forecast, zero.clone()))[0];
    assert!((mse - mean(|e| e * e)).abs() < 1e-6, "{mse}");
    let nan = upload(vec![f32::NAN, 0.0, 0.0, 0.0, 0.0, 0.0], [3, 2], &device);
    assert!(to_host(loss(Loss::Huber, nan, zero))[0].is_nan());
}

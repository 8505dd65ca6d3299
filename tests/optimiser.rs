//! One step against plain arithmetic: `AdamW`, clip and schedule in f64, the whole step in `PyTorch`.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::tensor::{Bool, Device, Tensor};
use emberline::checkpoint::{CheckpointError, Moments};
use emberline::device::transfer::{to_host, to_host_int, upload, upload_int};
use emberline::model::{Forecaster, ForecasterConfig, Weight};
use emberline::training::{
    Optimiser, Schedule, Trainer, TrainingConfig, clip_factor, global_norm, guard,
};
use emberline::windows::{Loader, Resident, Sample};

use super::kernels::on_devices;
use super::toy::noise;

/// Weight decay, rate and sizes of the optimiser's tests.
const DECAY: f64 = 0.1;
const RATE: f64 = 1e-2;

fn yes(answer: bool, device: &Device) -> Tensor<1, Bool> {
    upload(vec![f32::from(u8::from(answer))], [1], device).greater_scalar(0.5)
}

fn one(device: &Device) -> Tensor<1> {
    upload(vec![1.0], [1], device)
}

/// `[3, 5]` and `[7]`, the shapes of the optimiser's tests.
fn pair(matrix: &[f32], vector: &[f32], device: &Device) -> Vec<Weight> {
    vec![
        Weight::upload(matrix.to_vec(), &[3, 5], device),
        Weight::upload(vector.to_vec(), &[7], device),
    ]
}

fn two_weights(device: &Device) -> Vec<(String, Weight)> {
    let names = ["a".to_owned(), "b".to_owned()];
    names
        .into_iter()
        .zip(pair(&noise(15, 1), &noise(7, 2), device))
        .collect()
}

/// The textbook, in f64.
fn plain_adamw(weight: &[f32], gradients: &[Vec<f32>]) -> Vec<f64> {
    let mut weight: Vec<f64> = weight.iter().map(|&value| f64::from(value)).collect();
    let (mut first, mut second) = (vec![0.0; weight.len()], vec![0.0; weight.len()]);
    for (t, gradient) in (1..).zip(gradients) {
        for (at, &gradient) in gradient.iter().enumerate() {
            let gradient = f64::from(gradient);
            first[at] = 0.9 * first[at] + 0.1 * gradient;
            second[at] = 0.999 * second[at] + 0.001 * gradient * gradient;
            let (first, second) = (
                first[at] / (1.0 - 0.9_f64.powi(t)),
                second[at] / (1.0 - 0.999_f64.powi(t)),
            );
            weight[at] = weight[at] * (1.0 - RATE * DECAY) - RATE * first / (second.sqrt() + 1e-8);
        }
    }
    weight
}

#[test]
fn adamw_is_the_textbook_with_epsilon_1e_8_and_decay_on_every_weight() {
    on_devices(|name, device| {
        let start = two_weights(device);
        let mut optimiser = Optimiser::new(&start, DECAY);
        let mut weights = start.clone();
        let mut gradients = [Vec::new(), Vec::new()];
        for step in 1..=20 {
            // Some gradients are as small as Burn's own epsilon, which would halve their updates.
            let scale = |values: Vec<f32>| -> Vec<f32> {
                let factor = |at: usize| if at.is_multiple_of(2) { 1.0 } else { 1e-5 };
                let scaled = values.iter().enumerate();
                scaled.map(|(at, value)| value * factor(at)).collect()
            };
            let (a, b) = (scale(noise(15, 100 + step)), scale(noise(7, 200 + step)));
            let (factor, skip) = (one(device), yes(false, device));
            weights = optimiser.step(step, RATE, weights, pair(&a, &b, device), &factor, &skip);
            gradients[0].push(a);
            gradients[1].push(b);
        }
        // 1 - 0.999^t in f32 is off by 6e-5 of itself, hence an update by 3e-5: 20 steps of 1e-2 sum
        // to 6e-6. The decay alone moves a weight of 1 by 2e-2, the other epsilon by 5e-2.
        for (((_, start), (_, weight)), gradients) in start.iter().zip(&weights).zip(&gradients) {
            let plain = plain_adamw(&start.to_host(), gradients);
            for (value, plain) in weight.to_host().iter().zip(plain) {
                assert!(
                    (f64::from(*value) - plain).abs() < 1e-5,
                    "{name}: {value} {plain}"
                );
            }
        }
    });
}

#[test]
fn a_skipped_step_changes_no_bit_even_where_gradients_are_not_numbers() {
    on_devices(|name, device| {
        let start = two_weights(device);
        let mut optimiser = Optimiser::new(&start, DECAY);
        let (factor, go, skip) = (one(device), yes(false, device), yes(true, device));
        let good = pair(&noise(15, 5), &noise(7, 6), device);
        let weights = optimiser.step(1, RATE, start, good, &factor, &go);
        let moments = optimiser.moments();
        let bad = pair(&[f32::NAN; 15], &[f32::INFINITY; 7], device);
        let after = optimiser.step(2, RATE, weights.clone(), bad, &factor, &skip);
        assert_eq!(optimiser.moments(), moments, "{name}");
        for ((_, before), (_, after)) in weights.iter().zip(&after) {
            assert_eq!(before.to_host(), after.to_host(), "{name}");
        }
    });
}

#[test]
fn the_first_bad_step_is_remembered_on_the_device() {
    on_devices(|name, device| {
        let (good, huge) = (1.0, f32::MAX);
        let bad_steps = [
            (f32::NAN, good),
            (good, f32::NAN),
            (f32::INFINITY, good),
            (good, f32::INFINITY),
            (good, f32::NEG_INFINITY),
        ];
        for (bad_loss, bad_norm) in bad_steps {
            let mut first = upload_int(vec![0], [1], device);
            let steps = [
                (good, huge),
                (bad_loss, bad_norm),
                (good, good),
                (f32::NAN, good),
            ];
            let expected = [0, 2, 2, 2];
            for (step, (loss, norm)) in (1..).zip(steps) {
                let loss = upload(vec![loss], [1], device);
                let norm = upload(vec![norm], [1], device);
                let (remembered, skip) = guard(first, loss, norm, step);
                first = remembered;
                let seen = (
                    to_host_int(first.clone())[0],
                    to_host_int(skip.int())[0] != 0,
                );
                let expected = expected[step as usize - 1];
                assert_eq!(
                    seen,
                    (expected, expected > 0),
                    "{name}: {bad_loss} {bad_norm} {step}"
                );
            }
        }
    });
}

#[test]
fn clipping_shortens_all_gradients_together() {
    on_devices(|name, device| {
        let gradients = pair(&noise(15, 8), &noise(7, 9), device);
        let all: Vec<f64> = gradients
            .iter()
            .flat_map(Weight::to_host)
            .map(f64::from)
            .collect();
        let plain = all.iter().map(|value| value * value).sum::<f64>().sqrt();
        let norm = global_norm(&gradients);
        assert!((f64::from(to_host(norm.clone())[0]) - plain).abs() < 1e-6 * plain);
        for (clip_norm, expected) in [(plain * 0.25, 0.25), (plain * 4.0, 1.0)] {
            let factor = to_host(clip_factor(norm.clone(), clip_norm))[0];
            assert!(
                (f64::from(factor) - expected).abs() < 1e-6,
                "{name}: {factor} {expected}"
            );
        }
        for zero in [Tensor::zeros([1], device), upload(vec![0.0], [1], device)] {
            let of_nothing = to_host(clip_factor(zero, 1.0));
            assert_eq!(of_nothing, [1.0], "{name}: no gradient at all");
        }

        // In the step, the factor multiplies every gradient.
        let start = two_weights(device);
        let mut clipped = Optimiser::new(&start, DECAY);
        let mut scaled = Optimiser::new(&start, DECAY);
        let quarter = upload(vec![0.25], [1], device);
        let go = yes(false, device);
        clipped.step(1, RATE, start.clone(), gradients, &quarter, &go);
        let quarters: Vec<f32> = all.iter().map(|value| *value as f32 * 0.25).collect();
        let quarters = pair(&quarters[..15], &quarters[15..], device);
        scaled.step(1, RATE, start, quarters, &one(device), &go);
        assert_eq!(clipped.moments(), scaled.moments(), "{name}");
    });
}

#[test]
fn moments_must_be_exactly_those_of_the_weights() {
    let device = Device::flex();
    let weights = two_weights(&device);
    let whole = Optimiser::new(&weights, DECAY).moments();
    let resume = |moments| Optimiser::from_moments(&weights, moments, DECAY, &device).map(|_| ());
    resume(whole.clone()).unwrap();
    assert!(
        matches!(resume(whole[..1].to_vec()), Err(CheckpointError::MissingMoment { name }) if name == "b.moment_1")
    );
    let mut extra = whole.clone();
    extra.push(Moments {
        path: "c".to_owned(),
        ..whole[1].clone()
    });
    assert!(
        matches!(resume(extra), Err(CheckpointError::ExtraMoment { name }) if name == "c.moment_1")
    );
    let mut misshapen = whole;
    misshapen[0].shape = vec![5, 3];
    assert!(matches!(
        resume(misshapen),
        Err(CheckpointError::MomentShape { .. })
    ));
}

#[test]
fn the_schedule_rises_in_a_line_and_falls_as_a_cosine() {
    let schedule = Schedule {
        peak: 2.0,
        warmup_steps: 10,
        total_steps: 110,
    };
    let rates: Vec<f64> = (0..110).map(|step| schedule.rate(step)).collect();
    assert!((rates[0] - 0.2).abs() < 1e-12 && (rates[9] - 2.0).abs() < 1e-12);
    assert!(rates[..10].is_sorted() && rates[10..].is_sorted_by(|left, right| left >= right));
    let plain = 1.0 + (std::f64::consts::PI * 0.25).cos();
    assert!((rates[35] - plain).abs() < 1e-12);
    assert!(rates[109] > 0.0 && rates[109] < 1e-3);
    let none = Schedule {
        warmup_steps: 0,
        ..schedule
    };
    assert!((none.rate(0) - 2.0).abs() < 1e-12);
    let only_warmup = Schedule {
        warmup_steps: 500,
        ..schedule
    };
    assert!((only_warmup.rate(109) - 2.0 * 110.0 / 500.0).abs() < 1e-12);
}

/// `tests/golden/training_curve.json`, made by `training_curve.py` beside it.
#[derive(serde::Deserialize)]
struct Golden {
    features: Vec<f32>,
    labels: Vec<f32>,
    weights: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    losses: Vec<f32>,
    gradient_norms: Vec<f32>,
    #[serde(rename = "final")]
    end: BTreeMap<String, Vec<f32>>,
}

#[test]
fn the_loss_curve_is_pytorchs() {
    let golden: Golden = serde_json::from_str(include_str!("golden/training_curve.json")).unwrap();
    let device = Device::flex();
    let (bars, steps_per_epoch) = (golden.labels.len(), 8);
    let resident = Arc::new(Resident {
        features: vec![upload(golden.features, [1, bars, 3], &device)],
        labels: vec![upload(golden.labels, [1, bars, 1], &device)],
        places: vec![(0, 0)],
    });
    let samples = (4..68).map(|last| Sample { series: 0, last }).collect();
    let epoch = Loader::new(resident, samples, 5, 8).sequential();
    let model = ForecasterConfig {
        hidden: 6,
        layers: 2,
        dropout: 0.0,
        ..Default::default()
    };
    let weights = golden
        .weights
        .into_iter()
        .map(|(path, (shape, values))| (path, shape, values));
    let model = Forecaster::from_weights(&model, weights.collect(), &device).unwrap();
    let config = TrainingConfig {
        weight_decay: 0.1,
        clip_norm: 0.5,
        ..Default::default()
    };
    let total = golden.losses.len();
    let schedule = Schedule {
        peak: 3e-2,
        warmup_steps: 4,
        total_steps: total as u64,
    };
    assert!(
        golden.gradient_norms.iter().any(|&norm| norm > 0.5),
        "some are clipped"
    );
    assert!(
        golden.gradient_norms.iter().any(|&norm| norm < 0.5),
        "some are not"
    );

    let mut trainer = Trainer::new(model, &config, &device);
    for step in 0..total {
        trainer.step(
            epoch.batch(step % steps_per_epoch),
            step as u64 + 1,
            schedule.rate(step as u64),
        );
        let reading = trainer.read();
        trainer.clear_loss();
        // Both sides round to f32 in another order. A step without clip, decay, warm-up or with
        // Burn's epsilon moves the curve by more than 1e-3.
        let (loss, norm) = (golden.losses[step], golden.gradient_norms[step]);
        assert!(
            (reading.loss_sum - loss).abs() < 1e-4,
            "step {step}: {} {loss}",
            reading.loss_sum
        );
        assert!(
            (reading.gradient_norm - norm).abs() < 2e-4,
            "step {step}: {} {norm}",
            reading.gradient_norm
        );
    }
    for (path, _, values) in trainer.to_host().0 {
        for (value, golden) in values.iter().zip(&golden.end[&path]) {
            assert!((value - golden).abs() < 1e-3, "{path}: {value} {golden}");
        }
    }
}

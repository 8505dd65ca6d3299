//! Heads that learn what they are for, class weights, and an exact resume with all of it.

use emberline::metrics::Objective;
use emberline::model::{Criterion, ForecasterConfig, Loss};
use emberline::training::{ClassWeights, TrainingConfig, balanced, criterion, forecast};
use emberline::windows::Loader;

use super::super::toy::{Toy, bits, latest, log_without_times, noise};
use super::{loader, normal, trained};

const BARS: usize = 3000;

fn training(loss: Loss) -> TrainingConfig {
    TrainingConfig {
        batch_size: 100,
        learning_rate: 1e-2,
        weight_decay: 0.0,
        loss,
        seed: 3,
        ..TrainingConfig::default()
    }
}

fn model(loss: Loss) -> ForecasterConfig {
    ForecasterConfig {
        hidden: 8,
        dropout: 0.0,
        ..ForecasterConfig::default()
    }
    .with_loss(loss)
}

/// Outputs of every window, `[S, K]` of one horizon.
fn outputs(model: &emberline::model::Forecaster, windows: &Loader) -> Vec<f32> {
    let epoch = windows.sequential();
    epoch.to_sample_order(
        (0..epoch.len())
            .map(|step| model.outputs(epoch.windows(step)))
            .collect(),
    )
}

/// Share of the labels at or below each quantile against its level: on 1,000 new windows a share's own
/// standard error is at most 0.016, and the fit on 1,900 windows has one of about half of that.
#[test]
fn quantiles_cover_what_they_say() {
    let features = noise(BARS * 2, 5);
    // The spread depends on the second feature: constant quantiles would not do within its halves.
    let labels: Vec<f32> = features
        .chunks_exact(2)
        .zip(normal(BARS, 6))
        .map(|(x, noise)| 0.7 * x[0] + (0.6 + 0.4 * x[1]) * noise)
        .collect();
    let train = loader(&features, &labels, 2..1902, 100);
    let test = loader(&features, &labels, 2000..3000, 100);
    let config = model(Loss::Quantile);
    let model = trained(&config, &training(Loss::Quantile), &train, 25);
    let quantiles = outputs(&model, &test);
    for (place, level) in config.quantiles.iter().enumerate() {
        for half in [None, Some(false), Some(true)] {
            let inside: Vec<bool> = (2000..3000)
                .zip(quantiles.chunks_exact(3))
                .filter(|(bar, _)| half.is_none_or(|up| (features[2 * bar + 1] > 0.0) == up))
                .map(|(bar, row)| labels[bar] <= row[place])
                .collect();
            let covered = inside.iter().filter(|&&is| is).count() as f64 / inside.len() as f64;
            let tolerance = if half.is_none() { 0.05 } else { 0.08 };
            assert!(
                (covered - level).abs() < tolerance,
                "{covered} at or below the quantile of {level}, half {half:?}"
            );
        }
    }
    // The loss that is logged is the mean pinball loss, and lower than a constant's.
    let run = training(Loss::Quantile);
    let criterion = criterion(&run, &model, &train).expect("its loss");
    let forecast = forecast(&model, &criterion, &test);
    let expected = (2000..3000)
        .zip(quantiles.chunks_exact(3))
        .flat_map(|(bar, row)| {
            let label = f64::from(labels[bar]);
            config.quantiles.iter().zip(row).map(move |(t, &q)| {
                let error = label - f64::from(q);
                (t * error).max((t - 1.0) * error)
            })
        })
        .sum::<f64>()
        / 3000.0;
    let found = forecast.losses.expect("a loss of its own")[0];
    assert!(
        (found - expected).abs() < 1e-6,
        "{found} against {expected}"
    );
    let medians: Vec<f32> = quantiles.iter().skip(1).step_by(3).copied().collect();
    assert_eq!(forecast.values, medians);
    let label: Vec<f64> = labels[2000..].iter().map(|&y| f64::from(y)).collect();
    let constant = Objective::Quantile { mean_level: 0.5 }.mean(&vec![0.0; 1000], &label);
    assert!(found < 0.8 * constant, "{found} against zero's {constant}");
}

#[test]
fn a_baseline_counts_by_its_one_number() {
    let levels = [0.05, 0.5, 0.6, 0.9];
    let (forecast, label) = ([0.3, -0.2, 1.0], [0.1, 0.4, 1.0]);
    let errors = forecast.iter().zip(&label).map(|(q, y)| y - q);
    let expected: f64 = errors
        .flat_map(|error: f64| levels.map(|t| (t * error).max((t - 1.0) * error)))
        .sum();
    let objective = Objective::Quantile {
        mean_level: levels.iter().sum::<f64>() / 4.0,
    };
    let found = objective.mean(&forecast, &label);
    assert!((found - expected / 12.0).abs() < 1e-15, "{found}");
    // A third for each class, whatever came.
    let found = Objective::Direction.mean(&forecast, &label);
    assert!((found + (1.0_f64 / 3.0).ln()).abs() < 1e-15, "{found}");
}

#[test]
fn directions_are_told_where_there_is_a_signal() {
    let features = noise(BARS * 2, 7);
    let labels: Vec<f32> = features
        .chunks_exact(2)
        .zip(normal(BARS, 8))
        .map(|(x, noise)| 1.2 * x[0] + 0.2 * noise)
        .collect();
    let train = loader(&features, &labels, 2..1902, 100);
    let test = loader(&features, &labels, 2000..3000, 100);
    let config = ForecasterConfig {
        attention_heads: 4,
        ..model(Loss::Direction)
    };
    let model = trained(&config, &training(Loss::Direction), &train, 12);
    let logits = outputs(&model, &test);
    let class = |label: f32| {
        if label > 0.25 {
            2
        } else {
            usize::from(label >= -0.25)
        }
    };
    let mut counts = [0; 3];
    let mut right = 0;
    for (bar, row) in (2000..3000).zip(logits.chunks_exact(3)) {
        let truth = class(labels[bar]);
        counts[truth] += 1;
        let told = (0..3)
            .max_by(|&a, &b| row[a].total_cmp(&row[b]))
            .expect("three");
        right += usize::from(told == truth);
    }
    let majority = *counts.iter().max().expect("three");
    // The noise alone makes about a fifth ambiguous.
    assert!(
        right > majority + 250,
        "{right} of 1000 right, the majority class has {majority}"
    );
    let forecast = model.forecast(test.sequential().windows(0));
    let forecast = emberline::device::transfer::to_host(forecast);
    let agree = forecast
        .iter()
        .zip(&labels[2000..])
        .filter(|(forecast, label)| (**forecast > 0.0) == (**label > 0.0))
        .count();
    assert!(agree > 85, "{agree} of 100 signs");
}

#[test]
fn balanced_classes_are_counted_over_the_training_windows() {
    let features = noise(BARS * 2, 9);
    // One label in ten is up, the rest flat but for a few down.
    let labels: Vec<f32> = (0..BARS)
        .map(|bar| match bar % 20 {
            0 | 10 => 1.0,
            7 => -1.0,
            _ => 0.1,
        })
        .collect();
    let train = loader(&features, &labels, 2..1953, 100);
    let config = model(Loss::Direction);
    let run = TrainingConfig {
        class_weights: ClassWeights::Balanced,
        ..training(Loss::Direction)
    };
    let device = burn::tensor::Device::flex();
    let forecaster = emberline::model::Forecaster::init(&config, 2, 1, 3, &device);
    let found = criterion(&run, &forecaster, &train).expect("its loss");
    let mut counts = [0; 3];
    for label in &labels[2..1953] {
        counts[if *label > 0.25 {
            2
        } else {
            usize::from(*label > -0.25)
        }] += 1;
    }
    assert_eq!(counts.iter().sum::<i32>(), 1951);
    let expected =
        Criterion::new(Loss::Direction, &config, &device).weighted(balanced(&counts), &device);
    let plain = Criterion::new(Loss::Direction, &config, &device);
    let epoch = train.sequential();
    let batch = epoch.batch(0);
    let outputs = forecaster.forward(batch.x, None);
    let loss = |criterion: &Criterion| {
        emberline::device::transfer::to_host(criterion.mean(outputs.clone(), batch.y.clone()))
    };
    assert_eq!(loss(&found), loss(&expected));
    assert_ne!(loss(&found), loss(&plain));
    // Balanced weights sum to the number of windows.
    let sum: f32 = balanced(&counts)
        .iter()
        .zip(counts)
        .map(|(weight, count)| weight * count as f32)
        .sum();
    assert!((sum - 1951.0).abs() < 0.1, "{sum}");
}

#[test]
fn a_run_with_attention_and_balanced_classes_resumes_exactly() {
    let mut toy = Toy::new();
    toy.forecaster.attention_heads = 3;
    toy.forecaster = toy.forecaster.with_loss(Loss::Direction);
    toy.config.loss = Loss::Direction;
    toy.config.class_weights = ClassWeights::Balanced;
    let folder = tempfile::tempdir().expect("a folder");
    let (whole, halves) = (folder.path().join("whole"), folder.path().join("halves"));
    toy.train_until(&whole, None, 20);
    toy.train_until(&halves, None, 10);
    toy.train_until(&halves, Some(latest(&halves)), 20);
    assert_eq!(bits(&latest(&whole)), bits(&latest(&halves)));
    assert_eq!(log_without_times(&whole), log_without_times(&halves));
    // The weights are part of what is learnt.
    let plain = folder.path().join("plain");
    toy.config.class_weights = ClassWeights::None;
    toy.train_until(&plain, None, 20);
    assert_ne!(bits(&latest(&whole)).0, bits(&latest(&plain)).0);
}

#[test]
fn a_model_of_other_outputs_is_refused() {
    let mut toy = Toy::new();
    toy.config.loss = Loss::Quantile;
    let folder = tempfile::tempdir().expect("a folder");
    let error = toy.train_whole(&folder.path().join("run")).unwrap_err();
    assert!(error.to_string().contains("training.loss"), "{error}");
    assert!(error.is_refusal());
}

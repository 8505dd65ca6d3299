//! Permutation importance: who carries the signal comes first, the rest is near 0.

use std::process::Command;
use std::sync::Arc;

use burn::tensor::Device;
use emberline::device::transfer::{traffic, upload};
use emberline::metrics::{Objective, Scorer};
use emberline::model::{ForecasterConfig, Loss};
use emberline::run::{FeatureImportance, importance};
use emberline::training::{TrainingConfig, criterion};
use emberline::windows::{Loader, Outcomes, Resident, Sample};

use super::super::toy::noise;
use super::{LENGTH, loader, trained};

const FEATURES: usize = 4;
const BARS: usize = 1600;

fn names() -> Vec<String> {
    ["one", "signal", "weak", "noise"]
        .map(str::to_owned)
        .to_vec()
}

fn features() -> Vec<f32> {
    noise(BARS * FEATURES, 21)
}

/// The second feature of the bar before the last, and a little of the third of the last bar.
fn labels(features: &[f32]) -> Vec<f32> {
    let at = |bar: usize, feature: usize| features[bar * FEATURES + feature];
    (0..BARS)
        .map(|bar| 1.5 * at(bar.saturating_sub(1), 1) + 0.3 * at(bar, 2))
        .collect()
}

fn scorer(windows: &Loader, labels: &[f32]) -> Scorer {
    let samples = windows.samples().to_vec();
    let bar = |sample: &Sample| sample.series as usize * BARS / 2 + sample.last as usize;
    let label: Vec<f32> = samples.iter().map(|sample| labels[bar(sample)]).collect();
    let outcomes = Outcomes {
        times: samples.iter().map(|one| i64::from(one.last)).collect(),
        horizons: vec![1],
        scale: vec![1.0; samples.len()],
        last_return: vec![0.0; samples.len()],
        raw: label.clone(),
        label,
        samples,
    };
    Scorer::new(outcomes, Objective::default(), &[], None)
}

/// The importances, and the bytes that were read back for them.
fn find(loss: Loss, windows: impl Fn(&[f32], &[f32]) -> Loader) -> (Vec<FeatureImportance>, u64) {
    let features = features();
    let labels = labels(&features);
    let run = TrainingConfig {
        learning_rate: 1e-2,
        loss,
        seed: 5,
        ..TrainingConfig::default()
    };
    let config = ForecasterConfig {
        hidden: 8,
        dropout: 0.0,
        ..ForecasterConfig::default()
    }
    .with_loss(loss);
    let train = loader(&features, &labels, 2..700, 50);
    let model = trained(&config, &run, &train, 20);
    let windows = windows(&features, &labels);
    let scorer = scorer(&windows, &labels);
    let criterion = criterion(&run, &model, &train).expect("its loss");
    let before = traffic();
    let found = importance(&model, &criterion, &windows, &scorer, &names(), 3, 9);
    let read = traffic().since(before).bytes_down;
    (found, read)
}

#[test]
fn the_feature_with_the_signal_comes_first() {
    for loss in [Loss::Huber, Loss::Quantile] {
        let (found, _) = find(loss, |features, labels| {
            loader(features, labels, 801..1500, 64)
        });
        let order: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(order[..2], ["signal", "weak"], "{found:#?}");
        let signal = &found[0];
        assert!(signal.loss_increase > 0.1, "{signal:?}");
        assert!(signal.ic_drop.expect("an IC") > 0.5, "{signal:?}");
        assert!(
            signal.se.expect("three repeats") < 0.2 * signal.loss_increase,
            "{signal:?}"
        );
        for idle in &found[2..] {
            assert!(
                idle.loss_increase.abs() < 0.05 * signal.loss_increase,
                "{idle:?}"
            );
            assert!(idle.ic_drop.expect("an IC").abs() < 0.03, "{idle:?}");
        }
    }
}

/// The same bars as two symbols in one block and in two: batches that span blocks group their rows
/// otherwise, and nothing else changes.
#[test]
fn blocks_do_not_matter() {
    let blocks = |apart: bool| {
        find(Loss::Huber, |features, labels| {
            let device = Device::flex();
            let half = BARS / 2;
            let resident = if apart {
                let part = |index: usize, values: &[f32], width: usize| {
                    let values = values[index * half * width..][..half * width].to_vec();
                    upload(values, [1, half, width], &device)
                };
                Resident {
                    features: (0..2).map(|at| part(at, features, FEATURES)).collect(),
                    labels: (0..2).map(|at| part(at, labels, 1)).collect(),
                    places: vec![(0, 0), (1, 0)],
                }
            } else {
                Resident {
                    features: vec![upload(features.to_vec(), [2, half, FEATURES], &device)],
                    labels: vec![upload(labels.to_vec(), [2, half, 1], &device)],
                    places: vec![(0, 0), (0, 1)],
                }
            };
            // By bar, both symbols in turn: every batch has both.
            let samples =
                (100..400).flat_map(|last| (0..2).map(move |series| Sample { series, last }));
            Loader::new(Arc::new(resident), samples.collect(), LENGTH, 64)
        })
        .0
    };
    assert_eq!(blocks(true), blocks(false));
}

/// In a process of its own: the counters are the process's.
#[test]
fn only_forecasts_are_read_back() {
    const CHILD: &str = "EMBERLINE_TEST_IMPORTANCE";
    if std::env::var_os(CHILD).is_none() {
        let child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "heads::importance::only_forecasts_are_read_back"])
            .env(CHILD, "1")
            .output()
            .expect("the program starts");
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(said.contains("1 passed"), "{said}");
        return;
    }
    let count = 699;
    let forecasts = 4 * count * (1 + 3 * FEATURES as u64);
    for (loss, sums) in [(Loss::Huber, 0), (Loss::Quantile, 2)] {
        let (_, read) = find(loss, |features, labels| {
            loader(features, labels, 801..1500, 64)
        });
        // Where the loss is computed on the device, its sums of each batch come, too.
        let batches = count.div_ceil(64);
        assert_eq!(
            read,
            forecasts + 4 * sums * batches * (1 + 3 * FEATURES as u64),
            "{loss:?}"
        );
    }
}

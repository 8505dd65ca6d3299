//! Several outputs per horizon: attention, quantiles, classes, and what reads them.

mod events;
mod golden;
mod importance;
mod learning;
mod outputs;

use std::sync::Arc;

use burn::tensor::Device;
use emberline::device::transfer::upload;
use emberline::model::{Forecaster, ForecasterConfig};
use emberline::training::{Trainer, TrainingConfig, criterion};
use emberline::windows::{Loader, Resident, Sample};

const LENGTH: usize = 3;

/// Numbers like a normal's: sums of twelve uniform ones.
fn normal(count: usize, seed: u64) -> Vec<f32> {
    super::toy::noise(12 * count, seed)
        .chunks_exact(12)
        .map(|dozen| dozen.iter().sum::<f32>() / 2.0)
        .collect()
}

/// One symbol: features `[T, F]`, a label at every bar; windows that end at the bars of `range`.
fn loader(
    features: &[f32],
    labels: &[f32],
    range: std::ops::Range<usize>,
    batch_size: usize,
) -> Loader {
    let device = Device::flex();
    let bars = labels.len();
    let width = features.len() / bars;
    let resident = Arc::new(Resident {
        features: vec![upload(features.to_vec(), [1, bars, width], &device)],
        labels: vec![upload(labels.to_vec(), [1, bars, 1], &device)],
        places: vec![(0, 0)],
    });
    let samples = range.map(|last| Sample {
        series: 0,
        last: last as u32,
    });
    Loader::new(resident, samples.collect(), LENGTH, batch_size)
}

/// Trains for some epochs at one learning rate.
fn trained(
    config: &ForecasterConfig,
    training: &TrainingConfig,
    windows: &Loader,
    epochs: u64,
) -> Forecaster {
    let device = Device::flex();
    let num_features = windows.resident().features[0].dims()[2];
    let model = Forecaster::init(config, num_features, 1, training.seed, &device);
    let criterion = criterion(training, &model, windows).expect("the model's own loss");
    let mut trainer = Trainer::new(model, training, &device).with_criterion(criterion);
    let mut taken = 0;
    for epoch in 0..epochs {
        let order = windows.shuffled(training.seed, epoch);
        for step in 0..order.len() {
            taken += 1;
            trainer.step(order.batch(step), taken, training.learning_rate);
        }
    }
    trainer.model().clone()
}

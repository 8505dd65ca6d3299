use std::sync::Arc;

use burn::tensor::Device;
use emberline::device::transfer::upload;
use emberline::metrics::{RIDGE_LAMBDA, Ridge, Trees, TreesConfig, pearson};
use emberline::windows::{Loader, Resident, Sample, SeriesTargets, Targets};

const BARS: usize = 3000;
const LENGTH: usize = 4;

/// Two symbols, three features; y = sign(x1 x2) of the window's last bar and, at the second horizon,
/// the mean of x3 over the window, both under noise.
fn toy() -> (Arc<Resident>, Vec<f32>) {
    let x = crate::toy::noise(2 * BARS * 3, 17);
    let disturbance = crate::toy::noise(2 * BARS * 2, 23);
    let mut labels = vec![0.0; 2 * BARS * 2];
    for row in 0..2 * BARS {
        let bar = &x[row * 3..][..3];
        labels[2 * row] = (bar[0] * bar[1]).signum() + disturbance[2 * row];
        if row % BARS + 1 >= LENGTH {
            let sum: f32 = (0..LENGTH).map(|back| x[(row - back) * 3 + 2]).sum();
            labels[2 * row + 1] = sum / LENGTH as f32 + 0.1 * disturbance[2 * row + 1];
        }
    }
    let series = |symbol: usize| SeriesTargets {
        label: labels[symbol * BARS * 2..][..BARS * 2].to_vec(),
        ..SeriesTargets::default()
    };
    let targets = Targets {
        horizons: vec![1, 2],
        series: vec![series(0), series(1)],
    };
    let features = vec![upload(x, [2, BARS, 3], &Device::flex())];
    let resident = Resident::from_extents(features, vec![(0..2, BARS)], &targets);
    (Arc::new(resident), labels)
}

fn loader(resident: &Arc<Resident>, rows: std::ops::Range<u32>) -> Loader {
    let samples = (0..2)
        .flat_map(|series| rows.clone().map(move |last| Sample { series, last }))
        .collect();
    Loader::new(Arc::clone(resident), samples, LENGTH, 256)
}

fn times(loader: &Loader) -> Vec<i64> {
    let time = |sample: &Sample| i64::from(sample.last);
    loader.samples().iter().map(time).collect()
}

#[test]
fn trees_find_what_ridge_cannot() {
    let (resident, labels) = toy();
    let train = loader(&resident, 10..2000);
    let test = loader(&resident, 2010..3000);
    let trees = Trees::fit(&train, &times(&train), 3, &TreesConfig::default()).unwrap();
    assert_eq!(trees.num_windows, 2 * 1990);
    assert!(
        trees
            .num_trees
            .iter()
            .all(|&count| (1..=300).contains(&count))
    );
    let found = trees.forecasts(&test.sequential()).unwrap();
    assert_eq!(found.name, "trees");
    let ridge = Ridge::fit(&train.sequential(), RIDGE_LAMBDA).unwrap();
    let linear = ridge.forecasts(&test.sequential());
    let correlation = |forecasts: &[f32], horizon: usize| {
        let pick = |values: &[f32], place: usize| f64::from(values[2 * place + horizon]);
        let samples = test.samples();
        let forecast: Vec<f64> = (0..samples.len()).map(|row| pick(forecasts, row)).collect();
        let actual: Vec<f64> = samples
            .iter()
            .map(|one| pick(&labels, one.series as usize * BARS + one.last as usize))
            .collect();
        pearson(&forecast, &actual).unwrap()
    };
    // the sign has variance 1, the noise 1/3: the best forecast has a correlation of 0.87
    assert!(correlation(&found.values, 0) > 0.75);
    assert!(correlation(&linear.values, 0).abs() < 0.1);
    // the mean over the window has a standard deviation of 0.29, its noise 0.06: 0.98
    assert!(correlation(&found.values, 1) > 0.9);
    assert!(correlation(&linear.values, 1) < 0.7);
}

/// Trees fitted on 700 windows and their forecasts in batches of `batch_size`, all from scratch.
fn from_scratch(batch_size: usize) -> Vec<f32> {
    let (resident, _) = toy();
    let train = loader(&resident, 10..900);
    let config = TreesConfig {
        max_rows: 700,
        ..TreesConfig::default()
    };
    let trees = Trees::fit(&train, &times(&train), 3, &config).unwrap();
    assert_eq!(trees.num_windows, 700);
    let samples = loader(&resident, 910..1500).samples().to_vec();
    let test = Loader::new(resident, samples, LENGTH, batch_size);
    trees.forecasts(&test.sequential()).unwrap().values
}

#[test]
fn trees_are_the_same_again_and_on_any_number_of_threads() {
    let first = from_scratch(256);
    assert_eq!(first, from_scratch(256));
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let found = pool.install(|| from_scratch(256));
        assert_eq!(first, found, "{threads} threads");
    }
    // windows in batches of another size are the same windows
    assert_eq!(first, from_scratch(37));
}

#[test]
fn trees_refuse_what_is_not_a_number() {
    let targets = Targets {
        horizons: vec![1],
        series: vec![SeriesTargets {
            label: vec![0.5; 40],
            ..SeriesTargets::default()
        }],
    };
    let mut x = crate::toy::noise(40, 5);
    let fit = |x: Vec<f32>| {
        let features = vec![upload(x, [1, 40, 1], &Device::flex())];
        let resident = Resident::from_extents(features, vec![(0..1, 40)], &targets);
        let samples = (4..40).map(|last| Sample { series: 0, last }).collect();
        let train = Loader::new(Arc::new(resident), samples, LENGTH, 16);
        Trees::fit(&train, &times(&train), 1, &TreesConfig::default()).is_some()
    };
    assert!(fit(x.clone()));
    x[20] = f32::NAN;
    assert!(!fit(x));
}

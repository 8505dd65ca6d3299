//! The nonlinear model without sequences that a network has to beat.

use std::num::NonZeroUsize;

use burn::prelude::*;
use hessboost::prelude::{
    BoostedModel, DMatrix, HessboostError, Iterations, Objective, RegLoss, Trainer, TrainingParams,
    TreeMethod, train,
};

use super::Forecasts;
use crate::device::transfer::to_host;
use crate::windows::{Epoch, Loader, Sample};

/// Rows whose inputs are read back at once.
const ROWS_AT_ONCE: usize = 1 << 16;

/// How large the trees may grow. Fixed numbers, so that the baseline costs seconds and nobody tunes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TreesConfig {
    /// Training windows used at most; more are thinned evenly.
    pub max_rows: usize,
    /// Trees for each horizon at most.
    pub max_rounds: usize,
    /// Levels of a tree.
    pub max_depth: usize,
    /// Share of a tree's correction that is taken.
    pub learning_rate: f64,
    /// Fewest windows of a leaf.
    pub min_leaf: usize,
    /// Trees without a better loss on the held-out windows before the search ends.
    pub patience: usize,
}

impl Default for TreesConfig {
    fn default() -> Self {
        Self {
            max_rows: 50_000,
            max_rounds: 300,
            max_depth: 4,
            learning_rate: 0.05,
            min_leaf: 50,
            patience: 25,
        }
    }
}

/// Gradient-boosted trees on the window's last bar and on the mean over the window.
///
/// One model a horizon, squared error of the label, histograms of 64 bins, no random draw: the same
/// windows give the same trees on any number of threads. Of the training windows at most
/// [`TreesConfig::max_rows`] are used: every k-th of them in their order (by symbol, then by time). The number
/// of trees is the one with the least loss on the last fifth of them by time, fitted on those before
/// (less a purge in between, since targets overlap); then as many trees are fitted on all.
///
/// # Source
/// Friedman (2001); Chen and Guestrin (2016) for second-order leaves and histograms. The crate
/// `hessboost` does the work, on the process's thread pool.
#[derive(Clone, Debug)]
pub struct Trees {
    models: Vec<BoostedModel>,
    /// Trees of each horizon's model.
    pub num_trees: Vec<usize>,
    /// Windows fitted on.
    pub num_windows: usize,
    num_inputs: usize,
}

/// The inputs `[S, 2 F]` and labels `[S, Hn]` of windows, on the host.
struct Table {
    inputs: Vec<f32>,
    width: usize,
    labels: Vec<f32>,
    num_horizons: usize,
}

impl Trees {
    /// Fits on the windows of a loader, by rule the training windows.
    ///
    /// None if there are fewer than ten windows, or an input or label is not finite.
    ///
    /// - `times`: open time of each window's last bar, in the order of the loader's samples
    /// - `purge_bars`: bars over which a target reaches ahead
    /// # Panics
    /// If there is not one time for each window.
    pub fn fit(
        loader: &Loader,
        times: &[i64],
        purge_bars: usize,
        config: &TreesConfig,
    ) -> Option<Self> {
        let samples = loader.samples();
        assert_eq!(samples.len(), times.len(), "times of windows");
        let count = samples.len().min(config.max_rows);
        if count < 10 {
            return None;
        }
        let kept: Vec<usize> = (0..count).map(|row| row * samples.len() / count).collect();
        let thinned: Vec<Sample> = kept.iter().map(|&index| samples[index]).collect();
        let times: Vec<i64> = kept.iter().map(|&index| times[index]).collect();
        let table = Table::read(&loader.with_samples(thinned).sequential())?;
        let (before, last) = held_out(&times, purge_bars);
        let mut models = Vec::with_capacity(table.num_horizons);
        for horizon in 0..table.num_horizons {
            models.push(boosted(&table, horizon, &before, &last, config).ok()?);
        }
        Some(Self {
            num_trees: models.iter().map(BoostedModel::num_boost_rounds).collect(),
            models,
            num_windows: count,
            num_inputs: table.width,
        })
    }

    /// Forecasts of an epoch that holds every sample, in the samples' order.
    ///
    /// None if an input is not finite.
    ///
    /// # Panics
    /// If the epoch's features are not those of the fit.
    pub fn forecasts(&self, epoch: &Epoch) -> Option<Forecasts> {
        let table = Table::read(epoch)?;
        assert_eq!(table.width, self.num_inputs, "inputs of a window");
        let num_horizons = self.models.len();
        let mut values = vec![0.0; table.inputs.len() / table.width * num_horizons];
        for (horizon, model) in self.models.iter().enumerate() {
            let forecasts = model.predict_rows(&table.inputs, Iterations::Best).ok()?;
            let column = values.iter_mut().skip(horizon).step_by(num_horizons);
            for (value, forecast) in column.zip(forecasts.as_slice()) {
                *value = *forecast;
            }
        }
        Some(Forecasts {
            name: "trees".to_owned(),
            values,
        })
    }
}

impl Table {
    /// Reads the inputs and labels of an epoch back, in the samples' order; none unless all inputs
    /// are finite (labels may be unknown where nothing is fitted).
    fn read(epoch: &Epoch) -> Option<Self> {
        let (mut inputs, mut labels) = (Vec::new(), Vec::new());
        let (mut width, mut num_horizons) = (0, 0);
        let mut step = 0;
        while step < epoch.len() {
            let (mut x, mut y, mut rows) = (Vec::new(), Vec::new(), 0);
            while step < epoch.len() && rows < ROWS_AT_ONCE {
                let batch = epoch.batch(step);
                let window = batch.x.inner(); // [B, L, F]
                let last = epoch.last_bars(step).inner(); // [B, F]
                let mean = window.mean_dim(1).squeeze_dim(1); // [B, F]
                rows += last.dims()[0];
                x.push(Tensor::cat(vec![last, mean], 1));
                y.push(batch.y.inner());
                step += 1;
            }
            let (x, y) = (Tensor::cat(x, 0), Tensor::cat(y, 0)); // [R, 2 F], [R, Hn]
            (width, num_horizons) = (x.dims()[1], y.dims()[1]);
            inputs.extend(to_host(x));
            labels.extend(to_host(y));
        }
        let finite = !inputs.is_empty() && inputs.iter().all(|value| value.is_finite());
        finite.then(|| Self {
            inputs: in_sample_order(epoch.order(), &inputs, width),
            labels: in_sample_order(epoch.order(), &labels, num_horizons),
            width,
            num_horizons,
        })
    }

    /// Some of the rows with the labels of one horizon.
    fn matrix(&self, rows: &[usize], horizon: usize) -> Result<DMatrix, HessboostError> {
        let inputs: Vec<f32> = rows
            .iter()
            .flat_map(|&row| &self.inputs[row * self.width..][..self.width])
            .copied()
            .collect();
        let labels: Vec<f32> = rows
            .iter()
            .map(|&row| self.labels[row * self.num_horizons + horizon])
            .collect();
        DMatrix::from_dense_vec(inputs, rows.len(), self.width)?.with_labels(&labels)
    }
}

fn in_sample_order(order: &[u32], values: &[f32], width: usize) -> Vec<f32> {
    let mut sorted = vec![0.0; values.len()];
    for (&sample, row) in order.iter().zip(values.chunks_exact(width)) {
        sorted[sample as usize * width..][..width].copy_from_slice(row);
    }
    sorted
}

/// Rows before the last fifth of the windows by time, less the purge, and the last fifth; nothing in
/// either where one would be empty.
fn held_out(times: &[i64], purge_bars: usize) -> (Vec<usize>, Vec<usize>) {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let cut = sorted[sorted.len() * 4 / 5];
    sorted.dedup();
    let place = sorted.partition_point(|&time| time < cut);
    let Some(&purged) = place
        .checked_sub(purge_bars)
        .and_then(|from| sorted.get(from))
    else {
        return (Vec::new(), Vec::new());
    };
    let rows = |keep: &dyn Fn(i64) -> bool| -> Vec<usize> {
        (0..times.len()).filter(|&row| keep(times[row])).collect()
    };
    let (before, last) = (rows(&|time| time < purged), rows(&|time| time >= cut));
    if before.is_empty() {
        return (Vec::new(), Vec::new());
    }
    (before, last)
}

fn boosted(
    table: &Table,
    horizon: usize,
    before: &[usize],
    last: &[usize],
    config: &TreesConfig,
) -> Result<BoostedModel, HessboostError> {
    let params = TrainingParams::builder()
        .objective(Objective::SquaredError(RegLoss::default()))
        .tree_method(TreeMethod::Hist)
        .max_bin(64)
        .max_depth(config.max_depth)
        .eta(config.learning_rate)
        .min_child_weight(config.min_leaf as f64)
        .build()?;
    let mut rounds = config.max_rounds;
    if let (false, Some(patience)) = (before.is_empty(), NonZeroUsize::new(config.patience)) {
        let (fitted, watched) = (table.matrix(before, horizon)?, table.matrix(last, horizon)?);
        let found = Trainer::new(&params, &fitted, config.max_rounds)
            .eval(&watched, "last")
            .early_stopping_rounds(patience)
            .train()?;
        rounds = found.model.best_iteration().map_or(rounds, |best| best + 1);
    }
    let all: Vec<usize> = (0..table.labels.len() / table.num_horizons).collect();
    train(&params, &table.matrix(&all, horizon)?, rounds)
}

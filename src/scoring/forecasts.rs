//! The model over every full window.

use std::ops::Range;
use std::sync::Arc;

use burn::tensor::Device;

use super::{Recipe, Schedule, ScoreError};
use crate::checkpoint::Checkpoint;
use crate::device::largest_binding_bytes;
use crate::features::{self, Panel};
use crate::market::{self, Bars};
use crate::model::{Forecaster, Outputs};
use crate::windows::{self, Loader, Resident, Sample};

/// How to score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoreOptions {
    /// Windows per batch. Changes no number on the CPU.
    pub batch_size: usize,
    /// Only each symbol's last full window.
    pub last: bool,
}

impl Default for ScoreOptions {
    fn default() -> Self {
        Self {
            batch_size: 256,
            last: false,
        }
    }
}

/// A symbol that was not scored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The symbol.
    pub symbol: String,
    /// Its bars.
    pub num_bars: usize,
}

/// One row per symbol and bar, ordered by symbol, then by time. Columns of equal length S.
#[derive(Clone, Debug)]
pub struct Forecasts {
    /// Open of the window's last bar, nanoseconds since the epoch, UTC. `[S]`
    pub timestamp: Vec<i64>,
    /// Its close. `[S]`
    pub known_at: Vec<i64>,
    /// Index into [`Bars::series`]. `[S]`
    pub series: Vec<u32>,
    /// Bars ahead, one output each.
    pub horizons: Vec<usize>,
    /// When the trade is entered; none where the calendar does not tell. `[S]`
    pub entry_at: Vec<Option<i64>>,
    /// Per horizon when its target ends. `[Hn][S]`
    pub target_end: Vec<Vec<Option<i64>>>,
    /// Per horizon the forecast log return. `[Hn][S]`
    pub forecast: Vec<Vec<f32>>,
    /// Per horizon what the model gives beside the forecast, by name: quantiles of the log return, or
    /// the probabilities of down, flat and up. `[Hn][K][S]`
    pub beside: Vec<Vec<(String, Vec<f32>)>>,
    /// Symbols without a full window.
    pub skipped: Vec<Skipped>,
    /// The sentence that goes with every output, if the target cannot be traded.
    pub caveat: Option<&'static str>,
    /// Bars of history that a forecast needs.
    pub required_bars: usize,
}

/// Forecasts every bar that has a full window.
///
/// # Errors
/// [`ScoreError`]: features that are made otherwise than in training, weights that do not fit, or no
/// symbol with a full window.
pub fn score(
    checkpoint: &Checkpoint,
    bars: &Bars,
    options: &ScoreOptions,
    device: &Device,
) -> Result<Forecasts, ScoreError> {
    let recipe = Recipe::new(&checkpoint.manifest)?;
    let set = recipe.feature_set(bars)?;
    let required_bars = recipe.required_bars(&set);
    let length = recipe.windows.length;
    let mut samples = windows::scorable(bars, required_bars - length, length);
    if options.last {
        keep_last(&mut samples);
    }
    if samples.is_empty() {
        let symbols = bars
            .series
            .iter()
            .map(|one| format!("{} has {}", one.symbol, one.len()))
            .collect();
        return Err(ScoreError::NoWindows {
            required_bars,
            symbols,
        });
    }
    let model = Forecaster::from_weights(&recipe.model, checkpoint.weights.clone(), device)?;
    let targets = windows::targets(bars, &recipe.target);
    let blocks = market::upload(
        bars,
        &set.required_columns(),
        set.len(),
        largest_binding_bytes(device),
        device,
    )?;
    let series: Vec<Range<usize>> = blocks.iter().map(|block| block.series.clone()).collect();
    let inputs: Vec<_> = blocks
        .iter()
        .map(|block| features::model_inputs(&set, block))
        .collect(); // [n, T, F] each
    let inputs = recipe.scaler.apply(Panel {
        bars,
        blocks: &inputs,
        series: &series,
    })?;
    let resident = Arc::new(Resident::new(inputs, &blocks, &targets));
    drop(blocks);
    let loader = Loader::new(resident, samples, length, options.batch_size);
    let epoch = loader.sequential();
    let batches = (0..epoch.len())
        .map(|step| model.table(model.outputs(epoch.windows(step))))
        .collect(); // [B, Hn] or [B, Hn + Hn K] each
    let scaled = epoch.to_sample_order(batches);
    let scale = targets.outcomes(bars, loader.samples()).scale;
    let mut forecasts = table(bars, &recipe, loader.samples(), required_bars);
    unscale(&mut forecasts, &scaled, &scale, recipe.model.outputs);
    Ok(forecasts)
}

/// Fills the columns with rows of numbers in the label's units, `[S, Hn + Hn K]`; probabilities stay.
fn unscale(forecasts: &mut Forecasts, scaled: &[f32], scale: &[f32], outputs: Outputs) {
    let horizons = forecasts.horizons.len();
    let width = scaled.len() / forecasts.timestamp.len();
    for (row, scale) in scaled.chunks_exact(width).zip(scale.chunks_exact(horizons)) {
        let (point, beside) = row.split_at(horizons);
        for (column, (value, scale)) in forecasts.forecast.iter_mut().zip(point.iter().zip(scale)) {
            column.push(value * scale);
        }
        let mut values = beside.iter();
        for (columns, scale) in forecasts.beside.iter_mut().zip(scale) {
            for ((_, column), value) in columns.iter_mut().zip(&mut values) {
                column.push(match outputs {
                    Outputs::Classes => *value,
                    Outputs::Point | Outputs::Quantiles => value * scale,
                });
            }
        }
    }
}

/// Everything of the rows but the forecasts.
fn table(bars: &Bars, recipe: &Recipe, samples: &[Sample], required_bars: usize) -> Forecasts {
    let schedule = Schedule::new(bars, &recipe.target);
    let horizons = recipe.target.horizons.clone();
    let mut rows = Forecasts {
        timestamp: Vec::with_capacity(samples.len()),
        known_at: Vec::with_capacity(samples.len()),
        series: Vec::with_capacity(samples.len()),
        entry_at: Vec::with_capacity(samples.len()),
        target_end: vec![Vec::with_capacity(samples.len()); horizons.len()],
        forecast: vec![Vec::with_capacity(samples.len()); horizons.len()],
        beside: horizons
            .iter()
            .map(|&horizon| {
                let names = recipe.model.columns(horizon).into_iter();
                names
                    .map(|name| (name, Vec::with_capacity(samples.len())))
                    .collect()
            })
            .collect(),
        horizons,
        skipped: Vec::new(),
        caveat: recipe.target.caveat(),
        required_bars,
    };
    let mut scored = vec![false; bars.series.len()];
    for sample in samples {
        let series = &bars.series[sample.series as usize];
        let row = sample.last as usize;
        scored[sample.series as usize] = true;
        rows.timestamp.push(series.time[row]);
        rows.known_at.push(schedule.known_at(series, row));
        rows.series.push(sample.series);
        rows.entry_at.push(schedule.entry_at(series, row));
        for (column, &horizon) in rows.target_end.iter_mut().zip(&rows.horizons) {
            column.push(schedule.target_end(series, row, horizon));
        }
    }
    rows.skipped = bars
        .series
        .iter()
        .zip(scored)
        .filter(|(_, scored)| !scored)
        .map(|(series, _)| Skipped {
            symbol: series.symbol.clone(),
            num_bars: series.len(),
        })
        .collect();
    rows
}

fn keep_last(samples: &mut Vec<Sample>) {
    let mut kept: Vec<Sample> = Vec::new();
    for &sample in samples.iter() {
        match kept.last_mut() {
            Some(last) if last.series == sample.series => *last = sample,
            _ => kept.push(sample),
        }
    }
    *samples = kept;
}

//! Intervals that count both chances: which bars happened to come, and which seed was drawn.
//!
//! Bars are drawn again in blocks, since neighbouring bars depend on each other and targets of h bars
//! overlap; a block holds all symbols of its bars, so that what moves together is drawn together, and
//! every run (seed) is measured on the same blocks. Where there are several runs, runs are drawn again
//! too: seeds alone would measure the luck of the initial weights and nothing of the luck of the
//! bars.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Ingredients;
use super::ingredients::grain_bars;

/// What makes this stream differ from other uses of the same seed.
const DOMAIN: [u8; 24] = *b"emberline interval\0\0\0\0\0\0";

/// How intervals are made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IntervalConfig {
    /// Times that the bars are drawn again.
    pub resamples: usize,
    /// Share of the resamples inside the interval.
    pub level: f64,
    /// Of the draws.
    pub seed: u64,
}

impl Default for IntervalConfig {
    fn default() -> Self {
        Self {
            resamples: 1000,
            level: 0.95,
            seed: 0,
        }
    }
}

/// A statistic with the range that chance leaves it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The statistic of the data as they are, the mean over the runs.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Standard deviation of the resamples (ddof 1).
    pub standard_error: f64,
    /// Share of the resamples between the ends.
    pub level: f64,
    /// Resamples in which the statistic is defined.
    pub resamples: usize,
    /// Bars of a block.
    pub block_bars: usize,
    /// Runs drawn from; with 1 the interval says nothing about seeds.
    pub num_runs: usize,
}

impl Interval {
    /// Whether both ends lie on the same side of `value`.
    pub fn excludes(&self, value: f64) -> bool {
        self.low > value || self.high < value
    }
}

/// Bars of a block: at least twice the horizon, over which targets overlap, and growing with the
/// number of bars as the best length for a mean does.
///
/// ```text
/// max(2 h, ceil(T^(1/3))), at most T
/// ```
/// ```
/// assert_eq!(emberline::evaluation::block_bars(30_000, 1), 32);
/// assert_eq!(emberline::evaluation::block_bars(30_000, 48), 96);
/// ```
/// # Source
/// Hall, Horowitz and Jing (1995) for the rate.
#[expect(clippy::cast_sign_loss, reason = "a root of a count")]
pub fn block_bars(num_bars: usize, horizon_bars: usize) -> usize {
    let root = (num_bars as f64).cbrt().ceil() as usize;
    root.max(2 * horizon_bars).clamp(1, num_bars.max(1))
}

/// A percentile interval for the mean of a statistic over runs, by a circular block bootstrap over
/// bars and a bootstrap over runs.
///
/// Each resample draws ceil(T / b) blocks of b = [`block_bars`] bars, which start at every fourth of the
/// shortest block and go on at the first bar after the last (one block is cut, so that a resample has T
/// bars) and, with several runs, as many runs with replacement; every run is measured on the same bars.
/// The ends are percentiles of the resamples, linear between
/// two. The same seed gives the same interval on any number of threads. None without a run, or where
/// the statistic is undefined on the data or on half of the resamples.
///
/// # Panics
/// If the runs differ in bars.
/// # Source
/// Politis and Romano (1992), "A circular block-resampling procedure for stationary data".
pub fn interval(
    runs: &[Ingredients],
    horizon_bars: usize,
    config: &IntervalConfig,
) -> Option<Interval> {
    resampled(runs, None, horizon_bars, config)
}

/// The same for the difference of two forecasters, both measured on the same bars of each resample;
/// their runs are drawn apart.
///
/// # Panics
/// As [`interval`].
pub fn difference_interval(
    runs: &[Ingredients],
    others: &[Ingredients],
    horizon_bars: usize,
    config: &IntervalConfig,
) -> Option<Interval> {
    resampled(runs, Some(others), horizon_bars, config)
}

fn resampled(
    runs: &[Ingredients],
    others: Option<&[Ingredients]>,
    horizon_bars: usize,
    config: &IntervalConfig,
) -> Option<Interval> {
    let num_bars = runs.first()?.num_bars();
    for run in runs.iter().chain(others.unwrap_or_default()) {
        assert_eq!(run.num_bars(), num_bars, "bars of a run");
    }
    let whole = |runs: &[Ingredients]| -> Option<f64> {
        let values: Option<Vec<f64>> = runs.iter().map(Ingredients::value).collect();
        let values = values.filter(|values| !values.is_empty())?;
        Some(values.iter().sum::<f64>() / values.len() as f64)
    };
    let mut value = whole(runs)?;
    if let Some(others) = others {
        value -= whole(others)?;
    }
    let grain = grain_bars(num_bars);
    let block = block_bars(num_bars, horizon_bars).div_ceil(grain);
    let draws: Vec<Draw> = (0..config.resamples as u64)
        .map(|number| {
            let grains = runs[0].num_grains();
            Draw::new(config.seed, number, grains, block, runs.len(), others)
        })
        .collect();
    let mut drawn = means(runs, &draws, block, |draw| &draw.times);
    if let Some(others) = others {
        let less = means(others, &draws, block, |draw| &draw.times_of_others);
        for (value, less) in drawn.iter_mut().zip(less) {
            *value = value.zip(less).map(|(value, less)| value - less);
        }
    }
    let mut values: Vec<f64> = drawn.into_iter().flatten().collect();
    let resamples = values.len();
    if resamples < 2 || 2 * resamples < config.resamples {
        return None;
    }
    values.sort_unstable_by(f64::total_cmp);
    let mean = values.iter().sum::<f64>() / resamples as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let tail = 0.5 * (1.0 - config.level);
    Some(Interval {
        value,
        low: percentile(&values, tail),
        high: percentile(&values, 1.0 - tail),
        standard_error: (squares / (resamples - 1) as f64).sqrt(),
        level: config.level,
        resamples,
        block_bars: (block * grain).min(num_bars),
        num_runs: runs.len(),
    })
}

/// What one resample draws.
struct Draw {
    /// First grains of whole blocks.
    starts: Vec<u32>,
    /// First grain and length of the block that is cut.
    cut: (usize, usize),
    /// How often each run is drawn.
    times: Vec<u32>,
    times_of_others: Vec<u32>,
}

impl Draw {
    fn new(
        seed: u64,
        number: u64,
        grains: usize,
        block: usize,
        runs: usize,
        others: Option<&[Ingredients]>,
    ) -> Self {
        let mut random = stream(seed, number);
        let starts = (0..grains / block)
            .map(|_| below(grains, &mut random) as u32)
            .collect();
        let cut = (below(grains, &mut random), grains % block);
        let mut times = |runs: usize| {
            let mut times = vec![0; runs];
            for _ in 0..runs {
                times[below(runs, &mut random)] += 1;
            }
            times
        };
        Self {
            starts,
            cut,
            times: times(runs),
            times_of_others: times(others.map_or(0, <[_]>::len)),
        }
    }
}

/// Of each resample the mean over the runs that it draws. A run's blocks stay in the cache while all
/// resamples read them.
fn means(
    runs: &[Ingredients],
    draws: &[Draw],
    block: usize,
    times: impl Fn(&Draw) -> &[u32] + Sync,
) -> Vec<Option<f64>> {
    let mut totals: Vec<Option<f64>> = vec![Some(0.0); draws.len()];
    for (number, run) in runs.iter().enumerate() {
        let blocks = run.blocks(block);
        totals.par_iter_mut().zip(draws).for_each(|(total, draw)| {
            let times = times(draw)[number];
            if times == 0 {
                return;
            }
            let mut sums = vec![0.0; run.width()];
            for &start in &draw.starts {
                let row = &blocks[start as usize * run.width()..][..run.width()];
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += value;
                }
            }
            run.add(draw.cut.0, draw.cut.1, &mut sums);
            *total = total
                .zip(run.of_sums(&sums))
                .map(|(total, value)| total + f64::from(times) * value / runs.len() as f64);
        });
    }
    totals
}

/// The draws of one resample: keyed by the seed, one stream a resample.
fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..].copy_from_slice(&DOMAIN);
    let mut random = ChaCha8Rng::from_seed(key);
    random.set_stream(number);
    random
}

/// A number below `count`, from the high half of a product: its bias is below count / 2^64.
fn below(count: usize, random: &mut ChaCha8Rng) -> usize {
    ((u128::from(random.next_u64()) * count as u128) >> 64) as usize
}

/// Linear between the two sorted values around the place `share (n - 1)`: numpy's default.
#[expect(clippy::cast_sign_loss, reason = "a place in a list")]
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let place = share.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let low = place.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (place - low as f64) * (sorted[high] - sorted[low])
}

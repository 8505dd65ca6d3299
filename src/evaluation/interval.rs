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

use crate::metrics::Panel;

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

/// A statistic of a stretch of bars that needs only sums over the bars: their running sums.
#[derive(Clone, Debug)]
pub struct Ingredients {
    kind: Kind,
    num_bars: usize,
    width: usize,
    /// `[T + 1, W]`
    running: Vec<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Sum of the first over sum of the second.
    Ratio,
    /// Of (1, r, r^2).
    Sharpe { bars_per_year: f64 },
    /// Of (1, f, a, f^2, a^2, f a) for each symbol.
    Correlation,
}

impl Ingredients {
    /// Sum of the first over the sum of the second: (hits, pairs), (correlation, 1), (return, 1).
    pub fn ratio(per_bar: &[(f64, f64)]) -> Self {
        Self::new(Kind::Ratio, per_bar.len(), 2, |bar, row| {
            row.copy_from_slice(&[per_bar[bar].0, per_bar[bar].1]);
        })
    }

    /// The mean of the values that are there: correlations across symbols, which some bars lack.
    pub fn mean(per_bar: &[Option<f64>]) -> Self {
        let pairs: Vec<(f64, f64)> = per_bar
            .iter()
            .map(|value| value.map_or((0.0, 0.0), |value| (value, 1.0)))
            .collect();
        Self::ratio(&pairs)
    }

    /// The Sharpe ratio of a year: [`super::sharpe`].
    pub fn sharpe(returns: &[f64], bars_per_year: f64) -> Self {
        Self::new(
            Kind::Sharpe { bars_per_year },
            returns.len(),
            3,
            |bar, row| {
                row.copy_from_slice(&[1.0, returns[bar], returns[bar] * returns[bar]]);
            },
        )
    }

    /// [`crate::metrics::ic_ts`]: the mean over symbols of the correlation over time.
    ///
    /// # Panics
    /// If there is not one forecast and one outcome for each window of `panel`.
    pub fn correlation(panel: &Panel, forecast: &[f64], actual: &[f64]) -> Self {
        assert_eq!(forecast.len(), panel.len(), "forecasts");
        assert_eq!(actual.len(), panel.len(), "outcomes");
        let (mut symbol, mut f, mut a) = (
            vec![0; panel.len()],
            vec![0.0; panel.len()],
            vec![0.0; panel.len()],
        );
        // centred and scaled, so that differences of running sums lose no digits
        for (number, members) in panel.symbols().enumerate() {
            for (from, to) in [(forecast, &mut f), (actual, &mut a)] {
                let n = members.len() as f64;
                let pick = || members.iter().map(|&index| from[index as usize]);
                let mean = pick().sum::<f64>() / n;
                let spread = (pick().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
                let largest = pick().fold(0.0_f64, |size, value| size.max(value.abs()));
                for &index in members {
                    let value = from[index as usize] - mean;
                    // a constant keeps no trace of rounding
                    to[index as usize] = if spread > 1e-13 * largest {
                        value / spread
                    } else {
                        0.0
                    };
                }
            }
            for &index in members {
                symbol[index as usize] = number;
            }
        }
        let bars: Vec<&[u32]> = panel.bars().collect();
        Self::new(
            Kind::Correlation,
            bars.len(),
            6 * panel.num_symbols(),
            |bar, row| {
                for &index in bars[bar] {
                    let index = index as usize;
                    let (f, a) = (f[index], a[index]);
                    row[6 * symbol[index]..][..6].copy_from_slice(&[
                        1.0,
                        f,
                        a,
                        f * f,
                        a * a,
                        f * a,
                    ]);
                }
            },
        )
    }

    fn new(kind: Kind, num_bars: usize, width: usize, fill: impl Fn(usize, &mut [f64])) -> Self {
        let mut running = vec![0.0; (num_bars + 1) * width];
        for bar in 0..num_bars {
            let (before, after) = running.split_at_mut((bar + 1) * width);
            let row = &mut after[..width];
            fill(bar, row);
            for (sum, earlier) in row.iter_mut().zip(&before[bar * width..]) {
                *sum += earlier;
            }
        }
        Self {
            kind,
            num_bars,
            width,
            running,
        }
    }

    /// Bars.
    pub fn num_bars(&self) -> usize {
        self.num_bars
    }

    /// The statistic of all bars; none where it is not defined.
    pub fn value(&self) -> Option<f64> {
        self.of_stretches(&[(0, self.num_bars)], &mut vec![0.0; self.width])
    }

    /// The statistic of the stretches (from, until) put together.
    fn of_stretches(&self, stretches: &[(usize, usize)], sums: &mut Vec<f64>) -> Option<f64> {
        sums.clear();
        sums.resize(self.width, 0.0);
        for &(from, until) in stretches {
            let low = &self.running[from * self.width..][..self.width];
            let high = &self.running[until * self.width..][..self.width];
            for ((sum, high), low) in sums.iter_mut().zip(high).zip(low) {
                *sum += high - low;
            }
        }
        match self.kind {
            Kind::Ratio => (sums[1] > 0.5).then(|| sums[0] / sums[1]),
            Kind::Sharpe { bars_per_year } => {
                let (n, mean) = (sums[0], sums[1] / sums[0]);
                let variance = (sums[2] - n * mean * mean) / (n - 1.0);
                (n > 1.5 && variance > 1e-12 * sums[2] / n)
                    .then(|| mean / variance.sqrt() * bars_per_year.sqrt())
            }
            Kind::Correlation => {
                let (mut total, mut count) = (0.0, 0_usize);
                for symbol in sums.chunks_exact(6) {
                    if let Some(correlation) = correlation(symbol) {
                        total += correlation;
                        count += 1;
                    }
                }
                (count > 0).then(|| total / count as f64)
            }
        }
    }
}

/// From sums of (1, f, a, f^2, a^2, f a) of values that have about variance 1.
fn correlation(sums: &[f64]) -> Option<f64> {
    let &[n, f, a, ff, aa, fa] = sums else {
        return None;
    };
    if n < 2.5 {
        return None;
    }
    let (spread_f, spread_a) = (ff - f * f / n, aa - a * a / n);
    (spread_f > 1e-9 && spread_a > 1e-9).then(|| (fa - f * a / n) / (spread_f * spread_a).sqrt())
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
/// Each resample draws ceil(T / b) blocks of b = [`block_bars`] bars that may wrap around the end (the
/// last is cut, so that a resample has T bars) and, with several runs, as many runs with replacement;
/// every run is measured on the same bars. The ends are percentiles of the resamples, linear between
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
    let num_bars = runs.first()?.num_bars;
    for run in runs.iter().chain(others.unwrap_or_default()) {
        assert_eq!(run.num_bars, num_bars, "bars of a run");
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
    let block = block_bars(num_bars, horizon_bars);
    let mut values: Vec<f64> = (0..config.resamples as u64)
        .into_par_iter()
        .filter_map(|number| {
            let mut random = stream(config.seed, number);
            let stretches = stretches(num_bars, block, &mut random);
            let value = drawn(runs, &stretches, &mut random)?;
            match others {
                None => Some(value),
                Some(others) => Some(value - drawn(others, &stretches, &mut random)?),
            }
        })
        .collect();
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
        block_bars: block,
        num_runs: runs.len(),
    })
}

/// Mean over runs drawn with replacement; a single run is itself.
fn drawn(
    runs: &[Ingredients],
    stretches: &[(usize, usize)],
    random: &mut ChaCha8Rng,
) -> Option<f64> {
    let mut times = vec![0_u32; runs.len()];
    for _ in 0..runs.len() {
        times[below(runs.len(), random)] += 1;
    }
    let mut sums = Vec::new();
    let mut total = 0.0;
    for (run, &times) in runs.iter().zip(&times) {
        if times > 0 {
            total += f64::from(times) * run.of_stretches(stretches, &mut sums)?;
        }
    }
    Some(total / runs.len() as f64)
}

/// Blocks that together hold `num_bars` bars, as (from, until); one that wraps becomes two.
fn stretches(num_bars: usize, block: usize, random: &mut ChaCha8Rng) -> Vec<(usize, usize)> {
    let mut stretches = Vec::with_capacity(num_bars / block + 2);
    let mut left = num_bars;
    while left > 0 {
        let from = below(num_bars, random);
        let length = block.min(left);
        let until = from + length;
        if until <= num_bars {
            stretches.push((from, until));
        } else {
            stretches.push((from, num_bars));
            stretches.push((0, until - num_bars));
        }
        left -= length;
    }
    stretches
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

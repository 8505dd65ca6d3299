//! What a statistic needs of each bar, as running sums: any stretch of bars is a difference of two rows.

use super::block_bars;
use crate::metrics::Panel;

/// A statistic of a stretch of bars that needs only sums over the bars: their running sums, every few
/// bars.
#[derive(Clone, Debug)]
pub struct Ingredients {
    kind: Kind,
    num_bars: usize,
    width: usize,
    /// `[G + 1, W]`, one row every few bars: [`grain_bars`].
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
        let grain = grain_bars(num_bars);
        let mut running = vec![0.0; (num_bars.div_ceil(grain) + 1) * width];
        let (mut sums, mut row) = (vec![0.0; width], vec![0.0; width]);
        for bar in 0..num_bars {
            row.fill(0.0);
            fill(bar, &mut row);
            for (sum, value) in sums.iter_mut().zip(&row) {
                *sum += value;
            }
            running[(bar / grain + 1) * width..][..width].copy_from_slice(&sums);
        }
        Self {
            kind,
            num_bars,
            width,
            running,
        }
    }

    /// Numbers of a row.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Bars.
    pub fn num_bars(&self) -> usize {
        self.num_bars
    }

    /// The statistic of all bars; none where it is not defined.
    pub fn value(&self) -> Option<f64> {
        let mut sums = vec![0.0; self.width];
        self.add(0, self.num_grains(), &mut sums);
        self.of_sums(&sums)
    }

    pub(super) fn num_grains(&self) -> usize {
        self.running.len() / self.width - 1
    }

    /// Adds the sums of `length` grains from `from` on, going on at the start after the end.
    pub(super) fn add(&self, from: usize, length: usize, sums: &mut [f64]) {
        let (grains, width) = (self.num_grains(), self.width);
        let until = from + length;
        let wrapped = (until > grains).then(|| (0, until - grains));
        for (from, until) in std::iter::once((from, until.min(grains))).chain(wrapped) {
            let low = &self.running[from * width..][..width];
            let high = &self.running[until * width..][..width];
            for ((sum, high), low) in sums.iter_mut().zip(high).zip(low) {
                *sum += high - low;
            }
        }
    }

    /// The sums of the blocks of `length` grains that start at each grain, `[G, W]`.
    pub(super) fn blocks(&self, length: usize) -> Vec<f64> {
        let mut blocks = vec![0.0; self.num_grains() * self.width];
        for (from, sums) in blocks.chunks_exact_mut(self.width).enumerate() {
            self.add(from, length, sums);
        }
        blocks
    }

    /// The statistic of sums over some bars.
    pub(super) fn of_sums(&self, sums: &[f64]) -> Option<f64> {
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

/// Bars between two running sums, and between two places where a block may start: a fourth of the
/// shortest block.
pub(super) fn grain_bars(num_bars: usize) -> usize {
    block_bars(num_bars, 0).div_ceil(4)
}

//! How much of the best of many results is the search for it.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF as _, Normal};

use super::performance::deviation;

/// Euler and Mascheroni's constant.
const EULER_MASCHERONI: f64 = 0.577_215_664_901_532_9;

/// The moments of a series of returns that a test of its Sharpe ratio needs. Per bar, not of a year.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharpeMoments {
    /// Mean over standard deviation (ddof 1).
    pub sharpe: f64,
    /// Third standardised moment (ddof 0); 0 for a normal distribution.
    pub skewness: f64,
    /// Fourth standardised moment (ddof 0), not in excess; 3 for a normal distribution.
    pub kurtosis: f64,
    /// Returns.
    pub num_bars: usize,
}

impl SharpeMoments {
    /// Of a series of returns; none below two values or without spread.
    pub fn of(returns: &[f64]) -> Option<Self> {
        let (mean, sample) = deviation(returns)?;
        let n = returns.len() as f64;
        let moment = |power: i32| returns.iter().map(|r| (r - mean).powi(power)).sum::<f64>() / n;
        let population = moment(2).sqrt();
        Some(Self {
            sharpe: mean / sample,
            skewness: moment(3) / population.powi(3),
            kurtosis: moment(4) / population.powi(4),
            num_bars: returns.len(),
        })
    }
}

/// Probability that the true Sharpe ratio exceeds `benchmark` (per bar, as the moments).
///
/// ```text
/// psr = Phi( (sr - benchmark) sqrt(n - 1) / sqrt(1 - skewness sr + (kurtosis - 1) / 4 sr^2) )
/// ```
/// None if the moments leave no positive variance or there are fewer than two returns.
///
/// # Source
/// Bailey and Lopez de Prado (2012), "The Sharpe ratio efficient frontier".
pub fn probabilistic_sharpe(moments: &SharpeMoments, benchmark: f64) -> Option<f64> {
    let sharpe = moments.sharpe;
    let variance =
        1.0 - moments.skewness * sharpe + (moments.kurtosis - 1.0) / 4.0 * sharpe * sharpe;
    if moments.num_bars < 2 || variance.is_nan() || variance <= 0.0 {
        return None;
    }
    let score = (sharpe - benchmark) * ((moments.num_bars - 1) as f64 / variance).sqrt();
    Some(Normal::standard().cdf(score))
}

/// The Sharpe ratio (per bar) that the best of `num_trials` worthless ones is expected to show.
///
/// ```text
/// sqrt(variance) ((1 - g) Phi^-1(1 - 1/n) + g Phi^-1(1 - 1/(n e))),  g = 0.5772...
/// ```
/// 0 for a single trial.
///
/// - `trials_variance`: variance over the trials of their Sharpe ratios per bar
/// # Source
/// Bailey and Lopez de Prado (2014), "The deflated Sharpe ratio".
pub fn expected_best_sharpe(num_trials: usize, trials_variance: f64) -> f64 {
    if num_trials < 2 {
        return 0.0;
    }
    let normal = Normal::standard();
    let n = num_trials as f64;
    let quantile = |tail: f64| normal.inverse_cdf(1.0 - tail);
    trials_variance.max(0.0).sqrt()
        * ((1.0 - EULER_MASCHERONI) * quantile(1.0 / n)
            + EULER_MASCHERONI * quantile(1.0 / (n * std::f64::consts::E)))
}

/// The deflated Sharpe ratio: the probability that the true Sharpe ratio of the best of `num_trials`
/// is above what luck among so many would show.
///
/// [`probabilistic_sharpe`] against [`expected_best_sharpe`]. None where that is.
///
/// ```
/// use emberline::evaluation::{SharpeMoments, deflated_sharpe};
///
/// // the paper's example: 2.5 a year from five years of days, the best of 100 with variance 1/2
/// let best = SharpeMoments {
///     sharpe: 2.5 / 250.0_f64.sqrt(),
///     skewness: -3.0,
///     kurtosis: 10.0,
///     num_bars: 1250,
/// };
/// let probability = deflated_sharpe(&best, 100, 0.5 / 250.0).expect("moments of a distribution");
/// assert!((probability - 0.9004).abs() < 5e-5);
/// ```
/// # Source
/// Bailey and Lopez de Prado (2014).
pub fn deflated_sharpe(
    best: &SharpeMoments,
    num_trials: usize,
    trials_variance: f64,
) -> Option<f64> {
    probabilistic_sharpe(best, expected_best_sharpe(num_trials, trials_variance))
}

/// What a choice among trials was worth outside the data that it was made on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overfitting {
    /// Share of the splits in which the best trial of one half is in the lower half of the ranks of
    /// the other.
    pub probability: f64,
    /// Share of the splits in which it loses in the other half.
    pub probability_of_loss: f64,
    /// Slope of its Sharpe ratio in the other half on the one that it was chosen by; below 0, the
    /// better it looked the worse it did. None without spread.
    pub degradation: Option<f64>,
    /// Trials compared.
    pub num_trials: usize,
    /// Splits of the bars in two halves.
    pub num_splits: usize,
}

/// Probability of backtest overfitting by combinatorially symmetric cross-validation.
///
/// ```text
/// cut the bars into `num_blocks` blocks; for every choice of half of them:
///   n*     = the trial with the best Sharpe ratio in the chosen half
///   rank   = its rank, 1 = worst, among the N trials in the other half (ties: mean rank)
///   logit  = ln(w / (1 - w)),  w = rank / (N + 1)
/// probability = share of the choices with logit <= 0
/// ```
/// Blocks differ by at most one bar in length. A trial without spread in a half has a Sharpe ratio of
/// 0 there. None with fewer than two trials or fewer bars than blocks.
///
/// - `trials`: returns per bar of each trial, all of the same bars
/// # Panics
/// If `num_blocks` is not an even number from 2 to 20, or the trials differ in length.
/// # Source
/// Bailey, Borwein, Lopez de Prado and Zhu (2015), "The probability of backtest overfitting".
pub fn backtest_overfitting(trials: &[&[f64]], num_blocks: usize) -> Option<Overfitting> {
    assert!(
        (2..=20).contains(&num_blocks) && num_blocks.is_multiple_of(2),
        "{num_blocks} blocks"
    );
    let num_bars = trials.first()?.len();
    for trial in trials {
        assert_eq!(trial.len(), num_bars, "bars of a trial");
    }
    if trials.len() < 2 || num_bars < num_blocks {
        return None;
    }
    let edge = |block: usize| block * num_bars / num_blocks;
    // count, sum and sum of squares of each trial in each block
    let blocks: Vec<Vec<[f64; 3]>> = trials
        .iter()
        .map(|returns| {
            (0..num_blocks)
                .map(|block| sums(&returns[edge(block)..edge(block + 1)]))
                .collect()
        })
        .collect();
    let halves =
        (0_u32..1 << num_blocks).filter(|mask| mask.count_ones() as usize * 2 == num_blocks);
    let (mut low, mut losses, mut pairs) = (0_usize, 0_usize, Vec::new());
    for mask in halves {
        let of = |wanted: bool| -> Vec<f64> {
            blocks
                .iter()
                .map(|blocks| {
                    let chosen = blocks
                        .iter()
                        .enumerate()
                        .filter(|(block, _)| (mask >> block & 1 == 1) == wanted);
                    sharpe_of(chosen.fold([0.0; 3], |total, (_, block)| add(total, *block)))
                })
                .collect()
        };
        let (inside, outside) = (of(true), of(false));
        // the first of equally good ones
        let best = (1..inside.len()).fold(0, |best, trial| {
            if inside[trial] > inside[best] {
                trial
            } else {
                best
            }
        });
        let rank = crate::windows::mean_ranks(&outside)[best];
        low += usize::from(2.0 * rank <= (trials.len() + 1) as f64);
        losses += usize::from(outside[best] < 0.0);
        pairs.push((inside[best], outside[best]));
    }
    let share = |part: usize| part as f64 / pairs.len() as f64;
    Some(Overfitting {
        probability: share(low),
        probability_of_loss: share(losses),
        degradation: slope(&pairs),
        num_trials: trials.len(),
        num_splits: pairs.len(),
    })
}

fn sums(returns: &[f64]) -> [f64; 3] {
    let count = returns.len() as f64;
    let sum = returns.iter().sum();
    let squares = returns.iter().map(|bar| bar * bar).sum();
    [count, sum, squares]
}

fn add(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

/// Mean over standard deviation (ddof 1) from sums; 0 without spread.
fn sharpe_of([count, sum, squares]: [f64; 3]) -> f64 {
    let mean = sum / count;
    let variance = (squares - count * mean * mean) / (count - 1.0);
    if variance > 1e-13 * squares / count {
        mean / variance.sqrt()
    } else {
        0.0
    }
}

/// Slope of the second on the first by least squares.
fn slope(pairs: &[(f64, f64)]) -> Option<f64> {
    let n = pairs.len() as f64;
    let (x, y) = pairs.iter().fold((0.0, 0.0), |sum, pair| {
        (sum.0 + pair.0 / n, sum.1 + pair.1 / n)
    });
    let spread: f64 = pairs.iter().map(|pair| (pair.0 - x).powi(2)).sum();
    let joint: f64 = pairs.iter().map(|pair| (pair.0 - x) * (pair.1 - y)).sum();
    (spread > 0.0).then(|| joint / spread)
}

//! Windows of prices as samples: how they spread, and how two series go together.

use burn::tensor::Tensor;

use crate::market::Column;
use crate::ops::rolling;

use super::declaration::{Declaration, Family, Memory, Output, Parameter, Scaling, TALIB, Unit};
use super::machine::Machine;
use super::machine::joint::Joint;
use super::machine::parts::Moments;
use super::machine::spread::Spread;
use super::work::{Work, change, divide, lag};

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&AVGDEV, &VAR, &BETA, &CORREL];

static AVGDEV: Declaration = Declaration {
    name: "AVGDEV",
    summary: "mean distance of the last closes from their mean",
    family: Family::Statistics,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 2, 14)],
    outputs: &[Output::only(Unit::PriceDifference)],
    scaling: Scaling::WithPrice,
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    degenerate: "flat prices: 0",
    formula: "m_t = mean of close over the last period bars\n\
              mean of |close_i - m_t| over the last period bars",
    source: "TA-Lib 0.8.1, AVGDEV",
    compute: |work, p, _| mean_distance(work, p.bars(0)),
    machine: |p| {
        let mut spread = Spread::new(p.bars(0));
        Machine::new(move |bar| [spread.next(bar.close).1])
            .rejoining_every(Spread::rejoins(p.bars(0)))
    },
    ..TALIB
};

static VAR: Declaration = Declaration {
    name: "VAR",
    summary: "variance of the last closes",
    family: Family::Statistics,
    inputs: &[Column::Close],
    parameters: &[
        Parameter::bars("period", 1, 5),
        Parameter::factor("nbdev", 1.0),
    ],
    outputs: &[Output::only(Unit::PriceSquared)],
    scaling: Scaling::WithSquare,
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    degenerate: "flat prices and period 1: 0",
    formula: "sum (close_i - mean)^2 / period over the last period bars; nbdev changes nothing, as in TA-Lib",
    source: "TA-Lib 0.8.1, VAR",
    compute: |work, p, _| rolling::variance(work.close(), p.bars(0), 0),
    machine: |p| {
        let mut moments = Moments::new(p.bars(0));
        Machine::new(move |bar| [moments.next(bar.close).1])
            .rejoining_every(Moments::rejoins(p.bars(0)))
    },
    ..TALIB
};

static BETA: Declaration = Declaration {
    name: "BETA",
    summary: "slope of the low's relative changes on the high's",
    family: Family::Statistics,
    inputs: &[Column::High, Column::Low],
    parameters: &[Parameter::bars("period", 1, 5)],
    outputs: &[Output::only(Unit::Ratio)],
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1",
    memory: |p, _| Memory::Finite(p.bars(0) + 1),
    degenerate: "unchanging highs and period 1: 0",
    formula: "x_t = high_t / high_{t-1} - 1, y_t = low_t / low_{t-1} - 1\n\
              covariance(x, y) / variance(x) over the last period bars",
    source: "TA-Lib 0.8.1, BETA (of high and low)",
    compute: |work, p, _| {
        let [x, y] = [Column::High, Column::Low].map(|column| {
            let price = work.column(column);
            change(price.clone(), 1) / lag(price, 1)
        });
        let [xx, _, xy] = spreads(x, y, p.bars(0));
        divide(xy, xx, 0.0)
    },
    machine: |p| {
        let mut joint = Joint::new(p.bars(0));
        let (mut high, mut low) = (f64::NAN, f64::NAN);
        Machine::new(move |bar| {
            let (x, y) = ((bar.high - high) / high, (bar.low - low) / low);
            (high, low) = (bar.high, bar.low);
            [joint.next(x, y).map_or(f64::NAN, |spreads| {
                if spreads.xx > 0.0 {
                    spreads.xy / spreads.xx
                } else {
                    0.0
                }
            })]
        })
        .rejoining_every(p.bars(0))
    },
    ..TALIB
};

static CORREL: Declaration = Declaration {
    name: "CORREL",
    summary: "Pearson's correlation of highs and lows",
    family: Family::Statistics,
    inputs: &[Column::High, Column::Low],
    parameters: &[Parameter::bars("period", 1, 30)],
    outputs: &[Output::only(Unit::Bounded)],
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    degenerate: "unchanging highs or lows and period 1: 0",
    formula: "covariance(high, low) / sqrt(variance(high) variance(low)) over the last period bars, -1 to 1",
    source: "TA-Lib 0.8.1, CORREL (of high and low)",
    compute: |work, p, _| {
        let [high, low] = [Column::High, Column::Low].map(|column| work.column(column));
        let [xx, yy, xy] = spreads(high, low, p.bars(0));
        // Roots first: the product of two variances may be too small for float32.
        divide(xy, xx.sqrt() * yy.sqrt(), 0.0).clamp(-1.0, 1.0)
    },
    machine: |p| {
        let mut joint = Joint::new(p.bars(0));
        Machine::new(move |bar| {
            [joint.next(bar.high, bar.low).map_or(f64::NAN, |spreads| {
                let product = spreads.xx * spreads.yy;
                if product > 0.0 {
                    (spreads.xy / product.sqrt()).clamp(-1.0, 1.0)
                } else {
                    0.0
                }
            })]
        })
        .rejoining_every(p.bars(0))
    },
    ..TALIB
};

/// The distances from the newest close and from there to the mean are exact where the mean is not.
///
/// It cannot be put together from parts, so its cost grows with the period.
fn mean_distance(work: &mut Work<'_>, period: usize) -> Tensor<2> {
    let close = work.close();
    let above = rolling::weighted_mean(work.close_change(), period - 1)
        .mul_scalar(0.5 * (period - 1) as f32);
    let mut sum = above.clone().abs();
    for bars in 1..period {
        let back = lag(close.clone(), bars) - close.clone();
        sum = sum + (back + above.clone()).abs();
    }
    sum.div_scalar(period as f32)
}

/// Means and second moments of the pairs in a stretch of bars, around the stretch's newest pair.
#[derive(Clone)]
struct Stretch {
    bars: usize,
    x: Tensor<2>,
    y: Tensor<2>,
    /// Sums of squared distances from the means, and of their products.
    moments: [Tensor<2>; 3],
}

/// `[sum (x - mean x)^2, sum (y - mean y)^2, sum (x - mean x) (y - mean y)]` over the last `period`
/// bars: stretches double until they make up the period (Chan, Golub and `LeVeque`, 1983).
///
/// A stretch keeps distances from its newest pair, and newest pairs differ by an exact number: the
/// level of neither series comes in.
fn spreads(x: Tensor<2>, y: Tensor<2>, period: usize) -> [Tensor<2>; 3] {
    let joined = |newer: Stretch, older: &Stretch| {
        let shift = newer.bars;
        let (first, last) = (older.bars as f32, newer.bars as f32);
        let all = first + last;
        let older_mean = |mean: &Tensor<2>, level: &Tensor<2>| {
            lag(mean.clone(), shift) - change(level.clone(), shift)
        };
        let [older_x, older_y] = [older_mean(&older.x, &x), older_mean(&older.y, &y)];
        let (apart_x, apart_y) = (newer.x - older_x.clone(), newer.y - older_y.clone());
        let between = [
            apart_x.clone() * apart_x.clone(),
            apart_y.clone() * apart_y.clone(),
            apart_x.clone() * apart_y.clone(),
        ];
        let mut moments = newer.moments;
        for ((moment, between), older) in moments.iter_mut().zip(between).zip(&older.moments) {
            *moment =
                lag(older.clone(), shift) + moment.clone() + between.mul_scalar(first * last / all);
        }
        Stretch {
            bars: older.bars + newer.bars,
            x: older_x + apart_x.mul_scalar(last / all),
            y: older_y + apart_y.mul_scalar(last / all),
            moments,
        }
    };
    let zero = x.zeros_like();
    let mut stretch = Stretch {
        bars: 1,
        x: zero.clone(),
        y: zero.clone(),
        moments: [zero.clone(), zero.clone(), zero],
    };
    let mut whole: Option<Stretch> = None;
    let mut rest = period;
    while rest > 0 {
        if rest % 2 == 1 {
            whole = Some(match whole {
                Some(newer) => joined(newer, &stretch),
                None => stretch.clone(),
            });
        }
        rest /= 2;
        if rest > 0 {
            stretch = joined(stretch.clone(), &stretch);
        }
    }
    whole.expect("a period of at least 1").moments
}

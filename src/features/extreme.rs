//! Where prices stand among the last bars' extremes and around their mean.

#![allow(clippy::inline_always, reason = "the steps of a machine are one loop")]

use burn::tensor::Tensor;

use crate::market::Column;
use crate::ops::rolling;

use super::declaration::{Declaration, Family, Memory, Output, Parameter, TALIB, Unit};
use super::machine::Machine;
use super::machine::parts::{Fold, Maximum, Minimum, Window, divide as ratio};
use super::machine::spread::Spread;
use super::strength::typical_change;
use super::work::{Work, divide, lag};

const HIGH_LOW: &[Column] = &[Column::High, Column::Low];
const HIGH_LOW_CLOSE: &[Column] = &[Column::High, Column::Low, Column::Close];

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&AROON, &AROONOSC, &WILLR, &CCI];

/// What both of Aroon's indicators have in common.
const SINCE_EXTREMES: Declaration = Declaration {
    family: Family::Momentum,
    inputs: HIGH_LOW,
    parameters: &[Parameter::bars("period", 2, 14)],
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1",
    memory: |p, _| Memory::Finite(p.bars(0) + 1),
    ..TALIB
};

static AROON: Declaration = Declaration {
    name: "AROON",
    summary: "how recent the lowest low and the highest high are",
    outputs: &[
        Output::named("AROONDOWN", Unit::Bounded),
        Output::named("AROONUP", Unit::Bounded),
    ],
    degenerate: "flat prices: 100 both; among equal extremes the newest counts",
    formula: "down_t = 100 (1 - bars since the lowest low of the last period + 1 bars / period)\n\
              up_t = the same for the highest high, 0 to 100",
    source: "Chande (1995); TA-Lib 0.8.1, AROON",
    compute: |work, p, output| {
        let since = since_extremes(work, p.bars(0))[output].clone();
        since
            .mul_scalar(-100.0 / p.bars(0) as f32)
            .add_scalar(100.0)
    },
    machine: |p| {
        let period = p.bars(0) as f64;
        let mut since = SinceExtremes::new(p.bars(0) + 1);
        Machine::new(move |bar| {
            let [lowest, highest] = since.next(bar);
            let share = |bars: f64| 100.0 * ((period - bars) / period);
            [share(lowest), share(highest)]
        })
    },
    ..SINCE_EXTREMES
};

static AROONOSC: Declaration = Declaration {
    name: "AROONOSC",
    summary: "how much more recent the highest high is than the lowest low",
    outputs: &[Output::only(Unit::Bounded)],
    degenerate: "flat prices: 0; among equal extremes the newest counts",
    formula: "AROONUP_t - AROONDOWN_t, -100 to 100",
    source: "Chande (1995); TA-Lib 0.8.1, AROONOSC",
    compute: |work, p, _| {
        let [low, high] = since_extremes(work, p.bars(0));
        (low - high).mul_scalar(100.0 / p.bars(0) as f32)
    },
    machine: |p| {
        let period = p.bars(0) as f64;
        let mut since = SinceExtremes::new(p.bars(0) + 1);
        Machine::new(move |bar| {
            let [lowest, highest] = since.next(bar);
            [100.0 * ((lowest - highest) / period)]
        })
    },
    ..SINCE_EXTREMES
};

static WILLR: Declaration = Declaration {
    name: "WILLR",
    summary: "Williams' %R: how far the close is below the highest high, in percent of the span",
    family: Family::Momentum,
    inputs: HIGH_LOW_CLOSE,
    parameters: &[Parameter::bars("period", 2, 14)],
    outputs: &[Output::only(Unit::Bounded)],
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    degenerate: "no span in the window: 0",
    formula: "h, l = highest high and lowest low of the last period bars\n\
              -100 (h_t - close_t) / (h_t - l_t), -100 to 0",
    source: "Williams (1979); TA-Lib 0.8.1, WILLR",
    compute: |work, p, _| {
        let highest = rolling::max(work.column(Column::High), p.bars(0));
        let lowest = rolling::min(work.column(Column::Low), p.bars(0));
        let below = (highest.clone() - work.close()).mul_scalar(-100.0);
        divide(below, highest - lowest, 0.0).clamp(-100.0, 0.0)
    },
    machine: |p| {
        let (mut highest, mut lowest) = (Maximum::new(p.bars(0)), Minimum::new(p.bars(0)));
        Machine::new(move |bar| {
            let (highest, lowest) = (highest.next(bar.high), lowest.next(bar.low));
            let below = ratio(-100.0 * (highest - bar.close), highest - lowest, 0.0);
            [below.clamp(-100.0, 0.0)]
        })
    },
    ..TALIB
};

static CCI: Declaration = Declaration {
    name: "CCI",
    summary: "commodity channel index: the typical price's distance from its mean, in mean deviations",
    family: Family::Momentum,
    inputs: HIGH_LOW_CLOSE,
    parameters: &[Parameter::bars("period", 2, 14)],
    outputs: &[Output::only(Unit::Ratio)],
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    degenerate: "an unchanged typical price in the whole window: 0",
    formula: "tp_t = (high_t + low_t + close_t) / 3, m_t = its mean over the last period bars\n\
              (tp_t - m_t) / (0.015 mean of |tp_i - m_t| over the last period bars)",
    source: "Lambert (1980); TA-Lib 0.8.1, CCI",
    compute: |work, p, _| channel_index(work, p.bars(0)),
    machine: |p| {
        let mut spread = Spread::new(p.bars(0));
        Machine::new(move |bar| {
            let price = bar.typical_price();
            let (mean, deviation) = spread.next(price);
            let (distance, least) = (price - mean, 1e-14 * mean);
            // TA-Lib's bounds: what is left of equal prices by rounding is nothing.
            let still = distance.abs() <= least || deviation <= least;
            [if still {
                0.0
            } else {
                distance / (0.015 * deviation)
            }]
        })
        .rejoining_every(Spread::rejoins(p.bars(0)))
    },
    ..TALIB
};

/// The greater of two numbers and its place; the newer of equal ones.
#[derive(Clone, Copy, Debug)]
struct Newest;

impl Fold for Newest {
    type Item = (f64, f64);

    const NEUTRAL: Option<(f64, f64)> = Some((f64::NEG_INFINITY, 0.0));

    #[inline(always)]
    fn merge(older: (f64, f64), newer: (f64, f64)) -> (f64, f64) {
        if older.0 > newer.0 { older } else { newer }
    }
}

/// Bars since the lowest low and since the highest high of the last `bars` bars.
struct SinceExtremes {
    at: f64,
    lowest: Window<Newest>,
    highest: Window<Newest>,
}

impl SinceExtremes {
    fn new(bars: usize) -> Self {
        Self {
            at: 0.0,
            lowest: Window::new(bars),
            highest: Window::new(bars),
        }
    }

    #[inline(always)]
    fn next(&mut self, bar: &super::Bar) -> [f64; 2] {
        self.at += 1.0;
        let lowest = self.lowest.next((-bar.low, self.at));
        let highest = self.highest.next((bar.high, self.at));
        [lowest, highest].map(|extreme| extreme.map_or(f64::NAN, |(_, place)| self.at - place))
    }
}

/// Bars since the lowest low and since the highest high of the last `period + 1` bars.
fn since_extremes(work: &mut Work<'_>, period: usize) -> [Tensor<2>; 2] {
    work.shared_many("since_extremes", &[period], |work| {
        [
            since_greatest(work.column(Column::Low).neg(), period + 1),
            since_greatest(work.column(Column::High), period + 1),
        ]
    })
}

/// Bars since the greatest of the last `period` values, the newest among equal ones: stretches double
/// until two of them, which may overlap, cover the period.
fn since_greatest(x: Tensor<2>, period: usize) -> Tensor<2> {
    let mut bars = 1;
    let mut since = x.zeros_like();
    let mut greatest = x;
    while bars < period {
        let shift = bars.min(period - bars);
        let older = lag(greatest.clone(), shift);
        let is_older = older.clone().greater(greatest.clone());
        let older_since = lag(since.clone(), shift).add_scalar(shift as f32);
        since = since.mask_where(is_older.clone(), older_since);
        greatest = greatest.mask_where(is_older, older);
        bars += shift;
    }
    since
}

/// In thirds of a price: the sum of a bar's prices is compared with an older bar's low with low and
/// rest with rest, for the difference of two rounded sums would be as rough as their level.
///
/// The mean absolute deviation cannot be put together from parts, so its cost grows with the period.
fn channel_index(work: &mut Work<'_>, period: usize) -> Tensor<2> {
    let low = work.column(Column::Low);
    let rest = (work.column(Column::High) - low.clone()) + (work.close() - low.clone());
    let changes = rolling::weighted_mean(typical_change(work), period - 1);
    let distance = changes.mul_scalar(0.5 * (period - 1) as f32);
    // The newest bar's own distance, then the older ones'.
    let mut sum = distance.clone().abs();
    for bars in 1..period {
        let back = (lag(low.clone(), bars) - low.clone()).mul_scalar(3.0)
            + (lag(rest.clone(), bars) - rest.clone());
        sum = sum + (back + distance.clone()).abs();
    }
    let deviation = sum.mul_scalar(0.015 / period as f32);
    divide(distance, deviation, 0.0)
}

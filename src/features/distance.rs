//! Distances of prices from their averages and forecasts.
//!
//! On the device all of them are sums of weighted changes: differences of neighbouring prices are
//! exact, so a distance is as precise as its own size asks for, whatever the level of the prices.

use burn::tensor::Tensor;

use crate::market::Column;
use crate::ops::rolling;

use super::average::{ema_deviation, seeded_memory};
use super::declaration::{Declaration, Family, Memory, Output, Parameter, Scaling, TALIB, Unit};
use super::line::triangular_mean;
use super::machine::Machine;
use super::machine::parts::{Lag, LineSums, Mean, Smooth, divide as ratio};
use super::work::{Work, change, lag};

const HIGH_LOW: &[Column] = &[Column::High, Column::Low];

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&AO, &AC, &DPO, &ERI, &FOSC, &QSTICK];

static AO: Declaration = Declaration {
    name: "AO",
    summary: "awesome oscillator: a fast minus a slow mean of the median price",
    family: Family::Momentum,
    inputs: HIGH_LOW,
    parameters: &[
        Parameter::bars("fast", 2, 5),
        Parameter::bars("slow", 2, 34),
    ],
    outputs: &[Output::only(Unit::PriceDifference)],
    scaling: Scaling::WithPrice,
    warmup_text: "the greater of fast and slow, minus 1",
    warmup: |p, _| p.bars(0).max(p.bars(1)) - 1,
    memory_text: "the greater of fast and slow",
    memory: |p, _| Memory::Finite(p.bars(0).max(p.bars(1))),
    degenerate: "flat prices: 0; fast above slow changes the sign",
    formula: "m_t = (high_t + low_t) / 2\n\
              mean of m over the last fast bars - mean of m over the last slow bars",
    source: "Williams (1998); TA-Lib 0.8.1, AO",
    compute: |work, p, _| awesome(work, p.bars(0), p.bars(1)),
    machine: |p| {
        let (mut fast, mut slow) = (Mean::new(p.bars(0)), Mean::new(p.bars(1)));
        Machine::new(move |bar| {
            let price = bar.median_price();
            [fast.next(price) - slow.next(price)]
        })
    },
    ..TALIB
};

static AC: Declaration = Declaration {
    name: "AC",
    summary: "accelerator oscillator: the awesome oscillator minus its own mean",
    family: Family::Momentum,
    inputs: HIGH_LOW,
    parameters: &[
        Parameter::bars("fast", 2, 5),
        Parameter::bars("slow", 2, 34),
        Parameter::bars("signal", 2, 5),
    ],
    outputs: &[Output::only(Unit::PriceDifference)],
    scaling: Scaling::WithPrice,
    warmup_text: "the greater of fast and slow, plus signal - 2",
    warmup: |p, _| p.bars(0).max(p.bars(1)) + p.bars(2) - 2,
    memory_text: "the greater of fast and slow, plus signal - 1",
    memory: |p, _| Memory::Finite(p.bars(0).max(p.bars(1)) + p.bars(2) - 1),
    degenerate: "flat prices: 0",
    formula: "AO_t - mean of AO over the last signal bars",
    source: "Williams (1998); TA-Lib 0.8.1, AC",
    compute: |work, p, _| {
        let line = awesome(work, p.bars(0), p.bars(1));
        line.clone() - rolling::mean(line, p.bars(2))
    },
    machine: |p| {
        let (mut fast, mut slow) = (Mean::new(p.bars(0)), Mean::new(p.bars(1)));
        let mut signal = Mean::new(p.bars(2));
        Machine::new(move |bar| {
            let price = bar.median_price();
            let line = fast.next(price) - slow.next(price);
            [line - signal.next(line)]
        })
    },
    ..TALIB
};

static DPO: Declaration = Declaration {
    name: "DPO",
    summary: "detrended price oscillator: an older close minus the mean around it",
    family: Family::Momentum,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 2, 20)],
    outputs: &[Output::only(Unit::PriceDifference)],
    scaling: Scaling::WithPrice,
    warmup_text: "period - 1, for period 2: 2",
    warmup: |p, _| (p.bars(0) - 1).max(p.bars(0) / 2 + 1),
    memory_text: "period, for period 2: 3",
    memory: |p, _| Memory::Finite(p.bars(0).max(p.bars(0) / 2 + 2)),
    degenerate: "flat prices: 0",
    formula: "close_{t - (period / 2 + 1)} - mean of close over the last period bars; period / 2 rounded down",
    source: "TA-Lib 0.8.1, DPO",
    compute: |work, p, _| {
        let change = work.close_change();
        let older = work.close() - lag(work.close(), p.bars(0) / 2 + 1);
        above_mean(change, p.bars(0)) - older
    },
    machine: |p| {
        let (mut mean, mut older) = (Mean::new(p.bars(0)), Lag::new(p.bars(0) / 2 + 1));
        Machine::new(move |bar| [older.next(bar.close) - mean.next(bar.close)])
    },
    ..TALIB
};

static ERI: Declaration = Declaration {
    name: "ERI",
    summary: "Elder's ray: how far the bar's high and low are above the average of the close",
    family: Family::Momentum,
    inputs: &[Column::High, Column::Low, Column::Close],
    parameters: &[Parameter::bars("period", 1, 13)],
    outputs: &[
        Output::named("BULLPOWER", Unit::PriceDifference),
        Output::named("BEARPOWER", Unit::PriceDifference),
    ],
    scaling: Scaling::WithPrice,
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "as EMA",
    memory: |p, _| Memory::Infinite(seeded_memory(p.bars(0))),
    degenerate: "flat prices: 0; period 1: distances from the close",
    formula: "bull_t = high_t - EMA_t; bear_t = low_t - EMA_t",
    source: "Elder (1993); TA-Lib 0.8.1, ERI",
    compute: |work, p, output| {
        let deviation = ema_deviation(work, p.bars(0), p.bars(0) - 1);
        let price = [Column::High, Column::Low][output];
        (work.column(price) - work.close()) + deviation
    },
    machine: |p| {
        let mut average = Smooth::exponential(p.bars(0));
        Machine::new(move |bar| {
            let average = average.next(bar.close);
            [bar.high - average, bar.low - average]
        })
    },
    ..TALIB
};

static FOSC: Declaration = Declaration {
    name: "FOSC",
    summary: "forecast oscillator: how far the close is above what the bars before it forecast",
    family: Family::Momentum,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 2, 5)],
    outputs: &[Output::only(Unit::Percent)],
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1",
    memory: |p, _| Memory::Finite(p.bars(0) + 1),
    degenerate: "flat prices and straight lines: 0",
    formula: "f_t = the least-squares line through the closes of bars t-period..t-1, drawn on to bar t\n\
              100 (close_t - f_t) / close_t",
    source: "Chande and Kroll (1994); TA-Lib 0.8.1, FOSC",
    compute: |work, p, _| (above_forecast(work, p.bars(0)) / work.close()).mul_scalar(100.0),
    machine: |p| {
        let num = p.bars(0) as f64;
        let mut sums = LineSums::new(p.bars(0));
        let mut forecast = f64::NAN;
        Machine::new(move |bar| {
            let above = ratio(100.0 * (bar.close - forecast), bar.close, 0.0);
            forecast = sums.next(bar.close).map_or(f64::NAN, |line| {
                // The line rises by 6 / (num (num^2 - 1)) of this per bar; the next bar is
                // (num + 1) / 2 bars after the middle. Exact for prices in whole numbers.
                let rise = 2.0 * line.weighted - (num + 1.0) * line.sum;
                (line.sum + 3.0 * rise / (num - 1.0)) / num
            });
            [above]
        })
        .rejoining_every(p.bars(0))
    },
    ..TALIB
};

static QSTICK: Declaration = Declaration {
    name: "QSTICK",
    summary: "mean of close minus open",
    family: Family::Momentum,
    inputs: &[Column::Open, Column::Close],
    parameters: &[Parameter::bars("period", 1, 10)],
    outputs: &[Output::only(Unit::PriceDifference)],
    scaling: Scaling::WithPrice,
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    degenerate: "bars that close where they open: 0",
    formula: "mean of close - open over the last period bars",
    source: "Chande and Kroll (1994); TA-Lib 0.8.1, QSTICK",
    compute: |work, p, _| rolling::mean(work.close() - work.column(Column::Open), p.bars(0)),
    machine: |p| {
        let mut mean = Mean::new(p.bars(0));
        Machine::new(move |bar| [mean.next(bar.close - bar.open)])
    },
    ..TALIB
};

/// A series minus the mean of its last `period` values, from its changes: (period - 1) / 2 times the
/// linearly weighted mean of the last `period - 1` of them.
fn above_mean(change: Tensor<2>, period: usize) -> Tensor<2> {
    if period == 1 {
        return change.zeros_like();
    }
    rolling::weighted_mean(change, period - 1).mul_scalar(0.5 * (period - 1) as f32)
}

fn awesome(work: &mut Work<'_>, fast: usize, slow: usize) -> Tensor<2> {
    work.shared("awesome", &[fast, slow], |work| {
        let twice = change(work.column(Column::High), 1) + change(work.column(Column::Low), 1);
        let change = twice.div_scalar(2.0);
        above_mean(change.clone(), slow) - above_mean(change, fast)
    })
}

/// The close minus the forecast of the line through the `n = period` closes before it.
///
/// With linear and triangular weights over the `n - 1` changes up to the close before, newest most:
///
/// ```text
/// close_t - f_t = change_t - (n + 2) linear_{t-1} + (n + 1) triangular_{t-1}
/// ```
/// For the previous close is `(n - 1) / 2 linear` above the mean of the closes and
/// `(n - 1) / 3 triangular` above their linearly weighted mean.
fn above_forecast(work: &mut Work<'_>, period: usize) -> Tensor<2> {
    let change = work.close_change();
    let linear = rolling::weighted_mean(change.clone(), period - 1);
    let triangular = triangular_mean(change.clone(), period - 1);
    let bars = period as f32;
    let trend = linear.mul_scalar(bars + 2.0) - triangular.mul_scalar(bars + 1.0);
    change - lag(trend, 1)
}

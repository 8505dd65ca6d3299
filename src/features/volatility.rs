//! Ranges and deviations.

use burn::tensor::Tensor;

use crate::market::Column;
use crate::ops::rolling;

use super::average::{bars_to_forget, sma};
use super::average_kind::{AverageKind, longer};
use super::declaration::{
    Declaration, Family, Memory, Output, Parameter, Parameters, Scaling, Unit,
};
use super::machine::Machine;
use super::machine::overlap::bbands;
use super::machine::parts::{Lag, Mean, Moments, Smooth, TrueRange};
use super::overlap::close_gap;
use super::price::log_return;
use super::reference::{average, volatility as oracle};
use super::work::Work;

const HIGH_LOW_CLOSE: &[Column] = &[Column::High, Column::Low, Column::Close];

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[
    &TRANGE,
    &ATR,
    &ATR_SMA,
    &NATR,
    &STDDEV,
    &BBANDS,
    &BB_WIDTH,
    &REALISED_VOLATILITY,
];

static TRANGE: Declaration = Declaration {
    name: "TRANGE",
    variant: "",
    summary: "true range: the bar's range, extended to the close before",
    family: Family::Volatility,
    inputs: HIGH_LOW_CLOSE,
    parameters: &[],
    rule: None,
    outputs: &[Output::only(Unit::PriceDifference)],
    scaling: Scaling::WithPrice,
    warmup_text: "1",
    warmup: |_, _| 1,
    memory_text: "2",
    memory: |_, _| Memory::Finite(2),
    degenerate: "flat prices: 0",
    formula: "max(high_t - low_t, |high_t - close_{t-1}|, |low_t - close_{t-1}|)",
    source: "Wilder (1978); TA-Lib 0.8.1, TRANGE",
    compute: |work, _, _| work.true_range(),
    flow: None,
    machine: |_| {
        let mut range = TrueRange::new();
        Machine::new(move |bar| [range.next(bar)])
    },
    oracle: Some(|s, _| vec![oracle::true_range(s)]),
};

static ATR: Declaration = Declaration {
    name: "ATR",
    variant: "",
    summary: "Wilder's average true range",
    family: Family::Volatility,
    inputs: HIGH_LOW_CLOSE,
    parameters: &[Parameter::bars("period", 1, 14)],
    rule: None,
    outputs: &[Output::only(Unit::PriceDifference)],
    scaling: Scaling::WithPrice,
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1 + ln(1000) / -ln(1 - 1 / period), about 8 period",
    memory: |p, _| Memory::Infinite(wilder_memory(p.bars(0))),
    degenerate: "flat prices: 0; period 1: TRANGE",
    formula: "atr_period = mean of TRANGE over bars 1..=period\n\
              atr_t = atr_{t-1} + (TRANGE_t - atr_{t-1}) / period",
    source: "Wilder (1978); TA-Lib 0.8.1, ATR",
    compute: |work, p, _| atr(work, p.bars(0)),
    flow: None,
    machine: |p| {
        let (mut range, mut average) = (TrueRange::new(), Smooth::wilder(p.bars(0)));
        Machine::new(move |bar| [average.next(range.next(bar))])
    },
    oracle: Some(|s, p| vec![oracle::atr(s, p.bars(0))]),
};

static NATR: Declaration = Declaration {
    name: "NATR",
    variant: "",
    summary: "Wilder's average true range in percent of the close",
    family: Family::Volatility,
    inputs: HIGH_LOW_CLOSE,
    parameters: &[Parameter::bars("period", 2, 14)],
    rule: None,
    outputs: &[Output::only(Unit::Percent)],
    scaling: Scaling::Free,
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "as ATR",
    memory: |p, _| Memory::Infinite(wilder_memory(p.bars(0))),
    degenerate: "flat prices: 0; period 1, which TA-Lib gives as TRANGE, is refused",
    formula: "100 ATR_t / close_t",
    source: "TA-Lib 0.8.1, NATR",
    compute: |work, p, _| (atr(work, p.bars(0)) / work.close()).mul_scalar(100.0),
    flow: None,
    machine: |p| {
        let (mut range, mut average) = (TrueRange::new(), Smooth::wilder(p.bars(0)));
        Machine::new(move |bar| [100.0 * average.next(range.next(bar)) / bar.close])
    },
    oracle: Some(|s, p| {
        let atr = oracle::atr(s, p.bars(0));
        vec![
            atr.iter()
                .zip(&s.close)
                .map(|(atr, close)| 100.0 * atr / close)
                .collect(),
        ]
    }),
};

static ATR_SMA: Declaration = Declaration {
    name: "ATR",
    variant: "sma",
    summary: "average true range as a simple mean",
    family: Family::Volatility,
    inputs: HIGH_LOW_CLOSE,
    parameters: &[Parameter::bars("period", 1, 14)],
    rule: None,
    outputs: &[Output::only(Unit::PriceDifference)],
    scaling: Scaling::WithPrice,
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1",
    memory: |p, _| Memory::Finite(p.bars(0) + 1),
    degenerate: "flat prices: 0",
    formula: "mean of TRANGE over the last period bars",
    source: "core111",
    compute: |work, p, _| rolling::mean(work.true_range(), p.bars(0)),
    flow: None,
    machine: |p| {
        let (mut range, mut mean) = (TrueRange::new(), Mean::new(p.bars(0)));
        Machine::new(move |bar| [mean.next(range.next(bar))])
    },
    oracle: Some(|s, p| vec![average::sma(&oracle::true_range(s), p.bars(0))]),
};

static STDDEV: Declaration = Declaration {
    name: "STDDEV",
    variant: "",
    summary: "standard deviation of the close, times a factor",
    family: Family::Volatility,
    inputs: &[Column::Close],
    parameters: &[
        Parameter::bars("period", 2, 5),
        Parameter::factor("nbdev", 1.0),
    ],
    rule: None,
    outputs: &[Output::only(Unit::PriceDifference)],
    scaling: Scaling::WithPrice,
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    degenerate: "flat prices: 0",
    formula: "nbdev sqrt(sum (close - mean)^2 / period) over the last period bars",
    source: "TA-Lib 0.8.1, STDDEV",
    compute: |work, p, _| deviation(work, p.bars(0), 0).mul_scalar(p.factor(1) as f32),
    flow: None,
    machine: |p| {
        let (mut moments, factor) = (Moments::new(p.bars(0)), p.factor(1));
        Machine::new(move |bar| [factor * moments.next(bar.close).1.sqrt()])
            .rejoining_every(Moments::rejoins(p.bars(0)))
    },
    oracle: Some(|s, p| {
        let deviation = oracle::deviation(&s.close, p.bars(0), 0);
        vec![deviation.iter().map(|value| p.factor(1) * value).collect()]
    }),
};

static BBANDS: Declaration = Declaration {
    name: "BBANDS",
    variant: "",
    summary: "Bollinger bands around a moving average of the close",
    family: Family::Volatility,
    inputs: &[Column::Close],
    parameters: &[
        Parameter::bars("period", 2, 20),
        Parameter::factor("nbdevup", 2.0),
        Parameter::factor("nbdevdn", 2.0),
        AverageKind::parameter("matype", AverageKind::Simple),
    ],
    rule: None,
    outputs: &[
        Output::named("UPPERBAND", Unit::Price),
        Output::named("MIDDLEBAND", Unit::Price),
        Output::named("LOWERBAND", Unit::Price),
    ],
    scaling: Scaling::WithPrice,
    warmup_text: "period - 1, or the average's warm-up where it is longer",
    warmup: |p, _| bands_kind(p).warmup(p.bars(0)).max(p.bars(0) - 1),
    memory_text: "period, or the average's memory where it is longer",
    memory: |p, _| longer(bands_kind(p).memory(p.bars(0)), Memory::Finite(p.bars(0))),
    degenerate: "flat prices: all three at the close",
    formula: "middle_t = average of kind matype, SMA_t by default, else as MA's\n\
              s_t = sqrt(sum (close - SMA_t)^2 / period) over the last period bars\n\
              upper_t = middle_t + nbdevup s_t; lower_t = middle_t - nbdevdn s_t",
    source: "TA-Lib 0.8.1, BBANDS",
    compute: |work, p, output| {
        let middle = match bands_kind(p) {
            AverageKind::Simple => sma(work, p.bars(0)),
            kind => work.close() - close_gap(work, kind, p.bars(0)),
        };
        match output {
            0 => middle + deviation(work, p.bars(0), 0).mul_scalar(p.factor(1) as f32),
            1 => middle,
            _ => middle - deviation(work, p.bars(0), 0).mul_scalar(p.factor(2) as f32),
        }
    },
    flow: None,
    machine: bbands,
    oracle: None,
};

fn bands_kind(parameters: &Parameters) -> AverageKind {
    AverageKind::of(parameters, 3, AverageKind::Simple)
}

static BB_WIDTH: Declaration = Declaration {
    name: "BB",
    variant: "width",
    summary: "width of the Bollinger bands relative to their middle",
    family: Family::Volatility,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 2, 20)],
    rule: None,
    outputs: &[Output::only(Unit::Ratio)],
    scaling: Scaling::Free,
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    degenerate: "flat prices: 0",
    formula: "2 k s_t / SMA_t, k = 2, s_t = sqrt(sum (close - SMA_t)^2 / (period - 1))",
    source: "core111",
    compute: |work, p, _| deviation(work, p.bars(0), 1).mul_scalar(4.0) / sma(work, p.bars(0)),
    flow: None,
    machine: |p| {
        let mut moments = Moments::new(p.bars(0));
        let num = p.bars(0) as f64;
        Machine::new(move |bar| {
            let (mean, variance) = moments.next(bar.close);
            [4.0 * (variance * num / (num - 1.0)).sqrt() / mean]
        })
        .rejoining_every(Moments::rejoins(p.bars(0)))
    },
    oracle: Some(|s, p| {
        let (deviation, mean) = (
            oracle::deviation(&s.close, p.bars(0), 1),
            average::sma(&s.close, p.bars(0)),
        );
        vec![
            deviation
                .iter()
                .zip(&mean)
                .map(|(deviation, mean)| 4.0 * deviation / mean)
                .collect(),
        ]
    }),
};

static REALISED_VOLATILITY: Declaration = Declaration {
    name: "REALISED_VOLATILITY",
    variant: "",
    summary: "root mean square of the log returns, per bar",
    family: Family::Volatility,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 1, 48)],
    rule: None,
    outputs: &[Output::only(Unit::Ratio)],
    scaling: Scaling::Free,
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1",
    memory: |p, _| Memory::Finite(p.bars(0) + 1),
    degenerate: "flat prices: 0",
    formula: "sqrt(mean of ln(close_i / close_{i-1})^2 over the last period bars)",
    source: "set base",
    compute: |work, p, _| {
        let returns = work.shared("log_return", &[1], |work| log_return(work.close(), 1));
        rolling::mean(returns.clone() * returns, p.bars(0)).sqrt()
    },
    flow: None,
    machine: |p| {
        let (mut before, mut mean) = (Lag::new(1), Mean::new(p.bars(0)));
        Machine::new(move |bar| {
            let log_return = (bar.close / before.next(bar.close)).ln();
            [mean.next(log_return * log_return).sqrt()]
        })
    },
    oracle: Some(|s, p| vec![oracle::realised(&s.close, p.bars(0))]),
};

/// Bars that a Wilder average of `period` changes depends on.
pub(super) fn wilder_memory(period: usize) -> usize {
    period + 1 + bars_to_forget(1.0 / period as f64)
}

pub(super) fn atr(work: &mut Work<'_>, period: usize) -> Tensor<2> {
    work.shared("atr", &[period], |work| {
        let range = work.true_range();
        work.smooth(range, period, 1.0 / period as f64, period)
    })
}

/// Standard deviation of the last `period` closes, divided by `period - ddof`.
pub(super) fn deviation(work: &mut Work<'_>, period: usize, ddof: usize) -> Tensor<2> {
    work.shared("deviation", &[period, ddof], |work| {
        rolling::variance(work.close(), period, ddof).sqrt()
    })
}

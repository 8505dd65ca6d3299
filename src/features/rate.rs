//! Rates of change of the close.

use burn::tensor::Tensor;

use crate::market::Column;
use crate::ops::rolling;

use super::declaration::{Declaration, Family, Memory, Output, Parameter, Parameters, TALIB, Unit};
use super::machine::Machine;
use super::machine::parts::{Lag, Weighted, divide as ratio};
use super::work::{Work, divide, lag};

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&ROCP, &ROCR, &ROCR100, &COPPOCK];

/// What the rates over one period have in common.
const RATE: Declaration = Declaration {
    family: Family::Momentum,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 1, 10)],
    outputs: &[Output::only(Unit::Ratio)],
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1",
    memory: |p, _| Memory::Finite(p.bars(0) + 1),
    ..TALIB
};

static ROCP: Declaration = Declaration {
    name: "ROCP",
    summary: "change of the close as a share of the older close",
    degenerate: "flat prices: 0",
    formula: "(close_t - close_{t-period}) / close_{t-period}",
    source: "TA-Lib 0.8.1, ROCP",
    compute: |work, p, _| rate(work, p.bars(0)),
    machine: |p| {
        let mut before = Lag::new(p.bars(0));
        Machine::new(move |bar| {
            let before = before.next(bar.close);
            [ratio(bar.close - before, before, 0.0)]
        })
    },
    ..RATE
};

static ROCR: Declaration = Declaration {
    name: "ROCR",
    summary: "close over the older close",
    degenerate: "flat prices: 1",
    formula: "close_t / close_{t-period}",
    source: "TA-Lib 0.8.1, ROCR",
    compute: |work, p, _| quotient(work, p),
    machine: |p| quotient_machine(p, 1.0),
    ..RATE
};

static ROCR100: Declaration = Declaration {
    name: "ROCR100",
    summary: "close over the older close, in percent",
    outputs: &[Output::only(Unit::Percent)],
    degenerate: "flat prices: 100",
    formula: "100 close_t / close_{t-period}",
    source: "TA-Lib 0.8.1, ROCR100",
    compute: |work, p, _| quotient(work, p).mul_scalar(100.0),
    machine: |p| quotient_machine(p, 100.0),
    ..RATE
};

static COPPOCK: Declaration = Declaration {
    name: "COPPOCK",
    summary: "Coppock's curve: a weighted average of two rates of change",
    family: Family::Momentum,
    inputs: &[Column::Close],
    parameters: &[
        Parameter::bars("average", 1, 10),
        Parameter::bars("first", 1, 11),
        Parameter::bars("second", 1, 14),
    ],
    outputs: &[Output::only(Unit::Percent)],
    warmup_text: "average - 1 + the greater of first and second",
    warmup: |p, _| p.bars(0) - 1 + p.bars(1).max(p.bars(2)),
    memory_text: "average + the greater of first and second",
    memory: |p, _| Memory::Finite(p.bars(0) + p.bars(1).max(p.bars(2))),
    degenerate: "flat prices: 0",
    formula: "linearly weighted mean of ROC_first + ROC_second over the last average bars",
    source: "Coppock (1962); TA-Lib 0.8.1, COPPOCK",
    compute: |work, p, _| {
        let rates = rate(work, p.bars(1)) + rate(work, p.bars(2));
        rolling::weighted_mean(rates, p.bars(0)).mul_scalar(100.0)
    },
    machine: |p| {
        let mut average = Weighted::new(p.bars(0));
        let (mut first, mut second) = (Lag::new(p.bars(1)), Lag::new(p.bars(2)));
        Machine::new(move |bar| {
            let rate = |before: &mut Lag| {
                let before = before.next(bar.close);
                ratio(bar.close - before, before, 0.0)
            };
            let rates = rate(&mut first) + rate(&mut second);
            [100.0 * average.next(rates)]
        })
        .rejoining_every(p.bars(0))
    },
    ..TALIB
};

fn quotient_machine(parameters: &Parameters, factor: f64) -> Machine {
    let mut before = Lag::new(parameters.bars(0));
    Machine::new(move |bar| [factor * ratio(bar.close, before.next(bar.close), 0.0)])
}

fn quotient(work: &mut Work<'_>, parameters: &Parameters) -> Tensor<2> {
    divide(work.close(), lag(work.close(), parameters.bars(0)), 0.0)
}

fn rate(work: &mut Work<'_>, period: usize) -> Tensor<2> {
    work.shared("rate", &[period], |work| {
        let before = lag(work.close(), period);
        divide(work.close() - before.clone(), before, 0.0)
    })
}

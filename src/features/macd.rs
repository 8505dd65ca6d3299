//! Moving average convergence and divergence.

use burn::tensor::Tensor;

use crate::market::Column;

use super::average::{adjusted_deviation, ema_deviation, seeded_memory, weight};
use super::declaration::{
    Declaration, Family, Memory, Output, Parameter, Parameters, Rule, Scaling, Unit,
};
use super::machine::Machine;
use super::machine::parts::{Adjusted, Smooth};
use super::reference::macd as oracle;
use super::work::Work;

const MACD_PARAMETERS: &[Parameter] = &[
    Parameter::bars("fast", 2, 12),
    Parameter::bars("slow", 2, 26),
    Parameter::bars("signal", 1, 9),
];

const FAST_BELOW_SLOW: Rule = Rule {
    text: "fast < slow",
    holds: |p| p.bars(0) < p.bars(1),
};

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&MACD, &MACD_ADJUSTED];

static MACD: Declaration = Declaration {
    name: "MACD",
    variant: "",
    summary: "difference of two exponential averages, its signal line and their difference",
    family: Family::Momentum,
    inputs: &[Column::Close],
    parameters: MACD_PARAMETERS,
    rule: Some(FAST_BELOW_SLOW),
    outputs: &[
        Output::named("MACD", Unit::PriceDifference),
        Output::named("MACDSIGNAL", Unit::PriceDifference),
        Output::named("MACDHIST", Unit::PriceDifference),
    ],
    scaling: Scaling::WithPrice,
    warmup_text: "slow + signal - 2, for all three",
    warmup: |p, _| p.bars(1) + p.bars(2) - 2,
    memory_text: "the seeded memories of EMA_slow and EMA_signal together",
    memory: |p, _| Memory::Infinite(seeded_memory(p.bars(1)) + seeded_memory(p.bars(2))),
    degenerate: "flat prices: 0",
    formula: "macd_t = EMA_fast - EMA_slow of the close, both seeded on bar slow - 1\n\
              signal_t = EMA_signal of macd; hist_t = macd_t - signal_t",
    source: "TA-Lib 0.8.1, MACD",
    compute: macd,
    flow: None,
    machine: |p| {
        let (fast, slow) = (p.bars(0), p.bars(1));
        let mut averages = [
            Smooth::exponential(fast).after(slow - fast),
            Smooth::exponential(slow),
        ];
        let mut signal = Smooth::exponential(p.bars(2));
        Machine::new(move |bar| {
            let [fast, slow] = &mut averages;
            let line = fast.next(bar.close) - slow.next(bar.close);
            let signal = signal.next(line);
            // All three begin with the signal, as TA-Lib's do.
            let line = if signal.is_nan() { f64::NAN } else { line };
            [line, signal, line - signal]
        })
    },
    oracle: Some(|s, p| oracle::macd(&s.close, p.bars(0), p.bars(1), p.bars(2))),
};

static MACD_ADJUSTED: Declaration = Declaration {
    name: "MACD",
    variant: "adjusted",
    summary: "difference of two adjusted exponential averages, the line only",
    family: Family::Momentum,
    inputs: &[Column::Close],
    parameters: MACD_PARAMETERS,
    rule: Some(FAST_BELOW_SLOW),
    outputs: &[Output::only(Unit::PriceDifference)],
    scaling: Scaling::WithPrice,
    warmup_text: "slow - 1",
    warmup: |p, _| p.bars(1) - 1,
    memory_text: "slow + ln(1000) / -ln(1 - 2 / (slow + 1)), about 4.5 slow",
    // The line is a small difference of averages: their seeds must weigh less than its own 1e-3.
    memory: |p, _| Memory::Infinite(seeded_memory(p.bars(1))),
    degenerate: "flat prices: 0",
    formula: "EMA_fast.adjusted - EMA_slow.adjusted; signal names the school's setting and is not read",
    source: "core111",
    compute: |work, p, _| adjusted_deviation(work, p.bars(1)) - adjusted_deviation(work, p.bars(0)),
    flow: None,
    machine: |p| {
        let (mut fast, mut slow) = (Adjusted::new(p.bars(0)), Adjusted::new(p.bars(1)));
        let mut warmup = p.bars(1) - 1;
        Machine::new(move |bar| {
            let line = fast.next(bar.close) - slow.next(bar.close);
            if warmup > 0 {
                warmup -= 1;
                return [f64::NAN];
            }
            [line]
        })
    },
    oracle: Some(|s, p| vec![oracle::macd_adjusted(&s.close, p.bars(0), p.bars(1))]),
};

/// The averages are taken as deviations of the close, so that their difference keeps the precision
/// of its own size.
fn macd(work: &mut Work<'_>, parameters: &Parameters, output: usize) -> Tensor<2> {
    let (fast, slow, signal) = (parameters.bars(0), parameters.bars(1), parameters.bars(2));
    let [line, histogram] = work.shared_many("macd", &[fast, slow, signal], |work| {
        let start = slow - 1;
        let line = ema_deviation(work, slow, start) - ema_deviation(work, fast, start);
        let histogram = work.deviation(line.clone(), signal, weight(signal), start + signal - 1);
        [line, histogram]
    });
    match output {
        0 => line,
        1 => line - histogram,
        _ => histogram,
    }
}

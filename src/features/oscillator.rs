//! Differences of averages, and averages of changes.

use burn::tensor::Tensor;

use crate::market::Column;

use super::average::{bars_to_forget, seeded_memory, weight};
use super::average_kind::{AverageKind, chained, longer};
use super::averaging::{Line, chain, smooth, step};
use super::declaration::{
    Declaration, Family, Memory, Output, Parameter, Parameters, Scaling, TALIB, Unit,
};
use super::machine::oscillator::{
    self as machines, MACDFIX_AVERAGES, NO_VOLUME, fast_and_slow, macdext_averages,
};
use super::overlap::{close_gap, close_gap_after};
use super::work::{Work, divide, lag};

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&MACDEXT, &MACDFIX, &APO, &PPO, &PVO, &TRIX, &TSI];

/// What oscillators of the close have in common.
const OF_CLOSE: Declaration = Declaration {
    family: Family::Momentum,
    inputs: &[Column::Close],
    degenerate: "flat prices: 0",
    ..TALIB
};

/// A line, its signal and their difference.
const MACD_OUTPUTS: &[Output] = &[
    Output::named("MACD", Unit::PriceDifference),
    Output::named("MACDSIGNAL", Unit::PriceDifference),
    Output::named("MACDHIST", Unit::PriceDifference),
];

static MACDEXT: Declaration = Declaration {
    name: "MACDEXT",
    summary: "difference of two averages of any kinds, its signal line and their difference",
    parameters: &[
        Parameter::bars("fastperiod", 2, 12),
        Parameter::bars("slowperiod", 2, 26),
        Parameter::bars("signalperiod", 1, 9),
        AverageKind::parameter("fastmatype", AverageKind::Simple),
        AverageKind::parameter("slowmatype", AverageKind::Simple),
        AverageKind::parameter("signalmatype", AverageKind::Simple),
    ],
    outputs: MACD_OUTPUTS,
    scaling: Scaling::WithPrice,
    warmup_text: "the longer warm-up of the two averages + the signal's, for all three",
    warmup: |p, _| {
        let [fast, slow, signal] = macdext_averages(p);
        let warmup = |(kind, period): (AverageKind, usize)| kind.warmup(period);
        warmup(fast).max(warmup(slow)) + warmup(signal)
    },
    memory_text: "the longer memory of the two averages + the signal's",
    memory: |p, _| {
        let [fast, slow, signal] = macdext_averages(p).map(|(kind, period)| kind.memory(period));
        chained(longer(fast, slow), signal)
    },
    formula: "macd_t = fast - slow average of the close, both begun so that their first values meet;\n\
              signal_t = average of macd; hist_t = macd_t - signal_t; kinds as MA's matype\n\
              a fastperiod above the slowperiod is exchanged for it, kind and all",
    source: "TA-Lib 0.8.1, MACDEXT",
    compute: macdext,
    machine: machines::macdext,
    ..OF_CLOSE
};

fn macdext(work: &mut Work<'_>, parameters: &Parameters, output: usize) -> Tensor<2> {
    let averages = macdext_averages(parameters);
    let numbers = averages.map(|(kind, period)| [kind.number(), period]);
    let [line, histogram] = work.shared_many("macdext", numbers.as_flattened(), |work| {
        let [fast, slow, signal] = averages;
        let begin = fast.0.warmup(fast.1).max(slow.0.warmup(slow.1));
        let [fast, slow] = [fast, slow]
            .map(|(kind, period)| close_gap_after(work, kind, period, begin - kind.warmup(period)));
        let line = Line::new(slow - fast, begin);
        let histogram = line.gap(work, signal.0, signal.1);
        [line.value, histogram]
    });
    with_signal(line, histogram, output)
}

fn with_signal(line: Tensor<2>, histogram: Tensor<2>, output: usize) -> Tensor<2> {
    match output {
        0 => line,
        1 => line - histogram,
        _ => histogram,
    }
}

static MACDFIX: Declaration = Declaration {
    name: "MACDFIX",
    summary: "MACD with the fixed weights 0.15 and 0.075 of Appel's original",
    parameters: &[Parameter::bars("signalperiod", 1, 9)],
    outputs: MACD_OUTPUTS,
    scaling: Scaling::WithPrice,
    warmup_text: "signalperiod + 24, for all three",
    warmup: |p, _| MACDFIX_AVERAGES[1].0 + p.bars(0) - 2,
    memory_text: "115 + the seeded memory of EMA over signalperiod",
    memory: |p, _| {
        let (period, weight) = MACDFIX_AVERAGES[1];
        Memory::Infinite(period + bars_to_forget(weight) + seeded_memory(p.bars(0)))
    },
    formula: "fast += 0.15 (close - fast) and slow += 0.075 (close - slow), from means of 12 and 26 bars\n\
              that end on bar 25\n\
              macd_t = fast - slow; signal_t = EMA over signalperiod of macd; hist_t = macd_t - signal_t",
    source: "Appel; TA-Lib 0.8.1, MACDFIX",
    compute: |work, p, output| {
        let signal = p.bars(0);
        let [line, histogram] = work.shared_many("macdfix", &[signal], |work| {
            let change = work.close_change();
            let end = MACDFIX_AVERAGES[1].0;
            let [fast, slow] = MACDFIX_AVERAGES
                .map(|(period, weight)| smooth(work, change.clone(), period, weight, end - period));
            let line = Line::new(slow - fast, end - 1);
            let histogram = line.gap(work, AverageKind::Exponential, signal);
            [line.value, histogram]
        });
        with_signal(line, histogram, output)
    },
    machine: machines::macdfix,
    ..OF_CLOSE
};

/// Two periods and the kind of both averages.
const AVERAGES: &[Parameter] = &[
    Parameter::bars("fastperiod", 2, 12),
    Parameter::bars("slowperiod", 2, 26),
    AverageKind::parameter("matype", AverageKind::Exponential),
];

/// The kind of both averages.
fn kind(parameters: &Parameters) -> AverageKind {
    AverageKind::of(parameters, 2, AverageKind::Exponential)
}

/// The averages have values.
fn averages_begin(parameters: &Parameters) -> usize {
    kind(parameters).warmup(fast_and_slow(parameters).1)
}

fn averages_memory(parameters: &Parameters) -> Memory {
    kind(parameters).memory(fast_and_slow(parameters).1)
}

/// Fast minus slow average of the close, and the slow one.
fn difference_and_slow(work: &mut Work<'_>, parameters: &Parameters) -> (Tensor<2>, Tensor<2>) {
    let (fast, slow) = fast_and_slow(parameters);
    let fast = close_gap(work, kind(parameters), fast);
    let slow = close_gap(work, kind(parameters), slow);
    (slow.clone() - fast, work.close() - slow)
}

static APO: Declaration = Declaration {
    name: "APO",
    summary: "difference of two averages of the close",
    parameters: AVERAGES,
    outputs: &[Output::only(Unit::PriceDifference)],
    scaling: Scaling::WithPrice,
    warmup_text: "the warm-up of the slow average, slowperiod - 1 for matype 1",
    warmup: |p, _| averages_begin(p),
    memory_text: "the memory of the slow average",
    memory: |p, _| averages_memory(p),
    formula: "fast - slow average, the lesser period being the fast one; kinds as MA's matype",
    source: "TA-Lib 0.8.1, APO",
    compute: |work, p, _| difference_and_slow(work, p).0,
    machine: machines::apo,
    ..OF_CLOSE
};

static PPO: Declaration = Declaration {
    name: "PPO",
    summary: "difference of two averages of the close in percent of the slow one",
    parameters: AVERAGES,
    outputs: &[Output::only(Unit::Percent)],
    warmup_text: "the warm-up of the slow average, slowperiod - 1 for matype 1",
    warmup: |p, _| averages_begin(p),
    memory_text: "the memory of the slow average",
    memory: |p, _| averages_memory(p),
    formula: "100 (fast - slow) / slow average, the lesser period being the fast one; kinds as MA's matype",
    source: "TA-Lib 0.8.1, PPO",
    compute: |work, p, _| {
        let (difference, slow) = difference_and_slow(work, p);
        divide(difference.mul_scalar(100.0), slow, 0.0)
    },
    machine: machines::ppo,
    ..OF_CLOSE
};

static PVO: Declaration = Declaration {
    name: "PVO",
    summary: "difference of two averages of the volume in percent of the slow one",
    family: Family::Volume,
    inputs: &[Column::Volume],
    parameters: AVERAGES,
    outputs: &[Output::only(Unit::Percent)],
    warmup_text: "the warm-up of the slow average, slowperiod - 1 for matype 1",
    warmup: |p, _| averages_begin(p),
    memory_text: "the memory of the slow average",
    memory: |p, _| averages_memory(p),
    degenerate: "a slow average of 0 (below 1e-14): 0",
    formula: "100 (fast - slow) / slow average of the volume, the lesser period being the fast one; kinds\n\
              as MA's matype",
    source: "TA-Lib 0.8.1, PVO",
    compute: |work, p, _| {
        let (fast, slow) = fast_and_slow(p);
        let volume = Line::new(work.column(Column::Volume), 0);
        let fast = volume.gap(work, kind(p), fast);
        let gap = volume.gap(work, kind(p), slow);
        let slow = volume.value - gap.clone();
        let none = slow.clone().abs().lower_elem(NO_VOLUME as f32);
        divide(
            (gap - fast).mul_scalar(100.0),
            slow.mask_fill(none, 0.0),
            0.0,
        )
    },
    machine: machines::pvo,
    ..OF_CLOSE
};

static TRIX: Declaration = Declaration {
    name: "TRIX",
    summary: "change in percent of an average of an average of an average of the close",
    parameters: &[Parameter::bars("period", 1, 30)],
    outputs: &[Output::only(Unit::Percent)],
    warmup_text: "3 (period - 1) + 1",
    warmup: |p, _| AverageKind::Triple.warmup(p.bars(0)) + 1,
    memory_text: "3 times EMA's + 1, about 14 period",
    memory: |p, _| {
        chained(
            Memory::Finite(2),
            Memory::Infinite(3 * seeded_memory(p.bars(0))),
        )
    },
    formula: "e1 = EMA of the close, e2 = EMA of e1, e3 = EMA of e2, each seeded with a simple mean\n\
              trix_t = 100 (e3_t / e3_{t-1} - 1)",
    source: "Hutson (1983); TA-Lib 0.8.1, TRIX",
    compute: |work, p, _| {
        let period = p.bars(0);
        let change = work.close_change();
        if period == 1 {
            return change.mul_scalar(100.0) / lag(work.close(), 1);
        }
        let [first, second, third] = chain(work, change, period, 0);
        let average = work.close() - (first + second + third.clone());
        let change = step(third, period);
        change.clone().mul_scalar(100.0) / (average - change)
    },
    machine: machines::trix,
    ..OF_CLOSE
};

static TSI: Declaration = Declaration {
    name: "TSI",
    summary: "Blau's true strength index: changes of the close averaged twice, against their sizes",
    parameters: &[
        Parameter::bars("firstperiod", 2, 25),
        Parameter::bars("secondperiod", 2, 13),
    ],
    outputs: &[Output::only(Unit::Bounded)],
    warmup_text: "firstperiod + secondperiod - 1",
    warmup: |p, _| p.bars(0) + p.bars(1) - 1,
    memory_text: "the seeded memories of EMA over both periods together + 1",
    memory: |p, _| Memory::Infinite(seeded_memory(p.bars(0)) + seeded_memory(p.bars(1)) + 1),
    degenerate: "no movement: 0",
    formula: "c = change of the close; a, b = EMA over secondperiod of EMA over firstperiod of c and |c|\n\
              tsi_t = 100 a_t / b_t, -100 to 100",
    source: "Blau (1991); TA-Lib 0.8.1, TSI",
    compute: |work, p, _| {
        let (first, second) = (p.bars(0), p.bars(1));
        let change = work.close_change();
        let sizes = change.clone().abs();
        let [signed, sizes] = [change, sizes].map(|x| {
            let once = work.smooth(x, first, weight(first), first);
            work.smooth(once, second, weight(second), first + second - 1)
        });
        divide(signed.mul_scalar(100.0), sizes, 0.0)
    },
    machine: machines::tsi,
    ..OF_CLOSE
};

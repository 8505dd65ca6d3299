//! The place of the close between the lowest low and the highest high.

use burn::tensor::Tensor;

use crate::market::Column;
use crate::ops::rolling;

use super::average::{bars_to_forget, seeded_memory, weight};
use super::average_kind::{AverageKind, chained};
use super::averaging::Line;
use super::declaration::{Declaration, Family, Memory, Output, Parameter, Parameters, TALIB, Unit};
use super::machine::stochastic::{self as machines, NO_RANGE};
use super::overlap::extremes;
use super::work::{Work, divide, lag};

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&STOCH, &STOCHF, &STOCHRSI, &KDJ, &SMI];

/// What the family has in common.
const STOCHASTIC: Declaration = Declaration {
    family: Family::Momentum,
    inputs: &[Column::High, Column::Low, Column::Close],
    ..TALIB
};

/// The place of the close between the extremes of the last bars, 0 to 100.
fn fast_k(work: &mut Work<'_>, period: usize) -> Line {
    let place = work.shared("fast_k", &[period], |work| {
        let (highest, lowest) = extremes(work, period);
        place(work.close(), highest, lowest)
    });
    Line::new(place, period - 1)
}

fn place(value: Tensor<2>, highest: Tensor<2>, lowest: Tensor<2>) -> Tensor<2> {
    divide(value - lowest.clone(), highest - lowest, 0.0).mul_scalar(100.0)
}

/// Periods of slow K and slow D with their kinds.
fn slow_averages(parameters: &Parameters, default: AverageKind) -> [(AverageKind, usize); 2] {
    [(1, 3), (2, 4)].map(|(period, kind)| {
        let kind = AverageKind::of(parameters, kind, default);
        (kind, parameters.bars(period))
    })
}

/// Slow K and slow D.
fn slow_lines(
    work: &mut Work<'_>,
    parameters: &Parameters,
    default: AverageKind,
) -> [Tensor<2>; 2] {
    let averages = slow_averages(parameters, default);
    let [(k, slowing), (d, smoothing)] = averages;
    let fast = parameters.bars(0);
    let numbers = [fast, k.number(), slowing, d.number(), smoothing];
    work.shared_many("slow_stochastic", &numbers, |work| {
        let slow_k = fast_k(work, fast).average(work, k, slowing);
        let slow_d = slow_k.average(work, d, smoothing);
        [slow_k.value, slow_d.value]
    })
}

fn slow_warmup(parameters: &Parameters, default: AverageKind) -> usize {
    let [k, d] = slow_averages(parameters, default);
    parameters.bars(0) - 1 + k.0.warmup(k.1) + d.0.warmup(d.1)
}

fn slow_memory(parameters: &Parameters, default: AverageKind) -> Memory {
    let [k, d] = slow_averages(parameters, default).map(|(kind, period)| kind.memory(period));
    chained(Memory::Finite(parameters.bars(0)), chained(k, d))
}

static STOCH: Declaration = Declaration {
    name: "STOCH",
    summary: "stochastic oscillator: the close's place in the range of the last bars, averaged twice",
    parameters: &[
        Parameter::bars("fastk_period", 1, 5),
        Parameter::bars("slowk_period", 1, 3),
        Parameter::bars("slowd_period", 1, 3),
        AverageKind::parameter("slowk_matype", AverageKind::Simple),
        AverageKind::parameter("slowd_matype", AverageKind::Simple),
    ],
    outputs: &[
        Output::named("SLOWK", Unit::Bounded),
        Output::named("SLOWD", Unit::Bounded),
    ],
    warmup_text: "fastk_period - 1 + the warm-ups of both averages, slowk_period + slowd_period - 2 for \
                  simple ones",
    warmup: |p, _| slow_warmup(p, AverageKind::Simple),
    memory_text: "fastk_period + the memories of both averages - 2",
    memory: |p, _| slow_memory(p, AverageKind::Simple),
    degenerate: "no range: a fast K of 0",
    formula: "fast K = 100 (close - lowest low) / (highest high - lowest low) of the last fastk_period bars\n\
              slow K = its average over slowk_period; slow D = that one's over slowd_period; kinds as\n\
              MA's matype",
    source: "Lane; TA-Lib 0.8.1, STOCH",
    compute: |work, p, output| {
        let [slow_k, slow_d] = slow_lines(work, p, AverageKind::Simple);
        if output == 0 { slow_k } else { slow_d }
    },
    machine: machines::stoch,
    ..STOCHASTIC
};

static KDJ: Declaration = Declaration {
    name: "KDJ",
    summary: "stochastic oscillator with Wilder's averages, and a line ahead of both",
    parameters: &[
        Parameter::bars("fastk_period", 1, 9),
        Parameter::bars("slowk_period", 1, 3),
        Parameter::bars("slowd_period", 1, 3),
        AverageKind::parameter("slowk_matype", AverageKind::Wilder),
        AverageKind::parameter("slowd_matype", AverageKind::Wilder),
    ],
    outputs: &[
        Output::named("K", Unit::Bounded),
        Output::named("D", Unit::Bounded),
        Output::named("J", Unit::Bounded),
    ],
    warmup_text: "as STOCH",
    warmup: |p, _| slow_warmup(p, AverageKind::Wilder),
    memory_text: "as STOCH, with Wilder's averages fastk_period + about 8 times the other periods",
    memory: |p, _| slow_memory(p, AverageKind::Wilder),
    degenerate: "no range: a fast K of 0",
    formula: "K and D as slow K and slow D of STOCH, by default with averages of kind 13; J = 3 K - 2 D",
    source: "TA-Lib 0.8.1, KDJ",
    compute: |work, p, output| {
        let [k, d] = slow_lines(work, p, AverageKind::Wilder);
        match output {
            0 => k,
            1 => d,
            _ => k.mul_scalar(3.0) - d.mul_scalar(2.0),
        }
    },
    machine: machines::kdj,
    ..STOCHASTIC
};

/// The fast lines.
const FAST_OUTPUTS: &[Output] = &[
    Output::named("FASTK", Unit::Bounded),
    Output::named("FASTD", Unit::Bounded),
];

static STOCHF: Declaration = Declaration {
    name: "STOCHF",
    summary: "fast stochastic oscillator: the close's place in the range of the last bars",
    parameters: &[
        Parameter::bars("fastk_period", 1, 5),
        Parameter::bars("fastd_period", 1, 3),
        AverageKind::parameter("fastd_matype", AverageKind::Simple),
    ],
    outputs: FAST_OUTPUTS,
    warmup_text: "fastk_period - 1 + the warm-up of the average, fastd_period - 1 for a simple one",
    warmup: |p, _| p.bars(0) - 1 + fast_kind(p, 2).warmup(p.bars(1)),
    memory_text: "fastk_period + the memory of the average - 1",
    memory: |p, _| chained(Memory::Finite(p.bars(0)), fast_kind(p, 2).memory(p.bars(1))),
    degenerate: "no range: a fast K of 0",
    formula: "fast K = 100 (close - lowest low) / (highest high - lowest low) of the last fastk_period bars\n\
              fast D = its average over fastd_period, of a kind as MA's matype",
    source: "Lane; TA-Lib 0.8.1, STOCHF",
    compute: |work, p, output| {
        let fast = fast_k(work, p.bars(0));
        if output == 0 {
            return fast.value;
        }
        fast.average(work, fast_kind(p, 2), p.bars(1)).value
    },
    machine: machines::stochf,
    ..STOCHASTIC
};

/// The kind of fast D's average.
fn fast_kind(parameters: &Parameters, place: usize) -> AverageKind {
    AverageKind::of(parameters, place, AverageKind::Simple)
}

static STOCHRSI: Declaration = Declaration {
    name: "STOCHRSI",
    summary: "the place of the relative strength index in its own range of the last bars",
    inputs: &[Column::Close],
    parameters: &[
        Parameter::bars("period", 2, 14),
        Parameter::bars("fastk_period", 1, 5),
        Parameter::bars("fastd_period", 1, 3),
        AverageKind::parameter("fastd_matype", AverageKind::Simple),
    ],
    outputs: FAST_OUTPUTS,
    warmup_text: "period + fastk_period - 1 + the warm-up of the average, fastd_period - 1 for a simple one",
    warmup: |p, _| p.bars(0) + p.bars(1) - 1 + fast_kind(p, 3).warmup(p.bars(2)),
    memory_text: "period + 1 + 2 ln(1000) / -ln(1 - 1 / period) + fastk_period + the average's - 2: a small \
                  range of the index makes what is left of its seed large",
    memory: |p, _| {
        let index = p.bars(0) + 1 + 2 * bars_to_forget(1.0 / p.bars(0) as f64);
        let place = chained(Memory::Infinite(index), Memory::Finite(p.bars(1)));
        chained(place, fast_kind(p, 3).memory(p.bars(2)))
    },
    degenerate: "no movement, and an index that stands still: a fast K of 0",
    formula: "fast K = 100 (rsi - lowest) / (highest - lowest RSI over period of the last fastk_period bars)\n\
              fast D = its average over fastd_period, of a kind as MA's matype",
    source: "Chande and Kroll (1994); TA-Lib 0.8.1, STOCHRSI",
    compute: |work, p, output| {
        let (period, window) = (p.bars(0), p.bars(1));
        let fast = work.shared("fast_k_of_rsi", &[period, window], |work| {
            place_of_index(work, period, window)
        });
        if output == 0 {
            return fast;
        }
        let fast = Line::new(fast, period + window - 1);
        fast.average(work, fast_kind(p, 3), p.bars(2)).value
    },
    machine: machines::stochrsi,
    ..STOCHASTIC
};

/// The place of the relative strength index in its range.
///
/// An index near 1 has its small differences in the share of falls, which is near 0: whichever share
/// is the lesser gives the place.
fn place_of_index(work: &mut Work<'_>, period: usize, window: usize) -> Tensor<2> {
    let [rises, falls] = shares(work, period);
    let [[rise, most, least], [fall, most_falls, least_falls]] = [rises, falls].map(|share| {
        let most = rolling::max(share.clone(), window);
        let least = rolling::min(share.clone(), window);
        [share, most, least]
    });
    let range = most.clone() - least.clone();
    let range_of_falls = most_falls.clone() - least_falls;
    let high = least.clone().greater_elem(0.5);
    let above = (rise - least.clone()).mask_where(high.clone(), most_falls - fall);
    let range = range.mask_where(high, range_of_falls);
    // What TA-Lib takes for no range.
    let none = (most + least).mul_scalar(NO_RANGE as f32);
    let none = range.clone().lower_equal(none);
    divide(above, range.mask_fill(none, 0.0), 0.0).mul_scalar(100.0)
}

/// The shares of rises and of falls in Wilder's averages of all movement, 0 to 1; 0 before there is
/// any. Each moves towards the newest bar's direction by that bar's share of the average.
fn shares(work: &mut Work<'_>, period: usize) -> [Tensor<2>; 2] {
    let change = work.close_change();
    let movement = change.clone().abs();
    let weight = 1.0 / period as f64;
    let kept = (1.0 - weight) as f32;
    let total = work.smooth(movement.clone(), period, weight, period);
    let still = movement.clone().equal_elem(0.0);
    let share = divide(movement.clone().mul_scalar(1.0 - kept), total.clone(), 0.0)
        .mask_fill(still.clone(), 0.0)
        .clamp_max(1.0);
    // Not 1 - share: after a long rest what is left of the movement before is far below 1.
    let keep = divide(lag(total.clone(), 1).mul_scalar(kept), total, 1.0)
        .mask_fill(still, 1.0)
        .clamp_max(1.0);
    let mean = rolling::mean(movement, period);
    [change.clone(), change.neg()].map(|change| {
        let moved = rolling::mean(change.clone().clamp_min(0.0), period);
        let seed = divide(moved, mean.clone(), 0.0);
        let term = share.clone() * change.greater_elem(0.0).float();
        work.recurrence(period, seed, keep.clone(), term)
    })
}

static SMI: Declaration = Declaration {
    name: "SMI",
    summary: "Blau's stochastic momentum index: the close's distance from the middle of the range, averaged \
              twice, against half of the range, averaged twice",
    parameters: &[
        Parameter::bars("period", 2, 13),
        Parameter::bars("fastperiod", 2, 2),
        Parameter::bars("slowperiod", 2, 25),
        Parameter::bars("signalperiod", 2, 9),
    ],
    outputs: &[
        Output::named("SMI", Unit::Bounded),
        Output::named("SMISIGNAL", Unit::Bounded),
    ],
    warmup_text: "period + fastperiod + slowperiod + signalperiod - 4, for both",
    warmup: |p, _| index_begin(p) + p.bars(3) - 1,
    memory_text: "period + the seeded memories of EMA over the other three periods together",
    memory: |p, _| {
        let averages = [1, 2, 3].map(|place| seeded_memory(p.bars(place)));
        Memory::Infinite(p.bars(0) + averages.iter().sum::<usize>())
    },
    degenerate: "no range: 0",
    formula: "h, l = highest high and lowest low of the last period bars\n\
              a, b = EMA over fastperiod of EMA over slowperiod of close - (h + l) / 2 and of h - l\n\
              smi_t = 200 a_t / b_t, -100 to 100; signal_t = EMA over signalperiod of smi",
    source: "Blau (1993); TA-Lib 0.8.1, SMI",
    compute: |work, p, output| {
        let [period, fast, slow] = [0, 1, 2].map(|place| p.bars(place));
        let index = work.shared("smi", &[period, fast, slow], |work| {
            let (highest, lowest) = extremes(work, period);
            let (above, below) = (
                work.close() - lowest.clone(),
                highest.clone() - work.close(),
            );
            let offset = (above - below).mul_scalar(0.5);
            let start = period - 1 + slow - 1;
            let [offset, range] = [offset, highest - lowest].map(|x| {
                let once = work.smooth(x, slow, weight(slow), start);
                work.smooth(once, fast, weight(fast), start + fast - 1)
            });
            divide(offset.mul_scalar(200.0), range, 0.0)
        });
        if output == 0 {
            return index;
        }
        let index = Line::new(index, index_begin(p));
        index
            .average(work, AverageKind::Exponential, p.bars(3))
            .value
    },
    machine: machines::smi,
    ..STOCHASTIC
};

/// First bar of the index, before its signal is there.
fn index_begin(parameters: &Parameters) -> usize {
    parameters.bars(0) + parameters.bars(1) + parameters.bars(2) - 3
}

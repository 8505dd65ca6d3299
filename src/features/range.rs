//! How ranges and deviations change.

use burn::tensor::Tensor;

use crate::market::Column;
use crate::ops::{rolling, scan};

use super::average::{bars_to_forget, seeded_memory, weight};
use super::declaration::{
    Declaration, Family, Memory, Output, Parameter, Parameters, Scaling, TALIB, Unit,
};
use super::machine::Machine;
use super::machine::parts::{Change, Lag, Mean, Moments, Smooth, Sum, divide as ratio};
use super::share::Wilder;
use super::volatility::deviation;
use super::work::{Work, divide, lag};

const HIGH_LOW: &[Column] = &[Column::High, Column::Low];

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&ADR, &CVI, &MASSI, &RVI];

static ADR: Declaration = Declaration {
    name: "ADR",
    summary: "average range of the bars",
    family: Family::Volatility,
    inputs: HIGH_LOW,
    parameters: &[Parameter::bars("period", 1, 14)],
    outputs: &[Output::only(Unit::PriceDifference)],
    scaling: Scaling::WithPrice,
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    degenerate: "no range: 0",
    formula: "mean of high - low over the last period bars",
    source: "TA-Lib 0.8.1, ADR",
    compute: |work, p, _| rolling::mean(range(work), p.bars(0)),
    machine: |p| {
        let mut mean = Mean::new(p.bars(0));
        Machine::new(move |bar| [mean.next(bar.high - bar.low)])
    },
    ..TALIB
};

static CVI: Declaration = Declaration {
    name: "CVI",
    summary: "Chaikin's volatility: change of the average range, in percent",
    family: Family::Volatility,
    inputs: HIGH_LOW,
    parameters: &[
        Parameter::bars("period", 2, 10),
        Parameter::bars("change", 1, 10),
    ],
    outputs: &[Output::only(Unit::Percent)],
    warmup_text: "period - 1 + change",
    warmup: |p, _| p.bars(0) - 1 + p.bars(1),
    memory_text: "the memory of EMA and change",
    memory: |p, _| Memory::Infinite(seeded_memory(p.bars(0)) + p.bars(1)),
    degenerate: "no range up to change bars before: 0; never above 3e38",
    formula: "e = EMA over period bars of high - low\n\
              100 (e_t - e_{t-change}) / e_{t-change}",
    source: "Chaikin; TA-Lib 0.8.1, CVI",
    compute: volatility_change,
    machine: |p| {
        let (mut average, mut older) = (Smooth::exponential(p.bars(0)), Lag::new(p.bars(1)));
        let most = f64::from(MOST);
        Machine::new(move |bar| {
            let average = average.next(bar.high - bar.low);
            let older = older.next(average);
            let change = ratio(100.0 * (average - older), older, 0.0);
            // `f64::min` would take the bound for NaN.
            [if change > most { most } else { change }]
        })
    },
    ..TALIB
};

static MASSI: Declaration = Declaration {
    name: "MASSI",
    summary: "mass index: how far the average range is above its own average, summed up",
    family: Family::Volatility,
    inputs: HIGH_LOW,
    parameters: &[
        Parameter::bars("fast", 2, 9),
        Parameter::bars("slow", 2, 25),
    ],
    outputs: &[Output::only(Unit::Ratio)],
    warmup_text: "2 (fast - 1) + slow - 1",
    warmup: |p, _| 2 * (p.bars(0) - 1) + p.bars(1) - 1,
    memory_text: "twice the memory of EMA_fast, and slow",
    memory: |p, _| Memory::Infinite(2 * seeded_memory(p.bars(0)) + p.bars(1)),
    degenerate: "no range since the start: slow",
    formula: "e = EMA_fast of high - low\n\
              sum of e_i / (EMA_fast of e)_i over the last slow bars",
    source: "Dorsey (1992); TA-Lib 0.8.1, MASSI",
    compute: |work, p, _| {
        let ratio = range_ratio(work, p.bars(0));
        rolling::sum(ratio, p.bars(1))
    },
    machine: |p| {
        let mut average = Smooth::exponential(p.bars(0));
        let mut again = Smooth::exponential(p.bars(0));
        let mut sum = Sum::new(p.bars(1));
        Machine::new(move |bar| {
            let average = average.next(bar.high - bar.low);
            [sum.next(ratio(average, again.next(average), 1.0))]
        })
    },
    ..TALIB
};

static RVI: Declaration = Declaration {
    name: "RVI",
    summary: "relative volatility index: the share of deviations on rises in all deviations",
    family: Family::Volatility,
    inputs: &[Column::Close],
    parameters: &[
        Parameter::bars("period", 1, 14),
        Parameter::bars("deviation", 2, 10),
    ],
    outputs: &[Output::only(Unit::Bounded)],
    warmup_text: "deviation - 1 + period - 1",
    warmup: |p, _| p.bars(1) - 1 + p.bars(0) - 1,
    memory_text: "deviation + period + ln(1000) / -ln(1 - 1 / period), about 8 period",
    memory: |p, _| {
        let averages = p.bars(0) + bars_to_forget(1.0 / p.bars(0) as f64);
        Memory::Infinite(p.bars(1) + averages)
    },
    degenerate: "no movement yet, and no movement with period 1: 50; flat after movement: the last value",
    formula: "s_t = STDDEV of the close over deviation bars\n\
              u, d = Wilder averages of s where the close rose and where it fell, else 0\n\
              100 u_t / (u_t + d_t), 0 to 100",
    source: "Dorsey (1993); TA-Lib 0.8.1, RVI",
    compute: |work, p, _| {
        let deviation = deviation(work, p.bars(1), 0);
        let change = work.close_change();
        let all = deviation.mask_fill(change.clone().equal_elem(0.0), 0.0);
        let rises = all.clone().mask_fill(change.lower_equal_elem(0.0), 0.0);
        let averages = Wilder {
            period: p.bars(0),
            seeds: p.bars(0),
            start: p.bars(1) - 1 + p.bars(0) - 1,
        };
        averages.share(work, rises, all, 0.5).mul_scalar(100.0)
    },
    machine: |p| {
        let (mut change, mut moments) = (Change::new(), Moments::new(p.bars(1)));
        let (mut rises, mut all) = (Smooth::wilder(p.bars(0)), Smooth::wilder(p.bars(0)));
        Machine::new(move |bar| {
            let change = change.next(bar.close);
            let deviation = moments.next(bar.close).1.sqrt();
            if deviation.is_nan() {
                return [f64::NAN];
            }
            let rises = rises.next(if change > 0.0 { deviation } else { 0.0 });
            let all = all.next(if change == 0.0 { 0.0 } else { deviation });
            [ratio(100.0 * rises, all, 50.0)]
        })
    },
    ..TALIB
};

/// Where CVI ends: after hundreds of bars without range almost nothing is left to divide by.
const MOST: f32 = 3e38;

/// Averages below this are no longer precise in float32.
const LEAST: f32 = 1e-36;

fn range(work: &mut Work<'_>) -> Tensor<2> {
    work.shared("range", &[], |work| {
        work.column(Column::High) - work.column(Column::Low)
    })
}

/// EMA of the range, from the mean of the first `period` bars.
fn average_range(work: &mut Work<'_>, period: usize) -> Tensor<2> {
    work.shared("average_range", &[period], |work| {
        let range = range(work);
        work.smooth(range, period, weight(period), period - 1)
    })
}

/// 1 from the segment's first bar with a range on, else 0.
fn ranged(work: &mut Work<'_>) -> Tensor<2> {
    work.shared("ranged", &[], |work| {
        let bars = range(work).greater_elem(0.0).float();
        scan::linear_scan(work.keep(), bars).clamp_max(1.0)
    })
}

fn volatility_change(work: &mut Work<'_>, parameters: &Parameters, _: usize) -> Tensor<2> {
    let (period, bars) = (parameters.bars(0), parameters.bars(1));
    let average = average_range(work, period);
    let older = lag(average.clone(), bars);
    let change = divide(average - older.clone(), older.clone(), 0.0).clamp_max(MOST / 100.0);
    // Long after the last range the average is below what float32 holds; without a new range it falls
    // by the same share as ever.
    let still = rolling::sum(range(work), bars).equal_elem(0.0);
    let fading = older
        .lower_elem(LEAST)
        .bool_and(lag(ranged(work), bars).greater_elem(0.0));
    let kept = (1.0 - weight(period)).powf(bars as f64) - 1.0;
    let falling = change.full_like(kept as f32);
    change
        .mask_fill(fading.clone(), MOST / 100.0)
        .mask_where(fading.bool_and(still), falling)
        .mul_scalar(100.0)
}

/// The average range over its own average, by the recurrence of its inverse `u`:
///
/// ```text
/// u_t = (1 - s_t) u_{t-1} + weight,  s_t = weight range_t / e_t
/// ```
/// It grows by `weight` per bar without range, long after both averages are below float32's least
/// number.
fn range_ratio(work: &mut Work<'_>, period: usize) -> Tensor<2> {
    work.shared("range_ratio", &[period], |work| {
        let keep = (1.0 - weight(period)) as f32;
        let newest = 1.0 - keep;
        let average = average_range(work, period);
        let range = range(work);
        let still = range.clone().equal_elem(0.0);
        let share = divide(range.mul_scalar(newest), average.clone(), 0.0)
            .mask_fill(still, 0.0)
            .clamp_max(1.0);
        let seed = divide(rolling::mean(average.clone(), period), average, 1.0);
        let coefficient = share.neg().add_scalar(1.0);
        // Before the first range the ratio is 1 by definition.
        let term = ranged(work).mul_scalar(newest);
        let inverse = work.recurrence(2 * (period - 1), seed, coefficient, term);
        inverse.recip()
    })
}

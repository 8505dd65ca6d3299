//! Averages that follow the dominant cycle, and Heikin-Ashi's averaged bars.

use burn::tensor::Tensor;

use crate::market::Column;
use crate::ops::recur;

use super::average::bars_to_forget;
use super::cycle::CYCLE_MEMORY;
use super::declaration::{Declaration, Family, Memory, Output, Parameter, Scaling, TALIB, Unit};
use super::machine::Machine;
use super::machine::cycle::{Adaptive, DEFINED, WAIT};
use super::work::{Work, change, lag};

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&MAMA, &HA];

static MAMA: Declaration = Declaration {
    name: "MAMA",
    summary: "MESA adaptive moving average: faster where the cycle's phase turns fast",
    family: Family::Average,
    inputs: &[Column::Close],
    parameters: &[
        Parameter::factor_in("fastlimit", 0.01, 0.99, 0.5),
        Parameter::factor_in("slowlimit", 0.01, 0.99, 0.05),
    ],
    outputs: &[
        Output::named("MAMA", Unit::Price),
        Output::named("FAMA", Unit::Price),
    ],
    scaling: Scaling::WithPrice,
    warmup_text: "32",
    warmup: |_, _| DEFINED,
    memory_text: "that of HT_DCPERIOD + ln(1000) / -ln(1 - w / 2), w the lesser limit",
    memory: |p, _| {
        let slowest = p.factor(0).min(p.factor(1));
        Memory::Infinite(CYCLE_MEMORY + bars_to_forget(0.5 * slowest))
    },
    degenerate: "flat prices: the price, approached from 0 at bar 12",
    formula: "phase_t = atan(q_t / i_t) of HT_DCPERIOD, 0 where i_t is 0\n\
              w_t = fastlimit / (phase_{t-1} - phase_t), at least slowlimit; fastlimit where that turn \
              is 1 degree or less\n\
              mama_t = w_t close_t + (1 - w_t) mama_{t-1}\n\
              fama_t = w_t / 2 mama_t + (1 - w_t / 2) fama_{t-1}",
    source: "Ehlers (2001), MESA and Trading Market Cycles; TA-Lib 0.8.1, MAMA",
    compute: |work, p, output| {
        let limits = [p.factor(0), p.factor(1)];
        let key = limits.map(|limit| limit.to_bits() as usize);
        let gaps = work.shared_many("mesa", &key, |work| mesa(work, work.close(), 0, limits));
        work.close() - gaps[output].clone()
    },
    machine: |p| {
        let mut averages = Adaptive::new(p.factor(0), p.factor(1));
        Machine::new(move |bar| averages.next(bar.close))
    },
    ..TALIB
};

/// `x` minus its adaptive average (TA-Lib's MAMA) and minus the slower one behind that (FAMA), for a
/// series whose first value is at the age `begin`; defined from 32 bars later on.
///
/// ```text
/// x_t - mama_t = (1 - w_t) (x_{t-1} - mama_{t-1} + x_t - x_{t-1})
/// ```
/// and likewise behind it: differences of neighbours are exact, so the level costs nothing.
pub(super) fn mesa(
    work: &Work<'_>,
    x: Tensor<2>,
    begin: usize,
    [fast, slow]: [f64; 2],
) -> [Tensor<2>; 2] {
    let angle = recur::cycle(x.clone(), work.age(), begin, WAIT).angle;
    let start = begin + WAIT;
    let before = lag(angle.clone(), 1).mask_fill(work.at(start), 0.0);
    let turned = (before - angle).clamp_min(1.0);
    let slows = turned.clone().greater_elem(1.0);
    let weight = turned.full_like(fast as f32);
    let slowed = turned.recip().mul_scalar(fast as f32);
    let weight = weight.mask_where(slows, slowed.clamp_min(slow as f32));
    let moved = change(x.clone(), 1);
    let keep = weight.clone().neg().add_scalar(1.0);
    let term = keep.clone() * moved.clone();
    // Before the start the averages are 0.
    let first = work.recurrence(start, keep.clone() * x.clone(), keep, term);
    let half = weight.mul_scalar(0.5);
    let keep = half.clone().neg().add_scalar(1.0);
    let pulled = half * first.clone();
    let seed = keep.clone() * x + pulled.clone();
    let term = keep.clone() * moved + pulled;
    [first, work.recurrence(start, seed, keep, term)]
}

static HA: Declaration = Declaration {
    name: "HA",
    summary: "Heikin-Ashi: bars averaged with those before",
    family: Family::Price,
    inputs: &[Column::Open, Column::High, Column::Low, Column::Close],
    outputs: &[
        Output::named("HAOPEN", Unit::Price),
        Output::named("HAHIGH", Unit::Price),
        Output::named("HALOW", Unit::Price),
        Output::named("HACLOSE", Unit::Price),
    ],
    scaling: Scaling::WithPrice,
    warmup_text: "0",
    warmup: |_, _| 0,
    memory_text: "12: a half of the open's past is gone at every bar",
    memory: |_, _| Memory::Infinite(12),
    degenerate: "flat prices: the price",
    formula: "haclose_t = (open_t + high_t + low_t + close_t) / 4\n\
              haopen_t = (haopen_{t-1} + haclose_{t-1}) / 2, haopen_0 = (open_0 + close_0) / 2\n\
              hahigh_t = max(high_t, haopen_t, haclose_t), halow_t = min(low_t, haopen_t, haclose_t)",
    source: "TA-Lib 0.8.1, HA",
    compute: |work, _, output| {
        let columns = [Column::Open, Column::High, Column::Low, Column::Close];
        let [open, high, low, close] = columns.map(|column| work.column(column));
        let [ha_open, ha_close] = work.shared_many("heikin_ashi", &[], |work| {
            // Offsets from the low are exact, the sum of four prices is not.
            let above = |x: &Tensor<2>| x.clone() - low.clone();
            let ha_close =
                low.clone() + (above(&open) + above(&high) + above(&close)).mul_scalar(0.25);
            let seed = (open.clone() + close.clone()).mul_scalar(0.5);
            let half = open.full_like(0.5);
            let term = lag(ha_close.clone(), 1).mul_scalar(0.5);
            [work.recurrence(0, seed, half, term), ha_close]
        });
        match output {
            0 => ha_open,
            1 => high.max_pair(ha_open).max_pair(ha_close),
            2 => low.min_pair(ha_open).min_pair(ha_close),
            _ => ha_close,
        }
    },
    machine: |_| {
        let (mut open, mut close) = (f64::NAN, f64::NAN);
        Machine::new(move |bar| {
            open = if open.is_nan() {
                f64::midpoint(bar.open, bar.close)
            } else {
                f64::midpoint(open, close)
            };
            close = (bar.open + bar.high + bar.low + bar.close) / 4.0;
            let high = bar.high.max(open).max(close);
            let low = bar.low.min(open).min(close);
            [open, high, low, close]
        })
    },
    ..TALIB
};

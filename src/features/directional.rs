//! Wilder's directional movement.

#![allow(clippy::inline_always, reason = "the steps of a machine are one loop")]

use burn::tensor::Tensor;

use crate::market::Column;

use super::average::bars_to_forget;
use super::declaration::{
    Declaration, Family, Memory, Output, Parameter, Parameters, Scaling, TALIB, Unit,
};
use super::machine::Machine;
use super::machine::movement::Movement;
use super::machine::parts::{Lag, divide as ratio};
use super::machine::sums::WilderSums;
use super::share::Wilder;
use super::work::{Work, change, divide, lag};

const HIGH_LOW: &[Column] = &[Column::High, Column::Low];
const HIGH_LOW_CLOSE: &[Column] = &[Column::High, Column::Low, Column::Close];

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] =
    &[&PLUS_DM, &MINUS_DM, &PLUS_DI, &MINUS_DI, &DX, &ADX, &ADXR];

/// What the two directions' movements have in common.
const MOVEMENT: Declaration = Declaration {
    family: Family::Momentum,
    inputs: HIGH_LOW,
    parameters: &[Parameter::bars("period", 1, 14)],
    outputs: &[Output::only(Unit::PriceDifference)],
    scaling: Scaling::WithPrice,
    warmup_text: "period - 1, at least 1",
    warmup: |p, _| (p.bars(0) - 1).max(1),
    memory_text: "period + ln(1000) / -ln(1 - 1 / period), about 8 period",
    memory: |p, _| Memory::Infinite(p.bars(0).max(2) + bars_to_forget(1.0 / p.bars(0) as f64)),
    degenerate: "flat prices: 0; period 1: the bar's own movement",
    ..TALIB
};

static PLUS_DM: Declaration = Declaration {
    name: "PLUS_DM",
    summary: "Wilder's sum of directional movement upwards",
    formula: "up_t = high_t - high_{t-1}, down_t = low_{t-1} - low_t\n\
              x_t = up_t where up_t > max(down_t, 0), else 0\n\
              plus_t = sum of x over the first period - 1 bars, then plus_{t-1} - plus_{t-1} / period + x_t",
    compute: |work, p, _| movement_sum(work, p, 0),
    machine: |p| movement_machine(p, false),
    source: "Wilder (1978); TA-Lib 0.8.1, PLUS_DM",
    ..MOVEMENT
};

static MINUS_DM: Declaration = Declaration {
    name: "MINUS_DM",
    summary: "Wilder's sum of directional movement downwards",
    formula: "up_t = high_t - high_{t-1}, down_t = low_{t-1} - low_t\n\
              x_t = down_t where down_t > max(up_t, 0), else 0\n\
              minus_t = sum of x over the first period - 1 bars, then minus_{t-1} - minus_{t-1} / period + x_t",
    compute: |work, p, _| movement_sum(work, p, 1),
    machine: |p| movement_machine(p, true),
    source: "Wilder (1978); TA-Lib 0.8.1, MINUS_DM",
    ..MOVEMENT
};

/// What the two directions' indices have in common.
const INDEX: Declaration = Declaration {
    family: Family::Momentum,
    inputs: HIGH_LOW_CLOSE,
    parameters: &[Parameter::bars("period", 1, 14)],
    outputs: &[Output::only(Unit::Bounded)],
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1 + ln(1000) / -ln(1 - 1 / period), about 8 period",
    memory: |p, _| Memory::Infinite(index_memory(p.bars(0))),
    degenerate: "no range since the start: 0; flat after movement: the last value; period 1: the bar's \
                 own share of its true range, 0 to 1 and not to 100, as TA-Lib",
    ..TALIB
};

static PLUS_DI: Declaration = Declaration {
    name: "PLUS_DI",
    summary: "Wilder's share of upward movement in the true range",
    formula: "100 PLUS_DM_t / Wilder's sum of TRANGE over the same bars, 0 to 100",
    compute: |work, p, _| index(work, p.bars(0), 0),
    machine: |p| index_machine(p, false),
    source: "Wilder (1978); TA-Lib 0.8.1, PLUS_DI",
    ..INDEX
};

static MINUS_DI: Declaration = Declaration {
    name: "MINUS_DI",
    summary: "Wilder's share of downward movement in the true range",
    formula: "100 MINUS_DM_t / Wilder's sum of TRANGE over the same bars, 0 to 100",
    compute: |work, p, _| index(work, p.bars(0), 1),
    machine: |p| index_machine(p, true),
    source: "Wilder (1978); TA-Lib 0.8.1, MINUS_DI",
    ..INDEX
};

/// What the indices of both directions together have in common.
const TREND: Declaration = Declaration {
    family: Family::Momentum,
    inputs: HIGH_LOW_CLOSE,
    parameters: &[Parameter::bars("period", 2, 14)],
    outputs: &[Output::only(Unit::Bounded)],
    degenerate: "no directional movement since the start: 0; flat after movement: the last value",
    ..TALIB
};

static DX: Declaration = Declaration {
    name: "DX",
    summary: "Wilder's directional index: how one-sided directional movement is",
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1 + ln(1000) / -ln(1 - 1 / period), about 8 period",
    memory: |p, _| Memory::Infinite(index_memory(p.bars(0))),
    formula: "100 |PLUS_DI_t - MINUS_DI_t| / (PLUS_DI_t + MINUS_DI_t), 0 to 100",
    source: "Wilder (1978); TA-Lib 0.8.1, DX",
    compute: |work, p, _| dx(work, p.bars(0)),
    machine: |p| {
        let mut dx = Dx::new(p.bars(0));
        Machine::new(move |bar| [dx.next(bar).0])
    },
    ..TREND
};

static ADX: Declaration = Declaration {
    name: "ADX",
    summary: "Wilder's average directional index: the strength of a trend, whichever way it goes",
    warmup_text: "2 period - 1",
    warmup: |p, _| 2 * p.bars(0) - 1,
    memory_text: "the memory of DX and that of a Wilder average together, about 16 period",
    memory: |p, _| Memory::Infinite(adx_memory(p.bars(0))),
    formula: "adx_{2 period - 1} = mean of DX over its first period bars\n\
              adx_t = adx_{t-1} + (DX_t - adx_{t-1}) / period",
    source: "Wilder (1978); TA-Lib 0.8.1, ADX",
    compute: |work, p, _| adx(work, p.bars(0)),
    machine: |p| {
        let mut adx = Adx::new(p.bars(0));
        Machine::new(move |bar| [adx.next(bar)])
    },
    ..TREND
};

static ADXR: Declaration = Declaration {
    name: "ADXR",
    summary: "mean of the average directional index and of its value period - 1 bars before",
    warmup_text: "3 period - 2",
    warmup: |p, _| 3 * p.bars(0) - 2,
    memory_text: "the memory of ADX and period - 1",
    memory: |p, _| Memory::Infinite(adx_memory(p.bars(0)) + p.bars(0) - 1),
    formula: "(ADX_t + ADX_{t - (period - 1)}) / 2",
    source: "Wilder (1978); TA-Lib 0.8.1, ADXR",
    compute: |work, p, _| {
        let adx = adx(work, p.bars(0));
        (adx.clone() + lag(adx, p.bars(0) - 1)).div_scalar(2.0)
    },
    machine: |p| {
        let (mut adx, mut before) = (Adx::new(p.bars(0)), Lag::new(p.bars(0) - 1));
        Machine::new(move |bar| {
            let adx = adx.next(bar);
            [f64::midpoint(adx, before.next(adx))]
        })
    },
    ..TREND
};

fn index_memory(period: usize) -> usize {
    period + 1 + bars_to_forget(1.0 / period as f64)
}

fn adx_memory(period: usize) -> usize {
    index_memory(period) + period + bars_to_forget(1.0 / period as f64)
}

fn movement_machine(parameters: &Parameters, down: bool) -> Machine {
    let period = parameters.bars(0);
    let (mut movement, mut sums) = (Movement::new(), WilderSums::new(period));
    // The sum of the first period - 1 bars is a value already.
    let mut warmup = (period - 1).max(1);
    Machine::new(move |bar| {
        let Some(reach) = movement.next(bar) else {
            return [f64::NAN];
        };
        let ([plus, minus], _) = sums.next([reach.plus, reach.minus]);
        if warmup > 1 {
            warmup -= 1;
            return [f64::NAN];
        }
        [if down { minus } else { plus }]
    })
}

fn index_machine(parameters: &Parameters, down: bool) -> Machine {
    let period = parameters.bars(0);
    let (mut movement, mut sums) = (Movement::new(), WilderSums::new(period));
    let hundred = if period == 1 { 1.0 } else { 100.0 };
    Machine::new(move |bar| {
        let Some(reach) = movement.next(bar) else {
            return [f64::NAN];
        };
        let own = if down { reach.minus } else { reach.plus };
        let ([own, range], warm) = sums.next([own, reach.range]);
        [if warm {
            ratio(hundred * own, range, 0.0)
        } else {
            f64::NAN
        }]
    })
}

/// The directional index of one bar after the other.
struct Dx {
    movement: Movement,
    sums: WilderSums<3>,
    last: f64,
}

impl Dx {
    fn new(period: usize) -> Self {
        Self {
            movement: Movement::new(),
            sums: WilderSums::new(period),
            last: 0.0,
        }
    }

    /// The index, and whether this bar has one of its own: without directional movement it stays.
    #[inline(always)]
    fn next(&mut self, bar: &super::Bar) -> (f64, bool) {
        let Some(reach) = self.movement.next(bar) else {
            return (f64::NAN, false);
        };
        let ([plus, minus, range], warm) = self.sums.next([reach.plus, reach.minus, reach.range]);
        if !warm {
            return (f64::NAN, false);
        }
        // TA-Lib's bound for the sum of both indices, 1e-14, in percent.
        let moves = plus + minus >= 1e-16 * range && range > 0.0;
        if moves {
            self.last = 100.0 * (plus - minus).abs() / (plus + minus);
        }
        (self.last, moves)
    }
}

/// The average directional index of one bar after the other.
struct Adx {
    dx: Dx,
    weight: f64,
    period: usize,
    /// Directional indices seen, up to `period`.
    seen: usize,
    value: f64,
}

impl Adx {
    fn new(period: usize) -> Self {
        Self {
            dx: Dx::new(period),
            weight: 1.0 / period as f64,
            period,
            seen: 0,
            value: 0.0,
        }
    }

    #[inline(always)]
    fn next(&mut self, bar: &super::Bar) -> f64 {
        let (dx, moves) = self.dx.next(bar);
        if self.seen == self.period {
            if moves {
                self.value += self.weight * (dx - self.value);
            }
            return self.value;
        }
        if dx.is_nan() {
            return f64::NAN;
        }
        self.seen += 1;
        self.value += if moves { dx } else { 0.0 };
        if self.seen < self.period {
            return f64::NAN;
        }
        self.value *= self.weight;
        self.value
    }
}

/// Upward and downward movement of each bar; garbage at a segment's first.
fn movements(work: &mut Work<'_>) -> [Tensor<2>; 2] {
    work.shared_many("directional_movement", &[], |work| {
        let up = change(work.column(Column::High), 1);
        let down = change(work.column(Column::Low), 1).neg();
        let zero = up.zeros_like();
        let rises = up.clone().greater(down.clone().clamp_min(0.0));
        let falls = down.clone().greater(up.clone().clamp_min(0.0));
        [
            zero.clone().mask_where(rises, up),
            zero.mask_where(falls, down),
        ]
    })
}

/// Wilder's sums begin with those of `period - 1` bars, into which the next one is smoothed.
fn wilder(period: usize) -> Wilder {
    Wilder {
        period,
        seeds: period - 1,
        start: period - 1,
    }
}

fn movement_sum(work: &mut Work<'_>, parameters: &Parameters, direction: usize) -> Tensor<2> {
    let period = parameters.bars(0);
    let movement = movements(work)[direction].clone();
    if period == 1 {
        return movement;
    }
    wilder(period)
        .average(work, movement)
        .mul_scalar(period as f32)
}

fn index(work: &mut Work<'_>, period: usize, direction: usize) -> Tensor<2> {
    let movement = movements(work)[direction].clone();
    let range = work.true_range();
    if period == 1 {
        return divide(movement, range, 0.0);
    }
    wilder(period)
        .share(work, movement, range, 0.0)
        .mul_scalar(100.0)
}

fn dx(work: &mut Work<'_>, period: usize) -> Tensor<2> {
    work.shared("dx", &[period], |work| {
        let [plus, minus] = movements(work);
        let (difference, sum) = (plus.clone() - minus.clone(), plus + minus);
        let share = wilder(period).share(work, difference, sum, 0.0);
        share.abs().mul_scalar(100.0)
    })
}

/// Where nothing moves TA-Lib leaves the average as it is; the index stays then, and the average is
/// either at it already or goes there: TA-Lib calls it no movement after 30 periods without.
fn adx(work: &mut Work<'_>, period: usize) -> Tensor<2> {
    work.shared("adx", &[period], |work| {
        let dx = dx(work, period);
        work.smooth(dx, period, 1.0 / period as f64, 2 * period - 1)
    })
}

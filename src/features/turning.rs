//! Turning points: stops that trail prices, and swing points.

use burn::tensor::Tensor;

use crate::market::Column;
use crate::ops::recur::{self, Acceleration, Parabolic, Stops, TrailingBand};
use crate::ops::rolling;

use super::declaration::{
    Declaration, Family, Memory, Output, Parameter, Parameters, Scaling, TALIB, Unit,
};
use super::machine::Machine;
use super::machine::order::Swing;
use super::machine::parts::{Smooth, TrueRange};
use super::volatility::{atr, wilder_memory};
use super::work::{Work, lag};

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&SAR, &SAREXT, &SUPERTREND, &FRACTAL];

const HIGH_LOW: &[Column] = &[Column::High, Column::Low];

static SAR: Declaration = Declaration {
    name: "SAR",
    summary: "parabolic stop and reverse",
    family: Family::Level,
    inputs: HIGH_LOW,
    parameters: &[
        Parameter::factor("acceleration", 0.02),
        Parameter::factor("maximum", 0.2),
    ],
    outputs: &[Output::only(Unit::Price)],
    scaling: Scaling::WithPrice,
    warmup_text: "1",
    warmup: |_, _| 1,
    memory_text: "4 / acceleration, at least 200, measured: two starts meet at a reversal, and none is \
                  certain; acceleration 0: unbounded",
    memory: |p, _| stop_memory(&stops_of_sar(p)),
    degenerate: "flat prices: the price, turning at every bar",
    formula: "long: stop += a (highest high - stop), never above the last two lows; each new high adds \
              acceleration to a, up to maximum\n\
              low <= stop: short, from the highest high on, never below the last two highs, a = \
              acceleration; and the other way round\n\
              from bar 1: short if low_0 - low_1 > max(high_1 - high_0, 0), else long, the stop at bar 0's \
              far extreme",
    source: "Wilder (1978); TA-Lib 0.8.1, SAR",
    compute: |work, p, _| parabolic(work, stops_of_sar(p)).abs(),
    machine: |p| {
        let mut stop = Parabolic::new(stops_of_sar(p));
        Machine::new(move |bar| [stop.next(bar.high, bar.low)[0]])
    },
    ..TALIB
};

static SAREXT: Declaration = Declaration {
    name: "SAREXT",
    summary: "parabolic stop and reverse with factors for each side, negative while short",
    family: Family::Level,
    inputs: HIGH_LOW,
    parameters: &[
        Parameter::factor_in("startvalue", -1e9, 1e9, 0.0),
        Parameter::factor("offsetonreverse", 0.0),
        Parameter::factor("accelerationinitlong", 0.02),
        Parameter::factor("accelerationlong", 0.02),
        Parameter::factor("accelerationmaxlong", 0.2),
        Parameter::factor("accelerationinitshort", 0.02),
        Parameter::factor("accelerationshort", 0.02),
        Parameter::factor("accelerationmaxshort", 0.2),
    ],
    outputs: &[Output::only(Unit::Price)],
    scaling: Scaling::WithPrice,
    warmup_text: "1",
    warmup: |_, _| 1,
    memory_text: "as SAR by the least of the accelerations",
    memory: |p, _| stop_memory(&stops_of_sarext(p)),
    degenerate: "flat prices: the price, its sign turning at every bar",
    formula: "as SAR, times -1 while short; a starts from the side's init factor\n\
              startvalue: 0 as SAR, above 0 long from there, below 0 short from its absolute value\n\
              at a reversal the stop moves away by offsetonreverse times itself",
    source: "TA-Lib 0.8.1, SAREXT",
    compute: |work, p, _| parabolic(work, stops_of_sarext(p)),
    machine: |p| {
        let mut stop = Parabolic::new(stops_of_sarext(p));
        Machine::new(move |bar| {
            let [stop, side] = stop.next(bar.high, bar.low);
            [side * stop]
        })
    },
    ..TALIB
};

static SUPERTREND: Declaration = Declaration {
    name: "SUPERTREND",
    summary: "band around the middle of the bar that trails prices until they close beyond it",
    family: Family::Level,
    inputs: &[Column::High, Column::Low, Column::Close],
    parameters: &[
        Parameter::bars("timeperiod", 2, 10),
        Parameter::factor("multiplier", 3.0),
    ],
    outputs: &[
        Output::named("SUPERTREND", Unit::Price),
        Output::named("TREND", Unit::Bounded),
    ],
    scaling: Scaling::WithPrice,
    warmup_text: "timeperiod",
    warmup: |p, _| p.bars(0),
    memory_text: "about 8 timeperiod + 20 (1 + multiplier)^2, measured: two starts meet when a band lets \
                  go, and none is certain",
    memory: |p, _| {
        let wide = 1.0 + p.factor(1);
        #[expect(clippy::cast_sign_loss, reason = "a square")]
        let bars = (20.0 * wide * wide).ceil() as usize;
        Memory::Infinite(wilder_memory(p.bars(0)) + bars)
    },
    degenerate: "flat prices: the price, trend 1; a close that is a band but for rounding may turn the \
                 trend a bar early or late in float32",
    formula: "m_t = (high_t + low_t) / 2, w_t = multiplier ATR_t\n\
              upper_t = m_t + w_t if that is below upper_{t-1} or close_{t-1} is above it, else \
              upper_{t-1}; lower_t the other way round\n\
              trend: 1 at first, -1 from a close below lower_t on, 1 from a close above upper_t on\n\
              lower_t while the trend is 1, else upper_t",
    source: "Seban; TA-Lib 0.8.1, SUPERTREND",
    compute: |work, p, output| {
        let key = [p.bars(0), p.factor(1).to_bits() as usize];
        let both = work.shared_many("trailing_band", &key, |work| {
            let width = atr(work, p.bars(0)).mul_scalar(p.factor(1) as f32);
            let width = work.defined_from(p.bars(0), width);
            let [high, low] = [Column::High, Column::Low].map(|column| work.column(column));
            recur::trailing_band(high, low, work.close(), width)
        });
        both[output].clone()
    },
    machine: |p| {
        let (mut range, mut average) = (TrueRange::new(), Smooth::wilder(p.bars(0)));
        let (mut band, multiplier) = (TrailingBand::new(), p.factor(1));
        Machine::new(move |bar| {
            let width = multiplier * average.next(range.next(bar));
            band.next(bar.median_price(), width, bar.close)
        })
    },
    ..TALIB
};

static FRACTAL: Declaration = Declaration {
    name: "FRACTAL",
    summary: "swing points: 100 where the bar rightbars ago is a high (low) among its neighbours",
    family: Family::Level,
    inputs: HIGH_LOW,
    parameters: &[
        Parameter::bars("leftbars", 1, 2),
        Parameter::bars("rightbars", 1, 2),
    ],
    outputs: &[
        Output::named("SWINGHIGH", Unit::Percent),
        Output::named("SWINGLOW", Unit::Percent),
    ],
    scaling: Scaling::Free,
    warmup_text: "leftbars + rightbars",
    warmup: |p, _| p.bars(0) + p.bars(1),
    memory_text: "leftbars + rightbars + 1",
    memory: |p, _| Memory::Finite(p.bars(0) + p.bars(1) + 1),
    degenerate: "flat prices: 0; an equal neighbour: 0",
    formula: "swinghigh_t = 100 if high_{t-rightbars} > the leftbars highs before it and the rightbars \
              after it, else 0; swinglow_t with lows below\n\
              written at the bar that confirms the swing: late, but nothing looks ahead or is repainted",
    source: "Williams (1995); TA-Lib 0.8.1, FRACTAL",
    compute: |work, p, output| {
        let [left, right] = [p.bars(0), p.bars(1)];
        let x = match output {
            0 => work.column(Column::High),
            _ => work.column(Column::Low).neg(),
        };
        let pivot = lag(x.clone(), right);
        let older = rolling::max(lag(x.clone(), right + 1), left);
        let newer = rolling::max(x, right);
        let swings = pivot.clone().greater(older).bool_and(pivot.greater(newer));
        swings.float().mul_scalar(100.0)
    },
    machine: |p| {
        let mut swings = [0, 1].map(|_| Swing::new(p.bars(0), p.bars(1)));
        Machine::new(move |bar| [swings[0].next(bar.high), swings[1].next(-bar.low)])
    },
    ..TALIB
};

fn stops_of_sar(p: &Parameters) -> Stops {
    let side = Acceleration {
        first: p.factor(0),
        step: p.factor(0),
        most: p.factor(1),
    };
    Stops {
        long: side,
        short: side,
        start: 0.0,
        offset: 0.0,
    }
}

fn stops_of_sarext(p: &Parameters) -> Stops {
    let side = |place: usize| Acceleration {
        first: p.factor(place),
        step: p.factor(place + 1),
        most: p.factor(place + 2),
    };
    Stops {
        long: side(2),
        short: side(5),
        start: p.factor(0),
        offset: p.factor(1),
    }
}

fn parabolic(work: &mut Work<'_>, stops: Stops) -> Tensor<2> {
    let [high, low] = [Column::High, Column::Low].map(|column| work.column(column));
    recur::parabolic(high, low, work.age(), stops)
}

/// Bars after which two stops have met, as measured on walks; slower ones meet later.
fn stop_memory(stops: &Stops) -> Memory {
    let slowest = [stops.long, stops.short]
        .map(|side| side.first.max(side.step).min(side.most))
        .into_iter()
        .fold(f64::INFINITY, f64::min);
    if slowest <= 0.0 {
        return Memory::Unbounded;
    }
    #[expect(clippy::cast_sign_loss, reason = "factors are positive")]
    let bars = (4.0 / slowest).ceil() as usize;
    Memory::Infinite(bars.max(200))
}

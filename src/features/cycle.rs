//! The dominant cycle by Ehlers' Hilbert transform.

use burn::tensor::{Bool, Tensor};

use crate::market::Column;
use crate::ops::{recur, scan, trailing};

use super::declaration::{Declaration, Family, Memory, Output, Scaling, TALIB, Unit};
use super::machine::Machine;
use super::machine::cycle::{
    DEFINED, From, Mode, PHASE_DEFINED, PHASE_WAIT, Phases, Trendline, WAIT,
};
use super::work::{Work, lag};

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[
    &HT_DCPERIOD,
    &HT_DCPHASE,
    &HT_PHASOR,
    &HT_SINE,
    &HT_TRENDMODE,
    &HT_TRENDLINE,
];

const CLOSE: &[Column] = &[Column::Close];

/// Bars after which two starts have led to the same waves: measured on walks, where the filters'
/// weights, whose gain follows the period, have no bound.
pub(super) const CYCLE_MEMORY: usize = 500;

const MEMORY: &str = "500, measured: the filters follow their own period, and no bound is known";

/// What all of them share.
const HILBERT: Declaration = Declaration {
    family: Family::Cycle,
    inputs: CLOSE,
    memory_text: MEMORY,
    memory: |_, _| Memory::Infinite(CYCLE_MEMORY),
    ..TALIB
};

static HT_DCPERIOD: Declaration = Declaration {
    name: "HT_DCPERIOD",
    summary: "dominant cycle: its length in bars",
    outputs: &[Output::only(Unit::Count)],
    warmup_text: "32",
    warmup: |_, _| DEFINED,
    degenerate: "flat prices: what the last moves left, about 31 after a flat start; where the angle \
                 of a bar passes 0 the period jumps, and float32 may jump a bar early or late",
    formula: "s_t = (4 close_t + 3 close_{t-1} + 2 close_{t-2} + close_{t-3}) / 10\n\
              H(x)_t = (0.0962 x_t + 0.5769 x_{t-2} - 0.5769 x_{t-4} - 0.0962 x_{t-6}) \
              (0.075 p_{t-1} + 0.54)\n\
              d = H(s), q = H(d), i_t = d_{t-3}, I = ema(i - H(q), 0.2), Q = ema(q + H(i), 0.2)\n\
              re = ema(I_t I_{t-1} + Q_t Q_{t-1}, 0.2), im = ema(I_t Q_{t-1} - Q_t I_{t-1}, 0.2)\n\
              p = ema(360 / atan(im / re) within 0.67 and 1.5 p_{t-1} and within 6 and 50, 0.2)\n\
              period_t = 0.33 p_t + 0.67 period_{t-1}; all from 0 at bar 12",
    source: "Ehlers (2001), Rocket Science for Traders; TA-Lib 0.8.1, HT_DCPERIOD",
    compute: |work, _, _| waves(work, WAIT)[2].clone(),
    machine: |_| {
        let (mut cycle, mut from) = (recur::Cycle::new(WAIT), From::new(DEFINED));
        Machine::new(move |bar| {
            let wave = cycle.next(bar.close);
            from.pass([wave.map_or(f64::NAN, |wave| wave.period)])
        })
    },
    ..HILBERT
};

static HT_PHASOR: Declaration = Declaration {
    name: "HT_PHASOR",
    summary: "dominant cycle: its components in phase and a quarter behind",
    outputs: &[
        Output::named("INPHASE", Unit::PriceDifference),
        Output::named("QUADRATURE", Unit::PriceDifference),
    ],
    scaling: Scaling::WithPrice,
    warmup_text: "32",
    warmup: |_, _| DEFINED,
    degenerate: "flat prices: 0",
    formula: "i_t and q_t of HT_DCPERIOD",
    source: "Ehlers (2001), Rocket Science for Traders; TA-Lib 0.8.1, HT_PHASOR",
    compute: |work, _, output| waves(work, WAIT)[output].clone(),
    machine: |_| {
        let (mut cycle, mut from) = (recur::Cycle::new(WAIT), From::new(DEFINED));
        Machine::new(move |bar| {
            let wave = cycle.next(bar.close);
            from.pass(wave.map_or([f64::NAN; 2], |wave| [wave.in_phase, wave.quadrature]))
        })
    },
    ..HILBERT
};

/// Where there is no cycle at all.
const STANDSTILL: &str = "flat prices have no phase: the CPU gives the arctangent of rounding \
                          residues as TA-Lib does, GPUs the phase of an angle of 0; where the phase \
                          passes 315 it jumps by 360";

static HT_DCPHASE: Declaration = Declaration {
    name: "HT_DCPHASE",
    summary: "dominant cycle: where in it the bar is, in degrees",
    outputs: &[Output::only(Unit::Bounded)],
    warmup_text: "63",
    warmup: |_, _| PHASE_DEFINED,
    degenerate: STANDSTILL,
    formula: "n = whole part of period_t + 0.5, s and period of HT_DCPERIOD from 0 at bar 37\n\
              re = sum of sin(360 k / n) s_{t-k}, im = sum of cos(360 k / n) s_{t-k}, k < n\n\
              phase = atan(re / im) + 90 + 360 / period_t (+ 180 if im < 0), less 360 above 315",
    source: "Ehlers (2001), Rocket Science for Traders; TA-Lib 0.8.1, HT_DCPHASE",
    compute: |work, _, _| phases(work)[0].clone(),
    machine: |_| {
        let (mut phases, mut from) = (Phases::new(), From::new(PHASE_DEFINED));
        Machine::new(move |bar| {
            let phase = phases.next(bar.close);
            from.pass([phase.map_or(f64::NAN, |(_, phase)| phase)])
        })
    },
    ..HILBERT
};

static HT_SINE: Declaration = Declaration {
    name: "HT_SINE",
    summary: "dominant cycle: sine of the phase, and of 45 degrees more",
    outputs: &[
        Output::named("SINE", Unit::Bounded),
        Output::named("LEADSINE", Unit::Bounded),
    ],
    warmup_text: "63",
    warmup: |_, _| PHASE_DEFINED,
    degenerate: "flat prices: as HT_DCPHASE",
    formula: "sin(phase), sin(phase + 45); phase of HT_DCPHASE",
    source: "Ehlers (2001), Rocket Science for Traders; TA-Lib 0.8.1, HT_SINE",
    compute: |work, _, output| phases(work)[1 + output].clone(),
    machine: |_| {
        let (mut phases, mut from) = (Phases::new(), From::new(PHASE_DEFINED));
        Machine::new(move |bar| {
            let phase = phases.next(bar.close);
            from.pass(phase.map_or([f64::NAN; 2], |(_, phase)| recur::sines(phase)))
        })
    },
    ..HILBERT
};

static HT_TRENDLINE: Declaration = Declaration {
    name: "HT_TRENDLINE",
    summary: "mean over the dominant cycle, smoothed over four bars",
    family: Family::Average,
    outputs: &[Output::only(Unit::Price)],
    scaling: Scaling::WithPrice,
    warmup_text: "63",
    warmup: |_, _| PHASE_DEFINED,
    degenerate: "flat prices: the price",
    formula: "m_t = mean of close over n bars, n of HT_DCPHASE\n\
              (4 m_t + 3 m_{t-1} + 2 m_{t-2} + m_{t-3}) / 10",
    source: "Ehlers (2001), Rocket Science for Traders; TA-Lib 0.8.1, HT_TRENDLINE",
    compute: |work, _, _| work.close() + trend_gap(work),
    machine: |_| {
        let (mut cycle, mut from) = (recur::Cycle::new(PHASE_WAIT), From::new(PHASE_DEFINED));
        let mut trendline = Trendline::new();
        Machine::new(move |bar| {
            let wave = cycle.next(bar.close);
            from.pass([trendline.next(bar.close, wave.map(|wave| wave.period))])
        })
    },
    ..HILBERT
};

static HT_TRENDMODE: Declaration = Declaration {
    name: "HT_TRENDMODE",
    summary: "dominant cycle: 1 where prices trend, 0 where they cycle",
    outputs: &[Output::only(Unit::Flag)],
    warmup_text: "63",
    warmup: |_, _| PHASE_DEFINED,
    degenerate: "flat prices: as HT_DCPHASE; a comparison that rounding decides gives the other \
                 mode, in float32 on about one bar in a hundred thousand",
    formula: "0 where the sine crosses the lead sine (HT_SINE), for the next period / 2 bars, and \
              where the phase turns by 0.67 to 1.5 of 360 / period; else 1\n\
              1 all the same where |s_t / trendline_t - 1| >= 0.015",
    source: "Ehlers (2001), Rocket Science for Traders; TA-Lib 0.8.1, HT_TRENDMODE",
    compute: |work, _, _| mode(work),
    machine: |_| {
        let (mut phases, mut from) = (Phases::new(), From::new(PHASE_DEFINED));
        let (mut trendline, mut mode) = (Trendline::new(), Mode::new());
        Machine::new(move |bar| {
            let found = phases.next(bar.close);
            let level = trendline.next(bar.close, found.map(|(wave, _)| wave.period));
            let mode = found.map(|(wave, phase)| mode.next(&wave, phase, level));
            from.pass([mode.unwrap_or(f64::NAN)])
        })
    },
    ..HILBERT
};

/// In-phase component, quadrature, period and angle of the closes.
pub(super) fn waves(work: &mut Work<'_>, wait: usize) -> [Tensor<2>; 4] {
    work.shared_many("waves", &[wait], |work| {
        let waves = recur::cycle(work.close(), work.age(), 0, wait);
        [waves.in_phase, waves.quadrature, waves.period, waves.angle]
    })
}

/// Phase, sine and lead sine.
fn phases(work: &mut Work<'_>) -> [Tensor<2>; 3] {
    work.shared_many("phases", &[], |work| {
        let [_, _, period, _] = waves(work, PHASE_WAIT);
        recur::phase(work.close(), work.age(), period, 0, PHASE_WAIT)
    })
}

/// The trendline minus the close: of differences, so that the level costs nothing.
fn trend_gap(work: &mut Work<'_>) -> Tensor<2> {
    work.shared("trend_gap", &[], |work| {
        let [_, _, period, _] = waves(work, PHASE_WAIT);
        let (close, change) = (work.close(), work.close_change());
        let gap = trailing::gap_to_mean(close, period.add_scalar(0.5).floor());
        let mut sum = gap.clone().mul_scalar(0.4);
        let mut moved = change.zeros_like();
        for (bars, weight) in [(1, 0.3), (2, 0.2), (3, 0.1)] {
            moved = moved + lag(change.clone(), bars - 1);
            sum = sum + (lag(gap.clone(), bars) - moved.clone()).mul_scalar(weight);
        }
        sum
    })
}

fn mode(work: &mut Work<'_>) -> Tensor<2> {
    let [_, _, period, _] = waves(work, PHASE_WAIT);
    let [phase, sine, lead] = phases(work);
    let first = work.at(PHASE_WAIT);
    let before = |x: &Tensor<2>| lag(x.clone(), 1).mask_fill(first.clone(), 0.0);
    let above = sine.clone().greater(lead.clone());
    let below = sine.clone().lower(lead.clone());
    let (sine_before, lead_before) = (before(&sine), before(&lead));
    let was_above = sine_before.clone().greater(lead_before.clone());
    let was_below = sine_before.lower(lead_before);
    let crosses: Tensor<2, Bool> = above
        .bool_and(was_above.bool_not())
        .bool_or(below.bool_and(was_below.bool_not()));
    let restarts = crosses
        .clone()
        .bool_or(work.from(PHASE_WAIT + 1).bool_not());
    let one = phase.ones_like();
    let since = scan::linear_scan(one.clone().mask_fill(restarts, 0.0), one.clone());
    let turned = phase.clone() - before(&phase);
    let a_bar = period.clone().recip().mul_scalar(360.0);
    let turns = turned
        .clone()
        .greater(a_bar.clone().mul_scalar(0.67))
        .bool_and(turned.lower(a_bar.mul_scalar(1.5)));
    let cycles = crosses
        .bool_or(since.lower(period.mul_scalar(0.5)))
        .bool_or(turns);
    let change = work.close_change();
    // The smoothed price minus the close, and from there to the trendline.
    let smoothed = (change.clone().mul_scalar(0.6)
        + lag(change.clone(), 1).mul_scalar(0.3)
        + lag(change, 2).mul_scalar(0.1))
    .neg();
    let gap = trend_gap(work);
    let trendline = work.close() + gap.clone();
    let far = ((smoothed - gap) / trendline)
        .abs()
        .greater_equal_elem(0.015);
    one.mask_fill(cycles.bool_and(far.bool_not()), 0.0)
}

//! Money that flows in and out: volume weighted with where the price went.

use burn::tensor::Tensor;

use crate::market::Column;
use crate::ops::{rolling, scan};

use super::average::{bars_to_forget, seeded_memory, weight};
use super::declaration::{Declaration, Family, Memory, Output, Parameter, Scaling, TALIB, Unit};
use super::machine::parts::{Change, Smooth, Sum, divide as ratio};
use super::machine::{Bar, Machine};
use super::work::{Work, change, divide, lag};

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&AD, &ADOSC, &CMF, &EFI, &PVT];

const RANGE_AND_VOLUME: &[Column] = &[Column::High, Column::Low, Column::Close, Column::Volume];
const CLOSE_AND_VOLUME: &[Column] = &[Column::Close, Column::Volume];

static AD: Declaration = Declaration {
    name: "AD",
    summary: "accumulation/distribution line: volume by where the close lies in the bar's range, summed up",
    family: Family::Volume,
    inputs: RANGE_AND_VOLUME,
    outputs: &[Output::only(Unit::SignedVolume)],
    warmup_text: "0",
    warmup: |_, _| 0,
    memory_text: "unbounded",
    memory: |_, _| Memory::Unbounded,
    degenerate: "a bar without range adds nothing",
    formula: "f_t = volume_t ((close_t - low_t) - (high_t - close_t)) / (high_t - low_t)\n\
              ad_t = ad_{t-1} + f_t, from 0",
    source: "Chaikin; TA-Lib 0.8.1, AD",
    compute: |work, _, _| {
        let flow = money_flow(work);
        scan::linear_scan(work.keep(), flow)
    },
    flow: Some(money_flow),
    machine: |_| {
        let mut level = 0.0;
        Machine::new(move |bar| {
            level += bar_flow(bar);
            [level]
        })
    },
    ..TALIB
};

static ADOSC: Declaration = Declaration {
    name: "ADOSC",
    summary: "Chaikin's oscillator: a fast minus a slow average of the accumulation/distribution line",
    family: Family::Volume,
    inputs: RANGE_AND_VOLUME,
    parameters: &[
        Parameter::bars("fast", 2, 3),
        Parameter::bars("slow", 2, 10),
    ],
    outputs: &[Output::only(Unit::SignedVolume)],
    warmup_text: "the greater of fast and slow, minus 1",
    warmup: |p, _| p.bars(0).max(p.bars(1)) - 1,
    memory_text: "period + ln(1000) / -ln(1 - 2 / (period + 1)) of the longer period, about 4.5 of it",
    memory: |p, _| Memory::Infinite(seeded_memory(p.bars(0).max(p.bars(1)))),
    degenerate: "no range or no volume: towards 0; fast above slow changes the sign",
    formula: "EMA of AD over fast bars - EMA of AD over slow bars, both from the first bar's AD",
    source: "Chaikin; TA-Lib 0.8.1, ADOSC",
    compute: |work, p, _| behind(work, p.bars(1)) - behind(work, p.bars(0)),
    machine: |p| {
        let [fast, slow] = [0, 1].map(|place| 1.0 - weight(p.bars(place)));
        let warmup = p.bars(0).max(p.bars(1)) - 1;
        let (mut first, mut seen) = (true, 0);
        // How far the averages are behind the line, whose level counts for nothing.
        let (mut fast_behind, mut slow_behind) = (0.0, 0.0);
        Machine::new(move |bar| {
            let flow = if first { 0.0 } else { bar_flow(bar) };
            first = false;
            fast_behind = fast * fast_behind + fast * flow;
            slow_behind = slow * slow_behind + slow * flow;
            if seen < warmup {
                seen += 1;
                return [f64::NAN];
            }
            [slow_behind - fast_behind]
        })
    },
    ..TALIB
};

static CMF: Declaration = Declaration {
    name: "CMF",
    summary: "Chaikin's money flow: volume by where the close lies in the bar's range, over all volume",
    family: Family::Volume,
    inputs: RANGE_AND_VOLUME,
    parameters: &[Parameter::bars("period", 2, 20)],
    outputs: &[Output::only(Unit::Bounded)],
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    degenerate: "no range or no volume: 0",
    formula: "f_t = volume_t ((close_t - low_t) - (high_t - close_t)) / (high_t - low_t)\n\
              sum f / sum volume over the last period bars, -1 to 1",
    source: "Chaikin; TA-Lib 0.8.1, CMF",
    compute: |work, p, _| {
        let flow = rolling::sum(money_flow(work), p.bars(0));
        divide(
            flow,
            rolling::sum(work.column(Column::Volume), p.bars(0)),
            0.0,
        )
    },
    machine: |p| {
        let (mut flows, mut volumes) = (Sum::new(p.bars(0)), Sum::new(p.bars(0)));
        Machine::new(move |bar| {
            [ratio(
                flows.next(bar_flow(bar)),
                volumes.next(bar.volume),
                0.0,
            )]
        })
    },
    ..TALIB
};

static EFI: Declaration = Declaration {
    name: "EFI",
    summary: "Elder's force index: an exponential average of the close's change times volume",
    family: Family::Volume,
    inputs: CLOSE_AND_VOLUME,
    parameters: &[Parameter::bars("period", 1, 13)],
    outputs: &[Output::only(Unit::SignedVolume)],
    scaling: Scaling::WithPrice,
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1 + ln(1000) / -ln(1 - 2 / (period + 1)), about 4.5 period",
    memory: |p, _| Memory::Infinite(p.bars(0) + 1 + bars_to_forget(weight(p.bars(0)))),
    degenerate: "flat prices or no volume: towards 0",
    formula: "f_t = (close_t - close_{t-1}) volume_t\n\
              EMA of f over period bars, from the mean of the first period f",
    source: "Elder (1993); TA-Lib 0.8.1, EFI",
    compute: |work, p, _| {
        let force = work.close_change() * work.column(Column::Volume);
        work.smooth(force, p.bars(0), weight(p.bars(0)), p.bars(0))
    },
    machine: |p| {
        let (mut change, mut average) = (Change::new(), Smooth::exponential(p.bars(0)));
        Machine::new(move |bar| [average.next(change.next(bar.close) * bar.volume)])
    },
    ..TALIB
};

static PVT: Declaration = Declaration {
    name: "PVT",
    summary: "price volume trend: the close's relative change times volume, summed up",
    family: Family::Volume,
    inputs: CLOSE_AND_VOLUME,
    outputs: &[Output::only(Unit::SignedVolume)],
    warmup_text: "0",
    warmup: |_, _| 0,
    memory_text: "unbounded",
    memory: |_, _| Memory::Unbounded,
    degenerate: "the first bar, flat prices, no volume: adds nothing",
    formula: "pvt_t = pvt_{t-1} + volume_t (close_t - close_{t-1}) / close_{t-1}, from 0",
    source: "TA-Lib 0.8.1, PVT",
    compute: |work, _, _| {
        let flow = trend_flow(work).mask_fill(work.at(0), 0.0);
        scan::linear_scan(work.keep(), flow)
    },
    flow: Some(trend_flow),
    machine: |_| {
        let (mut before, mut level) = (f64::NAN, 0.0);
        Machine::new(move |bar| {
            let then = std::mem::replace(&mut before, bar.close);
            if !then.is_nan() {
                level += (bar.close - then) / then * bar.volume;
            }
            [level]
        })
    },
    ..TALIB
};

/// Volume by where the close lies in the bar's range.
#[inline]
fn bar_flow(bar: &Bar) -> f64 {
    let range = bar.high - bar.low;
    if range > 0.0 {
        (bar.close - bar.low - (bar.high - bar.close)) / range * bar.volume
    } else {
        0.0
    }
}

/// As [`bar_flow`], of all bars.
fn money_flow(work: &mut Work<'_>) -> Tensor<2> {
    work.shared("money_flow", &[], |work| {
        let (high, low, close) = (
            work.column(Column::High),
            work.column(Column::Low),
            work.close(),
        );
        let place = (close.clone() - low.clone()) - (high.clone() - close);
        divide(place, high - low, 0.0) * work.column(Column::Volume)
    })
}

/// How far an average of AD over `period` bars is behind AD.
///
/// ```text
/// d_t = (1 - weight) (d_{t-1} + f_t), from 0
/// ```
/// As precise as its own size asks for, whatever AD has come to.
fn behind(work: &mut Work<'_>, period: usize) -> Tensor<2> {
    work.shared("money_flow_behind", &[period], |work| {
        let keep = (1.0 - weight(period)) as f32;
        let flow = money_flow(work);
        let coefficient = flow.full_like(keep);
        work.recurrence(0, flow.zeros_like(), coefficient, flow.mul_scalar(keep))
    })
}

/// Volume times the close's relative change; garbage at a segment's first bar.
fn trend_flow(work: &mut Work<'_>) -> Tensor<2> {
    work.shared("trend_flow", &[], |work| {
        let change = change(work.close(), 1) / lag(work.close(), 1);
        change * work.column(Column::Volume)
    })
}

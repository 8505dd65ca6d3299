//! Volume alone, and signed by the price.

use burn::tensor::{Bool, Tensor};

use crate::market::Column;
use crate::ops::{rolling, scan};

use super::declaration::{Declaration, Family, Memory, Output, Parameter, Scaling, TALIB, Unit};
use super::machine::Machine;
use super::machine::parts::{Change, Mean, divide as ratio};
use super::reference::volume as oracle;
use super::work::{Work, change, divide, lag};

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&VOLUME, &OBV, &NVI, &PVI, &RVOL, &MARKETFI];

static VOLUME: Declaration = Declaration {
    name: "VOLUME",
    variant: "",
    summary: "traded volume",
    family: Family::Volume,
    inputs: &[Column::Volume],
    parameters: &[],
    rule: None,
    outputs: &[Output::only(Unit::Volume)],
    scaling: Scaling::Free,
    warmup_text: "0",
    warmup: |_, _| 0,
    memory_text: "1",
    memory: |_, _| Memory::Finite(1),
    degenerate: "no volume: 0",
    formula: "volume_t",
    source: "set base",
    compute: |work, _, _| work.column(Column::Volume),
    flow: None,
    machine: |_| Machine::new(|bar| [bar.volume]),
    oracle: Some(|s, _| vec![s.volume.clone()]),
};

static OBV: Declaration = Declaration {
    name: "OBV",
    variant: "",
    summary: "on-balance volume: volume added on rises of the close, subtracted on falls",
    family: Family::Volume,
    inputs: &[Column::Close, Column::Volume],
    parameters: &[],
    rule: None,
    outputs: &[Output::only(Unit::SignedVolume)],
    scaling: Scaling::Free,
    warmup_text: "0",
    warmup: |_, _| 0,
    memory_text: "unbounded",
    memory: |_, _| Memory::Unbounded,
    degenerate: "flat prices: the first bar's volume",
    formula: "obv_0 = volume_0; obv_t = obv_{t-1} + sign(close_t - close_{t-1}) volume_t",
    source: "Granville (1963); TA-Lib 0.8.1, OBV",
    compute: |work, _, _| {
        let flow = signed_volume(work);
        let flow = flow.mask_where(work.at(0), work.column(Column::Volume));
        scan::linear_scan(work.keep(), flow)
    },
    flow: Some(signed_volume),
    machine: |_| {
        let (mut change, mut level) = (Change::new(), 0.0);
        Machine::new(move |bar| {
            let change = change.next(bar.close);
            if change.is_nan() {
                level = bar.volume;
            } else if change > 0.0 {
                level += bar.volume;
            } else if change < 0.0 {
                level -= bar.volume;
            }
            [level]
        })
    },
    oracle: Some(|s, _| vec![oracle::obv(s)]),
};

/// Volume with the sign of the close's change; garbage at a segment's first bar.
fn signed_volume(work: &mut Work<'_>) -> Tensor<2> {
    let change = work.close_change();
    let sign = change.clone().greater_elem(0.0).float() - change.lower_elem(0.0).float();
    sign * work.column(Column::Volume)
}

/// What the two indices have in common.
const INDEX: Declaration = Declaration {
    family: Family::Volume,
    inputs: &[Column::Close, Column::Volume],
    outputs: &[Output::only(Unit::Ratio)],
    warmup_text: "0",
    warmup: |_, _| 0,
    memory_text: "unbounded",
    memory: |_, _| Memory::Unbounded,
    degenerate: "the first bar, flat prices, unchanged volume: unchanged, 1000 at first",
    ..TALIB
};

static NVI: Declaration = Declaration {
    name: "NVI",
    summary: "negative volume index: the close's changes on bars of falling volume, compounded",
    formula: "nvi_0 = 1000; nvi_t = nvi_{t-1} close_t / close_{t-1} where volume_t < volume_{t-1},\n\
              else nvi_{t-1}",
    source: "Dysart; TA-Lib 0.8.1, NVI",
    compute: |work, _, _| {
        let before = lag(work.column(Column::Volume), 1);
        let counts = work.column(Column::Volume).lower(before);
        compounded(work, counts)
    },
    machine: |_| index(|volume, before| volume < before),
    ..INDEX
};

static PVI: Declaration = Declaration {
    name: "PVI",
    summary: "positive volume index: the close's changes on bars of rising volume, compounded",
    formula: "pvi_0 = 1000; pvi_t = pvi_{t-1} close_t / close_{t-1} where volume_t > volume_{t-1},\n\
              else pvi_{t-1}",
    source: "Dysart; TA-Lib 0.8.1, PVI",
    compute: |work, _, _| {
        let before = lag(work.column(Column::Volume), 1);
        let counts = work.column(Column::Volume).greater(before);
        compounded(work, counts)
    },
    machine: |_| index(|volume, before| volume > before),
    ..INDEX
};

static RVOL: Declaration = Declaration {
    name: "RVOL",
    summary: "relative volume: the bar's volume over the mean of the bars before it",
    family: Family::Volume,
    inputs: &[Column::Volume],
    parameters: &[Parameter::bars("period", 1, 20)],
    outputs: &[Output::only(Unit::Ratio)],
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1",
    memory: |p, _| Memory::Finite(p.bars(0) + 1),
    degenerate: "no volume in the bars before: undefined (as a model input 0)",
    formula: "volume_t / mean of volume over the period bars before t",
    source: "TA-Lib 0.8.1, RVOL",
    compute: |work, p, _| {
        let mean = rolling::mean(work.column(Column::Volume), p.bars(0));
        divide(work.column(Column::Volume), lag(mean, 1), f32::NAN)
    },
    machine: |p| {
        let (mut mean, mut before) = (Mean::new(p.bars(0)), f64::NAN);
        Machine::new(move |bar| {
            let before = std::mem::replace(&mut before, mean.next(bar.volume));
            [ratio(bar.volume, before, f64::NAN)]
        })
    },
    ..TALIB
};

static MARKETFI: Declaration = Declaration {
    name: "MARKETFI",
    summary: "market facilitation index: the bar's range per traded volume",
    family: Family::Volume,
    inputs: &[Column::High, Column::Low, Column::Volume],
    outputs: &[Output::only(Unit::PriceDifference)],
    scaling: Scaling::WithPrice,
    warmup_text: "0",
    warmup: |_, _| 0,
    memory_text: "1",
    memory: |_, _| Memory::Finite(1),
    degenerate: "no volume: 0",
    formula: "(high_t - low_t) / volume_t",
    source: "Williams (1998); TA-Lib 0.8.1, MARKETFI",
    compute: |work, _, _| {
        let range = work.column(Column::High) - work.column(Column::Low);
        divide(range, work.column(Column::Volume), 0.0)
    },
    machine: |_| Machine::new(|bar| [ratio(bar.high - bar.low, bar.volume, 0.0)]),
    ..TALIB
};

/// The close's changes, compounded from 1000 on over the bars where `counts` holds for the volume and
/// the one before.
fn index(counts: impl Fn(f64, f64) -> bool + Send + Sync + 'static) -> Machine {
    let (mut close, mut volume) = (f64::NAN, f64::NAN);
    let mut index = 1_000.0;
    Machine::new(move |bar| {
        let close_before = std::mem::replace(&mut close, bar.close);
        if counts(bar.volume, std::mem::replace(&mut volume, bar.volume)) {
            index += (bar.close - close_before) / close_before * index;
        }
        [index]
    })
}

/// As [`index`]: the logarithms of what counts, summed up, so that a million roundings of a product
/// do not add up.
fn compounded(work: &mut Work<'_>, counts: Tensor<2, Bool>) -> Tensor<2> {
    let relative = change(work.close(), 1) / lag(work.close(), 1);
    let skipped = counts.bool_and(work.from(1)).bool_not();
    let growth = relative.log1p().mask_fill(skipped, 0.0);
    scan::linear_scan(work.keep(), growth)
        .exp()
        .mul_scalar(1_000.0)
}

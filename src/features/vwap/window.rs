//! Averages without an anchor: TA-Lib's from the first bar on, and over the last bars.

use super::super::declaration::{
    Declaration, Family, Memory, Output, Parameter, Scaling, TALIB, Unit,
};
use super::super::machine::Machine;
use super::super::machine::parts::{Sum, divide};
use super::super::reference::vwap as oracle;
use super::super::work::divide as ratio;
use super::{PLAIN, tensors};
use crate::market::Column;
use crate::ops::rolling;

pub(super) static VWAP: Declaration = Declaration {
    name: "VWAP",
    summary: "volume-weighted average price from the first bar on; AVWAP_SESSION starts afresh each session",
    family: Family::Vwap,
    inputs: PLAIN,
    outputs: &[Output::only(Unit::Price)],
    scaling: Scaling::WithPrice,
    warmup_text: "0",
    warmup: |_, _| 0,
    memory_text: "unbounded",
    memory: |_, _| Memory::Unbounded,
    degenerate: "no volume yet: 0, as TA-Lib (VWAP_CUM is undefined then)",
    formula: "sum v tp / sum v over all bars so far, tp = (high + low + close) / 3",
    source: "TA-Lib 0.8.1, VWAP",
    compute: |work, _, _| {
        let price = tensors::base(work, 0);
        let undefined = price.clone().is_nan();
        price.mask_fill(undefined, 0.0)
    },
    machine: |_| {
        let (mut volume, mut value) = (0.0, 0.0);
        Machine::new(move |bar| {
            volume += bar.volume;
            value += bar.typical_price() * bar.volume;
            [divide(value, volume, 0.0)]
        })
    },
    ..TALIB
};

pub(super) static ROLLING: Declaration = Declaration {
    name: "VWAP",
    variant: "rolling",
    summary: "volume-weighted average price of the last bars",
    family: Family::Vwap,
    inputs: PLAIN,
    parameters: &[Parameter::bars("period", 1, 50)],
    outputs: &[Output::only(Unit::Price)],
    scaling: Scaling::WithPrice,
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    degenerate: "no volume in the window: undefined (as a model input 0: at the close)",
    formula: "sum v tp / sum v over the last period bars, tp = (high + low + close) / 3",
    source: "set extended",
    compute: |work, p, _| {
        let volume = work.column(Column::Volume);
        let value = rolling::sum(work.typical_price() * volume.clone(), p.bars(0));
        ratio(value, rolling::sum(volume, p.bars(0)), f32::NAN)
    },
    machine: |p| {
        let (mut value, mut volume) = (Sum::new(p.bars(0)), Sum::new(p.bars(0)));
        Machine::new(move |bar| {
            let value = value.next(bar.typical_price() * bar.volume);
            [divide(value, volume.next(bar.volume), f64::NAN)]
        })
    },
    oracle: Some(|s, p| vec![oracle::last(s, p.bars(0))]),
    ..TALIB
};

//! Windows of prices in the order of their size.

use crate::market::Column;
use crate::ops::trailing::{self, Sorted};

use super::declaration::{
    Declaration, Family, Memory, Output, Parameter, Parameters, Scaling, TALIB, Unit,
};
use super::machine::Machine;
use super::machine::order::Preceding;

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&PERCENTILE, &PERCENTRANK];

static PERCENTILE: Declaration = Declaration {
    name: "PERCENTILE",
    summary: "percentile of the closes of a window, one of them",
    family: Family::Statistics,
    inputs: &[Column::Close],
    parameters: &[
        Parameter::bars("timeperiod", 2, 30),
        Parameter::factor("percentile", 50.0),
    ],
    outputs: &[Output::only(Unit::Price)],
    scaling: Scaling::WithPrice,
    warmup_text: "timeperiod - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "timeperiod",
    memory: |p, _| Memory::Finite(p.bars(0)),
    degenerate: "flat prices: the price; percentile 0: the least close",
    formula: "close number ceil(percentile timeperiod / 100), at least 1, of the last timeperiod closes in \
              rising order (nearest rank)",
    source: "TA-Lib 0.8.1, PERCENTILE",
    compute: |work, p, _| trailing::value_of_rank(work.close(), p.bars(0), rank(p)),
    machine: |p| {
        let (mut window, place) = (Sorted::new(p.bars(0)), rank(p) - 1);
        Machine::new(move |bar| {
            window.push(bar.close);
            [window.whole().map_or(f64::NAN, |sorted| sorted[place])]
        })
    },
    ..TALIB
};

static PERCENTRANK: Declaration = Declaration {
    name: "PERCENTRANK",
    summary: "share of the closes before that are below the close, in percent",
    family: Family::Statistics,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("timeperiod", 2, 100)],
    outputs: &[Output::only(Unit::Percent)],
    scaling: Scaling::Free,
    warmup_text: "timeperiod",
    warmup: |p, _| p.bars(0),
    memory_text: "timeperiod + 1",
    memory: |p, _| Memory::Finite(p.bars(0) + 1),
    degenerate: "flat prices: 0",
    formula: "100 (number of the timeperiod closes before that are < close_t) / timeperiod",
    source: "TA-Lib 0.8.1, PERCENTRANK",
    compute: |work, p, _| {
        let count = trailing::count_less(work.close(), p.bars(0));
        count.mul_scalar((100.0 / p.bars(0) as f64) as f32)
    },
    machine: |p| {
        let (mut before, period) = (Preceding::new(p.bars(0)), p.bars(0) as f64);
        Machine::new(move |bar| {
            let count = before.next(bar.close);
            [count.map_or(f64::NAN, |count| count / period * 100.0)]
        })
    },
    ..TALIB
};

/// The place of the percentile among the sorted closes, from 1.
#[expect(clippy::cast_sign_loss, reason = "percentiles are not negative")]
fn rank(p: &Parameters) -> usize {
    let period = p.bars(0);
    ((p.factor(1) * period as f64 / 100.0).ceil() as usize).clamp(1, period)
}

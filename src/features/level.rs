//! Distances to extremes.

use crate::market::Column;
use crate::ops::rolling;

use super::declaration::{Declaration, Family, Memory, Output, Parameter, Scaling, Unit};
use super::machine::Machine;
use super::machine::parts::{Maximum, Minimum};
use super::reference::level as oracle;

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&SUPPORT_RESISTANCE];

static SUPPORT_RESISTANCE: Declaration = Declaration {
    name: "SUPPORT_RESISTANCE",
    variant: "",
    summary: "signed distance of the close to the nearer of the window's high and low",
    family: Family::Level,
    inputs: &[Column::High, Column::Low, Column::Close],
    parameters: &[Parameter::bars("period", 1, 50)],
    rule: None,
    outputs: &[Output::only(Unit::Ratio)],
    scaling: Scaling::Free,
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    degenerate: "flat prices: 0; equal distances: the resistance's",
    formula: "u = highest high - close, d = close - lowest low, over the last period bars\n\
              u / close if u <= d, else -d / close",
    source: "core111",
    compute: |work, p, _| {
        let close = work.close();
        let up = rolling::max(work.column(Column::High), p.bars(0)) - close.clone();
        let down = close.clone() - rolling::min(work.column(Column::Low), p.bars(0));
        let resistance = up.clone().lower_equal(down.clone());
        down.neg().mask_where(resistance, up) / close
    },
    flow: None,
    machine: |p| {
        let (mut most, mut least) = (Maximum::new(p.bars(0)), Minimum::new(p.bars(0)));
        Machine::new(move |bar| {
            let up = most.next(bar.high) - bar.close;
            let down = bar.close - least.next(bar.low);
            [if up > down { -down } else { up } / bar.close]
        })
    },
    oracle: Some(|s, p| vec![oracle::support_resistance(s, p.bars(0))]),
};

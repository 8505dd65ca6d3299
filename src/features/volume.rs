//! Volume alone, and signed by the price.

use burn::tensor::Tensor;

use crate::market::Column;
use crate::ops::scan;

use super::declaration::{Declaration, Family, Memory, Output, Scaling, Unit};
use super::machine::Machine;
use super::machine::parts::Change;
use super::reference::volume as oracle;
use super::work::Work;

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&VOLUME, &OBV];

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
    machine: Some(|_| Machine::new(|bar| [bar.volume])),
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
    machine: Some(|_| {
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
    }),
    oracle: Some(|s, _| vec![oracle::obv(s)]),
};

/// Volume with the sign of the close's change; garbage at a segment's first bar.
fn signed_volume(work: &mut Work<'_>) -> Tensor<2> {
    let change = work.close_change();
    let sign = change.clone().greater_elem(0.0).float() - change.lower_elem(0.0).float();
    sign * work.column(Column::Volume)
}

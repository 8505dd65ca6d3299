//! One number for a bar's prices.
//!
//! On the device each is the low plus a share of exact distances from it: the sum of rounded prices
//! is rougher than its parts.

use burn::tensor::Tensor;

use crate::market::Column;

use super::declaration::{Declaration, Family, Memory, Output, Scaling, TALIB, Unit};
use super::machine::Machine;
use super::work::Work;

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&AVGPRICE, &MEDPRICE, &TYPPRICE, &WCLPRICE];

/// What the four have in common.
const OWN_BAR: Declaration = Declaration {
    family: Family::Price,
    outputs: &[Output::only(Unit::Price)],
    scaling: Scaling::WithPrice,
    warmup_text: "0",
    warmup: |_, _| 0,
    memory_text: "1",
    memory: |_, _| Memory::Finite(1),
    degenerate: "no range: the close",
    ..TALIB
};

static AVGPRICE: Declaration = Declaration {
    name: "AVGPRICE",
    summary: "mean of the bar's four prices",
    inputs: &[Column::Open, Column::High, Column::Low, Column::Close],
    formula: "(open_t + high_t + low_t + close_t) / 4",
    source: "TA-Lib 0.8.1, AVGPRICE",
    compute: |work, _, _| {
        let rest = above_low(work, Column::Open)
            + above_low(work, Column::High)
            + above_low(work, Column::Close);
        work.column(Column::Low) + rest.mul_scalar(0.25)
    },
    machine: |_| Machine::new(|bar| [(bar.high + bar.low + bar.close + bar.open) / 4.0]),
    ..OWN_BAR
};

static MEDPRICE: Declaration = Declaration {
    name: "MEDPRICE",
    summary: "middle of the bar's range",
    inputs: &[Column::High, Column::Low],
    degenerate: "no range: the low",
    formula: "(high_t + low_t) / 2",
    source: "TA-Lib 0.8.1, MEDPRICE",
    compute: |work, _, _| work.column(Column::Low) + above_low(work, Column::High).mul_scalar(0.5),
    machine: |_| Machine::new(|bar| [bar.median_price()]),
    ..OWN_BAR
};

static TYPPRICE: Declaration = Declaration {
    name: "TYPPRICE",
    summary: "typical price: mean of the bar's high, low and close",
    inputs: &[Column::High, Column::Low, Column::Close],
    formula: "(high_t + low_t + close_t) / 3",
    source: "TA-Lib 0.8.1, TYPPRICE",
    compute: |work, _, _| work.typical_price(),
    machine: |_| Machine::new(|bar| [bar.typical_price()]),
    ..OWN_BAR
};

static WCLPRICE: Declaration = Declaration {
    name: "WCLPRICE",
    summary: "mean of the bar's high, low and close, the close twice",
    inputs: &[Column::High, Column::Low, Column::Close],
    formula: "(high_t + low_t + 2 close_t) / 4",
    source: "TA-Lib 0.8.1, WCLPRICE",
    compute: |work, _, _| {
        let rest = above_low(work, Column::High) + above_low(work, Column::Close).mul_scalar(2.0);
        work.column(Column::Low) + rest.mul_scalar(0.25)
    },
    machine: |_| Machine::new(|bar| [(bar.high + bar.low + 2.0 * bar.close) / 4.0]),
    ..OWN_BAR
};

/// A price's distance from the bar's low.
fn above_low(work: &Work<'_>, column: Column) -> Tensor<2> {
    work.column(column) - work.column(Column::Low)
}

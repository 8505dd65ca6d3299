//! Ratios of one bar's prices, and returns.

use burn::tensor::Tensor;

use crate::market::Column;

use super::declaration::{Declaration, Family, Memory, Output, Parameter, Scaling, Unit};
use super::machine::Machine;
use super::machine::parts::Lag;
use super::reference::momentum as oracle;
use super::work::lag;

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&LOG_RETURN, &RANGE_RATIO, &BODY_RATIO];

static LOG_RETURN: Declaration = Declaration {
    name: "LOG_RETURN",
    variant: "",
    summary: "logarithm of the close over an earlier close",
    family: Family::Price,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 1, 1)],
    rule: None,
    outputs: &[Output::only(Unit::Ratio)],
    scaling: Scaling::Free,
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1",
    memory: |p, _| Memory::Finite(p.bars(0) + 1),
    degenerate: "flat prices: 0",
    formula: "ln(close_t / close_{t-period})",
    source: "set base",
    compute: |work, p, _| {
        let period = p.bars(0);
        work.shared("log_return", &[period], |work| {
            log_return(work.close(), period)
        })
    },
    flow: None,
    machine: |p| {
        let mut before = Lag::new(p.bars(0));
        Machine::new(move |bar| [(bar.close / before.next(bar.close)).ln()])
    },
    oracle: Some(|s, p| {
        vec![oracle::change(&s.close, p.bars(0), |now, then| {
            (now / then).ln()
        })]
    }),
};

static RANGE_RATIO: Declaration = Declaration {
    name: "RANGE_RATIO",
    variant: "",
    summary: "the bar's range over its close",
    family: Family::Price,
    inputs: &[Column::High, Column::Low, Column::Close],
    parameters: &[],
    rule: None,
    outputs: &[Output::only(Unit::Ratio)],
    scaling: Scaling::Free,
    warmup_text: "0",
    warmup: |_, _| 0,
    memory_text: "1",
    memory: |_, _| Memory::Finite(1),
    degenerate: "no range: 0",
    formula: "(high_t - low_t) / close_t",
    source: "set base",
    compute: |work, _, _| (work.column(Column::High) - work.column(Column::Low)) / work.close(),
    flow: None,
    machine: |_| Machine::new(|bar| [(bar.high - bar.low) / bar.close]),
    oracle: Some(|s, _| {
        vec![
            (0..s.len())
                .map(|t| (s.high[t] - s.low[t]) / s.close[t])
                .collect(),
        ]
    }),
};

static BODY_RATIO: Declaration = Declaration {
    name: "BODY_RATIO",
    variant: "",
    summary: "the bar's move from open to close over its close",
    family: Family::Price,
    inputs: &[Column::Open, Column::Close],
    parameters: &[],
    rule: None,
    outputs: &[Output::only(Unit::Ratio)],
    scaling: Scaling::Free,
    warmup_text: "0",
    warmup: |_, _| 0,
    memory_text: "1",
    memory: |_, _| Memory::Finite(1),
    degenerate: "no move: 0",
    formula: "(close_t - open_t) / close_t",
    source: "set base",
    compute: |work, _, _| (work.close() - work.column(Column::Open)) / work.close(),
    flow: None,
    machine: |_| Machine::new(|bar| [(bar.close - bar.open) / bar.close]),
    oracle: Some(|s, _| {
        vec![
            (0..s.len())
                .map(|t| (s.close[t] - s.open[t]) / s.close[t])
                .collect(),
        ]
    }),
};

/// `ln(x_t / x_{t - bars})` without the rounding of a ratio near 1.
pub(super) fn log_return(x: Tensor<2>, bars: usize) -> Tensor<2> {
    let before = lag(x.clone(), bars);
    ((x - before.clone()) / before).log1p()
}

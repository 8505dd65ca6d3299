//! The bar's time as points on circles, and whether the bar was filled in.

use std::f32::consts::TAU;

use burn::tensor::Tensor;

use crate::market::Column;

use super::declaration::{Declaration, Family, Memory, Oracle, Output, Parameters, Scaling, Unit};
use super::machine::Machine;
use super::work::Work;

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] =
    &[&TIME_SIN, &TIME_COS, &WEEKDAY_SIN, &WEEKDAY_COS, &FILLED];

/// The declaration of a column that needs nothing but its own bar.
#[expect(
    clippy::too_many_arguments,
    reason = "what five declarations differ in"
)]
const fn own_bar(
    name: &'static str,
    summary: &'static str,
    formula: &'static str,
    inputs: &'static [Column],
    unit: &'static [Output],
    compute: fn(&mut Work<'_>, &Parameters, usize) -> Tensor<2>,
    machine: fn(&Parameters) -> Machine,
    oracle: Oracle,
) -> Declaration {
    Declaration {
        name,
        variant: "",
        summary,
        family: Family::Clock,
        inputs,
        parameters: &[],
        rule: None,
        outputs: unit,
        scaling: Scaling::Free,
        warmup_text: "0",
        warmup: |_, _| 0,
        memory_text: "1",
        memory: |_, _| Memory::Finite(1),
        degenerate: "none",
        formula,
        source: "set base",
        compute,
        flow: None,
        machine,
        oracle: Some(oracle),
    }
}

const BOUNDED: &[Output] = &[Output::only(Unit::Bounded)];
const TIME: &[Column] = &[Column::TimeOfDay];
const WEEKDAY: &[Column] = &[Column::Weekday];
const DAYS: f32 = 7.0;
const TURN: f64 = std::f64::consts::TAU;

static TIME_SIN: Declaration = own_bar(
    "TIME_SIN",
    "sine of the time of day of the bar's open",
    "sin(2 pi time), time = share of the local day that has passed",
    TIME,
    BOUNDED,
    |work, _, _| work.column(Column::TimeOfDay).mul_scalar(TAU).sin(),
    |_| Machine::new(|bar| [(TURN * bar.time_of_day).sin()]),
    |s, _| vec![circle(&s.time_of_day, 1.0, f64::sin)],
);

static TIME_COS: Declaration = own_bar(
    "TIME_COS",
    "cosine of the time of day of the bar's open",
    "cos(2 pi time), time = share of the local day that has passed",
    TIME,
    BOUNDED,
    |work, _, _| work.column(Column::TimeOfDay).mul_scalar(TAU).cos(),
    |_| Machine::new(|bar| [(TURN * bar.time_of_day).cos()]),
    |s, _| vec![circle(&s.time_of_day, 1.0, f64::cos)],
);

static WEEKDAY_SIN: Declaration = own_bar(
    "WEEKDAY_SIN",
    "sine of the weekday of the bar's open",
    "sin(2 pi weekday / 7), Monday = 0",
    WEEKDAY,
    BOUNDED,
    |work, _, _| work.column(Column::Weekday).mul_scalar(TAU / DAYS).sin(),
    |_| Machine::new(|bar| [(TURN / 7.0 * bar.weekday).sin()]),
    |s, _| vec![circle(&s.weekday, 7.0, f64::sin)],
);

static WEEKDAY_COS: Declaration = own_bar(
    "WEEKDAY_COS",
    "cosine of the weekday of the bar's open",
    "cos(2 pi weekday / 7), Monday = 0",
    WEEKDAY,
    BOUNDED,
    |work, _, _| work.column(Column::Weekday).mul_scalar(TAU / DAYS).cos(),
    |_| Machine::new(|bar| [(TURN / 7.0 * bar.weekday).cos()]),
    |s, _| vec![circle(&s.weekday, 7.0, f64::cos)],
);

static FILLED: Declaration = own_bar(
    "FILLED",
    "whether the bar was missing and filled in",
    "1 if filled, else 0",
    &[Column::Filled],
    &[Output::only(Unit::Flag)],
    |work, _, _| work.column(Column::Filled),
    |_| Machine::new(|bar| [bar.filled]),
    |s, _| vec![s.filled.clone()],
);

fn circle(values: &[f64], whole: f64, wave: fn(f64) -> f64) -> Vec<f64> {
    values
        .iter()
        .map(|value| wave(std::f64::consts::TAU * value / whole))
        .collect()
}

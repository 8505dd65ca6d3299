//! Speed and direction of prices.

use burn::tensor::Tensor;

use crate::market::Column;
use crate::ops::rolling;

use super::average::bars_to_forget;
use super::declaration::{Declaration, Family, Memory, Output, Parameter, Scaling, Unit};
use super::machine::Machine;
use super::machine::parts::{Change, Lag, Mean, Smooth, divide as ratio};
use super::reference::momentum as oracle;
use super::work::{Work, divide, lag};

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&RSI, &RSI_CUTLER, &MOM, &ROC];

static RSI: Declaration = Declaration {
    name: "RSI",
    variant: "",
    summary: "Wilder's relative strength index of the close",
    family: Family::Momentum,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 2, 14)],
    rule: None,
    outputs: &[Output::only(Unit::Bounded)],
    scaling: Scaling::Free,
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1 + ln(1000) / -ln(1 - 1 / period), about 8 period",
    memory: |p, _| Memory::Infinite(p.bars(0) + 1 + bars_to_forget(1.0 / p.bars(0) as f64)),
    degenerate: "no movement yet: 0, as TA-Lib; flat after movement: the last value",
    formula: "g, l = Wilder averages of rises and falls of the close, from the means of the first period\n\
              rsi_t = 100 g_t / (g_t + l_t), 0 to 100",
    source: "Wilder (1978); TA-Lib 0.8.1, RSI",
    compute: |work, p, _| rsi(work, p.bars(0)),
    flow: None,
    machine: |p| {
        let mut change = Change::new();
        let (mut rises, mut falls) = (Smooth::wilder(p.bars(0)), Smooth::wilder(p.bars(0)));
        Machine::new(move |bar| {
            let change = change.next(bar.close);
            if change.is_nan() {
                return [f64::NAN];
            }
            let (rise, fall) = (rises.next(change.max(0.0)), falls.next((-change).max(0.0)));
            [ratio(100.0 * rise, rise + fall, 0.0)]
        })
    },
    oracle: Some(|s, p| vec![oracle::rsi(&s.close, p.bars(0))]),
};

static RSI_CUTLER: Declaration = Declaration {
    name: "RSI",
    variant: "cutler",
    summary: "relative strength index from simple means",
    family: Family::Momentum,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 1, 14)],
    rule: None,
    outputs: &[Output::only(Unit::Bounded)],
    scaling: Scaling::Free,
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1",
    memory: |p, _| Memory::Finite(p.bars(0) + 1),
    degenerate: "no movement in the window: 50",
    formula: "g, l = means of rises and falls of the close over the last period changes\n\
              rsi_t = 100 g_t / (g_t + l_t), 0 to 100",
    source: "Cutler; core111",
    compute: |work, p, _| rsi_cutler(work, p.bars(0)),
    flow: None,
    machine: |p| {
        let mut change = Change::new();
        let (mut rises, mut falls) = (Mean::new(p.bars(0)), Mean::new(p.bars(0)));
        Machine::new(move |bar| {
            let change = change.next(bar.close);
            if change.is_nan() {
                return [f64::NAN];
            }
            let (rise, fall) = (rises.next(change.max(0.0)), falls.next((-change).max(0.0)));
            [ratio(100.0 * rise, rise + fall, 50.0)]
        })
    },
    oracle: Some(|s, p| vec![oracle::rsi_cutler(&s.close, p.bars(0))]),
};

static MOM: Declaration = Declaration {
    name: "MOM",
    variant: "",
    summary: "change of the close",
    family: Family::Momentum,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 1, 10)],
    rule: None,
    outputs: &[Output::only(Unit::PriceDifference)],
    scaling: Scaling::WithPrice,
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1",
    memory: |p, _| Memory::Finite(p.bars(0) + 1),
    degenerate: "flat prices: 0",
    formula: "close_t - close_{t-period}",
    source: "TA-Lib 0.8.1, MOM",
    compute: |work, p, _| work.close() - lag(work.close(), p.bars(0)),
    flow: None,
    machine: |p| {
        let mut before = Lag::new(p.bars(0));
        Machine::new(move |bar| [bar.close - before.next(bar.close)])
    },
    oracle: Some(|s, p| vec![oracle::change(&s.close, p.bars(0), |now, then| now - then)]),
};

static ROC: Declaration = Declaration {
    name: "ROC",
    variant: "",
    summary: "change of the close in percent",
    family: Family::Momentum,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 1, 10)],
    rule: None,
    outputs: &[Output::only(Unit::Percent)],
    scaling: Scaling::Free,
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1",
    memory: |p, _| Memory::Finite(p.bars(0) + 1),
    degenerate: "flat prices: 0",
    formula: "100 (close_t / close_{t-period} - 1)",
    source: "TA-Lib 0.8.1, ROC",
    compute: |work, p, _| {
        let before = lag(work.close(), p.bars(0));
        ((work.close() - before.clone()) / before).mul_scalar(100.0)
    },
    flow: None,
    machine: |p| {
        let mut before = Lag::new(p.bars(0));
        Machine::new(move |bar| [100.0 * (bar.close / before.next(bar.close) - 1.0)])
    },
    oracle: Some(|s, p| {
        vec![oracle::change(&s.close, p.bars(0), |now, then| {
            100.0 * (now / then - 1.0)
        })]
    }),
};

/// Wilder's index as a recurrence of its own: the share of rises moves towards the newest bar's
/// direction by that bar's share of all movement. Long after the last movement g and l are below
/// float32's least number, their ratio is not.
fn rsi(work: &mut Work<'_>, period: usize) -> Tensor<2> {
    let change = work.close_change();
    let movement = change.clone().abs();
    let weight = 1.0 / period as f64;
    let newest = 1.0 - (1.0 - weight) as f32;
    let total = work.smooth(movement.clone(), period, weight, period);
    let still = movement.clone().equal_elem(0.0);
    let share = divide(movement.clone().mul_scalar(newest), total, 0.0)
        .mask_fill(still, 0.0)
        .clamp_max(1.0);
    let seed = divide(
        rolling::mean(change.clone().clamp_min(0.0), period),
        rolling::mean(movement, period),
        0.0,
    );
    let coefficient = share.clone().neg().add_scalar(1.0);
    let term = share * change.greater_elem(0.0).float();
    work.recurrence(period, seed, coefficient, term)
        .mul_scalar(100.0)
}

fn rsi_cutler(work: &mut Work<'_>, period: usize) -> Tensor<2> {
    let change = work.close_change();
    let rises = rolling::mean(change.clone().clamp_min(0.0), period);
    let movement = rolling::mean(change.abs(), period);
    divide(rises.mul_scalar(100.0), movement, 50.0)
}

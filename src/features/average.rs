//! Moving averages.

use burn::tensor::Tensor;

use crate::market::Column;
use crate::ops::{rolling, scan};

use super::declaration::{Declaration, Family, Memory, Output, Parameter, Scaling, Unit};
use super::machine::Machine;
use super::machine::parts::{Adjusted, Mean, Smooth};
use super::reference::average as oracle;
use super::work::{Work, change};

/// Weight of the seed after which an infinite memory counts as over.
const FORGOTTEN: f64 = 1e-3;

/// Bars until the seed of `y += weight (x - y)` weighs less than 1e-3.
pub(super) fn bars_to_forget(weight: f64) -> usize {
    if weight >= 1.0 {
        return 1;
    }
    #[expect(clippy::cast_sign_loss, reason = "both logarithms are negative")]
    let bars = (FORGOTTEN.ln() / (1.0 - weight).ln()).ceil() as usize;
    bars
}

/// Weight of the newest bar in an EMA over `period` bars.
pub(super) fn weight(period: usize) -> f64 {
    2.0 / (period as f64 + 1.0)
}

/// Bars that an EMA seeded with a mean of `period` bars depends on.
pub(super) fn seeded_memory(period: usize) -> usize {
    period + bars_to_forget(weight(period))
}

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&SMA, &EMA, &EMA_ADJUSTED, &EMA_DISTANCE];

static SMA: Declaration = Declaration {
    name: "SMA",
    variant: "",
    summary: "simple moving average of the close",
    family: Family::Average,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 1, 30)],
    rule: None,
    outputs: &[Output::only(Unit::Price)],
    scaling: Scaling::WithPrice,
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    degenerate: "period 1: the close",
    formula: "sma_t = mean of close over the last period bars",
    source: "TA-Lib 0.8.1, SMA",
    compute: |work, p, _| sma(work, p.bars(0)),
    flow: None,
    machine: |p| {
        let mut mean = Mean::new(p.bars(0));
        Machine::new(move |bar| [mean.next(bar.close)])
    },
    oracle: Some(|s, p| vec![oracle::sma(&s.close, p.bars(0))]),
};

static EMA: Declaration = Declaration {
    name: "EMA",
    variant: "",
    summary: "exponential moving average of the close, seeded with a simple mean",
    family: Family::Average,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 1, 30)],
    rule: None,
    outputs: &[Output::only(Unit::Price)],
    scaling: Scaling::WithPrice,
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period + ln(1000) / -ln(1 - 2 / (period + 1)), about 4.5 period",
    memory: |p, _| Memory::Infinite(seeded_memory(p.bars(0))),
    degenerate: "period 1: the close",
    formula: "ema_{period-1} = mean of close over the first period bars\n\
              ema_t = ema_{t-1} + 2 / (period + 1) (close_t - ema_{t-1})",
    source: "TA-Lib 0.8.1, EMA",
    compute: |work, p, _| work.close() - ema_deviation(work, p.bars(0), p.bars(0) - 1),
    flow: None,
    machine: |p| {
        let mut average = Smooth::exponential(p.bars(0));
        Machine::new(move |bar| [average.next(bar.close)])
    },
    oracle: Some(|s, p| vec![oracle::ema(&s.close, p.bars(0), p.bars(0) - 1)]),
};

static EMA_ADJUSTED: Declaration = Declaration {
    name: "EMA",
    variant: "adjusted",
    summary: "exponential moving average of the close, weights normalised from the first bar",
    family: Family::Average,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 1, 20)],
    rule: None,
    outputs: &[Output::only(Unit::Price)],
    scaling: Scaling::WithPrice,
    warmup_text: "0",
    warmup: |_, _| 0,
    memory_text: "ln(1000) / -ln(1 - 2 / (period + 1)), about 3.5 period",
    memory: |p, _| Memory::Infinite(bars_to_forget(weight(p.bars(0)))),
    degenerate: "the first bar and period 1: the close",
    formula: "a = 2 / (period + 1)\n\
              ema_t = sum (1-a)^i close_{t-i} / sum (1-a)^i    over i in 0..=t",
    source: "pandas 3.0, ewm(span=period, adjust=True).mean(); core111",
    compute: |work, p, _| work.close() - adjusted_deviation(work, p.bars(0)),
    flow: None,
    machine: |p| {
        let mut average = Adjusted::new(p.bars(0));
        Machine::new(move |bar| [average.next(bar.close)])
    },
    oracle: Some(|s, p| vec![oracle::ema_adjusted(&s.close, p.bars(0))]),
};

static EMA_DISTANCE: Declaration = Declaration {
    name: "EMA_DISTANCE",
    variant: "",
    summary: "close over its exponential moving average, minus 1",
    family: Family::Average,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 1, 48)],
    rule: None,
    outputs: &[Output::only(Unit::Ratio)],
    scaling: Scaling::Free,
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "as EMA",
    memory: |p, _| Memory::Infinite(seeded_memory(p.bars(0))),
    degenerate: "flat prices and period 1: 0",
    formula: "close_t / EMA_t - 1",
    source: "set base; EMA as TA-Lib 0.8.1",
    compute: |work, p, _| {
        let deviation = ema_deviation(work, p.bars(0), p.bars(0) - 1);
        deviation.clone() / (work.close() - deviation)
    },
    flow: None,
    machine: |p| {
        let mut average = Smooth::exponential(p.bars(0));
        Machine::new(move |bar| [bar.close / average.next(bar.close) - 1.0])
    },
    oracle: Some(|s, p| {
        let ema = oracle::ema(&s.close, p.bars(0), p.bars(0) - 1);
        vec![
            s.close
                .iter()
                .zip(&ema)
                .map(|(close, ema)| close / ema - 1.0)
                .collect(),
        ]
    }),
};

/// The mean of the last `period` closes.
pub(super) fn sma(work: &mut Work<'_>, period: usize) -> Tensor<2> {
    work.shared("sma", &[period], |work| rolling::mean(work.close(), period))
}

/// The close minus its EMA over `period` bars that starts at `Age == start`.
pub(super) fn ema_deviation(work: &mut Work<'_>, period: usize, start: usize) -> Tensor<2> {
    work.shared("ema_deviation", &[period, start], |work| {
        work.deviation(work.close(), period, weight(period), start)
    })
}

/// The close minus its adjusted EMA over `period` bars.
///
/// With `u_t = 1 - (1-a)^t` the newest bar weighs `a / u_{t+1}`, and `u_{t+1} = a + (1-a) u_t`:
///
/// ```text
/// d_t = (1-a) u_t / u_{t+1} * (d_{t-1} + x_t - x_{t-1})
/// ```
pub(super) fn adjusted_deviation(work: &mut Work<'_>, period: usize) -> Tensor<2> {
    work.shared("adjusted_deviation", &[period], |work| {
        let a = weight(period);
        if a >= 1.0 {
            return work.close() - work.close();
        }
        // u_t = 1 - e^{-2y} = 2 tanh(y) / (1 + tanh(y)), without cancellation for small y.
        let half_rate = (-0.5 * (1.0 - a).ln()) as f32;
        let tanh = work.age().clamp_min(0.0).mul_scalar(half_rate).tanh();
        let u = tanh.clone().mul_scalar(2.0) / tanh.add_scalar(1.0);
        let scaled = u.mul_scalar((1.0 - a) as f32);
        let coefficient = scaled.clone() / scaled.add_scalar(a as f32);
        let term = coefficient.clone() * change(work.close(), 1);
        let zero = coefficient.zeros_like();
        let later = work.from(1);
        scan::linear_scan(
            zero.clone().mask_where(later.clone(), coefficient),
            zero.mask_where(later, term),
        )
    })
}

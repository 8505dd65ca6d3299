//! The straight line through the last closes by least squares.
//!
//! On the device from the changes between the closes, which are exact where their levels are not.
//! With their linear and triangular means `L` and `T` (weights 1, 2, 3, .. and 1, 3, 6, .. over the
//! `n - 1` changes, newest most), close - SMA = (n - 1) / 2 L and close - WMA = (n - 1) / 3 T, hence
//!
//! ```text
//! slope     = 6 (WMA - SMA) / (n - 1) = 3 L - 2 T
//! end       = close - (n - 1) (T - L)
//! intercept = close - (n - 1) (2 L - T)
//! ```

use burn::tensor::Tensor;

use crate::market::Column;
use crate::ops::rolling;

use super::declaration::{Declaration, Family, Memory, Output, Parameter, Scaling, TALIB, Unit};
use super::machine::Machine;
use super::machine::parts::LineSums;
use super::work::{Work, lag};

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[
    &LINEARREG,
    &LINEARREG_INTERCEPT,
    &LINEARREG_SLOPE,
    &LINEARREG_ANGLE,
    &TSF,
];

/// What the five have in common.
const LINE: Declaration = Declaration {
    family: Family::Statistics,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 2, 14)],
    outputs: &[Output::only(Unit::Price)],
    scaling: Scaling::WithPrice,
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    degenerate: "flat prices: the close",
    ..TALIB
};

static LINEARREG: Declaration = Declaration {
    name: "LINEARREG",
    summary: "the least-squares line through the last closes, at the bar itself",
    formula: "close ~ a + b x over the last period bars, x = 0 .. period - 1\n\
              a + b (period - 1)",
    source: "TA-Lib 0.8.1, LINEARREG",
    compute: |work, p, _| {
        let [linear, triangular] = means(work, p.bars(0));
        work.close() - (triangular - linear).mul_scalar((p.bars(0) - 1) as f32)
    },
    machine: |p| {
        let bars = p.bars(0) as f64 - 1.0;
        fitted(p.bars(0), move |middle, slope| middle + 0.5 * bars * slope)
    },
    ..LINE
};

static LINEARREG_INTERCEPT: Declaration = Declaration {
    name: "LINEARREG_INTERCEPT",
    summary: "the least-squares line through the last closes, at the window's first bar",
    formula: "close ~ a + b x over the last period bars, x = 0 .. period - 1\n\
              a",
    source: "TA-Lib 0.8.1, LINEARREG_INTERCEPT",
    compute: |work, p, _| {
        let [linear, triangular] = means(work, p.bars(0));
        let below = linear.mul_scalar(2.0) - triangular;
        work.close() - below.mul_scalar((p.bars(0) - 1) as f32)
    },
    machine: |p| {
        let bars = p.bars(0) as f64 - 1.0;
        fitted(p.bars(0), move |middle, slope| middle - 0.5 * bars * slope)
    },
    ..LINE
};

static LINEARREG_SLOPE: Declaration = Declaration {
    name: "LINEARREG_SLOPE",
    summary: "the rise per bar of the least-squares line through the last closes",
    outputs: &[Output::only(Unit::PriceDifference)],
    degenerate: "flat prices: 0",
    formula: "close ~ a + b x over the last period bars, x = 0 .. period - 1\n\
              b",
    source: "TA-Lib 0.8.1, LINEARREG_SLOPE",
    compute: |work, p, _| slope(work, p.bars(0)),
    machine: |p| fitted(p.bars(0), |_, slope| slope),
    ..LINE
};

static LINEARREG_ANGLE: Declaration = Declaration {
    name: "LINEARREG_ANGLE",
    summary: "the angle of the least-squares line through the last closes, one price unit per bar being 45",
    outputs: &[Output::only(Unit::Bounded)],
    scaling: Scaling::Nonlinear,
    degenerate: "flat prices: 0; the currency decides what is steep, LINEARREG_SLOPE does not mind",
    formula: "close ~ a + b x over the last period bars, x = 0 .. period - 1\n\
              180 / pi arctan(b), -90 to 90",
    source: "TA-Lib 0.8.1, LINEARREG_ANGLE",
    compute: |work, p, _| slope(work, p.bars(0)).atan().mul_scalar(DEGREES as f32),
    machine: |p| fitted(p.bars(0), |_, slope| slope.atan() * DEGREES),
    ..LINE
};

static TSF: Declaration = Declaration {
    name: "TSF",
    summary: "time series forecast: the least-squares line through the last closes, one bar ahead",
    formula: "close ~ a + b x over the last period bars, x = 0 .. period - 1\n\
              a + b period",
    source: "TA-Lib 0.8.1, TSF",
    compute: |work, p, _| {
        let [linear, triangular] = means(work, p.bars(0));
        let below = (triangular - linear).mul_scalar((p.bars(0) - 1) as f32);
        work.close() - (below - slope(work, p.bars(0)))
    },
    machine: |p| {
        let bars = p.bars(0) as f64 + 1.0;
        fitted(p.bars(0), move |middle, slope| middle + 0.5 * bars * slope)
    },
    ..LINE
};

/// Degrees of a radian.
const DEGREES: f64 = 180.0 / std::f64::consts::PI;

/// The line by its height in the window's middle and its rise per bar.
fn fitted(period: usize, value: impl Fn(f64, f64) -> f64 + Send + Sync + 'static) -> Machine {
    let num = period as f64;
    let (mean_place, squares) = (0.5 * (num + 1.0), num * (num * num - 1.0) / 12.0);
    let (inverse_num, inverse_squares) = (1.0 / num, 1.0 / squares);
    let mut sums = LineSums::new(period);
    Machine::new(move |bar| {
        [sums.next(bar.close).map_or(f64::NAN, |line| {
            let slope = (line.weighted - mean_place * line.sum) * inverse_squares;
            value(line.sum * inverse_num, slope)
        })]
    })
    .rejoining_every(period)
}

/// Linear and triangular mean of the changes within the window.
fn means(work: &mut Work<'_>, period: usize) -> [Tensor<2>; 2] {
    work.shared_many("line_means", &[period], |work| {
        let change = work.close_change();
        let linear = rolling::weighted_mean(change.clone(), period - 1);
        [linear, triangular_mean(change, period - 1)]
    })
}

fn slope(work: &mut Work<'_>, period: usize) -> Tensor<2> {
    let [linear, triangular] = means(work, period);
    linear.mul_scalar(3.0) - triangular.mul_scalar(2.0)
}

/// Sums of a stretch of bars with weights 1, `i` and `i (i + 1) / 2` for the `i`-th from 1 on.
#[derive(Clone)]
struct Stretch {
    bars: usize,
    plain: Tensor<2>,
    linear: Tensor<2>,
    triangular: Tensor<2>,
}

impl Stretch {
    /// The stretch that ends `self.bars` bars before, followed by this one.
    fn after(self, older: &Self) -> Self {
        let (shift, bars) = (self.bars, older.bars as f32);
        let older_part = |x: &Tensor<2>| lag(x.clone(), shift);
        let triangular = self.triangular
            + self.linear.clone().mul_scalar(bars)
            + self.plain.clone().mul_scalar(0.5 * bars * (bars + 1.0));
        Self {
            bars: self.bars + older.bars,
            triangular: older_part(&older.triangular) + triangular,
            linear: older_part(&older.linear) + self.linear + self.plain.clone().mul_scalar(bars),
            plain: older_part(&older.plain) + self.plain,
        }
    }
}

/// The mean of the last `period` values with weights 1, 3, 6, 10, ..., newest most; stretches double
/// until they make up the period.
pub(super) fn triangular_mean(x: Tensor<2>, period: usize) -> Tensor<2> {
    let mut stretch = Stretch {
        bars: 1,
        plain: x.clone(),
        linear: x.clone(),
        triangular: x,
    };
    let mut whole: Option<Stretch> = None;
    let mut rest = period;
    while rest > 0 {
        if rest % 2 == 1 {
            whole = Some(match whole {
                Some(newer) => newer.after(&stretch),
                None => stretch.clone(),
            });
        }
        rest /= 2;
        if rest > 0 {
            stretch = stretch.clone().after(&stretch);
        }
    }
    let whole = whole.expect("a period of at least 1");
    let bars = period as f64;
    whole
        .triangular
        .div_scalar((bars * (bars + 1.0) * (bars + 2.0) / 6.0) as f32)
}

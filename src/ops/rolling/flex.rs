//! The CPU path: float64 partial results, rows and stretches of bars over threads.

use burn::backend::TensorMetadata;
use burn::tensor::DType;
use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::Statistic;

/// Bars of a task, roughly; a task begins at a multiple of the period, so that the split does not
/// change a result.
const TASK: usize = 16_384;

pub(in crate::ops) fn rolling(x: &FlexTensor, statistic: Statistic, period: usize) -> FlexTensor {
    let count = period as f64;
    match statistic {
        Statistic::Sum => windows(x, period, |window: Sum| window.0),
        Statistic::Mean => windows(x, period, |window: Sum| window.0 / count),
        Statistic::Max => windows(x, period, |window: Greatest| window.0),
        Statistic::Min => windows(x, period, |window: Least| window.0),
        Statistic::Variance { ddof } => {
            let divisor = if ddof < period {
                (period - ddof) as f64
            } else {
                f64::NAN
            };
            windows(x, period, |window: Deviations| {
                let squares = window.squares - window.sum * window.sum / count;
                // Rounding may leave less than 0; `max` would also swallow a NaN.
                if squares < 0.0 {
                    0.0
                } else {
                    squares / divisor
                }
            })
        }
        Statistic::WeightedMean => {
            let weights = count * (count + 1.0) / 2.0;
            windows(x, period, |window: Weighted| window.total / weights)
        }
    }
}

/// A stretch of bars, reduced.
trait Stretch: Copy + Send + Sync {
    /// No bars. `reference` is a bar of every window that this is merged into.
    fn empty(reference: f64) -> Self;
    /// With a bar before its first.
    fn with_older(self, x: f64) -> Self;
    /// With a bar after its last.
    fn with_newer(self, x: f64) -> Self;
    /// Followed by `newer`.
    fn then(self, newer: Self) -> Self;
}

fn windows<S: Stretch>(
    x: &FlexTensor,
    period: usize,
    value: impl Fn(S) -> f64 + Sync,
) -> FlexTensor {
    let x = x.to_contiguous();
    let bars = x.shape()[1];
    let mut y = FlexTensor::empty(x.shape(), DType::F32);
    let Some(x) = x.as_slice::<f32>() else {
        unreachable!("the tensor was made contiguous, and the caller checked that it is f32")
    };
    let task = period
        .saturating_mul((TASK / period).max(1))
        .min(bars.next_multiple_of(period));
    y.storage_mut::<f32>()
        .par_chunks_mut(bars)
        .zip(x.par_chunks(bars))
        .for_each(|(y, x)| {
            y.par_chunks_mut(task).enumerate().for_each_init(
                || Vec::with_capacity(period.min(bars)),
                |older, (index, y)| {
                    for (block, y) in y.chunks_mut(period).enumerate() {
                        of_block(x, index * task + block * period, period, y, older, &value);
                    }
                },
            );
        });
    y
}

/// The windows that end in `start..start + y.len()`: each is a suffix of the `period` bars before
/// `start`, then a prefix of those from it.
fn of_block<S: Stretch>(
    x: &[f32],
    start: usize,
    period: usize,
    y: &mut [f32],
    older: &mut Vec<S>,
    value: &impl Fn(S) -> f64,
) {
    let reference = f64::from(x[start]);
    older.clear();
    if start > 0 {
        // older[j]: the last j bars before `start`.
        let mut suffix = S::empty(reference);
        older.push(suffix);
        for &x in x[start + 1 - period..start].iter().rev() {
            suffix = suffix.with_older(f64::from(x));
            older.push(suffix);
        }
    }
    let mut prefix = S::empty(reference);
    for (i, y) in y.iter_mut().enumerate() {
        prefix = prefix.with_newer(f64::from(x[start + i]));
        *y = if start > 0 {
            value(older[period - 1 - i].then(prefix)) as f32
        } else if i + 1 == period {
            value(prefix) as f32
        } else {
            f32::NAN
        };
    }
}

#[derive(Clone, Copy)]
struct Sum(f64);

impl Stretch for Sum {
    fn empty(_: f64) -> Self {
        Self(0.0)
    }
    fn with_older(self, x: f64) -> Self {
        Self(self.0 + x)
    }
    fn with_newer(self, x: f64) -> Self {
        Self(self.0 + x)
    }
    fn then(self, newer: Self) -> Self {
        Self(self.0 + newer.0)
    }
}

/// The greater value, a NaN if there is one.
fn greater(a: f64, b: f64) -> f64 {
    if a > b || a.is_nan() { a } else { b }
}

#[derive(Clone, Copy)]
struct Greatest(f64);

impl Stretch for Greatest {
    fn empty(_: f64) -> Self {
        Self(f64::NEG_INFINITY)
    }
    fn with_older(self, x: f64) -> Self {
        Self(greater(self.0, x))
    }
    fn with_newer(self, x: f64) -> Self {
        Self(greater(self.0, x))
    }
    fn then(self, newer: Self) -> Self {
        Self(greater(self.0, newer.0))
    }
}

#[derive(Clone, Copy)]
struct Least(f64);

impl Stretch for Least {
    fn empty(_: f64) -> Self {
        Self(f64::INFINITY)
    }
    fn with_older(self, x: f64) -> Self {
        Self(-greater(-self.0, -x))
    }
    fn with_newer(self, x: f64) -> Self {
        Self(-greater(-self.0, -x))
    }
    fn then(self, newer: Self) -> Self {
        Self(-greater(-self.0, -newer.0))
    }
}

/// Deviations from a bar of the window. Their mean square exceeds the variance at most
/// period-fold, which float64 has room for.
#[derive(Clone, Copy)]
struct Deviations {
    reference: f64,
    sum: f64,
    squares: f64,
}

impl Stretch for Deviations {
    fn empty(reference: f64) -> Self {
        Self {
            reference,
            sum: 0.0,
            squares: 0.0,
        }
    }
    fn with_older(self, x: f64) -> Self {
        self.with_newer(x)
    }
    fn with_newer(self, x: f64) -> Self {
        let deviation = x - self.reference;
        Self {
            sum: self.sum + deviation,
            squares: self.squares + deviation * deviation,
            ..self
        }
    }
    fn then(self, newer: Self) -> Self {
        Self {
            sum: self.sum + newer.sum,
            squares: self.squares + newer.squares,
            ..newer
        }
    }
}

/// Bar i of the stretch weighs i, from 1.
#[derive(Clone, Copy)]
struct Weighted {
    count: f64,
    sum: f64,
    total: f64,
}

impl Stretch for Weighted {
    fn empty(_: f64) -> Self {
        Self {
            count: 0.0,
            sum: 0.0,
            total: 0.0,
        }
    }
    fn with_older(self, x: f64) -> Self {
        let sum = self.sum + x;
        Self {
            count: self.count + 1.0,
            sum,
            total: self.total + sum,
        }
    }
    fn with_newer(self, x: f64) -> Self {
        let count = self.count + 1.0;
        Self {
            count,
            sum: self.sum + x,
            total: self.total + count * x,
        }
    }
    fn then(self, newer: Self) -> Self {
        Self {
            count: self.count + newer.count,
            sum: self.sum + newer.sum,
            total: self.total + newer.total + self.count * newer.sum,
        }
    }
}

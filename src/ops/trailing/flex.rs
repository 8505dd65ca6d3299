//! The CPU paths: float64 sums and a sorted window, rows over threads.

use burn::backend::TensorMetadata;
use burn::tensor::DType;
use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::sorted::Sorted;

#[expect(clippy::cast_sign_loss, reason = "a negative period is NaN's like")]
pub(in crate::ops) fn gap_to_mean(x: &FlexTensor, periods: &FlexTensor) -> FlexTensor {
    let periods = periods.to_contiguous();
    let Some(all) = periods.as_slice::<f32>() else {
        unreachable!("the tensor was made contiguous, and the caller checked that it is f32")
    };
    by_rows(x, |row, x, y| {
        let periods = &all[row * x.len()..][..x.len()];
        for t in 0..x.len() {
            let period = periods[t] as usize;
            y[t] = f32::NAN;
            if (1..=t + 1).contains(&period) {
                let newest = f64::from(x[t]);
                let gaps = x[t + 1 - period..=t].iter().map(|&x| f64::from(x) - newest);
                y[t] = (gaps.sum::<f64>() / period as f64) as f32;
            }
        }
    })
}

pub(in crate::ops) fn count_less(x: &FlexTensor, period: usize) -> FlexTensor {
    by_rows(x, |_, x, y| {
        let mut window = Sorted::new(period);
        let mut holes = 0;
        for t in 0..x.len() {
            let value = f64::from(x[t]);
            holes += usize::from(value.is_nan());
            holes -= usize::from(t > period && x[t - period - 1].is_nan());
            let defined = holes == 0 && window.whole().is_some();
            y[t] = if defined {
                window.less_than(value) as f32
            } else {
                f32::NAN
            };
            window.push(or_least(value));
        }
    })
}

pub(in crate::ops) fn value_of_rank(x: &FlexTensor, period: usize, rank: usize) -> FlexTensor {
    by_rows(x, |_, x, y| {
        let mut window = Sorted::new(period);
        let mut holes = 0;
        for t in 0..x.len() {
            let value = f64::from(x[t]);
            holes += usize::from(value.is_nan());
            holes -= usize::from(t >= period && x[t - period].is_nan());
            window.push(or_least(value));
            let sorted = window.whole().filter(|_| holes == 0);
            y[t] = sorted.map_or(f32::NAN, |sorted| sorted[rank - 1] as f32);
        }
    })
}

/// A NaN has no place in an order; while one is in the window nothing is read from it.
fn or_least(x: f64) -> f64 {
    if x.is_nan() { f64::NEG_INFINITY } else { x }
}

fn by_rows(x: &FlexTensor, fill: impl Fn(usize, &[f32], &mut [f32]) + Sync) -> FlexTensor {
    let x = x.to_contiguous();
    let bars = x.shape()[1];
    let mut y = FlexTensor::empty(x.shape(), DType::F32);
    let Some(x) = x.as_slice::<f32>() else {
        unreachable!("the tensor was made contiguous, and the caller checked that it is f32")
    };
    y.storage_mut::<f32>()
        .par_chunks_mut(bars)
        .zip(x.par_chunks(bars))
        .enumerate()
        .for_each(|(row, (y, x))| fill(row, x, y));
    y
}

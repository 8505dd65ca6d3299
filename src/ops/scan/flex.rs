//! The CPU path: float64 states, rows over threads, four rows abreast in each.

use burn::backend::TensorMetadata;
use burn::tensor::DType;
use burn_flex::FlexTensor;
use rayon::prelude::*;

/// Rows that one loop advances together: a row's additions wait for each other, rows do not.
const ABREAST: usize = 4;

pub(in crate::ops) fn linear_scan(a: &FlexTensor, b: &FlexTensor) -> FlexTensor {
    let (a, b) = (a.to_contiguous(), b.to_contiguous());
    let bars = b.shape()[1];
    let mut y = FlexTensor::empty(b.shape(), DType::F32);
    let (a, b) = (a.as_slice::<f32>(), b.as_slice::<f32>());
    let (Some(a), Some(b)) = (a, b) else {
        unreachable!("the tensors were made contiguous, and the caller checked that they are f32")
    };
    let group = bars * ABREAST;
    y.storage_mut::<f32>()
        .par_chunks_mut(group)
        .zip(a.par_chunks(group).zip(b.par_chunks(group)))
        .for_each(|(y, (a, b))| {
            if y.len() == group {
                abreast(a, b, y, bars);
            } else {
                for ((y, a), b) in y.chunks_mut(bars).zip(a.chunks(bars)).zip(b.chunks(bars)) {
                    single(a, b, y);
                }
            }
        });
    y
}

fn step(state: f64, a: f32, b: f32) -> f64 {
    if a == 0.0 {
        f64::from(b)
    } else {
        f64::from(a) * state + f64::from(b)
    }
}

fn single(a: &[f32], b: &[f32], y: &mut [f32]) {
    let mut state = 0.0;
    for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
        state = step(state, a, b);
        *y = state as f32;
    }
}

fn abreast(a: &[f32], b: &[f32], y: &mut [f32], bars: usize) {
    let mut state = [0.0; ABREAST];
    for t in 0..bars {
        for (row, state) in state.iter_mut().enumerate() {
            let i = row * bars + t;
            *state = step(*state, a[i], b[i]);
            y[i] = *state as f32;
        }
    }
}

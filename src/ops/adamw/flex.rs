//! The CPU path: in place where nobody else holds the numbers, large weights over threads.

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::Coefficients;

/// Elements of a task.
const TASK: usize = 16 * 1024;

/// Elements up to which waking the thread pool takes longer than the work.
const ALONE: usize = 8 * TASK;

pub(in crate::ops) fn step(
    weight: FlexTensor,
    gradient: FlexTensor,
    first: FlexTensor,
    second: FlexTensor,
    control: &FlexTensor,
    coefficients: Coefficients,
) -> (FlexTensor, FlexTensor, FlexTensor) {
    let control = control.to_contiguous();
    let [factor, skip] = [0, 1].map(|index| control.storage::<f32>()[index]);
    if skip != 0.0 {
        return (weight, first, second);
    }
    let [mut weight, mut first, mut second, gradient] =
        [weight, first, second, gradient].map(contiguous);
    let run = widest();
    let gradient = gradient.storage::<f32>();
    let (w, m, v) = (
        weight.storage_mut::<f32>(),
        first.storage_mut::<f32>(),
        second.storage_mut::<f32>(),
    );
    if w.len() <= ALONE {
        run(w, m, v, gradient, factor, coefficients);
    } else {
        w.par_chunks_mut(TASK)
            .zip(m.par_chunks_mut(TASK))
            .zip(v.par_chunks_mut(TASK))
            .zip(gradient.par_chunks(TASK))
            .for_each(|(((w, m), v), gradient)| {
                run(w, m, v, gradient, factor, coefficients);
            });
    }
    (weight, first, second)
}

type Loop = fn(&mut [f32], &mut [f32], &mut [f32], &[f32], f32, Coefficients);

/// One loop that the compiler vectorises; no product is fused into a sum, so that every variant
/// gives the same bits.
#[inline(always)]
#[allow(clippy::inline_always, reason = "built once for each instruction set")]
fn all(
    weight: &mut [f32],
    first: &mut [f32],
    second: &mut [f32],
    gradient: &[f32],
    factor: f32,
    c: Coefficients,
) {
    for (((w, m), v), g) in weight.iter_mut().zip(first).zip(second).zip(gradient) {
        let g = g * factor;
        *m = c.beta_1 * *m + c.rest_1 * g;
        *v = c.beta_2 * *v + c.rest_2 * (g * g);
        *w = c.keep * *w - c.rate * *m / (v.sqrt() * c.root + c.epsilon);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn all_avx512(
    weight: &mut [f32],
    first: &mut [f32],
    second: &mut [f32],
    gradient: &[f32],
    factor: f32,
    coefficients: Coefficients,
) {
    all(weight, first, second, gradient, factor, coefficients);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn all_avx2(
    weight: &mut [f32],
    first: &mut [f32],
    second: &mut [f32],
    gradient: &[f32],
    factor: f32,
    coefficients: Coefficients,
) {
    all(weight, first, second, gradient, factor, coefficients);
}

/// The variant for this processor.
#[allow(unsafe_code, reason = "called only where the instructions are there")]
fn widest() -> Loop {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has the instructions.
            return |w, m, v, g, factor, c| unsafe { all_avx512(w, m, v, g, factor, c) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has the instructions.
            return |w, m, v, g, factor, c| unsafe { all_avx2(w, m, v, g, factor, c) };
        }
    }
    all
}

/// The tensor itself where its numbers are the whole buffer in order: `to_contiguous` would hold a
/// second handle, and the write after it would copy.
fn contiguous(x: FlexTensor) -> FlexTensor {
    let whole = x.is_contiguous() && x.storage::<f32>().len() == x.shape().num_elements();
    if whole { x } else { x.to_contiguous() }
}

pub(in crate::ops) fn sum_squares(x: FlexTensor) -> FlexTensor {
    let x = contiguous(x);
    let x = x.storage::<f32>();
    let parts: Vec<f64> = if x.len() <= ALONE {
        x.chunks(TASK).map(squares).collect()
    } else {
        x.par_chunks(TASK).map(squares).collect()
    };
    let mut total = FlexTensor::empty(Shape::new([1]), DType::F32);
    total.storage_mut::<f32>()[0] = parts.iter().sum::<f64>() as f32;
    total
}

/// Sixteen sums side by side, so that the compiler may vectorise.
fn squares(x: &[f32]) -> f64 {
    let (lines, rest) = x.as_chunks::<16>();
    let mut sums = [0.0_f64; 16];
    for line in lines {
        for (sum, &x) in sums.iter_mut().zip(line) {
            *sum += f64::from(x) * f64::from(x);
        }
    }
    for (sum, &x) in sums.iter_mut().zip(rest) {
        *sum += f64::from(x) * f64::from(x);
    }
    sums.iter().sum()
}

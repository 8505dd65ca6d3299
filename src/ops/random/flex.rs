//! The CPU path: blocks of words over threads.

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::{Distribution, Words, reference, threshold};

/// Elements of a task; a multiple of 4, so that tasks begin with a block of words.
const TASK: usize = 4096;

/// Calls `make` for every four elements (fewer at the end) with their block of words.
fn by_blocks<E: Send>(out: &mut [E], words: Words, make: impl Fn(&mut [E], [u32; 4]) + Sync) {
    out.par_chunks_mut(TASK)
        .enumerate()
        .for_each(|(task, out)| {
            let first = (task * TASK / 4) as u64;
            for (index, out) in (first..).zip(out.chunks_mut(4)) {
                make(out, reference::block(words, index));
            }
        });
}

pub(in crate::ops) fn bits(shape: Shape, words: Words) -> FlexTensor {
    let mut out = FlexTensor::empty(shape, DType::I32);
    by_blocks(out.storage_mut::<i32>(), words, |out, block| {
        for (out, word) in out.iter_mut().zip(block) {
            *out = word as i32;
        }
    });
    out
}

pub(in crate::ops) fn draw(shape: Shape, words: Words, distribution: Distribution) -> FlexTensor {
    let mut out = FlexTensor::empty(shape, DType::F32);
    let limit = match distribution {
        Distribution::Bernoulli(probability) => threshold(probability),
        _ => 0,
    };
    by_blocks(
        out.storage_mut::<f32>(),
        words,
        |out, block| match distribution {
            Distribution::Uniform => each(out, block, uniform),
            Distribution::Bernoulli(_) => {
                each(out, block, |word| if word >> 8 < limit { 1.0 } else { 0.0 });
            }
            Distribution::Normal => {
                for (out, pair) in out.chunks_mut(2).zip(block.chunks_exact(2)) {
                    let radius = (-2.0 * (uniform(pair[0]) + 1.0 / (1 << 24) as f32).ln()).sqrt();
                    let (sine, cosine) = (uniform(pair[1]) * std::f32::consts::TAU).sin_cos();
                    for (out, part) in out.iter_mut().zip([cosine, sine]) {
                        *out = radius * part;
                    }
                }
            }
        },
    );
    out
}

pub(in crate::ops) fn dropout(x: &FlexTensor, probability: f32, words: Words) -> FlexTensor {
    let mut y = x.to_contiguous();
    let contiguous = y.is_contiguous() && y.layout().start_offset() == 0;
    if !contiguous || y.bytes().len() != y.shape().num_elements() * 4 {
        let mut copy = FlexTensor::empty(y.shape(), DType::F32);
        if let Some(values) = y.as_slice::<f32>() {
            copy.storage_mut::<f32>().copy_from_slice(values);
        }
        y = copy;
    }
    let (limit, scale) = (threshold(probability), 1.0 / (1.0 - probability));
    by_blocks(y.storage_mut::<f32>(), words, |y, block| {
        for (y, word) in y.iter_mut().zip(block) {
            *y = if word >> 8 < limit { 0.0 } else { *y * scale };
        }
    });
    y
}

fn uniform(word: u32) -> f32 {
    (word >> 8) as f32 / (1 << 24) as f32
}

fn each(out: &mut [f32], block: [u32; 4], number: impl Fn(u32) -> f32) {
    for (out, word) in out.iter_mut().zip(block) {
        *out = number(word);
    }
}

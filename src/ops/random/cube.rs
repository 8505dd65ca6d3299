//! The kernels: one unit a block of four words.

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_dtype;
use burn_cubecl::tensor::CubeTensor;

use super::{Distribution, Words, threshold};
use crate::ops::backend::grid;

pub(in crate::ops) fn bits(device_of: &CubeTensor, shape: Shape, words: Words) -> CubeTensor {
    let out = like(device_of, shape, DType::I32);
    let elements = out.shape().num_elements();
    let (count, dim) = grid(elements.div_ceil(4));
    let [c0, c1, c2, c3] = words.counter;
    let [k0, k1] = words.key;
    let result = out.clone().into_tensor_arg();
    kernel::bits::launch(
        &out.client,
        count,
        dim,
        result,
        elements,
        c0,
        c1,
        c2,
        c3,
        k0,
        k1,
    );
    out
}

pub(in crate::ops) fn draw(
    device_of: &CubeTensor,
    shape: Shape,
    words: Words,
    distribution: Distribution,
) -> CubeTensor {
    let out = like(device_of, shape, DType::F32);
    let elements = out.shape().num_elements();
    let (count, dim) = grid(elements.div_ceil(4));
    let [c0, c1, c2, c3] = words.counter;
    let [k0, k1] = words.key;
    let result = out.clone().into_tensor_arg();
    let client = &out.client;
    match distribution {
        Distribution::Uniform => {
            kernel::uniform::launch(client, count, dim, result, elements, c0, c1, c2, c3, k0, k1);
        }
        Distribution::Normal => {
            kernel::normal::launch(client, count, dim, result, elements, c0, c1, c2, c3, k0, k1);
        }
        Distribution::Bernoulli(probability) => {
            let limit = threshold(probability);
            kernel::bernoulli::launch(
                client, count, dim, result, elements, limit, c0, c1, c2, c3, k0, k1,
            );
        }
    }
    out
}

pub(in crate::ops) fn dropout(x: CubeTensor, probability: f32, words: Words) -> CubeTensor {
    let x = into_contiguous(x);
    let out = like(&x, x.shape(), DType::F32);
    let elements = out.shape().num_elements();
    let (count, dim) = grid(elements.div_ceil(4));
    let [c0, c1, c2, c3] = words.counter;
    let [k0, k1] = words.key;
    let (limit, scale) = (threshold(probability), 1.0 / (1.0 - probability));
    let (input, result) = (x.into_tensor_arg(), out.clone().into_tensor_arg());
    kernel::dropout::launch(
        &out.client,
        count,
        dim,
        input,
        result,
        elements,
        limit,
        scale,
        c0,
        c1,
        c2,
        c3,
        k0,
        k1,
    );
    out
}

fn like(x: &CubeTensor, shape: Shape, dtype: DType) -> CubeTensor {
    empty_device_dtype(x.client.clone(), x.device.clone(), shape, dtype)
}

mod kernel {
    use cubecl::prelude::*;

    /// Of uniforms.
    const STEP: f32 = 1.0 / 16_777_216.0;

    #[derive(CubeType, Clone, Copy)]
    struct Block {
        first: u32,
        second: u32,
        third: u32,
        fourth: u32,
    }

    /// Ten rounds of Philox4x32 on block `index` of a draw.
    #[cube]
    fn philox(index: u32, c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32) -> Block {
        let mut first = c0 + index;
        let mut second = c1;
        if first < c0 {
            second += 1u32;
        }
        let mut third = c2;
        let mut fourth = c3;
        let mut key_0 = k0;
        let mut key_1 = k1;
        for _ in 0..10u32 {
            let high_0 = u32::mul_hi(0xD251_1F53u32, first);
            let low_0 = 0xD251_1F53u32 * first;
            let high_1 = u32::mul_hi(0xCD9E_8D57u32, third);
            let low_1 = 0xCD9E_8D57u32 * third;
            first = high_1 ^ second ^ key_0;
            second = low_1;
            third = high_0 ^ fourth ^ key_1;
            fourth = low_0;
            key_0 += 0x9E37_79B9u32;
            key_1 += 0xBB67_AE85u32;
        }
        Block {
            first,
            second,
            third,
            fourth,
        }
    }

    #[cube]
    fn word(block: &Block, #[comptime] lane: u32) -> u32 {
        match comptime!(lane) {
            0 => block.first,
            1 => block.second,
            2 => block.third,
            _ => block.fourth,
        }
    }

    #[cube(launch)]
    pub(super) fn bits(
        out: &mut Tensor<u32>,
        elements: usize,
        c0: u32,
        c1: u32,
        c2: u32,
        c3: u32,
        k0: u32,
        k1: u32,
    ) {
        let block = philox(ABSOLUTE_POS as u32, c0, c1, c2, c3, k0, k1);
        #[unroll]
        for lane in 0..4u32 {
            let i = ABSOLUTE_POS * 4 + lane as usize;
            if i < elements {
                out[i] = word(&block, lane);
            }
        }
    }

    #[cube(launch)]
    pub(super) fn uniform(
        out: &mut Tensor<f32>,
        elements: usize,
        c0: u32,
        c1: u32,
        c2: u32,
        c3: u32,
        k0: u32,
        k1: u32,
    ) {
        let block = philox(ABSOLUTE_POS as u32, c0, c1, c2, c3, k0, k1);
        #[unroll]
        for lane in 0..4u32 {
            let i = ABSOLUTE_POS * 4 + lane as usize;
            if i < elements {
                out[i] = unit(word(&block, lane));
            }
        }
    }

    #[cube(launch)]
    pub(super) fn bernoulli(
        out: &mut Tensor<f32>,
        elements: usize,
        limit: u32,
        c0: u32,
        c1: u32,
        c2: u32,
        c3: u32,
        k0: u32,
        k1: u32,
    ) {
        let block = philox(ABSOLUTE_POS as u32, c0, c1, c2, c3, k0, k1);
        #[unroll]
        for lane in 0..4u32 {
            let i = ABSOLUTE_POS * 4 + lane as usize;
            if i < elements {
                out[i] = select(word(&block, lane) >> 8u32 < limit, 1.0f32, 0.0f32);
            }
        }
    }

    #[cube(launch)]
    pub(super) fn normal(
        out: &mut Tensor<f32>,
        elements: usize,
        c0: u32,
        c1: u32,
        c2: u32,
        c3: u32,
        k0: u32,
        k1: u32,
    ) {
        let block = philox(ABSOLUTE_POS as u32, c0, c1, c2, c3, k0, k1);
        #[unroll]
        for half in 0..2u32 {
            let i = ABSOLUTE_POS * 4 + half as usize * 2;
            let radius = unit(word(&block, half * 2)) + STEP;
            let radius = (radius.ln() * -2.0f32).sqrt();
            let angle = unit(word(&block, half * 2 + 1)) * 6.283_185_5f32;
            if i < elements {
                out[i] = radius * angle.cos();
            }
            if i + 1 < elements {
                out[i + 1] = radius * angle.sin();
            }
        }
    }

    #[cube(launch)]
    pub(super) fn dropout(
        x: &Tensor<f32>,
        out: &mut Tensor<f32>,
        elements: usize,
        limit: u32,
        scale: f32,
        c0: u32,
        c1: u32,
        c2: u32,
        c3: u32,
        k0: u32,
        k1: u32,
    ) {
        let block = philox(ABSOLUTE_POS as u32, c0, c1, c2, c3, k0, k1);
        #[unroll]
        for lane in 0..4u32 {
            let i = ABSOLUTE_POS * 4 + lane as usize;
            if i < elements {
                out[i] = select(word(&block, lane) >> 8u32 < limit, 0.0f32, x[i] * scale);
            }
        }
    }

    /// A word's upper 24 bits as a multiple of 2^-24.
    #[cube]
    fn unit(word: u32) -> f32 {
        f32::cast_from(word >> 8u32) * STEP
    }
}

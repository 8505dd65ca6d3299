//! The kernel: one unit an element.

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_dtype;
use burn_cubecl::tensor::CubeTensor;

use super::Coefficients;
use crate::ops::backend::grid;

pub(in crate::ops) fn step(
    weight: CubeTensor,
    gradient: CubeTensor,
    first: CubeTensor,
    second: CubeTensor,
    control: CubeTensor,
    c: Coefficients,
) -> (CubeTensor, CubeTensor, CubeTensor) {
    let [weight, gradient, first, second, control] =
        [weight, gradient, first, second, control].map(into_contiguous);
    let empty = || {
        empty_device_dtype(
            weight.client.clone(),
            weight.device.clone(),
            weight.shape(),
            DType::F32,
        )
    };
    let (new_weight, new_first, new_second) = (empty(), empty(), empty());
    let units = weight.shape().num_elements();
    let (count, dim) = grid(units);
    let client = weight.client.clone();
    kernel::step::launch(
        &client,
        count,
        dim,
        weight.into_tensor_arg(),
        gradient.into_tensor_arg(),
        first.into_tensor_arg(),
        second.into_tensor_arg(),
        control.into_tensor_arg(),
        new_weight.clone().into_tensor_arg(),
        new_first.clone().into_tensor_arg(),
        new_second.clone().into_tensor_arg(),
        units,
        c.beta_1,
        c.rest_1,
        c.beta_2,
        c.rest_2,
        c.epsilon,
        c.keep,
        c.rate,
        c.root,
    );
    (new_weight, new_first, new_second)
}

/// In rounds, each to about the root of the count: short loops (some drivers end one after 65,535
/// rounds) and the same order everywhere.
pub(in crate::ops) fn sum_squares(x: CubeTensor) -> CubeTensor {
    let mut x = into_contiguous(x);
    let mut count = x.shape().num_elements();
    let mut square = true;
    while square || count > 1 {
        let parts = if count <= 64 { 1 } else { count.isqrt() };
        let sums = empty_device_dtype(
            x.client.clone(),
            x.device.clone(),
            Shape::new([parts]),
            DType::F32,
        );
        let (cubes, dim) = grid(parts);
        kernel::sum::launch(
            &sums.client,
            cubes,
            dim,
            x.required_address_type(),
            x.clone().into_tensor_arg(),
            sums.clone().into_tensor_arg(),
            count,
            parts,
            square,
        );
        (x, count, square) = (sums, parts, false);
    }
    x
}

mod kernel {
    use cubecl::prelude::*;

    /// Unit `i` adds elements `i`, `i + parts`, ... so that neighbouring units read neighbours.
    #[cube(launch, address_type = "dynamic")]
    pub(super) fn sum(
        input: &Tensor<f32>,
        sums: &mut Tensor<f32>,
        count: usize,
        parts: usize,
        #[comptime] square: bool,
    ) {
        let unit = ABSOLUTE_POS;
        if unit >= parts {
            terminate!();
        }
        let mut total = 0.0f32;
        for round in 0..(count - unit).div_ceil(parts) {
            let x = input[round * parts + unit];
            if comptime!(square) {
                total += x * x;
            } else {
                total += x;
            }
        }
        sums[unit] = total;
    }

    #[cube(launch)]
    pub(super) fn step(
        weight: &Tensor<f32>,
        gradient: &Tensor<f32>,
        first: &Tensor<f32>,
        second: &Tensor<f32>,
        control: &Tensor<f32>,
        new_weight: &mut Tensor<f32>,
        new_first: &mut Tensor<f32>,
        new_second: &mut Tensor<f32>,
        units: usize,
        beta_1: f32,
        rest_1: f32,
        beta_2: f32,
        rest_2: f32,
        epsilon: f32,
        keep: f32,
        rate: f32,
        root: f32,
    ) {
        let unit = ABSOLUTE_POS;
        if unit >= units {
            terminate!();
        }
        let mut w = weight[unit];
        let mut m = first[unit];
        let mut v = second[unit];
        if control[1] == 0.0f32 {
            let g = gradient[unit] * control[0];
            m = beta_1 * m + rest_1 * g;
            v = beta_2 * v + rest_2 * (g * g);
            w = keep * w - rate * m / (v.sqrt() * root + epsilon);
        }
        new_weight[unit] = w;
        new_first[unit] = m;
        new_second[unit] = v;
    }
}

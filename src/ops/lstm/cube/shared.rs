//! Windows that share their projection: the kernels of the layer on products that come ready.

use burn::backend::{TensorMetadata, ops::FloatTensorOps as _};
use burn::tensor::{FloatDType, Shape};
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::call::Call;
use super::product::{Matrix, multiply};
use crate::ops::gather;
use crate::ops::lstm::Output;

pub(in crate::ops::lstm) fn project(
    bars: CubeTensor,
    w_ih: CubeTensor,
    b_ih: CubeTensor,
    b_hh: CubeTensor,
) -> CubeTensor {
    let (bars, w_ih) = (into_contiguous(bars), into_contiguous(w_ih));
    let [rows, num_bars, features] = [bars.shape()[0], bars.shape()[1], bars.shape()[2]];
    let gates = b_ih.shape()[0];
    let product = multiply(
        Matrix::new(bars, features),
        Matrix::new(w_ih, features).turn(),
    );
    let bias = CubeBackend::float_reshape(
        CubeBackend::float_add(b_ih, b_hh),
        Shape::from([1, 1, gates]),
    );
    let product = CubeBackend::float_reshape(product, Shape::from([rows, num_bars, gates]));
    CubeBackend::float_add(product, bias)
}

pub(in crate::ops::lstm) fn windows(
    projected: CubeTensor,
    places: CubeTensor,
    w_hh: CubeTensor,
    length: usize,
    output: Output,
) -> CubeTensor {
    let input = gather::cube::windows(projected, places, length); // [B, L, 4H], with the bias
    let (batch, gates) = (input.shape()[0], input.shape()[2]);
    let hidden = gates / 4;
    let w_hh = into_contiguous(w_hh);
    let zeros = |shape| CubeBackend::float_zeros(shape, &input.device(), FloatDType::F32);
    let (bias, state) = (
        zeros(Shape::from([gates])),
        zeros(Shape::from([batch, hidden])),
    );
    let call = Call {
        w_ih: w_hh.clone(), // not read
        w_hh,
        b_ih: bias.clone(),
        b_hh: bias,
        h0: state.clone(),
        c0: state,
        output,
        batch,
        length,
        features: usize::MAX, // too many for the kernel to multiply itself
        hidden,
        ready: Some(input.clone()),
        x: input,
    };
    call.forward(false).0
}

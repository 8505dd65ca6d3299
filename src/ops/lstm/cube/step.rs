//! The kernels between the products of a layer too wide for the persistent ones: one unit a hidden
//! unit of a row.

use cubecl::prelude::*;

use super::gates::{self, Cell};

/// Step `t` forward, from the products of x and of h. The other tensors are those of
/// [`super::forward::forward`]; `h` takes the step's h for the next product.
#[cube(launch, address_type = "dynamic")]
pub(super) fn forward(
    projected: &Tensor<f32>,
    recurrent: &Tensor<f32>,
    carry: &mut Tensor<f32>,
    h: &mut Tensor<f32>,
    saved: &mut Tensor<f32>,
    out: &mut Tensor<f32>,
    batch: usize,
    length: usize,
    hidden: usize,
    t: usize,
    out_stride: usize,
    every: u32,
    packed: u32,
    save: u32,
) {
    let index = ABSOLUTE_POS;
    if index >= batch * hidden {
        terminate!();
    }
    let b = index / hidden;
    let h_unit = index % hidden;
    let from_x = (b * length + t) * 4 * hidden + h_unit;
    let from_h = b * 4 * hidden + h_unit;
    let mut sums = Array::<f32>::new(4usize);
    #[unroll]
    for gate in 0..4usize {
        sums[gate] = recurrent[from_h + gate * hidden]
            + carry[gate * hidden + h_unit]
            + projected[from_x + gate * hidden];
    }
    let state = 4 * hidden + index;
    let c_state = state + batch * hidden;
    let before = carry[state];
    let cell = gates::forward(sums[0], sums[1], sums[2], sums[3], carry[c_state]);
    carry[state] = cell.h;
    carry[c_state] = cell.c;
    h[index] = cell.h;
    if save == 1u32 {
        let at = (b * length + t) * 6 * hidden + h_unit;
        saved[at] = cell.i;
        saved[at + hidden] = cell.f;
        saved[at + 2 * hidden] = cell.g;
        saved[at + 3 * hidden] = cell.o;
        saved[at + 4 * hidden] = cell.c;
        saved[at + 5 * hidden] = before;
    }
    let end = t + 1 == length;
    if every == 1u32 {
        out[b * out_stride + t * hidden + h_unit] = cell.h;
    } else if end {
        out[b * out_stride + h_unit] = cell.h;
    }
    if end && packed == 1u32 {
        out[b * out_stride + length * hidden + h_unit] = cell.c;
    }
}

/// Step `t` backward. `dh` holds the product of the step after it; `step` takes the slopes for the
/// next product. The other tensors are those of [`super::backward::backward`].
#[cube(launch, address_type = "dynamic")]
pub(super) fn backward(
    saved: &Tensor<f32>,
    gradient: &Tensor<f32>,
    c0: &Tensor<f32>,
    dh: &Tensor<f32>,
    dc: &mut Tensor<f32>,
    slopes: &mut Tensor<f32>,
    step: &mut Tensor<f32>,
    batch: usize,
    length: usize,
    hidden: usize,
    t: usize,
    gradient_stride: usize,
    every: u32,
    packed: u32,
) {
    let index = ABSOLUTE_POS;
    if index >= batch * hidden {
        terminate!();
    }
    let b = index / hidden;
    let h_unit = index % hidden;
    let at = (b * length + t) * 6 * hidden + h_unit;
    let end = t + 1 == length;
    let mut later_h = 0.0f32;
    let mut later_c = 0.0f32;
    if end {
        if packed == 1u32 {
            later_c = gradient[b * gradient_stride + length * hidden + h_unit];
        }
    } else {
        later_h = dh[index];
        later_c = dc[index];
    }
    if every == 1u32 {
        later_h += gradient[b * gradient_stride + t * hidden + h_unit];
    } else if end {
        later_h += gradient[b * gradient_stride + h_unit];
    }
    let mut previous_c = c0[index];
    if t > 0 {
        previous_c = saved[at - 2 * hidden];
    }
    let cell = Cell {
        i: saved[at],
        f: saved[at + hidden],
        g: saved[at + 2 * hidden],
        o: saved[at + 3 * hidden],
        c: saved[at + 4 * hidden],
        h: 0.0f32,
    };
    let change = gates::backward(&cell, previous_c, later_h, later_c);
    dc[index] = change.c;
    let wide = (b * length + t) * 4 * hidden + h_unit;
    slopes[wide] = change.i;
    slopes[wide + hidden] = change.f;
    slopes[wide + 2 * hidden] = change.g;
    slopes[wide + 3 * hidden] = change.o;
    let narrow = b * 4 * hidden + h_unit;
    step[narrow] = change.i;
    step[narrow + hidden] = change.f;
    step[narrow + 2 * hidden] = change.g;
    step[narrow + 3 * hidden] = change.o;
}

//! Weights and state in the order in which the kernels read them.

use cubecl::prelude::*;

/// `[depth, 4H]`: the weights of x, those of h, then zeros, transposed.
#[cube(launch, address_type = "dynamic")]
pub(super) fn weights(
    w_ih: &Tensor<f32>,
    w_hh: &Tensor<f32>,
    packed: &mut Tensor<f32>,
    depth: usize,
    features: usize,
    hidden: usize,
) {
    let index = ABSOLUTE_POS;
    if index >= depth * 4 * hidden {
        terminate!();
    }
    let column = index % (4 * hidden);
    let row = index / (4 * hidden);
    let mut weight = 0.0f32;
    if row < features {
        weight = w_ih[column * features + row];
    } else if row < features + hidden {
        weight = w_hh[column * hidden + row - features];
    }
    packed[index] = weight;
}

/// The sum of the biases `[4H]`, then h0 and c0 `[B, H]`.
#[cube(launch, address_type = "dynamic")]
pub(super) fn carry(
    b_ih: &Tensor<f32>,
    b_hh: &Tensor<f32>,
    h0: &Tensor<f32>,
    c0: &Tensor<f32>,
    packed: &mut Tensor<f32>,
    gates: usize,
    state: usize,
) {
    let index = ABSOLUTE_POS;
    if index >= gates + 2 * state {
        terminate!();
    }
    if index < gates {
        packed[index] = b_ih[index] + b_hh[index];
    } else if index < gates + state {
        packed[index] = h0[index - gates];
    } else {
        packed[index] = c0[index - gates - state];
    }
}

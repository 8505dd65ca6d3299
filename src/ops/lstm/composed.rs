//! The layer from a backend's own operations: what GPUs run until they have kernels of their own.
//!
//! One product for all input projections; in the backward one product each for `dW_ih`, `dW_hh` and
//! `dX` over the whole sequence.

use burn::backend::{Backend, TensorMetadata, tensor::FloatTensor};
use burn::tensor::{Shape, Slice};

use super::backend::Gradients;
use super::cpu::Output;

/// The tensors of a call, in the order of [`super::LstmOps`].
pub struct Inputs<B: Backend> {
    /// `[B, L, F]`
    pub x: FloatTensor<B>,
    /// `[4H, F]`
    pub w_ih: FloatTensor<B>,
    /// `[4H, H]`
    pub w_hh: FloatTensor<B>,
    /// `[4H]`
    pub b_ih: FloatTensor<B>,
    /// `[4H]`
    pub b_hh: FloatTensor<B>,
    /// `[B, H]`
    pub h0: FloatTensor<B>,
    /// `[B, H]`
    pub c0: FloatTensor<B>,
}

/// `[B, L, F, H]`
fn sizes<B: Backend>(inputs: &Inputs<B>) -> [usize; 4] {
    let (x, w_hh) = (inputs.x.shape(), inputs.w_hh.shape());
    [x[0], x[1], x[2], w_hh[1]]
}

fn reshape<B: Backend, const D: usize>(x: FloatTensor<B>, shape: [usize; D]) -> FloatTensor<B> {
    B::float_reshape(x, Shape::from(shape))
}

/// Step `t` of `[B, L, width]` as `[B, width]`, columns `from..to`.
fn step<B: Backend>(x: &FloatTensor<B>, t: usize, from: usize, to: usize) -> FloatTensor<B> {
    let batch = x.shape()[0];
    let slices: [Slice; 3] = [(0..batch).into(), (t..t + 1).into(), (from..to).into()];
    reshape::<B, 2>(B::float_slice(x.clone(), &slices), [batch, to - from])
}

/// Columns `from..to` of `[B, width]`.
fn columns<B: Backend>(x: &FloatTensor<B>, from: usize, to: usize) -> FloatTensor<B> {
    let batch = x.shape()[0];
    B::float_slice(x.clone(), &[(0..batch).into(), (from..to).into()])
}

/// The output, and if `save` is set `[B, L, 6H]`: i, f, g, o, c, h of every step.
pub fn forward<B: Backend>(
    inputs: Inputs<B>,
    output: Output,
    save: bool,
) -> (FloatTensor<B>, Option<FloatTensor<B>>) {
    let [batch, length, features, hidden] = sizes(&inputs);
    let bias = reshape::<B, 2>(B::float_add(inputs.b_ih, inputs.b_hh), [1, 4 * hidden]);
    let x = reshape::<B, 2>(inputs.x, [batch * length, features]);
    let projected = B::float_add(B::float_matmul(x, B::float_transpose(inputs.w_ih)), bias);
    let projected = reshape::<B, 3>(projected, [batch, length, 4 * hidden]);
    let w_hh = B::float_transpose(inputs.w_hh);
    let (mut h, mut c) = (inputs.h0, inputs.c0);
    let (mut outputs, mut saved) = (Vec::new(), Vec::new());
    for t in 0..length {
        let gates = B::float_add(
            step::<B>(&projected, t, 0, 4 * hidden),
            B::float_matmul(h, w_hh.clone()),
        );
        let gate = |index: usize| columns::<B>(&gates, index * hidden, (index + 1) * hidden);
        let (i, f) = (B::sigmoid(gate(0)), B::sigmoid(gate(1)));
        let (g, o) = (B::float_tanh(gate(2)), B::sigmoid(gate(3)));
        c = B::float_add(
            B::float_mul(f.clone(), c),
            B::float_mul(i.clone(), g.clone()),
        );
        h = B::float_mul(o.clone(), B::float_tanh(c.clone()));
        if output != Output::Last {
            outputs.push(reshape::<B, 3>(h.clone(), [batch, 1, hidden]));
        }
        if save {
            let all = B::float_cat(vec![i, f, g, o, c.clone(), h.clone()], 1);
            saved.push(reshape::<B, 3>(all, [batch, 1, 6 * hidden]));
        }
    }
    let out = match output {
        Output::Last => h,
        Output::All => B::float_cat(outputs, 1),
        Output::Packed => {
            outputs.push(reshape::<B, 3>(c, [batch, 1, hidden]));
            B::float_cat(outputs, 1)
        }
    };
    (out, save.then(|| B::float_cat(saved, 1)))
}

/// The gradients of [`forward`] from what it saved and the gradient of its output.
pub fn backward<B: Backend>(
    inputs: Inputs<B>,
    saved: FloatTensor<B>,
    gradient: FloatTensor<B>,
    output: Output,
    x_gradient: bool,
) -> Gradients<B> {
    let [batch, length, features, hidden] = sizes(&inputs);
    let zeros = B::float_mul_scalar(inputs.h0.clone(), 0.0_f32.into());
    let one_minus = |x: FloatTensor<B>| B::float_add_scalar(B::float_neg(x), 1.0_f32.into());
    let square = |x: FloatTensor<B>| B::float_mul(x.clone(), x);
    let part = |t: usize, index: usize| step::<B>(&saved, t, index * hidden, (index + 1) * hidden);
    let (mut dh_later, mut dc) = (zeros.clone(), zeros.clone());
    if output == Output::Packed {
        dc = step::<B>(&gradient, length, 0, hidden);
    }
    let (mut gates, mut previous) = (Vec::new(), Vec::new());
    for t in (0..length).rev() {
        let incoming = match output {
            Output::Last if t + 1 == length => gradient.clone(),
            Output::Last => zeros.clone(),
            Output::All | Output::Packed => step::<B>(&gradient, t, 0, hidden),
        };
        let dh = B::float_add(dh_later, incoming);
        let [i, f, g, o, c] = [0, 1, 2, 3, 4].map(|index| part(t, index));
        let (previous_h, previous_c) = if t == 0 {
            (inputs.h0.clone(), inputs.c0.clone())
        } else {
            (part(t - 1, 5), part(t - 1, 4))
        };
        let th = B::float_tanh(c);
        dc = B::float_add(
            dc,
            B::float_mul(
                B::float_mul(dh.clone(), o.clone()),
                one_minus(square(th.clone())),
            ),
        );
        let logistic = |x: FloatTensor<B>| B::float_mul(x.clone(), one_minus(x));
        let di = B::float_mul(B::float_mul(dc.clone(), g.clone()), logistic(i.clone()));
        let df = B::float_mul(B::float_mul(dc.clone(), previous_c), logistic(f.clone()));
        let dg = B::float_mul(B::float_mul(dc.clone(), i), one_minus(square(g)));
        let d_o = B::float_mul(B::float_mul(dh, th), logistic(o));
        dc = B::float_mul(dc, f);
        let step_gates = B::float_cat(vec![di, df, dg, d_o], 1);
        dh_later = B::float_matmul(step_gates.clone(), inputs.w_hh.clone());
        gates.push(reshape::<B, 3>(step_gates, [batch, 1, 4 * hidden]));
        previous.push(reshape::<B, 3>(previous_h, [batch, 1, hidden]));
    }
    gates.reverse();
    previous.reverse();
    let rows = batch * length;
    let gates = reshape::<B, 2>(B::float_cat(gates, 1), [rows, 4 * hidden]);
    let previous = reshape::<B, 2>(B::float_cat(previous, 1), [rows, hidden]);
    let across = B::float_transpose(gates.clone());
    let dx = if x_gradient {
        let dx = B::float_matmul(gates.clone(), inputs.w_ih);
        reshape::<B, 3>(dx, [batch, length, features])
    } else {
        reshape::<B, 3>(columns::<B>(&step_of_one::<B>(&zeros), 0, 1), [1, 1, 1])
    };
    let x = reshape::<B, 2>(inputs.x, [rows, features]);
    (
        dx,
        B::float_matmul(across.clone(), x),
        B::float_matmul(across, previous),
        reshape::<B, 1>(B::float_sum_dim(gates, 0), [4 * hidden]),
        dh_later,
        dc,
    )
}

/// The first row of `[B, H]`.
fn step_of_one<B: Backend>(x: &FloatTensor<B>) -> FloatTensor<B> {
    let width = x.shape()[1];
    B::float_slice(x.clone(), &[(0..1).into(), (0..width).into()])
}

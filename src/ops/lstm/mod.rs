//! A whole LSTM layer over a sequence in one call, forward and backward.
//!
//! ```text
//! i, f, o = sigmoid(W x_t + b_ih + U h_{t-1} + b_hh)     g = tanh(the same)
//! c_t = f c_{t-1} + i g                                  h_t = o tanh(c_t)
//! ```
//!
//! `cpu` is the kernel of the CPU backend, `cube` are those of GPUs, [`portable`] is the same in plain
//! tensor operations, [`mod@reference`] the float64 oracle. It refuses nothing at run time:
//! shapes are asserted, a NaN in a row of the batch gives NaN in that row's output.

#[allow(
    missing_docs,
    clippy::too_many_arguments,
    clippy::trivially_copy_pass_by_ref,
    clippy::type_complexity,
    reason = "the macro's generated types and its callbacks; the operation has seven tensors"
)]
pub mod backend;
#[allow(clippy::too_many_arguments, reason = "as the operation")]
mod backward;
#[allow(
    clippy::inline_always,
    clippy::needless_range_loop,
    clippy::too_many_arguments,
    clippy::too_many_lines,
    reason = "the kernel is one function for each instruction set, with arrays in registers that only \
              constant indices keep there; the operation has seven tensors"
)]
pub mod cpu;
#[allow(
    clippy::too_many_arguments,
    clippy::too_many_lines,
    clippy::trivially_copy_pass_by_ref,
    reason = "a kernel takes its tensors and sizes one by one and is one function; its macro's types"
)]
mod cube;
mod flex;
pub mod reference;
#[allow(
    missing_docs,
    clippy::trivially_copy_pass_by_ref,
    clippy::type_complexity,
    reason = "the macro's generated types and its callbacks"
)]
pub mod shared;

use burn::backend::Dispatch;
use burn::tensor::{Tensor, activation};

pub use backend::LstmOps;
pub use cpu::Output;

/// The parameters of a layer in `PyTorch`'s layout; the rows are the gates i, f, g, o.
#[derive(Debug, Clone)]
pub struct LayerWeights {
    /// `[4H, F]`
    pub w_ih: Tensor<2>,
    /// `[4H, H]`
    pub w_hh: Tensor<2>,
    /// `[4H]`
    pub b_ih: Tensor<1>,
    /// `[4H]`
    pub b_hh: Tensor<1>,
}

/// One layer: `[B, L, F]` to `[B, L + 1, H]`, the outputs h of every step, then the last c.
///
/// `state` is (h0, c0), `[B, H]` each; zeros without one. Differentiable in everything.
///
/// # Panics
/// If a shape disagrees with the others or a size is 0.
/// # Source
/// Hochreiter and Schmidhuber (1997) with the forget gate of Gers et al. (2000), as `torch.nn.LSTM`.
/// Oracle: [`reference::forward`].
pub fn layer(
    x: Tensor<3>,
    weights: LayerWeights,
    state: Option<(Tensor<2>, Tensor<2>)>,
) -> Tensor<3> {
    Tensor::from_dispatch(call(x, weights, state, Output::Packed))
}

/// [`layer`] without the last c: `[B, L, F]` to `[B, L, H]`.
///
/// # Panics
/// As [`layer`].
pub fn outputs(
    x: Tensor<3>,
    weights: LayerWeights,
    state: Option<(Tensor<2>, Tensor<2>)>,
) -> Tensor<3> {
    Tensor::from_dispatch(call(x, weights, state, Output::All))
}

/// [`layer`]'s last output alone: `[B, L, F]` to `[B, H]`; its backward starts from there.
///
/// # Panics
/// As [`layer`].
pub fn last(
    x: Tensor<3>,
    weights: LayerWeights,
    state: Option<(Tensor<2>, Tensor<2>)>,
) -> Tensor<2> {
    Tensor::from_dispatch(call(x, weights, state, Output::Last))
}

fn call(
    x: Tensor<3>,
    weights: LayerWeights,
    state: Option<(Tensor<2>, Tensor<2>)>,
    output: Output,
) -> burn::backend::DispatchTensor {
    let (h0, c0) = check(&x, &weights, state);
    Dispatch::lstm_forward(
        x.into_dispatch(),
        weights.w_ih.into_dispatch(),
        weights.w_hh.into_dispatch(),
        weights.b_ih.into_dispatch(),
        weights.b_hh.into_dispatch(),
        h0.into_dispatch(),
        c0.into_dispatch(),
        output,
    )
}

/// Asserts the shapes and gives the initial state.
fn check(
    x: &Tensor<3>,
    weights: &LayerWeights,
    state: Option<(Tensor<2>, Tensor<2>)>,
) -> (Tensor<2>, Tensor<2>) {
    let [batch, length, features] = x.dims();
    assert!(batch * length > 0, "empty: x {:?}", x.dims());
    let hidden = check_weights(weights, features);
    let (h0, c0) = state.unwrap_or_else(|| {
        let zeros = Tensor::zeros([batch, hidden], &x.device());
        (zeros.clone(), zeros)
    });
    assert_eq!(h0.dims(), [batch, hidden], "h0");
    assert_eq!(c0.dims(), [batch, hidden], "c0");
    (h0, c0)
}

/// Asserts the shapes of a layer's weights and gives H.
fn check_weights(weights: &LayerWeights, features: usize) -> usize {
    let hidden = weights.w_hh.dims()[1];
    assert!(
        features * hidden > 0,
        "empty: {features} features, {hidden} hidden units"
    );
    assert_eq!(weights.w_ih.dims(), [4 * hidden, features], "w_ih");
    assert_eq!(weights.w_hh.dims(), [4 * hidden, hidden], "w_hh");
    assert_eq!(weights.b_ih.dims(), [4 * hidden], "b_ih");
    assert_eq!(weights.b_hh.dims(), [4 * hidden], "b_hh");
    hidden
}

/// [`layer`] in plain tensor operations, differentiated by Burn: any backend, no kernels.
///
/// # Panics
/// As [`layer`].
pub fn portable(
    x: Tensor<3>,
    weights: LayerWeights,
    state: Option<(Tensor<2>, Tensor<2>)>,
) -> Tensor<3> {
    let (mut h, mut c) = check(&x, &weights, state);
    let [batch, length, features] = x.dims();
    let hidden = weights.w_hh.dims()[1];
    let bias = (weights.b_ih + weights.b_hh).unsqueeze::<2>();
    let projected = x
        .reshape([batch * length, features])
        .matmul(weights.w_ih.transpose())
        .add(bias)
        .reshape([batch, length, 4 * hidden]);
    let w_hh = weights.w_hh.transpose();
    let mut steps = Vec::with_capacity(length + 1);
    for t in 0..length {
        let gates = projected
            .clone()
            .narrow(1, t, 1)
            .reshape([batch, 4 * hidden])
            .add(h.matmul(w_hh.clone()));
        let gate = |index: usize| gates.clone().narrow(1, index * hidden, hidden);
        let (i, f) = (activation::sigmoid(gate(0)), activation::sigmoid(gate(1)));
        let (g, o) = (gate(2).tanh(), activation::sigmoid(gate(3)));
        c = f * c + i * g;
        h = o * c.clone().tanh();
        steps.push(h.clone().unsqueeze_dim::<3>(1));
    }
    steps.push(c.unsqueeze_dim::<3>(1));
    Tensor::cat(steps, 1)
}

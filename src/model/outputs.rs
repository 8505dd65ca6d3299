//! K numbers per horizon, `[B, Hn K]`, horizon by horizon.

use burn::tensor::{Tensor, activation};

/// Quantiles that cannot cross, whatever the weights.
///
/// ```text
/// q_m = r_m                                    at the median m
/// q_k = q_{k-1} + softplus(r_k)                above it
/// q_k = q_{k+1} - softplus(r_k)                below it
/// ```
/// # Edge cases
/// Where softplus is less than half a unit in the last place of its neighbour, two quantiles are equal.
pub(super) fn rising(raw: Tensor<2>, levels: usize, median: usize) -> Tensor<2> {
    let [rows, width] = raw.dims();
    let raw = raw.reshape([rows, width / levels, levels]); // [B, Hn, K]
    let steps = activation::softplus(raw.clone(), 1.0);
    let step = |level: usize| steps.clone().narrow(2, level, 1);
    let middle = raw.narrow(2, median, 1);
    let mut below = Vec::with_capacity(levels);
    let mut next = middle.clone();
    for level in (0..median).rev() {
        next = next - step(level);
        below.push(next.clone());
    }
    below.reverse();
    let mut all = below;
    let mut next = middle.clone();
    all.push(middle);
    for level in median + 1..levels {
        next = next + step(level);
        all.push(next.clone());
    }
    Tensor::cat(all, 2).reshape([rows, width])
}

/// One of the K numbers of every horizon, `[B, Hn]`.
pub(super) fn pick(outputs: Tensor<2>, num_outputs: usize, index: usize) -> Tensor<2> {
    let [rows, width] = outputs.dims();
    let horizons = width / num_outputs;
    outputs
        .reshape([rows, horizons, num_outputs])
        .narrow(2, index, 1)
        .reshape([rows, horizons])
}

/// Logits of three classes to probabilities.
pub(super) fn probabilities(logits: Tensor<2>) -> Tensor<2> {
    let [rows, width] = logits.dims();
    activation::softmax(logits.reshape([rows, width / 3, 3]), 2).reshape([rows, width])
}

//! The last output's attention over all outputs of a window.

use burn::tensor::{Tensor, activation};

use super::blocks::in_blocks;

/// The weights of `torch.nn.MultiheadAttention(H, heads)`.
pub(super) struct Attention {
    /// Heads, a divisor of H.
    pub(super) heads: usize,
    /// `[3H, H]`: of queries, keys and values.
    pub(super) in_weight: Tensor<2>,
    /// `[3H]`
    pub(super) in_bias: Tensor<1>,
    /// `[H, H]`
    pub(super) out_weight: Tensor<2>,
    /// `[H]`
    pub(super) out_bias: Tensor<1>,
}

/// `[B, L, H] -> [B, H]`: the last output plus what it attends to.
///
/// ```text
/// q, k_l, v_l   = W_q x_L + b_q, W_k x_l + b_k, W_v x_l + b_v, cut into heads of d = H / heads
/// a_l           = softmax over l of q . k_l / sqrt(d)
/// returns       = x_L + W_o (sum over l of a_l v_l) + b_o
/// ```
/// That is the last row of self-attention over the whole window, at a cost that grows with L and not
/// with its square: nothing behind reads the other rows. Keys and values of the L outputs are never made
/// either: `q . W_k x_l = (W_k' q) . x_l`, and `sum a_l (W_v x_l + b_v) = W_v (sum a_l x_l) + b_v`, as the
/// weights add up to 1. `q . b_k` is the same for every l and falls out of the softmax: the bias of the keys
/// is stored, as `PyTorch` does, and has no effect and no gradient.
///
/// Products over the rows of a batch are cut into blocks of one size, so that a window's numbers do not
/// depend on the batch that it is in; those of one window do not know the others.
/// # Source
/// Vaswani et al. (2017), as `torch.nn.MultiheadAttention`.
pub(super) fn attend(x: Tensor<3>, weights: &Attention) -> Tensor<2> {
    let [batch, length, hidden] = x.dims();
    let heads = weights.heads;
    let last = x.clone().narrow(1, length - 1, 1).reshape([batch, hidden]);
    let queries = in_blocks(last.clone(), |rows| weights.queries(rows));
    let scores = queries
        .reshape([batch, heads, hidden])
        .matmul(x.clone().swap_dims(1, 2)); // [B, heads, L]
    let mixed = activation::softmax(scores, 2).matmul(x); // [B, heads, H]
    let mixed = mixed.reshape([batch, heads * hidden]);
    last + in_blocks(mixed, |rows| weights.context(rows))
}

impl Attention {
    /// `[R, H] -> [R, heads H]`: `W_k' (W_q x + b_q) / sqrt(d)` of each head.
    fn queries(&self, rows: Tensor<2>) -> Tensor<2> {
        let [count, hidden] = rows.dims();
        let size = hidden / self.heads;
        let query = rows
            .matmul(self.part(0, hidden).transpose())
            .add(self.bias(0, hidden))
            .div_scalar((size as f64).sqrt());
        let query = query.reshape([count, self.heads, size]).swap_dims(0, 1); // [heads, R, d]
        let keys = self.part(1, hidden).reshape([self.heads, size, hidden]);
        query
            .matmul(keys) // [heads, R, H]
            .swap_dims(0, 1)
            .reshape([count, self.heads * hidden])
    }

    /// `[R, heads H] -> [R, H]`: `W_o (W_v m + b_v) + b_o` of each head's mixed outputs m.
    fn context(&self, rows: Tensor<2>) -> Tensor<2> {
        let [count, width] = rows.dims();
        let hidden = width / self.heads;
        let mixed = rows.reshape([count, self.heads, hidden]).swap_dims(0, 1); // [heads, R, H]
        let values = self
            .part(2, hidden)
            .reshape([self.heads, hidden / self.heads, hidden])
            .swap_dims(1, 2); // [heads, H, d]
        mixed
            .matmul(values) // [heads, R, d]
            .swap_dims(0, 1)
            .reshape([count, hidden])
            .add(self.bias(2, hidden))
            .matmul(self.out_weight.clone().transpose())
            .add(self.out_bias.clone().unsqueeze::<2>())
    }

    /// `[H, H]`: 0 of the queries, 1 of the keys, 2 of the values.
    fn part(&self, index: usize, hidden: usize) -> Tensor<2> {
        self.in_weight.clone().narrow(0, index * hidden, hidden)
    }

    fn bias(&self, index: usize, hidden: usize) -> Tensor<2> {
        let bias = self.in_bias.clone().narrow(0, index * hidden, hidden);
        bias.unsqueeze::<2>()
    }
}

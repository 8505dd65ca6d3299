//! Matrix products whose rows do not depend on how many there are.

use burn::tensor::Tensor;

/// Rows of a matrix product behind the LSTM. The CPU backend adds in another order for other numbers of
/// rows, and a forecast must not depend on the batch that its window is in.
const HEAD_ROWS: usize = 256;

/// `map` over the rows of `x`, in blocks of [`HEAD_ROWS`] rows, the last one padded with zeros.
pub(super) fn in_blocks(x: Tensor<2>, map: impl Fn(Tensor<2>) -> Tensor<2>) -> Tensor<2> {
    let [rows, width] = x.dims();
    let num_blocks = rows.div_ceil(HEAD_ROWS);
    let missing = num_blocks * HEAD_ROWS - rows;
    let padded = if missing == 0 {
        x
    } else {
        let padding = Tensor::zeros([missing, width], &x.device());
        Tensor::cat(vec![x, padding], 0)
    };
    if num_blocks == 1 {
        return map(padded).narrow(0, 0, rows);
    }
    let block = |index| padded.clone().narrow(0, index * HEAD_ROWS, HEAD_ROWS);
    let blocks = (0..num_blocks).map(|index| map(block(index))).collect();
    Tensor::cat(blocks, 0).narrow(0, 0, rows)
}

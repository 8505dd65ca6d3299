use burn::tensor::{Bool, Tensor};

/// [`max`](super::max) by plain tensor operations on any backend: doubling, O(T log T) work.
///
/// # Panics
/// If the shapes of `x` and `keep` differ.
pub fn portable(x: Tensor<2>, keep: Tensor<2>) -> Tensor<2> {
    assert_eq!(x.dims(), keep.dims(), "running max: shapes of x and keep");
    let [rows, bars] = x.dims();
    if rows == 0 || bars == 0 {
        return x;
    }
    // Bar t holds the greatest of bars t-reach+1..=t, or of those since the restart among them.
    let mut most = x;
    let mut restarted = keep.equal_elem(0.0);
    let mut reach = 1;
    while reach < bars {
        let before = shifted(most.clone(), reach);
        let take = before
            .clone()
            .greater(most.clone())
            .bool_or(before.clone().is_nan())
            .bool_and(most.clone().is_nan().bool_not())
            .bool_and(restarted.clone().bool_not());
        most = most.mask_where(take, before);
        restarted = restarted.clone().bool_or(shifted_mask(restarted, reach));
        reach *= 2;
    }
    most
}

/// `x` moved `by` bars to the right; below everything where nothing came in.
fn shifted(x: Tensor<2>, by: usize) -> Tensor<2> {
    let [rows, bars] = x.dims();
    let head = Tensor::full([rows, by], f32::NEG_INFINITY, &x.device());
    Tensor::cat(vec![head, x.slice([0..rows, 0..bars - by])], 1)
}

/// A mask moved `by` bars to the right, the first bars true: nothing lies before them.
fn shifted_mask(mask: Tensor<2, Bool>, by: usize) -> Tensor<2, Bool> {
    let [rows, bars] = mask.dims();
    let head = Tensor::<2, Bool>::full([rows, by], true, &mask.device());
    Tensor::cat(vec![head, mask.slice([0..rows, 0..bars - by])], 1)
}

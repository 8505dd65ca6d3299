use burn::tensor::{Bool, Tensor};

/// [`linear_scan`](super::linear_scan) by plain tensor operations on any backend: doubling
/// (Hillis and Steele, 1986), O(T log T) work.
///
/// Slower than the kernels and float32 throughout; the cross-check of both.
///
/// # Panics
/// If the shapes of `a` and `b` differ.
pub fn portable(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    assert_eq!(a.dims(), b.dims(), "linear_scan: shapes of a and b differ");
    let [rows, bars] = b.dims();
    if rows == 0 || bars == 0 {
        return b;
    }
    // Bar t holds the composite of bars t-reach+1..=t: y_t = factor * y_{t-reach} + state.
    let first = a.clone().slice([0..rows, 0..1]);
    let whole = first.clone().is_nan().bool_not();
    let poison = first.mask_fill(whole, 0.0);
    let head = b.clone().slice([0..rows, 0..1]) + poison;
    let mut state = if bars == 1 {
        head
    } else {
        Tensor::cat(vec![head, b.slice([0..rows, 1..bars])], 1)
    };
    let mut factor = a;
    let mut restart = factor.clone().equal_elem(0.0);
    let mut reach = 1;
    while reach < bars {
        let carried = factor.clone() * shifted(state.clone(), reach, 0.0);
        state = state + carried.mask_fill(restart.clone(), 0.0);
        let longer = factor.clone() * shifted(factor, reach, 1.0);
        factor = longer.mask_fill(restart.clone(), 0.0);
        restart = restart.clone().bool_or(shifted_mask(restart, reach));
        reach *= 2;
    }
    state
}

/// `x` moved `by` bars to the right, the first bars filled with `value`.
fn shifted(x: Tensor<2>, by: usize, value: f32) -> Tensor<2> {
    let [rows, bars] = x.dims();
    let head = Tensor::full([rows, by], value, &x.device());
    Tensor::cat(vec![head, x.slice([0..rows, 0..bars - by])], 1)
}

/// A mask moved `by` bars to the right, the first bars false.
fn shifted_mask(mask: Tensor<2, Bool>, by: usize) -> Tensor<2, Bool> {
    let [rows, bars] = mask.dims();
    let head = Tensor::<2, Bool>::full([rows, by], false, &mask.device());
    Tensor::cat(vec![head, mask.slice([0..rows, 0..bars - by])], 1)
}

use burn::tensor::{Bool, Tensor};

use super::{Coefficients, Moving};

/// [`step`](super::step) by plain tensor operations on any backend.
///
/// # Panics
/// As [`step`](super::step).
pub fn portable<const D: usize>(
    state: Moving<D>,
    gradient: Tensor<D>,
    control: Tensor<1>,
    coefficients: Coefficients,
) -> Moving<D> {
    super::check(&state, &gradient, &control);
    let Coefficients {
        beta_1,
        rest_1,
        beta_2,
        rest_2,
        epsilon,
        keep,
        rate,
        root,
    } = coefficients;
    let shape = state.weight.dims();
    let factor = control.clone().narrow(0, 0, 1).reshape([1; D]);
    let skip: Tensor<D, Bool> = control
        .narrow(0, 1, 1)
        .not_equal_scalar(0.0)
        .reshape([1; D])
        .expand(shape);
    let gradient = gradient * factor;
    let first = state.first.clone() * beta_1 + gradient.clone() * rest_1;
    let second = state.second.clone() * beta_2 + gradient.square() * rest_2;
    let change = first.clone() * rate / (second.clone().sqrt() * root + epsilon);
    let weight = state.weight.clone() * keep - change;
    Moving {
        weight: weight.mask_where(skip.clone(), state.weight),
        first: first.mask_where(skip.clone(), state.first),
        second: second.mask_where(skip, state.second),
    }
}

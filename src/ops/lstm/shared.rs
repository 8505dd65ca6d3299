//! Windows of a series that share their bars: the first layer's input projection once per bar.
//!
//! A window of L bars overlaps its neighbour in L - 1 of them, so [`project`] does once what a batch
//! of windows would do up to L times, and [`outputs`] and [`last`] read their windows from it. For
//! inference: there is no gradient.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{
    Autodiff, Backend, Dispatch, Flex, autodiff::checkpoint::strategy::CheckpointStrategy,
    backend_extension,
};
use burn::tensor::{DType, Int, Shape, Tensor};
use burn_cubecl::CubeBackend;

use super::cpu::Output;
use super::{LayerWeights, check_weights, cube, flex};

/// The two halves of a layer whose windows share their bars.
#[backend_extension(Cube, Flex, Autodiff, Fusion)]
pub trait SharedOps: Backend {
    /// `[N, T, F]` to `[N, T, 4H]`.
    #[fusion(dtype = bars, shape = Shape::from([bars[0], bars[1], b_ih[0]]))]
    fn lstm_project(
        bars: FloatTensor<Self>,
        w_ih: FloatTensor<Self>,
        b_ih: FloatTensor<Self>,
        b_hh: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// The windows of `projected` that start at `places`, as [`super::LstmOps::lstm_forward`].
    #[fusion(dtype = projected, shape = windows_shape(places[0], *length, w_hh[1], *output))]
    fn lstm_windows(
        projected: FloatTensor<Self>,
        places: IntTensor<Self>,
        w_hh: FloatTensor<Self>,
        length: usize,
        output: Output,
    ) -> FloatTensor<Self>;
}

pub(super) fn windows_shape(batch: usize, length: usize, hidden: usize, output: Output) -> Shape {
    match output {
        Output::Packed => Shape::from([batch, length + 1, hidden]),
        Output::All => Shape::from([batch, length, hidden]),
        Output::Last => Shape::from([batch, hidden]),
    }
}

impl SharedOps for Flex {
    fn lstm_project(
        bars: FloatTensor<Self>,
        w_ih: FloatTensor<Self>,
        b_ih: FloatTensor<Self>,
        b_hh: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        flex::project(&bars, &w_ih, &b_ih, &b_hh)
    }

    fn lstm_windows(
        projected: FloatTensor<Self>,
        places: IntTensor<Self>,
        w_hh: FloatTensor<Self>,
        length: usize,
        output: Output,
    ) -> FloatTensor<Self> {
        flex::windows(&projected, &places, &w_hh, length, output)
    }
}

impl SharedOps for CubeBackend {
    fn lstm_project(
        bars: FloatTensor<Self>,
        w_ih: FloatTensor<Self>,
        b_ih: FloatTensor<Self>,
        b_hh: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        cube::shared::project(bars, w_ih, b_ih, b_hh)
    }

    fn lstm_windows(
        projected: FloatTensor<Self>,
        places: IntTensor<Self>,
        w_hh: FloatTensor<Self>,
        length: usize,
        output: Output,
    ) -> FloatTensor<Self> {
        cube::shared::windows(projected, places, w_hh, length, output)
    }
}

impl<B: SharedOps, C: CheckpointStrategy> SharedOps for Autodiff<B, C> {
    fn lstm_project(
        bars: FloatTensor<Self>,
        w_ih: FloatTensor<Self>,
        b_ih: FloatTensor<Self>,
        b_hh: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let [bars, w_ih, b_ih, b_hh] = [bars, w_ih, b_ih, b_hh].map(untracked::<B, C>);
        FloatTensor::<Self>::new(B::lstm_project(bars, w_ih, b_ih, b_hh))
    }

    fn lstm_windows(
        projected: FloatTensor<Self>,
        places: IntTensor<Self>,
        w_hh: FloatTensor<Self>,
        length: usize,
        output: Output,
    ) -> FloatTensor<Self> {
        let [projected, w_hh] = [projected, w_hh].map(untracked::<B, C>);
        FloatTensor::<Self>::new(B::lstm_windows(projected, places, w_hh, length, output))
    }
}

fn untracked<B: Backend, C: CheckpointStrategy>(
    tensor: FloatTensor<Autodiff<B, C>>,
) -> FloatTensor<B> {
    assert!(
        !tensor.is_tracked(),
        "shared windows have no gradient, but a tensor is tracked; detach it"
    );
    tensor.into_primitive()
}

/// A batch of windows, with each bar once where they share bars.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one, for a batch")]
pub enum Windows {
    /// `[B, L, F]`
    Gathered(Tensor<3>),
    /// Windows of the same bars.
    Shared {
        /// `[N, T, F]`
        bars: Tensor<3>,
        /// `[B, 2]`: row and first bar of each window.
        places: Tensor<2, Int>,
        /// L
        length: usize,
    },
}

/// The part of a layer's gates that depends on the bars alone.
///
/// # Shapes and units
/// - `bars`: `[N, T, F]`
/// - returns: `[N, T, 4H]`, the gates i, f, g, o before their functions and without h
/// # Panics
/// If a shape disagrees with the others, a size is 0, or a tensor is tracked by autodiff.
pub fn project(bars: Tensor<3>, weights: LayerWeights) -> Tensor<3> {
    let [rows, num_bars, features] = bars.dims();
    assert!(rows * num_bars > 0, "empty bars {:?}", bars.dims());
    check_weights(&weights, features);
    Tensor::from_dispatch(Dispatch::lstm_project(
        bars.into_dispatch(),
        weights.w_ih.into_dispatch(),
        weights.b_ih.into_dispatch(),
        weights.b_hh.into_dispatch(),
    ))
}

/// [`super::outputs`] of windows of projected bars, from a state of zeros.
///
/// # Shapes and units
/// - `projected`: `[N, T, 4H]` from [`project`]
/// - `places`: `[B, 2]`, (row, start) as in [`crate::ops::gather::windows`], clamped as there
/// - `w_hh`: `[4H, H]`
/// - returns: `[B, L, H]` with L = `length`
/// # Precision
/// On the CPU the same bits as the gathered windows give.
/// # Panics
/// As [`project`]; if `length` is 0 or exceeds T.
pub fn outputs(
    projected: Tensor<3>,
    places: Tensor<2, Int>,
    length: usize,
    w_hh: Tensor<2>,
) -> Tensor<3> {
    Tensor::from_dispatch(call(projected, places, length, w_hh, Output::All))
}

/// [`outputs`]'s last step alone, `[B, H]`.
///
/// # Panics
/// As [`outputs`].
pub fn last(
    projected: Tensor<3>,
    places: Tensor<2, Int>,
    length: usize,
    w_hh: Tensor<2>,
) -> Tensor<2> {
    Tensor::from_dispatch(call(projected, places, length, w_hh, Output::Last))
}

fn call(
    projected: Tensor<3>,
    places: Tensor<2, Int>,
    length: usize,
    w_hh: Tensor<2>,
    output: Output,
) -> burn::backend::DispatchTensor {
    let [rows, num_bars, gates] = projected.dims();
    let hidden = w_hh.dims()[1];
    assert_eq!(w_hh.dims(), [4 * hidden, hidden], "w_hh");
    assert_eq!(gates, 4 * hidden, "projected for {hidden} hidden units");
    assert!(
        rows * hidden * places.dims()[0] > 0 && places.dims()[1] == 2,
        "empty: projected {:?}, places {:?}",
        projected.dims(),
        places.dims()
    );
    assert!(
        (1..=num_bars).contains(&length),
        "a window of {length} bars among {num_bars}"
    );
    Dispatch::lstm_windows(
        projected.into_dispatch(),
        places.cast(DType::I32).into_dispatch(),
        w_hh.into_dispatch(),
        length,
        output,
    )
}

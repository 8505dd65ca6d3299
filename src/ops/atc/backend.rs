//! The trait that joins the kernel and the CPU path to Burn's backends.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Backend, Flex, backend_extension};
use burn::tensor::Shape;
use burn_cubecl::CubeBackend;

use super::recipe::Recipe;
use super::{cube, flex};

/// Columns of a classification: average, class, six signals, six equities.
pub(super) const PLANES: usize = 14;

/// The classification as an operation of a backend; see [`super::Prepared`].
#[backend_extension(
    Cube: cfg(any(feature = "wgpu", feature = "cuda")),
    Flex,
    Autodiff,
    Fusion: cfg(any(feature = "wgpu", feature = "cuda"))
)]
pub(super) trait TrendOps: Backend {
    /// `[14, N, kept]` of prices `[N, T]`; `table` and `growth` are the recipe's, as kernels read it.
    #[fusion(dtype = prices, shape = Shape::new([PLANES, prices[0], *kept]))]
    fn trend_classes(
        prices: FloatTensor<Self>,
        table: FloatTensor<Self>,
        growth: FloatTensor<Self>,
        ends: IntTensor<Self>,
        recipe: Recipe,
        kept: usize,
    ) -> FloatTensor<Self>;
}

impl TrendOps for CubeBackend {
    fn trend_classes(
        prices: FloatTensor<Self>,
        table: FloatTensor<Self>,
        growth: FloatTensor<Self>,
        ends: IntTensor<Self>,
        recipe: Recipe,
        kept: usize,
    ) -> FloatTensor<Self> {
        cube::classify([prices, table, growth, ends], &recipe, kept)
    }
}

impl TrendOps for Flex {
    fn trend_classes(
        prices: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        ends: IntTensor<Self>,
        recipe: Recipe,
        kept: usize,
    ) -> FloatTensor<Self> {
        flex::classify(&prices, &ends, &recipe, kept)
    }
}

impl<B: TrendOps, C: CheckpointStrategy> TrendOps for Autodiff<B, C> {
    fn trend_classes(
        prices: FloatTensor<Self>,
        table: FloatTensor<Self>,
        growth: FloatTensor<Self>,
        ends: IntTensor<Self>,
        recipe: Recipe,
        kept: usize,
    ) -> FloatTensor<Self> {
        let [prices, table, growth] = [prices, table, growth].map(|tensor| {
            assert!(
                !tensor.is_tracked(),
                "trend classes: have no gradient, but an input is tracked; detach it"
            );
            tensor.into_primitive()
        });
        FloatTensor::<Self>::new(B::trend_classes(prices, table, growth, ends, recipe, kept))
    }
}

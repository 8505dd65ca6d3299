//! The trait that joins the kernels and CPU loops of this storey to Burn.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Backend, Flex, backend_extension, fusion::custom::TensorSpec};
use burn::tensor::{DType, Shape, Tensor};
use burn_cubecl::CubeBackend;
use cubecl::prelude::{CubeCount, CubeDim};

use super::adamw::Coefficients;
use super::random::{Distribution, Words};
use super::recur::Stops;
use super::rolling::Statistic;
use super::{adamw, gather, random, recur, rolling, running, scan, trailing};

/// The operations of `scan`, `rolling`, `running`, `recur`, `trailing`, `gather`, `random` and `adamw`
/// on a backend's own tensors.
///
/// The public functions of those modules check shapes and types and handle empty tensors before
/// they come here.
#[backend_extension(
    Cube: cfg(any(feature = "wgpu", feature = "cuda")),
    Flex,
    Autodiff,
    Fusion: cfg(any(feature = "wgpu", feature = "cuda"))
)]
pub(super) trait KernelOps: Backend {
    #[fusion(dtype = b, shape = b)]
    fn linear_scan(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self>;

    #[fusion(dtype = x, shape = x)]
    fn rolling(x: FloatTensor<Self>, statistic: Statistic, period: usize) -> FloatTensor<Self>;

    #[fusion(dtype = x, shape = x)]
    fn gap_to_mean(x: FloatTensor<Self>, periods: FloatTensor<Self>) -> FloatTensor<Self>;

    #[fusion(dtype = x, shape = x)]
    fn count_less(x: FloatTensor<Self>, period: usize) -> FloatTensor<Self>;

    #[fusion(dtype = x, shape = x)]
    fn value_of_rank(x: FloatTensor<Self>, period: usize, rank: usize) -> FloatTensor<Self>;

    #[fusion(dtype = high, shape = high)]
    fn parabolic(
        high: FloatTensor<Self>,
        low: FloatTensor<Self>,
        age: FloatTensor<Self>,
        stops: Stops,
    ) -> FloatTensor<Self>;

    #[fusion(dtype = high, shape = Shape::new([2, high[0], high[1]]))]
    fn trailing_band(
        high: FloatTensor<Self>,
        low: FloatTensor<Self>,
        close: FloatTensor<Self>,
        width: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    #[fusion(dtype = x, shape = Shape::new([4, x[0], x[1]]))]
    fn cycle(
        x: FloatTensor<Self>,
        age: FloatTensor<Self>,
        begin: usize,
        wait: usize,
    ) -> FloatTensor<Self>;

    #[fusion(dtype = x, shape = Shape::new([3, x[0], x[1]]))]
    fn phase(
        x: FloatTensor<Self>,
        age: FloatTensor<Self>,
        period: FloatTensor<Self>,
        begin: usize,
        wait: usize,
    ) -> FloatTensor<Self>;

    #[fusion(dtype = x, shape = x)]
    fn running_max(x: FloatTensor<Self>, keep: FloatTensor<Self>) -> FloatTensor<Self>;

    #[fusion(dtype = block, shape = Shape::new([places[0], *length, block[2]]))]
    fn windows(
        block: FloatTensor<Self>,
        places: IntTensor<Self>,
        length: usize,
    ) -> FloatTensor<Self>;

    /// `device_of` only says where.
    #[fusion(dtype = DType::I32, shape = shape.clone())]
    fn random_bits(device_of: FloatTensor<Self>, shape: Shape, words: Words) -> IntTensor<Self>;

    /// `device_of` only says where.
    #[fusion(dtype = device_of, shape = shape.clone())]
    fn random_draw(
        device_of: FloatTensor<Self>,
        shape: Shape,
        words: Words,
        distribution: Distribution,
    ) -> FloatTensor<Self>;

    #[fusion(dtype = x, shape = x)]
    fn dropout(x: FloatTensor<Self>, probability: f32, words: Words) -> FloatTensor<Self>;

    /// Weight, first and second moment after the step.
    #[fusion(meta = three_of_the_weight)]
    fn adamw(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        control: FloatTensor<Self>,
        coefficients: Coefficients,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    #[fusion(dtype = x, shape = Shape::new([1]))]
    fn sum_squares(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

fn three_of_the_weight(
    weight: &TensorSpec,
    _gradient: &TensorSpec,
    _first: &TensorSpec,
    _second: &TensorSpec,
    _control: &TensorSpec,
    _coefficients: &Coefficients,
) -> (TensorSpec, TensorSpec, TensorSpec) {
    (weight.clone(), weight.clone(), weight.clone())
}

impl KernelOps for CubeBackend {
    fn linear_scan(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        scan::cube::linear_scan(a, b)
    }

    fn rolling(x: FloatTensor<Self>, statistic: Statistic, period: usize) -> FloatTensor<Self> {
        rolling::cube::rolling(x, statistic, period)
    }

    fn gap_to_mean(x: FloatTensor<Self>, periods: FloatTensor<Self>) -> FloatTensor<Self> {
        trailing::cube::gap_to_mean(x, periods)
    }

    fn count_less(x: FloatTensor<Self>, period: usize) -> FloatTensor<Self> {
        trailing::cube::count_less(x, period)
    }

    fn value_of_rank(x: FloatTensor<Self>, period: usize, rank: usize) -> FloatTensor<Self> {
        trailing::cube::value_of_rank(x, period, rank)
    }

    fn parabolic(
        high: FloatTensor<Self>,
        low: FloatTensor<Self>,
        age: FloatTensor<Self>,
        stops: Stops,
    ) -> FloatTensor<Self> {
        recur::cube::parabolic(high, low, age, stops)
    }

    fn trailing_band(
        high: FloatTensor<Self>,
        low: FloatTensor<Self>,
        close: FloatTensor<Self>,
        width: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        recur::cube::trailing_band(high, low, close, width)
    }

    fn cycle(
        x: FloatTensor<Self>,
        age: FloatTensor<Self>,
        begin: usize,
        wait: usize,
    ) -> FloatTensor<Self> {
        recur::cube::cycle(x, age, begin, wait)
    }

    fn phase(
        x: FloatTensor<Self>,
        age: FloatTensor<Self>,
        period: FloatTensor<Self>,
        begin: usize,
        wait: usize,
    ) -> FloatTensor<Self> {
        recur::cube::phase(x, age, period, begin, wait)
    }

    fn running_max(x: FloatTensor<Self>, keep: FloatTensor<Self>) -> FloatTensor<Self> {
        running::cube::max(x, keep)
    }

    fn windows(
        block: FloatTensor<Self>,
        places: IntTensor<Self>,
        length: usize,
    ) -> FloatTensor<Self> {
        gather::cube::windows(block, places, length)
    }

    fn random_bits(device_of: FloatTensor<Self>, shape: Shape, words: Words) -> IntTensor<Self> {
        random::cube::bits(&device_of, shape, words)
    }

    fn random_draw(
        device_of: FloatTensor<Self>,
        shape: Shape,
        words: Words,
        distribution: Distribution,
    ) -> FloatTensor<Self> {
        random::cube::draw(&device_of, shape, words, distribution)
    }

    fn dropout(x: FloatTensor<Self>, probability: f32, words: Words) -> FloatTensor<Self> {
        random::cube::dropout(x, probability, words)
    }

    fn adamw(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        control: FloatTensor<Self>,
        coefficients: Coefficients,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        adamw::cube::step(weight, gradient, first, second, control, coefficients)
    }

    fn sum_squares(x: FloatTensor<Self>) -> FloatTensor<Self> {
        adamw::cube::sum_squares(x)
    }
}

impl KernelOps for Flex {
    fn linear_scan(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        scan::flex::linear_scan(&a, &b)
    }

    fn rolling(x: FloatTensor<Self>, statistic: Statistic, period: usize) -> FloatTensor<Self> {
        rolling::flex::rolling(&x, statistic, period)
    }

    fn gap_to_mean(x: FloatTensor<Self>, periods: FloatTensor<Self>) -> FloatTensor<Self> {
        trailing::flex::gap_to_mean(&x, &periods)
    }

    fn count_less(x: FloatTensor<Self>, period: usize) -> FloatTensor<Self> {
        trailing::flex::count_less(&x, period)
    }

    fn value_of_rank(x: FloatTensor<Self>, period: usize, rank: usize) -> FloatTensor<Self> {
        trailing::flex::value_of_rank(&x, period, rank)
    }

    fn parabolic(
        high: FloatTensor<Self>,
        low: FloatTensor<Self>,
        age: FloatTensor<Self>,
        stops: Stops,
    ) -> FloatTensor<Self> {
        recur::flex::parabolic(&high, &low, &age, stops)
    }

    fn trailing_band(
        high: FloatTensor<Self>,
        low: FloatTensor<Self>,
        close: FloatTensor<Self>,
        width: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        recur::flex::trailing_band(&high, &low, &close, &width)
    }

    fn cycle(
        x: FloatTensor<Self>,
        age: FloatTensor<Self>,
        begin: usize,
        wait: usize,
    ) -> FloatTensor<Self> {
        recur::flex::cycle(&x, &age, begin, wait)
    }

    fn phase(
        x: FloatTensor<Self>,
        age: FloatTensor<Self>,
        _: FloatTensor<Self>,
        begin: usize,
        wait: usize,
    ) -> FloatTensor<Self> {
        recur::flex::phase(&x, &age, begin, wait)
    }

    fn running_max(x: FloatTensor<Self>, keep: FloatTensor<Self>) -> FloatTensor<Self> {
        running::flex::max(&x, &keep)
    }

    fn windows(
        block: FloatTensor<Self>,
        places: IntTensor<Self>,
        length: usize,
    ) -> FloatTensor<Self> {
        gather::flex::windows(&block, &places, length)
    }

    fn random_bits(_: FloatTensor<Self>, shape: Shape, words: Words) -> IntTensor<Self> {
        random::flex::bits(shape, words)
    }

    fn random_draw(
        _: FloatTensor<Self>,
        shape: Shape,
        words: Words,
        distribution: Distribution,
    ) -> FloatTensor<Self> {
        random::flex::draw(shape, words, distribution)
    }

    fn dropout(x: FloatTensor<Self>, probability: f32, words: Words) -> FloatTensor<Self> {
        random::flex::dropout(&x, probability, words)
    }

    fn adamw(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        control: FloatTensor<Self>,
        coefficients: Coefficients,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        adamw::flex::step(weight, gradient, first, second, &control, coefficients)
    }

    fn sum_squares(x: FloatTensor<Self>) -> FloatTensor<Self> {
        adamw::flex::sum_squares(x)
    }
}

impl<B: KernelOps, C: CheckpointStrategy> KernelOps for Autodiff<B, C> {
    fn linear_scan(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        scan::backward::linear_scan::<B, C>(a, b)
    }

    fn rolling(x: FloatTensor<Self>, statistic: Statistic, period: usize) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::rolling(
            untracked::<B, C>("rolling", x),
            statistic,
            period,
        ))
    }

    fn gap_to_mean(x: FloatTensor<Self>, periods: FloatTensor<Self>) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::gap_to_mean(
            untracked::<B, C>("gap_to_mean", x),
            untracked::<B, C>("gap_to_mean", periods),
        ))
    }

    fn count_less(x: FloatTensor<Self>, period: usize) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::count_less(untracked::<B, C>("count_less", x), period))
    }

    fn value_of_rank(x: FloatTensor<Self>, period: usize, rank: usize) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::value_of_rank(
            untracked::<B, C>("value_of_rank", x),
            period,
            rank,
        ))
    }

    fn parabolic(
        high: FloatTensor<Self>,
        low: FloatTensor<Self>,
        age: FloatTensor<Self>,
        stops: Stops,
    ) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::parabolic(
            untracked::<B, C>("parabolic", high),
            untracked::<B, C>("parabolic", low),
            untracked::<B, C>("parabolic", age),
            stops,
        ))
    }

    fn trailing_band(
        high: FloatTensor<Self>,
        low: FloatTensor<Self>,
        close: FloatTensor<Self>,
        width: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::trailing_band(
            untracked::<B, C>("trailing_band", high),
            untracked::<B, C>("trailing_band", low),
            untracked::<B, C>("trailing_band", close),
            untracked::<B, C>("trailing_band", width),
        ))
    }

    fn cycle(
        x: FloatTensor<Self>,
        age: FloatTensor<Self>,
        begin: usize,
        wait: usize,
    ) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::cycle(
            untracked::<B, C>("cycle", x),
            untracked::<B, C>("cycle", age),
            begin,
            wait,
        ))
    }

    fn phase(
        x: FloatTensor<Self>,
        age: FloatTensor<Self>,
        period: FloatTensor<Self>,
        begin: usize,
        wait: usize,
    ) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::phase(
            untracked::<B, C>("phase", x),
            untracked::<B, C>("phase", age),
            untracked::<B, C>("phase", period),
            begin,
            wait,
        ))
    }

    fn running_max(x: FloatTensor<Self>, keep: FloatTensor<Self>) -> FloatTensor<Self> {
        assert!(
            !x.is_tracked() && !keep.is_tracked(),
            "running max: has no gradient, but an input is tracked; detach it"
        );
        FloatTensor::<Self>::new(B::running_max(x.into_primitive(), keep.into_primitive()))
    }

    fn windows(
        block: FloatTensor<Self>,
        places: IntTensor<Self>,
        length: usize,
    ) -> FloatTensor<Self> {
        assert!(
            !block.is_tracked(),
            "windows: has no gradient, but its block is tracked; detach it"
        );
        FloatTensor::<Self>::new(B::windows(block.into_primitive(), places, length))
    }

    fn random_bits(device_of: FloatTensor<Self>, shape: Shape, words: Words) -> IntTensor<Self> {
        B::random_bits(device_of.into_primitive(), shape, words)
    }

    fn random_draw(
        device_of: FloatTensor<Self>,
        shape: Shape,
        words: Words,
        distribution: Distribution,
    ) -> FloatTensor<Self> {
        let device_of = device_of.into_primitive();
        FloatTensor::<Self>::new(B::random_draw(device_of, shape, words, distribution))
    }

    fn dropout(x: FloatTensor<Self>, probability: f32, words: Words) -> FloatTensor<Self> {
        random::backward::dropout::<B, C>(x, probability, words)
    }

    fn adamw(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        control: FloatTensor<Self>,
        coefficients: Coefficients,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [weight, gradient, first, second, control] = [weight, gradient, first, second, control]
            .map(|tensor| {
                assert!(
                    !tensor.is_tracked(),
                    "adamw: has no gradient, but a tensor is tracked; detach it"
                );
                tensor.into_primitive()
            });
        let (weight, first, second) =
            B::adamw(weight, gradient, first, second, control, coefficients);
        let outside = |tensor| FloatTensor::<Self>::new(tensor);
        (outside(weight), outside(first), outside(second))
    }

    fn sum_squares(x: FloatTensor<Self>) -> FloatTensor<Self> {
        assert!(
            !x.is_tracked(),
            "sum_squares: has no gradient, but its input is tracked; detach it"
        );
        FloatTensor::<Self>::new(B::sum_squares(x.into_primitive()))
    }
}

/// The input of an operation without a gradient.
///
/// # Panics
/// If autodiff tracks it.
fn untracked<B: Backend, C: CheckpointStrategy>(
    operation: &str,
    x: FloatTensor<Autodiff<B, C>>,
) -> FloatTensor<B> {
    assert!(
        !x.is_tracked(),
        "{operation}: has no gradient, but its input is tracked; detach it"
    );
    x.into_primitive()
}

/// # Panics
/// If the tensor is not float32, the only type that the kernels take.
pub(super) fn check_type<const D: usize>(operation: &str, x: &Tensor<D>) {
    assert_eq!(x.dtype(), DType::F32, "{operation}: takes float32 only");
}

/// Cubes of 64 units for `units` units, in a grid whose sides every driver takes (some refuse more
/// than 65,535 cubes in one dimension). Surplus units must return at once.
pub(super) fn grid(units: usize) -> (CubeCount, CubeDim) {
    const SIDE: usize = 32_768;
    let cubes = units.div_ceil(64);
    let height = cubes.div_ceil(SIDE);
    assert!(height <= SIDE, "a kernel of {units} units");
    let count = CubeCount::Static(cubes.min(SIDE) as u32, height as u32, 1);
    (count, CubeDim::new_1d(64))
}

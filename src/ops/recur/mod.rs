//! Recurrences along the bars of a row that are not linear: levels that trail a series and turn with
//! it, and the dominant cycle by filters that follow their own result.
//!
//! Each bar needs the one before, and nothing composes: on GPUs one unit walks over a row, so many
//! rows fill a device and one does not. None has a gradient: they make features, which are constants.
//! The float64 state machines that the CPU runs are public: a caller with one bar at a time has them.

pub(in crate::ops) mod cube;
#[allow(
    clippy::inline_always,
    reason = "a step belongs into its caller's loop"
)]
mod cycle;
pub(in crate::ops) mod flex;
#[allow(
    clippy::inline_always,
    reason = "a step belongs into its caller's loop"
)]
mod stop;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::backend::{KernelOps, check_type};

pub use cycle::{Cycle, Phase, Recent, Wave, mean_of, sines, whole_period};
pub use stop::{Acceleration, Parabolic, Stops, TrailingBand};

/// Wilder's stop and reverse on each row.
///
/// While long the stop lies below the lows and rises by a share of its distance to the highest high,
/// a share that grows with each new one; a low at or below it turns it into a stop above the highs,
/// from the highest high on, and so forth.
/// # Shapes and units
/// - `high`, `low`: `[N, T]`, float32, `high >= low`
/// - `age`: `[N, T]`, bars since a row's or a stretch's first; negative where there is none
/// - returns: `[N, T]`, the stop in the unit of `high`; negated while it lies above
/// # Warm-up
/// NaN where `age < 1`; a stretch starts afresh.
/// # Precision
/// Pairs of float32 on GPUs, float64 on the CPU: a side is taken for another only where a price and
/// a stop differ by less than 1e-12 of themselves without being equal.
/// # Panics
/// If shapes differ or an input is tracked by autodiff.
/// # Source
/// Wilder (1978); oracle: [`Parabolic`].
pub fn parabolic(high: Tensor<2>, low: Tensor<2>, age: Tensor<2>, stops: Stops) -> Tensor<2> {
    check("parabolic", &[&high, &low, &age]);
    if high.shape().num_elements() == 0 {
        return high;
    }
    Tensor::from_dispatch(Dispatch::parabolic(
        high.into_dispatch(),
        low.into_dispatch(),
        age.into_dispatch(),
        stops,
    ))
}

/// Two bands at a distance from the middle of each bar that only close in on the series, until a
/// close beyond one of them lets it go.
///
/// # Shapes and units
/// - `high`, `low`, `close`: `[N, T]`, float32
/// - `width`: `[N, T]`, the bands' distance from `(high + low) / 2`; NaN where there is none, and a
///   stretch of bars starts afresh behind it
/// - returns: the band on the side away from the trend, and 1 in a rising trend or -1 in a falling
///   one, `[N, T]` each; NaN where `width` is
/// # Precision
/// As [`parabolic`]; `width` itself is float32.
/// # Panics
/// If shapes differ or an input is tracked by autodiff.
/// # Source
/// Oracle: [`TrailingBand`].
pub fn trailing_band(
    high: Tensor<2>,
    low: Tensor<2>,
    close: Tensor<2>,
    width: Tensor<2>,
) -> [Tensor<2>; 2] {
    check("trailing_band", &[&high, &low, &close, &width]);
    if high.shape().num_elements() == 0 {
        return [high, low];
    }
    planes(Tensor::from_dispatch(Dispatch::trailing_band(
        high.into_dispatch(),
        low.into_dispatch(),
        close.into_dispatch(),
        width.into_dispatch(),
    )))
}

/// The dominant cycle of each row.
#[derive(Clone, Debug)]
pub struct Waves {
    /// The component in phase, in the unit of the series.
    pub in_phase: Tensor<2>,
    /// The component a quarter of a cycle behind.
    pub quadrature: Tensor<2>,
    /// The cycle's length in bars, smoothed.
    pub period: Tensor<2>,
    /// The angle of the two components in degrees, -90 to 90; 0 where the first is 0.
    pub angle: Tensor<2>,
}

/// The dominant cycle of each row by Ehlers' Hilbert transform.
///
/// # Shapes and units
/// - `x`: `[N, T]`, float32
/// - `age`: `[N, T]`, bars since a row's or a stretch's first; negative where there is none
/// - `begin`: the age of the first value that is defined; what is before may be anything
/// - `wait`: values from there on before the filters start, which take what is before for 0
/// - returns: `[N, T]` each; NaN where `age < begin + wait`
/// # Precision
/// float32 on GPUs, from differences of `x`, so that its level costs nothing. The period jumps where
/// an angle passes 0: a rounding error of 1e-6 of the angle takes about one bar in a million to
/// the other side, from where the filters return within some fifty bars.
/// # Panics
/// If shapes differ, `wait` is below 9, or an input is tracked by autodiff.
/// # Source
/// Ehlers (2001); oracle: [`Cycle`].
pub fn cycle(x: Tensor<2>, age: Tensor<2>, begin: usize, wait: usize) -> Waves {
    check("cycle", &[&x, &age]);
    assert!(wait >= 9, "cycle: {wait} values before the start, not 9");
    let [in_phase, quadrature, period, angle] = if x.shape().num_elements() == 0 {
        std::array::from_fn(|_| x.clone())
    } else {
        planes(Tensor::from_dispatch(Dispatch::cycle(
            x.into_dispatch(),
            age.into_dispatch(),
            begin,
            wait,
        )))
    };
    Waves {
        in_phase,
        quadrature,
        period,
        angle,
    }
}

/// Where each bar is in the row's dominant cycle: the angle of the last cycle's first harmonic.
///
/// # Shapes and units
/// - `x`, `age`, `begin`, `wait`: as in [`cycle`]
/// - `period`: `[N, T]`, its period
/// - returns: the phase in degrees, up to 315, its sine, and the sine of 45 degrees more
/// # Edge cases
/// Where `x` stands still for a whole cycle there is no harmonic: on the CPU its angle is that of
/// rounding residues, as in TA-Lib, on GPUs it is 0.
/// # Precision
/// As [`cycle`]; where the phase passes 315 degrees it jumps by a whole circle.
/// # Panics
/// As [`cycle`].
/// # Source
/// Ehlers (2001); oracle: [`Phase`].
pub fn phase(
    x: Tensor<2>,
    age: Tensor<2>,
    period: Tensor<2>,
    begin: usize,
    wait: usize,
) -> [Tensor<2>; 3] {
    check("phase", &[&x, &age, &period]);
    assert!(wait >= 9, "phase: {wait} values before the start, not 9");
    if x.shape().num_elements() == 0 {
        return std::array::from_fn(|_| x.clone());
    }
    planes(Tensor::from_dispatch(Dispatch::phase(
        x.into_dispatch(),
        age.into_dispatch(),
        period.into_dispatch(),
        begin,
        wait,
    )))
}

fn check(operation: &str, inputs: &[&Tensor<2>]) {
    for input in inputs {
        assert_eq!(
            input.dims(),
            inputs[0].dims(),
            "{operation}: shapes of inputs differ"
        );
        check_type(operation, input);
    }
}

/// The planes of a stack.
fn planes<const K: usize>(stack: Tensor<3>) -> [Tensor<2>; K] {
    let [_, rows, bars] = stack.dims();
    std::array::from_fn(|plane| stack.clone().narrow(0, plane, 1).reshape([rows, bars]))
}

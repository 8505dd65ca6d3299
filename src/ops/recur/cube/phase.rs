//! The phase: no bar needs another's, so every bar has its unit.

use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::{dims, empty};
use crate::ops::backend::grid;
use crate::ops::compensated::NAN_BITS;

pub(in crate::ops) fn phase(
    x: CubeTensor,
    age: CubeTensor,
    period: CubeTensor,
    begin: usize,
    wait: usize,
) -> CubeTensor {
    let (x, age) = (into_contiguous(x), into_contiguous(age));
    let period = into_contiguous(period);
    let [rows, bars] = dims(&x);
    let y = empty(&x, [3, rows, bars]);
    let (count, dim) = grid(rows * bars);
    kernel::phase::launch(
        &y.client,
        count,
        dim,
        x.into_tensor_arg(),
        age.into_tensor_arg(),
        period.into_tensor_arg(),
        y.clone().into_tensor_arg(),
        rows * bars,
        (begin + wait) as f32,
        NAN_BITS,
    );
    y
}

mod kernel {
    use cubecl::prelude::*;

    use super::super::math::{DEGREES, arctangent, sine};

    /// The harmonic's sums by Horner's rule from the oldest bar on: only one bar's rotation is
    /// needed. Values are taken relative to the newest: a whole circle of a constant is 0.
    #[cube(launch)]
    pub(super) fn phase(
        x: &Tensor<f32>,
        age: &Tensor<f32>,
        period: &Tensor<f32>,
        y: &mut Tensor<f32>,
        plane: usize,
        start: f32,
        nan_bits: u32,
    ) {
        let at = ABSOLUTE_POS;
        if at >= plane {
            terminate!();
        }
        let since = age[at] - start;
        if since < 0.0f32 {
            let nan = f32::reinterpret(nan_bits);
            y[at] = nan;
            y[plane + at] = nan;
            y[2 * plane + at] = nan;
        } else {
            let newest = x[at];
            let bars = u32::cast_from(period[at] + 0.5f32);
            let turn = 360.0f32 / f32::cast_from(select(bars == 0u32, 1u32, bars));
            let rotated_cosine = sine(turn + 90.0f32);
            let rotated_sine = sine(turn);
            let mut cosines = 0.0f32;
            let mut sines = 0.0f32;
            for k in 0..bars {
                let back = bars - 1u32 - k;
                // Before the start the smoothed series is 0.
                let mut value = -newest;
                if f32::cast_from(back) <= since {
                    let place = at - usize::cast_from(back);
                    value = 0.4f32 * (x[place] - newest)
                        + 0.3f32 * (x[place - 1] - newest)
                        + 0.2f32 * (x[place - 2] - newest)
                        + 0.1f32 * (x[place - 3] - newest);
                }
                let turned = cosines * rotated_cosine - sines * rotated_sine + value;
                sines = sines * rotated_cosine + cosines * rotated_sine;
                cosines = turned;
            }
            let mut angle = arctangent(sines, cosines) * DEGREES + 90.0f32 + 360.0f32 / period[at];
            if cosines < 0.0f32 {
                angle += 180.0f32;
            }
            if angle > 315.0f32 {
                angle -= 360.0f32;
            }
            y[at] = angle;
            y[plane + at] = sine(angle);
            y[2 * plane + at] = sine(angle + 45.0f32);
        }
    }
}

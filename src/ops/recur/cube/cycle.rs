//! The Hilbert transform.

use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::{dims, empty, pieces};
use crate::ops::backend::grid;
use crate::ops::compensated::NAN_BITS;

pub(in crate::ops) fn cycle(
    x: CubeTensor,
    age: CubeTensor,
    begin: usize,
    wait: usize,
) -> CubeTensor {
    let (x, age) = (into_contiguous(x), into_contiguous(age));
    let [rows, bars] = dims(&x);
    let y = empty(&x, [4, rows, bars]);
    let states = empty(&x, [rows, kernel::FIELDS]);
    let (count, dim) = grid(rows);
    pieces(bars, |first, last| {
        kernel::cycle::launch(
            &y.client,
            count.clone(),
            dim,
            x.clone().into_tensor_arg(),
            age.clone().into_tensor_arg(),
            states.clone().into_tensor_arg(),
            y.clone().into_tensor_arg(),
            rows,
            bars,
            first,
            last,
            (begin + wait) as f32,
            NAN_BITS,
            first > 0,
        );
    });
    y
}

mod kernel {
    use cubecl::prelude::*;

    use super::super::math::{DEGREES, absolute, arctangent};

    /// Of a row, between two pieces.
    pub(super) const FIELDS: usize = 22;

    /// Beyond it the two correlations are what a series that stands still has left, and their
    /// ratio, which no longer changes, would be lost to underflow.
    const NOTHING: f32 = 1e-30;

    /// Two differences over the filter's four places, weighed.
    #[cube]
    fn transform(newest: f32, two: f32, four: f32, six: f32, gain: f32) -> f32 {
        (0.0962f32 * (newest - six) + 0.5769f32 * (two - four)) * gain
    }

    /// 4, 3, 2, 1 tenths.
    #[cube]
    fn smoothed(newest: f32, one: f32, two: f32, three: f32) -> f32 {
        0.4f32 * newest + 0.3f32 * one + 0.2f32 * two + 0.1f32 * three
    }

    #[cube(launch)]
    pub(super) fn cycle(
        x: &Tensor<f32>,
        age: &Tensor<f32>,
        states: &mut Tensor<f32>,
        y: &mut Tensor<f32>,
        rows: usize,
        bars: usize,
        first: usize,
        last: usize,
        start: f32,
        nan_bits: u32,
        #[comptime] carried: bool,
    ) {
        let row = ABSOLUTE_POS;
        if row >= rows {
            terminate!();
        }
        let nan = f32::reinterpret(nan_bits);
        let plane = rows * bars;
        let state = row * 22;
        // The detrended series 1 to 9 bars before, and the quadrature 1 to 6.
        let mut d1 = 0.0f32;
        let mut d2 = 0.0f32;
        let mut d3 = 0.0f32;
        let mut d4 = 0.0f32;
        let mut d5 = 0.0f32;
        let mut d6 = 0.0f32;
        let mut d7 = 0.0f32;
        let mut d8 = 0.0f32;
        let mut d9 = 0.0f32;
        let mut q1 = 0.0f32;
        let mut q2 = 0.0f32;
        let mut q3 = 0.0f32;
        let mut q4 = 0.0f32;
        let mut q5 = 0.0f32;
        let mut q6 = 0.0f32;
        let mut component_i = 0.0f32;
        let mut component_q = 0.0f32;
        let mut real = 0.0f32;
        let mut imaginary = 0.0f32;
        let mut period = 0.0f32;
        let mut smooth_period = 0.0f32;
        let mut scale = 1.0f32;
        if comptime!(carried) {
            d1 = states[state];
            d2 = states[state + 1];
            d3 = states[state + 2];
            d4 = states[state + 3];
            d5 = states[state + 4];
            d6 = states[state + 5];
            d7 = states[state + 6];
            d8 = states[state + 7];
            d9 = states[state + 8];
            q1 = states[state + 9];
            q2 = states[state + 10];
            q3 = states[state + 11];
            q4 = states[state + 12];
            q5 = states[state + 13];
            q6 = states[state + 14];
            component_i = states[state + 15];
            component_q = states[state + 16];
            real = states[state + 17];
            imaginary = states[state + 18];
            period = states[state + 19];
            smooth_period = states[state + 20];
            scale = states[state + 21];
        }
        for t in first..last {
            let at = row * bars + t;
            let since = age[at] - start;
            if since < 0.0f32 {
                y[at] = nan;
                y[plane + at] = nan;
                y[2 * plane + at] = nan;
                y[3 * plane + at] = nan;
            } else {
                if since == 0.0f32 {
                    d1 = 0.0f32;
                    d2 = 0.0f32;
                    d3 = 0.0f32;
                    d4 = 0.0f32;
                    d5 = 0.0f32;
                    d6 = 0.0f32;
                    d7 = 0.0f32;
                    d8 = 0.0f32;
                    d9 = 0.0f32;
                    q1 = 0.0f32;
                    q2 = 0.0f32;
                    q3 = 0.0f32;
                    q4 = 0.0f32;
                    q5 = 0.0f32;
                    q6 = 0.0f32;
                    component_i = 0.0f32;
                    component_q = 0.0f32;
                    real = 0.0f32;
                    imaginary = 0.0f32;
                    period = 0.0f32;
                    smooth_period = 0.0f32;
                    // Squares of small prices would underflow.
                    let level = absolute(x[at]);
                    scale = select(level > 0.0f32, level, 1.0f32);
                }
                // What is before the start counts as 0.
                let has_two = since >= 2.0f32;
                let has_four = since >= 4.0f32;
                let has_six = since >= 6.0f32;
                let two = x[at - 2];
                let three = x[at - 3];
                let four = x[at - 4];
                let five = x[at - 5];
                let six = x[at - 6];
                let seven = x[at - 7];
                // Differences of neighbouring values are exact, smoothed levels are not.
                let outer = smoothed(
                    x[at] - select(has_six, six, 0.0f32),
                    x[at - 1] - select(has_six, seven, 0.0f32),
                    two - select(has_six, x[at - 8], 0.0f32),
                    three - select(has_six, x[at - 9], 0.0f32),
                );
                let inner = smoothed(
                    select(has_two, two, 0.0f32) - select(has_four, four, 0.0f32),
                    select(has_two, three, 0.0f32) - select(has_four, five, 0.0f32),
                    select(has_two, four, 0.0f32) - select(has_four, six, 0.0f32),
                    select(has_two, five, 0.0f32) - select(has_four, seven, 0.0f32),
                );
                let gain = 0.075f32 * period + 0.54f32;
                let detrended = (0.0962f32 * outer + 0.5769f32 * inner) / scale * gain;
                let quadrature = transform(detrended, d2, d4, d6, gain);
                let in_phase = d3;
                let ahead_i = transform(d3, d5, d7, d9, gain);
                let ahead_q = transform(quadrature, q2, q4, q6, gain);
                let new_q = 0.2f32 * (quadrature + ahead_i) + 0.8f32 * component_q;
                let new_i = 0.2f32 * (in_phase - ahead_q) + 0.8f32 * component_i;
                real = 0.2f32 * (new_i * component_i + new_q * component_q) + 0.8f32 * real;
                imaginary =
                    0.2f32 * (new_i * component_q - new_q * component_i) + 0.8f32 * imaginary;
                component_i = new_i;
                component_q = new_q;
                let mut found = period;
                if absolute(real) > NOTHING && absolute(imaginary) > NOTHING {
                    found = 6.283_185_5f32 / arctangent(imaginary, real);
                }
                found = select(found > 1.5f32 * period, 1.5f32 * period, found);
                found = select(found < 0.67f32 * period, 0.67f32 * period, found);
                found = select(found < 6.0f32, 6.0f32, found);
                found = select(found > 50.0f32, 50.0f32, found);
                period = 0.2f32 * found + 0.8f32 * period;
                smooth_period = 0.33f32 * period + 0.67f32 * smooth_period;
                d9 = d8;
                d8 = d7;
                d7 = d6;
                d6 = d5;
                d5 = d4;
                d4 = d3;
                d3 = d2;
                d2 = d1;
                d1 = detrended;
                q6 = q5;
                q5 = q4;
                q4 = q3;
                q3 = q2;
                q2 = q1;
                q1 = quadrature;
                y[at] = in_phase * scale;
                y[plane + at] = quadrature * scale;
                y[2 * plane + at] = smooth_period;
                let angle = arctangent(quadrature, in_phase) * DEGREES;
                y[3 * plane + at] = select(in_phase == 0.0f32, 0.0f32, angle);
            }
        }
        states[state] = d1;
        states[state + 1] = d2;
        states[state + 2] = d3;
        states[state + 3] = d4;
        states[state + 4] = d5;
        states[state + 5] = d6;
        states[state + 6] = d7;
        states[state + 7] = d8;
        states[state + 8] = d9;
        states[state + 9] = q1;
        states[state + 10] = q2;
        states[state + 11] = q3;
        states[state + 12] = q4;
        states[state + 13] = q5;
        states[state + 14] = q6;
        states[state + 15] = component_i;
        states[state + 16] = component_q;
        states[state + 17] = real;
        states[state + 18] = imaginary;
        states[state + 19] = period;
        states[state + 20] = smooth_period;
        states[state + 21] = scale;
    }
}

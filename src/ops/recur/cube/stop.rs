//! Levels that trail. They are pairs of float32: whether a value has reached its level is the
//! question, and a wrong answer is not a small error.

use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::super::stop::{Acceleration, Stops};
use super::{dims, empty, pieces};
use crate::ops::backend::grid;
use crate::ops::compensated::NAN_BITS;

pub(in crate::ops) fn parabolic(
    high: CubeTensor,
    low: CubeTensor,
    age: CubeTensor,
    stops: Stops,
) -> CubeTensor {
    let (high, low) = (into_contiguous(high), into_contiguous(low));
    let age = into_contiguous(age);
    let [rows, bars] = dims(&high);
    let y = empty(&high, [rows, bars]);
    let states = empty(&high, [rows, kernel::FIELDS]);
    let (count, dim) = grid(rows);
    let launch_side = |side: Acceleration| {
        let side = side.limited();
        let [first, step, most] = [side.first, side.step, side.most].map(split);
        kernel::SideLaunch::new(first[0], first[1], step[0], step[1], most[0], most[1])
    };
    let offset = split(stops.offset);
    pieces(bars, |first, last| {
        kernel::parabolic::launch(
            &y.client,
            count.clone(),
            dim,
            high.clone().into_tensor_arg(),
            low.clone().into_tensor_arg(),
            age.clone().into_tensor_arg(),
            states.clone().into_tensor_arg(),
            y.clone().into_tensor_arg(),
            launch_side(stops.long),
            launch_side(stops.short),
            stops.start as f32,
            offset[0],
            offset[1],
            rows,
            bars,
            first,
            last,
            NAN_BITS,
            0,
            first > 0,
        );
    });
    y
}

/// A float64 as a pair of float32.
fn split(x: f64) -> [f32; 2] {
    let high = x as f32;
    [high, (x - f64::from(high)) as f32]
}

pub(in crate::ops) fn trailing_band(
    high: CubeTensor,
    low: CubeTensor,
    close: CubeTensor,
    width: CubeTensor,
) -> CubeTensor {
    let (high, low) = (into_contiguous(high), into_contiguous(low));
    let (close, width) = (into_contiguous(close), into_contiguous(width));
    let [rows, bars] = dims(&high);
    let y = empty(&high, [2, rows, bars]);
    let states = empty(&high, [rows, kernel::BAND_FIELDS]);
    let (count, dim) = grid(rows);
    pieces(bars, |first, last| {
        kernel::trailing_band::launch(
            &y.client,
            count.clone(),
            dim,
            high.clone().into_tensor_arg(),
            low.clone().into_tensor_arg(),
            close.clone().into_tensor_arg(),
            width.clone().into_tensor_arg(),
            states.clone().into_tensor_arg(),
            y.clone().into_tensor_arg(),
            rows,
            bars,
            first,
            last,
            NAN_BITS,
            0,
            first > 0,
        );
    });
    y
}

mod kernel {
    use cubecl::prelude::*;

    use crate::ops::compensated::{Pair, add, is_nan, multiply, opaque, pair, sum_error};

    /// Of a row, between two pieces.
    pub(super) const FIELDS: usize = 6;
    /// The same for the bands.
    pub(super) const BAND_FIELDS: usize = 6;

    /// The factors of one side, pairs.
    #[derive(CubeType, CubeLaunch, Clone, Copy)]
    pub(super) struct Side {
        first: f32,
        first_low: f32,
        step: f32,
        step_low: f32,
        most: f32,
        most_low: f32,
    }

    #[cube]
    fn less(high: f32, low: f32, other_high: f32, other_low: f32) -> bool {
        high < other_high || (high == other_high && low < other_low)
    }

    /// The lesser of a pair and a value.
    #[cube]
    fn at_most(high: f32, low: f32, x: f32) -> Pair {
        let smaller = less(high, low, x, 0.0f32);
        Pair {
            high: select(smaller, high, x),
            low: select(smaller, low, 0.0f32),
        }
    }

    /// The sum of two pairs.
    #[cube]
    fn sum(high: f32, low: f32, other_high: f32, other_low: f32, zero: u32) -> Pair {
        let whole = add(high, low, other_high, zero);
        pair(whole.high, whole.low + other_low, zero)
    }

    /// The product of two pairs.
    #[cube]
    fn product(high: f32, low: f32, other_high: f32, other_low: f32, zero: u32) -> Pair {
        let whole = multiply(high, low, other_high, zero);
        pair(whole.high, whole.low + high * other_low, zero)
    }

    /// The extreme nearer to the stop, as if long.
    #[cube]
    fn nearer(side: f32, high: f32, low: f32) -> f32 {
        select(side > 0.0f32, low, -high)
    }

    /// The one farther away, as if long.
    #[cube]
    fn farther(side: f32, high: f32, low: f32) -> f32 {
        select(side > 0.0f32, high, -low)
    }

    /// Everything is kept as if long: while short, values are multiplied by -1.
    #[cube(launch)]
    pub(super) fn parabolic(
        high: &Tensor<f32>,
        low: &Tensor<f32>,
        age: &Tensor<f32>,
        states: &mut Tensor<f32>,
        y: &mut Tensor<f32>,
        long: Side,
        short: Side,
        start: f32,
        offset: f32,
        offset_low: f32,
        rows: usize,
        bars: usize,
        first: usize,
        last: usize,
        nan_bits: u32,
        zero: u32,
        #[comptime] carried: bool,
    ) {
        let row = ABSOLUTE_POS;
        if row >= rows {
            terminate!();
        }
        let nan = f32::reinterpret(nan_bits);
        let state = row * 6;
        let mut side = 1.0f32;
        let mut factor = 0.0f32;
        let mut factor_low = 0.0f32;
        let mut extreme = 0.0f32;
        let mut stop = 0.0f32;
        let mut stop_low = 0.0f32;
        if comptime!(carried) {
            side = states[state];
            factor = states[state + 1];
            factor_low = states[state + 2];
            extreme = states[state + 3];
            stop = states[state + 4];
            stop_low = states[state + 5];
        }
        for t in first..last {
            let at = row * bars + t;
            let bar = age[at];
            if bar < 1.0f32 {
                y[at] = nan;
            } else {
                let top = high[at];
                let bottom = low[at];
                let mut top_before = high[at - 1];
                let mut bottom_before = low[at - 1];
                if bar == 1.0f32 {
                    let up = top - top_before;
                    let down = bottom_before - bottom;
                    let falls = select(start == 0.0f32, down > 0.0f32 && up < down, start < 0.0f32);
                    side = select(falls, -1.0f32, 1.0f32);
                    factor = select(falls, short.first, long.first);
                    factor_low = select(falls, short.first_low, long.first_low);
                    let near = nearer(side, top_before, bottom_before);
                    stop = select(start == 0.0f32, near, start);
                    stop_low = 0.0f32;
                    extreme = farther(side, top, bottom);
                    top_before = top;
                    bottom_before = bottom;
                }
                let reached = !less(stop, stop_low, nearer(side, top, bottom), 0.0f32);
                if reached {
                    side = -side;
                    let limited =
                        at_most(-extreme, 0.0f32, nearer(side, top_before, bottom_before));
                    let turned = at_most(limited.high, limited.low, nearer(side, top, bottom));
                    stop = turned.high;
                    stop_low = 0.0f32;
                    if offset != 0.0f32 {
                        let sign = select(stop < 0.0f32, 1.0f32, -1.0f32);
                        let away = product(offset, offset_low, sign * stop, 0.0f32, zero);
                        let moved = add(away.high, away.low, stop, zero);
                        stop = moved.high;
                        stop_low = moved.low;
                    }
                    factor = select(side > 0.0f32, long.first, short.first);
                    factor_low = select(side > 0.0f32, long.first_low, short.first_low);
                    extreme = farther(side, top, bottom);
                } else if farther(side, top, bottom) > extreme {
                    extreme = farther(side, top, bottom);
                    let step = select(side > 0.0f32, long.step, short.step);
                    let step_low = select(side > 0.0f32, long.step_low, short.step_low);
                    let most = select(side > 0.0f32, long.most, short.most);
                    let most_low = select(side > 0.0f32, long.most_low, short.most_low);
                    let faster = sum(factor, factor_low, step, step_low, zero);
                    let within = less(faster.high, faster.low, most, most_low);
                    factor = select(within, faster.high, most);
                    factor_low = select(within, faster.low, most_low);
                }
                y[at] = stop;
                let distance = add(-stop, -stop_low, extreme, zero);
                let step = product(distance.high, distance.low, factor, factor_low, zero);
                let moved = sum(step.high, step.low, stop, stop_low, zero);
                let limited = at_most(
                    moved.high,
                    moved.low,
                    nearer(side, top_before, bottom_before),
                );
                let next = at_most(limited.high, limited.low, nearer(side, top, bottom));
                stop = next.high;
                stop_low = next.low;
            }
        }
        states[state] = side;
        states[state + 1] = factor;
        states[state + 2] = factor_low;
        states[state + 3] = extreme;
        states[state + 4] = stop;
        states[state + 5] = stop_low;
    }

    #[cube(launch)]
    pub(super) fn trailing_band(
        high: &Tensor<f32>,
        low: &Tensor<f32>,
        close: &Tensor<f32>,
        width: &Tensor<f32>,
        states: &mut Tensor<f32>,
        y: &mut Tensor<f32>,
        rows: usize,
        bars: usize,
        first: usize,
        last: usize,
        nan_bits: u32,
        zero: u32,
        #[comptime] carried: bool,
    ) {
        let row = ABSOLUTE_POS;
        if row >= rows {
            terminate!();
        }
        let nan = f32::reinterpret(nan_bits);
        let plane = rows * bars;
        let state = row * 6;
        let mut upper = 0.0f32;
        let mut upper_low = 0.0f32;
        let mut lower = 0.0f32;
        let mut lower_low = 0.0f32;
        // 0 before the first bar, 1 in a rising trend, -1 in a falling one.
        let mut trend = 0.0f32;
        let mut before = 0.0f32;
        if comptime!(carried) {
            upper = states[state];
            upper_low = states[state + 1];
            lower = states[state + 2];
            lower_low = states[state + 3];
            trend = states[state + 4];
            before = states[state + 5];
        }
        for t in first..last {
            let at = row * bars + t;
            let distance = width[at];
            if is_nan(distance) {
                trend = 0.0f32;
                y[at] = nan;
                y[plane + at] = nan;
            } else {
                // Halves are exact.
                let top = 0.5f32 * high[at];
                let bottom = 0.5f32 * low[at];
                let middle = opaque(top + bottom, zero);
                let rest = sum_error(top, bottom, middle, zero);
                let new_upper = add(middle, rest, distance, zero);
                let new_lower = add(middle, rest, -distance, zero);
                let begins = trend == 0.0f32;
                let closer = less(new_upper.high, new_upper.low, upper, upper_low);
                let let_go = less(upper, upper_low, before, 0.0f32);
                if begins || closer || let_go {
                    upper = new_upper.high;
                    upper_low = new_upper.low;
                }
                let closer = less(lower, lower_low, new_lower.high, new_lower.low);
                let let_go = less(before, 0.0f32, lower, lower_low);
                if begins || closer || let_go {
                    lower = new_lower.high;
                    lower_low = new_lower.low;
                }
                before = close[at];
                let falls = less(before, 0.0f32, lower, lower_low);
                let rises = less(upper, upper_low, before, 0.0f32);
                let ends = (trend > 0.0f32 && falls) || (trend < 0.0f32 && rises);
                trend = select(begins, 1.0f32, select(ends, -trend, trend));
                y[at] = select(trend > 0.0f32, lower, upper);
                y[plane + at] = trend;
            }
        }
        states[state] = upper;
        states[state + 1] = upper_low;
        states[state + 2] = lower;
        states[state + 3] = lower_low;
        states[state + 4] = trend;
        states[state + 5] = before;
    }
}

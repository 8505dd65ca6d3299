//! The kernels. A unit makes the windows that end in one stretch of `period` bars: it walks
//! backwards over the stretch before, leaving each suffix where the window that starts with it
//! ends, then forwards over its own, merging.

use burn::backend::TensorMetadata;
use burn::tensor::DType;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_dtype;
use burn_cubecl::tensor::CubeTensor;

use super::Statistic;
use crate::ops::backend::grid;
use crate::ops::compensated::NAN_BITS;

pub(in crate::ops) fn rolling(x: CubeTensor, statistic: Statistic, period: usize) -> CubeTensor {
    let x = into_contiguous(x);
    let shape = x.shape();
    let [rows, bars] = [shape[0], shape[1]];
    let empty = || {
        empty_device_dtype(
            x.client.clone(),
            x.device.clone(),
            shape.clone(),
            DType::F32,
        )
    };
    let y = empty();
    let client = y.client.clone();
    // No window is whole in a period beyond the end; the stretch stays one that units can count.
    let (period, divisor) = if period > bars {
        (bars + 1, f32::NAN)
    } else {
        (period, 1.0)
    };
    let units = rows * bars.div_ceil(period);
    let (count, dim) = grid(units);
    let result = y.clone().into_tensor_arg();
    let count_f32 = period as f32;
    match statistic {
        Statistic::Sum | Statistic::Mean => {
            let divisor = if statistic == Statistic::Mean {
                count_f32
            } else {
                divisor
            };
            let input = x.into_tensor_arg();
            kernel::sums::launch(
                &client, count, dim, input, result, units, bars, period, divisor, NAN_BITS, 0,
            );
        }
        Statistic::Max | Statistic::Min => {
            let least = statistic == Statistic::Min;
            let input = x.into_tensor_arg();
            kernel::extremes::launch(
                &client, count, dim, input, result, units, bars, period, NAN_BITS, least,
            );
        }
        Statistic::Variance { ddof } => {
            let defined = ddof < period;
            let divisor = if defined { (period - ddof) as f32 } else { 1.0 };
            let means = empty().into_tensor_arg();
            let input = x.into_tensor_arg();
            kernel::variances::launch(
                &client,
                count,
                dim,
                input,
                means,
                result,
                units,
                bars,
                period,
                divisor,
                u32::from(defined),
                NAN_BITS,
                0,
            );
        }
        Statistic::WeightedMean => {
            let divisor = count_f32 * (count_f32 + 1.0) / 2.0;
            let input = x.into_tensor_arg();
            kernel::weighted_means::launch(
                &client, count, dim, input, result, units, bars, period, divisor, NAN_BITS, 0,
            );
        }
    }
    y
}

mod kernel {
    use cubecl::prelude::*;

    use crate::ops::compensated::{add, is_nan, opaque};

    #[cube(launch)]
    pub(super) fn sums(
        x: &Tensor<f32>,
        y: &mut Tensor<f32>,
        units: usize,
        bars: usize,
        period: usize,
        divisor: f32,
        nan_bits: u32,
        zero: u32,
    ) {
        let unit = ABSOLUTE_POS;
        if unit >= units {
            terminate!();
        }
        let blocks = bars.div_ceil(period);
        let row = (unit / blocks) * bars;
        let start = (unit % blocks) * period;
        let nan = f32::reinterpret(nan_bits);
        let mut high = 0.0f32;
        let mut low = 0.0f32;
        let mut poisoned = false;
        if start > 0 {
            for j in 1..period {
                let value = x[row + start - j];
                poisoned = poisoned || is_nan(value);
                let sum = add(high, low, value, zero);
                high = sum.high;
                low = sum.low;
                let t = start + period - 1 - j;
                if t < bars {
                    y[row + t] = select(poisoned, nan, high);
                }
            }
        }
        high = 0.0f32;
        low = 0.0f32;
        poisoned = false;
        let mut end = start + period;
        if end > bars {
            end = bars;
        }
        for t in start..end {
            let value = x[row + t];
            poisoned = poisoned || is_nan(value);
            let sum = add(high, low, value, zero);
            high = sum.high;
            low = sum.low;
            let whole = t + 1 == start + period;
            let mut total = high;
            let mut undefined = poisoned;
            if !whole {
                let before = y[row + t];
                if start > 0 {
                    undefined = undefined || is_nan(before);
                    total = add(high, low, before, zero).high;
                } else {
                    undefined = true;
                }
            }
            y[row + t] = select(undefined, nan, total / divisor);
        }
    }

    #[cube(launch)]
    pub(super) fn extremes(
        x: &Tensor<f32>,
        y: &mut Tensor<f32>,
        units: usize,
        bars: usize,
        period: usize,
        nan_bits: u32,
        #[comptime] least: bool,
    ) {
        let unit = ABSOLUTE_POS;
        if unit >= units {
            terminate!();
        }
        let blocks = bars.div_ceil(period);
        let row = (unit / blocks) * bars;
        let start = (unit % blocks) * period;
        let nan = f32::reinterpret(nan_bits);
        let mut poisoned = false;
        if start > 0 {
            let mut extreme = x[row + start - 1];
            for j in 1..period {
                let value = x[row + start - j];
                poisoned = poisoned || is_nan(value);
                extreme = further(extreme, value, least);
                let t = start + period - 1 - j;
                if t < bars {
                    y[row + t] = select(poisoned, nan, extreme);
                }
            }
        }
        let mut extreme = x[row + start];
        poisoned = false;
        let mut end = start + period;
        if end > bars {
            end = bars;
        }
        for t in start..end {
            let value = x[row + t];
            poisoned = poisoned || is_nan(value);
            extreme = further(extreme, value, least);
            let mut total = extreme;
            let mut undefined = poisoned;
            if t + 1 != start + period {
                let before = y[row + t];
                undefined = undefined || start == 0 || is_nan(before);
                total = further(before, extreme, least);
            }
            y[row + t] = select(undefined, nan, total);
        }
    }

    #[cube]
    fn further(a: f32, b: f32, #[comptime] least: bool) -> f32 {
        if comptime!(least) {
            select(b < a, b, a)
        } else {
            select(b > a, b, a)
        }
    }

    /// Deviations are taken from the first bar of the unit's stretch, which every one of its
    /// windows holds.
    #[cube(launch)]
    pub(super) fn variances(
        x: &Tensor<f32>,
        means: &mut Tensor<f32>,
        y: &mut Tensor<f32>,
        units: usize,
        bars: usize,
        period: usize,
        divisor: f32,
        defined: u32,
        nan_bits: u32,
        zero: u32,
    ) {
        let unit = ABSOLUTE_POS;
        if unit >= units {
            terminate!();
        }
        let blocks = bars.div_ceil(period);
        let row = (unit / blocks) * bars;
        let start = (unit % blocks) * period;
        let nan = f32::reinterpret(nan_bits);
        let reference = x[row + start];
        let mut mean_high = 0.0f32;
        let mut mean_low = 0.0f32;
        let mut high = 0.0f32;
        let mut low = 0.0f32;
        let mut poisoned = false;
        if start > 0 {
            for j in 1..period {
                let value = x[row + start - j];
                poisoned = poisoned || is_nan(value);
                let deviation = value - reference;
                let apart = opaque(deviation - mean_high, zero) - mean_low;
                let mean = add(mean_high, mean_low, apart / f32::cast_from(j), zero);
                mean_high = mean.high;
                mean_low = mean.low;
                let left = opaque(deviation - mean_high, zero) - mean_low;
                let squares = add(high, low, apart * left, zero);
                high = squares.high;
                low = squares.low;
                let t = start + period - 1 - j;
                if t < bars {
                    y[row + t] = select(poisoned, nan, high);
                    means[row + t] = mean_high;
                }
            }
        }
        mean_high = 0.0f32;
        mean_low = 0.0f32;
        high = 0.0f32;
        low = 0.0f32;
        poisoned = false;
        let mut end = start + period;
        if end > bars {
            end = bars;
        }
        for t in start..end {
            let value = x[row + t];
            poisoned = poisoned || is_nan(value);
            let newer = t + 1 - start;
            let deviation = value - reference;
            let apart = opaque(deviation - mean_high, zero) - mean_low;
            let mean = add(mean_high, mean_low, apart / f32::cast_from(newer), zero);
            mean_high = mean.high;
            mean_low = mean.low;
            let left = opaque(deviation - mean_high, zero) - mean_low;
            let squares = add(high, low, apart * left, zero);
            high = squares.high;
            low = squares.low;
            let mut total = high;
            let mut undefined = poisoned || defined == 0;
            if newer < period {
                let before = y[row + t];
                undefined = undefined || start == 0 || is_nan(before);
                let between = mean_high - means[row + t];
                let share = f32::cast_from(newer) / f32::cast_from(period);
                let weight = share * f32::cast_from(period - newer);
                total = before + high + between * between * weight;
            }
            y[row + t] = select(undefined, nan, total / divisor);
        }
    }

    #[cube(launch)]
    pub(super) fn weighted_means(
        x: &Tensor<f32>,
        y: &mut Tensor<f32>,
        units: usize,
        bars: usize,
        period: usize,
        divisor: f32,
        nan_bits: u32,
        zero: u32,
    ) {
        let unit = ABSOLUTE_POS;
        if unit >= units {
            terminate!();
        }
        let blocks = bars.div_ceil(period);
        let row = (unit / blocks) * bars;
        let start = (unit % blocks) * period;
        let nan = f32::reinterpret(nan_bits);
        let mut sum_high = 0.0f32;
        let mut sum_low = 0.0f32;
        let mut high = 0.0f32;
        let mut low = 0.0f32;
        let mut poisoned = false;
        if start > 0 {
            for j in 1..period {
                let value = x[row + start - j];
                poisoned = poisoned || is_nan(value);
                let sum = add(sum_high, sum_low, value, zero);
                sum_high = sum.high;
                sum_low = sum.low;
                // An older bar in front: every weight grows by one.
                let weighted = add(high, low, sum_high, zero);
                high = weighted.high;
                low = weighted.low + sum_low;
                let t = start + period - 1 - j;
                if t < bars {
                    y[row + t] = select(poisoned, nan, high);
                }
            }
        }
        sum_high = 0.0f32;
        sum_low = 0.0f32;
        high = 0.0f32;
        low = 0.0f32;
        poisoned = false;
        let mut end = start + period;
        if end > bars {
            end = bars;
        }
        for t in start..end {
            let value = x[row + t];
            poisoned = poisoned || is_nan(value);
            let newer = t + 1 - start;
            let sum = add(sum_high, sum_low, value, zero);
            sum_high = sum.high;
            sum_low = sum.low;
            let weighted = add(high, low, opaque(value * f32::cast_from(newer), zero), zero);
            high = weighted.high;
            low = weighted.low;
            let mut total = high;
            let mut undefined = poisoned;
            if newer < period {
                let before = y[row + t];
                undefined = undefined || start == 0 || is_nan(before);
                let lifted = opaque(sum_high * f32::cast_from(period - newer), zero);
                let both = add(high, low, before, zero);
                total = add(both.high, both.low, lifted, zero).high;
            }
            y[row + t] = select(undefined, nan, total / divisor);
        }
    }
}

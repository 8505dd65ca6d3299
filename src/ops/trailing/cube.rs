//! The kernels: a unit per bar. Windows are read four bars a round, because software drivers stop
//! after 65,535 rounds.

use burn::backend::TensorMetadata;
use burn::tensor::DType;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_dtype;
use burn_cubecl::tensor::CubeTensor;

use crate::ops::backend::grid;
use crate::ops::compensated::NAN_BITS;

/// Rounds of a launch that quantiles take, all their loops together.
const ROUNDS: usize = 49_152;

fn like(x: &CubeTensor) -> CubeTensor {
    let (client, device) = (x.client.clone(), x.device.clone());
    empty_device_dtype(client, device, x.shape(), DType::F32)
}

pub(in crate::ops) fn gap_to_mean(x: CubeTensor, periods: CubeTensor) -> CubeTensor {
    let (x, periods) = (into_contiguous(x), into_contiguous(periods));
    let (y, shape) = (like(&x), x.shape());
    let units = shape[0] * shape[1];
    let (count, dim) = grid(units);
    kernel::gap_to_mean::launch(
        &y.client,
        count,
        dim,
        x.into_tensor_arg(),
        periods.into_tensor_arg(),
        y.clone().into_tensor_arg(),
        units,
        shape[1],
        NAN_BITS,
    );
    y
}

pub(in crate::ops) fn count_less(x: CubeTensor, period: usize) -> CubeTensor {
    let x = into_contiguous(x);
    let (y, shape) = (like(&x), x.shape());
    let units = shape[0] * shape[1];
    let (count, dim) = grid(units);
    kernel::count_less::launch(
        &y.client,
        count,
        dim,
        x.into_tensor_arg(),
        y.clone().into_tensor_arg(),
        units,
        shape[1],
        period.min(shape[1]),
        NAN_BITS,
    );
    y
}

pub(in crate::ops) fn value_of_rank(x: CubeTensor, period: usize, rank: usize) -> CubeTensor {
    let x = into_contiguous(x);
    let (y, shape) = (like(&x), x.shape());
    let units = shape[0] * shape[1];
    let (count, dim) = grid(units);
    let (client, device) = (x.client.clone(), x.device.clone());
    let mut bounds = x.shape();
    bounds[1] *= 2;
    let bounds = empty_device_dtype(client, device, bounds, DType::U32);
    // No window is whole in a period beyond the end.
    let whole = period <= shape[1];
    let (period, rank) = if whole {
        (period, rank)
    } else {
        (shape[1] + 1, 1)
    };
    let at_once = (ROUNDS / (period.div_ceil(4) + 1)).clamp(1, 32);
    for first in (0..32).step_by(at_once) {
        kernel::value_of_rank::launch(
            &y.client,
            count.clone(),
            dim,
            x.clone().into_tensor_arg(),
            bounds.clone().into_tensor_arg(),
            y.clone().into_tensor_arg(),
            units,
            shape[1],
            period,
            rank as u32,
            at_once.min(32 - first) as u32,
            NAN_BITS,
            first > 0,
        );
    }
    y
}

mod kernel {
    use cubecl::prelude::*;

    use crate::ops::compensated::is_nan;

    #[cube(launch)]
    pub(super) fn gap_to_mean(
        x: &Tensor<f32>,
        periods: &Tensor<f32>,
        y: &mut Tensor<f32>,
        units: usize,
        bars: usize,
        nan_bits: u32,
    ) {
        let at = ABSOLUTE_POS;
        if at >= units {
            terminate!();
        }
        let wanted = periods[at];
        let t = at % bars;
        let mut total = f32::reinterpret(nan_bits);
        if !is_nan(wanted) && wanted >= 1.0f32 && wanted < f32::cast_from(t + 2) {
            let period = usize::cast_from(u32::cast_from(wanted));
            let newest = x[at];
            let mut one = 0.0f32;
            let mut two = 0.0f32;
            let mut three = 0.0f32;
            let mut four = 0.0f32;
            for round in 0..period.div_ceil(4) {
                let back = 4 * round;
                one += x[at - back] - newest;
                if back + 1 < period {
                    two += x[at - back - 1] - newest;
                }
                if back + 2 < period {
                    three += x[at - back - 2] - newest;
                }
                if back + 3 < period {
                    four += x[at - back - 3] - newest;
                }
            }
            total = ((one + two) + (three + four)) / f32::cast_from(period);
        }
        y[at] = total;
    }

    #[cube(launch)]
    pub(super) fn count_less(
        x: &Tensor<f32>,
        y: &mut Tensor<f32>,
        units: usize,
        bars: usize,
        period: usize,
        nan_bits: u32,
    ) {
        let at = ABSOLUTE_POS;
        if at >= units {
            terminate!();
        }
        let newest = x[at];
        let mut undefined = at % bars < period || is_nan(newest);
        let mut count = 0u32;
        if !undefined {
            for round in 0..period.div_ceil(4) {
                #[unroll]
                for k in 1..5usize {
                    let back = 4 * round + k;
                    if back <= period {
                        let value = x[at - back];
                        undefined = undefined || is_nan(value);
                        count += select(value < newest, 1u32, 0u32);
                    }
                }
            }
        }
        let nan = f32::reinterpret(nan_bits);
        y[at] = select(undefined, nan, f32::cast_from(count));
    }

    /// Bits whose order as whole numbers is that of the values.
    #[cube]
    fn ordered(x: f32) -> u32 {
        let bits = u32::reinterpret(x);
        select(
            bits >> 31u32 == 1u32,
            bits ^ 0xFFFF_FFFFu32,
            bits ^ 0x8000_0000u32,
        )
    }

    #[cube]
    fn from_ordered(bits: u32) -> f32 {
        f32::reinterpret(select(
            bits >> 31u32 == 1u32,
            bits ^ 0x8000_0000u32,
            bits ^ 0xFFFF_FFFFu32,
        ))
    }

    /// Halves the range of bits that the value is in, `rounds` times.
    #[cube(launch)]
    pub(super) fn value_of_rank(
        x: &Tensor<f32>,
        bounds: &mut Tensor<u32>,
        y: &mut Tensor<f32>,
        units: usize,
        bars: usize,
        period: usize,
        rank: u32,
        rounds: u32,
        nan_bits: u32,
        #[comptime] begun: bool,
    ) {
        let at = ABSOLUTE_POS;
        if at >= units {
            terminate!();
        }
        if at % bars + 1 < period {
            y[at] = f32::reinterpret(nan_bits);
        } else {
            let mut least = 0u32;
            let mut most = 0xFFFF_FFFFu32;
            if comptime!(begun) {
                least = bounds[2 * at];
                most = bounds[2 * at + 1];
            }
            let mut undefined = false;
            for _round in 0..rounds {
                let middle = least + (most - least) / 2u32;
                let mut count = 0u32;
                for four in 0..period.div_ceil(4) {
                    #[unroll]
                    for k in 0..4usize {
                        let back = 4 * four + k;
                        if back < period {
                            let value = x[at - back];
                            undefined = undefined || is_nan(value);
                            count += select(ordered(value) <= middle, 1u32, 0u32);
                        }
                    }
                }
                if count >= rank {
                    most = middle;
                } else {
                    least = middle + 1u32;
                }
            }
            bounds[2 * at] = least;
            bounds[2 * at + 1] = most;
            let nan = f32::reinterpret(nan_bits);
            y[at] = select(undefined, nan, from_ordered(most));
        }
    }
}

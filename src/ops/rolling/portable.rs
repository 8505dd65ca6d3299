use burn::tensor::Tensor;

use super::Statistic;

/// The statistics of this module by plain tensor operations on any backend: windows of doubling
/// length are merged along the binary digits of `period`, O(T log period) work, float32.
///
/// # Panics
/// If `period` is 0.
pub fn portable(x: Tensor<2>, statistic: Statistic, period: usize) -> Tensor<2> {
    assert!(period > 0, "rolling: a period of 0 bars");
    let [rows, bars] = x.dims();
    let device = x.device();
    if rows == 0 || bars == 0 {
        return x;
    }
    if period > bars {
        return Tensor::full([rows, bars], f32::NAN, &device);
    }
    if let Statistic::Variance { ddof } = statistic
        && ddof >= period
    {
        return Tensor::full([rows, bars], f32::NAN, &device);
    }
    let poison = accumulate(Kind::Sum, x.clone().is_nan().float(), period);
    let kind = Kind::from(statistic);
    let undefined = x.clone().is_nan();
    let clean = x.mask_fill(undefined.clone(), 0.0);
    let clean = match statistic {
        Statistic::Min => clean.neg(),
        Statistic::Variance { .. } => {
            // Any level near the values will do: what counts is that squares are of deviations.
            let defined = undefined
                .clone()
                .bool_not()
                .float()
                .sum_dim(1)
                .clamp_min(1.0);
            let level = clean.clone().sum_dim(1) / defined; // [N, 1]
            (clean - level).mask_fill(undefined, 0.0)
        }
        _ => clean,
    };
    let merged = accumulate(kind, clean, period);
    let count = period as f32;
    let value = match statistic {
        Statistic::Min => merged.neg(),
        Statistic::Mean => merged / count,
        Statistic::Variance { ddof } => merged / (period - ddof) as f32,
        Statistic::WeightedMean => merged / (count * (count + 1.0) / 2.0),
        Statistic::Sum | Statistic::Max => merged,
    };
    let value = value.mask_fill(poison.greater_elem(0.0), f32::NAN);
    if period == 1 {
        return value;
    }
    let head = Tensor::full([rows, period - 1], f32::NAN, &device);
    Tensor::cat(vec![head, value.slice([0..rows, period - 1..bars])], 1)
}

/// How two neighbouring windows merge.
#[derive(Clone, Copy)]
enum Kind {
    Sum,
    Max,
    Squares,
    Weighted,
}

impl From<Statistic> for Kind {
    fn from(statistic: Statistic) -> Self {
        match statistic {
            Statistic::Sum | Statistic::Mean => Self::Sum,
            Statistic::Max | Statistic::Min => Self::Max,
            Statistic::Variance { .. } => Self::Squares,
            Statistic::WeightedMean => Self::Weighted,
        }
    }
}

/// The windows of `length` bars that end at each bar: their own statistic, and the mean (`Squares`)
/// or sum (`Weighted`) that merging needs.
#[derive(Clone)]
struct Windows {
    length: usize,
    value: Tensor<2>,
    level: Tensor<2>,
}

fn accumulate(kind: Kind, x: Tensor<2>, period: usize) -> Tensor<2> {
    let value = match kind {
        Kind::Squares => x.zeros_like(),
        _ => x.clone(),
    };
    let mut power = Windows {
        length: 1,
        value,
        level: x,
    };
    let mut whole: Option<Windows> = None;
    let mut digits = period;
    loop {
        if digits % 2 == 1 {
            whole = Some(match whole {
                None => power.clone(),
                Some(newer) => merge(kind, power.clone(), newer),
            });
        }
        digits /= 2;
        match whole {
            Some(whole) if digits == 0 => return whole.value,
            _ => power = merge(kind, power.clone(), power),
        }
    }
}

/// The windows that begin with `older` and end with `newer`.
fn merge(kind: Kind, older: Windows, newer: Windows) -> Windows {
    let (first, last) = (older.length as f32, newer.length as f32);
    let length = older.length + newer.length;
    let old_value = delayed(older.value, newer.length);
    let old_level = delayed(older.level, newer.length);
    let (value, level) = match kind {
        Kind::Sum => (old_value + newer.value, newer.level),
        Kind::Max => {
            let greater = old_value.clone().greater(newer.value.clone());
            (newer.value.mask_where(greater, old_value), newer.level)
        }
        Kind::Squares => {
            let apart = newer.level - old_level.clone();
            let between = apart.clone().powi_scalar(2) * (first * last / (first + last));
            let mean = old_level + apart * (last / (first + last));
            (old_value + newer.value + between, mean)
        }
        Kind::Weighted => {
            let weighted = old_value + newer.value + newer.level.clone() * first;
            (weighted, old_level + newer.level)
        }
    };
    Windows {
        length,
        value,
        level,
    }
}

/// `x` moved `by` bars to the right; what comes in is never part of a whole window.
fn delayed(x: Tensor<2>, by: usize) -> Tensor<2> {
    let [rows, bars] = x.dims();
    if by >= bars {
        return x.zeros_like();
    }
    let head = Tensor::zeros([rows, by], &x.device());
    Tensor::cat(vec![head, x.slice([0..rows, 0..bars - by])], 1)
}

//! The CPU path: one loop per row, rows over threads.

use burn::backend::TensorMetadata;
use burn::tensor::DType;
use burn_flex::FlexTensor;
use rayon::prelude::*;

pub(in crate::ops) fn max(x: &FlexTensor, keep: &FlexTensor) -> FlexTensor {
    let (x, keep) = (x.to_contiguous(), keep.to_contiguous());
    let bars = x.shape()[1];
    let mut y = FlexTensor::empty(x.shape(), DType::F32);
    let (Some(x), Some(keep)) = (x.as_slice::<f32>(), keep.as_slice::<f32>()) else {
        unreachable!("the tensors were made contiguous, and the caller checked that they are f32")
    };
    y.storage_mut::<f32>()
        .par_chunks_mut(bars)
        .zip(x.par_chunks(bars).zip(keep.par_chunks(bars)))
        .for_each(|(y, (x, keep))| {
            let mut most = f32::NEG_INFINITY;
            for ((y, &x), &keep) in y.iter_mut().zip(x).zip(keep) {
                // A NaN that came in stays: nothing is greater.
                if keep == 0.0 || x > most || x.is_nan() {
                    most = x;
                }
                *y = most;
            }
        });
    y
}

//! The CPU path: one copy a window, windows over threads.

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use burn_flex::FlexTensor;
use rayon::prelude::*;

pub(in crate::ops) fn windows(
    block: &FlexTensor,
    places: &FlexTensor,
    length: usize,
) -> FlexTensor {
    let (block, places) = (block.to_contiguous(), places.to_contiguous());
    let [rows, bars, features] = [block.shape()[0], block.shape()[1], block.shape()[2]];
    let shape = Shape::new([places.shape()[0], length, features]);
    let mut batch = FlexTensor::empty(shape, DType::F32);
    let (Some(block), Some(places)) = (block.as_slice::<f32>(), places.as_slice::<i32>()) else {
        unreachable!("the tensors were made contiguous, and the caller checked their types")
    };
    batch
        .storage_mut::<f32>()
        .par_chunks_mut(length * features)
        .zip(places.par_chunks(2))
        .for_each(|(window, place)| {
            let row = usize::try_from(place[0]).unwrap_or(0).min(rows - 1);
            let start = usize::try_from(place[1]).unwrap_or(0).min(bars - length);
            let from = (row * bars + start) * features;
            window.copy_from_slice(&block[from..from + length * features]);
        });
    batch
}

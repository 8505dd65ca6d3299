//! The CPU path on Burn's tensors.

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use burn_flex::FlexTensor;

use super::backend::PLANES;
use super::cpu;
use super::recipe::Recipe;

pub(super) fn classify(
    prices: &FlexTensor,
    ends: &FlexTensor,
    recipe: &Recipe,
    kept: usize,
) -> FlexTensor {
    let (prices, ends) = (prices.to_contiguous(), ends.to_contiguous());
    let shape = prices.shape();
    let [rows, bars] = [shape[0], shape[1]];
    let (Some(values), Some(ends)) = (prices.as_slice::<f32>(), ends.as_slice::<i32>()) else {
        unreachable!("the tensors were made contiguous, and the caller checked their types")
    };
    let end = |row: usize| usize::try_from(ends[row]).unwrap_or(0).min(bars);
    let series: Vec<&[f32]> = (0..rows)
        .map(|row| &values[row * bars..][..end(row)])
        .collect();
    let table: cpu::Table<f32> = cpu::classify(&series, recipe, kept);
    let mut y = FlexTensor::empty(Shape::new([PLANES, rows, kept]), DType::F32);
    let planes = y.storage_mut::<f32>();
    planes.fill(f32::NAN);
    let class: Vec<f32> = table.class.iter().map(|&class| f32::from(class)).collect();
    let columns = [&table.average, &class]
        .into_iter()
        .chain(&table.signals)
        .chain(&table.weights);
    for (plane, column) in planes.chunks_exact_mut(rows * kept).zip(columns) {
        for (row, to) in plane.chunks_exact_mut(kept).enumerate() {
            let from = &column[table.range(row)];
            to[..from.len()].copy_from_slice(from);
        }
    }
    y
}

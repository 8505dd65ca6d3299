//! The kernel: one unit an element of the batch, features innermost, so that neighbouring units
//! read and write neighbouring numbers.

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_dtype;
use burn_cubecl::tensor::CubeTensor;

use crate::ops::backend::grid;

pub(in crate::ops) fn windows(block: CubeTensor, places: CubeTensor, length: usize) -> CubeTensor {
    let (block, places) = (into_contiguous(block), into_contiguous(places));
    let [rows, bars, features] = [block.shape()[0], block.shape()[1], block.shape()[2]];
    let shape = Shape::new([places.shape()[0], length, features]);
    let units = shape.num_elements();
    let batch = empty_device_dtype(
        block.client.clone(),
        block.device.clone(),
        shape,
        DType::F32,
    );
    let (count, dim) = grid(units);
    let address = block
        .required_address_type()
        .max(batch.required_address_type());
    kernel::windows::launch(
        &batch.client,
        count,
        dim,
        address,
        block.into_tensor_arg(),
        places.into_tensor_arg(),
        batch.clone().into_tensor_arg(),
        units,
        rows as i32 - 1,
        (bars - length) as i32,
        bars * features,
        length * features,
        features,
    );
    batch
}

mod kernel {
    use cubecl::prelude::*;

    #[cube(launch, address_type = "dynamic")]
    pub(super) fn windows(
        block: &Tensor<f32>,
        places: &Tensor<i32>,
        batch: &mut Tensor<f32>,
        units: usize,
        last_row: i32,
        last_start: i32,
        row_size: usize,
        window_size: usize,
        features: usize,
    ) {
        let unit = ABSOLUTE_POS;
        if unit >= units {
            terminate!();
        }
        let window = unit / window_size;
        let row = within(places[window * 2], last_row);
        let start = within(places[window * 2 + 1], last_start);
        batch[unit] = block[row * row_size + start * features + unit % window_size];
    }

    #[cube]
    fn within(place: i32, last: i32) -> usize {
        let mut place = place;
        if place < 0 {
            place = 0;
        }
        if place > last {
            place = last;
        }
        usize::cast_from(place)
    }
}

use burn::tensor::Device;
use emberline::device::transfer::{to_host, upload, upload_int};
use emberline::ops::gather::{portable, reference, windows};

use super::{normals, on_devices};

const SHAPE: [usize; 3] = [3, 37, 5];

fn flat(places: &[(i32, i32)]) -> Vec<i32> {
    places
        .iter()
        .flat_map(|&(row, start)| [row, start])
        .collect()
}

fn check(places: &[(i32, i32)], length: usize) {
    let mut block = normals(3 * 37 * 5, 1);
    block[100] = f32::NAN;
    let expected: Vec<u32> = reference::windows(&block, SHAPE, places, length)
        .into_iter()
        .map(f32::to_bits)
        .collect();
    on_devices(|name, device| {
        for (path, gather) in [
            ("kernel", windows as fn(_, _, _) -> _),
            ("portable", portable),
        ] {
            let block = upload(block.clone(), SHAPE, device);
            let batch = gather(
                block,
                upload_int(flat(places), [places.len(), 2], device),
                length,
            );
            assert_eq!(batch.dims(), [places.len(), length, 5]);
            let batch: Vec<u32> = to_host(batch).into_iter().map(f32::to_bits).collect();
            assert_eq!(batch, expected, "{name} {path} length {length}");
        }
    });
}

#[test]
fn kernel_portable_and_oracle_agree() {
    let places = [(0, 0), (2, 30), (1, 13), (1, 13), (0, 29), (2, 0), (1, 19)];
    for length in [1, 7] {
        check(&places, length);
    }
    check(&[(2, 0), (0, 0)], 37);
    check(&[(1, 36)], 1);
}

#[test]
fn places_outside_the_block_are_clamped() {
    check(
        &[
            (-1, 3),
            (3, 3),
            (i32::MAX, i32::MAX),
            (i32::MIN, i32::MIN),
            (1, 31),
            (1, -1),
        ],
        7,
    );
}

#[test]
fn no_places_give_an_empty_batch() {
    on_devices(|_, device| {
        let block = upload(normals(3 * 37 * 5, 1), SHAPE, device);
        let batch = windows(block, upload_int(vec![], [0, 2], device), 4);
        assert_eq!(batch.dims(), [0, 4, 5]);
    });
}

#[test]
fn a_slice_of_the_table_of_places_is_read_where_it_lies() {
    // A batch's places are a slice of the epoch's table, its block may be a view too.
    on_devices(|name, device| {
        let values = normals(2 * 9 * 3, 2);
        let block = upload(values.clone(), [2, 9, 3], device);
        let table = upload_int(flat(&[(0, 0), (1, 2), (0, 5), (1, 6)]), [4, 2], device);
        let batch = to_host(windows(block, table.slice([1..3, 0..2]), 3));
        let expected = reference::windows(&values, [2, 9, 3], &[(1, 2), (0, 5)], 3);
        assert_eq!(batch, expected, "{name}");
        let turned = upload(values.clone(), [9, 2, 3], device).swap_dims(0, 1);
        let plain: Vec<f32> = to_host(turned.clone());
        let batch = to_host(windows(turned, upload_int(vec![1, 4], [1, 2], device), 2));
        assert_eq!(
            batch,
            reference::windows(&plain, [2, 9, 3], &[(1, 4)], 2),
            "{name}"
        );
    });
}

#[test]
fn a_batch_on_an_autodiff_device_is_a_constant() {
    on_devices(|name, device| {
        let device = device.clone().autodiff();
        let block = upload(vec![1.0, 2.0, 3.0, 4.0], [1, 4, 1], &device);
        let batch = windows(block, upload_int(vec![0, 2], [1, 2], &device), 2);
        assert!(!batch.is_require_grad(), "{name}");
        let weight = upload(vec![2.0], [1, 1, 1], &device).require_grad();
        let gradients = (batch * weight.clone()).sum().backward();
        assert_eq!(to_host(weight.grad(&gradients).unwrap()), [7.0], "{name}");
    });
}

#[test]
#[should_panic(expected = "a window of 5 bars in a block of 4")]
fn a_window_longer_than_the_block_is_refused() {
    let device = Device::flex();
    let block = upload(vec![0.0; 4], [1, 4, 1], &device);
    windows(block, upload_int(vec![0, 0], [1, 2], &device), 5);
}

use burn::tensor::{DType, Int, Tensor};

/// [`windows`](super::windows) by plain tensor operations on any backend.
///
/// # Panics
/// As [`windows`](super::windows); also if the block has 2^31 rows times bars or more.
pub fn portable(block: Tensor<3>, places: Tensor<2, Int>, length: usize) -> Tensor<3> {
    let [rows, bars, features] = block.dims();
    super::check([rows, bars, features], places.dims(), length);
    let [num_windows, _] = places.dims();
    let device = block.device();
    if num_windows == 0 {
        return Tensor::zeros([0, length, features], &device);
    }
    assert!(
        i32::try_from(rows * bars).is_ok(),
        "windows: {rows} x {bars} bars do not fit 32-bit places"
    );
    let places = places.cast(DType::I32);
    let row = places.clone().slice([0..num_windows, 0..1]);
    let row = row.clamp(0, rows as i32 - 1);
    let start = places.slice([0..num_windows, 1..2]);
    let start = start.clamp(0, (bars - length) as i32);
    let first = row * bars as i32 + start; // [B, 1]
    let offset = Tensor::<1, Int>::arange(0..length as i64, &device).cast(DType::I32);
    let bar = first.repeat_dim(1, length) + offset.unsqueeze::<2>().repeat_dim(0, num_windows);
    block
        .reshape([rows * bars, features])
        .select(0, bar.reshape([num_windows * length]))
        .reshape([num_windows, length, features])
}

//! The two doors between host and device, and the counters at both.
//!
//! Burn's own methods that upload or read back are banned elsewhere by `clippy.toml`, so that these
//! counters tell the whole truth about traffic.

#![expect(
    clippy::disallowed_methods,
    reason = "these are the doors that the ban leads to"
)]

use std::sync::atomic::{AtomicU64, Ordering};

use burn::tensor::{DType, Device, Int, Tensor, TensorData};

static BYTES_UP: AtomicU64 = AtomicU64::new(0);
static BYTES_DOWN: AtomicU64 = AtomicU64::new(0);

/// Bytes that went through the two doors since the process started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Host to device.
    pub bytes_up: u64,
    /// Device to host.
    pub bytes_down: u64,
}

impl Traffic {
    /// What went through since `earlier`.
    ///
    /// ```
    /// use emberline::device::transfer::Traffic;
    /// let (earlier, later) = (
    ///     Traffic { bytes_up: 8, bytes_down: 1 },
    ///     Traffic { bytes_up: 20, bytes_down: 1 },
    /// );
    /// assert_eq!(later.since(earlier), Traffic { bytes_up: 12, bytes_down: 0 });
    /// ```
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            bytes_up: self.bytes_up - earlier.bytes_up,
            bytes_down: self.bytes_down - earlier.bytes_down,
        }
    }
}

/// The process's traffic so far.
pub fn traffic() -> Traffic {
    Traffic {
        bytes_up: BYTES_UP.load(Ordering::Relaxed),
        bytes_down: BYTES_DOWN.load(Ordering::Relaxed),
    }
}

/// Moves row-major `values` to `device` as a float32 tensor.
///
/// ```
/// use burn::tensor::Device;
/// use emberline::device::transfer;
/// let x = transfer::upload(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3], &Device::flex());
/// assert_eq!(x.dims(), [2, 3]);
/// assert_eq!(transfer::to_host(x), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// ```
/// # Panics
/// If `values` does not hold exactly `shape`'s number of elements.
pub fn upload<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    count_up(values.len(), &shape);
    Tensor::from_data(TensorData::new(values, shape), (device, DType::F32))
}

/// Moves row-major `values` to `device` as an int32 tensor.
///
/// # Panics
/// If `values` does not hold exactly `shape`'s number of elements.
pub fn upload_int<const D: usize>(
    values: Vec<i32>,
    shape: [usize; D],
    device: &Device,
) -> Tensor<D, Int> {
    count_up(values.len(), &shape);
    Tensor::from_data(TensorData::new(values, shape), (device, DType::I32))
}

/// Waits for `tensor` and reads it back, row-major.
///
/// # Panics
/// If the device lost the work that computes the tensor.
pub fn to_host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let values = tensor
        .try_into_vec_as::<f32>()
        .unwrap_or_else(|error| panic!("reading a float tensor back: {error:?}"));
    BYTES_DOWN.fetch_add(4 * values.len() as u64, Ordering::Relaxed);
    values
}

/// Waits for `tensor` and reads it back, row-major.
///
/// # Panics
/// If the device lost the work that computes the tensor.
pub fn to_host_int<const D: usize>(tensor: Tensor<D, Int>) -> Vec<i32> {
    let values = tensor
        .try_into_vec_as::<i32>()
        .unwrap_or_else(|error| panic!("reading an int tensor back: {error:?}"));
    BYTES_DOWN.fetch_add(4 * values.len() as u64, Ordering::Relaxed);
    values
}

fn count_up(len: usize, shape: &[usize]) {
    assert_eq!(
        len,
        shape.iter().product::<usize>(),
        "{len} values for a tensor of shape {shape:?}"
    );
    BYTES_UP.fetch_add(4 * len as u64, Ordering::Relaxed);
}

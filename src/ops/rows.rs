//! A native function of whole rows on the CPU backend, for work that is one loop over bars and not a
//! graph of tensors. Other backends refuse, so that their caller takes its tensor path.

use burn::backend::Flex;
use burn::tensor::{DType, Shape, Tensor};
use burn_flex::FlexTensor;

/// `fill` with the values of `columns`, row-major `[n, T]` each, and the buffer of the result; `None`
/// unless they live on the CPU backend as float32.
///
/// `fill` must write every element: the buffer comes as it is.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use emberline::{device::transfer, ops::rows};
/// let x = Tensor::<2>::ones([2, 3], &Device::flex());
/// let twice = rows::map(vec![x], [2, 3, 1], |columns, out| {
///     for (out, x) in out.iter_mut().zip(columns[0]) {
///         *out = 2.0 * x;
///     }
/// });
/// assert_eq!(twice.map(transfer::to_host), Some(vec![2.0; 6]));
/// ```
pub fn map(
    columns: Vec<Tensor<2>>,
    shape: [usize; 3],
    fill: impl FnOnce(&[&[f32]], &mut [f32]),
) -> Option<Tensor<3>> {
    let columns = columns
        .into_iter()
        .map(|column| {
            let column = column.try_into_primitive::<Flex>().ok()?;
            (column.dtype() == DType::F32).then(|| column.to_contiguous())
        })
        .collect::<Option<Vec<FlexTensor>>>()?;
    let slices = columns
        .iter()
        .map(FlexTensor::as_slice::<f32>)
        .collect::<Option<Vec<_>>>()?;
    let mut out = FlexTensor::empty(Shape::from(shape), DType::F32);
    fill(&slices, out.storage_mut::<f32>());
    Some(Tensor::from_primitive::<Flex>(out))
}

//! Matrix products and sums over rows: a kernel of our own for small ones and for software drivers,
//! where Burn would measure its candidates for half a minute for each kind of shape, and Burn's for
//! the others.

use burn::backend::TensorMetadata;
use burn::backend::ops::FloatTensorOps as _;
use burn::tensor::{DType, Shape};
use burn_cubecl::CubeBackend;
use burn_cubecl::ops::numeric::empty_device_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::{CubeCount, CubeDim};

use super::plan::Hardware;
use crate::ops::backend::grid;

/// Multiply-adds from which Burn's products are taken: 0.1 ms of our kernel at most.
const OURS: usize = 1 << 26;

/// Depth from which a product is cut into parts: a gradient of weights has few elements, each a sum
/// over all steps of the batch.
const PART: usize = 512;

/// Side of the square that a cube makes.
const SIDE: usize = 64;

/// Columns `from..from + width` of contiguous rows, transposed if `turned`.
#[derive(Clone)]
pub(super) struct Matrix {
    tensor: CubeTensor,
    rows: usize,
    row_len: usize,
    from: usize,
    width: usize,
    turned: bool,
}

impl Matrix {
    /// A contiguous tensor as rows of `row_len` numbers.
    pub(super) fn new(tensor: CubeTensor, row_len: usize) -> Self {
        Self {
            rows: tensor.shape().num_elements() / row_len,
            tensor,
            row_len,
            from: 0,
            width: row_len,
            turned: false,
        }
    }

    pub(super) fn columns(self, from: usize, width: usize) -> Self {
        Self {
            from,
            width,
            ..self
        }
    }

    pub(super) fn turn(self) -> Self {
        Self {
            turned: !self.turned,
            ..self
        }
    }

    fn shape(&self) -> [usize; 2] {
        if self.turned {
            [self.width, self.rows]
        } else {
            [self.rows, self.width]
        }
    }

    /// Distances between rows and between columns.
    fn strides(&self) -> [usize; 2] {
        if self.turned {
            [1, self.row_len]
        } else {
            [self.row_len, 1]
        }
    }

    /// For Burn: its rows, or columns if turned, in `parts` matrices.
    fn view(self, parts: usize) -> CubeTensor {
        let rows = self.rows / parts;
        let shape = Shape::from([parts, rows, self.row_len]);
        let mut view = CubeBackend::float_reshape(self.tensor, shape);
        if self.width < self.row_len {
            let columns = self.from..self.from + self.width;
            view = CubeBackend::float_slice(
                view,
                &[(0..parts).into(), (0..rows).into(), columns.into()],
            );
        }
        if self.turned {
            view = CubeBackend::float_swap_dims(view, 1, 2);
        }
        view
    }
}

/// `a * b`, contiguous.
///
/// # Panics
/// If their sizes disagree.
pub(super) fn multiply(a: Matrix, b: Matrix) -> CubeTensor {
    let ([m, depth], [rows, n]) = (a.shape(), b.shape());
    assert_eq!(depth, rows, "a product of {m} x {depth} and {rows} x {n}");
    let hardware = Hardware::of(&a.tensor.client);
    if hardware.software || m * n * depth <= OURS {
        own(a, b, hardware)
    } else {
        burns(a, b)
    }
}

/// Whether the depth is the rows of both, as in a gradient of weights.
fn sums_rows(a: &Matrix, b: &Matrix) -> bool {
    a.turned && !b.turned
}

fn burns(a: Matrix, b: Matrix) -> CubeTensor {
    let ([m, depth], [_, n]) = (a.shape(), b.shape());
    let parts = (1..=32)
        .rev()
        .find(|parts| depth.is_multiple_of(*parts) && depth / parts >= PART)
        .filter(|_| sums_rows(&a, &b))
        .unwrap_or(1);
    let out = CubeBackend::float_matmul(a.view(parts), b.view(parts));
    add_parts(out, parts, Shape::from([m, n]))
}

fn own(a: Matrix, b: Matrix, hardware: Hardware) -> CubeTensor {
    let ([m, depth], [_, n]) = (a.shape(), b.shape());
    let cubes = m.div_ceil(SIDE) * n.div_ceil(SIDE);
    let parts = if sums_rows(&a, &b) {
        let wanted = (2 * hardware.processors).div_ceil(cubes);
        wanted.min(depth.div_ceil(PART))
    } else {
        1
    };
    let part = depth.div_ceil(parts);
    let out = empty(&a.tensor, [parts, m, n]);
    let ([a_row, a_depth], [b_depth, b_column]) = (a.strides(), b.strides());
    let address = [&a.tensor, &b.tensor, &out]
        .into_iter()
        .map(CubeTensor::required_address_type)
        .max()
        .unwrap_or_default();
    // Rows of the batch times steps may exceed the 65,535 cubes that some drivers take at a side.
    let tiles = m.div_ceil(SIDE);
    let high = tiles.div_ceil(32_768);
    let count = CubeCount::Static(
        tiles.min(32_768) as u32,
        (n.div_ceil(SIDE) * high) as u32,
        parts as u32,
    );
    kernel::multiply::launch(
        &out.client,
        count,
        CubeDim::new_1d(256),
        address,
        a.tensor.into_tensor_arg(),
        b.tensor.into_tensor_arg(),
        out.clone().into_tensor_arg(),
        m,
        n,
        depth,
        part,
        high,
        a.from,
        a_row,
        a_depth,
        b.from,
        b_depth,
        b_column,
        a.turned,
        b.turned,
    );
    add_parts(out, parts, Shape::from([m, n]))
}

/// The sum over the first of `[parts, ..]`.
fn add_parts(tensor: CubeTensor, parts: usize, shape: Shape) -> CubeTensor {
    if parts == 1 {
        return CubeBackend::float_reshape(tensor, shape);
    }
    let len = shape.num_elements();
    let out = empty_device_dtype(
        tensor.client.clone(),
        tensor.device.clone(),
        shape,
        DType::F32,
    );
    let (count, dim) = grid(len);
    kernel::add_parts::launch(
        &out.client,
        count,
        dim,
        tensor.required_address_type(),
        tensor.clone().into_tensor_arg(),
        out.clone().into_tensor_arg(),
        len,
        parts,
    );
    out
}

/// The sum of contiguous rows of `width` numbers: `[width]`.
pub(super) fn sum_rows(tensor: &CubeTensor, width: usize) -> CubeTensor {
    let rows = tensor.shape().num_elements() / width;
    // About as many rows in a part as there are parts.
    let parts = rows.isqrt();
    let part = rows.div_ceil(parts);
    let parts = rows.div_ceil(part);
    let out = empty(tensor, [parts, width]);
    let (count, dim) = grid(parts * width);
    kernel::sum_rows::launch(
        &out.client,
        count,
        dim,
        tensor.required_address_type(),
        tensor.clone().into_tensor_arg(),
        out.clone().into_tensor_arg(),
        rows,
        width,
        part,
        parts,
    );
    add_parts(out, parts, Shape::from([width]))
}

/// An unfilled float32 tensor beside another.
pub(super) fn empty<const D: usize>(beside: &CubeTensor, shape: [usize; D]) -> CubeTensor {
    empty_device_dtype(
        beside.client.clone(),
        beside.device.clone(),
        Shape::from(shape),
        DType::F32,
    )
}

mod kernel {
    use cubecl::prelude::*;

    /// A square of 64 x 64 from strips 16 deep; a unit makes 4 x 4.
    #[cube(launch, address_type = "dynamic")]
    pub(super) fn multiply(
        a: &Tensor<f32>,
        b: &Tensor<f32>,
        out: &mut Tensor<f32>,
        m: usize,
        n: usize,
        depth: usize,
        part: usize,
        high: usize,
        a_from: usize,
        a_row: usize,
        a_depth: usize,
        b_from: usize,
        b_depth: usize,
        b_column: usize,
        #[comptime] a_turned: bool,
        #[comptime] b_turned: bool,
    ) {
        let unit = UNIT_POS as usize;
        let top = ((CUBE_POS_Y as usize % high) * 32_768 + CUBE_POS_X as usize) * 64;
        let left = (CUBE_POS_Y as usize / high) * 64;
        let first = CUBE_POS_Z as usize * part;
        let mut last = first + part;
        if last > depth {
            last = depth;
        }
        // 68 numbers, not 64, from one depth to the next: neighbours in depth lie in other banks.
        let mut a_strip = Shared::<[f32]>::new_aligned_slice(1088usize, 16usize);
        let mut b_strip = Shared::<[f32]>::new_aligned_slice(1088usize, 16usize);
        let mut sums = Array::<f32>::new(16usize);
        #[unroll]
        for index in 0..16usize {
            sums[index] = 0.0f32;
        }
        let y = (unit / 16) * 4;
        let x = (unit % 16) * 4;
        let strips = (last - first).div_ceil(16);
        for strip in 0..strips {
            let start = first + strip * 16;
            #[unroll]
            for round in 0..4usize {
                let index = round * 256 + unit;
                // Neighbouring units read neighbouring numbers, whichever way the matrix lies.
                let mut a_deep = index % 16;
                let mut a_side = index / 16;
                if comptime!(a_turned) {
                    a_deep = index / 64;
                    a_side = index % 64;
                }
                let mut value = 0.0f32;
                if start + a_deep < last && top + a_side < m {
                    value = a[a_from + (top + a_side) * a_row + (start + a_deep) * a_depth];
                }
                a_strip[a_deep * 68 + a_side] = value;
                let mut b_deep = index / 64;
                let mut b_side = index % 64;
                if comptime!(b_turned) {
                    b_deep = index % 16;
                    b_side = index / 16;
                }
                let mut value = 0.0f32;
                if start + b_deep < last && left + b_side < n {
                    value = b[b_from + (start + b_deep) * b_depth + (left + b_side) * b_column];
                }
                b_strip[b_deep * 68 + b_side] = value;
            }
            sync_cube();
            for quarter in 0..4usize {
                #[unroll]
                for step in 0..4usize {
                    let at = (quarter * 4 + step) * 68;
                    #[unroll]
                    for row in 0..4usize {
                        #[unroll]
                        for column in 0..4usize {
                            sums[row * 4 + column] +=
                                a_strip[at + y + row] * b_strip[at + x + column];
                        }
                    }
                }
            }
            sync_cube();
        }
        let base = CUBE_POS_Z as usize * m * n;
        #[unroll]
        for row in 0..4usize {
            #[unroll]
            for column in 0..4usize {
                if top + y + row < m && left + x + column < n {
                    out[base + (top + y + row) * n + left + x + column] = sums[row * 4 + column];
                }
            }
        }
    }

    #[cube(launch, address_type = "dynamic")]
    pub(super) fn add_parts(
        parts: &Tensor<f32>,
        out: &mut Tensor<f32>,
        len: usize,
        num_parts: usize,
    ) {
        let index = ABSOLUTE_POS;
        if index >= len {
            terminate!();
        }
        let mut sum = parts[index];
        for part in 1..num_parts {
            sum += parts[part * len + index];
        }
        out[index] = sum;
    }

    #[cube(launch, address_type = "dynamic")]
    pub(super) fn sum_rows(
        input: &Tensor<f32>,
        out: &mut Tensor<f32>,
        rows: usize,
        width: usize,
        part: usize,
        parts: usize,
    ) {
        let index = ABSOLUTE_POS;
        if index >= parts * width {
            terminate!();
        }
        let column = index % width;
        let first = (index / width) * part;
        let mut last = first + part;
        if last > rows {
            last = rows;
        }
        let mut sum = 0.0f32;
        for row in first..last {
            sum += input[row * width + column];
        }
        out[index] = sum;
    }
}

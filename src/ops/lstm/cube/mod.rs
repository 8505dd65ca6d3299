//! The layer on CubeCL backends, in kernels that CUDA, Vulkan and Metal share.
//!
//! Up to H = 128, and further where shared memory allows (`plan`), a cube takes its rows of the batch
//! through the whole sequence in one launch (`persistent`): h in shared memory, c in registers, as
//! many of the weights as fit in shared memory and the rest from the device's cache, so that no cube
//! waits for another. Wider layers take two launches a step: the product with h, then everything else
//! (`step`). Only their sums differ: both keep float32 throughout.
//!
//! Launches, whatever L (up to the thousands of steps that one launch takes):
//!
//! | | persistent | by steps |
//! |---|---|---|
//! | forward, F <= 32 | 3 | 2 + 2 L |
//! | forward, F > 32 | 4 | 2 + 2 L |
//! | backward | 7 to 9 | 6 to 8 + 2 L |
//!
//! One packs the bias and the state, one the weights, one multiplies all of x where the kernel does
//! not. In the backward one product each makes `dX`, `dW_ih` and `dW_hh` over the whole sequence (two
//! launches where the depth is cut in parts), and two sum the bias; `dX` is left out where nobody asks.
//!
//! Memory between forward and backward: 24 H bytes for each step of each row (i, f, g, o, c and the h
//! before it). Beside it 16 H bytes while the forward runs if F > 32 or by steps, and 16 H while the
//! backward runs. Inference stores nothing.

mod gates;
mod pack;
mod persistent;
mod plan;
mod product;
pub(super) mod shared;
mod step;
mod tile;

use burn::backend::{TensorMetadata, tensor::FloatTensor};
use burn::tensor::{DType, Shape};
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::{AddressType, CubeCount, CubeDim};

use super::backend::{Gradients, LstmOps, output_shape};
use super::cpu::Output;
use crate::ops::backend::grid;
use plan::{DEPTH, Hardware, Tile};
use product::{Matrix, empty, multiply, sum_rows};

type Float = FloatTensor<CubeBackend>;

/// The tensors of a call, contiguous.
struct Call {
    x: CubeTensor,
    w_ih: CubeTensor,
    w_hh: CubeTensor,
    b_ih: CubeTensor,
    b_hh: CubeTensor,
    h0: CubeTensor,
    c0: CubeTensor,
    output: Output,
    batch: usize,
    length: usize,
    features: usize,
    hidden: usize,
    /// The products of x and the bias, if they are there already.
    ready: Option<CubeTensor>,
}

impl Call {
    fn new(tensors: [CubeTensor; 7], output: Output) -> Self {
        let [x, w_ih, w_hh, b_ih, b_hh, h0, c0] = tensors.map(into_contiguous);
        let (shape, hidden) = (x.shape(), w_hh.shape()[1]);
        Self {
            batch: shape[0],
            length: shape[1],
            features: shape[2],
            hidden,
            x,
            w_ih,
            w_hh,
            b_ih,
            b_hh,
            h0,
            c0,
            output,
            ready: None,
        }
    }

    /// Numbers between two rows of the output.
    fn out_stride(&self) -> usize {
        match self.output {
            Output::Packed => (self.length + 1) * self.hidden,
            Output::All => self.length * self.hidden,
            Output::Last => self.hidden,
        }
    }

    fn every(&self) -> u32 {
        u32::from(self.output != Output::Last)
    }

    fn packed(&self) -> u32 {
        u32::from(self.output == Output::Packed)
    }

    /// `[B * L, 4H]`: the products of x.
    fn projected(&self) -> CubeTensor {
        if let Some(ready) = &self.ready {
            return ready.clone();
        }
        multiply(
            Matrix::new(self.x.clone(), self.features),
            Matrix::new(self.w_ih.clone(), self.features).turn(),
        )
    }

    /// The bias and the state.
    fn carry(&self) -> CubeTensor {
        let (gates, state) = (4 * self.hidden, self.batch * self.hidden);
        let carry = empty(&self.x, [gates + 2 * state]);
        let (count, dim) = grid(gates + 2 * state);
        pack::carry::launch(
            &carry.client,
            count,
            dim,
            carry.required_address_type(),
            self.b_ih.clone().into_tensor_arg(),
            self.b_hh.clone().into_tensor_arg(),
            self.h0.clone().into_tensor_arg(),
            self.c0.clone().into_tensor_arg(),
            carry.clone().into_tensor_arg(),
            gates,
            state,
        );
        carry
    }

    /// The output, and what the backward needs if `save` is set.
    fn forward(self, save: bool) -> (CubeTensor, Option<CubeTensor>) {
        let out = empty_device_dtype(
            self.x.client.clone(),
            self.x.device.clone(),
            output_shape(&self.x.shape(), &self.w_hh.shape(), &self.output),
            DType::F32,
        );
        let saved = if save {
            empty(&self.x, [self.batch, self.length, 6 * self.hidden])
        } else {
            empty(&self.x, [1, 1, 1])
        };
        let hardware = Hardware::of(&self.x.client);
        match Tile::forward(hardware, self.batch, self.features, self.hidden, 4) {
            Some(tile) => self.forward_at_once(tile, &out, &saved, save),
            None => self.forward_by_steps(&out, &saved, save),
        }
        (out, save.then_some(saved))
    }

    fn forward_at_once(&self, tile: Tile, out: &CubeTensor, saved: &CubeTensor, save: bool) {
        let depth = tile.groups * DEPTH;
        let weights = empty(&self.x, [depth, tile.width]);
        let (count, dim) = grid(depth * tile.width);
        pack::weights::launch(
            &weights.client,
            count,
            dim,
            weights.required_address_type(),
            self.w_ih.clone().into_tensor_arg(),
            self.w_hh.clone().into_tensor_arg(),
            weights.clone().into_tensor_arg(),
            depth,
            tile.features,
            self.hidden,
            weight_type(),
        );
        let input = if tile.features > 0 {
            self.x.clone()
        } else {
            self.projected()
        };
        let carry = self.carry();
        let (count, dim) = cubes(&tile, self.batch);
        for first in (0..self.length).step_by(tile.steps()) {
            persistent::forward::launch(
                &out.client,
                count.clone(),
                dim,
                address(&[&input, saved, out, &carry]),
                input.clone().into_tensor_arg(),
                weights.clone().into_tensor_arg(),
                carry.clone().into_tensor_arg(),
                saved.clone().into_tensor_arg(),
                out.clone().into_tensor_arg(),
                self.batch,
                self.length,
                first,
                self.length.min(first + tile.steps()),
                self.out_stride(),
                self.every(),
                self.packed(),
                u32::from(save),
                tile,
                weight_type(),
            );
        }
    }

    fn forward_by_steps(&self, out: &CubeTensor, saved: &CubeTensor, save: bool) {
        let hidden = self.hidden;
        let projected = self.projected();
        let carry = self.carry();
        let mut h = self.h0.clone();
        let (count, dim) = grid(self.batch * hidden);
        for t in 0..self.length {
            let recurrent = multiply(
                Matrix::new(h, hidden),
                Matrix::new(self.w_hh.clone(), hidden).turn(),
            );
            h = empty(&self.x, [self.batch, hidden]);
            step::forward::launch(
                &out.client,
                count.clone(),
                dim,
                address(&[&projected, saved, out, &carry]),
                projected.clone().into_tensor_arg(),
                recurrent.into_tensor_arg(),
                carry.clone().into_tensor_arg(),
                h.clone().into_tensor_arg(),
                saved.clone().into_tensor_arg(),
                out.clone().into_tensor_arg(),
                self.batch,
                self.length,
                hidden,
                t,
                self.out_stride(),
                self.every(),
                self.packed(),
                u32::from(save),
            );
        }
    }

    fn backward(
        self,
        saved: &CubeTensor,
        gradient: &CubeTensor,
        x_gradient: bool,
    ) -> Gradients<CubeBackend> {
        let hidden = self.hidden;
        let slopes = empty(&self.x, [self.batch, self.length, 4 * hidden]);
        let dc = empty(&self.x, [self.batch, hidden]);
        let hardware = Hardware::of(&self.x.client);
        let dh = match Tile::backward(hardware, self.batch, hidden, 4) {
            Some(tile) => self.backward_at_once(tile, saved, gradient, &dc, &slopes),
            None => self.backward_by_steps(saved, gradient, &dc, &slopes),
        };
        let across = Matrix::new(slopes.clone(), 4 * hidden);
        let dx = if x_gradient {
            let dx = multiply(
                across.clone(),
                Matrix::new(self.w_ih.clone(), self.features),
            );
            reshape(dx, self.x.shape())
        } else {
            empty(&self.x, [1, 1, 1])
        };
        let x = Matrix::new(self.x.clone(), self.features);
        let before = Matrix::new(saved.clone(), 6 * hidden).columns(5 * hidden, hidden);
        (
            dx,
            multiply(across.clone().turn(), x),
            multiply(across.turn(), before),
            sum_rows(&slopes, 4 * hidden),
            dh,
            dc,
        )
    }

    fn backward_at_once(
        &self,
        tile: Tile,
        saved: &CubeTensor,
        gradient: &CubeTensor,
        dc: &CubeTensor,
        slopes: &CubeTensor,
    ) -> CubeTensor {
        let dh = empty(&self.x, [self.batch, self.hidden]);
        let (count, dim) = cubes(&tile, self.batch);
        let mut last = self.length;
        while last > 0 {
            let first = last.saturating_sub(tile.steps());
            persistent::backward::launch(
                &dh.client,
                count.clone(),
                dim,
                address(&[saved, gradient, slopes]),
                saved.clone().into_tensor_arg(),
                gradient.clone().into_tensor_arg(),
                self.w_hh.clone().into_tensor_arg(),
                self.c0.clone().into_tensor_arg(),
                dh.clone().into_tensor_arg(),
                dc.clone().into_tensor_arg(),
                slopes.clone().into_tensor_arg(),
                self.batch,
                self.length,
                first,
                last,
                self.out_stride(),
                self.every(),
                self.packed(),
                tile,
                weight_type(),
            );
            last = first;
        }
        dh
    }

    fn backward_by_steps(
        &self,
        saved: &CubeTensor,
        gradient: &CubeTensor,
        dc: &CubeTensor,
        slopes: &CubeTensor,
    ) -> CubeTensor {
        let hidden = self.hidden;
        // Not read at the last step.
        let mut dh = self.h0.clone();
        let (count, dim) = grid(self.batch * hidden);
        for t in (0..self.length).rev() {
            let step = empty(&self.x, [self.batch, 4 * hidden]);
            step::backward::launch(
                &dc.client,
                count.clone(),
                dim,
                address(&[saved, gradient, slopes]),
                saved.clone().into_tensor_arg(),
                gradient.clone().into_tensor_arg(),
                self.c0.clone().into_tensor_arg(),
                dh.into_tensor_arg(),
                dc.clone().into_tensor_arg(),
                slopes.clone().into_tensor_arg(),
                step.clone().into_tensor_arg(),
                self.batch,
                self.length,
                hidden,
                t,
                self.out_stride(),
                self.every(),
                self.packed(),
            );
            dh = multiply(
                Matrix::new(step, 4 * hidden),
                Matrix::new(self.w_hh.clone(), hidden),
            );
        }
        dh
    }
}

fn reshape(tensor: CubeTensor, shape: Shape) -> CubeTensor {
    use burn::backend::ops::FloatTensorOps as _;
    CubeBackend::float_reshape(tensor, shape)
}

/// The launch of a persistent kernel; surplus cubes find no rows.
fn cubes(tile: &Tile, batch: usize) -> (CubeCount, CubeDim) {
    const SIDE: usize = 32_768;
    let cubes = tile.cubes(batch);
    let count = CubeCount::Static(cubes.min(SIDE) as u32, cubes.div_ceil(SIDE) as u32, 1);
    (count, CubeDim::new_1d(tile.units as u32))
}

fn address(tensors: &[&CubeTensor]) -> AddressType {
    tensors
        .iter()
        .map(|tensor| tensor.required_address_type())
        .max()
        .unwrap_or_default()
}

fn weight_type() -> cubecl::ir::ElemType {
    burn::backend::cubecl::dtype_to_storage_type(DType::F32)
}

impl LstmOps for CubeBackend {
    fn lstm_forward(
        x: Float,
        w_ih: Float,
        w_hh: Float,
        b_ih: Float,
        b_hh: Float,
        h0: Float,
        c0: Float,
        output: Output,
    ) -> Float {
        Call::new([x, w_ih, w_hh, b_ih, b_hh, h0, c0], output)
            .forward(false)
            .0
    }

    fn lstm_saving(
        x: Float,
        w_ih: Float,
        w_hh: Float,
        b_ih: Float,
        b_hh: Float,
        h0: Float,
        c0: Float,
        output: Output,
    ) -> (Float, Float) {
        let (out, saved) = Call::new([x, w_ih, w_hh, b_ih, b_hh, h0, c0], output).forward(true);
        (out, saved.expect("asked to save"))
    }

    fn lstm_backward(
        x: Float,
        w_ih: Float,
        w_hh: Float,
        b_ih: Float,
        b_hh: Float,
        h0: Float,
        c0: Float,
        saved: Float,
        gradient: Float,
        output: Output,
        x_gradient: bool,
    ) -> Gradients<Self> {
        Call::new([x, w_ih, w_hh, b_ih, b_hh, h0, c0], output).backward(
            &into_contiguous(saved),
            &into_contiguous(gradient),
            x_gradient,
        )
    }
}

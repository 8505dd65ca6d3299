//! A call of the layer as a sequence of launches.

use burn::backend::TensorMetadata;
use burn::backend::ops::FloatTensorOps as _;
use burn::tensor::DType;
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::{AddressType, CubeCount, CubeDim};

use super::plan::{DEPTH, Hardware, Tile};
use super::product::{Matrix, empty, multiply, sum_rows};
use super::{backward, forward, pack, step};
use crate::ops::backend::grid;
use crate::ops::lstm::backend::{Gradients, output_shape};
use crate::ops::lstm::cpu::Output;

/// The tensors of a call, contiguous.
pub(super) struct Call {
    pub(super) x: CubeTensor,
    pub(super) w_ih: CubeTensor,
    pub(super) w_hh: CubeTensor,
    pub(super) b_ih: CubeTensor,
    pub(super) b_hh: CubeTensor,
    pub(super) h0: CubeTensor,
    pub(super) c0: CubeTensor,
    pub(super) output: Output,
    pub(super) batch: usize,
    pub(super) length: usize,
    pub(super) features: usize,
    pub(super) hidden: usize,
    /// The products of x and the bias, if they are there already.
    pub(super) ready: Option<CubeTensor>,
}

impl Call {
    pub(super) fn new(tensors: [CubeTensor; 7], output: Output) -> Self {
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
    pub(super) fn forward(self, save: bool) -> (CubeTensor, Option<CubeTensor>) {
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
        match Tile::forward(hardware, self.batch, self.features, self.hidden) {
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
        );
        let input = if tile.features > 0 {
            self.x.clone()
        } else {
            self.projected()
        };
        let carry = self.carry();
        let (count, dim) = cubes(&tile, self.batch);
        for first in (0..self.length).step_by(tile.steps()) {
            forward::forward::launch(
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

    pub(super) fn backward(
        self,
        saved: &CubeTensor,
        gradient: &CubeTensor,
        x_gradient: bool,
    ) -> Gradients<CubeBackend> {
        let hidden = self.hidden;
        let slopes = empty(&self.x, [self.batch, self.length, 4 * hidden]);
        let dc = empty(&self.x, [self.batch, hidden]);
        let hardware = Hardware::of(&self.x.client);
        let dh = match Tile::backward(hardware, self.batch, hidden) {
            Some(tile) => self.backward_at_once(tile, saved, gradient, &dc, &slopes),
            None => self.backward_by_steps(saved, gradient, &dc, &slopes),
        };
        let across = Matrix::new(slopes.clone(), 4 * hidden);
        let dx = if x_gradient {
            let dx = multiply(
                across.clone(),
                Matrix::new(self.w_ih.clone(), self.features),
            );
            CubeBackend::float_reshape(dx, self.x.shape())
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
            backward::backward::launch(
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

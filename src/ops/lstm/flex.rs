//! The layer on Burn's CPU backend: its tensors as slices for [`super::cpu`].

use std::sync::{Mutex, PoisonError};

use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{DType, Shape, TensorData};
use burn_flex::FlexTensor;

use super::backend::{Gradients, LstmOps, output_shape};
use super::cpu::{self, Instructions, Output, Projected, Sequence, Weights};
use super::shared::windows_shape;

/// The tensors of a call, contiguous where the kernel wants them so.
struct Call {
    x: FlexTensor,
    w_ih: FlexTensor,
    w_hh: FlexTensor,
    b_ih: FlexTensor,
    b_hh: FlexTensor,
    h0: FlexTensor,
    c0: FlexTensor,
}

impl Call {
    fn new(tensors: [FlexTensor; 7]) -> Self {
        let [x, w_ih, w_hh, b_ih, b_hh, h0, c0] = tensors;
        let strides = x.layout().strides();
        let readable = strides[0] >= 0 && strides[1] >= 0 && strides[2] == 1;
        Self {
            x: if readable { x } else { x.to_contiguous() },
            w_ih: w_ih.to_contiguous(),
            w_hh: w_hh.to_contiguous(),
            b_ih: b_ih.to_contiguous(),
            b_hh: b_hh.to_contiguous(),
            h0: h0.to_contiguous(),
            c0: c0.to_contiguous(),
        }
    }

    fn shape(&self) -> cpu::Shape {
        let x = self.x.shape();
        cpu::Shape {
            batch: x[0],
            length: x[1],
            features: x[2],
            hidden: self.w_hh.shape()[1],
        }
    }

    fn x(&self) -> Sequence<'_> {
        let layout = self.x.layout();
        Sequence {
            values: &self.x.storage::<f32>()[layout.start_offset()..],
            batch_stride: layout.strides()[0].unsigned_abs(),
            step_stride: layout.strides()[1].unsigned_abs(),
        }
    }

    fn weights(&self) -> Weights<'_> {
        Weights {
            w_ih: self.w_ih.storage(),
            w_hh: self.w_hh.storage(),
            b_ih: self.b_ih.storage(),
            b_hh: self.b_hh.storage(),
        }
    }

    fn state(&self) -> (&[f32], &[f32]) {
        (self.h0.storage(), self.c0.storage())
    }

    fn forward(&self, output: Output, saved: &mut [f32]) -> FlexTensor {
        let shape = self.shape();
        let out = with_buffer(shape.batch * output.row_len(shape), |out| {
            cpu::forward(
                Instructions::detect(),
                shape,
                self.x(),
                self.weights(),
                self.state(),
                output,
                out,
                saved,
            );
        });
        out.reshape(output_shape(&self.x.shape(), &self.w_hh.shape(), &output))
    }
}

fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

/// Buffers of saved activations and outputs, used again once nobody else holds them: tens of megabytes
/// whose pages would otherwise be fetched from the system and cleared at every step.
static BUFFERS: Mutex<Vec<FlexTensor>> = Mutex::new(Vec::new());

/// Buffers kept at most; more than twice the layers of a model.
const MAX_BUFFERS: usize = 12;

/// Numbers of the smallest buffer that is kept.
const MIN_BUFFER: usize = 16 * 1024;

/// A buffer of `len` numbers of any value that only the caller and the list hold.
fn with_buffer(len: usize, fill: impl FnOnce(&mut [f32])) -> FlexTensor {
    if len < MIN_BUFFER {
        let mut values = vec![0.0; len];
        fill(&mut values);
        return tensor(values, [len]);
    }
    let free = {
        let mut buffers = BUFFERS.lock().unwrap_or_else(PoisonError::into_inner);
        let found = buffers
            .iter()
            .position(|buffer| buffer.is_unique() && buffer.shape().num_elements() == len);
        if found.is_none() && buffers.len() >= MAX_BUFFERS {
            // Another shape: forget what is idle, then the oldest.
            buffers.retain(|buffer| !buffer.is_unique());
            let surplus = (buffers.len() + 1).saturating_sub(MAX_BUFFERS);
            buffers.drain(..surplus);
        }
        found.map(|index| buffers.remove(index))
    };
    let mut buffer = free.unwrap_or_else(|| FlexTensor::empty(Shape::from([len]), DType::F32));
    fill(buffer.storage_mut());
    BUFFERS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(buffer.clone());
    buffer
}

impl LstmOps for Flex {
    fn lstm_forward(
        x: FlexTensor,
        w_ih: FlexTensor,
        w_hh: FlexTensor,
        b_ih: FlexTensor,
        b_hh: FlexTensor,
        h0: FlexTensor,
        c0: FlexTensor,
        output: Output,
    ) -> FlexTensor {
        Call::new([x, w_ih, w_hh, b_ih, b_hh, h0, c0]).forward(output, &mut [])
    }

    fn lstm_saving(
        x: FlexTensor,
        w_ih: FlexTensor,
        w_hh: FlexTensor,
        b_ih: FlexTensor,
        b_hh: FlexTensor,
        h0: FlexTensor,
        c0: FlexTensor,
        output: Output,
    ) -> (FlexTensor, FlexTensor) {
        let call = Call::new([x, w_ih, w_hh, b_ih, b_hh, h0, c0]);
        let mut out = None;
        let len = cpu::saved_len(Instructions::detect(), call.shape());
        let saved = with_buffer(len, |saved| out = Some(call.forward(output, saved)));
        (out.expect("the buffer was filled"), saved)
    }

    fn lstm_backward(
        x: FlexTensor,
        w_ih: FlexTensor,
        w_hh: FlexTensor,
        b_ih: FlexTensor,
        b_hh: FlexTensor,
        h0: FlexTensor,
        c0: FlexTensor,
        saved: FlexTensor,
        gradient: FlexTensor,
        output: Output,
        x_gradient: bool,
    ) -> Gradients<Self> {
        let call = Call::new([x, w_ih, w_hh, b_ih, b_hh, h0, c0]);
        let shape = call.shape();
        let gradient = gradient.to_contiguous();
        let mut gradients = None;
        let mut run = |x_gradient: &mut [f32]| {
            gradients = Some(cpu::backward(
                Instructions::detect(),
                shape,
                call.x(),
                call.weights(),
                call.state(),
                output,
                gradient.storage(),
                saved.storage(),
                x_gradient,
            ));
        };
        let dx = if x_gradient {
            let len = shape.batch * shape.length * shape.features;
            with_buffer(len, run).reshape(call.x.shape())
        } else {
            run(&mut []);
            tensor(vec![0.0], [1, 1, 1])
        };
        let gradients = gradients.expect("the backward ran");
        (
            dx,
            tensor(gradients.w_ih, call.w_ih.shape()),
            tensor(gradients.w_hh, call.w_hh.shape()),
            tensor(gradients.bias, call.b_ih.shape()),
            tensor(gradients.h0, call.h0.shape()),
            tensor(gradients.c0, call.c0.shape()),
        )
    }
}

/// [`super::shared::SharedOps::lstm_project`]
pub(super) fn project(
    bars: &FlexTensor,
    w_ih: &FlexTensor,
    b_ih: &FlexTensor,
    b_hh: &FlexTensor,
) -> FlexTensor {
    let [bars, w_ih, b_ih, b_hh] = [bars, w_ih, b_ih, b_hh].map(FlexTensor::to_contiguous);
    let shape = bars.shape();
    let gates = b_ih.shape()[0];
    let mut out = vec![0.0; shape[0] * shape[1] * gates];
    cpu::project(
        Instructions::detect(),
        bars.storage(),
        (w_ih.storage(), b_ih.storage(), b_hh.storage()),
        &mut out,
    );
    tensor(out, [shape[0], shape[1], gates])
}

/// [`super::shared::SharedOps::lstm_windows`]
pub(super) fn windows(
    projected: &FlexTensor,
    places: &FlexTensor,
    w_hh: &FlexTensor,
    length: usize,
    output: Output,
) -> FlexTensor {
    let [projected, places, w_hh] = [projected, places, w_hh].map(FlexTensor::to_contiguous);
    let (rows, bars) = (projected.shape()[0], projected.shape()[1]);
    let (batch, hidden) = (places.shape()[0], w_hh.shape()[1]);
    let starts = places
        .storage::<i32>()
        .chunks_exact(2)
        .map(|place| {
            let row = usize::try_from(place[0]).unwrap_or(0).min(rows - 1);
            let start = usize::try_from(place[1]).unwrap_or(0).min(bars - length);
            row * bars + start
        })
        .collect::<Vec<_>>();
    let shape = cpu::Shape {
        batch,
        length,
        features: 0,
        hidden,
    };
    let out = with_buffer(batch * output.row_len(shape), |out| {
        cpu::forward_shared(
            Instructions::detect(),
            shape,
            Projected {
                values: projected.storage(),
                starts: &starts,
            },
            w_hh.storage(),
            output,
            out,
        );
    });
    out.reshape(windows_shape(batch, length, hidden, output))
}

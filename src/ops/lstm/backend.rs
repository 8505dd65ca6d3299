//! The trait that joins the layer's kernels to Burn's backends.

use burn::backend::{Backend, backend_extension, fusion::custom::TensorSpec, tensor::FloatTensor};
use burn::tensor::Shape;

use super::cpu::Output;

/// The gradients that [`LstmOps::lstm_backward`] gives: x, `w_ih`, `w_hh`, the bias, h0, c0.
pub type Gradients<B> = (
    FloatTensor<B>,
    FloatTensor<B>,
    FloatTensor<B>,
    FloatTensor<B>,
    FloatTensor<B>,
    FloatTensor<B>,
);

/// One LSTM layer over a sequence as an operation of a backend; for the tensors' shapes see
/// [`super::layer`].
#[backend_extension(Cube, Flex, Autodiff, Fusion)]
pub trait LstmOps: Backend {
    /// The layer; nothing is stored.
    #[fusion(dtype = x, shape = output_shape(x, w_hh, output))]
    fn lstm_forward(
        x: FloatTensor<Self>,
        w_ih: FloatTensor<Self>,
        w_hh: FloatTensor<Self>,
        b_ih: FloatTensor<Self>,
        b_hh: FloatTensor<Self>,
        h0: FloatTensor<Self>,
        c0: FloatTensor<Self>,
        output: Output,
    ) -> FloatTensor<Self>;

    /// The layer and what its backward needs. Only inner backends implement it.
    #[fusion(meta = saved_metadata)]
    fn lstm_saving(
        x: FloatTensor<Self>,
        w_ih: FloatTensor<Self>,
        w_hh: FloatTensor<Self>,
        b_ih: FloatTensor<Self>,
        b_hh: FloatTensor<Self>,
        h0: FloatTensor<Self>,
        c0: FloatTensor<Self>,
        output: Output,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The gradients; that of x has shape `[1, 1, 1]` and no meaning unless `x_gradient` is set.
    /// Only inner backends implement it.
    #[fusion(meta = gradients_metadata)]
    fn lstm_backward(
        x: FloatTensor<Self>,
        w_ih: FloatTensor<Self>,
        w_hh: FloatTensor<Self>,
        b_ih: FloatTensor<Self>,
        b_hh: FloatTensor<Self>,
        h0: FloatTensor<Self>,
        c0: FloatTensor<Self>,
        saved: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        output: Output,
        x_gradient: bool,
    ) -> (
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
    );
}

/// Shape of a layer's output.
pub(super) fn output_shape(x: &Shape, w_hh: &Shape, output: &Output) -> Shape {
    let (batch, length, hidden) = (x[0], x[1], w_hh[1]);
    match output {
        Output::Packed => Shape::from([batch, length + 1, hidden]),
        Output::All => Shape::from([batch, length, hidden]),
        Output::Last => Shape::from([batch, hidden]),
    }
}

fn saved_metadata(
    x: &TensorSpec,
    _w_ih: &TensorSpec,
    w_hh: &TensorSpec,
    _b_ih: &TensorSpec,
    _b_hh: &TensorSpec,
    _h0: &TensorSpec,
    _c0: &TensorSpec,
    output: &Output,
) -> (TensorSpec, TensorSpec) {
    let saved = Shape::from([x.shape[0], x.shape[1], 6 * w_hh.shape[1]]);
    (
        TensorSpec::new(output_shape(&x.shape, &w_hh.shape, output), x.dtype),
        TensorSpec::new(saved, x.dtype),
    )
}

fn gradients_metadata(
    x: &TensorSpec,
    w_ih: &TensorSpec,
    w_hh: &TensorSpec,
    b_ih: &TensorSpec,
    _b_hh: &TensorSpec,
    h0: &TensorSpec,
    c0: &TensorSpec,
    _saved: &TensorSpec,
    _gradient: &TensorSpec,
    _output: &Output,
    x_gradient: &bool,
) -> (
    TensorSpec,
    TensorSpec,
    TensorSpec,
    TensorSpec,
    TensorSpec,
    TensorSpec,
) {
    let x = if *x_gradient {
        x.clone()
    } else {
        TensorSpec::new(Shape::from([1, 1, 1]), x.dtype)
    };
    (
        x,
        w_ih.clone(),
        w_hh.clone(),
        b_ih.clone(),
        h0.clone(),
        c0.clone(),
    )
}

//! The layer on CubeCL backends.

use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;

use super::backend::{Gradients, LstmOps};
use super::composed::{self, Inputs};
use super::cpu::Output;

type Float = FloatTensor<CubeBackend>;

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
        let inputs = Inputs::<Self> {
            x,
            w_ih,
            w_hh,
            b_ih,
            b_hh,
            h0,
            c0,
        };
        composed::forward(inputs, output, false).0
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
        let inputs = Inputs::<Self> {
            x,
            w_ih,
            w_hh,
            b_ih,
            b_hh,
            h0,
            c0,
        };
        let (out, saved) = composed::forward(inputs, output, true);
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
        let inputs = Inputs::<Self> {
            x,
            w_ih,
            w_hh,
            b_ih,
            b_hh,
            h0,
            c0,
        };
        composed::backward(inputs, saved, gradient, output, x_gradient)
    }
}

//! The layer on CubeCL backends, in kernels that CUDA, Vulkan and Metal share.
//!
//! Up to H = 128, and further where shared memory allows (`plan`), a cube takes its rows of the batch
//! through the whole sequence in one launch (`forward`, `backward`): h in shared memory, c in
//! registers, as many of the weights as fit in shared memory and the rest from the device's cache, so
//! that no cube waits for another. Wider layers take two launches a step: the product with h, then
//! everything else (`step`). These kernels keep float32 throughout.
//!
//! Launches, whatever L (up to the thousands of steps that one launch takes):
//!
//! | | at once | by steps |
//! |---|---|---|
//! | forward, F <= 32 | 3 | 2 + 2 L |
//! | forward, F > 32 | 4 | 2 + 2 L |
//! | backward, at most | 8 | 7 + 2 L |
//!
//! One packs the bias and the state, one the weights, one multiplies all of x where the kernel does
//! not. In the backward one product each makes `dX`, `dW_ih` and `dW_hh` over the whole sequence (two
//! launches where the depth is cut in parts), and two sum the bias; `dX` is left out where nobody asks.
//! Burn's products, which large sizes take, may copy an operand.
//!
//! Memory between forward and backward: 24 H bytes for each step of each row (i, f, g, o, c and the h
//! before it). Beside it 16 H bytes while the forward runs if F > 32 or by steps, and 16 H while the
//! backward runs. Inference stores nothing.
//!
//! Left out: matrix instructions and weights of 16 bits, which pay only together and want hardware to
//! be tested on; graphs of launches, since CubeCL replays one on the buffers that it was recorded with,
//! while an operation has others at every call.

mod backward;
mod call;
mod forward;
mod gates;
mod pack;
mod plan;
mod product;
pub(super) mod shared;
mod step;
mod tile;

use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;

use super::backend::{Gradients, LstmOps};
use super::cpu::Output;
use call::Call;

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

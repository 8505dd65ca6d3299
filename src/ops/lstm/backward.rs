//! The gradient: the hand-written backward of the inner backend as one node of the graph.

use burn::backend::{
    Autodiff,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients as Graph,
        ops::{Backward, Ops, OpsKind},
    },
    tensor::FloatTensor,
};

use super::backend::{Gradients, LstmOps};
use super::cpu::Output;

/// What the backward keeps: the inputs in the operation's order, then the saved activations.
type State<B> = ([FloatTensor<B>; 7], FloatTensor<B>, Output);

#[derive(Debug)]
struct LstmBackward;

impl<B: LstmOps> Backward<B, 7> for LstmBackward {
    type State = State<B>;

    fn backward(self, ops: Ops<Self::State, 7>, grads: &mut Graph, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let [x, w_ih, w_hh, b_ih, b_hh, h0, c0] = ops.parents;
        let (inputs, saved, output) = ops.state;
        let [x_in, w_ih_in, w_hh_in, b_ih_in, b_hh_in, h0_in, c0_in] = inputs;
        let (dx, dw_ih, dw_hh, bias, dh0, dc0) = B::lstm_backward(
            x_in,
            w_ih_in,
            w_hh_in,
            b_ih_in,
            b_hh_in,
            h0_in,
            c0_in,
            saved,
            gradient,
            output,
            x.is_some(),
        );
        let pairs = [
            (x, dx),
            (w_ih, dw_ih),
            (w_hh, dw_hh),
            (b_ih, bias.clone()),
            (b_hh, bias),
            (h0, dh0),
            (c0, dc0),
        ];
        for (node, gradient) in pairs {
            if let Some(node) = node {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

impl<B: LstmOps, C: CheckpointStrategy> LstmOps for Autodiff<B, C> {
    fn lstm_forward(
        x: FloatTensor<Self>,
        w_ih: FloatTensor<Self>,
        w_hh: FloatTensor<Self>,
        b_ih: FloatTensor<Self>,
        b_hh: FloatTensor<Self>,
        h0: FloatTensor<Self>,
        c0: FloatTensor<Self>,
        output: Output,
    ) -> FloatTensor<Self> {
        let ((x, x_node), (w_ih, w_ih_node)) = (x.into_parts(), w_ih.into_parts());
        let ((w_hh, w_hh_node), (b_ih, b_ih_node)) = (w_hh.into_parts(), b_ih.into_parts());
        let (b_hh, b_hh_node) = b_hh.into_parts();
        let ((h0, h0_node), (c0, c0_node)) = (h0.into_parts(), c0.into_parts());
        let nodes = [
            x_node, w_ih_node, w_hh_node, b_ih_node, b_hh_node, h0_node, c0_node,
        ];
        match LstmBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let inputs = [x, w_ih, w_hh, b_ih, b_hh, h0, c0];
                let [x, w_ih, w_hh, b_ih, b_hh, h0, c0] = inputs.clone();
                let (out, saved) = B::lstm_saving(x, w_ih, w_hh, b_ih, b_hh, h0, c0, output);
                prep.finish((inputs, saved, output), out)
            }
            OpsKind::UnTracked(prep) => {
                prep.finish(B::lstm_forward(x, w_ih, w_hh, b_ih, b_hh, h0, c0, output))
            }
        }
    }

    fn lstm_saving(
        _x: FloatTensor<Self>,
        _w_ih: FloatTensor<Self>,
        _w_hh: FloatTensor<Self>,
        _b_ih: FloatTensor<Self>,
        _b_hh: FloatTensor<Self>,
        _h0: FloatTensor<Self>,
        _c0: FloatTensor<Self>,
        _output: Output,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        unreachable!("`lstm_forward` saves on the inner backend")
    }

    fn lstm_backward(
        _x: FloatTensor<Self>,
        _w_ih: FloatTensor<Self>,
        _w_hh: FloatTensor<Self>,
        _b_ih: FloatTensor<Self>,
        _b_hh: FloatTensor<Self>,
        _h0: FloatTensor<Self>,
        _c0: FloatTensor<Self>,
        _saved: FloatTensor<Self>,
        _gradient: FloatTensor<Self>,
        _output: Output,
        _x_gradient: bool,
    ) -> Gradients<Self> {
        unreachable!("the gradient has no gradient of its own")
    }
}

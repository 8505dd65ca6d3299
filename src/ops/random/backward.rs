//! The gradient of dropout: dropout of the gradient with the same key.

use burn::backend::Autodiff;
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;

use super::Words;
use crate::ops::backend::KernelOps;

#[derive(Debug)]
struct Dropout;

impl<B: KernelOps> Backward<B, 1> for Dropout {
    type State = (f32, Words);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let [node] = ops.parents;
        let (probability, words) = ops.state;
        let gradient = gradients.consume::<B>(&ops.node);
        if let Some(node) = node {
            gradients.register::<B>(node.id, B::dropout(gradient, probability, words));
        }
    }
}

pub(in crate::ops) fn dropout<B: KernelOps, C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<B, C>>,
    probability: f32,
    words: Words,
) -> FloatTensor<Autodiff<B, C>> {
    let (x, node) = x.into_parts();
    let y = B::dropout(x, probability, words);
    match Dropout.prepare::<C>([node]).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish((probability, words), y),
        OpsKind::UnTracked(prepared) => prepared.finish(y),
    }
}

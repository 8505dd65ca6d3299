//! The gradient of the recurrence: the same recurrence from the last bar to the first.

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, TensorMetadata, get_device_settings};

use crate::ops::backend::KernelOps;

#[derive(Debug)]
struct LinearScan;

impl<B: KernelOps> Backward<B, 2> for LinearScan {
    type State = (FloatTensor<B>, FloatTensor<B>);

    /// ```text
    /// db_t = dy_t + a_{t+1} db_{t+1}    (a restart cuts it as it cuts the recurrence)
    /// da_t = db_t y_{t-1}               (0 at a restart)
    /// ```
    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let [node_a, node_b] = ops.parents;
        let (a, y) = ops.state;
        let gradient = gradients.consume::<B>(&ops.node);
        let settings = get_device_settings::<B>(&a.device());
        let [rows, bars] = [a.shape()[0], a.shape()[1]];
        let zero = B::float_zeros([rows, 1].into(), &a.device(), a.dtype().into());
        let part =
            |x, from: usize, to: usize| B::float_slice(x, &[(0..rows).into(), (from..to).into()]);
        let a_next = if bars == 1 {
            zero.clone()
        } else {
            B::float_cat(vec![part(a.clone(), 1, bars), zero.clone()], 1)
        };
        let flip = |x| B::float_flip(x, &[1]);
        let db = flip(B::linear_scan(flip(a_next), flip(gradient)));
        if let Some(node) = node_a {
            let before = if bars == 1 {
                zero
            } else {
                B::float_cat(vec![zero, part(y, 0, bars - 1)], 1)
            };
            let restart = B::float_equal_elem(a, 0.0.into(), settings.bool_dtype);
            let da = B::float_mul(db.clone(), before);
            gradients.register::<B>(node.id, B::float_mask_fill(da, restart, 0.0.into()));
        }
        if let Some(node) = node_b {
            gradients.register::<B>(node.id, db);
        }
    }
}

pub(in crate::ops) fn linear_scan<B: KernelOps, C: CheckpointStrategy>(
    a: FloatTensor<Autodiff<B, C>>,
    b: FloatTensor<Autodiff<B, C>>,
) -> FloatTensor<Autodiff<B, C>> {
    let ((a, node_a), (b, node_b)) = (a.into_parts(), b.into_parts());
    match LinearScan
        .prepare::<C>([node_a, node_b])
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(prepared) => {
            let y = B::linear_scan(a.clone(), b);
            prepared.finish((a, y.clone()), y)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(B::linear_scan(a, b)),
    }
}

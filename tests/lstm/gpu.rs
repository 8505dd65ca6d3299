//! The layer through fusion on a software Vulkan driver, tiny: Burn tunes each matrix product there.

use emberline::device;
use emberline::device::transfer::{to_host, upload};
use emberline::ops::lstm::{self, reference};

use super::tensors::Leaves;
use super::{assert_close, inputs, narrow, shape, uniform};

#[test]
fn the_layer_on_a_gpu_driver_equals_the_oracle() {
    let Ok(selection) = device::select("vulkan:software", None) else {
        return; // no such driver installed
    };
    let device = selection.device.autodiff();
    let shape = shape([2, 3, 2, 4]);
    let inputs = inputs(41, shape, true);
    let trace = reference::forward(shape, &inputs);
    let gradient = uniform(42, trace.out.len(), 1.0);
    let expected = reference::backward(shape, &inputs, &trace, &gradient);
    let leaves = Leaves::new(shape, &inputs, &device);
    let out = lstm::layer(
        leaves.x.clone(),
        leaves.weights.clone(),
        Some(leaves.state()),
    );
    assert_close("out", &to_host(out.clone()), &trace.out);
    let loss = (out * upload(narrow(&gradient), [2, 4, 4], &device)).sum();
    leaves.assert_gradients(loss, &expected, "vulkan:software");
}

//! Layers one above the other, each gradient through those above it.

use burn::tensor::{Device, Tensor};
use emberline::device::transfer::{to_host, upload};
use emberline::ops::lstm::cpu::Shape;
use emberline::ops::lstm::reference::{self, Inputs, Trace};
use emberline::ops::lstm::{self, Output};

use super::tensors::{Leaves, embed};
use super::{assert_close, inputs, narrow, shape, uniform};

/// The outputs without the last c, as the next layer's input.
fn outputs(shape: Shape, trace: &Trace) -> Vec<f64> {
    trace
        .out
        .chunks(Output::Packed.row_len(shape))
        .flat_map(|row| row[..Output::All.row_len(shape)].to_vec())
        .collect()
}

fn check(batch: usize, length: usize, widths: &[usize], with_state: bool) {
    let device = Device::flex().autodiff();
    let top = widths.len() - 2;
    let mut shapes = Vec::new();
    let mut layers: Vec<Inputs> = Vec::new();
    let mut traces: Vec<Trace> = Vec::new();
    for (layer, pair) in widths.windows(2).enumerate() {
        let shape = shape([batch, length, pair[0], pair[1]]);
        let mut inputs = inputs(60 + 10 * layer as u64, shape, with_state);
        if let (Some(&below), Some(trace)) = (shapes.last(), traces.last()) {
            inputs.x = outputs(below, trace);
        }
        traces.push(reference::forward(shape, &inputs));
        shapes.push(shape);
        layers.push(inputs);
    }
    let gradient = uniform(59, batch * shapes[top].hidden, 1.0);
    let mut expected = Vec::new();
    let mut packed = embed(shapes[top], Output::Last, &gradient);
    for layer in (0..=top).rev() {
        let own = reference::backward(shapes[layer], &layers[layer], &traces[layer], &packed);
        if layer > 0 {
            packed = embed(shapes[layer - 1], Output::All, &own.x);
        }
        expected.push(own);
    }
    expected.reverse();

    let leaves: Vec<Leaves> = shapes
        .iter()
        .zip(&layers)
        .map(|(&shape, inputs)| Leaves::new(shape, inputs, &device))
        .collect();
    let mut x: Tensor<3> = leaves[0].x.clone();
    for leaves in &leaves[..top] {
        let state = with_state.then(|| leaves.state());
        x = lstm::outputs(x, leaves.weights.clone(), state);
    }
    let state = with_state.then(|| leaves[top].state());
    let out = lstm::last(x, leaves[top].weights.clone(), state);
    let last: Vec<f64> = traces[top]
        .out
        .chunks(Output::Packed.row_len(shapes[top]))
        .flat_map(|row| row[(length - 1) * shapes[top].hidden..][..shapes[top].hidden].to_vec())
        .collect();
    let what = format!("{batch} x {length} x {widths:?}, state {with_state}");
    assert_close(&what, &to_host(out.clone()), &last);
    let weight = upload(narrow(&gradient), out.dims(), &device);
    let gradients = (out * weight).sum().backward();
    let near = |name: &str, found: Option<Vec<f32>>, expected: &[f64]| {
        let what = format!("{what}: {name}");
        assert_close(&what, &found.unwrap_or_else(|| panic!("{what}")), expected);
    };
    let dx = leaves[0].x.grad(&gradients).map(to_host);
    near("x", dx, &expected[0].x);
    for (layer, (leaves, expected)) in leaves.iter().zip(&expected).enumerate() {
        let weights = &leaves.weights;
        let named = |name: &str| format!("layer {layer} {name}");
        let found = weights.w_ih.grad(&gradients).map(to_host);
        near(&named("w_ih"), found, &expected.w_ih);
        let found = weights.w_hh.grad(&gradients).map(to_host);
        near(&named("w_hh"), found, &expected.w_hh);
        let found = weights.b_ih.grad(&gradients).map(to_host);
        near(&named("b_ih"), found, &expected.b_ih);
        let found = weights.b_hh.grad(&gradients).map(to_host);
        near(&named("b_hh"), found, &expected.b_hh);
        if with_state {
            near(
                &named("h0"),
                leaves.h0.grad(&gradients).map(to_host),
                &expected.h0,
            );
            near(
                &named("c0"),
                leaves.c0.grad(&gradients).map(to_host),
                &expected.c0,
            );
        }
    }
}

#[test]
fn two_and_three_layers_equal_the_oracle() {
    for with_state in [false, true] {
        check(6, 5, &[3, 8, 4], with_state);
        check(17, 37, &[5, 32, 7, 32], with_state);
        check(3, 2, &[111, 7, 33, 128], with_state);
    }
}

//! The layer on tensors: the operation with its gradient, and the portable path.

use burn::tensor::{Device, Tensor};
use emberline::device::transfer::{to_host, upload};
use emberline::ops::lstm::cpu::Shape;
use emberline::ops::lstm::reference::{self, Inputs};
use emberline::ops::lstm::{self, LayerWeights, Output};

use super::{assert_close, inputs, narrow, shape, uniform};

/// The tensors of a call, recording gradients.
pub(super) struct Leaves {
    pub(super) x: Tensor<3>,
    pub(super) weights: LayerWeights,
    pub(super) h0: Tensor<2>,
    pub(super) c0: Tensor<2>,
}

impl Leaves {
    pub(super) fn new(shape: Shape, inputs: &Inputs, device: &Device) -> Self {
        let Shape {
            batch,
            length,
            features,
            hidden,
        } = shape;
        let vector = |v: &[f64]| upload(narrow(v), [4 * hidden], device).require_grad();
        let matrix = |v: &[f64], s: [usize; 2]| upload(narrow(v), s, device).require_grad();
        Self {
            x: upload(narrow(&inputs.x), [batch, length, features], device).require_grad(),
            weights: LayerWeights {
                w_ih: matrix(&inputs.w_ih, [4 * hidden, features]),
                w_hh: matrix(&inputs.w_hh, [4 * hidden, hidden]),
                b_ih: vector(&inputs.b_ih),
                b_hh: vector(&inputs.b_hh),
            },
            h0: matrix(&inputs.h0, [batch, hidden]),
            c0: matrix(&inputs.c0, [batch, hidden]),
        }
    }

    pub(super) fn state(&self) -> (Tensor<2>, Tensor<2>) {
        (self.h0.clone(), self.c0.clone())
    }

    /// Compares every gradient of `loss` with the oracle's.
    pub(super) fn assert_gradients(self, loss: Tensor<1>, expected: &Inputs, what: &str) {
        let gradients = loss.backward();
        let check = |name: &str, found: Option<Vec<f32>>, expected: &[f64]| {
            let found = found.unwrap_or_else(|| panic!("{what}: no gradient of {name}"));
            assert_close(&format!("{what}: {name}"), &found, expected);
        };
        let weights = &self.weights;
        check("x", self.x.grad(&gradients).map(to_host), &expected.x);
        check(
            "w_ih",
            weights.w_ih.grad(&gradients).map(to_host),
            &expected.w_ih,
        );
        check(
            "w_hh",
            weights.w_hh.grad(&gradients).map(to_host),
            &expected.w_hh,
        );
        check(
            "b_ih",
            weights.b_ih.grad(&gradients).map(to_host),
            &expected.b_ih,
        );
        check(
            "b_hh",
            weights.b_hh.grad(&gradients).map(to_host),
            &expected.b_hh,
        );
        check("h0", self.h0.grad(&gradients).map(to_host), &expected.h0);
        check("c0", self.c0.grad(&gradients).map(to_host), &expected.c0);
    }
}

type Layer = fn(Tensor<3>, LayerWeights, Option<(Tensor<2>, Tensor<2>)>) -> Tensor<3>;

#[test]
fn operation_and_portable_path_equal_the_oracle() {
    let device = Device::flex().autodiff();
    for sizes in [[3, 5, 4, 7], [17, 3, 1, 33], [1, 1, 1, 1]] {
        let shape = shape(sizes);
        let inputs = inputs(11, shape, true);
        let trace = reference::forward(shape, &inputs);
        let gradient = uniform(12, trace.out.len(), 1.0);
        let expected = reference::backward(shape, &inputs, &trace, &gradient);
        let weight = [shape.batch, shape.length + 1, shape.hidden];
        let paths: [(&str, Layer); 2] = [("layer", lstm::layer), ("portable", lstm::portable)];
        for (name, layer) in paths {
            let leaves = Leaves::new(shape, &inputs, &device);
            let out = layer(
                leaves.x.clone(),
                leaves.weights.clone(),
                Some(leaves.state()),
            );
            assert_eq!(out.dims(), weight);
            assert_close(name, &to_host(out.clone()), &trace.out);
            let loss = (out * upload(narrow(&gradient), weight, &device)).sum();
            leaves.assert_gradients(loss, &expected, name);
        }
    }
}

/// The gradient of the packed output that only reads what `last` or `outputs` gives.
pub(super) fn embed(shape: Shape, output: Output, gradient: &[f64]) -> Vec<f64> {
    let row = output.row_len(shape);
    let packed = Output::Packed.row_len(shape);
    let at = if output == Output::Last {
        (shape.length - 1) * shape.hidden
    } else {
        0
    };
    let mut out = vec![0.0; shape.batch * packed];
    for b in 0..shape.batch {
        out[b * packed + at..][..row].copy_from_slice(&gradient[b * row..][..row]);
    }
    out
}

#[test]
fn last_and_outputs_are_parts_of_the_layer() {
    let device = Device::flex().autodiff();
    let shape = shape([5, 4, 3, 9]);
    let inputs = inputs(13, shape, true);
    let trace = reference::forward(shape, &inputs);
    for output in [Output::All, Output::Last] {
        let gradient = uniform(14, shape.batch * output.row_len(shape), 1.0);
        let packed = embed(shape, output, &gradient);
        let expected = reference::backward(shape, &inputs, &trace, &packed);
        let leaves = Leaves::new(shape, &inputs, &device);
        let (x, weights, state) = (
            leaves.x.clone(),
            leaves.weights.clone(),
            Some(leaves.state()),
        );
        let out: Tensor<1> = match output {
            Output::Last => lstm::last(x, weights, state).flatten(0, 1),
            _ => lstm::outputs(x, weights, state).flatten(0, 2),
        };
        let weight: Tensor<1> = upload(narrow(&gradient), [gradient.len()], &device);
        let value = to_host((out.clone() * weight.clone()).sum())[0];
        let exact: f64 = trace
            .out
            .iter()
            .zip(&packed)
            .map(|(out, weight)| out * weight)
            .sum();
        assert!(
            (f64::from(value) - exact).abs() < 1e-4,
            "{output:?}: {value} against {exact}"
        );
        leaves.assert_gradients((out * weight).sum(), &expected, &format!("{output:?}"));
    }
}

#[test]
fn without_a_state_it_starts_from_zero() {
    let device = Device::flex().autodiff();
    let shape = shape([2, 3, 4, 5]);
    let inputs = inputs(15, shape, false);
    let leaves = Leaves::new(shape, &inputs, &device);
    let out = lstm::layer(leaves.x.clone(), leaves.weights.clone(), None);
    assert_close(
        "out",
        &to_host(out),
        &reference::forward(shape, &inputs).out,
    );
}

#[test]
fn a_view_gives_what_its_copy_gives() {
    let device = Device::flex().autodiff();
    let shape = shape([4, 3, 2, 5]);
    let leaves = Leaves::new(shape, &inputs(16, shape, false), &device);
    let whole: Tensor<3> = upload(narrow(&uniform(17, 6 * 5 * 4, 1.0)), [6, 5, 4], &device);
    // a part of a larger block, and one with its axes swapped, where features are not contiguous
    let part = whole.clone().slice([1..5, 2..5, 1..3]);
    let swapped = whole.swap_dims(0, 2).slice([0..4, 1..4, 2..4]);
    for view in [part, swapped] {
        let copy = upload(to_host(view.clone()), [4, 3, 2], &device);
        let run = |x| to_host(lstm::last(x, leaves.weights.clone(), None));
        assert_eq!(run(view), run(copy));
    }
}

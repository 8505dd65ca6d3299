//! The CPU kernel on slices, on every instruction set of this machine.

use emberline::ops::lstm::cpu::{self, Instructions, Output, Shape};
use emberline::ops::lstm::reference::{self, Inputs};
use rayon::prelude::*;

use super::{Single, assert_close, inputs, shape, uniform};

/// B, L, F, H: each value of {1, 3, 17, 256} x {1, 2, 37, 60} x {1, 5, 111} x {1, 7, 32, 128, 256}
/// with several partners, and the shapes that the benchmark measures.
const SHAPES: [[usize; 4]; 17] = [
    [1, 1, 1, 1],
    [3, 2, 5, 7],
    [17, 37, 5, 32],
    [3, 60, 111, 32],
    [256, 2, 5, 32],
    [17, 2, 111, 128],
    [1, 37, 111, 7],
    [256, 37, 1, 1],
    [3, 2, 5, 128],
    [17, 60, 1, 7],
    [256, 1, 111, 7],
    [1, 60, 5, 128],
    [3, 2, 5, 256],
    [17, 37, 111, 256],
    [256, 60, 111, 128],
    [32, 60, 5, 128],
    [33, 3, 7, 65],
];

/// The oracle in parts of the batch on several threads: the output and the gradients, whose sums over
/// the batch are sums of the parts'.
fn oracle(shape: Shape, inputs: &Inputs, gradient: &[f64]) -> (Vec<f64>, Inputs) {
    let Shape {
        length,
        features,
        hidden,
        ..
    } = shape;
    let row_len = (length + 1) * hidden;
    let parts: Vec<(Vec<f64>, Inputs)> = (0..shape.batch)
        .step_by(16)
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|first| {
            let batch = 16.min(shape.batch - first);
            let cut = |values: &[f64], row: usize| values[first * row..][..batch * row].to_vec();
            let part = Inputs {
                x: cut(&inputs.x, length * features),
                h0: cut(&inputs.h0, hidden),
                c0: cut(&inputs.c0, hidden),
                ..inputs.clone()
            };
            let shape = Shape { batch, ..shape };
            let trace = reference::forward(shape, &part);
            let gradients = reference::backward(shape, &part, &trace, &cut(gradient, row_len));
            (trace.out, gradients)
        })
        .collect();
    let mut parts = parts.into_iter();
    let (mut out, mut total) = parts.next().expect("a batch has a row");
    for (other_out, other) in parts {
        out.extend(other_out);
        total.x.extend(other.x);
        total.h0.extend(other.h0);
        total.c0.extend(other.c0);
        for (total, other) in [
            (&mut total.w_ih, other.w_ih),
            (&mut total.w_hh, other.w_hh),
            (&mut total.b_ih, other.b_ih),
            (&mut total.b_hh, other.b_hh),
        ] {
            for (total, other) in total.iter_mut().zip(other) {
                *total += other;
            }
        }
    }
    (out, total)
}

#[test]
fn forward_backward_and_state_equal_the_oracle() {
    for (index, sizes) in SHAPES.into_iter().enumerate() {
        let shape = shape(sizes);
        let inputs = inputs(100 * index as u64, shape, index % 2 == 0);
        let single = Single::new(&inputs);
        let output = Output::Packed;
        let gradient = uniform(7, shape.batch * output.row_len(shape), 1.0);
        let (exact, expected) = oracle(shape, &inputs, &gradient);
        for instructions in Instructions::available() {
            if sizes == [256, 60, 111, 128] && instructions == Instructions::Portable {
                continue; // slow where it has no fused multiply-add, and no other shape of tile
            }
            let what = |name: &str| format!("{instructions:?} {sizes:?} {name}");
            let mut out = vec![f32::NAN; exact.len()];
            let mut saved = vec![f32::NAN; cpu::saved_len(instructions, shape)];
            cpu::forward(
                instructions,
                shape,
                single.sequence(shape),
                single.weights(),
                single.state(),
                output,
                &mut out,
                &mut saved,
            );
            assert_close(&what("out"), &out, &exact);
            let mut plain = vec![f32::NAN; exact.len()];
            cpu::forward(
                instructions,
                shape,
                single.sequence(shape),
                single.weights(),
                single.state(),
                output,
                &mut plain,
                &mut [],
            );
            assert_eq!(out, plain, "{}", what("saving changes nothing"));

            let mut dx = vec![f32::NAN; inputs.x.len()];
            let found = cpu::backward(
                instructions,
                shape,
                single.sequence(shape),
                single.weights(),
                single.state(),
                output,
                &super::narrow(&gradient),
                &saved,
                &mut dx,
            );
            assert_close(&what("dx"), &dx, &expected.x);
            assert_close(&what("dw_ih"), &found.w_ih, &expected.w_ih);
            assert_close(&what("dw_hh"), &found.w_hh, &expected.w_hh);
            assert_close(&what("db"), &found.bias, &expected.b_ih);
            assert_close(&what("dh0"), &found.h0, &expected.h0);
            assert_close(&what("dc0"), &found.c0, &expected.c0);
        }
    }
}

type Field = fn(&mut reference::Inputs) -> &mut Vec<f64>;

/// The gradients of the oracle itself, by central differences.
#[test]
fn the_oracles_gradients_are_those_of_its_forward() {
    let shape = shape([2, 3, 4, 5]);
    let inputs = inputs(31, shape, true);
    let trace = reference::forward(shape, &inputs);
    let gradient = uniform(8, trace.out.len(), 1.0);
    let found = reference::backward(shape, &inputs, &trace, &gradient);
    let loss = |inputs: &reference::Inputs| -> f64 {
        let out = reference::forward(shape, inputs).out;
        out.iter()
            .zip(&gradient)
            .map(|(out, weight)| out * weight)
            .sum()
    };
    let fields: [(&str, Field); 7] = [
        ("x", |inputs| &mut inputs.x),
        ("w_ih", |inputs| &mut inputs.w_ih),
        ("w_hh", |inputs| &mut inputs.w_hh),
        ("b_ih", |inputs| &mut inputs.b_ih),
        ("b_hh", |inputs| &mut inputs.b_hh),
        ("h0", |inputs| &mut inputs.h0),
        ("c0", |inputs| &mut inputs.c0),
    ];
    for (name, field) in fields {
        let expected = field(&mut found.clone()).clone();
        for (index, expected) in expected.into_iter().enumerate() {
            // error of a central difference: h^2 = 1e-10 times a third derivative of about 1
            let step = 1e-5;
            let moved = |by: f64| {
                let mut inputs = inputs.clone();
                field(&mut inputs)[index] += by;
                loss(&inputs)
            };
            let difference = (moved(step) - moved(-step)) / (2.0 * step);
            assert!(
                (difference - expected).abs() < 1e-8,
                "{name}[{index}]: {expected} against {difference}"
            );
        }
    }
}

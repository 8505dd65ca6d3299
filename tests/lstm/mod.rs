//! The fused LSTM layer against its oracle, against `PyTorch`, and against itself.

mod activations;
mod cpu;
mod exact;
mod golden;
mod gpu;
mod shared;
mod stacked;
mod tensors;

use emberline::ops::lstm::cpu::{Sequence, Shape, Weights};
use emberline::ops::lstm::reference::Inputs;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// Sizes in order B, L, F, H.
fn shape([batch, length, features, hidden]: [usize; 4]) -> Shape {
    Shape {
        batch,
        length,
        features,
        hidden,
    }
}

/// Numbers uniform in [-scale, scale) that float32 holds exactly.
fn uniform(seed: u64, count: usize, scale: f64) -> Vec<f64> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    (0..count)
        .map(|_| {
            let unit = f64::from(generator.next_u32() >> 8) / f64::from(1 << 24);
            f64::from((scale * (2.0 * unit - 1.0)) as f32)
        })
        .collect()
}

/// Inputs of a layer: weights as `PyTorch` draws them, x of about unit size.
fn inputs(seed: u64, shape: Shape, with_state: bool) -> Inputs {
    let Shape {
        batch,
        length,
        features,
        hidden,
    } = shape;
    let bound = 1.0 / (hidden as f64).sqrt();
    let state = if with_state { 1.0 } else { 0.0 };
    Inputs {
        x: uniform(seed, batch * length * features, 2.0),
        w_ih: uniform(seed + 1, 4 * hidden * features, bound),
        w_hh: uniform(seed + 2, 4 * hidden * hidden, bound),
        b_ih: uniform(seed + 3, 4 * hidden, bound),
        b_hh: uniform(seed + 4, 4 * hidden, bound),
        h0: uniform(seed + 5, batch * hidden, state),
        c0: uniform(seed + 6, batch * hidden, state),
    }
}

fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// [`Inputs`] in float32.
struct Single {
    x: Vec<f32>,
    w_ih: Vec<f32>,
    w_hh: Vec<f32>,
    b_ih: Vec<f32>,
    b_hh: Vec<f32>,
    h0: Vec<f32>,
    c0: Vec<f32>,
}

impl Single {
    fn new(inputs: &Inputs) -> Self {
        Self {
            x: narrow(&inputs.x),
            w_ih: narrow(&inputs.w_ih),
            w_hh: narrow(&inputs.w_hh),
            b_ih: narrow(&inputs.b_ih),
            b_hh: narrow(&inputs.b_hh),
            h0: narrow(&inputs.h0),
            c0: narrow(&inputs.c0),
        }
    }

    fn sequence(&self, shape: Shape) -> Sequence<'_> {
        Sequence {
            values: &self.x,
            batch_stride: shape.length * shape.features,
            step_stride: shape.features,
        }
    }

    fn weights(&self) -> Weights<'_> {
        Weights {
            w_ih: &self.w_ih,
            w_hh: &self.w_hh,
            b_ih: &self.b_ih,
            b_hh: &self.b_hh,
        }
    }

    fn state(&self) -> (&[f32], &[f32]) {
        (&self.h0, &self.c0)
    }
}

/// Asserts that no element is off by more than 1e-5 of the largest one expected: float32 rounds at
/// 6e-8 and a gradient sums up to B * L = 15,360 products.
#[track_caller]
fn assert_close(name: &str, found: &[f32], expected: &[f64]) {
    assert_within(name, found, expected, 1e-5);
}

#[track_caller]
fn assert_within(name: &str, found: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let largest = expected.iter().fold(1e-3_f64, |max, x| max.max(x.abs()));
    for (index, (&found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs() / largest;
        assert!(
            error <= tolerance,
            "{name}[{index}]: {found} against {expected}, {error:.1e} of the largest"
        );
    }
}

//! The float64 oracle: scalar loops straight from the formula, forward and backward.

use super::cpu::Shape;

/// The parameters and inputs of a call in float64, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    /// `[B, L, F]`
    pub x: Vec<f64>,
    /// `[4H, F]`
    pub w_ih: Vec<f64>,
    /// `[4H, H]`
    pub w_hh: Vec<f64>,
    /// `[4H]`
    pub b_ih: Vec<f64>,
    /// `[4H]`
    pub b_hh: Vec<f64>,
    /// `[B, H]`
    pub h0: Vec<f64>,
    /// `[B, H]`
    pub c0: Vec<f64>,
}

/// Gates and states of every step.
#[derive(Debug, Clone)]
pub struct Trace {
    /// `[B, L + 1, H]`: outputs, then the last c.
    pub out: Vec<f64>,
    /// `[B, L, 4H]`: i, f, g, o after their functions.
    gates: Vec<f64>,
    /// `[B, L, H]`
    cells: Vec<f64>,
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// [`super::layer`] in float64.
pub fn forward(shape: Shape, inputs: &Inputs) -> Trace {
    let Shape {
        batch,
        length,
        features,
        hidden,
    } = shape;
    let mut trace = Trace {
        out: vec![0.0; batch * (length + 1) * hidden],
        gates: vec![0.0; batch * length * 4 * hidden],
        cells: vec![0.0; batch * length * hidden],
    };
    for b in 0..batch {
        let mut h = inputs.h0[b * hidden..][..hidden].to_vec();
        let mut c = inputs.c0[b * hidden..][..hidden].to_vec();
        for t in 0..length {
            let x = &inputs.x[(b * length + t) * features..][..features];
            let gates = &mut trace.gates[(b * length + t) * 4 * hidden..][..4 * hidden];
            for (row, gate) in gates.iter_mut().enumerate() {
                let mut sum = inputs.b_ih[row] + inputs.b_hh[row];
                for (k, x) in x.iter().enumerate() {
                    sum += inputs.w_ih[row * features + k] * x;
                }
                for (k, h) in h.iter().enumerate() {
                    sum += inputs.w_hh[row * hidden + k] * h;
                }
                *gate = if row / hidden == 2 {
                    sum.tanh()
                } else {
                    sigmoid(sum)
                };
            }
            for unit in 0..hidden {
                let [i, f, g, o] = [0, 1, 2, 3].map(|gate| gates[gate * hidden + unit]);
                c[unit] = f * c[unit] + i * g;
                h[unit] = o * c[unit].tanh();
            }
            trace.cells[(b * length + t) * hidden..][..hidden].copy_from_slice(&c);
            trace.out[(b * (length + 1) + t) * hidden..][..hidden].copy_from_slice(&h);
        }
        trace.out[(b * (length + 1) + length) * hidden..][..hidden].copy_from_slice(&c);
    }
    trace
}

/// The gradients of `sum(gradient * out)` in every input, `gradient` `[B, L + 1, H]`.
pub fn backward(shape: Shape, inputs: &Inputs, trace: &Trace, gradient: &[f64]) -> Inputs {
    let Shape {
        batch,
        length,
        features,
        hidden,
    } = shape;
    let zeros = |like: &[f64]| vec![0.0; like.len()];
    let mut out = Inputs {
        x: zeros(&inputs.x),
        w_ih: zeros(&inputs.w_ih),
        w_hh: zeros(&inputs.w_hh),
        b_ih: zeros(&inputs.b_ih),
        b_hh: zeros(&inputs.b_hh),
        h0: zeros(&inputs.h0),
        c0: zeros(&inputs.c0),
    };
    for b in 0..batch {
        let mut dh = vec![0.0; hidden];
        let mut dc = gradient[(b * (length + 1) + length) * hidden..][..hidden].to_vec();
        for t in (0..length).rev() {
            let at = b * length + t;
            let gates = &trace.gates[at * 4 * hidden..][..4 * hidden];
            let incoming = &gradient[(b * (length + 1) + t) * hidden..][..hidden];
            let (previous_h, previous_c) = if t == 0 {
                (
                    &inputs.h0[b * hidden..][..hidden],
                    &inputs.c0[b * hidden..][..hidden],
                )
            } else {
                (
                    &trace.out[(b * (length + 1) + t - 1) * hidden..][..hidden],
                    &trace.cells[(at - 1) * hidden..][..hidden],
                )
            };
            let mut sums = vec![0.0; 4 * hidden];
            for unit in 0..hidden {
                let [i, f, g, o] = [0, 1, 2, 3].map(|gate| gates[gate * hidden + unit]);
                let th = trace.cells[at * hidden + unit].tanh();
                let dh = dh[unit] + incoming[unit];
                let d = dc[unit] + dh * o * (1.0 - th * th);
                sums[unit] = d * g * i * (1.0 - i);
                sums[hidden + unit] = d * previous_c[unit] * f * (1.0 - f);
                sums[2 * hidden + unit] = d * i * (1.0 - g * g);
                sums[3 * hidden + unit] = dh * th * o * (1.0 - o);
                dc[unit] = d * f;
            }
            dh.fill(0.0);
            for (row, d) in sums.iter().enumerate() {
                out.b_ih[row] += d;
                out.b_hh[row] += d;
                for k in 0..features {
                    out.w_ih[row * features + k] += d * inputs.x[at * features + k];
                    out.x[at * features + k] += d * inputs.w_ih[row * features + k];
                }
                for k in 0..hidden {
                    out.w_hh[row * hidden + k] += d * previous_h[k];
                    dh[k] += d * inputs.w_hh[row * hidden + k];
                }
            }
        }
        out.h0[b * hidden..][..hidden].copy_from_slice(&dh);
        out.c0[b * hidden..][..hidden].copy_from_slice(&dc);
    }
    out
}

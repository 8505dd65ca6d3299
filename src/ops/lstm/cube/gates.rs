//! The gate maths that both paths share.

use cubecl::prelude::*;

/// `1 / (1 + e^-x)` without overflow, which shader compilers may assume never happens.
#[cube]
pub(super) fn sigmoid(x: f32) -> f32 {
    let power = (-x.abs()).exp();
    let rest = 1.0f32 / (1.0f32 + power);
    select(x < 0.0f32, power * rest, rest)
}

/// Absolute error of a few 1e-8; drivers' own may overflow to NaN.
#[cube]
pub(super) fn tanh(x: f32) -> f32 {
    let power = (-2.0f32 * x.abs()).exp();
    let size = (1.0f32 - power) / (1.0f32 + power);
    select(x < 0.0f32, -size, size)
}

/// What a step makes of its pre-activations.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Cell {
    pub(super) i: f32,
    pub(super) f: f32,
    pub(super) g: f32,
    pub(super) o: f32,
    pub(super) c: f32,
    pub(super) h: f32,
}

/// The forward step of one hidden unit.
#[cube]
pub(super) fn forward(i: f32, f: f32, g: f32, o: f32, c: f32) -> Cell {
    let i = sigmoid(i);
    let f = sigmoid(f);
    let g = tanh(g);
    let o = sigmoid(o);
    let c = f * c + i * g;
    Cell {
        i,
        f,
        g,
        o,
        c,
        h: o * tanh(c),
    }
}

/// The gradients of a step's pre-activations, and of the c before it.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Slopes {
    pub(super) i: f32,
    pub(super) f: f32,
    pub(super) g: f32,
    pub(super) o: f32,
    pub(super) c: f32,
}

/// The backward step of one hidden unit; `cell.h` is not read.
#[cube]
pub(super) fn backward(cell: &Cell, previous_c: f32, dh: f32, dc: f32) -> Slopes {
    let bent = tanh(cell.c);
    let dc = dc + dh * cell.o * (1.0f32 - bent * bent);
    Slopes {
        i: dc * cell.g * cell.i * (1.0f32 - cell.i),
        f: dc * previous_c * cell.f * (1.0f32 - cell.f),
        g: dc * cell.i * (1.0f32 - cell.g * cell.g),
        o: dh * bent * cell.o * (1.0f32 - cell.o),
        c: dc * cell.f,
    }
}

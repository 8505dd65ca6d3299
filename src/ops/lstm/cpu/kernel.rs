//! The inner loops: one register-blocked product and the gate maths around it.
#![allow(
    unsafe_code,
    reason = "pointer arithmetic without bounds checks; the lengths are asserted in `super::run`"
)]
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is unsafe as a whole; its contract is stated on it"
)]

use super::layout::Layout;
use super::vector::Vector;

/// The most rows and vectors of a register block in any implementation.
pub(super) const MAX_BLOCK: usize = 6 * 4 * 16;

/// Degree-5 polynomial for `2^f - 1` over `f`, |f| <= 1/2, relative error of `2^f` 9.2e-8 (least
/// squares reweighted towards the largest error, the constant term held at 1 so that `exp(0) = 1`).
#[allow(
    clippy::approx_constant,
    reason = "a fitted coefficient, near ln 2 but not it"
)]
const EXP2: [f32; 5] = [
    0.693_147,
    0.240_222_42,
    0.055_507_336,
    0.009_671_513,
    0.001_326_472_7,
];

/// `2^y` for y in [-62, 62] after clamping; NaN stays NaN.
#[inline(always)]
unsafe fn exp2<V: Vector>(y: V) -> V {
    // Adding 1.5 * 2^23 + 127 rounds y to an integer and leaves n + 127 in the low byte.
    let magic = V::splat(12_582_912.0 + 127.0);
    let y = y.clamp(62.0);
    let rounded = y.add(magic);
    let f = y.sub(rounded.sub(magic));
    let mut p = V::splat(EXP2[4]);
    p = p.mul_add(f, V::splat(EXP2[3]));
    p = p.mul_add(f, V::splat(EXP2[2]));
    p = p.mul_add(f, V::splat(EXP2[1]));
    p = p.mul_add(f, V::splat(EXP2[0]));
    p = p.mul_add(f, V::splat(1.0));
    p.mul(rounded.to_exponent())
}

/// `1 + exp(-x)`
#[inline(always)]
unsafe fn one_plus_exp_neg<V: Vector>(x: V) -> V {
    exp2(x.mul(V::splat(-core::f32::consts::LOG2_E))).add(V::splat(1.0))
}

/// `1 + exp(2x)`
#[inline(always)]
unsafe fn one_plus_exp_twice<V: Vector>(x: V) -> V {
    exp2(x.mul(V::splat(2.0 * core::f32::consts::LOG2_E))).add(V::splat(1.0))
}

/// `tanh x = 1 - 2 / (1 + exp(2x))`
#[inline(always)]
unsafe fn tanh<V: Vector>(x: V) -> V {
    V::splat(1.0).sub(V::splat(2.0).div(one_plus_exp_twice(x)))
}

/// (sigmoid a, sigmoid b) with one division; both denominators are at most 2^62 + 1.
#[inline(always)]
unsafe fn sigmoid_pair<V: Vector>(a: V, b: V) -> (V, V) {
    let (da, db) = (one_plus_exp_neg(a), one_plus_exp_neg(b));
    let inverse = V::splat(1.0).div(da.mul(db));
    (inverse.mul(db), inverse.mul(da))
}

/// (tanh a, sigmoid b) with one division.
#[inline(always)]
unsafe fn tanh_sigmoid<V: Vector>(a: V, b: V) -> (V, V) {
    let (da, db) = (one_plus_exp_twice(a), one_plus_exp_neg(b));
    let inverse = V::splat(1.0).div(da.mul(db));
    let tanh = inverse.mul(db).neg_mul_add(V::splat(2.0), V::splat(1.0));
    (tanh, inverse.mul(da))
}

/// Sigmoid and tanh of a slice, as the kernel computes them: for the test of their error.
///
/// # Safety
/// `values` and `tanh_out` hold the same number of elements, a multiple of `V::LANES`.
#[inline(always)]
pub(super) unsafe fn activations<V: Vector>(values: &mut [f32], tanh_out: &mut [f32]) {
    for at in (0..values.len()).step_by(V::LANES) {
        let x = V::load(values.as_ptr().add(at));
        let (th, sigmoid) = tanh_sigmoid(x, x);
        let (first, second) = sigmoid_pair(x, x);
        // the two ways to each function are the same within rounding; keep the worse-looking mean
        let half = V::splat(0.5);
        tanh(x)
            .add(th)
            .mul(half)
            .store(tanh_out.as_mut_ptr().add(at));
        first
            .add(second)
            .mul(half)
            .add(sigmoid)
            .mul(half)
            .store(values.as_mut_ptr().add(at));
    }
}

/// Operands of one product `out[r, j] (+)= sum_k a[r, k] * b[k, j]`.
#[derive(Clone, Copy)]
pub(super) struct Product {
    pub(super) depth: usize,
    pub(super) a: *const f32,
    pub(super) a_row: usize,
    pub(super) a_column: usize,
    pub(super) b: *const f32,
    pub(super) b_row: usize,
    pub(super) out: *mut f32,
    pub(super) out_row: usize,
    pub(super) add: bool,
}

/// R rows by C vectors held in registers over the whole depth; each element is one chain of fused
/// multiply-adds in the order of k, whatever the blocking.
#[inline(always)]
unsafe fn block<V: Vector, const R: usize, const C: usize>(x: Product) {
    let mut acc = [[V::splat(0.0); C]; R];
    if x.add {
        for r in 0..R {
            for c in 0..C {
                acc[r][c] = V::load(x.out.add(r * x.out_row + c * V::LANES));
            }
        }
    }
    for k in 0..x.depth {
        let mut b = [V::splat(0.0); C];
        for c in 0..C {
            b[c] = V::load(x.b.add(k * x.b_row + c * V::LANES));
        }
        for r in 0..R {
            let a = V::splat(*x.a.add(r * x.a_row + k * x.a_column));
            for c in 0..C {
                acc[r][c] = a.mul_add(b[c], acc[r][c]);
            }
        }
    }
    for r in 0..R {
        for c in 0..C {
            acc[r][c].store(x.out.add(r * x.out_row + c * V::LANES));
        }
    }
}

#[inline(always)]
unsafe fn block_rows<V: Vector, const C: usize>(rows: usize, x: Product) {
    match rows {
        1 => block::<V, 1, C>(x),
        2 => block::<V, 2, C>(x),
        3 => block::<V, 3, C>(x),
        4 if V::ROWS > 3 => block::<V, 4, C>(x),
        5 if V::ROWS > 3 => block::<V, 5, C>(x),
        6 if V::ROWS > 3 => block::<V, 6, C>(x),
        _ => unreachable!("a block has 1 to {} rows, not {rows}", V::ROWS),
    }
}

/// `rows <= V::ROWS` rows by `vectors <= 4` vectors.
///
/// # Safety
/// The pointers of `x` are valid for that block.
#[inline(always)]
pub(super) unsafe fn product<V: Vector>(rows: usize, vectors: usize, x: Product) {
    match vectors {
        4 => block_rows::<V, 4>(rows, x),
        3 => block_rows::<V, 3>(rows, x),
        2 => block_rows::<V, 2>(rows, x),
        1 => block_rows::<V, 1>(rows, x),
        _ => unreachable!("a block has 1 to 4 vectors, not {vectors}"),
    }
}

/// Splits `rows` into the fewest blocks of at most `most` rows, as even as possible; gives block
/// `index` of [`num_blocks`] as (first row, rows).
#[inline(always)]
pub(super) fn block_of(rows: usize, most: usize, index: usize) -> (usize, usize) {
    let num = rows.div_ceil(most);
    let (size, larger) = (rows / num, rows % num);
    let first = index * size + index.min(larger);
    (first, size + usize::from(index < larger))
}

/// The gate maths of one step for `rows` rows and one panel, after the product.
///
/// # Safety
/// `gates` holds `rows` rows of 4 vectors, `cell` and `hidden` one vector a row at their strides,
/// `saved` (or null) `rows` rows of 6 vectors: i, f, g, o, c, h.
#[inline(always)]
pub(super) unsafe fn step<V: Vector>(
    rows: usize,
    gates: *const f32,
    cell: *mut f32,
    cell_row: usize,
    hidden: *mut f32,
    hidden_row: usize,
    saved: *mut f32,
) {
    let lanes = V::LANES;
    for r in 0..rows {
        let gates = gates.add(r * 4 * lanes);
        let (i, f) = sigmoid_pair(V::load(gates), V::load(gates.add(lanes)));
        let (g, o) = tanh_sigmoid(V::load(gates.add(2 * lanes)), V::load(gates.add(3 * lanes)));
        let cell = cell.add(r * cell_row);
        let c = f.mul_add(V::load(cell), i.mul(g));
        let h = o.mul(tanh(c));
        c.store(cell);
        h.store(hidden.add(r * hidden_row));
        if !saved.is_null() {
            let saved = saved.add(r * Layout::SAVED * lanes);
            i.store(saved);
            f.store(saved.add(lanes));
            g.store(saved.add(2 * lanes));
            o.store(saved.add(3 * lanes));
            c.store(saved.add(4 * lanes));
            h.store(saved.add(5 * lanes));
        }
    }
}

/// The gradient of the gate maths of one step, one row, one panel.
///
/// ```text
/// dc += dh o (1 - tanh(c)^2)     do = dh tanh(c) o (1 - o)
/// di = dc g i (1 - i)            df = dc c_{t-1} f (1 - f)      dg = dc i (1 - g^2)
/// dc := dc f
/// ```
/// # Safety
/// `saved` holds 6 vectors, `previous_cell`, `cell_gradient` one, `out` four.
#[inline(always)]
pub(super) unsafe fn step_backward<V: Vector>(
    dh: V,
    saved: *const f32,
    previous_cell: *const f32,
    cell_gradient: *mut f32,
    out: *mut f32,
) {
    let lanes = V::LANES;
    let one = V::splat(1.0);
    let (i, f) = (V::load(saved), V::load(saved.add(lanes)));
    let (g, o) = (V::load(saved.add(2 * lanes)), V::load(saved.add(3 * lanes)));
    let th = tanh(V::load(saved.add(4 * lanes)));
    let dc = dh
        .mul(o)
        .mul_add(th.neg_mul_add(th, one), V::load(cell_gradient));
    let di = dc.mul(g).mul(i.neg_mul_add(i, i));
    let df = dc.mul(V::load(previous_cell)).mul(f.neg_mul_add(f, f));
    let dg = dc.mul(i).mul(g.neg_mul_add(g, one));
    let d_o = dh.mul(th).mul(o.neg_mul_add(o, o));
    dc.mul(f).store(cell_gradient);
    di.store(out);
    df.store(out.add(lanes));
    dg.store(out.add(2 * lanes));
    d_o.store(out.add(3 * lanes));
}

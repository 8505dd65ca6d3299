//! float32 sums and products with their rounding errors, for kernels.
//!
//! A number is a pair (high, low), high being the rounded value. Shader compilers may reassociate
//! and contract floating-point expressions, which would turn an error term into 0 or into something
//! else: each intermediate that an error term subtracts passes through [`opaque`], which no compiler
//! can see through. NaN and infinity are told by their bits, because WGSL compilers may assume that
//! neither occurs.

use cubecl::prelude::*;

/// The bits of a NaN. Kernels take them as an argument: WGSL refuses a constant NaN.
pub(super) const NAN_BITS: u32 = 0x7FC0_0000;

/// `x`, in a way that compilers cannot fold into the expressions around it.
///
/// `zero` is a kernel argument that is always 0.
#[cube]
pub(super) fn opaque(x: f32, zero: u32) -> f32 {
    f32::reinterpret(u32::reinterpret(x) ^ zero)
}

#[cube]
pub(super) fn is_nan(x: f32) -> bool {
    (u32::reinterpret(x) & 0x7FFF_FFFF) > 0x7F80_0000
}

/// Neither NaN nor infinite.
#[cube]
pub(super) fn is_finite(x: f32) -> bool {
    (u32::reinterpret(x) & 0x7FFF_FFFF) < 0x7F80_0000
}

/// Exactly zero of either sign; a denormal is not.
#[cube]
pub(super) fn is_zero(x: f32) -> bool {
    u32::reinterpret(x) << 1u32 == 0
}

/// `a + b - sum` exactly, `sum` being the rounded `a + b` (Knuth's two-sum).
#[cube]
pub(super) fn sum_error(a: f32, b: f32, sum: f32, zero: u32) -> f32 {
    let b_part = opaque(sum - a, zero);
    let a_part = opaque(sum - b_part, zero);
    opaque(a - a_part, zero) + opaque(b - b_part, zero)
}

/// `a * b - product` exactly barring underflow, `product` being the rounded `a * b` (Dekker's
/// product; the halves of 12 bits are cut, not rounded, so every partial product is exact).
#[cube]
pub(super) fn product_error(a: f32, b: f32, product: f32, zero: u32) -> f32 {
    let a_high = f32::reinterpret(u32::reinterpret(a) & 0xFFFF_F000);
    let b_high = f32::reinterpret(u32::reinterpret(b) & 0xFFFF_F000);
    let a_low = opaque(a - a_high, zero);
    let b_low = opaque(b - b_high, zero);
    let first = opaque(a_high * b_high - product, zero);
    let second = opaque(first + a_high * b_low, zero);
    let third = opaque(second + a_low * b_high, zero);
    third + a_low * b_low
}

/// A float32 value and what rounding left over.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Pair {
    pub(super) high: f32,
    pub(super) low: f32,
}

/// `high + low` as a pair again; an overflow or NaN keeps no rest, so that it stays what it is.
#[cube]
pub(super) fn pair(high: f32, low: f32, zero: u32) -> Pair {
    let sum = opaque(high + low, zero);
    let rest = low - opaque(sum - high, zero);
    let finite = is_finite(sum);
    Pair {
        high: select(finite, sum, high),
        low: select(finite, rest, 0.0f32),
    }
}

/// `(high, low) + x`.
#[cube]
pub(super) fn add(high: f32, low: f32, x: f32, zero: u32) -> Pair {
    let sum = opaque(high + x, zero);
    pair(sum, low + sum_error(high, x, sum, zero), zero)
}

/// `(high, low) * x`.
#[cube]
pub(super) fn multiply(high: f32, low: f32, x: f32, zero: u32) -> Pair {
    let product = opaque(high * x, zero);
    pair(
        product,
        low * x + product_error(high, x, product, zero),
        zero,
    )
}

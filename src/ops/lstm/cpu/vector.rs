//! Sixteen or eight numbers at a time: the instruction sets that the CPU kernel is built for.
//!
//! Every implementation does the same operations in the same order, and every product that is added
//! is fused, so that the three give the same bits where the processor has fused multiply-add.
#![allow(
    unsafe_code,
    reason = "processor intrinsics, chosen at run time; the safe doors are `super::run`"
)]
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "every method is one intrinsic under the contract of the trait"
)]

/// A vector of the processor.
///
/// # Safety
/// Each method may be called only where the processor has the instructions of the implementation
/// ([`super::Instructions::available`]); pointers must be valid for `LANES` numbers (no alignment
/// needed).
pub(super) trait Vector: Copy {
    /// Numbers in one vector = hidden units in one panel.
    const LANES: usize;
    /// Rows of one register block, with four vectors a row.
    const ROWS: usize;
    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    /// `self * factor + term`
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self;
    /// `term - self * factor`
    unsafe fn neg_mul_add(self, factor: Self, term: Self) -> Self;
    /// Into `[-bound, bound]`; NaN stays NaN.
    unsafe fn clamp(self, bound: f32) -> Self;
    /// The bits shifted 23 places up: the low byte of a float becomes an exponent.
    unsafe fn to_exponent(self) -> Self;
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Vector;
    #[allow(clippy::wildcard_imports, reason = "thirty intrinsics, each used once")]
    use core::arch::x86_64::*;

    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx512(__m512);

    impl Vector for Avx512 {
        const LANES: usize = 16;
        const ROWS: usize = 6;
        #[inline(always)]
        unsafe fn splat(value: f32) -> Self {
            Self(_mm512_set1_ps(value))
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            Self(_mm512_loadu_ps(from))
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            _mm512_storeu_ps(to, self.0);
        }
        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            Self(_mm512_add_ps(self.0, other.0))
        }
        #[inline(always)]
        unsafe fn sub(self, other: Self) -> Self {
            Self(_mm512_sub_ps(self.0, other.0))
        }
        #[inline(always)]
        unsafe fn mul(self, other: Self) -> Self {
            Self(_mm512_mul_ps(self.0, other.0))
        }
        #[inline(always)]
        unsafe fn div(self, other: Self) -> Self {
            Self(_mm512_div_ps(self.0, other.0))
        }
        #[inline(always)]
        unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
            Self(_mm512_fmadd_ps(self.0, factor.0, term.0))
        }
        #[inline(always)]
        unsafe fn neg_mul_add(self, factor: Self, term: Self) -> Self {
            Self(_mm512_fnmadd_ps(self.0, factor.0, term.0))
        }
        #[inline(always)]
        unsafe fn clamp(self, bound: f32) -> Self {
            // min and max return their second operand when one is NaN
            let below = _mm512_min_ps(_mm512_set1_ps(bound), self.0);
            Self(_mm512_max_ps(_mm512_set1_ps(-bound), below))
        }
        #[inline(always)]
        unsafe fn to_exponent(self) -> Self {
            Self(_mm512_castsi512_ps(_mm512_slli_epi32::<23>(
                _mm512_castps_si512(self.0),
            )))
        }
    }

    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx2(__m256);

    impl Vector for Avx2 {
        const LANES: usize = 8;
        const ROWS: usize = 3;
        #[inline(always)]
        unsafe fn splat(value: f32) -> Self {
            Self(_mm256_set1_ps(value))
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            Self(_mm256_loadu_ps(from))
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            _mm256_storeu_ps(to, self.0);
        }
        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            Self(_mm256_add_ps(self.0, other.0))
        }
        #[inline(always)]
        unsafe fn sub(self, other: Self) -> Self {
            Self(_mm256_sub_ps(self.0, other.0))
        }
        #[inline(always)]
        unsafe fn mul(self, other: Self) -> Self {
            Self(_mm256_mul_ps(self.0, other.0))
        }
        #[inline(always)]
        unsafe fn div(self, other: Self) -> Self {
            Self(_mm256_div_ps(self.0, other.0))
        }
        #[inline(always)]
        unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
            Self(_mm256_fmadd_ps(self.0, factor.0, term.0))
        }
        #[inline(always)]
        unsafe fn neg_mul_add(self, factor: Self, term: Self) -> Self {
            Self(_mm256_fnmadd_ps(self.0, factor.0, term.0))
        }
        #[inline(always)]
        unsafe fn clamp(self, bound: f32) -> Self {
            let below = _mm256_min_ps(_mm256_set1_ps(bound), self.0);
            Self(_mm256_max_ps(_mm256_set1_ps(-bound), below))
        }
        #[inline(always)]
        unsafe fn to_exponent(self) -> Self {
            Self(_mm256_castsi256_ps(_mm256_slli_epi32::<23>(
                _mm256_castps_si256(self.0),
            )))
        }
    }
}

/// Plain arrays: for processors without a variant above; the compiler vectorises them for NEON.
#[derive(Clone, Copy)]
pub(super) struct Portable([f32; 8]);

impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        let mut out = self.0;
        for (out, other) in out.iter_mut().zip(other.0) {
            *out = f(*out, other);
        }
        Self(out)
    }
}

/// Fused where that is one instruction; a call of the C library otherwise, far too slow.
#[inline(always)]
fn fused(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
        a.mul_add(b, c)
    } else {
        a * b + c
    }
}

impl Vector for Portable {
    const LANES: usize = 8;
    const ROWS: usize = 3;
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; 8])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(from.cast::<[f32; 8]>().read())
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        to.cast::<[f32; 8]>().write(self.0);
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
        let mut out = term.0;
        for ((out, a), b) in out.iter_mut().zip(self.0).zip(factor.0) {
            *out = fused(a, b, *out);
        }
        Self(out)
    }
    #[inline(always)]
    unsafe fn neg_mul_add(self, factor: Self, term: Self) -> Self {
        let mut out = term.0;
        for ((out, a), b) in out.iter_mut().zip(self.0).zip(factor.0) {
            *out = fused(-a, b, *out);
        }
        Self(out)
    }
    #[inline(always)]
    unsafe fn clamp(self, bound: f32) -> Self {
        let mut out = self.0;
        for out in &mut out {
            *out = out.clamp(-bound, bound); // keeps NaN
        }
        Self(out)
    }
    #[inline(always)]
    unsafe fn to_exponent(self) -> Self {
        let mut out = self.0;
        for out in &mut out {
            *out = f32::from_bits(out.to_bits() << 23);
        }
        Self(out)
    }
}

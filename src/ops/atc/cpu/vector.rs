//! Eight, four or one float64 at a time: the instruction sets that the loops are built for.
//!
//! Every implementation does the same operations, none fused, so that all give the same bits. A mask
//! is a byte, one bit a lane from the lowest on.
//!
//! The methods are safe to write down and wrong to call where the processor lacks the instructions:
//! the types stay in this module's parent, whose only doors (`run`) ask the processor first.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "one processor intrinsic each, under the contract above"
)]

/// A vector of float64.
pub(super) trait Vector: Copy + Send + Sync + 'static {
    const LANES: usize;
    fn splat(value: f64) -> Self;
    /// The first `LANES` of `from`.
    fn load(from: &[f64]) -> Self;
    /// Into the first `LANES` of `to`.
    fn store(self, to: &mut [f64]);
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;
    fn abs(self) -> Self;
    /// The greater; `other` where `self` is NaN.
    fn max(self, other: Self) -> Self;
    /// To whole numbers, ties to even.
    fn round(self) -> Self;
    /// Where `self < other`; nowhere beside NaN.
    fn less(self, other: Self) -> u8;
    /// `other` where the mask is set.
    fn replace(self, mask: u8, other: Self) -> Self;
    /// `self + other` where the mask is set.
    fn add_where(self, mask: u8, other: Self) -> Self;
    /// `self - other` where the mask is set.
    fn sub_where(self, mask: u8, other: Self) -> Self;
}

impl Vector for f64 {
    const LANES: usize = 1;
    #[inline(always)]
    fn splat(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn load(from: &[f64]) -> Self {
        from[0]
    }
    #[inline(always)]
    fn store(self, to: &mut [f64]) {
        to[0] = self;
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self + other
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self - other
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self * other
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self / other
    }
    #[inline(always)]
    fn abs(self) -> Self {
        f64::abs(self)
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        if self > other { self } else { other }
    }
    #[inline(always)]
    fn round(self) -> Self {
        self.round_ties_even()
    }
    #[inline(always)]
    fn less(self, other: Self) -> u8 {
        u8::from(self < other)
    }
    #[inline(always)]
    fn replace(self, mask: u8, other: Self) -> Self {
        if mask & 1 == 0 { self } else { other }
    }
    #[inline(always)]
    fn add_where(self, mask: u8, other: Self) -> Self {
        if mask & 1 == 0 { self } else { self + other }
    }
    #[inline(always)]
    fn sub_where(self, mask: u8, other: Self) -> Self {
        if mask & 1 == 0 { self } else { self - other }
    }
}

/// Plain arrays: for processors without a variant below.
#[derive(Clone, Copy)]
pub(super) struct Portable([f64; 4]);

impl Portable {
    #[inline(always)]
    fn zip(mut self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own = f(*own, other);
        }
        self
    }

    #[inline(always)]
    fn zip_where(mut self, mask: u8, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        for (lane, (own, other)) in self.0.iter_mut().zip(other.0).enumerate() {
            let new = f(*own, other);
            *own = if mask >> lane & 1 == 0 { *own } else { new };
        }
        self
    }
}

impl Vector for Portable {
    const LANES: usize = 4;
    #[inline(always)]
    fn splat(value: f64) -> Self {
        Self([value; 4])
    }
    #[inline(always)]
    fn load(from: &[f64]) -> Self {
        Self([from[0], from[1], from[2], from[3]])
    }
    #[inline(always)]
    fn store(self, to: &mut [f64]) {
        to[..4].copy_from_slice(&self.0);
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Self(self.0.map(f64::abs))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn round(self) -> Self {
        Self(self.0.map(f64::round_ties_even))
    }
    #[inline(always)]
    fn less(self, other: Self) -> u8 {
        let mut mask = 0;
        for (lane, (a, b)) in self.0.iter().zip(&other.0).enumerate() {
            mask |= u8::from(a < b) << lane;
        }
        mask
    }
    #[inline(always)]
    fn replace(self, mask: u8, other: Self) -> Self {
        self.zip_where(mask, other, |_, b| b)
    }
    #[inline(always)]
    fn add_where(self, mask: u8, other: Self) -> Self {
        self.zip_where(mask, other, |a, b| a + b)
    }
    #[inline(always)]
    fn sub_where(self, mask: u8, other: Self) -> Self {
        self.zip_where(mask, other, |a, b| a - b)
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Vector;
    #[allow(clippy::wildcard_imports, reason = "thirty intrinsics, each used once")]
    use core::arch::x86_64::*;

    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx512(__m512d);

    impl Vector for Avx512 {
        const LANES: usize = 8;
        #[inline(always)]
        fn splat(value: f64) -> Self {
            Self(unsafe { _mm512_set1_pd(value) })
        }
        #[inline(always)]
        fn load(from: &[f64]) -> Self {
            Self(unsafe { _mm512_loadu_pd(from[..8].as_ptr()) })
        }
        #[inline(always)]
        fn store(self, to: &mut [f64]) {
            unsafe { _mm512_storeu_pd(to[..8].as_mut_ptr(), self.0) }
        }
        #[inline(always)]
        fn add(self, other: Self) -> Self {
            Self(unsafe { _mm512_add_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn sub(self, other: Self) -> Self {
            Self(unsafe { _mm512_sub_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn mul(self, other: Self) -> Self {
            Self(unsafe { _mm512_mul_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn div(self, other: Self) -> Self {
            Self(unsafe { _mm512_div_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn abs(self) -> Self {
            Self(unsafe { _mm512_abs_pd(self.0) })
        }
        #[inline(always)]
        fn max(self, other: Self) -> Self {
            // The second operand where one is NaN.
            Self(unsafe { _mm512_max_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn round(self) -> Self {
            Self(unsafe {
                _mm512_roundscale_pd::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0)
            })
        }
        #[inline(always)]
        fn less(self, other: Self) -> u8 {
            unsafe { _mm512_cmp_pd_mask::<_CMP_LT_OQ>(self.0, other.0) }
        }
        #[inline(always)]
        fn replace(self, mask: u8, other: Self) -> Self {
            Self(unsafe { _mm512_mask_mov_pd(self.0, mask, other.0) })
        }
        #[inline(always)]
        fn add_where(self, mask: u8, other: Self) -> Self {
            Self(unsafe { _mm512_mask_add_pd(self.0, mask, self.0, other.0) })
        }
        #[inline(always)]
        fn sub_where(self, mask: u8, other: Self) -> Self {
            Self(unsafe { _mm512_mask_sub_pd(self.0, mask, self.0, other.0) })
        }
    }

    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx2(__m256d);

    /// The lanes whose bit is set, as 64 ones each.
    #[inline(always)]
    fn spread(mask: u8) -> __m256d {
        unsafe {
            let bits = _mm256_set_epi64x(8, 4, 2, 1);
            let set = _mm256_and_si256(_mm256_set1_epi64x(i64::from(mask)), bits);
            _mm256_castsi256_pd(_mm256_cmpeq_epi64(set, bits))
        }
    }

    impl Vector for Avx2 {
        const LANES: usize = 4;
        #[inline(always)]
        fn splat(value: f64) -> Self {
            Self(unsafe { _mm256_set1_pd(value) })
        }
        #[inline(always)]
        fn load(from: &[f64]) -> Self {
            Self(unsafe { _mm256_loadu_pd(from[..4].as_ptr()) })
        }
        #[inline(always)]
        fn store(self, to: &mut [f64]) {
            unsafe { _mm256_storeu_pd(to[..4].as_mut_ptr(), self.0) }
        }
        #[inline(always)]
        fn add(self, other: Self) -> Self {
            Self(unsafe { _mm256_add_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn sub(self, other: Self) -> Self {
            Self(unsafe { _mm256_sub_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn mul(self, other: Self) -> Self {
            Self(unsafe { _mm256_mul_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn div(self, other: Self) -> Self {
            Self(unsafe { _mm256_div_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn abs(self) -> Self {
            Self(unsafe { _mm256_andnot_pd(_mm256_set1_pd(-0.0), self.0) })
        }
        #[inline(always)]
        fn max(self, other: Self) -> Self {
            Self(unsafe { _mm256_max_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn round(self) -> Self {
            Self(unsafe {
                _mm256_round_pd::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0)
            })
        }
        #[inline(always)]
        fn less(self, other: Self) -> u8 {
            let set = unsafe { _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_LT_OQ>(self.0, other.0)) };
            set.cast_unsigned() as u8
        }
        #[inline(always)]
        fn replace(self, mask: u8, other: Self) -> Self {
            Self(unsafe { _mm256_blendv_pd(self.0, other.0, spread(mask)) })
        }
        #[inline(always)]
        fn add_where(self, mask: u8, other: Self) -> Self {
            self.replace(mask, self.add(other))
        }
        #[inline(always)]
        fn sub_where(self, mask: u8, other: Self) -> Self {
            self.replace(mask, self.sub(other))
        }
    }
}

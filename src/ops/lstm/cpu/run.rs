//! From plain functions to the variant of the processor's instructions, and aligned memory for it.

use std::ops::{Deref, DerefMut};

use rayon::prelude::*;

use super::layout::Layout;
use super::{kernel, rate, shared, tile, vector};

/// An instruction set that the kernel is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instructions {
    /// x86-64 with 512-bit vectors.
    Avx512,
    /// x86-64 with 256-bit vectors and fused multiply-add.
    Avx2,
    /// Whatever the crate was compiled for.
    Portable,
}

impl Instructions {
    /// The sets that this processor has, the fastest first.
    pub fn available() -> Vec<Self> {
        let mut sets = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma") {
                sets.push(Self::Avx512);
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                sets.push(Self::Avx2);
            }
        }
        sets.push(Self::Portable);
        sets
    }

    /// The fastest set that this processor has.
    pub fn detect() -> Self {
        Self::available()[0]
    }

    pub(super) fn lanes(self) -> usize {
        use vector::Vector as _;
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => vector::Avx512::LANES,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => vector::Avx2::LANES,
            _ => vector::Portable::LANES,
        }
    }
}

/// Numbers at the start of a cache line.
#[derive(Default)]
pub(super) struct Aligned(Vec<Line>);

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

impl Aligned {
    pub(super) fn zeros(len: usize) -> Self {
        Self(vec![Line([0.0; 16]); len.div_ceil(16)])
    }
}

/// Runs a call of several tiles as one job of the thread pool, so that the caller waits once and not
/// for each of its loops; a single tile stays on the caller's thread.
pub(super) fn on_pool<R: Send>(layout: Layout, call: impl FnOnce() -> R + Send) -> R {
    if layout.tile_rows < layout.shape.batch {
        rayon::scope(|_| call())
    } else {
        call()
    }
}

/// `work` on every tile; the results in their order.
pub(super) fn each_tile<T: Send, R: Send>(
    mut tiles: Vec<T>,
    work: impl Fn(T) -> R + Sync + Send,
) -> Vec<R> {
    if tiles.len() == 1 {
        return tiles.pop().map(work).into_iter().collect();
    }
    tiles.into_par_iter().with_max_len(1).map(work).collect()
}

macro_rules! dispatch {
    ($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) = $module:ident::$body:ident, $avx512:ident, $avx2:ident) => {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx2,fma")]
        fn $avx512($($argument: $type),*) {
            // SAFETY: this function's own instructions are those of the vector.
            #[allow(unsafe_code, reason = "the instructions are enabled on this function")]
            unsafe { $module::$body::<vector::Avx512>($($argument),*) }
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma")]
        fn $avx2($($argument: $type),*) {
            // SAFETY: this function's own instructions are those of the vector.
            #[allow(unsafe_code, reason = "the instructions are enabled on this function")]
            unsafe { $module::$body::<vector::Avx2>($($argument),*) }
        }
        $(#[$doc])*
        #[allow(unsafe_code, reason = "the instructions are asserted to be there")]
        pub(super) fn $name(instructions: Instructions, $($argument: $type),*) {
            assert!(
                Instructions::available().contains(&instructions),
                "this processor has no {instructions:?}"
            );
            match instructions {
                // SAFETY: asserted above.
                #[cfg(target_arch = "x86_64")]
                Instructions::Avx512 => unsafe { $avx512($($argument),*) },
                // SAFETY: asserted above.
                #[cfg(target_arch = "x86_64")]
                Instructions::Avx2 => unsafe { $avx2($($argument),*) },
                // SAFETY: plain arrays need no instructions.
                _ => unsafe { $module::$body::<vector::Portable>($($argument),*) },
            }
        }
    };
}

dispatch!(forward(tile: tile::Forward<'_>) = tile::forward, forward_avx512, forward_avx2);
dispatch!(backward(tile: tile::Backward<'_>) = tile::backward, backward_avx512, backward_avx2);
dispatch!(project(task: shared::Bars<'_>) = shared::bars, project_avx512, project_avx2);
dispatch!(products(tile: rate::Products) = rate::products, products_avx512, products_avx2);
dispatch!(
    activations(values: &mut [f32], tanh: &mut [f32]) = kernel::activations,
    activations_avx512,
    activations_avx2
);

#[allow(unsafe_code, reason = "a line is 16 numbers without padding")]
impl Deref for Aligned {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        // SAFETY: `Line` is `repr(C)` with 64 bytes of f32, its size equals its alignment.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len() * 16) }
    }
}

#[allow(unsafe_code, reason = "a line is 16 numbers without padding")]
impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, and the borrow is unique.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), self.0.len() * 16) }
    }
}

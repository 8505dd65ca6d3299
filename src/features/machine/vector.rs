//! Loops with the widest vectors that the processor has.

/// Loops that the compiler turns into vector instructions.
pub(in crate::features) trait Loops {
    /// Must be inlined into its caller, whose instructions it takes.
    fn run(self);
}

/// Runs with the widest vectors that the processor has; the numbers are the same with all.
pub(in crate::features) fn widest<L: Loops>(loops: L) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512dq,avx512vl")]
        fn avx512<L: Loops>(loops: L) {
            loops.run();
        }

        #[target_feature(enable = "avx2")]
        fn avx2<L: Loops>(loops: L) {
            loops.run();
        }

        let has_avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        if has_avx512 {
            // SAFETY: the processor has these instructions.
            #[allow(unsafe_code, reason = "the instructions are asked for above")]
            return unsafe { avx512(loops) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has these instructions.
            #[allow(unsafe_code, reason = "the instructions are asked for above")]
            return unsafe { avx2(loops) };
        }
    }
    loops.run();
}

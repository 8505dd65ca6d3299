//! Sigmoid and tanh of the CPU kernel.

use emberline::ops::lstm::cpu::{Instructions, activations};

#[test]
fn sigmoid_and_tanh_are_within_a_millionth_everywhere() {
    // every 512th float32 of either sign: zeros, subnormals, all magnitudes to infinity
    let mut xs = (0..=0x7f80_0000_u32)
        .step_by(512)
        .flat_map(|bits| [f32::from_bits(bits), -f32::from_bits(bits)])
        .collect::<Vec<_>>();
    // and the range where they move, evenly
    xs.extend((0..200_000).map(|i| -25.0 + 50.0 * i as f32 / 200_000.0));
    xs.resize(xs.len().next_multiple_of(16), 0.0);
    for instructions in Instructions::available() {
        let (mut sigmoid, mut tanh) = (xs.clone(), xs.clone());
        activations(instructions, &mut sigmoid, &mut tanh);
        let mut worst = [0.0_f64; 2];
        for ((&x, sigmoid), tanh) in xs.iter().zip(&sigmoid).zip(&tanh) {
            let exact = f64::from(x);
            let errors = [
                f64::from(*sigmoid) - 1.0 / (1.0 + (-exact).exp()),
                f64::from(*tanh) - exact.tanh(),
            ];
            for (worst, error) in worst.iter_mut().zip(errors) {
                assert!(
                    error.abs() < 1e-6,
                    "{instructions:?} at {x}: error {error:.1e}"
                );
                *worst = worst.max(error.abs());
            }
        }
        // the bound is not met by chance: the true error is float32's own rounding
        assert!(
            worst[0] < 2e-7 && worst[1] < 4e-7,
            "{instructions:?}: {worst:?}"
        );
    }
}

#[test]
fn zero_is_exact_and_nan_stays() {
    for instructions in Instructions::available() {
        let mut sigmoid = [0.0_f32; 16];
        sigmoid[3] = f32::NAN;
        sigmoid[4] = -f32::NAN;
        sigmoid[5] = f32::from_bits(0x7f80_0001);
        let mut tanh = [1.0; 16];
        activations(instructions, &mut sigmoid, &mut tanh);
        assert!(sigmoid[0].to_bits() == 0.5_f32.to_bits(), "{}", sigmoid[0]);
        assert!(tanh[0] == 0.0, "{}", tanh[0]);
        for lane in 3..6 {
            assert!(
                sigmoid[lane].is_nan() && tanh[lane].is_nan(),
                "{instructions:?}"
            );
        }
    }
}

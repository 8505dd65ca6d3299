use burn::tensor::Device;
use emberline::device::transfer::{to_host, upload};
use emberline::ops::running::{max, portable, reference};

use super::{assert_close, f64s, normals, on_devices, uniforms};

fn oracle(x: &[f32], keep: &[f32], bars: usize) -> Vec<f64> {
    x.chunks(bars)
        .zip(keep.chunks(bars))
        .flat_map(|(x, keep)| reference::max(&f64s(x), &f64s(keep)))
        .collect()
}

/// Both paths against the oracle, to the bit.
fn compare(what: &str, x: &[f32], keep: &[f32], [rows, bars]: [usize; 2], device: &Device) {
    let expected = oracle(x, keep, bars);
    let leaf = |values: &[f32]| upload(values.to_vec(), [rows, bars], device);
    for (path, y) in [
        ("kernel", max(leaf(x), leaf(keep))),
        ("portable", portable(leaf(x), leaf(keep))),
    ] {
        assert_eq!(y.dims(), [rows, bars]);
        assert_close(&format!("{what} {path}"), &to_host(y), &expected, 0.0, 0.0);
    }
}

#[test]
fn kernel_portable_and_oracle_agree() {
    on_devices(|name, device| {
        // 256 bars are a chunk of the kernel: one short of it, it, one more, several.
        for shape in [
            [3, 37],
            [1, 1],
            [5, 1],
            [1, 255],
            [2, 256],
            [7, 257],
            [3, 1500],
        ] {
            let [rows, bars] = shape;
            let x = normals(rows * bars, 1);
            for share in [0.0, 0.004, 0.3, 1.1] {
                let keep: Vec<f32> = uniforms(rows * bars, 0.0, 1.0, 2)
                    .into_iter()
                    .map(|draw| if draw < share { 0.0 } else { 1.0 })
                    .collect();
                let what = format!("{name} {shape:?}, restarts {share}");
                compare(&what, &x, &keep, shape, device);
            }
        }
    });
}

#[test]
fn a_restart_reads_nothing_before_it_and_a_nan_stays_until_then() {
    let bars = 1_100;
    for restart in [5, 256, 600, 1_099] {
        let mut x: Vec<f32> = (0..bars).map(|t| -(t as f32)).collect();
        let mut keep = vec![1.0; bars];
        x[3] = f32::NAN;
        keep[restart] = -0.0;
        on_devices(|name, device| {
            let what = format!("{name}, restart at {restart}");
            compare(&what, &x, &keep, [1, bars], device);
            let one = |values: &[f32]| upload(values.to_vec(), [1, bars], device);
            let y = to_host(max(one(&x), one(&keep)));
            assert_eq!(y[..3], [0.0; 3], "{what}");
            assert!(y[3..restart].iter().all(|y| y.is_nan()), "{what}");
            assert!(y[restart..].iter().all(|y| *y == x[restart]), "{what}");
        });
    }
}

#[test]
fn an_empty_tensor_stays_empty() {
    let device = Device::flex();
    for shape in [[0, 5], [3, 0]] {
        let empty = || upload(Vec::new(), shape, &device);
        assert_eq!(max(empty(), empty()).dims(), shape);
        assert_eq!(portable(empty(), empty()).dims(), shape);
    }
}

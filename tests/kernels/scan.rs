use burn::tensor::{Device, Tensor};
use emberline::device::transfer::{to_host, upload};
use emberline::ops::scan::{linear_scan, portable, reference};

use super::{assert_close, f64s, normals, on_devices, uniforms};

/// One rounding of a float32, doubled: both compensated states are exact beside it.
const ROUNDING: f64 = 1.2e-7;

fn run(
    scan: impl Fn(Tensor<2>, Tensor<2>) -> Tensor<2>,
    a: &[f32],
    b: &[f32],
    shape: [usize; 2],
    device: &Device,
) -> Vec<f32> {
    let y = scan(
        upload(a.to_vec(), shape, device),
        upload(b.to_vec(), shape, device),
    );
    assert_eq!(y.dims(), shape);
    to_host(y)
}

fn oracle(a: &[f32], b: &[f32], bars: usize) -> Vec<f64> {
    a.chunks(bars)
        .zip(b.chunks(bars))
        .flat_map(|(a, b)| reference::linear_scan(&f64s(a), &f64s(b)))
        .collect()
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
            let a = uniforms(rows * bars, -0.2, 1.0, 1);
            let b = normals(rows * bars, 2);
            let expected = oracle(&a, &b, bars);
            let what = format!("{name} {shape:?}");
            assert_close(
                &what,
                &run(linear_scan, &a, &b, shape, device),
                &expected,
                ROUNDING,
                0.0,
            );
            // The portable path rounds the state at every level: log2(1500) of them.
            let portable = run(portable, &a, &b, shape, device);
            assert_close(&what, &portable, &expected, 11.0 * ROUNDING, 4.0);
        }
    });
}

#[test]
fn an_empty_tensor_stays_empty() {
    on_devices(|_, device| {
        assert!(run(linear_scan, &[], &[], [0, 5], device).is_empty());
    });
    let device = Device::flex();
    assert!(run(linear_scan, &[], &[], [3, 0], &device).is_empty());
}

#[test]
fn a_zero_coefficient_restarts_without_reading_the_state() {
    let bars = 1100;
    for restart in [5, 256, 600, 1099] {
        let mut a = vec![0.5; bars];
        let mut b = vec![1.0; bars];
        b[3] = f32::NAN;
        a[restart] = -0.0;
        on_devices(|name, device| {
            for (path, y) in [
                ("kernel", run(linear_scan, &a, &b, [1, bars], device)),
                ("portable", run(portable, &a, &b, [1, bars], device)),
            ] {
                let what = format!("{name} {path}, restart at {restart}");
                assert_eq!(y[..3], [1.0, 1.5, 1.75], "{what}");
                assert!(
                    y[3..restart].iter().all(|y| y.is_nan()),
                    "{what}: the NaN stays"
                );
                assert_close(&what, &y, &oracle(&a, &b, bars), 1e-6, 0.0);
                assert_eq!(y[restart], 1.0, "{what}");
            }
        });
    }
}

#[test]
fn a_nan_stays_until_a_restart_even_where_its_weight_underflows() {
    // 0.5^1000 is 0 in float32, but only a coefficient of 0 restarts.
    let bars = 1300;
    let a = vec![0.5; bars];
    let mut b = vec![1.0; bars];
    b[10] = f32::NAN;
    on_devices(|name, device| {
        for y in [
            run(linear_scan, &a, &b, [1, bars], device),
            run(portable, &a, &b, [1, bars], device),
        ] {
            assert!(y[..10].iter().all(|y| y.is_finite()), "{name}");
            assert!(y[10..].iter().all(|y| y.is_nan()), "{name}");
        }
    });
}

#[test]
fn a_nan_coefficient_poisons_from_its_bar_on() {
    on_devices(|name, device| {
        let a = [f32::NAN, 0.5, 0.0, 1.0, f32::NAN];
        let y = run(linear_scan, &a, &[1.0; 5], [1, 5], device);
        assert_close(
            name,
            &y,
            &[f64::NAN, f64::NAN, 1.0, 2.0, f64::NAN],
            0.0,
            0.0,
        );
    });
}

#[test]
fn a_million_bars_keep_float32_precision() {
    let bars = 1_000_000;
    let prices = uniforms(bars, 0.9e6, 1.1e6, 3);
    // A cumulative sum, and an exponential mean over 1,000 bars.
    for weight in [0.0, 2.0 / 1001.0] {
        let a = vec![1.0 - weight; bars];
        let scale = if weight == 0.0 { 1.0 } else { weight };
        let b: Vec<f32> = prices.iter().map(|price| price * scale).collect();
        let expected = oracle(&a, &b, bars);
        on_devices(|name, device| {
            let y = run(linear_scan, &a, &b, [1, bars], device);
            assert_close(
                &format!("{name}, weight {weight}"),
                &y,
                &expected,
                ROUNDING,
                0.0,
            );
        });
    }
}

#[test]
fn gradients_equal_finite_differences() {
    let [rows, bars] = [3, 300];
    let mut a = uniforms(rows * bars, 0.3, 0.95, 4);
    a[bars + 20] = 0.0;
    let b = normals(rows * bars, 5);
    let weights = normals(rows * bars, 6);
    let loss = |a: &[f32], b: &[f32]| -> f64 {
        let y = oracle(a, b, bars);
        y.iter()
            .zip(&weights)
            .map(|(y, &weight)| y * f64::from(weight))
            .sum()
    };
    on_devices(|name, device| {
        let device = device.clone().autodiff();
        for (path, scan) in [
            ("kernel", linear_scan as fn(_, _) -> _),
            ("portable", portable),
        ] {
            let leaf = |x: &[f32]| upload(x.to_vec(), [rows, bars], &device);
            let (a_leaf, b_leaf) = (leaf(&a).require_grad(), leaf(&b).require_grad());
            let y: Tensor<2> = scan(a_leaf.clone(), b_leaf.clone());
            let gradients = (y * leaf(&weights)).sum().backward();
            let of_a = to_host(a_leaf.grad(&gradients).unwrap());
            let of_b = to_host(b_leaf.grad(&gradients).unwrap());
            for i in [
                0,
                1,
                37,
                bars - 1,
                bars,
                bars + 19,
                bars + 21,
                2 * bars + 255,
                3 * bars - 1,
            ] {
                let slope = |x: &[f32], of: &dyn Fn(&[f32]) -> f64| {
                    let (mut up, mut down) = (x.to_vec(), x.to_vec());
                    up[i] += 1e-3;
                    down[i] -= 1e-3;
                    (of(&up) - of(&down)) / f64::from(up[i] - down[i])
                };
                // Central differences are off by step^2 times the third derivative: below 1e-4 here.
                let expected = [slope(&a, &|a| loss(a, &b)), slope(&b, &|b| loss(&a, b))];
                let what = format!("{name} {path} gradients of element {i}");
                assert_close(&what, &[of_a[i], of_b[i]], &expected, 1e-3, 1.0);
            }
            assert_eq!(
                of_a[bars + 20],
                0.0,
                "{name} {path}: a restart has no slope"
            );
        }
    });
}

#[test]
fn only_what_is_tracked_gets_a_gradient() {
    let device = Device::flex().autodiff();
    let a = upload(vec![0.5; 4], [1, 4], &device);
    let b = upload(vec![1.0; 4], [1, 4], &device).require_grad();
    let gradients = linear_scan(a.clone(), b.clone()).sum().backward();
    assert!(a.grad(&gradients).is_none());
    assert_eq!(
        to_host(b.grad(&gradients).unwrap()),
        [1.875, 1.75, 1.5, 1.0]
    );
}

#[test]
fn views_are_read_in_their_own_order() {
    on_devices(|name, device| {
        let a = upload(vec![1.0; 6], [3, 2], device).transpose();
        let b = upload(vec![1.0, 10.0, 2.0, 20.0, 3.0, 30.0], [3, 2], device).transpose();
        let y = to_host(linear_scan(a, b));
        assert_eq!(y, [1.0, 3.0, 6.0, 10.0, 30.0, 60.0], "{name}");
    });
}

use emberline::device::transfer::{to_host, upload};
use emberline::ops::rolling::{
    self, Statistic, max, mean, min, portable, reference, sum, variance, weighted_mean,
};

use super::{assert_close, f64s, normals, on_devices, through, uniforms};
use burn::tensor::{Device, Tensor};

const ALL: [Statistic; 7] = [
    Statistic::Sum,
    Statistic::Mean,
    Statistic::Max,
    Statistic::Min,
    Statistic::Variance { ddof: 0 },
    Statistic::Variance { ddof: 1 },
    Statistic::WeightedMean,
];

fn kernel(x: Tensor<2>, statistic: Statistic, period: usize) -> Tensor<2> {
    match statistic {
        Statistic::Sum => sum(x, period),
        Statistic::Mean => mean(x, period),
        Statistic::Max => max(x, period),
        Statistic::Min => min(x, period),
        Statistic::Variance { ddof } => variance(x, period, ddof),
        Statistic::WeightedMean => weighted_mean(x, period),
    }
}

fn oracle(x: &[f32], bars: usize, statistic: Statistic, period: usize) -> Vec<f64> {
    x.chunks(bars)
        .flat_map(|x| reference::rolling(&f64s(x), statistic, period))
        .collect()
}

/// Every statistic and path against the oracle; rounding relative to `scale` (`scale^2` for the
/// variance), times the levels of a window's merges.
fn check(x: &[f32], shape: [usize; 2], periods: &[usize], relative: f64, scale: f64) {
    on_devices(|name, device| {
        for &period in periods {
            for statistic in ALL {
                let expected = oracle(x, shape[1], statistic, period);
                let scale = match statistic {
                    Statistic::Variance { .. } => scale * scale,
                    Statistic::Sum => scale * period as f64,
                    _ => scale,
                };
                // On a GPU the portable path is Burn's kernels, compiled anew for many shapes: one
                // period stands for all.
                let paths = [
                    ("kernel", kernel as fn(_, _, _) -> _),
                    ("portable", portable),
                ];
                let all = name == "cpu" || period == 12;
                for (path, operation) in paths.into_iter().take(if all { 2 } else { 1 }) {
                    let y = through(x, shape, device, |x| operation(x, statistic, period));
                    let what = format!("{name} {path} {statistic:?} of {period} in {shape:?}");
                    assert_close(&what, &y, &expected, relative, scale);
                }
            }
        }
    });
}

#[test]
fn kernel_portable_and_oracle_agree() {
    // Periods 1, T - 1, T, T + 1 and those that do not divide T.
    check(
        &normals(3 * 37, 1),
        [3, 37],
        &[1, 2, 5, 12, 36, 37, 38, 100],
        1e-6,
        1.0,
    );
    check(&normals(2, 2), [2, 1], &[1, 2], 1e-6, 1.0);
    check(
        &normals(5 * 1000, 3),
        [5, 1000],
        &[20, 255, 500, 999],
        1e-6,
        1.0,
    );
}

#[test]
fn extremes_are_exact() {
    let x = normals(2 * 500, 4);
    on_devices(|name, device| {
        for (statistic, period) in [(Statistic::Max, 14), (Statistic::Min, 49)] {
            let y = through(&x, [2, 500], device, |x| kernel(x, statistic, period));
            assert_close(name, &y, &oracle(&x, 500, statistic, period), 0.0, 0.0);
        }
    });
}

#[test]
fn a_nan_is_forgotten_once_it_has_left_the_window() {
    let mut x = normals(3 * 60, 5);
    // Row 0: one hole. Row 1: a late start and a hole on a block's edge. Row 2: nothing but holes.
    x[30] = f32::NAN;
    x[60..77].fill(f32::NAN);
    x[60 + 40] = f32::NAN;
    x[120..].fill(f32::NAN);
    check(&x, [3, 60], &[1, 2, 7, 8, 10, 20, 60], 1e-6, 1.0);
    on_devices(|name, device| {
        let y = through(&x, [3, 60], device, |x| sum(x, 8));
        assert!(y[30..38].iter().all(|y| y.is_nan()), "{name}");
        assert!(y[38..60].iter().all(|y| y.is_finite()), "{name}");
    });
}

#[test]
fn flat_rows_have_no_variance_and_their_own_mean() {
    let level = 1234.567_f32;
    let x = vec![level; 2 * 90];
    on_devices(|name, device| {
        for period in [1, 7, 30] {
            let y = through(&x, [2, 90], device, |x| variance(x, period, 0));
            assert!(
                y.iter()
                    .skip(period - 1)
                    .take(90 - period + 1)
                    .all(|&y| y == 0.0),
                "{name}"
            );
            for statistic in [Statistic::Mean, Statistic::Max, Statistic::WeightedMean] {
                let y = through(&x, [2, 90], device, |x| kernel(x, statistic, period));
                let what = format!("{name} {statistic:?} {period}");
                assert_close(&what, &y, &oracle(&x, 90, statistic, period), 1.2e-7, 0.0);
            }
        }
    });
}

#[test]
fn a_variance_of_too_few_bars_is_undefined() {
    on_devices(|name, device| {
        for operation in [rolling::variance as fn(_, _, _) -> _, |x, period, ddof| {
            portable(x, Statistic::Variance { ddof }, period)
        }] {
            let y = through(&[1.0, 2.0, 3.0], [1, 3], device, |x| operation(x, 1, 1));
            assert!(y.iter().all(|y| y.is_nan()), "{name}");
        }
    });
}

#[test]
fn variance_does_not_feel_the_level() {
    // Steps of 1/16, the spacing of float32 at 1e6, so that the level costs no bit of the input.
    let moves: Vec<f32> = normals(4000, 6)
        .iter()
        .map(|x| (x * 16.0).round() / 16.0)
        .collect();
    let high: Vec<f32> = moves.iter().map(|x| 1_000_000.0 + x).collect();
    for period in [2, 20, 999] {
        let expected = oracle(&moves, 4000, Statistic::Variance { ddof: 1 }, period);
        on_devices(|name, device| {
            let y = through(&high, [1, 4000], device, |x| variance(x, period, 1));
            assert_close(&format!("{name} {period}"), &y, &expected, 1e-6, 0.0);
            let statistic = Statistic::Variance { ddof: 1 };
            let y = through(&high, [1, 4000], device, |x| portable(x, statistic, period));
            assert_close(
                &format!("{name} portable {period}"),
                &y,
                &expected,
                1e-5,
                1e-2,
            );
        });
    }
}

#[test]
fn large_and_small_prices_keep_their_precision() {
    for scale in [1e-6, 1e6] {
        let x: Vec<f32> = uniforms(2 * 700, 0.9, 1.1, 7)
            .iter()
            .map(|x| x * scale)
            .collect();
        check(&x, [2, 700], &[3, 50, 200], 1e-6, f64::from(scale));
    }
}

#[test]
fn a_million_bars_do_not_drift() {
    let bars = 1_000_000;
    let x = uniforms(bars, 0.5e6, 1.5e6, 8);
    let period = 1000;
    let exact = f64s(&x);
    on_devices(|name, device| {
        let y = through(&x, [1, bars], device, |x| sum(x, period));
        let last = bars - 5000;
        let expected: Vec<f64> = (last..bars)
            .map(|t| exact[t + 1 - period..=t].iter().sum())
            .collect();
        assert_close(name, &y[last..], &expected, 2e-7, 0.0);
        let spread = to_host(variance(upload(x.clone(), [1, bars], device), period, 1));
        let expected = reference::rolling(
            &exact[last - period..],
            Statistic::Variance { ddof: 1 },
            period,
        );
        assert_close(name, &spread[last..], &expected[period..], 1e-6, 0.0);
    });
    // The whole series as one window: on GPUs a tree of 20 levels.
    let total: f64 = exact.iter().sum();
    on_devices(|name, device| {
        let y = through(&x, [1, bars], device, |x| sum(x, bars));
        assert_close(name, &y[bars - 1..], &[total], 1e-6, 0.0);
    });
}

#[test]
fn the_split_over_threads_changes_nothing() {
    // Longer than one task of the CPU path; every stretch is reduced alone.
    let bars = 40_000;
    let x = normals(bars, 9);
    let device = Device::flex();
    let run = || through(&x, [1, bars], &device, |x| variance(x, 48, 1));
    let single = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    assert_eq!(single.install(run)[47..], run()[47..]);
    let expected = oracle(&x, bars, Statistic::Variance { ddof: 1 }, 48);
    assert_close("tasks", &run(), &expected, 1.2e-7, 0.0);
}

#[test]
fn an_empty_tensor_stays_empty() {
    let device = Device::flex();
    for shape in [[0, 5], [3, 0]] {
        assert!(through(&[], shape, &device, |x| mean(x, 3)).is_empty());
    }
}

#[test]
#[should_panic(expected = "a period of 0 bars")]
fn a_period_of_zero_is_refused() {
    mean(upload(vec![1.0], [1, 1], &Device::flex()), 0);
}

#[test]
#[should_panic(expected = "has no gradient")]
fn a_tracked_input_is_refused() {
    let device = Device::flex().autodiff();
    mean(upload(vec![1.0], [1, 1], &device).require_grad(), 1);
}

#[test]
fn autodiff_devices_compute_constants() {
    let device = Device::flex().autodiff();
    assert_eq!(
        through(&[1.0, 3.0], [1, 2], &device, |x| mean(x, 2))[1],
        2.0
    );
}

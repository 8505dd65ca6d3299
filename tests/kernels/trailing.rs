use emberline::device::transfer::{to_host, upload};
use emberline::ops::trailing;

use super::{assert_close, normals, on_devices, through, uniforms};

/// Two rows of normal numbers, some equal, with a hole in the second.
fn values(bars: usize, seed: u32) -> Vec<f32> {
    let mut x: Vec<f32> = normals(2 * bars, seed)
        .into_iter()
        .map(|x| (20.0 * x).round() / 20.0)
        .collect();
    x[bars + bars / 2] = f32::NAN;
    x
}

/// `of(window)` of every window of `period` bars that is whole.
fn windows(x: &[f32], bars: usize, period: usize, of: impl Fn(&[f32]) -> f64) -> Vec<f64> {
    let one = |at: usize| {
        let t = at % bars;
        if t + 1 < period {
            return f64::NAN;
        }
        let window = &x[at + 1 - period..=at];
        if window.iter().any(|x| x.is_nan()) {
            f64::NAN
        } else {
            of(window)
        }
    };
    (0..x.len()).map(one).collect()
}

#[test]
fn ranks_are_exact() {
    let x = values(700, 41);
    on_devices(|name, device| {
        for period in [1, 2, 5, 30, 301, 699, 700] {
            let expected = windows(&x, 700, period + 1, |window| {
                let (newest, before) = window.split_last().unwrap();
                before.iter().filter(|x| *x < newest).count() as f64
            });
            let y = through(&x, [2, 700], device, |x| trailing::count_less(x, period));
            assert_close(&format!("{name} {period}"), &y, &expected, 0.0, 0.0);
        }
    });
}

#[test]
fn values_of_a_rank_are_exact() {
    let x = values(700, 42);
    on_devices(|name, device| {
        for (period, rank) in [
            (1, 1),
            (2, 1),
            (2, 2),
            (30, 15),
            (301, 30),
            (700, 699),
            (701, 5),
        ] {
            let expected = windows(&x, 700, period, |window| {
                let mut sorted = window.to_vec();
                sorted.sort_by(f32::total_cmp);
                f64::from(sorted[rank - 1])
            });
            let y = through(&x, [2, 700], device, |x| {
                trailing::value_of_rank(x, period, rank)
            });
            assert_close(
                &format!("{name} {rank} of {period}"),
                &y,
                &expected,
                0.0,
                0.0,
            );
        }
    });
}

/// More bars than one launch's rounds, and more than software drivers make.
#[test]
fn long_windows_are_whole() {
    let (bars, period) = (70_100, 70_000);
    let x = uniforms(bars, 1.0, 2.0, 43);
    on_devices(|name, device| {
        let last = |y: Vec<f32>| f64::from(y[bars - 1]);
        let tensor = || upload(x.clone(), [1, bars], device);
        let mut window = x[bars - period..].to_vec();
        window.sort_by(f32::total_cmp);
        let middle = last(to_host(trailing::value_of_rank(
            tensor(),
            period,
            period / 2,
        )));
        assert_eq!(middle, f64::from(window[period / 2 - 1]), "{name}");
        let newest = x[bars - 1];
        let below = x[bars - 1 - period..bars - 1]
            .iter()
            .filter(|&&x| x < newest)
            .count();
        let count = last(to_host(trailing::count_less(tensor(), period)));
        assert_eq!(count, below as f64, "{name}");
        let mean = window.iter().map(|&x| f64::from(x)).sum::<f64>() / period as f64;
        let periods = tensor().full_like(period as f32);
        let gap = last(to_host(trailing::gap_to_mean(tensor(), periods)));
        assert!(
            (gap + f64::from(newest) - mean).abs() < 1e-5,
            "{name}: {gap}"
        );
    });
}

#[test]
fn a_mean_has_the_period_of_its_bar() {
    let level = 1e6_f32;
    let x: Vec<f32> = values(500, 44).iter().map(|x| level + x).collect();
    // Periods with fractions, none, too long ones and less than 1.
    let periods: Vec<f32> = uniforms(1000, -2.0, 60.0, 45)
        .into_iter()
        .map(|period| if period < -1.0 { f32::NAN } else { period })
        .collect();
    #[expect(clippy::cast_sign_loss, reason = "less than 0 was taken for 0")]
    let expected: Vec<f64> = (0..1000)
        .map(|at| {
            let period = periods[at].max(0.0) as usize;
            if period == 0 || period > at % 500 + 1 {
                return f64::NAN;
            }
            let gaps = x[at + 1 - period..=at]
                .iter()
                .map(|&older| f64::from(older - x[at]));
            gaps.sum::<f64>() / period as f64
        })
        .collect();
    on_devices(|name, device| {
        let y = through(&x, [2, 500], device, |x| {
            let periods = upload(periods.clone(), [2, 500], device);
            trailing::gap_to_mean(x, periods)
        });
        assert_close(name, &y, &expected, 1e-6, 1.0);
    });
}

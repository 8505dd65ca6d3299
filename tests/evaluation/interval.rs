use emberline::evaluation::{Ingredients, IntervalConfig, difference_interval, interval, sharpe};
use emberline::metrics::{Panel, ic_ts};
use emberline::windows::Sample;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

fn normal(random: &mut ChaCha8Rng) -> f64 {
    random.sample(StandardNormal)
}

/// `x_t = rho x_{t-1} + e_t` raised by `mean`, from its own distribution on.
fn autoregressive(num_bars: usize, rho: f64, mean: f64, random: &mut ChaCha8Rng) -> Vec<f64> {
    let mut x = normal(random) / (1.0 - rho * rho).sqrt();
    (0..num_bars)
        .map(|_| {
            x = rho * x + normal(random);
            x + mean
        })
        .collect()
}

fn quick(seed: u64) -> IntervalConfig {
    IntervalConfig {
        resamples: 300,
        seed,
        ..IntervalConfig::default()
    }
}

#[test]
fn intervals_of_autoregressive_means_cover_the_truth() {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let (mut covered, mut zeros) = (0, 0);
    for trial in 0..300 {
        let values = autoregressive(1500, 0.5, 0.3, &mut random);
        let pairs: Vec<(f64, f64)> = values.iter().map(|&value| (value, 1.0)).collect();
        let found = interval(&[Ingredients::ratio(&pairs)], 6, &quick(trial)).unwrap();
        assert_eq!((found.block_bars, found.num_runs), (12, 1));
        covered += u32::from(!found.excludes(0.3));
        zeros += u32::from(!found.excludes(0.0));
    }
    // Blocks of b = 12 bars see 1 - 2 rho / (b (1 - rho^2)) = 0.89 of the mean's variance: nominal
    // 93.5 %. The binomial error of 300 trials is 1.4 %, three of them allowed. Single bars would see
    // a third of the variance and cover 74 %.
    let share = f64::from(covered) / 300.0;
    assert!((0.89..=0.985).contains(&share), "covered {share}");
    // 0.3 is 5.8 standard errors from 0
    assert!(zeros < 3, "{zeros} hold 0");
}

/// Symbols that share a factor; the correlation of a forecast and its outcome is `strength`.
fn forecasts(strength: f64, seed: u64) -> (Panel, Vec<f64>, Vec<f64>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut samples, mut times) = (Vec::new(), Vec::new());
    let (mut forecast, mut actual) = (Vec::new(), Vec::new());
    let half = 0.5_f64.sqrt();
    for last in 0..800_u32 {
        let (common, hint) = (normal(&mut random), normal(&mut random));
        for series in 0..4_u32 {
            let signal = half * (hint + normal(&mut random));
            let other = half * (common + normal(&mut random));
            if (last + series) % 17 == 0 {
                continue;
            }
            samples.push(Sample { series, last });
            times.push(i64::from(last));
            forecast.push(2.0 + 3.0 * signal);
            let noise = (1.0 - strength * strength).sqrt();
            actual.push(0.01 * (strength * signal + noise * other));
        }
    }
    (Panel::new(&samples, &times), forecast, actual)
}

#[test]
fn correlations_over_time_have_the_metrics_value_and_cover() {
    let (mut covered, mut zeros) = (0, 0);
    for trial in 0..120 {
        for (strength, count) in [(0.0, &mut zeros), (0.2, &mut covered)] {
            let (panel, forecast, actual) = forecasts(strength, trial);
            let ingredients = Ingredients::correlation(&panel, &forecast, &actual);
            let found = interval(&[ingredients], 1, &quick(trial)).unwrap();
            let expected = ic_ts(&panel, &forecast, &actual, 1).unwrap();
            assert!((found.value - expected.value).abs() < 1e-12);
            let ratio = found.standard_error / expected.standard_error.unwrap();
            assert!((0.7..1.4).contains(&ratio), "ratio of errors {ratio}");
            *count += u32::from(!found.excludes(strength));
        }
    }
    // binomial error of 120 trials at 95 %: 2 %, three of them allowed and 1 % for short blocks
    for count in [covered, zeros] {
        let share = f64::from(count) / 120.0;
        assert!((0.88..=0.995).contains(&share), "covered {share}");
    }
}

#[test]
fn sharpe_ratios_and_means_have_the_plain_value() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let returns: Vec<f64> = (0..700)
        .map(|_| 0.001 + 0.01 * normal(&mut random))
        .collect();
    let found = interval(&[Ingredients::sharpe(&returns, 252.0)], 1, &quick(0)).unwrap();
    assert!((found.value - sharpe(&returns, 252.0).unwrap()).abs() < 1e-9);
    // Lo (2002): about sqrt(252 / 700) = 0.6 for independent returns
    assert!((0.45..0.8).contains(&found.standard_error), "{found:?}");
    let some: Vec<Option<f64>> = (0..100_u32)
        .map(|bar| (bar % 3 > 0).then_some(f64::from(bar)))
        .collect();
    let mean = some.iter().flatten().sum::<f64>() / 66.0;
    assert!((Ingredients::mean(&some).value().unwrap() - mean).abs() < 1e-12);
    assert_eq!(Ingredients::mean(&[None, None]).value(), None);
    let flat = [Ingredients::sharpe(&[0.01; 60], 252.0)];
    assert!(interval(&flat, 1, &quick(0)).is_none());
    assert!(interval(&[], 1, &quick(0)).is_none());
}

#[test]
fn seeds_widen_an_interval_and_draws_repeat() {
    // every run has the same bars at another height: seeds are all that differs
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let base = autoregressive(4000, 0.2, 0.0, &mut random);
    let run = |shift: f64| {
        let pairs: Vec<(f64, f64)> = base.iter().map(|value| (value + shift, 1.0)).collect();
        Ingredients::ratio(&pairs)
    };
    let runs: Vec<Ingredients> = [-0.3, 0.0, 0.1, 0.2].map(run).into();
    let one = interval(&runs[1..2], 1, &quick(1)).unwrap();
    let all = interval(&runs, 1, &quick(1)).unwrap();
    assert!(
        all.high - all.low > 3.0 * (one.high - one.low),
        "{one:?} {all:?}"
    );
    assert_eq!(all, interval(&runs, 1, &quick(1)).unwrap());
    assert_ne!(all, interval(&runs, 1, &quick(2)).unwrap());
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    assert_eq!(pool.install(|| interval(&runs, 1, &quick(1))), Some(all));
    // both sides see the same bars: what they share cancels
    let gap = difference_interval(&runs[3..4], &runs[1..2], 1, &quick(1)).unwrap();
    assert!((gap.value - 0.2).abs() < 1e-12, "{gap:?}");
    assert!(gap.high - gap.low < 1e-9, "{gap:?}");
}

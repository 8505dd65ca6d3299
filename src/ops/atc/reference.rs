//! The float64 oracle: every definition as it is written, one series at a time, nothing shared.
//!
//! Averages are sums of distances from the newest value, which is the same number written so that a
//! flat window gives exactly that value: whether a price is above an average or on it decides signals.

use super::recipe::{
    AdaptiveStart, DoubleStart, FLOOR, Family, Hull, Idle, RATES, Recipe, half, smoothing,
};

/// All outputs of one series, one value per bar.
#[derive(Clone, Debug, Default)]
pub struct Classified {
    /// The average of the families' signals, -1 to 1; 0 before the cutout.
    pub average: Vec<f64>,
    /// -1, 0 or 1.
    pub class: Vec<i8>,
    /// The first layer, rounded to hundredths; NaN before the cutout.
    pub signals: [Vec<f64>; 6],
    /// The second layer; NaN before the cutout.
    pub weights: [Vec<f64>; 6],
}

/// Mean of the last `length` values.
pub fn mean(x: &[f64], length: usize) -> Vec<f64> {
    windows(x, length, |window| {
        let newest = window[length - 1];
        let sum: f64 = window.iter().map(|value| value - newest).sum();
        newest + sum / length as f64
    })
}

/// Linearly weighted mean of the last `length` values, the newest weighing `length`.
pub fn weighted(x: &[f64], length: usize) -> Vec<f64> {
    windows(x, length, |window| {
        let newest = window[length - 1];
        let sum: f64 = (1..=length)
            .map(|weight| weight as f64 * (window[weight - 1] - newest))
            .sum();
        newest + sum / (length * (length + 1) / 2) as f64
    })
}

/// End point of the least-squares line over the last `length` values.
pub fn line_end(x: &[f64], length: usize) -> Vec<f64> {
    windows(x, length, |window| {
        let newest = window[length - 1];
        let n = length as f64;
        let (mut sum, mut sum_weighted) = (0.0, 0.0);
        for (place, value) in window.iter().enumerate() {
            sum += value - newest;
            sum_weighted += (place + 1) as f64 * (value - newest);
        }
        newest + 3.0 * sum_weighted / (n * (n + 1.0) / 2.0) - 2.0 * sum / n
    })
}

/// Exponential average, from the mean of the first `length` values on.
pub fn exponential(x: &[f64], length: usize) -> Vec<f64> {
    let rate = 2.0 / (length as f64 + 1.0);
    let mut y = mean(x, length);
    for t in 1..x.len() {
        if !y[t - 1].is_nan() && !x[t].is_nan() {
            y[t] = y[t - 1] + rate * (x[t] - y[t - 1]);
        }
    }
    y
}

/// Double exponential average.
pub fn double_exponential(x: &[f64], length: usize, start: DoubleStart) -> Vec<f64> {
    let once = exponential(x, length);
    let twice = match start {
        DoubleStart::Mean => exponential(&once, length),
        DoubleStart::First => {
            let rate = 2.0 / (length as f64 + 1.0);
            let mut y = once.clone();
            for t in 1..x.len() {
                if !y[t - 1].is_nan() && !once[t].is_nan() {
                    y[t] = y[t - 1] + rate * (once[t] - y[t - 1]);
                }
            }
            y
        }
    };
    once.iter().zip(twice).map(|(e, ee)| 2.0 * e - ee).collect()
}

/// Hull's average.
pub fn hull(x: &[f64], length: usize, kind: Hull) -> Vec<f64> {
    if kind == Hull::Mean {
        return mean(x, length);
    }
    let short = weighted(x, half(length));
    let long = weighted(x, length);
    let raw: Vec<f64> = short.iter().zip(long).map(|(s, l)| 2.0 * s - l).collect();
    weighted(&raw, smoothing(length))
}

/// Kaufman's adaptive average.
pub fn adaptive(x: &[f64], length: usize, start: AdaptiveStart) -> Vec<f64> {
    let [slow, fast] = RATES;
    let mut y = vec![f64::NAN; x.len()];
    let mut first = 0;
    for t in 0..x.len() {
        if x[t].is_nan() {
            first = t + 1;
            continue;
        }
        let before = match start {
            _ if t > first => y[t - 1],
            AdaptiveStart::Value => x[t],
            AdaptiveStart::Zero => 0.0,
        };
        let mut efficiency = 0.0;
        if t - first >= length {
            let way: f64 = (t + 1 - length..=t).map(|j| (x[j] - x[j - 1]).abs()).sum();
            if way > 0.0 {
                efficiency = (x[t] - x[t - length]).abs() / way;
            }
        } else if start == AdaptiveStart::Value {
            y[t] = before;
            continue;
        }
        let rate = (efficiency * (fast - slow) + slow).powi(2);
        y[t] = before + rate * (x[t] - before);
    }
    y
}

/// The average of one family and length.
pub fn average(x: &[f64], recipe: &Recipe, family: Family, length: usize) -> Vec<f64> {
    match family {
        Family::Ema => exponential(x, length),
        Family::Hma => hull(x, length, recipe.hull),
        Family::Wma => weighted(x, length),
        Family::Dema => double_exponential(x, length, recipe.double_start),
        Family::Lsma => line_end(x, length),
        Family::Kama => adaptive(x, length, recipe.adaptive_start),
    }
}

/// 1 since the price last crossed its average upwards, -1 since downwards, 0 before.
pub fn crossings(price: &[f64], average: &[f64]) -> Vec<f64> {
    let mut side = 0.0;
    let mut sides = vec![0.0; price.len()];
    for t in 0..price.len() {
        if t > 0 {
            // A comparison with NaN is false.
            if price[t] > average[t] && price[t - 1] <= average[t - 1] {
                side = 1.0;
            } else if price[t] < average[t] && price[t - 1] >= average[t - 1] {
                side = -1.0;
            }
        }
        sides[t] = side;
    }
    sides
}

/// `(p[t] - p[t-1]) / p[t-1]`, NaN at the first.
pub fn returns(price: &[f64]) -> Vec<f64> {
    let mut returns = vec![f64::NAN; price.len()];
    for t in 1..price.len() {
        returns[t] = (price[t] - price[t - 1]) / price[t - 1];
    }
    returns
}

/// The equity of following `signal` one bar late, NaN before the cutout.
pub fn equity(start: f64, signal: &[f64], returns: &[f64], recipe: &Recipe) -> Vec<f64> {
    let mut equity = vec![f64::NAN; signal.len()];
    let mut earned = 0.0;
    for t in recipe.cutout..signal.len() {
        if t == recipe.cutout {
            equity[t] = start.max(FLOOR);
            continue;
        }
        let r = returns[t] * recipe.growth_at(t);
        earned = if r.is_nan() {
            0.0
        } else if signal[t - 1] > 0.0 {
            r
        } else if signal[t - 1] < 0.0 {
            -r
        } else if recipe.idle == Idle::Repeat {
            earned
        } else {
            0.0
        };
        equity[t] = FLOOR.max(equity[t - 1] * (1.0 - recipe.decay) * (1.0 + earned));
    }
    equity
}

/// To hundredths, ties to even.
pub fn hundredths(x: f64) -> f64 {
    (x * 100.0).round_ties_even() / 100.0
}

/// The whole classification of one series; NaN is a gap.
///
/// # Panics
/// If a length is 0.
pub fn classify(price: &[f64], recipe: &Recipe) -> Classified {
    recipe.check();
    let returns = returns(price);
    let mut all = Classified::default();
    for (place, family) in Family::ALL.into_iter().enumerate() {
        let (mut gain, mut sum) = (vec![0.0; price.len()], vec![0.0; price.len()]);
        for length in recipe.lengths[place] {
            let sides = crossings(price, &average(price, recipe, family, length));
            let own = equity(1.0, &sides, &returns, recipe);
            for t in 0..price.len() {
                gain[t] += sides[t] * own[t];
                sum[t] += own[t];
            }
        }
        let signal: Vec<f64> = gain
            .iter()
            .zip(&sum)
            .map(|(gain, sum)| hundredths(gain / sum))
            .collect();
        all.weights[place] = equity(recipe.weights[place], &signal, &returns, recipe);
        all.signals[place] = signal;
    }
    for t in 0..price.len() {
        let (mut votes, mut sum) = (0.0, 0.0);
        for place in 0..6 {
            let [above, below] = recipe.cut;
            let signal = all.signals[place][t];
            let vote = f64::from(i8::from(signal > above) - i8::from(signal < below));
            votes += vote * all.weights[place][t];
            sum += all.weights[place][t];
        }
        let average = votes / sum;
        let average = if average.is_finite() { average } else { 0.0 };
        all.average.push(average);
        let class = i8::from(average > recipe.long) - i8::from(average < recipe.short);
        all.class.push(class);
    }
    all
}

/// `of` of every full window without NaN; NaN elsewhere.
fn windows(x: &[f64], length: usize, of: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    (1..=x.len())
        .map(|end| match end.checked_sub(length) {
            Some(start) if x[start..end].iter().all(|value| !value.is_nan()) => of(&x[start..end]),
            _ => f64::NAN,
        })
        .collect()
}

//! One cube a series.

use cubecl::prelude::*;

use crate::ops::compensated::{Pair, add, is_finite, multiply, opaque, sum_error};

/// Units of a cube: 54 averages and a few that only help.
pub(super) const UNITS: usize = 64;
/// Numbers of a unit that one launch leaves for the next.
pub(super) const FIELDS: usize = 12;
/// Bars between two meetings of the units.
pub(super) const BLOCK: usize = 16;

/// The numbers and switches that all averages have in common.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub(super) struct Rules {
    /// 1 - De', a pair.
    keep: f32,
    keep_low: f32,
    cutout: usize,
    long: f32,
    short: f32,
    /// Hundredths from which on a family votes 1, and up to which -1.
    above: f32,
    below: f32,
    repeat: u32,
    double_mean: u32,
    adaptive_zero: u32,
}

#[cube]
fn absolute(x: f32) -> f32 {
    select(x < 0.0f32, -x, x)
}

/// `(high, low) (1 - De') (1 + earned)`, but at least 1/4.
#[cube]
fn grow(high: f32, low: f32, earned: f32, keep: f32, keep_low: f32, zero: u32) -> Pair {
    let factor = opaque(1.0f32 + earned, zero);
    let rest = sum_error(1.0f32, earned, factor, zero);
    let product = multiply(high, low, factor, zero);
    let product = add(product.high, product.low, high * rest, zero);
    let kept = multiply(product.high, product.low, keep, zero);
    let kept = add(kept.high, kept.low, product.high * keep_low, zero);
    let above = kept.high > 0.25f32;
    Pair {
        high: select(above, kept.high, 0.25f32),
        low: select(above, kept.low, 0.0f32),
    }
}

/// Whole hundredths, ties to even.
#[cube]
fn hundredths(x: f32) -> f32 {
    let scaled = x * 100.0f32;
    let whole = f32::floor(scaled);
    let part = scaled - whole;
    let odd = whole - 2.0f32 * f32::floor(whole * 0.5f32);
    let up = part > 0.5f32 || (part == 0.5f32 && odd > 0.5f32);
    select(up, whole + 1.0f32, whole)
}

/// What the price earned since the bar before, with growth; 0 where that is undefined.
#[cube]
fn earned_since(
    prices: &Tensor<f32>,
    growth: &Tensor<f32>,
    row: usize,
    bars: usize,
    t: usize,
) -> f32 {
    let mut r = 0.0f32;
    if t > 0 {
        let now = prices[row * bars + t];
        let before = prices[row * bars + t - 1];
        if is_finite(now) && is_finite(before) {
            r = (now - before) / before * growth[t];
        }
    }
    r
}

/// The mean of the last `length` prices, less the newest.
#[cube]
fn mean_distance(prices: &Tensor<f32>, at: usize, length: usize) -> f32 {
    let newest = prices[at];
    let mut sum = 0.0f32;
    for j in 1..length {
        sum += prices[at - j] - newest;
    }
    sum / f32::cast_from(length)
}

/// How much of an adaptive average's distance is left after this bar.
#[cube]
fn adaptive_keep(prices: &Tensor<f32>, at: usize, length: usize) -> f32 {
    let mut way = 0.0f32;
    for j in 0..length {
        way += absolute(prices[at - j] - prices[at - j - 1]);
    }
    let net = absolute(prices[at] - prices[at - length]);
    let efficiency = select(
        way > 0.0f32,
        net / select(way > 0.0f32, way, 1.0f32),
        0.0f32,
    );
    let rate = efficiency * 0.602f32 + 0.064f32;
    1.0f32 - rate * rate
}

/// Bars `first..last` of every series.
///
/// - `prices`: `[N, T]`, NaN is a gap
/// - `table`: `[54, width]`, see [`super::table()`]
/// - `growth`: `[T]`; `ends`: `[N]`, bars of each series
/// - `states`: `[N, UNITS, FIELDS]`
/// - `y`: `[14, N, kept]`, the last bars of each series
#[cube(launch)]
pub(super) fn classify(
    prices: &Tensor<f32>,
    table: &Tensor<f32>,
    growth: &Tensor<f32>,
    ends: &Tensor<i32>,
    states: &mut Tensor<f32>,
    y: &mut Tensor<f32>,
    rules: Rules,
    rows: usize,
    bars: usize,
    kept: usize,
    width: usize,
    first: usize,
    last: usize,
    nan_bits: u32,
    zero: u32,
    #[comptime] carried: bool,
) {
    let row = CUBE_POS;
    if row >= rows {
        terminate!();
    }
    let unit = UNIT_POS as usize;
    let family = unit / 9;
    let mut equities = Shared::<[f32]>::new_slice(comptime!(54 * BLOCK));
    let mut sides = Shared::<[f32]>::new_slice(comptime!(54 * BLOCK));
    let mut signals = Shared::<[f32]>::new_slice(comptime!(6 * BLOCK));
    let mut weights = Shared::<[f32]>::new_slice(comptime!(6 * BLOCK));

    let own = select(unit < 54, unit, 0usize) * width;
    let length = usize::cast_from(table[own]);
    let defined = table[own + 1];
    let taps = usize::cast_from(table[own + 2]);
    let smooth = table[own + 3];
    // Of the family that this unit carries through the second layer.
    let start = table[select(unit < 6, unit, 0usize) * 9 * width + 4];

    let mut age = 0.0f32;
    let mut distance = 0.0f32;
    let mut twice = 0.0f32;
    let mut above = 0.0f32;
    let mut below = 0.0f32;
    let mut side = 0.0f32;
    let mut equity = 0.0f32;
    let mut equity_low = 0.0f32;
    let mut signal = 0.0f32;
    let mut earned = 0.0f32;
    let mut weight = 0.0f32;
    let mut weight_low = 0.0f32;
    let state = (row * 64 + unit) * 12;
    if comptime!(carried) {
        age = states[state];
        distance = states[state + 1];
        twice = states[state + 2];
        above = states[state + 3];
        below = states[state + 4];
        side = states[state + 5];
        equity = states[state + 6];
        equity_low = states[state + 7];
        signal = states[state + 8];
        earned = states[state + 9];
        weight = states[state + 10];
        weight_low = states[state + 11];
    }
    let end = usize::cast_from(ends[row]);
    let skipped = end - select(end < kept, end, kept);
    let nan = f32::reinterpret(nan_bits);

    let blocks = (last - first).div_ceil(comptime!(BLOCK));
    for block in 0..blocks {
        let from = first + block * comptime!(BLOCK);

        // Averages, crossings, first layer.
        if unit < 54 {
            for b in 0..comptime!(BLOCK) {
                let t = from + b;
                if t < last {
                    let at = row * bars + t;
                    let r = earned_since(prices, growth, row, bars, t);
                    if t > rules.cutout {
                        let grown = grow(
                            equity,
                            equity_low,
                            side * r,
                            rules.keep,
                            rules.keep_low,
                            zero,
                        );
                        equity = grown.high;
                        equity_low = grown.low;
                    }
                    if t == rules.cutout {
                        equity = 1.0f32;
                        equity_low = 0.0f32;
                    }
                    let price = prices[at];
                    if is_finite(price) {
                        let mut change = 0.0f32;
                        if age > 0.5f32 {
                            change = price - prices[at - 1];
                        }
                        let n = f32::cast_from(length);
                        let mut apart = 0.0f32;
                        if family == 0 || family == 3 {
                            if age == n - 1.0f32 {
                                distance = mean_distance(prices, at, length);
                            } else {
                                distance = smooth * (distance - change);
                            }
                            apart = distance;
                            if family == 3 {
                                let since = age - (n - 1.0f32);
                                let follows = rules.double_mean == 0u32 || since >= n;
                                if since == 0.0f32 {
                                    twice = distance;
                                } else if follows {
                                    twice =
                                        smooth * (twice - change) + (1.0f32 - smooth) * distance;
                                } else {
                                    // The sum of the distances so far, then their mean.
                                    twice = twice - since * change + distance;
                                    if since == n - 1.0f32 {
                                        twice /= n;
                                    }
                                }
                                apart = 2.0f32 * distance - twice;
                            }
                        } else if family == 5 {
                            if age >= n {
                                distance = adaptive_keep(prices, at, length) * (distance - change);
                            } else if rules.adaptive_zero == 1u32 {
                                let before = select(age < 0.5f32, -price, distance - change);
                                distance = (1.0f32 - 0.004_096f32) * before;
                            } else {
                                distance = prices[at - usize::cast_from(age)] - price;
                            }
                            apart = distance;
                        } else if age >= f32::cast_from(taps) - 1.0f32 {
                            for j in 1..taps {
                                apart += table[own + 5 + j] * (prices[at - j] - price);
                            }
                        }
                        let is_above = select(apart < 0.0f32, 1.0f32, 0.0f32);
                        let is_below = select(apart > 0.0f32, 1.0f32, 0.0f32);
                        if age > defined {
                            if is_above > above {
                                side = 1.0f32;
                            }
                            if is_below > below {
                                side = -1.0f32;
                            }
                        }
                        above = is_above;
                        below = is_below;
                        age += 1.0f32;
                    } else {
                        age = 0.0f32;
                    }
                    equities[unit * comptime!(BLOCK) + b] = equity;
                    sides[unit * comptime!(BLOCK) + b] = side;
                }
            }
        }
        sync_cube();

        // The families' signals.
        for round in 0..comptime!((6 * BLOCK).div_ceil(UNITS)) {
            let index = round * comptime!(UNITS) + unit;
            if index < comptime!(6 * BLOCK) {
                let member = index / comptime!(BLOCK) * 9;
                let b = index % comptime!(BLOCK);
                let t = from + b;
                if t < last && t >= rules.cutout {
                    let mut gain = 0.0f32;
                    let mut sum = 0.0f32;
                    for i in 0..9usize {
                        let equity = equities[(member + i) * comptime!(BLOCK) + b];
                        gain += sides[(member + i) * comptime!(BLOCK) + b] * equity;
                        sum += equity;
                    }
                    signals[index] = hundredths(gain / sum);
                }
            }
        }
        sync_cube();

        // The second layer.
        if unit < 6 {
            for b in 0..comptime!(BLOCK) {
                let t = from + b;
                if t < last && t >= rules.cutout {
                    if t == rules.cutout {
                        weight = select(start > 0.25f32, start, 0.25f32);
                        weight_low = 0.0f32;
                    } else {
                        let r = earned_since(prices, growth, row, bars, t);
                        let idle = select(rules.repeat == 1u32, earned, 0.0f32);
                        earned = select(signal > 0.0f32, r, select(signal < 0.0f32, -r, idle));
                        let grown =
                            grow(weight, weight_low, earned, rules.keep, rules.keep_low, zero);
                        weight = grown.high;
                        weight_low = grown.low;
                    }
                    signal = signals[unit * comptime!(BLOCK) + b];
                    weights[unit * comptime!(BLOCK) + b] = weight;
                }
            }
        }
        sync_cube();

        // The votes, and what is wanted of it all.
        if unit < comptime!(BLOCK) {
            let t = from + unit;
            if t < last && t < end && t >= skipped {
                let place = row * kept + t - skipped;
                let plane = rows * kept;
                let mut votes = 0.0f32;
                let mut sum = 0.0f32;
                for k in 0..6usize {
                    let mut shown = nan;
                    let mut weight = nan;
                    if t >= rules.cutout {
                        let signal = signals[k * comptime!(BLOCK) + unit];
                        weight = weights[k * comptime!(BLOCK) + unit];
                        votes += select(
                            signal >= rules.above,
                            weight,
                            select(signal <= rules.below, -weight, 0.0f32),
                        );
                        sum += weight;
                        shown = signal / 100.0f32;
                    }
                    y[(2 + k) * plane + place] = shown;
                    y[(8 + k) * plane + place] = weight;
                }
                let mut average = 0.0f32;
                if t >= rules.cutout {
                    let mean = votes / sum;
                    average = select(is_finite(mean), mean, 0.0f32);
                }
                y[place] = average;
                y[plane + place] = select(
                    average > rules.long,
                    1.0f32,
                    select(average < rules.short, -1.0f32, 0.0f32),
                );
            }
        }
        sync_cube();
    }
    states[state] = age;
    states[state + 1] = distance;
    states[state + 2] = twice;
    states[state + 3] = above;
    states[state + 4] = below;
    states[state + 5] = side;
    states[state + 6] = equity;
    states[state + 7] = equity_low;
    states[state + 8] = signal;
    states[state + 9] = earned;
    states[state + 10] = weight;
    states[state + 11] = weight_low;
}

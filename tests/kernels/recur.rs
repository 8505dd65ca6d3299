use emberline::device::transfer::{to_host, upload};
use emberline::ops::recur::{
    self, Acceleration, Cycle, Parabolic, Phase, Stops, TrailingBand, sines,
};

use super::{assert_close, f64s, normals, on_devices};
use burn::tensor::{Device, Tensor};

const ROWS: usize = 3;

/// Walks near `level`: highs, lows and closes of `ROWS` rows.
fn bars(bars: usize, level: f32, seed: u32) -> [Vec<f32>; 3] {
    let moves = normals(ROWS * bars, seed);
    let spread = normals(2 * ROWS * bars, seed + 1);
    let [mut high, mut low, mut close] = [Vec::new(), Vec::new(), Vec::new()];
    for row in moves.chunks(bars) {
        let mut last = f64::from(level);
        for &moved in row {
            let open = last;
            last *= (0.002 * f64::from(moved)).exp();
            let at = close.len();
            let wide = |place: usize| 0.001 * f64::from(spread[place].abs()) * last;
            high.push((open.max(last) + wide(2 * at)) as f32);
            low.push((open.min(last) - wide(2 * at + 1)) as f32);
            close.push(last as f32);
        }
    }
    [high, low, close]
}

/// Row 0 whole, row 1 in two stretches, row 2 late.
fn ages(bars: usize) -> Vec<f32> {
    let age = |row: usize, t: usize| match row {
        1 if t >= bars / 3 => t as f32 - (bars / 3) as f32,
        2 if t < bars / 5 => -1.0,
        2 => t as f32 - (bars / 5) as f32,
        _ => t as f32,
    };
    (0..ROWS * bars)
        .map(|at| age(at / bars, at % bars))
        .collect()
}

/// What `machine` gives at every bar that has one, made anew at each start of a stretch.
fn expected<M, const K: usize>(
    age: &[f32],
    make: impl Fn() -> M,
    mut next: impl FnMut(&mut M, usize) -> [f64; K],
) -> [Vec<f64>; K] {
    let mut machine = make();
    let mut all = std::array::from_fn(|_| Vec::new());
    for (at, &age) in age.iter().enumerate() {
        if age <= 0.0 {
            machine = make();
        }
        let values = if age < 0.0 {
            [f64::NAN; K]
        } else {
            next(&mut machine, at)
        };
        for (all, value) in all.iter_mut().zip(values) {
            all.push(value);
        }
    }
    all
}

fn side(first: f64, step: f64, most: f64) -> Acceleration {
    Acceleration { first, step, most }
}

/// The number of bars that differ by more than `relative` of their own size or `scale`.
fn num_apart(actual: &[f32], expected: &[f64], relative: f64, scale: f64) -> usize {
    assert_eq!(actual.len(), expected.len());
    let apart = |(actual, expected): (&f32, &f64)| {
        let actual = f64::from(*actual);
        assert_eq!(actual.is_nan(), expected.is_nan(), "{actual}, {expected}");
        (actual - expected).abs() > relative * expected.abs().max(scale)
    };
    actual
        .iter()
        .zip(expected)
        .filter(|&pair| apart(pair))
        .count()
}

fn on(device: &Device, values: &[f32]) -> Tensor<2> {
    upload(values.to_vec(), [ROWS, values.len() / ROWS], device)
}

#[test]
fn a_parabolic_stop_turns_where_its_oracle_turns() {
    let slow = side(0.02, 0.02, 0.2);
    let plain = Stops {
        long: slow,
        short: slow,
        start: 0.0,
        offset: 0.0,
    };
    let odd = Stops {
        long: side(0.03, 0.01, 0.1),
        short: side(0.4, 0.05, 0.3),
        start: -130.0,
        offset: 0.01,
    };
    // 70,000 bars are more than one launch, and more than the rounds that software drivers make.
    for (num_bars, level) in [(400, 1e-6), (400, 1e6), (70_000, 100.0)] {
        let [high, low, _] = bars(num_bars, level, 31);
        let age = ages(num_bars);
        for stops in [plain, odd] {
            let [expected] = expected(
                &age,
                || Parabolic::new(stops),
                |stop, at| {
                    let [stop, side] = stop.next(f64::from(high[at]), f64::from(low[at]));
                    [stop * side]
                },
            );
            assert!(expected.iter().any(|stop| *stop < 0.0));
            on_devices(|name, device| {
                let [high, low, age] = [&high, &low, &age].map(|x| on(device, x));
                let y = to_host(recur::parabolic(high, low, age, stops));
                let what = format!("{name} {stops:?} at {level}");
                assert_close(&what, &y, &expected, 3e-7, 0.0);
            });
        }
    }
}

#[test]
fn a_trailing_band_lets_go_where_its_oracle_lets_go() {
    for (num_bars, level) in [(400, 1e-6), (400, 1e6), (70_000, 100.0)] {
        let [high, low, close] = bars(num_bars, level, 33);
        let age = ages(num_bars);
        // Three times a range that is now and then as wide as a bar's; one row has no width at all.
        let width: Vec<f32> = (0..ROWS * num_bars)
            .map(|at| match age[at] {
                age if age < 7.0 => f32::NAN,
                _ if at < num_bars => 0.0,
                age => level * (0.004 + 0.003 * (age / 50.0).sin()),
            })
            .collect();
        let [line, trend] = expected(&age, TrailingBand::new, |band, at| {
            let middle = f64::midpoint(f64::from(high[at]), f64::from(low[at]));
            band.next(middle, f64::from(width[at]), f64::from(close[at]))
        });
        assert!(trend.iter().any(|trend| *trend < 0.0));
        on_devices(|name, device| {
            let [high, low, close, width] = [&high, &low, &close, &width].map(|x| on(device, x));
            let [y, side] = recur::trailing_band(high, low, close, width).map(to_host);
            assert_close(&format!("{name} line at {level}"), &y, &line, 3e-7, 0.0);
            assert_close(&format!("{name} trend at {level}"), &side, &trend, 0.0, 0.0);
        });
    }
}

/// The filters are some twenty roundings of 6e-8 deep, so the angle between two bars is known within
/// 1e-6; it passes 0, where the period jumps, on a bar in a million, and a jump is forgotten within
/// 100 bars: a share of 1e-4 is to be expected, and a hundred times that is allowed.
const APART: f64 = 0.01;

#[test]
fn the_dominant_cycle_follows_its_oracle() {
    let (begin, wait) = (4, 37);
    for (num_bars, level) in [(500, 1e-6), (500, 1e6), (70_000, 100.0)] {
        let [_, _, close] = bars(num_bars, level, 35);
        let age = ages(num_bars);
        let oracle = expected(
            &age,
            || (Cycle::new(wait), Phase::new(), 0),
            |(cycle, phase, seen), at| {
                *seen += 1;
                if *seen <= begin {
                    return [f64::NAN; 7];
                }
                cycle
                    .next(f64::from(close[at]))
                    .map_or([f64::NAN; 7], |wave| {
                        let phase = phase.next(&wave);
                        let [sine, lead] = sines(phase);
                        let angle = (wave.quadrature / wave.in_phase).atan().to_degrees();
                        let [i, q] = [wave.in_phase, wave.quadrature];
                        [i, q, wave.period, angle, phase, sine, lead]
                    })
            },
        );
        on_devices(|name, device| {
            let (x, age) = (on(device, &close), on(device, &age));
            let waves = recur::cycle(x.clone(), age.clone(), begin, wait);
            let period = waves.period.clone();
            let [phase, sine, lead] = recur::phase(x, age, period, begin, wait);
            let all = [
                waves.in_phase,
                waves.quadrature,
                waves.period,
                waves.angle,
                phase,
                sine,
                lead,
            ];
            // Bars of the components are a thousandth of the level.
            let small = 1e-3 * f64::from(level);
            let scales = [small, small, 10.0, 90.0, 180.0, 1.0, 1.0];
            for (place, (y, scale)) in all.into_iter().zip(scales).enumerate() {
                let y = to_host(y);
                // The first six bars of the filters rise from 0 to the level.
                let apart = num_apart(&y, &oracle[place], 1e-4, scale);
                let share = apart as f64 / y.len() as f64;
                assert!(
                    share <= APART,
                    "{name} at {level}: output {place}, {share} apart"
                );
            }
        });
    }
}

#[test]
fn a_standstill_keeps_the_period() {
    let [_, _, mut close] = bars(900, 50.0, 37);
    for row in close.chunks_mut(900) {
        let still = row[300];
        row[300..].fill(still);
    }
    let age: Vec<f32> = (0..ROWS * 900).map(|at| (at % 900) as f32).collect();
    let [oracle] = expected(
        &age,
        || Cycle::new(12),
        |cycle, at| {
            [cycle
                .next(f64::from(close[at]))
                .map_or(f64::NAN, |wave| wave.period)]
        },
    );
    on_devices(|name, device| {
        let waves = recur::cycle(on(device, &close), on(device, &age), 0, 12);
        let (period, in_phase) = (to_host(waves.period), to_host(waves.in_phase));
        assert_close(name, &period, &oracle, 1e-3, 0.0);
        assert_eq!(in_phase[899], 0.0, "{name}");
    });
}

#[test]
fn nothing_in_gives_nothing_out() {
    on_devices(|name, device| {
        let empty = || Tensor::<2>::zeros([0, 5], device);
        let waves = recur::cycle(empty(), empty(), 0, 12);
        assert_eq!(waves.period.dims(), [0, 5], "{name}");
        let [line, _] = recur::trailing_band(empty(), empty(), empty(), empty());
        assert_eq!(line.dims(), [0, 5], "{name}");
        let expected = f64s(&[]);
        assert_close(
            name,
            &to_host(recur::phase(empty(), empty(), empty(), 0, 12)[0].clone()),
            &expected,
            0.0,
            0.0,
        );
    });
}

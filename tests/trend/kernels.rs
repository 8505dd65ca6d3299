//! The device path, [`Prepared`], on the CPU and on a software Vulkan driver, against the oracle.

use burn::tensor::{Device, Tensor};
use emberline::device::transfer::{to_host, upload, upload_int};
use emberline::market::simulate::{SimulateConfig, Simulation, names};
use emberline::ops::atc::{LENGTHS, Prepared, Recipe, Table, reference};
use emberline::trend::{self, Robustness, Source, TrendConfig};

use super::{PRESETS, recipe, walk};
use crate::kernels::on_devices;

/// Signals and classes that differ from the oracle's, and how many there are.
#[derive(Default)]
struct Tally {
    differing: usize,
    all: usize,
}

impl Tally {
    fn add(&mut self, same: bool) {
        self.differing += usize::from(!same);
        self.all += 1;
    }
}

/// Runs rows of unequal lengths and compares the last `keep` bars of each.
fn compare(what: &str, device: &Device, rows: &[Vec<f64>], recipe: &Recipe, keep: usize) -> Tally {
    let bars = rows.iter().map(Vec::len).max().unwrap();
    let kept = keep.min(bars);
    let padded = rows.iter().flat_map(|row| {
        let padding = std::iter::repeat_n(f32::NAN, bars - row.len());
        row.iter().map(|price| *price as f32).chain(padding)
    });
    let prices: Tensor<2> = upload(padded.collect(), [rows.len(), bars], device);
    let ends: Vec<i32> = rows.iter().map(|row| row.len() as i32).collect();
    let ends = upload_int(ends, [rows.len()], device);
    let y = Prepared::new(recipe, bars, device).classify(prices, ends, keep);
    assert_eq!(y.dims(), [14, rows.len(), kept]);
    let y = to_host(y);
    let mut tally = Tally::default();
    for (place, row) in rows.iter().enumerate() {
        let oracle = reference::classify(row, recipe);
        let skipped = row.len() - row.len().min(kept);
        for t in skipped..row.len() {
            let at = |plane: usize| f64::from(y[(plane * rows.len() + place) * kept + t - skipped]);
            let signals_agree = (0..6).all(|k| {
                let (actual, expected) = (at(2 + k), oracle.signals[k][t]);
                assert_eq!(actual.is_nan(), expected.is_nan(), "{what}: bar {t}");
                let same =
                    expected.is_nan() || (100.0 * actual).round() == (100.0 * expected).round();
                tally.add(same);
                same
            });
            tally.add(at(1) == f64::from(oracle.class[t]));
            for k in 0..6 {
                let (actual, expected) = (at(8 + k), oracle.weights[k][t]);
                assert_eq!(actual.is_nan(), expected.is_nan(), "{what}: bar {t}");
                // A signal that differs now and then leaves its mark on an equity.
                assert!(
                    expected.is_nan() || (actual / expected - 1.0).abs() < 0.05,
                    "{what}: equity {k} of bar {t} is {actual}, not {expected}"
                );
            }
            if signals_agree && tally.differing == 0 {
                let (actual, expected) = (at(0), oracle.average[t]);
                assert!(
                    (actual - expected).abs() <= 1e-5 * expected.abs().max(0.1),
                    "{what}: average of bar {t} is {actual}, not {expected}"
                );
            }
        }
    }
    tally
}

/// At least 99.9 % of the discrete outputs are the oracle's.
#[track_caller]
fn assert_share(what: &str, tally: &Tally) {
    let share = tally.differing as f64 / tally.all as f64;
    assert!(
        share <= 0.001,
        "{what}: {} of {} differ",
        tally.differing,
        tally.all
    );
}

#[test]
fn devices_agree_with_the_oracle() {
    let rows: Vec<Vec<f64>> = (0..7)
        .map(|seed| walk(700 - 83 * seed as usize, 300 + seed, 100.0, 0.012))
        .collect();
    for preset in PRESETS {
        let recipe = recipe(preset, 100);
        on_devices(|name, device| {
            let what = format!("{name} {preset:?}");
            assert_share(&what, &compare(&what, device, &rows, &recipe, usize::MAX));
            assert_share(&what, &compare(&what, device, &rows, &recipe, 1));
            assert_share(&what, &compare(&what, device, &rows, &recipe, 250));
        });
    }
}

/// A float32 sum of a thousand bars' rounding would show: equities are pairs.
#[test]
fn long_series_and_levels_agree_with_the_oracle() {
    for (level, num_bars) in [(1e-6, 500), (1e6, 500), (30.0, 4_000)] {
        let rows = [
            walk(num_bars, 321, level, 0.01),
            walk(num_bars, 322, level, 0.03),
        ];
        let recipe = recipe(PRESETS[0], num_bars);
        on_devices(|name, device| {
            let what = format!("{name} at {level}");
            assert_share(&what, &compare(&what, device, &rows, &recipe, usize::MAX));
        });
    }
}

#[test]
fn gaps_late_starts_and_flat_stretches_on_devices() {
    let mut gap = walk(420, 331, 20.0, 0.01);
    gap[200] = f64::NAN;
    gap[210..214].fill(f64::NAN);
    let mut late = walk(420, 332, 20.0, 0.01);
    late[..55].fill(f64::NAN);
    let mut flat = walk(420, 333, 20.0, 0.01);
    let still = flat[150];
    flat[150..250].fill(still);
    let rows = [gap, late, flat, vec![0.1; 420]];
    for preset in PRESETS {
        let config = TrendConfig {
            cutout: 40,
            lengths: [28, 12, 40, 20, 33, 9],
            weights: [0.1, 1.0, 3.0, 0.5, 2.0, 7.0],
            robustness: Robustness::Wide,
            ..TrendConfig::new(preset)
        };
        let recipe = config.recipe("TEST", 420).unwrap();
        on_devices(|name, device| {
            let what = format!("{name} {preset:?}");
            let tally = compare(&what, device, &rows, &recipe, usize::MAX);
            assert_share(&what, &tally);
        });
    }
}

#[test]
fn nothing_in_gives_nothing_out_on_devices() {
    let recipe = recipe(PRESETS[0], 1);
    assert_eq!(LENGTHS, 9);
    on_devices(|_, device| {
        let prepared = Prepared::new(&recipe, 5, device);
        let ends = |rows| upload_int(vec![0; rows], [rows], device);
        let none = prepared.classify(Tensor::zeros([0, 5], device), ends(0), 3);
        assert_eq!(none.dims(), [14, 0, 3]);
        let empty = prepared.classify(Tensor::zeros([2, 0], device), ends(2), 3);
        assert_eq!(empty.dims(), [14, 2, 0]);
    });
}

/// Chunks of series, of one and of several, give what the CPU gives: nothing is lost between them.
#[test]
fn a_universe_in_chunks_is_the_universe() {
    let config = SimulateConfig {
        symbols: names(9),
        num_bars: 260,
        ..SimulateConfig::default()
    };
    let bars = Simulation::new(config).unwrap().bars();
    for source in [Source::Close, Source::Ohlc4] {
        let configs = PRESETS.map(|preset| TrendConfig {
            source,
            ..TrendConfig::new(preset)
        });
        let expected: Vec<Table<f64>> = trend::sweep(&bars, &configs, 200, 150).unwrap();
        on_devices(|name, device| {
            for series in [1, 4, 9] {
                let limit = 4 * 14 * 150 * series;
                let tables =
                    trend::sweep_in_chunks(&bars, &configs, 200, 150, device, limit).unwrap();
                assert_eq!(tables.len(), 2);
                for (table, expected) in tables.iter().zip(&expected) {
                    let agreement = trend::agreement(table, expected);
                    assert_eq!(agreement.num_signals, 6 * 9 * 150, "{name}");
                    let most = agreement.num_signals / 1_000;
                    assert!(agreement.differing_signals <= most, "{name}: {agreement:?}");
                    assert!(agreement.differing_classes <= 1, "{name}: {agreement:?}");
                }
            }
        });
    }
}

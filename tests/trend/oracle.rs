//! The batch and the follower against the float64 oracle on every kind of series.

use emberline::market::load;
use emberline::market::{DataConfig, GapPolicy};
use emberline::ops::atc::{self, Follower, Instructions, Recipe, Table, reference};
use emberline::trend::{Robustness, TrendConfig, prices};
use std::path::Path;

use super::{PRESETS, assert_classified, is_same, recipe, walk};

/// Batch (several rows together) and follower against the oracle.
#[track_caller]
fn check(what: &str, rows: &[Vec<f64>], recipe: &Recipe) {
    let slices: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
    let table: Table<f64> = atc::classify(&slices, recipe, usize::MAX);
    for (row, prices) in rows.iter().enumerate() {
        let oracle = reference::classify(prices, recipe);
        let what = format!("{what}, row {row}");
        assert_classified(&what, &table, row, &oracle);
        let mut follower = Follower::new(recipe);
        for (place, price) in table.range(row).zip(prices) {
            let latest = follower.next(*price);
            assert!(
                is_same(&table, place, &latest),
                "{what}: follower at {place}"
            );
        }
    }
}

#[test]
fn random_walks_of_unequal_lengths() {
    for preset in PRESETS {
        let rows: Vec<Vec<f64>> = (0..19)
            .map(|seed| walk(40 + 61 * seed, seed as u32 + 1, 100.0, 0.012))
            .collect();
        check(&format!("{preset:?}"), &rows, &recipe(preset, 40));
    }
}

#[test]
fn huge_and_tiny_prices() {
    for preset in PRESETS {
        let rows = [1e-6, 1e6].map(|level| walk(900, 5, level, 0.02));
        check(&format!("{preset:?}"), &rows, &recipe(preset, 900));
    }
}

#[test]
fn prices_that_fall_by_ten_orders_of_magnitude() {
    for preset in PRESETS {
        let mut row = walk(1_200, 6, 1e6, 0.01);
        for price in &mut row[600..] {
            *price = f64::from((*price * 1e-10) as f32);
        }
        check(&format!("{preset:?}"), &[row], &recipe(preset, 1_200));
    }
}

/// Windows whose sums run along: walks, flat stretches, and falls that take their exactness away.
#[test]
fn long_windows() {
    for preset in PRESETS {
        for length in [49, 150, 300] {
            let mut rows: Vec<Vec<f64>> = (0..10)
                .map(|seed| walk(1_700, 500 + seed, 100.0, 0.012))
                .collect();
            for row in rows.iter_mut().skip(1).step_by(2) {
                let still = row[900];
                row[900..1_000 + length].fill(still);
            }
            for price in &mut rows[3][1_400..] {
                *price = f64::from((*price * 1e-10) as f32);
            }
            rows[4][700] = f64::NAN;
            let config = TrendConfig {
                lengths: [length as i64; 6],
                ..TrendConfig::new(preset)
            };
            check("long", &rows, &config.recipe("TEST", 1_700).unwrap());
        }
    }
}

#[test]
fn constant_prices_and_flat_stretches() {
    for preset in PRESETS {
        for level in [0.1, 3.0, 1e6 / 7.0] {
            let flat = vec![level; 300];
            let recipe = recipe(preset, 300);
            check("flat", &[flat.clone(), flat.clone()], &recipe);
            let table: Table<f64> = atc::classify(&[&flat], &recipe, usize::MAX);
            // Pine's adaptive average comes from 0 and stays below.
            assert!(table.class.iter().all(|class| *class == 0), "{level}");
        }
        // A market that moves, stands still for longer than any window, and moves again.
        let mut row = walk(700, 9, 50.0, 0.01);
        let still = row[200];
        row[200..290].fill(still);
        check("stretch", &[row.clone(), row], &recipe(preset, 700));
    }
}

#[test]
fn late_starts_and_gaps() {
    for preset in PRESETS {
        let recipe = recipe(preset, 600);
        let whole = walk(600, 11, 20.0, 0.01);
        let mut late = whole.clone();
        late[..77].fill(f64::NAN);
        let mut gap = whole.clone();
        gap[300] = f64::NAN;
        gap[340..345].fill(f64::NAN);
        let rows = [whole.clone(), late, gap.clone()];
        check(&format!("{preset:?}"), &rows, &recipe);
        // The row beside the gaps is what it is alone.
        let together: Table<f64> = atc::classify(&[&whole, &gap], &recipe, usize::MAX);
        let alone: Table<f64> = atc::classify(&[&whole], &recipe, usize::MAX);
        assert_eq!(together.average[..600], alone.average[..]);
        assert!(gap.iter().filter(|price| price.is_nan()).count() == 6);
    }
}

#[test]
fn other_settings_than_the_presets() {
    let rows: Vec<Vec<f64>> = (0..3).map(|seed| walk(500, 40 + seed, 9.0, 0.02)).collect();
    for preset in PRESETS {
        let config = TrendConfig {
            lengths: [8, 9, 60, 25, 121, 14],
            weights: [0.1, 1.0, 3.0, 0.5, 2.0, 7.0],
            lambda: 1.5,
            decay: 0.4,
            cutout: 133,
            robustness: Robustness::Wide,
            long: 0.3,
            short: -0.2,
            ..TrendConfig::new(preset)
        };
        check("settings", &rows, &config.recipe("TEST", 500).unwrap());
        let shortest = TrendConfig {
            lengths: [5; 6],
            robustness: Robustness::Narrow,
            ..TrendConfig::new(preset)
        };
        check("shortest", &rows, &shortest.recipe("TEST", 500).unwrap());
    }
}

#[test]
fn short_series_are_defined_as_far_as_they_go() {
    for preset in PRESETS {
        for num_bars in [1, 2, 3, 21, 22, 23] {
            let rows = [walk(num_bars, 3, 10.0, 0.02), walk(num_bars, 4, 10.0, 0.02)];
            check(
                &format!("{num_bars} bars"),
                &rows,
                &recipe(preset, num_bars),
            );
        }
    }
    let nothing: Table<f32> = atc::classify::<f32, _>(&[&[], &[]], &recipe(PRESETS[0], 1), 5);
    assert_eq!(nothing.starts, [0, 0, 0]);
    let none: Table<f32> = atc::classify::<f32, _>(&[], &recipe(PRESETS[0], 1), 5);
    assert_eq!(none.num_rows(), 0);
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    let rows: Vec<Vec<f64>> = (0..11)
        .map(|seed| walk(333, 70 + seed, 5.0, 0.02))
        .collect();
    let slices: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
    for preset in PRESETS {
        let recipes = [recipe(preset, 333)];
        let tables: Vec<Table<f64>> = Instructions::available()
            .into_iter()
            .map(|set| atc::sweep_with(set, &slices, &recipes, 300).remove(0))
            .collect();
        for table in &tables {
            assert_eq!(table, &tables[0]);
        }
    }
}

/// 20,000 bars and more of real prices: nothing drifts.
#[test]
fn real_bars() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let Ok(files) = std::fs::read_dir(folder) else {
        return;
    };
    let mut num_bars = 0;
    for file in files.filter_map(Result::ok) {
        let config = DataConfig {
            path: Some(file.path()),
            repair: true,
            ..DataConfig::default()
        };
        let Ok(bars) = load(&config, Some(GapPolicy::Ignore)) else {
            continue;
        };
        for series in bars
            .series
            .iter()
            .take(2)
            .filter(|series| !series.is_empty())
        {
            let prices = prices(series, TrendConfig::default().source, 20_000);
            for preset in PRESETS {
                check(
                    &series.symbol,
                    &[prices.to_vec()],
                    &recipe(preset, prices.len()),
                );
            }
            num_bars += prices.len();
        }
    }
    assert!(num_bars > 10_000, "{num_bars} bars of ../shared/data");
}

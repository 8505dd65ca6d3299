//! What published versions got wrong, one test each, and what must never happen.

use emberline::device::transfer::{to_host, upload, upload_int};
use emberline::ops::atc::{self, Family, Follower, Prepared, Recipe, Table, reference};
use emberline::trend::{Cut, Grid, TrendConfig, TrendPreset};

use super::{PRESETS, assert_classified, is_same, recipe, walk};
use crate::kernels::on_devices;

/// Everything of each row on the CPU.
fn table(rows: &[&[f64]], recipe: &Recipe) -> Table<f64> {
    atc::classify(rows, recipe, usize::MAX)
}

/// `[14, N, T]` of equally long rows on a device.
fn on_device(rows: &[&[f64]], recipe: &Recipe, device: &burn::tensor::Device) -> Vec<f32> {
    let bars = rows[0].len();
    let prices = rows
        .iter()
        .flat_map(|row| row.iter().map(|price| *price as f32));
    let prices = upload(prices.collect(), [rows.len(), bars], device);
    let ends = upload_int(vec![bars as i32; rows.len()], [rows.len()], device);
    to_host(Prepared::new(recipe, bars, device).classify(prices, ends, bars))
}

/// One row's signals of family `k`.
fn signals(y: &[f32], num_rows: usize, row: usize, k: usize) -> &[f32] {
    let bars = y.len() / 14 / num_rows;
    &y[((2 + k) * num_rows + row) * bars..][..bars]
}

/// A GPU version advanced growth with every thread: symbols further back grew faster.
#[test]
fn growth_is_of_the_bar_and_not_of_the_place() {
    let config = TrendConfig {
        lambda: 30.0,
        ..TrendConfig::default()
    };
    let recipe = config.recipe("TEST", 300).unwrap();
    for t in [0, 1, 299] {
        assert_eq!(recipe.growth_at(t), (0.03 * t as f64).exp());
    }
    let (own, other) = (walk(300, 1, 10.0, 0.01), walk(300, 2, 10.0, 0.01));
    let rows: Vec<&[f64]> = (0..70)
        .map(|place| if place % 3 == 0 { &*own } else { &*other })
        .collect();
    let table = table(&rows, &recipe);
    let oracle = reference::classify(&own, &recipe);
    for row in (0..70).step_by(3) {
        assert_classified("place", &table, row, &oracle);
    }
    on_devices(|name, device| {
        let y = on_device(&rows, &recipe, device);
        for k in 0..6 {
            let first = signals(&y, 70, 0, k);
            for row in (3..70).step_by(3) {
                assert_eq!(signals(&y, 70, row, k), first, "{name}: row {row}");
            }
        }
    });
    // It does grow: a late return weighs more.
    let slow = table_of(&own, TrendConfig::default());
    assert_ne!(slow.weights[0][299], table.weights[0][299]);
}

fn table_of(prices: &[f64], config: TrendConfig) -> Table<f64> {
    table(&[prices], &config.recipe("TEST", prices.len()).unwrap())
}

/// A GPU version took the price itself for KAMA, which nothing crosses.
#[test]
fn kama_is_an_average_on_every_device() {
    let prices = walk(400, 3, 10.0, 0.01);
    let recipe = recipe(TrendPreset::Reference, 400);
    let oracle = reference::classify(&prices, &recipe);
    let kama = Family::Kama as usize;
    let turns = oracle.signals[kama]
        .windows(2)
        .filter(|pair| pair[0] * pair[1] < 0.0)
        .count();
    assert!(turns > 5, "KAMA turned {turns} times");
    on_devices(|name, device| {
        let y = on_device(&[&prices], &recipe, device);
        let differ = signals(&y, 1, 0, kama)
            .iter()
            .zip(&oracle.signals[kama])
            .filter(|(actual, expected)| (f64::from(**actual) - **expected).abs() > 1e-3);
        assert_eq!(differ.count(), 0, "{name}");
    });
}

/// Versions without the rounding earn on signals that round to nothing.
#[test]
fn signals_are_hundredths_and_small_ones_are_none() {
    let recipe = recipe(TrendPreset::Reference, 600);
    let mut rounded_away = 0;
    for seed in 0..40 {
        let prices = walk(600, 1_000 + seed, 10.0, 0.01);
        let table = table(&[&prices], &recipe);
        let returns = reference::returns(&prices);
        for k in 0..6 {
            let lengths = recipe.lengths[k];
            for t in 0..600 {
                let hundredths = 100.0 * table.signals[k][t];
                assert!(
                    (hundredths - hundredths.round()).abs() < 1e-9,
                    "{hundredths}"
                );
            }
            // The raw signals of the last bars, by the oracle.
            let family = Family::ALL[k];
            let (mut gain, mut sum) = (vec![0.0; 600], vec![0.0; 600]);
            for length in lengths {
                let average = reference::average(&prices, &recipe, family, length);
                let sides = reference::crossings(&prices, &average);
                let equity = reference::equity(1.0, &sides, &returns, &recipe);
                for t in 0..600 {
                    gain[t] += sides[t] * equity[t];
                    sum[t] += equity[t];
                }
            }
            for t in 50..599 {
                let raw: f64 = gain[t] / sum[t];
                if raw != 0.0 && raw.abs() < 0.005 {
                    rounded_away += 1;
                    assert_eq!(table.signals[k][t], 0.0);
                    let kept = (table.weights[k][t] * (1.0 - recipe.decay)).max(0.25);
                    assert!((table.weights[k][t + 1] - kept).abs() < 1e-12);
                }
            }
        }
    }
    assert!(rounded_away > 0, "no signal of these walks rounds to 0");
}

/// Versions that cut the data off lose the averages' past with it.
#[test]
fn a_cutout_starts_equities_and_not_averages() {
    let prices = walk(300, 5, 10.0, 0.01);
    for preset in PRESETS {
        let config = TrendConfig {
            cutout: 100,
            ..TrendConfig::new(preset)
        };
        let cut = table_of(&prices, config);
        let sliced = table_of(&prices[100..], TrendConfig::new(preset));
        for k in 0..6 {
            assert!(cut.signals[k][99].is_nan() && cut.weights[k][99].is_nan());
            assert_eq!(cut.weights[k][100], 1.0);
            assert_eq!(sliced.signals[k][0], 0.0);
        }
        // Nine averages with a side each and equal equities; Pine's KAMA comes from far below.
        let at_once = cut.signals.iter().filter(|signal| signal[100] != 0.0);
        assert!(at_once.count() >= 5);
        assert!(cut.average[..100].iter().all(|average| *average == 0.0));
        assert!(cut.class[..100].iter().all(|class| *class == 0));
        assert_ne!(cut.average[100..], sliced.average[..]);
    }
}

/// A version remembered averages by (length, first price, last price).
#[test]
fn series_with_the_same_ends_are_not_confused() {
    let first = walk(300, 6, 10.0, 0.01);
    let mut second = first.clone();
    second[1..299].reverse();
    let recipe = recipe(TrendPreset::Reference, 300);
    let together = table(&[&first, &second, &first], &recipe);
    for (row, prices) in [(0, &first), (1, &second), (2, &first)] {
        assert_classified(
            "ends",
            &together,
            row,
            &reference::classify(prices, &recipe),
        );
    }
    assert_ne!(together.average[..300], together.average[300..600]);
}

/// Streaming versions were other algorithms: different seeds, no decay, other rounding.
#[test]
fn streaming_is_the_batch_bit_for_bit() {
    for (place, preset) in PRESETS.into_iter().enumerate() {
        let config = TrendConfig {
            cutout: 70,
            decay: 0.2,
            ..TrendConfig::new(preset)
        };
        let recipe = config.recipe("TEST", 3_000).unwrap();
        let rows: Vec<Vec<f64>> = (0..9)
            .map(|seed| walk(3_000, 60 + seed + place as u32, 10.0, 0.015))
            .collect();
        let slices: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
        let table = table(&slices, &recipe);
        for (row, prices) in rows.iter().enumerate() {
            let mut follower = Follower::new(&recipe);
            // A copy made on the way goes on like the original.
            let mut copy = None;
            for (t, price) in prices.iter().enumerate() {
                let latest = follower.next(*price);
                assert!(
                    is_same(&table, row * 3_000 + t, &latest),
                    "row {row}, bar {t}"
                );
                if t == 1_234 {
                    copy = Some(follower.clone());
                } else if let Some(copy) = &mut copy {
                    assert!(is_same(&table, row * 3_000 + t, &copy.next(*price)));
                }
            }
            assert_eq!(follower.num_bars(), 3_000);
        }
    }
}

#[test]
fn later_bars_change_nothing_before_them() {
    for preset in PRESETS {
        let recipe = recipe(preset, 500);
        let prices = walk(500, 8, 10.0, 0.01);
        let whole = table(&[&prices, &prices], &recipe);
        for t in [0, 30, 63, 64, 65, 250, 498] {
            let mut other = prices.clone();
            for price in &mut other[t + 1..] {
                *price = 1_000.0 / *price;
            }
            let scrambled = table(&[&other, &prices], &recipe);
            assert_eq!(scrambled.average[..=t], whole.average[..=t]);
            for k in 0..6 {
                assert_eq!(scrambled.signals[k][..=t], whole.signals[k][..=t]);
                assert_eq!(scrambled.weights[k][..=t], whole.weights[k][..=t]);
            }
            let shorter = table(&[&prices[..=t]], &recipe);
            assert_eq!(shorter.average[..], whole.average[..=t]);
        }
    }
}

#[test]
fn a_sweep_gives_the_bits_of_single_scans() {
    let rows = [walk(400, 9, 10.0, 0.01), walk(310, 10, 3.0, 0.02)];
    let slices: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
    let grid = Grid {
        length: vec![14, 28],
        lambda: vec![0.02, 3.0],
        decay: vec![0.03, 0.5],
        threshold: vec![0.1, 0.4],
    };
    let mut configs = grid.configs(&TrendConfig::default());
    assert_eq!(configs.len(), 16);
    configs.push(TrendConfig::new(TrendPreset::Pine));
    configs.push(TrendConfig {
        cut: Cut::Beyond(0.8),
        ..TrendConfig::default()
    });
    let recipes: Vec<Recipe> = configs
        .iter()
        .map(|config| config.recipe("TEST", 310).unwrap())
        .collect();
    let swept: Vec<Table<f64>> = atc::sweep(&slices, &recipes, usize::MAX);
    for (swept, recipe) in swept.iter().zip(&recipes) {
        assert_eq!(*swept, table(&slices, recipe));
    }
    for (place, one) in swept.iter().enumerate() {
        for other in &swept[..place] {
            assert_ne!(one.average, other.average, "two settings, one result");
        }
    }
}

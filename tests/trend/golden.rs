//! Numbers of an independent float64 implementation that agreed with a public port to 2e-15, as the
//! description of the algorithm prints them (six decimals; averages eleven).

use emberline::ops::atc::reference::{
    adaptive, average, classify, crossings, double_exponential, equity, exponential, hull,
    line_end, mean, weighted,
};
use emberline::ops::atc::{
    self, AdaptiveStart, DoubleStart, Family, Follower, Hull, Recipe, Table,
};
use emberline::trend::{Robustness, TrendConfig, TrendPreset};

use super::{assert_classified, is_same, recipe};

fn series() -> Vec<f64> {
    let turn = std::f64::consts::TAU;
    (0..400)
        .map(f64::from)
        .map(|t| 100.0 + 8.0 * (turn * t / 37.0).sin() + 3.0 * (turn * t / 11.0).sin() + 0.02 * t)
        .collect()
}

#[track_caller]
fn assert_near(what: &str, actual: f64, expected: f64, within: f64) {
    assert!(
        (actual - expected).abs() <= within,
        "{what}: {actual}, not {expected}"
    );
}

#[test]
fn equity_by_hand() {
    let recipe = recipe(TrendPreset::Reference, 5);
    let returns = [f64::NAN, 0.01, -0.02, 0.03, 0.05];
    let equity = equity(1.0, &[1.0, 1.0, 0.0, 0.0, -1.0], &returns, &recipe);
    let expected = [
        1.0,
        1.009_697_2,
        0.989_205_597,
        0.988_908_836,
        0.988_612_163,
    ];
    for (t, expected) in expected.into_iter().enumerate() {
        // Seven decimals printed at bar 1, nine behind it.
        assert_near(&format!("bar {t}"), equity[t], expected, 5.1e-8);
    }
}

#[test]
fn sides_persist() {
    let price = [90.0, 110.0, 115.0, 120.0, 80.0, 75.0];
    let sides = crossings(&price, &[100.0; 6]);
    assert_eq!(sides, [0.0, 1.0, 1.0, 1.0, -1.0, -1.0]);
}

#[test]
fn short_averages_by_hand() {
    let x = [10.0, 11.0, 12.0, 11.0, 10.0];
    let none = f64::NAN;
    let check = |what: &str, y: Vec<f64>, expected: [f64; 5]| {
        for (t, expected) in expected.into_iter().enumerate() {
            assert_eq!(y[t].is_nan(), expected.is_nan(), "{what}: bar {t}");
            if !expected.is_nan() {
                assert_near(&format!("{what}: bar {t}"), y[t], expected, 1e-6);
            }
        }
    };
    check("EMA 3", exponential(&x, 3), [none, none, 11.0, 11.0, 10.5]);
    let expected = [none, none, 11.333_333, 11.333_333, 10.666_667];
    check("WMA 3", weighted(&x, 3), expected);
    check(
        "LSMA 3",
        line_end(&x, 3),
        [none, none, 12.0, 11.333_333, 10.0],
    );
    let dema = double_exponential(&x, 2, DoubleStart::First);
    check(
        "DEMA 2",
        dema,
        [none, 10.5, 11.833_333, 11.166_667, 10.129_630],
    );
    assert_near("HMA 4", hull(&x, 4, Hull::Nested)[4], 10.4, 1e-9);
    let kama = adaptive(&x, 2, AdaptiveStart::Value);
    let expected = [10.0, 10.0, 10.887_112, 10.887_574_389, 10.493_885_443];
    check("KAMA 2", kama, expected);
}

#[test]
fn averages_of_the_series() {
    let p = series();
    let [reference, pine] = super::PRESETS.map(|preset| recipe(preset, p.len()));
    let of = |recipe: &Recipe, family| average(&p, recipe, family, 28);
    let table = [
        (
            "EMA",
            of(&reference, Family::Ema),
            27,
            102.562_452_446_35,
            105.918_957_079_24,
        ),
        (
            "SMA",
            mean(&p, 28),
            27,
            103.631_664_565_33,
            108.952_950_927_67,
        ),
        (
            "HMA",
            of(&reference, Family::Hma),
            31,
            101.321_507_480_77,
            98.921_417_345_93,
        ),
        (
            "HMA pine",
            of(&pine, Family::Hma),
            27,
            103.631_664_565_33,
            108.952_950_927_67,
        ),
        (
            "WMA",
            of(&reference, Family::Wma),
            27,
            103.595_638_844_02,
            106.260_774_980_87,
        ),
        (
            "DEMA",
            of(&reference, Family::Dema),
            27,
            102.493_293_978_84,
            103.962_072_233_47,
        ),
        (
            "DEMA pine",
            of(&pine, Family::Dema),
            54,
            103.097_874_456_85,
            103.962_072_233_49,
        ),
        (
            "LSMA",
            of(&reference, Family::Lsma),
            27,
            103.523_587_401_40,
            100.876_423_087_26,
        ),
        (
            "KAMA",
            of(&reference, Family::Kama),
            0,
            102.404_221_973_50,
            108.292_083_678_52,
        ),
        (
            "KAMA pine",
            of(&pine, Family::Kama),
            0,
            87.960_635_786_43,
            108.292_083_014_88,
        ),
    ];
    for (what, y, first, at_60, at_399) in table {
        let defined = y.iter().position(|value| !value.is_nan());
        assert_eq!(defined, Some(first), "{what}");
        assert_near(&format!("{what} at 60"), y[60], at_60, 1e-11 * 200.0);
        assert_near(&format!("{what} at 399"), y[399], at_399, 1e-11 * 200.0);
    }
}

const TIMES: [usize; 13] = [0, 27, 28, 35, 50, 60, 100, 150, 200, 250, 300, 350, 399];

/// Every printed average, of each variant, by the oracle, the batch and the follower.
#[test]
fn averages_of_families() {
    let reference = TrendConfig::new(TrendPreset::Reference);
    let with = |robustness| TrendConfig {
        robustness,
        ..reference.clone()
    };
    let cutout = TrendConfig {
        cutout: 50,
        ..reference.clone()
    };
    let table: [(&str, TrendConfig, [f64; 13]); 5] = [
        (
            "reference",
            reference.clone(),
            [
                0.0, -0.331_396, -0.501_602, 1.0, -0.061_439, -1.0, -0.570_628, 1.0, 0.007_422,
                -1.0, 1.0, -1.0, 0.391_460,
            ],
        ),
        (
            "narrow",
            with(Robustness::Narrow),
            [
                0.0, -0.168_397, -0.336_784, 1.0, -0.054_752, -1.0, -0.567_427, 1.0, 0.009_243,
                -1.0, 1.0, -1.0, 0.375_674,
            ],
        ),
        (
            "wide",
            with(Robustness::Wide),
            [
                0.0, -0.332_837, -0.502_690, 1.0, -0.059_982, -1.0, -0.574_959, 1.0, 0.004_464,
                -1.0, 1.0, -1.0, 0.388_189,
            ],
        ),
        (
            "cutout 50",
            cutout,
            [
                0.0, 0.0, 0.0, 0.0, 0.0, -1.0, -0.609_632, 1.0, 0.072_198, -1.0, 1.0, -1.0,
                0.336_300,
            ],
        ),
        (
            "pine",
            TrendConfig::new(TrendPreset::Pine),
            [
                0.0, 0.0, 0.0, 0.678_656, 0.312_979, -0.690_996, -0.783_841, 1.0, 0.425_640, -1.0,
                1.0, -1.0, -0.002_890,
            ],
        ),
    ];
    let p = series();
    for (what, config, expected) in table {
        let recipe = config.recipe("TEST", p.len()).unwrap();
        let oracle = classify(&p, &recipe);
        let batch: Table<f64> = atc::classify(&[&p, &p], &recipe, usize::MAX);
        let mut follower = Follower::new(&recipe);
        for (t, price) in p.iter().enumerate() {
            let latest = follower.next(*price);
            assert!(is_same(&batch, t, &latest), "{what}: follower at {t}");
        }
        for row in 0..2 {
            assert_classified(what, &batch, row, &oracle);
        }
        for (t, expected) in TIMES.into_iter().zip(expected) {
            assert_near(
                &format!("{what}: bar {t}"),
                batch.average[t],
                expected,
                5.1e-7,
            );
            assert_near(
                &format!("{what}: oracle, bar {t}"),
                oracle.average[t],
                expected,
                5.1e-7,
            );
        }
    }
}

#[test]
fn layers_of_the_last_bar() {
    let p = series();
    let recipe = recipe(TrendPreset::Reference, p.len());
    let table: Table<f64> = atc::classify(&[&p, &p], &recipe, 1);
    let weights = [
        2.074_429, 15.523_070, 2.857_025, 6.063_663, 13.577_037, 1.731_507,
    ];
    let signals = [-1.0, 1.0, -1.0, -0.69, 0.72, -1.0];
    for k in 0..6 {
        assert_near(
            &format!("layer 2 of {k}"),
            table.weights[k][0],
            weights[k],
            5.1e-7,
        );
        assert_eq!(table.signals[k][0], signals[k], "layer 1 of {k}");
    }
}

#[test]
fn single_precision_rounds_results_only() {
    let p: Vec<f32> = series().iter().map(|price| *price as f32).collect();
    let recipe = recipe(TrendPreset::Reference, p.len());
    let single: Table<f32> = atc::classify(&[&p], &recipe, usize::MAX);
    let double: Table<f64> = atc::classify(&[&p], &recipe, usize::MAX);
    for t in 0..p.len() {
        assert_eq!(single.average[t], double.average[t] as f32);
        assert_eq!(single.class[t], double.class[t]);
        for k in 0..6 {
            assert_eq!(single.signals[k][t], double.signals[k][t] as f32);
            assert_eq!(single.weights[k][t], double.weights[k][t] as f32);
        }
    }
    // Prices in float32 move an equity by their own rounding.
    assert_near("average", double.average[399], 0.391_460, 1e-4);
}

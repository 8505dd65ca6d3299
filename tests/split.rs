//! Cuts by share and by date.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use emberline::market::{
    MarketError,
    split::{Cuts, SplitConfig, cuts},
};
use proptest::prelude::*;

const DAY: i64 = 86_400_000_000_000;
/// 2024-01-01.
const START: i64 = 19_723 * DAY;

/// One window a day for a hundred days, in no order, twice.
fn days() -> Vec<i64> {
    (0..200).map(|i| START + (i * 37 % 100) * DAY).collect()
}

fn config(train_end: Option<&str>, validation_end: Option<&str>) -> SplitConfig {
    SplitConfig {
        train_end: train_end.map(str::to_owned),
        validation_end: validation_end.map(str::to_owned),
        ..SplitConfig::default()
    }
}

fn key(result: Result<Cuts, MarketError>) -> (String, String) {
    match result.unwrap_err() {
        MarketError::Setting { key, value, .. } => (key.to_owned(), value),
        other => panic!("{other:?}"),
    }
}

#[test]
fn shares_are_met() {
    let cuts = cuts(&mut days(), &SplitConfig::default()).unwrap();
    assert_eq!(cuts.train_end_ns, START + 70 * DAY);
    assert_eq!(cuts.validation_end_ns, START + 85 * DAY);
}

#[test]
fn a_date_includes_its_day_and_a_time_its_bar() {
    let both = config(Some("2024-02-01"), Some("2024-03-01"));
    let cut = cuts(&mut days(), &both).unwrap();
    // 2024-02-02 and 2024-03-02.
    assert_eq!(cut.train_end_ns, START + 32 * DAY);
    assert_eq!(cut.validation_end_ns, START + 61 * DAY);
    for text in [
        "2024-02-01T00:00",
        "2024-02-01 00:00:00",
        "2024-02-01T01:00:00+01:00",
    ] {
        let cut = cuts(&mut days(), &config(Some(text), None)).unwrap();
        assert_eq!(cut.train_end_ns, START + 31 * DAY + 1, "{text}");
    }
}

#[test]
fn one_date_leaves_the_other_cut_to_the_shares() {
    // 60 of 100 days train; the other 40 are halved, as 0.15 to 0.15.
    let cut = cuts(&mut days(), &config(Some("2024-02-29"), None)).unwrap();
    assert_eq!(cut.train_end_ns, START + 60 * DAY);
    assert_eq!(cut.validation_end_ns, START + 80 * DAY);
    // 85 of 100 days are seen: 0.70 to 0.15 of them.
    let cut = cuts(&mut days(), &config(None, Some("2024-03-25"))).unwrap();
    assert_eq!(cut.validation_end_ns, START + 85 * DAY);
    assert_eq!(cut.train_end_ns, START + 70 * DAY);
}

#[test]
fn everything_may_train() {
    let config = SplitConfig {
        train: 1.0,
        validation: 0.0,
        test: 0.0,
        ..SplitConfig::default()
    };
    let cut = cuts(&mut days(), &config).unwrap();
    assert_eq!(cut.train_end_ns, START + 99 * DAY + 1);
    assert_eq!(cut.validation_end_ns, cut.train_end_ns);
}

#[test]
fn nonsense_is_refused_with_key_and_value() {
    let shares = |train, validation, test| SplitConfig {
        train,
        validation,
        test,
        ..SplitConfig::default()
    };
    for (config, wanted) in [
        (shares(1.2, -0.1, -0.1), ("splits.train", "1.2")),
        (shares(0.7, f64::NAN, 0.3), ("splits.validation", "NaN")),
        (
            shares(0.7, 0.2, 0.2),
            (
                "splits.train + splits.validation + splits.test",
                "1.0999999999999999",
            ),
        ),
        (shares(0.0, 0.5, 0.5), ("splits.train", "0")),
        (
            config(Some("last week"), None),
            ("splits.train_end", "last week"),
        ),
        (
            config(None, Some("2024-13-01")),
            ("splits.validation_end", "2024-13-01"),
        ),
        (
            config(Some("2023-12-31"), None),
            ("splits.train_end", "2023-12-31"),
        ),
        (
            config(Some("2024-03-01"), Some("2024-02-01")),
            ("splits.validation_end", "2024-02-01"),
        ),
    ] {
        let (key, value) = key(cuts(&mut days(), &config));
        assert_eq!((key.as_str(), value.as_str()), wanted);
    }
    assert_eq!(
        key(cuts(&mut Vec::new(), &SplitConfig::default())).0,
        "splits.train"
    );
}

#[test]
fn the_section_reads_as_written() {
    let text = "train = 0.6\nvalidation = 0.2\ntest = 0.2\ntrain_end = \"2024-02-01\"\n";
    let config: SplitConfig = toml::from_str(text).unwrap();
    assert_eq!(toml::to_string(&config).unwrap(), text);
    assert!(toml::from_str::<SplitConfig>("tran = 0.6").is_err());
}

proptest! {
    #[test]
    fn shares_are_met_to_within_half_a_tie(
        mut times in prop::collection::vec(0_i64..60, 1..300),
        train in 0.05_f64..0.9,
    ) {
        let validation = (1.0 - train) / 2.0;
        let config = SplitConfig { train, validation, test: validation, ..SplitConfig::default() };
        let mut sorted = times.clone();
        sorted.sort_unstable();
        let ties = |at: i64| sorted.iter().filter(|&&t| t == at).count() as f64;
        let most = sorted.iter().map(|&t| ties(t)).fold(0.0, f64::max);
        let all = sorted.len() as f64;
        match cuts(&mut times, &config) {
            Ok(cut) => {
                let before = |end: i64| sorted.iter().filter(|&&t| t < end).count() as f64;
                prop_assert!((before(cut.train_end_ns) - train * all).abs() <= most / 2.0 + 0.5);
                let seen = (train + validation) * all;
                prop_assert!((before(cut.validation_end_ns) - seen).abs() <= most / 2.0 + 0.5);
                prop_assert!(cut.train_end_ns <= cut.validation_end_ns);
            }
            // Nothing to train on: the first instant is more than twice the share.
            Err(_) => prop_assert!(ties(sorted[0]) >= 2.0 * (train * all - 0.5)),
        }
    }
}

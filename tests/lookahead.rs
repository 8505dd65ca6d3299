//! No look-ahead: scrambling every bar after t changes nothing at or before t, for any indicator or
//! model input.

use std::collections::BTreeSet;

use emberline::market::Series;

use crate::indicators::{every_column, every_input, hourly, inputs, raw, set, walk};

const NUM_BARS: usize = 700;

/// The bars up to `last` as they are, and others after it, at another level and volume.
fn scrambled(series: &Series, last: usize) -> Series {
    let other = walk("A", 999, NUM_BARS, f64::from(series.close[last]) * 1.7);
    let mut scrambled = series.clone();
    let columns = [
        (&mut scrambled.open, &other.open),
        (&mut scrambled.high, &other.high),
        (&mut scrambled.low, &other.low),
        (&mut scrambled.close, &other.close),
        (&mut scrambled.volume, &other.volume),
    ];
    for (ours, others) in columns {
        ours[last + 1..].copy_from_slice(&others[last + 1..]);
    }
    scrambled.segment = (0..NUM_BARS).map(|row| u32::from(row > last + 9)).collect();
    scrambled.filled = (0..NUM_BARS)
        .map(|row| row > last && row % 3 == 0)
        .collect();
    scrambled
}

#[test]
fn no_indicator_looks_ahead() {
    let series = walk("A", 31, NUM_BARS, 4.0);
    let bars = hourly(vec![series.clone()]);
    let raw_set = set(&every_column().join(","), &bars);
    let input_set = every_input(&bars);
    let (raw_before, inputs_before) = (raw(&raw_set, &bars), inputs(&input_set, &bars));
    let mut seen = BTreeSet::new();
    for last in [0, 1, 57, 301, 640] {
        let scrambled = hourly(vec![scrambled(&series, last)]);
        let after = [raw(&raw_set, &scrambled), inputs(&input_set, &scrambled)];
        let cases = [
            (&raw_set, &raw_before, &after[0]),
            (&input_set, &inputs_before, &after[1]),
        ];
        for (is_raw, (set, before, after)) in [true, false].into_iter().zip(cases) {
            for (column, name) in set.names().iter().enumerate() {
                let (before, after) = (&before[0][column], &after[0][column]);
                for row in 0..=last {
                    let (a, b) = (before[row], after[row]);
                    assert_eq!(
                        a.to_bits(),
                        b.to_bits(),
                        "{name} in row {row} read a bar after {last}: {a}, {b}"
                    );
                }
                let differs = |row: usize| before[row].to_bits() != after[row].to_bits();
                // A new segment shows in every model input: only raw columns count.
                if is_raw && (last + 1..NUM_BARS).any(differs) {
                    seen.insert(name.clone());
                }
            }
        }
    }
    // The scramble is seen by every column but the clock's, the distance of the close to itself and
    // what a sample of one bar is.
    let blind: Vec<String> = raw_set
        .names()
        .into_iter()
        .filter(|name| !seen.contains(name))
        .collect();
    let expected = [
        "EMA_DISTANCE_1",
        "VAR_1_1",
        "CORREL_1",
        "TIME_SIN",
        "TIME_COS",
        "WEEKDAY_SIN",
        "WEEKDAY_COS",
    ];
    assert_eq!(blind, expected);
}

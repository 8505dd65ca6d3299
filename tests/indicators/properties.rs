//! What holds for every indicator, whatever it measures.

use emberline::features::{Memory, Scaling, Unit, catalogue};
use emberline::market::{Bars, Series};

use super::{HOUR, MONDAY, every_column, every_input, hourly, inputs, raw, set, walk};

fn everything(bars: &Bars) -> emberline::features::FeatureSet {
    set(&every_column().join(","), bars)
}

/// float32 rounding of scaled prices: a few units in the last place of a price, seen through
/// differences that are a thousandth of it.
const ROUNDING: f32 = 1e-4;

fn typical(values: &[f32]) -> f32 {
    let finite: Vec<f32> = values.iter().copied().filter(|v| v.is_finite()).collect();
    finite.iter().map(|v| v.abs()).sum::<f32>() / finite.len().max(1) as f32
}

#[test]
fn declared_warmup_is_what_is_undefined() {
    let bars = hourly(vec![walk("A", 11, 400, 5.0)]);
    let set = everything(&bars);
    for (column, values) in set.columns().iter().zip(&raw(&set, &bars)[0]) {
        let undefined = values.iter().take_while(|v| v.is_nan()).count();
        // Volume-weighted prices wait for an anchor and for volume, again and again, as does what
        // is measured in the volume before.
        let title = column.indicator().title();
        if ["VWAP", "VWMA", "RVOL"]
            .iter()
            .any(|waits| title.contains(waits))
        {
            continue;
        }
        assert_eq!(undefined, column.warmup_bars(), "{}", column.name());
        let rest = &values[undefined..];
        assert!(rest.iter().all(|v| v.is_finite()), "{}", column.name());
    }
}

#[test]
fn another_currency_changes_only_prices() {
    let bars = hourly(vec![walk("A", 12, 400, 1.0)]);
    let set = everything(&bars);
    let plain = raw(&set, &bars);
    // About 1e-6 and 1e6, as powers of two: other factors round prices anew, and the place of a close
    // within one bar's small range turns that into far more.
    for factor in [2_f32.powi(-20), 2_f32.powi(20)] {
        let mut dear = bars.clone();
        let series = &mut dear.series[0];
        for values in [
            &mut series.open,
            &mut series.high,
            &mut series.low,
            &mut series.close,
        ] {
            for value in values {
                *value *= factor;
            }
        }
        let scaled = raw(&set, &dear);
        for ((column, plain), scaled) in set.columns().iter().zip(&plain[0]).zip(&scaled[0]) {
            let indicator = column.indicator();
            let expected = match (indicator.scaling, indicator.outputs[column.output()].unit) {
                (Scaling::Nonlinear, _) => continue,
                // A side or a trend beside a price.
                (Scaling::Free, _) | (_, Unit::Bounded | Unit::Flag) => 1.0,
                (Scaling::WithPrice, _) => factor,
                (Scaling::WithSquare, _) => factor * factor,
            };
            let typical = typical(plain);
            for (row, (plain, scaled)) in plain.iter().zip(scaled).enumerate() {
                let back = scaled / expected;
                let place = format!(
                    "{} in row {row} times {factor}: {plain}, {back}",
                    column.name()
                );
                assert_eq!(plain.is_nan(), back.is_nan(), "{place}");
                let error = (plain - back).abs();
                assert!(
                    plain.is_nan() || error <= ROUNDING * plain.abs().max(typical),
                    "{place}"
                );
            }
        }
    }
}

#[test]
fn neighbours_and_padding_change_nothing() {
    let alone = hourly(vec![walk("B", 13, 260, 2.0)]);
    let together = hourly(vec![
        walk("A", 14, 400, 9e5),
        walk("B", 13, 260, 2.0),
        walk("C", 15, 20, 1.0),
    ]);
    let set = everything(&alone);
    let (alone, together) = (raw(&set, &alone), raw(&set, &together));
    for (column, name) in set.names().iter().enumerate() {
        for (row, (a, b)) in alone[0][column]
            .iter()
            .zip(&together[1][column])
            .enumerate()
        {
            assert_eq!(a.to_bits(), b.to_bits(), "{name} in row {row}: {a}, {b}");
        }
    }
}

#[test]
fn a_segment_starts_afresh() {
    let whole = walk("A", 16, 500, 2.0);
    let mut cut = whole.clone();
    cut.segment = (0..500).map(|row| u32::from(row >= 230)).collect();
    let tail = |values: &[f32]| values[230..].to_vec();
    let rest = Series {
        symbol: "A".to_owned(),
        time: whole.time[230..].to_vec(),
        open: tail(&whole.open),
        high: tail(&whole.high),
        low: tail(&whole.low),
        close: tail(&whole.close),
        volume: tail(&whole.volume),
        ..Series::default()
    };
    let (cut, rest) = (hourly(vec![cut]), hourly(vec![rest]));
    let set = everything(&rest);
    let (cut, rest) = (raw(&set, &cut), raw(&set, &rest));
    for (column, values) in set.columns().iter().zip(cut[0].iter().zip(&rest[0])) {
        let typical = typical(values.1);
        for (row, (a, b)) in values.0[230..].iter().zip(values.1).enumerate() {
            let place = format!("{} {row} bars into the segment: {a}, {b}", column.name());
            assert_eq!(a.is_nan(), b.is_nan(), "{place}");
            // Windows are merged from other stretches: other rounding, the same value.
            assert!(
                a.is_nan() || (a - b).abs() <= 1e-5 * b.abs().max(typical),
                "{place}"
            );
        }
    }
}

#[test]
fn the_last_memory_bars_are_enough() {
    const SPEC: f32 = 2e-3;
    let bars = hourly(vec![walk("A", 17, 3_000, 2.0)]);
    let set = every_input(&bars);
    let whole = inputs(&set, &bars);
    let mut tested = 0;
    for (index, column) in set.columns().iter().enumerate() {
        let memory = column.input_memory().bars().unwrap();
        for last in [2_999, 2_640, 2_111] {
            let mut short = bars.clone();
            let first = last + 1 - memory;
            let series = &mut short.series[0];
            for values in [
                &mut series.open,
                &mut series.high,
                &mut series.low,
                &mut series.close,
                &mut series.volume,
            ] {
                *values = values[first..=last].to_vec();
            }
            series.time = series.time[first..=last].to_vec();
            // The last of `memory` bars has memory - 1 before it, so the raw value is asked for.
            let one = set.without(&others(&set.names(), index));
            let raw_whole = &raw(&one, &bars)[0][0];
            let raw_short = *raw(&one, &short)[0][0].last().unwrap();
            let finite = raw_whole.iter().copied().filter(|v| v.is_finite());
            let range = finite.clone().fold(f32::MIN, f32::max) - finite.fold(f32::MAX, f32::min);
            if matches!(column.transform().to_string().as_str(), t if t.starts_with("flow")) {
                continue;
            }
            let (a, b) = (raw_whole[last], raw_short);
            let tolerance = if matches!(column.memory(), Memory::Infinite(_)) {
                SPEC
            } else {
                1e-5
            };
            let error = (a - b).abs();
            let place = format!(
                "{}: {a} from all bars, {b} from the last {memory}",
                column.name()
            );
            assert_eq!(a.is_nan(), b.is_nan(), "{place}");
            assert!(
                a.is_nan() || error <= tolerance * range.max(a.abs()),
                "{place}"
            );
            tested += 1;
        }
        // As a model input it is defined from then on.
        let first = whole[0][index].iter().position(|v| !v.is_nan());
        assert_eq!(first, Some(memory), "{}", column.name());
    }
    assert!(tested > 100, "{tested} comparisons");
}

fn others(names: &[String], index: usize) -> Vec<String> {
    names
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != index)
        .map(|(_, name)| name.clone())
        .collect()
}

/// Bars of one price.
fn flat(num_bars: usize, volume: f32) -> Series {
    Series {
        symbol: "FLAT".to_owned(),
        time: (0..num_bars).map(|t| MONDAY + t as i64 * HOUR).collect(),
        open: vec![3.7; num_bars],
        high: vec![3.7; num_bars],
        low: vec![3.7; num_bars],
        close: vec![3.7; num_bars],
        volume: vec![volume; num_bars],
        ..Series::default()
    }
}

#[test]
fn degenerate_bars_give_the_documented_values() {
    let moving = walk("M", 18, 300, 1.0);
    for (volume, num_bars) in [(5.0, 300), (0.0, 300)] {
        let bars = hourly(vec![flat(num_bars, volume), moving.clone()]);
        let set = everything(&bars);
        let values = raw(&set, &bars);
        for (column, values) in set.columns().iter().zip(&values[0]) {
            let name = column.name();
            let last = *values.last().unwrap();
            assert!(values.iter().all(|v| !v.is_infinite()), "{name}");
            // TA-Lib's own values on flat bars are in the golden tables.
            let held_by_talib = column.indicator().source.contains("TA-Lib");
            let expected = match column.indicator().title().as_str() {
                "SMA" | "EMA" | "EMA.adjusted" | "BBANDS" => 3.7,
                "RSI.cutler" => 50.0,
                "VOLUME" | "OBV" => volume,
                title if title.contains("VWAP") && !held_by_talib => {
                    if volume > 0.0 {
                        3.7
                    } else {
                        f32::NAN
                    }
                }
                "TIME_SIN" | "TIME_COS" | "WEEKDAY_SIN" | "WEEKDAY_COS" => last,
                _ if held_by_talib => last,
                // Moves, ranges, deviations, and Wilder's index, which TA-Lib has at 0.
                _ => 0.0,
            };
            assert_eq!(
                last.to_bits(),
                expected.to_bits(),
                "{name}: {last}, not {expected}"
            );
        }
    }
    assert_eq!(
        catalogue()
            .filter(|indicator| indicator.degenerate.is_empty())
            .count(),
        0
    );
}

#[test]
fn one_bar_and_two_bars_are_no_trouble() {
    for num_bars in [1, 2] {
        let bars = hourly(vec![walk("A", 19, num_bars, 1.0), walk("B", 20, 300, 1.0)]);
        let set = everything(&bars);
        for (column, values) in set.columns().iter().zip(&raw(&set, &bars)[0]) {
            for (row, value) in values.iter().enumerate() {
                let name = column.name();
                assert!(!value.is_infinite(), "{name}");
                assert!(
                    row >= column.warmup_bars() || value.is_nan(),
                    "{name} in row {row}: {value}"
                );
            }
        }
    }
}

#[test]
fn a_long_standstill_keeps_the_index() {
    // Beyond float32's least number both averages are 0; TA-Lib's index stays where it was.
    let mut series = walk("A", 21, 4_000, 1.0);
    let still = series.close[300];
    for row in 301..3_990 {
        for values in [
            &mut series.open,
            &mut series.high,
            &mut series.low,
            &mut series.close,
        ] {
            values[row] = still;
        }
    }
    let bars = hourly(vec![series]);
    let values = raw(&set("RSI_14", &bars), &bars).remove(0).remove(0);
    assert!(values[300] > 1.0 && values[300] < 99.0, "{}", values[300]);
    for row in [301, 900, 2_000, 3_989] {
        assert!(
            (values[row] - values[300]).abs() < 1e-3,
            "row {row}: {}, {}",
            values[row],
            values[300]
        );
    }
    assert!(values[3_990..].iter().all(|v| v.is_finite()));
}

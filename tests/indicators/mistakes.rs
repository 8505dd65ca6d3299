//! The original system's mistakes, each with a test that would have shown it: those that concern
//! indicators that exist.

use emberline::market::Series;

use super::{HOUR, hourly, inputs, raw, set, walk};

fn typical(series: &Series, row: usize) -> f64 {
    (f64::from(series.high[row]) + f64::from(series.low[row]) + f64::from(series.close[row])) / 3.0
}

#[test]
fn the_anchor_bar_counts() {
    let series = walk("A", 41, 100, 3.0);
    let bars = hourly(vec![series.clone()]);
    let daily = &raw(&set("AVWAP_DAILY", &bars), &bars)[0][0];
    // MONDAY is a midnight: rows 24, 48, .. are anchors, and alone in their sums.
    for anchor in [24, 48, 72] {
        let row = (anchor..anchor + 24)
            .find(|&row| series.volume[row] > 0.0)
            .unwrap();
        let expected = typical(&series, row);
        assert!(
            (f64::from(daily[row]) / expected - 1.0).abs() < 1e-6,
            "row {row}"
        );
    }
}

#[test]
fn a_session_is_not_every_390th_row() {
    // A session that is 5 bars short, then a whole one: its anchor is its own first bar.
    let mut series = walk("A", 42, 60, 3.0);
    series.volume.iter_mut().for_each(|volume| *volume = 1.0);
    for (row, time) in series.time.iter_mut().enumerate() {
        *time += if row >= 19 { 5 * HOUR } else { 0 };
    }
    let bars = hourly(vec![series.clone()]);
    let session = &raw(&set("AVWAP_SESSION", &bars), &bars)[0][0];
    for (row, expected) in [(19, 19), (43, 43)] {
        let own = typical(&series, expected);
        assert!(
            (f64::from(session[row]) / own - 1.0).abs() < 1e-6,
            "row {row}"
        );
    }
    let two = f64::midpoint(typical(&series, 19), typical(&series, 20));
    assert!((f64::from(session[20]) / two - 1.0).abs() < 1e-6);
}

#[test]
fn undefined_is_never_zero() {
    let bars = hourly(vec![walk("A", 43, 400, 3.0)]);
    let set = set("base", &bars);
    let memory = set.memory_bars();
    assert!(memory > 400, "base looks back {memory} bars");
    for (column, (raw, input)) in set
        .columns()
        .iter()
        .zip(raw(&set, &bars)[0].iter().zip(&inputs(&set, &bars)[0]))
    {
        let own = column.input_memory().bars().unwrap().min(400);
        assert!(
            raw[..column.warmup_bars()].iter().all(|v| v.is_nan()),
            "{}",
            column.name()
        );
        assert!(input[..own].iter().all(|v| v.is_nan()), "{}", column.name());
        assert!(
            input[own..].iter().all(|v| v.is_finite()),
            "{}",
            column.name()
        );
    }
}

#[test]
fn nothing_is_scored_against_the_whole_series() {
    // Model inputs of a bar are the same whether ten or a thousand bars follow.
    let long = walk("A", 44, 1_500, 3.0);
    let mut short = long.clone();
    for values in [
        &mut short.open,
        &mut short.high,
        &mut short.low,
        &mut short.close,
        &mut short.volume,
    ] {
        values.truncate(1_400);
    }
    short.time.truncate(1_400);
    let (long, short) = (hourly(vec![long]), hourly(vec![short]));
    let set = set("base", &short);
    let (long, short) = (inputs(&set, &long), inputs(&set, &short));
    for column in 0..set.len() {
        for row in 0..1_400 {
            assert_eq!(
                long[0][column][row].to_bits(),
                short[0][column][row].to_bits()
            );
        }
    }
}

#[test]
fn the_last_bar_does_not_wrap_into_the_first() {
    // Whatever looks one bar back has nothing before bar 0, not the last bar.
    let mut series = walk("A", 45, 120, 3.0);
    let bars = hourly(vec![series.clone()]);
    let names = "TRANGE,MOM_1,LOG_RETURN_1,ATR_2,RSI_2,OBV,REALISED_VOLATILITY_1";
    let set = set(names, &bars);
    let before = raw(&set, &bars);
    for values in [
        &mut series.open,
        &mut series.high,
        &mut series.low,
        &mut series.close,
    ] {
        *values.last_mut().unwrap() *= 1_000.0;
    }
    let after = raw(&set, &hourly(vec![series]));
    for column in 0..set.len() {
        for row in 0..119 {
            assert_eq!(
                before[0][column][row].to_bits(),
                after[0][column][row].to_bits()
            );
        }
    }
    assert!(before[0][0][0].is_nan() && before[0][1][0].is_nan() && before[0][2][0].is_nan());
}

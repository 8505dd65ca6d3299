//! The original system's mistakes, each with a test that would have shown it: those that concern
//! indicators that exist.

use emberline::market::Series;

use super::{HOUR, by_tensors, hourly, inputs, raw, set, walk};

/// The bar of the greatest `value` among `rows`, the earliest of equals.
fn greatest(rows: std::ops::RangeInclusive<usize>, value: impl Fn(usize) -> f32) -> usize {
    rows.fold(None, |best, row| match best {
        Some(best) if value(row) <= value(best) => Some(best),
        _ => Some(row),
    })
    .unwrap()
}

/// Volume-weighted mean of the typical price; NaN without volume.
fn mean_since(series: &Series, anchor: usize, row: usize) -> f64 {
    let sum = |of: &dyn Fn(usize) -> f64| -> f64 { (anchor..=row).map(of).sum() };
    let volume = |row: usize| f64::from(series.volume[row]);
    sum(&|row| volume(row) * typical(series, row)) / sum(&volume)
}

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

/// An anchored column of hourly bars, and for each row from the second day on its day's first row.
fn column_and_days(series: &Series, name: &str) -> (Vec<f32>, Vec<(usize, usize)>) {
    let bars = hourly(vec![series.clone()]);
    let column = raw(&set(name, &bars), &bars).remove(0).remove(0);
    // MONDAY is a midnight: days are 24 rows.
    let days = (24..series.len()).map(|row| (row, row / 24 * 24)).collect();
    (column, days)
}

#[test]
fn an_anchor_is_no_extreme_to_come() {
    let series = walk("A", 46, 480, 3.0);
    let of: [(&str, &dyn Fn(usize) -> f32); 3] = [
        ("AVWAP_HIGH", &|row| series.high[row]),
        ("AVWAP_LOW", &|row| -series.low[row]),
        ("AVWAP_HVOL", &|row| series.volume[row]),
    ];
    for (name, value) in of {
        let (column, days) = column_and_days(&series, name);
        let mut moved_later = 0;
        for (row, day) in days {
            let so_far = greatest(day..=row, value);
            let expected = mean_since(&series, so_far, row);
            let ours = f64::from(column[row]);
            assert!(
                (ours / expected - 1.0).abs() < 1e-6 || (ours.is_nan() && expected.is_nan()),
                "{name} in row {row}: {ours}, not {expected}"
            );
            // The original anchored all rows of a day, those before it too, on the day's extreme.
            let of_the_day = greatest(day..=day + 23, value);
            moved_later += usize::from(of_the_day > row);
        }
        assert!(moved_later > 100, "{name}: {moved_later} rows could tell");
    }
}

#[test]
fn the_bar_of_an_extreme_counts() {
    let series = walk("A", 47, 480, 3.0);
    let (column, days) = column_and_days(&series, "AVWAP_HIGH");
    let mut anchors = 0;
    for (row, day) in days {
        let is_anchor = greatest(day..=row, |row| series.high[row]) == row;
        if is_anchor && series.volume[row] > 0.0 {
            let own = typical(&series, row);
            assert!(
                (f64::from(column[row]) / own - 1.0).abs() < 1e-6,
                "row {row}"
            );
            anchors += 1;
        }
    }
    assert!(anchors > 40, "{anchors} anchors");
    // In the session before it counts too: without it the mean is another.
    let (column, days) = column_and_days(&series, "AVWAP_PREV_HVOL");
    let mut without = 0;
    for (row, day) in days {
        let anchor = greatest(day - 24..=day - 1, |row| series.volume[row]);
        let ours = f64::from(column[row]);
        let expected = mean_since(&series, anchor, row);
        assert!((ours / expected - 1.0).abs() < 1e-6, "row {row}");
        let dropped = mean_since(&series, anchor + 1, row);
        without += usize::from((ours / dropped - 1.0).abs() > 1e-5);
    }
    assert!(without > 400, "{without} rows could tell");
}

#[test]
fn the_previous_session_is_not_this_one() {
    let series = walk("A", 48, 480, 3.0);
    let (daily, _) = column_and_days(&series, "AVWAP_DAILY");
    let of: [(&str, &dyn Fn(usize) -> f32); 3] = [
        ("AVWAP_PREV_HIGH", &|row| series.high[row]),
        ("AVWAP_PREV_LOW", &|row| -series.low[row]),
        ("AVWAP_PREV_HVOL", &|row| series.volume[row]),
    ];
    for (name, value) in of {
        let (column, days) = column_and_days(&series, name);
        assert!(
            column[..24].iter().all(|v| v.is_nan()),
            "{name}: no day before"
        );
        let mut differs = 0;
        for (row, day) in days {
            let anchor = greatest(day - 24..=day - 1, value);
            let expected = mean_since(&series, anchor, row);
            let ours = f64::from(column[row]);
            assert!(
                (ours / expected - 1.0).abs() < 1e-6,
                "{name} in row {row}: {ours}, not {expected}"
            );
            differs += usize::from((ours / f64::from(daily[row]) - 1.0).abs() > 1e-5);
        }
        assert!(
            differs > 400,
            "{name}: {differs} rows differ from the day's"
        );
    }
}

#[test]
fn adx_does_not_wrap_the_last_bar_into_the_first() {
    // The original took the bar before the first to be the last. Whatever stands on the last bar,
    // directional movement begins with bar 1, and what is built on it with its own warm-up.
    let mut series = walk("A", 46, 120, 3.0);
    let names = "ADX,DX,ADXR,PLUS_DI,MINUS_DI,PLUS_DM_1,MINUS_DM_1,PLUS_DI_1,MINUS_DI_1,ADX_2,VORTEX_1_PLUSVI";
    let bars = hourly(vec![series.clone()]);
    let set = set(names, &bars);
    let before = [raw(&set, &bars), by_tensors(&set, &bars)];
    series.high[119] *= 1_000.0;
    series.low[119] /= 1_000.0;
    let bars = hourly(vec![series]);
    let after = [raw(&set, &bars), by_tensors(&set, &bars)];
    for (before, after) in before.iter().zip(&after) {
        for (column, name) in set.names().iter().enumerate() {
            let (before, after) = (&before[0][column], &after[0][column]);
            assert!(before[0].is_nan(), "{name}: {} at bar 0", before[0]);
            for row in 0..119 {
                assert_eq!(
                    before[row].to_bits(),
                    after[row].to_bits(),
                    "{name} in row {row}"
                );
            }
            assert_ne!(
                before[119].to_bits(),
                after[119].to_bits(),
                "{name} reads the last bar"
            );
        }
    }
}

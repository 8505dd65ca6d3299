//! From raw outputs to model inputs.

use emberline::features::{FeatureContext, FeatureSet, model_inputs_by_tensors};

use super::{block, by_series, hourly, inputs, raw, set, walk};

fn close_to(ours: f32, expected: f64, place: &str) {
    assert!(
        (f64::from(ours) - expected).abs() <= 1e-5 * expected.abs().max(1e-2),
        "{place}: {ours}, {expected}"
    );
}

#[test]
fn units_decide_and_the_formulas_hold() {
    let series = walk("A", 51, 400, 250.0);
    let bars = hourly(vec![series.clone()]);
    let set = set(
        "SMA_10,ATR_14,VOLUME,OBV,RSI_14,ROC_10,FILLED,RANGE_RATIO",
        &bars,
    );
    let transforms: Vec<String> = set
        .columns()
        .iter()
        .map(|c| c.transform().to_string())
        .collect();
    assert_eq!(
        transforms,
        [
            "relative_to_close",
            "share_of_close",
            "log_volume_20",
            "flow_20",
            "as_is",
            "as_is",
            "as_is",
            "as_is"
        ]
    );
    let (raw, input) = (&raw(&set, &bars)[0], &inputs(&set, &bars)[0]);
    for row in 150..400 {
        let close = f64::from(series.close[row]);
        close_to(input[0][row], f64::from(raw[0][row]) / close - 1.0, "SMA");
        close_to(input[1][row], f64::from(raw[1][row]) / close, "ATR");
        let window = |row: usize| row - 19..=row;
        let volume: f64 = window(row).map(|i| f64::from(series.volume[i])).sum();
        let own = f64::from(series.volume[row]);
        close_to(
            input[2][row],
            ((1.0 + own) / (1.0 + volume / 20.0)).ln(),
            "VOLUME",
        );
        let flow = f64::from(raw[3][row]) - f64::from(raw[3][row - 20]);
        close_to(input[3][row], flow / volume, "OBV");
        assert_eq!(input[4][row].to_bits(), raw[4][row].to_bits());
    }
}

#[test]
fn a_flow_does_not_lose_itself_in_a_long_sum() {
    // After a first bar of 1e9, float32's OBV no longer sees volumes of 1; its increments do.
    let mut series = walk("A", 52, 300, 1.0);
    series.volume = vec![1.0; 300];
    series.volume[0] = 1e9;
    let signs: Vec<f32> = series
        .close
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).signum())
        .collect();
    let signs: Vec<f32> = std::iter::once(0.0)
        .chain(
            signs
                .iter()
                .zip(series.close.windows(2))
                .map(|(sign, pair)| if pair[0] == pair[1] { 0.0 } else { *sign }),
        )
        .collect();
    let bars = hourly(vec![series]);
    let input = &inputs(&set("OBV", &bars), &bars)[0][0];
    for row in 21..300 {
        let expected: f32 = signs[row - 19..=row].iter().sum::<f32>() / 20.0;
        assert!(
            (input[row] - expected).abs() < 1e-6,
            "row {row}: {}, {expected}",
            input[row]
        );
    }
}

/// What is not cumulative is differenced itself, and what was multiplied by prices is a share of
/// them, whichever path computes it.
#[test]
fn signed_volumes_and_squares_become_shares() {
    let series = walk("A", 54, 400, 250.0);
    let bars = hourly(vec![series.clone()]);
    let set = set("AD,PVT,ADOSC,EFI,VAR", &bars);
    let transforms: Vec<String> = set
        .columns()
        .iter()
        .map(|column| column.transform().to_string())
        .collect();
    let expected = [
        "flow_20",
        "flow_20",
        "flow_20",
        "flow_share_20",
        "share_of_square",
    ];
    assert_eq!(transforms, expected);
    let raw = &raw(&set, &bars)[0];
    let tensors = by_series(model_inputs_by_tensors(&set, &block(&set, &bars)), &bars);
    for (path, input) in [
        ("machines", &inputs(&set, &bars)[0]),
        ("tensors", &tensors[0]),
    ] {
        for row in set.memory_bars()..400 {
            let close = f64::from(series.close[row]);
            let volume: f64 = (row - 19..=row)
                .map(|row| f64::from(series.volume[row]))
                .sum();
            let change =
                |column: usize| f64::from(raw[column][row]) - f64::from(raw[column][row - 20]);
            for (column, expected) in [
                (0, change(0) / volume),
                (1, change(1) / volume),
                (2, change(2) / volume),
                (3, change(3) / volume / close),
                (4, f64::from(raw[4][row]) / close / close),
            ] {
                let place = format!("{} by {path} in row {row}", set.names()[column]);
                close_to(input[column][row], expected, &place);
            }
        }
    }
    let memory = |column: usize| set.columns()[column].input_memory().bars().unwrap();
    // A cumulative one forgets all but its last 20 increments, another keeps its own memory too.
    assert_eq!((memory(0), memory(2)), (21, 45 + 20));
}

#[test]
fn without_volume_a_price_has_nothing_to_say() {
    let mut series = walk("A", 53, 300, 1.0);
    series.volume[24..].fill(0.0);
    let bars = hourly(vec![series]);
    let set = set(
        "AVWAP_DAILY,AVWAP_DAILY_U2,AVWAP_DAILY.rolling20_L1,OBV,VOLUME",
        &bars,
    );
    let raw = &raw(&set, &bars)[0];
    let input = &inputs(&set, &bars)[0];
    for row in 50..300 {
        assert!(raw[0][row].is_nan() && raw[1][row].is_nan() && raw[2][row].is_nan());
        for column in input {
            assert_eq!(column[row], 0.0, "row {row}");
        }
    }
}

#[test]
fn inputs_are_finite_from_their_memory_on() {
    let mut broken = walk("B", 55, 2_600, 1e-6);
    broken.segment = (0..2_600)
        .map(|row| u32::from(row >= 1_000) + u32::from(row >= 1_003))
        .collect();
    let bars = hourly(vec![
        walk("A", 54, 2_000, 1e5),
        broken,
        walk("C", 56, 30, 2.0),
    ]);
    let context = FeatureContext::from(&bars);
    let (set, _) = FeatureSet::for_model(
        "base,AVWAP_MONTHLY_L2,AVWAP_WEEKLY.rolling20_U3,OBV",
        &context,
    )
    .unwrap();
    let memory = set.memory_bars();
    let values = inputs(&set, &bars);
    let mut finite = 0;
    for (series, columns) in bars.series.iter().zip(&values) {
        for (column, values) in set.columns().iter().zip(columns) {
            let own = column.input_memory().bars().unwrap();
            for (row, value) in values.iter().enumerate() {
                let age = row - series.segment_start(row);
                assert_eq!(
                    value.is_finite(),
                    age >= own,
                    "{} in row {row}",
                    column.name()
                );
                finite += usize::from(age >= memory);
            }
        }
    }
    assert!(
        finite > 1_000,
        "{finite} values beyond a memory of {memory}"
    );
}

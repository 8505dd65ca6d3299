//! `bench indicators` on bars few enough that only its rows matter.

use serde_json::Value;

use super::Program;

#[test]
fn indicators_are_measured_one_by_one_and_as_sets() {
    let program = Program::new();
    let answer = program.succeed(&[
        "bench",
        "indicators",
        "--json",
        "--repeats",
        "1",
        "--functions",
        "RSI,MACD",
        "--panel",
        "3x200",
        "--panel",
        "1x400",
        "--set-panel",
        "2x300",
    ]);
    let document: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    assert_eq!(document["device"], "cpu");
    let rows = document["rows"].as_array().expect("rows");
    let what: Vec<&str> = rows.iter().filter_map(|row| row["what"].as_str()).collect();
    let each = ["copy of one column", "RSI", "MACD", "sum"];
    assert_eq!(what[..8], [each, each].concat());
    assert_eq!(what[8..], ["core111", "talib"]);
    let columns = |row: usize| rows[row]["columns"].as_u64();
    assert_eq!([1, 2, 3, 9].map(columns), [1, 3, 4, 4].map(Some));
    for row in rows {
        let number = |key: &str| row[key].as_f64().expect("a number");
        let points = number("symbols") * number("bars") * number("columns");
        let rate = points / number("seconds");
        assert!((number("points_per_s") / rate - 1.0).abs() < 1e-9, "{row}");
        assert!(row["talib_s"].is_null(), "no peer was asked for: {row}");
    }
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let program = Program::new();
    let unknown = program.run(&["bench", "indicators", "--functions", "RIS"]);
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert!(unknown.stderr.contains("`RIS`"), "{unknown:?}");
    let nothing = program.run(&["bench", "indicators", "--panel", "0x10"]);
    assert_eq!(nothing.code, Some(2), "{nothing:?}");
}

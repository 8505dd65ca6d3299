//! `score` against forecasts that `PyTorch` made from the exported model
//! (`tests/golden/torch_forecast/generate.py`; versions beside them).

use std::collections::BTreeMap;
use std::path::Path;

use super::Program;

#[test]
fn score_equals_pytorch_on_the_exported_model() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/torch_forecast");
    let path = |name: &str| golden.join(name).display().to_string();
    let program = Program::new();
    let scored = program
        .succeed(&[
            "score",
            "--checkpoint",
            &path("run/best"),
            "--data",
            &path("bars.csv"),
        ])
        .stdout;
    let (scored, expected) = (
        table(&scored),
        table(&std::fs::read_to_string(path("forecasts.csv")).expect("golden forecasts")),
    );
    assert!(expected.len() > 300, "{} golden forecasts", expected.len());
    assert_eq!(
        scored.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>()
    );
    let all = || expected.values().flatten().copied();
    let spread = all().fold(f64::MIN, f64::max) - all().fold(f64::MAX, f64::min);
    // Both compute in float32, each in its own order: 1e-5 of the forecasts' spread is about a
    // hundred roundings of a sum of sixteen steps. (The contract's 1e-5 is of log returns.)
    let tolerance = 1e-4 * spread;
    for (key, expected) in &expected {
        for (scored, expected) in scored[key].iter().zip(expected) {
            assert!(
                (scored - expected).abs() <= tolerance,
                "{key:?}: {scored} against {expected}"
            );
        }
    }
}

/// Forecasts by symbol and minute, one value a horizon.
fn table(text: &str) -> BTreeMap<(String, String), Vec<f64>> {
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let place = |name: &str| head.iter().position(|column| *column == name).expect(name);
    let (symbol, time) = (place("symbol"), place("timestamp"));
    let forecasts: Vec<usize> = (0..head.len())
        .filter(|column| head[*column].starts_with("forecast_"))
        .collect();
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let values = forecasts
                .iter()
                .map(|column| fields[*column].parse().expect("a number"));
            (
                (fields[symbol].to_owned(), fields[time][..16].to_owned()),
                values.collect(),
            )
        })
        .collect()
}

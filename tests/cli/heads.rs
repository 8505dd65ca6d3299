//! Quantiles, classes and attention from bars to forecasts and an export.

use std::collections::BTreeMap;

use emberline::checkpoint::Manifest;

use super::{Program, folder_of_bars, small};

/// A CSV by column.
fn columns(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines {
        for (name, field) in names.iter().zip(line.split(',')) {
            columns
                .entry((*name).to_owned())
                .or_default()
                .push(field.to_owned());
        }
    }
    columns
}

fn numbers(columns: &BTreeMap<String, Vec<String>>, name: &str) -> Vec<f64> {
    let column = columns.get(name).unwrap_or_else(|| panic!("no `{name}`"));
    let number = |field: &String| field.parse().expect("a number");
    column.iter().map(number).collect()
}

fn journey(run: &str, settings: &[&str]) -> (Program, BTreeMap<String, Vec<String>>) {
    let program = Program::new();
    folder_of_bars(&program, 300);
    let mut arguments = small(&["train", "--data", "bars", "--run-dir", run]);
    for setting in settings.iter().chain(&["training.epochs=2"]) {
        arguments.extend(["--set", setting]);
    }
    program.succeed(&arguments);
    let answer = program.succeed(&["resume", run, "--epochs", "3", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&answer.stdout).expect("JSON");
    assert_eq!(document["epoch"], 3);
    assert_eq!(document["bytes"]["step_down"], 0);
    let score = |more: &[&str]| {
        let mut arguments = vec!["score", "--checkpoint", run, "--data", "bars"];
        arguments.extend(more);
        program.succeed(&arguments).stdout
    };
    let whole = score(&[]);
    let small_batches = score(&["--batch-size", "7"]);
    assert!(whole == small_batches, "scores depend on the batch size");
    program.succeed(&["export", "--checkpoint", run, "--out", "exported"]);
    program.succeed(&["checkpoint", "show", run]);
    let columns = columns(&whole);
    (program, columns)
}

fn description(program: &Program) -> serde_json::Value {
    let text = std::fs::read_to_string(program.path("exported/model.json")).expect("model.json");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn quantiles_from_bars_to_forecasts() {
    let (program, columns) = journey(
        "quantiles",
        &[
            "training.loss=quantile",
            "model.quantiles=[0.05, 0.5, 0.95]",
            "model.attention_heads=4",
        ],
    );
    for horizon in [1, 3] {
        let [low, middle, high] =
            [5, 50, 95].map(|level| numbers(&columns, &format!("q{level}_{horizon}")));
        let forecast = numbers(&columns, &format!("forecast_{horizon}"));
        assert!(forecast.len() > 100, "{} rows", forecast.len());
        assert_eq!(forecast, middle);
        for ((low, middle), high) in low.iter().zip(&middle).zip(&high) {
            assert!(low < middle && middle < high, "{low} {middle} {high}");
            // Unscaled: log returns of bars that move by 0.2 %.
            assert!(high - low < 0.1, "{low} to {high}");
        }
    }
    let model = &description(&program)["model"];
    assert_eq!(model["attention_heads"], 4);
    assert_eq!(model["outputs"]["kind"], "quantiles");
    assert_eq!(
        model["outputs"]["levels"],
        serde_json::json!([0.05, 0.5, 0.95])
    );
}

#[test]
fn directions_from_bars_to_forecasts() {
    let (program, columns) = journey(
        "direction",
        &["training.loss=direction", "training.class_weights=balanced"],
    );
    for horizon in [1, 3] {
        let [down, flat, up] =
            ["down", "flat", "up"].map(|class| numbers(&columns, &format!("p_{class}_{horizon}")));
        let forecast = numbers(&columns, &format!("forecast_{horizon}"));
        assert!(forecast.len() > 100, "{} rows", forecast.len());
        for (row, forecast) in forecast.iter().enumerate() {
            let sum = down[row] + flat[row] + up[row];
            assert!((sum - 1.0).abs() < 1e-4, "{sum}");
            let edge = up[row] - down[row];
            assert!(edge.abs() < 1e-6 || (edge > 0.0) == (*forecast > 0.0));
            assert!(forecast.abs() < 0.1, "{forecast} is no log return");
        }
    }
    let model = &description(&program)["model"];
    assert_eq!(model["outputs"]["kind"], "classes");
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let program = Program::new();
    folder_of_bars(&program, 60);
    let refuse = |settings: &[&str], parts: &[&str]| {
        let mut arguments = small(&["train", "--data", "bars", "--dry-run"]);
        for setting in settings {
            arguments.extend(["--set", setting]);
        }
        program.refuse(&arguments, 2, parts);
    };
    refuse(&["model.quantiles=[0.1, 0.9]"], &["model.quantiles", "0.5"]);
    refuse(
        &["model.quantiles=[0.9, 0.5]"],
        &["model.quantiles", "rising"],
    );
    refuse(
        &["model.quantiles=[0.5, 1.5]"],
        &["model.quantiles", "below 1"],
    );
    refuse(
        &["model.attention_heads=3"],
        &["model.attention_heads", "model.hidden 8", "divides"],
    );
    refuse(&["training.loss=pinball"], &["training.loss", "quantile"]);
    refuse(
        &["training.class_weights=balanced"],
        &["training.class_weights", "training.loss = direction"],
    );
    refuse(
        &["training.loss=direction", "target.normalise=none"],
        &["target.normalise", "volatility"],
    );
    refuse(
        &["training.loss=direction", "model.flat_band=5"],
        &["model.flat_band", "target.clip"],
    );
}

/// A checkpoint that knows none of these keys, as earlier builds wrote it.
#[test]
fn a_checkpoint_without_the_keys_goes_on_and_scores() {
    let program = Program::new();
    folder_of_bars(&program, 300);
    let mut arguments = small(&["train", "--data", "bars", "--run-dir", "run"]);
    arguments.extend(["--set", "training.epochs=1"]);
    program.succeed(&arguments);
    let path = program.path("run/latest/manifest.json");
    let bytes = std::fs::read(&path).expect("a manifest");
    let mut manifest = Manifest::from_bytes(&bytes, &path).expect("a manifest");
    for (section, key) in [
        ("model", "attention_heads"),
        ("model", "quantiles"),
        ("model", "flat_band"),
        ("training", "class_weights"),
        ("training", "tensorboard"),
    ] {
        let section = manifest.configuration.get_mut(section);
        let section = section.and_then(toml::Value::as_table_mut);
        let removed = section.expect("a section").remove(key);
        assert!(removed.is_some(), "no `{key}` to take out");
    }
    let text = manifest.to_text(&path).expect("a manifest");
    std::fs::write(&path, text).expect("a manifest");
    program.succeed(&["score", "--checkpoint", "run", "--data", "bars"]);
    program.succeed(&["resume", "run", "--epochs", "2"]);
}

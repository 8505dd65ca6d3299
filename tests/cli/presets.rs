//! The presets, each run for a few steps.

use super::Program;

fn simulate(program: &Program, arguments: &[&str]) {
    let mut all = vec!["data", "simulate", "--out", "bars.parquet", "--seed", "5"];
    all.extend(arguments);
    program.succeed(&all);
}

fn train(program: &Program, preset: &str) {
    let answer = program.succeed(&[
        "train",
        "--config",
        preset,
        "--data",
        "bars.parquet",
        "--run-dir",
        "run",
        "--json",
        "--set",
        "training.epochs=1",
        "--set",
        "windows.stride=40",
    ]);
    let document: serde_json::Value =
        serde_json::from_str(&answer.stdout).expect("one JSON document");
    assert_eq!(document["end"], "finished");
    assert!(
        document["step"].as_u64().expect("steps") >= 1,
        "{document:#}"
    );
    assert!(
        document["validation"]["validation_loss"]
            .as_f64()
            .expect("a loss")
            > 0.0
    );
    program.succeed(&[
        "score",
        "--checkpoint",
        "run",
        "--data",
        "bars.parquet",
        "--last",
    ]);
}

#[test]
fn demo_trains_on_bars_like_the_sample() {
    let program = Program::new();
    simulate(&program, &["--symbols", "3", "--bars", "3000"]);
    train(&program, "demo");
}

#[test]
fn crypto_5m_trains() {
    let program = Program::new();
    simulate(
        &program,
        &["--symbols", "3", "--bars", "3000", "--missing", "0.01"],
    );
    train(&program, "crypto-5m");
}

#[test]
fn daily_equities_trains() {
    let program = Program::new();
    simulate(
        &program,
        &["--symbols", "5", "--bars", "2500", "--interval", "1d"],
    );
    train(&program, "daily-equities");
}

#[test]
fn without_arguments_the_demo_runs_on_the_sample() {
    let program = Program::new();
    let document: serde_json::Value =
        serde_json::from_str(&program.succeed(&["train", "--dry-run", "--json"]).stdout)
            .expect("JSON");
    assert_eq!(document["symbols"].as_array().map(Vec::len), Some(6));
    assert_eq!(document["window_bars"], 60);
    assert!(
        document["train"]["windows"].as_u64().expect("a count") > 10_000,
        "{document:#}"
    );
    // A run of it says where it is, goes on, and needs no path.
    let answer = program.succeed(&[
        "train",
        "--set",
        "windows.stride=200",
        "--set",
        "training.epochs=1",
        "--set",
        "model.hidden=8",
    ]);
    let line = answer
        .stderr
        .lines()
        .find(|line| line.starts_with("run: "))
        .expect("where the run is");
    let run = line.trim_start_matches("run: ");
    assert!(run.starts_with("checkpoints/2"), "{run}");
    program.succeed(&["resume", run, "--epochs", "2"]);
}

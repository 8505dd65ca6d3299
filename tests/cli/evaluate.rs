//! `evaluate`, `walk-forward` and `sweep` through the real binary.

use serde_json::Value;

use super::{Program, folder_of_bars, small};

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("one JSON document")
}

/// A run of one epoch in `run`.
fn trained(program: &Program) {
    folder_of_bars(program, 400);
    let mut arguments = small(&["train", "--data", "bars", "--run-dir", "run"]);
    arguments.extend(["--set", "training.epochs=1"]);
    program.succeed(&arguments);
}

#[test]
fn a_checkpoint_is_measured_beside_its_baselines_and_every_look_is_counted() {
    let program = Program::new();
    trained(&program);
    let text = program.succeed(&["evaluate", "--checkpoint", "run"]).stdout;
    for part in [
        "1 bars ahead",
        "3 bars ahead",
        "lstm",
        "minus last return",
        "ridge",
        "trees",
        "finds",
        "break-even",
        "95 % intervals",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    let answer = program.succeed(&[
        "evaluate",
        "--checkpoint",
        "run",
        "--json",
        "--importance",
        "1",
    ]);
    assert!(
        answer.stderr.contains("looked at 2 times"),
        "{}",
        answer.stderr
    );
    let document = json(&answer.stdout);
    assert_eq!(document["looks_at_test"], 2);
    assert_eq!(document["importance"].as_array().map(Vec::len), Some(3));
    let horizon = &document["evaluation"]["horizons"][0];
    let names: Vec<&str> = horizon["forecasters"]
        .as_array()
        .expect("forecasters")
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(
        names,
        ["lstm", "zero", "minus last return", "ridge", "trees"]
    );
    assert_eq!(
        std::fs::read_to_string(program.path("run/test_ledger.jsonl"))
            .expect("a ledger")
            .lines()
            .count(),
        2
    );
    // validation is not the test span
    program.succeed(&["evaluate", "--checkpoint", "run", "--split", "validation"]);
    assert_eq!(
        std::fs::read_to_string(program.path("run/test_ledger.jsonl"))
            .expect("a ledger")
            .lines()
            .count(),
        2
    );
}

#[test]
fn validation_is_scored_as_training_scored_it() {
    let program = Program::new();
    trained(&program);
    let answer = program.succeed(&[
        "evaluate",
        "--checkpoint",
        "run",
        "--split",
        "validation",
        "--json",
    ]);
    let document = json(&answer.stdout);
    let log = std::fs::read_to_string(program.path("run/log.jsonl")).expect("a log");
    let epoch: Value = log
        .lines()
        .map(json)
        .find(|line| line["kind"] == "epoch")
        .expect("an epoch");
    let losses: Vec<f64> = document["evaluation"]["horizons"]
        .as_array()
        .expect("horizons")
        .iter()
        .map(|horizon| {
            horizon["forecasters"][0]["scores"]["loss"]
                .as_f64()
                .expect("a loss")
        })
        .collect();
    let mean = losses.iter().sum::<f64>() / losses.len() as f64;
    let logged = epoch["validation"]["validation_loss"]
        .as_f64()
        .expect("a loss");
    assert!((mean - logged).abs() < 1e-9, "{mean} against {logged}");
}

#[test]
fn costs_can_be_changed_and_the_model_cannot() {
    let program = Program::new();
    trained(&program);
    let sharpe = |bps: &str| {
        let setting = format!("costs.bps={bps}");
        let answer = program.succeed(&[
            "evaluate",
            "--checkpoint",
            "run",
            "--json",
            "--set",
            &setting,
        ]);
        let levels = &json(&answer.stdout)["evaluation"]["horizons"][0]["forecasters"][2]["backtests"]
            [0]["levels"];
        let level = levels
            .as_array()
            .expect("levels")
            .iter()
            .find(|one| one["multiple"] == 1.0);
        level.expect("the costs themselves")["performance"]["total_return"]
            .as_f64()
            .expect("a return")
    };
    assert!(sharpe("0") > sharpe("20"));
    program.refuse(
        &["evaluate", "--checkpoint", "run", "--set", "model.hidden=9"],
        2,
        &["model.hidden=9", "trained already"],
    );
}

#[test]
fn bars_that_do_not_reach_the_test_span_are_refused_by_name() {
    let program = Program::new();
    trained(&program);
    program.refuse(
        &[
            "evaluate",
            "--checkpoint",
            "run",
            "--to",
            "2024-01-01T12:00:00Z",
        ],
        2,
        &["no test window in these bars", "--split"],
    );
}

#[test]
fn a_walk_prints_its_folds_runs_and_goes_on_where_it_ended() {
    let program = Program::new();
    folder_of_bars(&program, 600);
    let mut arguments = small(&[
        "walk-forward",
        "--data",
        "bars",
        "--folds",
        "2",
        "--seeds",
        "2",
    ]);
    arguments.extend(["--set", "training.epochs=1", "--run-dir", "walk"]);
    let mut dry = arguments.clone();
    dry.push("--dry-run");
    let plan = program.succeed(&dry).stdout;
    for part in ["fold 1 train", "fold 2 test", "purged"] {
        assert!(plan.contains(part), "no `{part}` in\n{plan}");
    }
    assert!(!program.path("walk").exists(), "a dry run writes nothing");
    let first = program.succeed(&arguments);
    assert!(
        first.stdout.contains("test windows of 2 folds, 2 seeds"),
        "{}",
        first.stdout
    );
    assert!(
        first.stderr.contains("4 of 4 runs done"),
        "{}",
        first.stderr
    );
    for run in ["fold-1/seed-0", "fold-2/seed-1"] {
        assert!(
            program
                .path("walk")
                .join(run)
                .join("best/manifest.json")
                .is_file()
        );
    }
    let document =
        json(&std::fs::read_to_string(program.path("walk/evaluation.json")).expect("a file"));
    assert_eq!(document["folds"].as_array().map(Vec::len), Some(2));
    // again: nothing is trained, the same numbers come out, and the look is counted
    let again = program.succeed(&arguments);
    assert_eq!(first.stdout, again.stdout);
    assert!(
        again.stderr.contains("looked at 2 times, with 4 models"),
        "{}",
        again.stderr
    );
    arguments.extend(["--set", "training.epochs=2"]);
    program.refuse(
        &arguments,
        2,
        &["another configuration", "training.epochs was 1, is 2"],
    );
    program.succeed(&["evaluate", "--checkpoint", "walk/fold-2/seed-0"]);
}

#[test]
fn a_sweep_chooses_on_validation_and_measures_the_best() {
    let program = Program::new();
    folder_of_bars(&program, 600);
    let mut arguments = small(&["sweep", "--data", "bars", "--folds", "1", "--seeds", "2"]);
    arguments.extend(["--set", "training.epochs=1", "--run-dir", "sweep"]);
    arguments.extend([
        "--grid",
        "model.hidden=4,8",
        "--grid",
        "target.horizons=[1],[1,3]",
    ]);
    let mut dry = arguments.clone();
    dry.push("--dry-run");
    let trials = program.succeed(&dry).stdout;
    assert_eq!(trials.lines().count(), 4, "{trials}");
    assert!(
        trials.contains("2: model.hidden=4 target.horizons=[1,3]"),
        "{trials}"
    );
    let answer = program.succeed(&arguments);
    for part in [
        "validation windows of 4 trials",
        "(best)",
        "deflated",
        "test windows of the best trial",
    ] {
        assert!(
            answer.stdout.contains(part),
            "no `{part}` in\n{}",
            answer.stdout
        );
    }
    let document =
        json(&std::fs::read_to_string(program.path("sweep/sweep.json")).expect("a file"));
    let trials = document["sweep"]["trials"]
        .as_array()
        .expect("trials")
        .clone();
    let best = document["sweep"]["best"].as_u64().expect("an index") as usize;
    let metric = |trial: &Value| trial["metric"].as_f64().expect("a metric");
    assert!(
        trials
            .iter()
            .all(|trial| metric(trial) >= metric(&trials[best])),
        "{trials:?}"
    );
    assert_eq!(document["sweep"]["test"]["trials"]["count"], 4);
    program.refuse(
        &["sweep", "--grid", "model.hiden=4,8"],
        2,
        &["no key `model.hiden`", "did you mean `model.hidden`?"],
    );
}

#[test]
fn a_report_is_one_file_that_loads_nothing() {
    let program = Program::new();
    trained(&program);
    program.succeed(&["evaluate", "--checkpoint", "run", "--report", "one.html"]);
    let mut arguments = small(&[
        "walk-forward",
        "--data",
        "bars",
        "--folds",
        "2",
        "--seeds",
        "2",
    ]);
    arguments.extend([
        "--set",
        "training.epochs=1",
        "--run-dir",
        "walk",
        "--report",
        "walk.html",
    ]);
    program.succeed(&arguments);
    for (file, parts) in [
        (
            "one.html",
            ["test span", "RSI_14", "Step ", "--checkpoint run"],
        ),
        (
            "walk.html",
            ["fold 2", "ridge", "Walk forward", "--folds 2"],
        ),
    ] {
        let html = std::fs::read_to_string(program.path(file)).expect("a report");
        for part in parts {
            assert!(html.contains(part), "no `{part}` in {file}");
        }
        let outside = html.replace("http://www.w3.org/", "");
        assert!(
            !outside.contains("http://") && !outside.contains("https://"),
            "{file}"
        );
        assert!(html.len() < 1_000_000, "{file} has {} bytes", html.len());
    }
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_anything_is_computed() {
    let program = Program::new();
    trained(&program);
    for report in ["nowhere/one.html", "run"] {
        program.refuse(
            &["evaluate", "--checkpoint", "run", "--report", report],
            2,
            &["cannot be written", "folder that exists"],
        );
        let mut arguments = small(&["walk-forward", "--data", "bars", "--run-dir", "walk"]);
        arguments.extend(["--report", report]);
        program.refuse(&arguments, 2, &["cannot be written"]);
    }
    assert!(!program.path("walk").exists());
    assert!(
        !program.path("run/test_ledger.jsonl").exists(),
        "nothing was looked at"
    );
}

#[test]
fn dry_runs_speak_json_and_a_span_without_windows_names_its_key() {
    let program = Program::new();
    folder_of_bars(&program, 600);
    let mut walk = small(&[
        "walk-forward",
        "--data",
        "bars",
        "--folds",
        "2",
        "--dry-run",
        "--json",
    ]);
    let document = json(&program.succeed(&walk).stdout);
    assert_eq!(document["folds"][1]["fold"], 2);
    assert!(document["folds"][0]["test"]["windows"].as_u64() > Some(0));
    let mut sweep = small(&["sweep", "--data", "bars", "--dry-run", "--json"]);
    sweep.extend(["--grid", "model.hidden=4,8"]);
    let document = json(&program.succeed(&sweep).stdout);
    assert_eq!(document["trials"][1][0], "model.hidden=8");
    walk.extend(["--set", "splits.test_end=2001-01-01"]);
    program.refuse(&walk, 2, &["`splits.test_end`", "no window ends by then"]);
}

#[test]
fn quantiles_and_directions_are_measured_with_their_calibration() {
    let program = Program::new();
    folder_of_bars(&program, 400);
    for (loss, key) in [("quantile", "quantiles"), ("direction", "directions")] {
        let setting = format!("training.loss={loss}");
        let mut arguments = small(&["train", "--data", "bars", "--run-dir", loss]);
        arguments.extend(["--set", "training.epochs=1", "--set", &setting]);
        program.succeed(&arguments);
        let answer = program.succeed(&[
            "evaluate",
            "--checkpoint",
            loss,
            "--split",
            "validation",
            "--json",
        ]);
        let document = json(&answer.stdout);
        let model = &document["evaluation"]["horizons"][1]["forecasters"][0];
        assert!(model.to_string().contains(key), "no {key} in {model}");
        if let Some(levels) = model["quantiles"]
            .as_array()
            .filter(|levels| !levels.is_empty())
        {
            // the loss of the head is the mean pinball of the very quantiles that are calibrated
            let pinball = |level: &Value| level["pinball"].as_f64().expect("a number");
            let mean = levels.iter().map(pinball).sum::<f64>() / levels.len() as f64;
            let loss = model["scores"]["loss"].as_f64().expect("a loss");
            assert!((mean - loss).abs() < 1e-5, "{mean} against {loss}");
        }
        let log = std::fs::read_to_string(program.path(loss).join("log.jsonl")).expect("a log");
        let epoch = log
            .lines()
            .map(json)
            .find(|line| line["kind"] == "epoch")
            .expect("an epoch");
        let logged = epoch["validation"]["validation_loss_3"]
            .as_f64()
            .expect("a loss");
        let measured = model["scores"]["loss"].as_f64().expect("a loss");
        assert!(
            (logged - measured).abs() < 1e-6,
            "{loss}: {logged} against {measured}"
        );
    }
}

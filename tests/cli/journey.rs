//! The main job: train, be stopped, resume, and end with the weights of a run that never stopped.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::{Answer, Program, folder_of_bars, small, weights};

/// Enough steps that a signal arrives half-way.
const LONG: [&str; 6] = [
    "--set",
    "training.epochs=12",
    "--set",
    "training.patience=100",
    "--set",
    "training.checkpoint_every=7",
];

fn train(run: &str) -> Vec<&str> {
    let mut arguments = small(&["train", "--data", "bars", "--run-dir", run]);
    arguments.extend(LONG);
    arguments
}

fn wait_for(path: &Path) {
    let start = Instant::now();
    while !path.exists() {
        assert!(
            start.elapsed() < Duration::from_mins(1),
            "{} never came",
            path.display()
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn signal(name: &str, id: u32) {
    let status = Command::new("kill")
        .args([name, &id.to_string()])
        .status()
        .expect("kill runs");
    assert!(status.success(), "no process {id} to signal");
}

#[test]
fn a_run_stopped_by_a_signal_goes_on_to_the_same_weights() {
    let program = Program::new();
    folder_of_bars(&program, 500);
    program.succeed(&train("whole"));
    for (name, code) in [("-TERM", 143), ("-INT", 130)] {
        let run = format!("stopped{name}");
        let child = program.start(&train(&run));
        wait_for(&program.path(&run).join("latest"));
        signal(name, child.id());
        let answer = Answer::from(child.wait_with_output().expect("it ends"));
        assert_eq!(answer.code, Some(code), "{answer:?}");
        assert!(
            answer.stderr.contains(&format!("emberline resume {run}")),
            "{answer:?}"
        );
        assert!(!program.path(&run).join("step-999999").exists());
        let whole = weights(&program.path("whole"), "latest");
        assert_ne!(
            weights(&program.path(&run), "latest"),
            whole,
            "it was stopped at its end"
        );
        let answer = program.succeed(&["resume", &run]);
        assert!(answer.stderr.contains("resuming"), "{answer:?}");
        assert_eq!(weights(&program.path(&run), "latest"), whole);
        assert_eq!(
            weights(&program.path(&run), "best"),
            weights(&program.path("whole"), "best")
        );
    }
}

#[test]
fn a_run_killed_again_and_again_ends_with_the_same_weights() {
    let program = Program::new();
    folder_of_bars(&program, 400);
    program.succeed(&train("whole"));
    let mut arguments = train("killed");
    let mut kills = 0;
    for round in 0..20 {
        let mut child = program.start(&arguments);
        wait_for(&program.path("killed/latest"));
        std::thread::sleep(Duration::from_millis(40 + 35 * round));
        let ended = child.try_wait().expect("a child").is_some();
        if !ended {
            child.kill().expect("SIGKILL");
            kills += 1;
        }
        let answer = Answer::from(child.wait_with_output().expect("it ends"));
        if answer.code == Some(0) {
            break;
        }
        assert!(answer.code.is_none() || !ended, "{answer:?}");
        arguments = vec!["resume", "killed"];
    }
    assert!(kills >= 2, "it was killed {kills} times only");
    program.succeed(&["resume", "killed"]);
    assert_eq!(
        weights(&program.path("killed"), "latest"),
        weights(&program.path("whole"), "latest")
    );
    let names: Vec<String> = std::fs::read_dir(program.path("killed"))
        .expect("a run folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name.starts_with(".tmp"))
        .collect();
    assert!(names.is_empty(), "left behind: {names:?}");
}

#[test]
fn more_epochs_are_a_changed_schedule_and_other_data_is_refused() {
    let program = Program::new();
    folder_of_bars(&program, 300);
    let mut arguments = small(&["train", "--data", "bars", "--run-dir", "run"]);
    arguments.extend(["--set", "training.epochs=1"]);
    program.succeed(&arguments);
    let answer = program.succeed(&["resume", "run", "--epochs", "2", "--json"]);
    assert!(answer.stderr.contains("schedule"), "{answer:?}");
    let document: serde_json::Value =
        serde_json::from_str(&answer.stdout).expect("one JSON document");
    assert_eq!(document["epoch"], 2);
    assert_eq!(document["end"], "finished");
    assert_eq!(document["bytes"]["step_down"], 0);

    // The same bars elsewhere are the same bars.
    std::fs::rename(program.path("bars"), program.path("moved")).expect("a folder");
    program.refuse(&["resume", "run"], 2, &["bars"]);
    program.succeed(&["resume", "run", "--data", "moved"]);
    // Other bars are not.
    program.write("moved/BBB.csv", &super::bars(300, 99));
    program.refuse(
        &["resume", "run", "--data", "moved"],
        2,
        &["`data`", "--allow-drift data"],
    );
    let answer = program.succeed(&[
        "resume",
        "run",
        "--data",
        "moved",
        "--epochs",
        "3",
        "--allow-drift",
        "data",
    ]);
    assert!(answer.stderr.contains("accepted: `data`"), "{answer:?}");
    program.refuse(
        &["resume", "run", "--data", "moved", "--seed", "3"],
        2,
        &["--seed"],
    );
}

#[test]
fn a_run_says_what_it_does_and_keeps_it() {
    let program = Program::new();
    folder_of_bars(&program, 300);
    let mut arguments = small(&["train", "--data", "bars", "--run-dir", "run"]);
    arguments.extend(["--set", "training.epochs=2"]);
    let answer = program.succeed(&arguments);
    for part in [
        "device: cpu",
        "bars: 3 symbols",
        "calendar",
        "features: 3",
        "windows: 16 bars",
        "memory on the device",
        "epoch 1/2",
        "epoch 2/2",
        "bytes: ",
        "inside the loop",
        "emberline score --checkpoint run",
        "emberline resume run",
    ] {
        assert!(
            answer.stderr.contains(part),
            "no `{part}` in\n{}",
            answer.stderr
        );
    }
    for part in [
        "validation of the best epoch",
        "model",
        "zero",
        "ridge",
        "ic_ts",
    ] {
        assert!(
            answer.stdout.contains(part),
            "no `{part}` in\n{}",
            answer.stdout
        );
    }
    assert!(
        !answer.stdout.contains("test"),
        "train shows no test metric:\n{}",
        answer.stdout
    );
    for file in [
        "config.toml",
        "log.jsonl",
        "loss.svg",
        "latest/manifest.json",
        "best/model.safetensors",
    ] {
        assert!(program.path("run").join(file).is_file(), "no {file}");
    }
    // The resolved configuration runs again, to the same weights.
    program.succeed(&["train", "--config", "run/config.toml", "--run-dir", "again"]);
    assert_eq!(
        weights(&program.path("run"), "latest"),
        weights(&program.path("again"), "latest")
    );
    // A second run in the same folder is refused and nothing is lost.
    let before = weights(&program.path("run"), "latest");
    program.refuse(&arguments, 2, &["run", "already holds a run", "resume"]);
    assert_eq!(weights(&program.path("run"), "latest"), before);
}

#[test]
fn a_dry_run_counts_windows_and_writes_nothing() {
    let program = Program::new();
    folder_of_bars(&program, 300);
    let mut arguments = small(&["train", "--data", "bars", "--dry-run"]);
    let answer = program.succeed(&arguments);
    for part in ["AAA", "train", "validation", "memory on the device"] {
        assert!(
            answer.stdout.contains(part),
            "no `{part}` in\n{}",
            answer.stdout
        );
    }
    assert!(
        !answer.stderr.contains("device: cpu"),
        "a dry run opens no device: {}",
        answer.stderr
    );
    arguments.push("--json");
    let document: serde_json::Value =
        serde_json::from_str(&program.succeed(&arguments).stdout).expect("one JSON document");
    let windows: u64 = ["train", "validation", "test"]
        .iter()
        .map(|split| document[split]["windows"].as_u64().expect("a count"))
        .sum();
    let purged: u64 = ["train", "validation"]
        .iter()
        .map(|split| document[split]["purged"].as_u64().expect("a count"))
        .sum();
    // Each symbol loses the memory, the window, and entry and exit behind its end.
    let memory = document["memory_bars"].as_u64().expect("bars");
    let history = (memory + 16).max(36);
    assert_eq!(
        windows + purged,
        3 * (300 - history + 1 - 4),
        "{document:#}"
    );
    assert!(!program.path("checkpoints").exists());
}

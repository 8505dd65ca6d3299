//! Checkpoints that are missing, damaged or of something else.

use std::path::PathBuf;

use super::{Program, folder_of_bars, small, weights};

/// A program with a finished run of two epochs in `run`.
fn trained() -> Program {
    let program = Program::new();
    folder_of_bars(&program, 300);
    let mut arguments = small(&["train", "--data", "bars", "--run-dir", "run"]);
    arguments.extend(["--set", "training.epochs=2"]);
    program.succeed(&arguments);
    program
}

fn file(program: &Program, name: &str) -> PathBuf {
    program.path("run/latest").join(name)
}

#[test]
fn a_missing_checkpoint_is_refused() {
    let program = Program::new();
    folder_of_bars(&program, 100);
    program.refuse(&["resume", "nowhere"], 2, &["nowhere"]);
    program.refuse(
        &["score", "--checkpoint", "nowhere", "--data", "bars"],
        2,
        &["nowhere"],
    );
    program.refuse(
        &["export", "--checkpoint", "nowhere", "--out", "out"],
        2,
        &["nowhere"],
    );
    program.refuse(&["checkpoint", "show", "nowhere"], 2, &["nowhere"]);
    program.refuse(&["runs", "show", "nowhere"], 2, &["nowhere"]);
    program.refuse(
        &["score", "--checkpoint", "bars", "--data", "bars"],
        2,
        &["bars", "neither"],
    );
    assert!(!program.path("out").exists());
}

#[test]
fn truncated_and_flipped_files_name_themselves_and_fall_back() {
    let program = trained();
    let steps: Vec<u64> = emberline::checkpoint::steps_in(&program.path("run")).expect("a run");
    assert!(steps.len() >= 2, "{steps:?}");
    for name in [
        "manifest.json",
        "model.safetensors",
        "optimizer.safetensors",
    ] {
        let whole = std::fs::read(file(&program, name)).expect("a file");
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 0x10;
        for (damage, bytes) in [
            ("cut", whole[..whole.len() / 2].to_vec()),
            ("flipped", flipped),
            ("emptied", Vec::new()),
        ] {
            std::fs::write(file(&program, name), bytes).expect("a file");
            for arguments in [
                vec!["resume", "run", "--epochs", "3"],
                vec!["checkpoint", "show", "run/latest"],
                vec!["score", "--checkpoint", "run/latest", "--data", "bars"],
                vec!["export", "--checkpoint", "run/latest", "--out", "out"],
            ] {
                let answer = program.refuse(&arguments, 2, &[name, "damaged"]);
                assert!(answer.stdout.is_empty(), "{damage}: {}", answer.stdout);
            }
            assert!(
                !program.path("out").exists(),
                "a damaged checkpoint was exported"
            );
        }
        let answer = program.succeed(&[
            "score",
            "--checkpoint",
            "run/latest",
            "--data",
            "bars",
            "--fallback",
        ]);
        assert!(
            answer
                .stderr
                .contains(&format!("step-{}", steps[steps.len() - 2])),
            "{}",
            answer.stderr
        );
        std::fs::write(file(&program, name), whole).expect("a file");
    }
    program.succeed(&["checkpoint", "show", "run/latest"]);
}

#[test]
fn resume_falls_back_to_the_checkpoint_before_and_arrives_at_the_same_weights() {
    let program = trained();
    let whole = weights(&program.path("run"), "latest");
    std::fs::write(file(&program, "model.safetensors"), b"no weights").expect("a file");
    program.refuse(&["resume", "run"], 2, &["model.safetensors", "--fallback"]);
    let answer = program.succeed(&["resume", "run", "--fallback"]);
    assert!(answer.stderr.contains("passed over"), "{}", answer.stderr);
    assert_eq!(weights(&program.path("run"), "latest"), whole);
}

#[test]
fn a_file_that_is_gone_is_named() {
    let program = trained();
    std::fs::remove_file(file(&program, "model.safetensors")).expect("a file");
    program.refuse(
        &["checkpoint", "show", "run/latest"],
        2,
        &["model.safetensors"],
    );
    std::fs::remove_file(file(&program, "manifest.json")).expect("a file");
    program.refuse(&["checkpoint", "show", "run/latest"], 2, &["run"]);
}

#[test]
fn bars_of_another_kind_are_not_scored() {
    let program = trained();
    // Ten minutes instead of five.
    let text = super::bars(600, 1);
    let sparse: Vec<&str> = text
        .lines()
        .enumerate()
        .filter(|(line, _)| *line == 0 || line % 2 == 1)
        .map(|(_, line)| line)
        .collect();
    program.write("sparse.csv", &sparse.join("\n"));
    program.refuse(
        &["score", "--checkpoint", "run", "--data", "sparse.csv"],
        2,
        &["interval", "300 s", "600 s"],
    );
    program.refuse(
        &[
            "score",
            "--checkpoint",
            "run",
            "--data",
            "bars",
            "--stamp",
            "close",
        ],
        2,
        &["stamp", "open", "close"],
    );
    program.refuse(
        &[
            "score",
            "--checkpoint",
            "run",
            "--data",
            "bars",
            "--calendar",
            "24x5",
        ],
        2,
        &["24x7", "24x5"],
    );
    program.write("short.csv", &super::bars(20, 1));
    program.refuse(
        &["score", "--checkpoint", "run", "--data", "short.csv"],
        2,
        &["short", "20"],
    );
}

#[test]
fn a_checkpoint_of_other_features_is_refused() {
    let program = trained();
    // Another catalogue: the manifest is sealed, so that the seal is made anew.
    let path = file(&program, "manifest.json");
    let bytes = std::fs::read(&path).expect("a manifest");
    let original = emberline::checkpoint::Manifest::from_bytes(&bytes, &path).expect("a manifest");
    let mut other = original.clone();
    other.catalogue_version = "0".to_owned();
    std::fs::write(&path, other.to_text(&path).expect("text")).expect("a file");
    program.refuse(
        &["score", "--checkpoint", "run/latest", "--data", "bars"],
        2,
        &["catalogue", "0"],
    );
    program.refuse(
        &["resume", "run", "--epochs", "3"],
        2,
        &["`catalogue`", "--allow-drift catalogue"],
    );
    let mut other = original.clone();
    other.features.swap(0, 1);
    std::fs::write(&path, other.to_text(&path).expect("text")).expect("a file");
    program.refuse(
        &["score", "--checkpoint", "run/latest", "--data", "bars"],
        2,
        &["RSI_14", "SMA_10"],
    );
    program.refuse(
        &["resume", "run", "--epochs", "3"],
        2,
        &["`features`", "RSI_14"],
    );
    let mut other = original;
    other.features[0].transform = "share_of_close".to_owned();
    std::fs::write(&path, other.to_text(&path).expect("text")).expect("a file");
    program.refuse(
        &["resume", "run", "--epochs", "3"],
        2,
        &["`features`", "share_of_close"],
    );
}

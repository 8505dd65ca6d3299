//! `evaluate --prove-causal` through the real binary.

use serde_json::Value;

use super::{Program, folder_of_bars, small};

#[test]
fn a_proof_is_printed_and_counts_as_no_look_at_the_test_span() {
    let program = Program::new();
    folder_of_bars(&program, 400);
    let mut arguments = small(&["train", "--data", "bars", "--run-dir", "run"]);
    arguments.extend(["--set", "training.epochs=1"]);
    program.succeed(&arguments);
    let prove = [
        "evaluate",
        "--checkpoint",
        "run",
        "--prove-causal",
        "--instants",
        "3",
    ];
    let answer = program.succeed(&prove);
    for part in [
        "later bars",
        "at 3 random instants",
        "shuffled targets",
        "What this cannot see",
        "8 hold, 0 leak, 0 not run",
    ] {
        assert!(
            answer.stdout.contains(part),
            "no `{part}` in\n{}",
            answer.stdout
        );
    }
    assert!(
        answer.stderr.contains("proof: test rows"),
        "{}",
        answer.stderr
    );
    assert!(!program.path("run/test_ledger.jsonl").exists());
    let mut json = prove.to_vec();
    json.push("--json");
    let document: Value = serde_json::from_str(&program.succeed(&json).stdout).expect("JSON");
    assert_eq!(document["holds"], true);
    assert_eq!(
        document["proof"]["checks"].as_array().map(Vec::len),
        Some(8)
    );
    assert_eq!(document["proof"]["options"]["instants"], 3);
}

#[test]
fn settings_of_a_proof_ask_for_a_proof() {
    let program = Program::new();
    for arguments in [
        &["evaluate", "--checkpoint", "run", "--instants", "3"][..],
        &[
            "evaluate",
            "--checkpoint",
            "run",
            "--prove-causal",
            "--report",
            "page.html",
        ],
    ] {
        let answer = program.run(arguments);
        assert_eq!(answer.code, Some(2), "{answer:?}");
        assert!(
            answer.stderr.contains("--prove-causal"),
            "{}",
            answer.stderr
        );
    }
}

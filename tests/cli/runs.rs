//! `runs` and `checkpoint show`.

use super::{Program, folder_of_bars, small};

#[test]
fn runs_are_listed_shown_and_compared() {
    let program = Program::new();
    folder_of_bars(&program, 300);
    let empty = program.succeed(&["runs", "list"]);
    assert!(empty.stdout.is_empty(), "{empty:?}");
    for (run, hidden) in [
        ("checkpoints/a", "model.hidden=8"),
        ("checkpoints/b", "model.hidden=4"),
    ] {
        let mut arguments = small(&["train", "--data", "bars", "--run-dir", run]);
        arguments.extend(["--set", "training.epochs=1", "--set", hidden]);
        program.succeed(&arguments);
    }
    let list = program.succeed(&["runs", "list"]).stdout;
    for part in [
        "run",
        "a  ",
        "b  ",
        "finished",
        "1/1",
        "validation_loss",
        "1 x 8",
        "1 x 4",
    ] {
        assert!(list.contains(part), "no `{part}` in\n{list}");
    }
    let json = program.succeed(&["runs", "list", "--json"]).stdout;
    let documents: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(documents.as_array().map(Vec::len), Some(2));
    assert_eq!(documents[0]["status"], "finished");

    let show = program.succeed(&["runs", "show", "checkpoints/a"]).stdout;
    for part in [
        "finished",
        "3 symbols (AAA BBB CCC)",
        "RSI_14 SMA_10 ATR_14",
        "24x7",
        "train_loss",
        "ic_ts",
        "hit_rate",
    ] {
        assert!(show.contains(part), "no `{part}` in\n{show}");
    }
    let compared = program
        .succeed(&["runs", "compare", "checkpoints/a", "checkpoints/b"])
        .stdout;
    let line = compared
        .lines()
        .find(|line| line.starts_with("model.hidden"))
        .expect("what differs");
    assert_eq!(
        line.split_whitespace().collect::<Vec<_>>(),
        ["model.hidden", "8", "4"]
    );
    assert!(
        !compared.contains("model.layers"),
        "what is the same is not shown:\n{compared}"
    );
    assert!(compared.contains("validation_loss"), "{compared}");

    let show = program
        .succeed(&["checkpoint", "show", "checkpoints/a"])
        .stdout;
    for part in [
        "lstm.weight_ih_l0",
        "[32, 3]",
        "lstm.bias_hh_l0",
        "head.0.weight",
        "[32, 8]",
        "head.2.bias",
        "[2]",
    ] {
        assert!(show.contains(part), "no `{part}` in\n{show}");
    }
    let json = program
        .succeed(&["checkpoint", "show", "checkpoints/a", "--json"])
        .stdout;
    let manifest: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    for part in [
        "format_version",
        "configuration",
        "catalogue_version",
        "features",
        "required_history",
        "data",
        "splits",
        "scaler",
        "label_scaling",
        "step",
        "epoch",
        "position",
        "seed",
        "best",
        "metrics",
        "device",
        "crate_version",
        "files",
    ] {
        assert!(!manifest[part].is_null(), "the manifest lacks `{part}`");
    }
}

//! `data check` and `data convert` through the binary.

use std::path::Path;
use std::process::{Command, Output};

use super::{START, at_times, file, shared};

fn emberline(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_emberline"))
        .args(args)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn check(path: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let args: Vec<&str> = ["data", "check", path.to_str().unwrap()]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    let output = emberline(&args);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn good() -> String {
    at_times(
        (0..60)
            .filter(|&bar| bar != 30)
            .map(|bar| START + bar * 300_000_000_000),
    )
}

#[test]
fn good_bars_exit_with_0_and_filled_gaps_are_mere_notes() {
    let (_folder, path) = file("ABC.csv", good());
    let (code, out, err) = check(&path, &[]);
    assert_eq!(code, Some(0), "{err}");
    for part in [
        "24x7",
        "5m",
        "ABC",
        "2018-01-10T04:55:00Z",
        "nothing that `train` would refuse",
    ] {
        assert!(out.contains(part), "no {part} in {out}");
    }
    assert!(err.is_empty(), "{err}");
}

#[test]
fn json_is_one_document() {
    let (_folder, path) = file("ABC.csv", good());
    let (code, out, _) = check(&path, &["--json"]);
    assert_eq!(code, Some(0));
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&report["calendar"], &report["interval"]),
        (&"24x7".into(), &"5m".into())
    );
    assert_eq!(report["symbols"][0]["gaps"]["missing"], 1);
    assert_eq!(report["symbols"][0]["filled"], 1);
    assert_eq!(report["refused"].as_array().unwrap().len(), 0);
}

#[test]
fn what_train_would_refuse_exits_with_3() {
    let text = good().replace(",100,101,99,100,5\n", ",100,101,99,-1,5\n");
    let (_folder, path) = file("ABC.csv", text);
    let (code, out, _) = check(&path, &[]);
    assert_eq!(code, Some(3));
    assert!(
        out.contains("ABC.csv: row 2: ABC: close -1") && out.contains("refused: 9 x"),
        "{out}"
    );
    assert!(out.contains("and 4 more"), "{out}");
    let (code, _, _) = check(&path, &["--repair"]);
    assert_eq!(code, Some(0), "repair makes them good");
    for text in ["", "time,open,high,low,close\n", "time,open\n1,2\n"] {
        let (_folder, path) = file("ABC.csv", text);
        let (code, out, _) = check(&path, &[]);
        assert_eq!((code, out.contains("ABC.csv")), (Some(3), true), "{out}");
    }
}

#[test]
fn nothing_to_check_exits_with_2() {
    let (code, _, err) = check(Path::new("/nowhere.csv"), &[]);
    assert_eq!(code, Some(2), "{err}");
    assert!(
        err.contains("/nowhere.csv") && err.contains("hint:"),
        "{err}"
    );
    let (_folder, path) = file("ABC.csv", good());
    let (code, _, err) = check(&path, &["--timezone", "Nowhere"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("Nowhere"), "{err}");
}

#[test]
fn convert_writes_what_check_then_reads() {
    let (folder, path) = file("ABC.csv", good());
    let out = folder.path().join("abc.parquet");
    let output = emberline(&[
        "data",
        "convert",
        path.to_str().unwrap(),
        out.to_str().unwrap(),
        "--json",
    ]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&said["rows"], &said["symbols"]),
        (&59.into(), &1.into()),
        "gaps stay gaps"
    );
    let (code, text, _) = check(&out, &[]);
    assert_eq!(code, Some(0));
    assert!(text.contains("ABC"), "{text}");

    let wrong = folder.path().join("abc.xlsx");
    let output = emberline(&[
        "data",
        "convert",
        path.to_str().unwrap(),
        wrong.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(2));
    let bad = folder.path().join("bad.csv");
    std::fs::write(
        &bad,
        good().replace(",100,101,99,100,5\n", ",100,98,99,100,5\n"),
    )
    .unwrap();
    let output = emberline(&[
        "data",
        "convert",
        bad.to_str().unwrap(),
        out.to_str().unwrap(),
    ]);
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        err.contains("bad.csv") && err.contains("row 2") && err.contains("hint:"),
        "{err}"
    );
}

#[test]
fn the_truth_about_real_bars() {
    let Some(path) = shared("crypto_1m") else {
        return;
    };
    let (code, out, _) = check(&path, &[]);
    assert_eq!(code, Some(0));
    assert!(out.contains("677") && out.contains("24x7"), "{out}");
    let Some(path) = shared("equities_daily") else {
        return;
    };
    let (code, out, _) = check(&path, &[]);
    assert_eq!(code, Some(3), "SPY has two rows with an open below the low");
    assert!(
        out.contains("daily") && out.contains("SPY.csv: row 1808"),
        "{out}"
    );
}

//! `features --follow` through the binary.

#![expect(clippy::unwrap_used, reason = "tests: what fails should stop them")]

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Output, Stdio};

use crate::indicators::walk;

const NAMES: &str = "SMA_10,RSI_14,OBV,MACD:12:26:9,AVWAP_DAILY,VAR:5:1,CDLDOJI,EMA:20.adjusted";

/// The program on standard input, its output and its errors.
fn follow(features: &str, more: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_emberline"))
        .args([
            "features",
            "--follow",
            "--interval",
            "1h",
            "--features",
            features,
        ])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// All of it at once.
fn followed(text: &str, features: &str, more: &[&str]) -> (Output, String, String) {
    let mut child = follow(features, more);
    // A refusal closes the pipe before everything is read.
    let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, errors) = (text(&output.stdout), text(&output.stderr));
    (output, out, errors)
}

const HEADER: &str = "timestamp,symbol,open,high,low,close,volume";

/// Two symbols' bars in the order of their times.
fn lines() -> Vec<String> {
    let series = [walk("AAA", 71, 200, 40.0), walk("BBB", 72, 120, 0.02)];
    let mut lines = Vec::new();
    for t in 0..200 {
        for one in series.iter().filter(|one| t < one.len()) {
            lines.push(format!(
                "{},{},{},{},{},{},{}",
                one.time[t] / 1_000_000,
                one.symbol,
                one.open[t],
                one.high[t],
                one.low[t],
                one.close[t],
                one.volume[t]
            ));
        }
    }
    lines
}

/// `timestamp,symbol` of a row of a table.
fn key(row: &str) -> String {
    row.split(',').take(2).collect::<Vec<_>>().join(",")
}

#[test]
fn bars_one_by_one_give_the_rows_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bars.csv");
    let lines = lines();
    std::fs::write(&path, format!("{HEADER}\n{}\n", lines.join("\n"))).unwrap();
    for transformed in [&[][..], &["--transformed"]] {
        let names = if transformed.is_empty() {
            NAMES
        } else {
            "SMA_10,RSI_14,MACD:12:26:9,VOLUME,CDLDOJI"
        };
        let table = Command::new(env!("CARGO_BIN_EXE_emberline"))
            .args([
                "features",
                "--data",
                path.to_str().unwrap(),
                "--features",
                names,
            ])
            .args(["--device", "cpu"])
            .args(transformed)
            .output()
            .unwrap();
        let table = String::from_utf8(table.stdout).unwrap();
        let table: Vec<&str> = table.lines().collect();
        assert_eq!(table.len(), 1 + lines.len());
        let expected: HashMap<String, &str> =
            table[1..].iter().map(|row| (key(row), *row)).collect();

        let mut child = follow(names, transformed);
        let mut stdin = child.stdin.take().unwrap();
        let mut rows = BufReader::new(child.stdout.take().unwrap()).lines();
        writeln!(stdin, "{HEADER}").unwrap();
        for (place, line) in lines.iter().enumerate() {
            writeln!(stdin, "{line}").unwrap();
            if place == 0 {
                assert_eq!(rows.next().unwrap().unwrap(), table[0]);
            }
            // Before the next bar is given.
            let row = rows.next().unwrap().unwrap();
            assert_eq!(row, expected[&key(&row)]);
        }
        drop(stdin);
        assert_eq!(child.wait().unwrap().code(), Some(0));
        assert!(rows.next().is_none());
    }
}

#[test]
fn json_lines_come_and_go() {
    let mut text = String::new();
    for (place, line) in lines().iter().enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        // Keys in any order, numbers also as text.
        let line = if place % 2 == 0 {
            format!(
                r#"{{"symbol":"{}","open_time":{},"open":{},"high":{},"low":{},"close":{},"volume":{}}}"#,
                cells[1], cells[0], cells[2], cells[3], cells[4], cells[5], cells[6]
            )
        } else {
            format!(
                r#"{{"Open":"{}","High":"{}","Low":"{}","Close":"{}","Volume":"{}","Symbol":"{}","open_time":{}}}"#,
                cells[2], cells[3], cells[4], cells[5], cells[6], cells[1], cells[0]
            )
        };
        text.push_str(&line);
        text.push('\n');
    }
    let csv = format!("{HEADER}\n{}\n", lines().join("\n"));
    let (output, from_csv, _) = followed(&csv, NAMES, &["--json"]);
    assert_eq!(output.status.code(), Some(0));
    let (output, from_json, errors) = followed(&text, NAMES, &["--json"]);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert_eq!(from_json, from_csv);
    let row: serde_json::Value = serde_json::from_str(from_json.lines().last().unwrap()).unwrap();
    assert!(row["RSI_14"].is_number(), "{row}");
}

#[test]
fn a_stream_needs_neither_symbols_nor_volumes() {
    let text = "Date;Open;High;Low;Close\n2024-01-29 00:00;1;2;1;2\n\n2024-01-29 01:00;2;4;2;4\n";
    let (output, out, errors) = followed(text, "SMA_2", &[]);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let rows: Vec<&str> = out.lines().collect();
    assert_eq!(
        rows,
        [
            "timestamp,symbol,SMA_2",
            "2024-01-29T00:00:00Z,stdin,",
            "2024-01-29T01:00:00Z,stdin,3.0",
        ]
    );
    let (output, out, errors) = followed(text, "OBV", &[]);
    assert_eq!((output.status.code(), out.as_str()), (Some(2), ""));
    assert!(errors.contains("OBV"), "{errors}");
    // Other symbols are passed over.
    let text = format!("{HEADER}\n{}\n", lines().join("\n"));
    let (_, out, _) = followed(&text, "SMA_2", &["--symbols", "bbb"]);
    assert_eq!(out.lines().count(), 1 + 120);
}

#[test]
fn a_bad_row_is_named_and_the_rows_before_it_stand() {
    let start = format!("{HEADER}\n{}\n", lines()[..5].join("\n"));
    let last: Vec<String> = lines()[4].split(',').map(str::to_owned).collect();
    let hour = |hours: i64| (last[0].parse::<i64>().unwrap() + hours * 3_600_000).to_string();
    for (line, says) in [
        (format!("{},AAA,1,2,1,oops,3", hour(1)), "close oops"),
        (format!("{},AAA,1,2,3,2,3", hour(1)), "high is below low"),
        (format!("{},AAA,9,2,1,2,3", hour(1)), "open 9, high 2"),
        (format!("{},AAA,1,2,1,2,-3", hour(1)), "volume -3"),
        (
            format!("{},AAA,1,2,1,2,3", hour(0)),
            "same as the row before",
        ),
        (
            format!("{},AAA,1,2,1,2,3", hour(-1)),
            "before the row above",
        ),
        ("soon,AAA,1,2,1,2,3".to_owned(), "soon"),
        (format!("{},,1,2,1,2,3", hour(1)), "symbol is missing"),
        (format!("{},AAA,1,2,1", hour(1)), "5 fields"),
    ] {
        let (output, out, errors) = followed(&format!("{start}{line}\n"), "SMA_2", &[]);
        assert_eq!(output.status.code(), Some(2), "{line}: {errors}");
        assert_eq!(out.lines().count(), 1 + 5, "{line}: {out}");
        assert!(
            errors.contains("row 7") && errors.contains(says),
            "{line}: {errors}"
        );
    }
    let (output, _, errors) = followed("{\"open\": 1}\n", "SMA_2", &[]);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    let (output, _, errors) = followed("{ no\n", "SMA_2", &[]);
    assert!(errors.contains("line 1"), "{errors}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn what_a_stream_cannot_have_is_refused() {
    for more in [
        &["--data", "bars.csv"][..],
        &["--gaps", "fill"],
        &["--repair"],
        &["--out", "features.csv"],
    ] {
        let (output, _, errors) = followed("", "SMA_2", more);
        assert_eq!(output.status.code(), Some(2), "{more:?}: {errors}");
    }
    let (output, _, errors) = followed("", "NONSENSE_3", &[]);
    assert!(errors.contains("NONSENSE"), "{errors}");
    assert_eq!(output.status.code(), Some(2));
    let mut child = follow("SMA_2", &["--json"]);
    drop(child.stdin.take());
    let mut out = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut out)
        .unwrap();
    assert_eq!((child.wait().unwrap().code(), out.as_str()), (Some(0), ""));
}

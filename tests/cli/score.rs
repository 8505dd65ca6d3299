//! Forecasts: which rows, which times, and the same numbers however they are asked for.

use std::collections::BTreeMap;

use super::{Program, bars, folder_of_bars, small};

const BARS: usize = 300;

fn trained() -> Program {
    let program = Program::new();
    folder_of_bars(&program, BARS);
    let mut arguments = small(&["train", "--data", "bars", "--run-dir", "run"]);
    arguments.extend(["--set", "training.epochs=1"]);
    program.succeed(&arguments);
    program
}

/// The rows of a CSV by (symbol, timestamp), each a map from column to text.
fn rows(text: &str) -> BTreeMap<(String, String), BTreeMap<String, String>> {
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().expect("a header").split(',').collect();
    lines
        .map(|line| {
            let fields: BTreeMap<String, String> = head
                .iter()
                .map(ToString::to_string)
                .zip(line.split(',').map(str::to_owned))
                .collect();
            (
                (fields["symbol"].clone(), fields["timestamp"].clone()),
                fields,
            )
        })
        .collect()
}

fn score(program: &Program, more: &[&str]) -> String {
    let mut arguments = vec!["score", "--checkpoint", "run", "--data", "bars"];
    arguments.extend(more);
    program.succeed(&arguments).stdout
}

fn required_history(program: &Program) -> usize {
    let json = program
        .succeed(&["checkpoint", "show", "run", "--json"])
        .stdout;
    let manifest: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    manifest["required_history"].as_u64().expect("bars") as usize
}

#[test]
fn every_bar_with_a_full_window_is_forecast() {
    let program = trained();
    let text = score(&program, &[]);
    assert_eq!(
        text.lines().next(),
        Some(
            "timestamp,known_at,symbol,entry_at_1,target_end_1,forecast_1,entry_at_3,target_end_3,forecast_3"
        )
    );
    let all = rows(&text);
    assert_eq!(all.len(), 3 * (BARS - required_history(&program) + 1));
    let minute = |text: &str| {
        chrono::NaiveDateTime::parse_from_str(&text[..16].replace('T', " "), "%Y-%m-%d %H:%M")
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    };
    for ((symbol, timestamp), row) in &all {
        let bar = chrono::TimeDelta::minutes(5);
        let open = minute(timestamp);
        assert_eq!(minute(&row["known_at"]), open + bar, "{symbol} {timestamp}");
        assert_eq!(minute(&row["entry_at_1"]), open + bar * 2);
        assert_eq!(minute(&row["entry_at_3"]), open + bar * 2);
        assert_eq!(minute(&row["target_end_1"]), open + bar * 3);
        assert_eq!(minute(&row["target_end_3"]), open + bar * 5);
        for column in ["forecast_1", "forecast_3"] {
            let value: f64 = row[column].parse().expect("a number");
            assert!(
                value.is_finite() && value.abs() < 0.1,
                "{symbol} {timestamp} {column}: {value}"
            );
        }
    }
    // Bars of the year's first day: the last one opens 299 * 5 minutes after midnight.
    let last = all
        .keys()
        .filter(|(symbol, _)| symbol == "CCC")
        .map(|(_, time)| time)
        .max()
        .expect("rows");
    assert!(
        last.starts_with("2024-01-02") && last.contains("00:55"),
        "{last}"
    );
}

#[test]
fn batches_and_subsets_give_the_same_bits() {
    let program = trained();
    let all = score(&program, &[]);
    for size in ["1", "7", "100", "1000000"] {
        assert_eq!(
            score(&program, &["--batch-size", size]),
            all,
            "batches of {size}"
        );
    }
    let whole = rows(&all);
    for symbols in ["BBB", "CCC,AAA"] {
        let some = rows(&score(&program, &["--symbols", symbols]));
        assert!(!some.is_empty());
        for (key, row) in &some {
            assert_eq!(row, &whole[key], "{key:?} alone is another forecast");
        }
        let count = whole
            .keys()
            .filter(|(symbol, _)| symbols.split(',').any(|one| one == symbol))
            .count();
        assert_eq!(some.len(), count);
    }
    // A symbol that starts late beside one that is long.
    let text = bars(BARS, 2);
    let late: Vec<&str> = text
        .lines()
        .enumerate()
        .filter(|(line, _)| *line == 0 || *line > 80)
        .map(|(_, line)| line)
        .collect();
    program.write("late/AAA.csv", &bars(BARS, 1));
    program.write("late/BBB.csv", &late.join("\n"));
    let beside = program
        .succeed(&["score", "--checkpoint", "run", "--data", "late"])
        .stdout;
    let alone = program
        .succeed(&[
            "score",
            "--checkpoint",
            "run",
            "--data",
            "late",
            "--symbols",
            "BBB",
        ])
        .stdout;
    let (beside, alone) = (rows(&beside), rows(&alone));
    assert!(!alone.is_empty());
    for (key, row) in &alone {
        assert_eq!(row, &beside[key]);
    }
}

#[test]
fn the_last_required_history_gives_the_last_row() {
    let program = trained();
    let needed = required_history(&program);
    let last = rows(&score(&program, &["--last"]));
    assert_eq!(last.len(), 3);
    let tail = |count: usize| {
        for (index, symbol) in ["AAA", "BBB", "CCC"].into_iter().enumerate() {
            let text = bars(BARS, 1 + index as u64);
            let lines: Vec<&str> = text.lines().collect();
            let mut kept = vec![lines[0]];
            kept.extend(&lines[lines.len() - count..]);
            program.write(&format!("tail/{symbol}.csv"), &kept.join("\n"));
        }
    };
    tail(needed);
    let short = rows(
        &program
            .succeed(&[
                "score",
                "--checkpoint",
                "run",
                "--data",
                "tail",
                "--calendar",
                "24x7",
            ])
            .stdout,
    );
    assert_eq!(short.len(), 3, "exactly one full window each");
    let spread: f64 = {
        let all = rows(&score(&program, &[]));
        let values: Vec<f64> = all
            .values()
            .map(|row| row["forecast_1"].parse().expect("a number"))
            .collect();
        values.iter().copied().fold(f64::MIN, f64::max)
            - values.iter().copied().fold(f64::MAX, f64::min)
    };
    for (key, row) in &last {
        for column in ["forecast_1", "forecast_3"] {
            let (whole, tail): (f64, f64) = (
                row[column].parse().expect("a number"),
                short[key][column].parse().expect("a number"),
            );
            // Infinite memories are cut where their weight is 1e-3; inputs are off by up to 2e-3 of
            // their range, forecasts by no more than some of that.
            assert!(
                (whole - tail).abs() <= 2e-2 * spread,
                "{key:?} {column}: {whole} {tail}, spread {spread}"
            );
        }
    }
    tail(needed - 1);
    program.refuse(
        &[
            "score",
            "--checkpoint",
            "run",
            "--data",
            "tail",
            "--calendar",
            "24x7",
        ],
        2,
        &["AAA has", &needed.to_string()],
    );
}

#[test]
fn unknown_symbols_are_scored_and_short_ones_are_counted() {
    let program = trained();
    program.write("other/NEW.csv", &bars(BARS, 77));
    program.write("other/TINY.csv", &bars(30, 78));
    let answer = program.succeed(&["score", "--checkpoint", "run", "--data", "other"]);
    assert!(
        answer.stderr.contains("skipped: TINY has 30 bars"),
        "{}",
        answer.stderr
    );
    let rows = rows(&answer.stdout);
    assert_eq!(rows.len(), BARS - required_history(&program) + 1);
    assert!(rows.keys().all(|(symbol, _)| symbol == "NEW"));
}

#[test]
fn a_bar_that_still_forms_is_dropped_unless_kept() {
    let program = trained();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("a clock")
        .as_secs() as i64;
    // The last bar opened less than five minutes ago.
    let first = now / 300 * 300 - 300 * (BARS as i64 - 1);
    let text = bars(BARS, 1);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (bar, line) in lines[1..].iter_mut().enumerate() {
        let rest = &line[line.find(',').expect("a comma")..];
        *line = format!("{}{rest}", first + 300 * bar as i64);
    }
    program.write("now/AAA.csv", &lines.join("\n"));
    let dropped = program.succeed(&["score", "--checkpoint", "run", "--data", "now"]);
    assert!(
        dropped.stderr.contains("AAA has not closed yet"),
        "{}",
        dropped.stderr
    );
    let kept = program.succeed(&[
        "score",
        "--checkpoint",
        "run",
        "--data",
        "now",
        "--keep-last",
    ]);
    assert!(
        !kept.stderr.contains("has not closed yet"),
        "{}",
        kept.stderr
    );
    assert_eq!(rows(&dropped.stdout).len() + 1, rows(&kept.stdout).len());
}

#[test]
fn forecasts_from_the_same_close_are_labelled_not_tradable() {
    let program = Program::new();
    folder_of_bars(&program, BARS);
    let mut arguments = small(&["train", "--data", "bars", "--run-dir", "run"]);
    arguments.extend(["--set", "training.epochs=1", "--set", "target.entry=close"]);
    let answer = program.succeed(&arguments);
    assert!(answer.stderr.contains("not tradable"), "{}", answer.stderr);
    assert!(answer.stdout.contains("not tradable"), "{}", answer.stdout);
    let answer = program.succeed(&["score", "--checkpoint", "run", "--data", "bars", "--last"]);
    assert!(answer.stderr.contains("not tradable"), "{}", answer.stderr);
    let rows = rows(&answer.stdout);
    assert!(
        rows.values().all(|row| row["note"] == "not tradable"),
        "{}",
        answer.stdout
    );
    for row in rows.values() {
        assert_eq!(row["entry_at_1"], row["known_at"]);
    }
}

#[test]
fn forecasts_are_written_by_extension_and_as_json_lines() {
    let program = trained();
    let text = rows(&score(&program, &[]));
    let lines = score(&program, &["--json"]);
    assert_eq!(lines.lines().count(), text.len());
    let first: serde_json::Value =
        serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    assert!(
        first["forecast_1"].is_number() && first["symbol"].is_string(),
        "{first}"
    );
    for name in ["forecasts.parquet", "forecasts.feather", "forecasts.csv"] {
        let out = score(&program, &["--out", name]);
        assert!(out.is_empty(), "{name}: {out}");
        assert!(
            std::fs::metadata(program.path(name)).expect("a file").len() > 1000,
            "{name}"
        );
    }
    assert_eq!(
        rows(&std::fs::read_to_string(program.path("forecasts.csv")).expect("a file")),
        text
    );
    program.refuse(
        &[
            "score",
            "--checkpoint",
            "run",
            "--data",
            "bars",
            "--out",
            "forecasts.xyz",
        ],
        2,
        &["forecasts.xyz"],
    );
}

//! `features` and `indicators` through the binary.

#![expect(clippy::unwrap_used, reason = "tests: what fails should stop them")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use crate::indicators::{hourly, raw, set, walk};

fn emberline(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_emberline"))
        .args(args)
        .args(["--device", "cpu"])
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Two walks of hourly bars as a long CSV.
fn write_bars(path: &Path, num_bars: usize) {
    let mut text = "timestamp,symbol,open,high,low,close,volume\n".to_owned();
    for series in [
        walk("AAA", 71, num_bars, 40.0),
        walk("BBB", 72, num_bars / 2, 0.02),
    ] {
        for t in 0..series.len() {
            let (o, h, l, c, v) = (
                series.open[t],
                series.high[t],
                series.low[t],
                series.close[t],
                series.volume[t],
            );
            let time = series.time[t] / 1_000_000;
            writeln!(text, "{time},{},{o},{h},{l},{c},{v}", series.symbol).unwrap();
        }
    }
    std::fs::write(path, text).unwrap();
}

#[test]
fn a_table_has_every_row_and_the_same_values() {
    let folder = tempfile::tempdir().unwrap();
    let bars_path = folder.path().join("bars.csv");
    write_bars(&bars_path, 120);
    let names = "SMA_10,RSI_14,OBV";
    let output = emberline(&[
        "features",
        "--data",
        bars_path.to_str().unwrap(),
        "--features",
        names,
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "timestamp,symbol,SMA_10,RSI_14,OBV");
    assert_eq!(lines.len(), 1 + 120 + 60);
    let bars = hourly(vec![walk("AAA", 71, 120, 40.0), walk("BBB", 72, 60, 0.02)]);
    let expected = raw(&set(names, &bars), &bars);
    for (line, (series, row)) in lines[1..].iter().zip(
        (0..120)
            .map(|row| (0, row))
            .chain((0..60).map(|row| (1, row))),
    ) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells[1], bars.series[series].symbol);
        for (column, cell) in cells[2..].iter().enumerate() {
            let expected = expected[series][column][row];
            if expected.is_nan() {
                assert_eq!(*cell, "", "undefined is null: {line}");
            } else {
                let value: f32 = cell.parse().unwrap();
                assert!(
                    (value - expected).abs() <= 1e-6 * expected.abs(),
                    "{line}: {expected}"
                );
            }
        }
    }
}

#[test]
fn files_and_model_inputs_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let bars_path = folder.path().join("bars.csv");
    write_bars(&bars_path, 200);
    for name in ["out.parquet", "out.csv", "out.feather"] {
        let out = folder.path().join(name);
        let output = emberline(&[
            "features",
            "--data",
            bars_path.to_str().unwrap(),
            "--features",
            "SMA_10,ATR_14",
            "--transformed",
            "--out",
            out.to_str().unwrap(),
        ]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stdout(&output).is_empty());
        assert!(
            stderr(&output).contains("wrote 300 rows of 2 features"),
            "{}",
            stderr(&output)
        );
        assert!(out.metadata().unwrap().len() > 1_000);
    }
    let text = std::fs::read_to_string(folder.path().join("out.csv")).unwrap();
    let last = text.lines().last().unwrap().split(',').nth(2).unwrap();
    assert!(
        last.parse::<f32>().unwrap().abs() < 0.1,
        "{last} is no distance to a mean"
    );
}

#[test]
fn what_cannot_be_computed_is_refused_with_two() {
    let folder = tempfile::tempdir().unwrap();
    let bars_path = folder.path().join("bars.csv");
    write_bars(&bars_path, 120);
    let data = bars_path.to_str().unwrap();
    for (features, extra, parts) in [
        ("RSJ_14", None, vec!["RSJ_14", "did you mean `RSI_14`"]),
        ("SMA_500", None, vec!["SMA", "500", "120"]),
        ("SMA_0", None, vec!["SMA", "period", "1 to 100000"]),
        (
            "VWAP_CUM",
            Some("--transformed"),
            vec!["VWAP_CUM", "where the file starts"],
        ),
        ("nowhere.toml", None, vec!["nowhere.toml"]),
    ] {
        let mut args = vec!["features", "--data", data, "--features", features];
        args.extend(extra);
        let output = emberline(&args);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{features}: {message}");
        assert!(stdout(&output).is_empty(), "{features}");
        for part in parts {
            assert!(message.contains(part), "{features}: {message}");
        }
    }
}

#[test]
fn the_catalogue_can_be_looked_up() {
    let list = emberline(&["indicators", "list"]);
    assert_eq!(list.status.code(), Some(0));
    assert!(stdout(&list).contains("AVWAP_WEEKLY") && stdout(&list).contains("EMA_20.adjusted"));
    let set = emberline(&["indicators", "list", "--set", "core111", "--json"]);
    let columns: Vec<serde_json::Value> = serde_json::from_slice(&set.stdout).unwrap();
    assert_eq!(columns.len(), 111);
    assert_eq!(
        columns
            .iter()
            .filter(|column| column["available"] == true)
            .count(),
        111
    );
    let show = emberline(&["indicators", "show", "MACD_5_13_4_MACDHIST", "--json"]);
    let show: serde_json::Value = serde_json::from_slice(&show.stdout).unwrap();
    assert_eq!(show["warmup"]["bars"], 15);
    assert_eq!(show["outputs"][2]["column"], "MACD_5_13_4_MACDHIST");
    assert_eq!(show["other_schools"][0], "MACD.adjusted");
    let page = stdout(&emberline(&["indicators", "show", "EMA.adjusted"]));
    for part in [
        "sum (1-a)^i close",
        "warm-up",
        "infinite",
        "relative_to_close",
        "pandas",
        "core111",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    for args in [
        ["indicators", "show", "EMU"],
        ["indicators", "list", "--set=cor"],
    ] {
        let output = emberline(&args);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stdout(&output).is_empty());
    }
}

/// Real bars of five minutes and of days, where this checkout has them beside it.
#[test]
fn core111_of_real_bars_has_111_columns() {
    let folder = tempfile::tempdir().unwrap();
    for (data, symbol) in [("crypto_5m", "ETH_BTC"), ("equities_daily", "SPY")] {
        let Some(path) = crate::market::shared(data) else {
            return;
        };
        let out = folder.path().join(format!("{symbol}.csv"));
        let output = emberline(&[
            "features",
            "--data",
            path.to_str().unwrap(),
            "--symbols",
            symbol,
            "--features",
            "core111",
            "--repair",
            "--out",
            out.to_str().unwrap(),
        ]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let text = std::fs::read_to_string(out).unwrap();
        let mut lines = text.lines();
        let names: Vec<&str> = lines.next().unwrap().split(',').skip(2).collect();
        let distinct: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!((names.len(), distinct.len()), (111, 111));
        let last: Vec<&str> = lines.next_back().unwrap().split(',').skip(2).collect();
        for (name, cell) in names.iter().zip(&last) {
            let value: f32 = cell.parse().unwrap_or(f32::NAN);
            // The twenty days of the crypto bars hold no month's first bar.
            let is_defined = data == "equities_daily" || !name.starts_with("AVWAP_MONTHLY");
            assert_eq!(
                value.is_finite(),
                is_defined,
                "{name} of {symbol}: `{cell}`"
            );
        }
    }
}

#[test]
fn explain_says_what_is_shared() {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/data/sample.parquet");
    let arguments = ["--features", "ATR_14,NATR_14,BBANDS:20:2:2", "--explain"];
    let text = stdout(&emberline(
        &[&["features", "--data", sample], &arguments[..]].concat(),
    ));
    assert!(text.contains("5 columns from 3 machines"), "{text}");
    assert!(
        text.contains("BBANDS_20_2_2_UPPERBAND BBANDS_20_2_2_MIDDLEBAND BBANDS_20_2_2_LOWERBAND"),
        "{text}"
    );
    let document = stdout(&emberline(
        &[&["features", "--json", "--data", sample], &arguments[..]].concat(),
    ));
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let shared = document["shared"].as_array().unwrap();
    let atr = shared.iter().find(|one| one["name"] == "atr").unwrap();
    assert_eq!(atr["uses"], 2, "{atr}");
}

#[test]
fn the_page_of_indicators_is_the_catalogue() {
    let page = stdout(&emberline(&["indicators", "list", "--markdown"]));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/indicators.md");
    let kept = std::fs::read_to_string(path).unwrap();
    let different = page
        .lines()
        .zip(kept.lines())
        .find(|(now, then)| now != then);
    assert!(
        page == kept,
        "docs/indicators.md is old: write `emberline indicators list --markdown` into it; {different:?}"
    );
    for indicator in emberline::features::catalogue() {
        let cell = format!("| `{}` |", indicator.title());
        assert_eq!(page.matches(&cell).count(), 1, "{cell}");
    }
}

#[test]
fn the_set_talib_is_all_of_talib() {
    let described = include_str!("golden/talib.json");
    let described: serde_json::Value = serde_json::from_str(described).unwrap();
    let functions = described["columns"].as_array().unwrap().iter();
    let mut functions: BTreeSet<&str> = functions
        .map(|column| column["function"].as_str().unwrap())
        .collect();
    assert_eq!(functions.len(), 174);
    // It lists what exists.
    for missing in include_str!("golden/talib_missing.txt").lines() {
        functions.remove(missing);
    }
    let list = emberline(&["indicators", "list", "--set", "talib", "--json"]);
    let list: Vec<serde_json::Value> = serde_json::from_slice(&list.stdout).unwrap();
    let mut titles = BTreeSet::new();
    for column in &list {
        let column = column["column"].as_str().unwrap();
        let (indicator, parameters) = emberline::features::find(column).unwrap();
        assert_eq!(parameters, indicator.defaults(), "{column}");
        let mut bare = (0..indicator.outputs.len()).map(|output| indicator.bare_name(output));
        assert!(bare.any(|name| name == column), "{column}");
        titles.insert(indicator.title());
    }
    let titles: BTreeSet<&str> = titles.iter().map(String::as_str).collect();
    assert_eq!(titles, functions);
}

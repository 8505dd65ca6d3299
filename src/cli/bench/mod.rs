//! `bench NAME`: the figures that the README quotes, one file per bench.
//!
//! With `--json` every bench prints `{"device": .., "rows": [{..}]}`, seconds as medians, the sizes
//! in each row; without, the same rows as a table.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::{Global, out};

mod e2e;
mod features;
mod indicators;
mod load;
mod lstm;
mod scan;
mod walk;

/// Arguments of `bench`.
#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Bars to a trained epoch: windows/s and total time
    E2e(e2e::E2eArgs),
    /// Indicators over many symbols, and the ratio against TA-Lib
    Features(features::FeaturesArgs),
    /// Each indicator that TA-Lib has, whole sets, and what symbols, bars and periods cost
    Indicators(indicators::IndicatorsArgs),
    /// Reading bars: rows/s and peak memory
    Load(load::LoadArgs),
    /// One training step of the LSTM, against Burn's own layer
    Lstm(lstm::LstmArgs),
    /// Trend classification of a universe, and what symbols, bars and lengths cost
    Scan(scan::ScanArgs),
    /// A walk forward against the same runs made one by one
    WalkForward(walk::WalkArgs),
}

pub(crate) fn run(args: BenchArgs, global: &Global) -> anyhow::Result<ExitCode> {
    match args.bench {
        Bench::E2e(args) => e2e::run(args, global),
        Bench::Features(args) => features::run(args, global),
        Bench::Indicators(args) => indicators::run(args, global),
        Bench::Load(args) => load::run(args, global),
        Bench::Lstm(args) => lstm::run(args, global),
        Bench::Scan(args) => scan::run(args, global),
        Bench::WalkForward(args) => walk::run(args, global),
    }
}

/// Prints a bench's rows: a table, or one JSON document with `--json`. Every row has the keys of the
/// first.
pub(crate) fn print_rows(
    global: &Global,
    device: &str,
    rows: &[Map<String, Value>],
) -> anyhow::Result<()> {
    if global.json {
        return out::json(&json!({ "device": device, "rows": rows }));
    }
    let head: Vec<&str> = rows
        .first()
        .map_or_else(Vec::new, |row| row.keys().map(String::as_str).collect());
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| head.iter().map(|&key| cell(row.get(key))).collect())
        .collect();
    out::text(format_args!(
        "device: {device}\n{}",
        out::table(&head, &cells)
    ))
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => match number.as_f64() {
            Some(float) if number.is_f64() && float.abs() >= 100.0 => format!("{float:.0}"),
            Some(float) if number.is_f64() && float.abs() < 0.01 => format!("{float:.6}"),
            Some(float) if number.is_f64() => format!("{float:.4}"),
            _ => number.to_string(),
        },
        Some(other) => other.to_string(),
    }
}

/// The median of measured seconds.
pub(crate) fn median(mut seconds: Vec<f64>) -> f64 {
    assert!(
        !seconds.is_empty(),
        "a median needs at least one measurement"
    );
    seconds.sort_by(f64::total_cmp);
    let middle = seconds.len() / 2;
    if seconds.len() % 2 == 1 {
        seconds[middle]
    } else {
        f64::midpoint(seconds[middle - 1], seconds[middle])
    }
}

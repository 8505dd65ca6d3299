//! `bench load`: rows/s and peak memory of reading bars.
//!
//! Each file is read in a process of its own, so that the peak is the load's and nothing else's. A
//! regression here means that a load holds the whole table at once, or parses it twice.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;
use emberline::market::{self, DataConfig};
use serde_json::{Map, Value, json};

use crate::cli::{Global, out, report};

/// Bytes of one bar: five float32 columns and one byte of mask.
const BAR_BYTES: f64 = 21.0;

/// Arguments of `bench load`.
#[derive(Args, Debug)]
pub(crate) struct LoadArgs {
    /// Symbols to simulate
    #[arg(long, value_name = "N", default_value_t = 500)]
    symbols: usize,
    /// Bars per symbol to simulate
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    bars: usize,
    /// Read these files or folders instead of simulated ones
    #[arg(long, value_name = "PATH")]
    data: Vec<PathBuf>,
    /// Read one path in this process and print what it took
    #[arg(long, value_name = "PATH", hide = true)]
    child: Option<PathBuf>,
}

pub(crate) fn run(args: LoadArgs, global: &Global) -> anyhow::Result<ExitCode> {
    if let Some(path) = &args.child {
        return child(path);
    }
    let folder = std::env::temp_dir().join(format!("emberline-bench-load-{}", std::process::id()));
    let made = args.data.is_empty();
    let paths = if made {
        simulate(&folder, &args, global)?
    } else {
        args.data.clone()
    };
    let rows: anyhow::Result<Vec<Map<String, Value>>> =
        paths.iter().map(|path| measure(path)).collect();
    if made {
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("{}: cannot be removed", folder.display()))?;
    }
    super::print_rows(global, "host", &rows?)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the bars to measure with, in a child process: what it touches is not counted.
fn simulate(folder: &Path, args: &LoadArgs, global: &Global) -> anyhow::Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{}: cannot be made", folder.display()))?;
    let paths = ["bars.parquet", "bars.csv"].map(|name| folder.join(name));
    for path in &paths {
        global.say(format_args!(
            "simulating {} x {} bars: {}",
            args.symbols,
            args.bars,
            path.display()
        ));
        let status = Command::new(std::env::current_exe()?)
            .args(["--quiet", "data", "simulate", "--symbols"])
            .arg(args.symbols.to_string())
            .arg("--bars")
            .arg(args.bars.to_string())
            .arg("--out")
            .arg(path)
            .status()
            .context("cannot start the simulator")?;
        anyhow::ensure!(status.success(), "the simulator failed: {status}");
    }
    Ok(paths.to_vec())
}

fn measure(path: &Path) -> anyhow::Result<Map<String, Value>> {
    let output = Command::new(std::env::current_exe()?)
        .args(["--quiet", "bench", "load", "--child"])
        .arg(path)
        .output()
        .context("cannot start the reader")?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(report::refused(why, "`data check` says more"));
    }
    let row: Value = serde_json::from_slice(&output.stdout).context("the reader said nothing")?;
    row.as_object()
        .cloned()
        .context("the reader said something else")
}

fn child(path: &Path) -> anyhow::Result<ExitCode> {
    let before = peak_bytes();
    let config = DataConfig {
        path: Some(path.to_owned()),
        ..DataConfig::default()
    };
    let started = Instant::now();
    let bars = market::load(&config, None)?;
    let seconds = started.elapsed().as_secs_f64();
    let rows = bars.num_bars() as f64;
    let peak = peak_bytes()
        .zip(before)
        .map(|(after, before)| after.saturating_sub(before));
    out::json(&json!({
        "file": path.file_name().map(|name| name.to_string_lossy()),
        "symbols": bars.series.len(),
        "rows": bars.num_bars(),
        "seconds": seconds,
        "rows_per_s": rows / seconds,
        "peak_mb": peak.map(|bytes| bytes as f64 / 1e6),
        "bars_mb": rows * BAR_BYTES / 1e6,
        "peak_over_bars": peak.map(|bytes| bytes as f64 / (rows * BAR_BYTES)),
    }))?;
    Ok(ExitCode::SUCCESS)
}

/// The most memory that this process ever had resident; `None` where the system does not say.
pub(super) fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1024)
}

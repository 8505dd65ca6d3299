//! `bench scan`: classifying the trend of a universe, and what symbols, bars and lengths cost.
//!
//! A rise of the seconds means that an average or an equity became slower, or that something that was
//! in registers is written to memory. Each size is measured in a process of its own, so that its peak of
//! memory is its own.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;
use emberline::market::Bars;
use emberline::market::simulate::{SimulateConfig, Simulation, names};
use emberline::ops::atc::{Number, Table};
use emberline::trend::{self, TrendConfig};
use serde_json::{Map, Value, json};

use super::load::peak_bytes;
use super::{median, print_rows};
use crate::cli::Global;

/// Sizes that are measured unless others are named.
const PANELS: [Panel; 5] = [
    Panel::of(20, 500),
    Panel::of(99, 1_500),
    Panel::of(518, 1_500),
    Panel::of(500, 2_000),
    Panel::of(5_000, 2_000),
];

/// Base length of every average.
const LENGTH: i64 = 28;

const DAY_NS: i64 = 86_400_000_000_000;

/// Arguments of `bench scan`.
#[derive(Args, Debug)]
pub(crate) struct ScanArgs {
    /// Symbols and bars, as 500x2000; repeatable
    #[arg(long, value_name = "NxT", value_parser = panel)]
    panel: Vec<Panel>,
    /// What symbols, bars and lengths cost instead
    #[arg(long, conflicts_with = "panel")]
    scaling: bool,
    /// Measurements, of which the median counts
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    repeats: u32,
    /// A Python with numpy, to measure the same algorithm in the same run
    #[arg(long, value_name = "PYTHON", conflicts_with = "scaling")]
    peer: Option<PathBuf>,
    /// Measure one size in this process and print it
    #[arg(long, value_name = "NxTxL", value_parser = panel, hide = true)]
    child: Option<Panel>,
    /// For the child: float64 instead of float32
    #[arg(long, hide = true)]
    double: bool,
    /// For the child: every bar instead of the last
    #[arg(long, hide = true)]
    all: bool,
}

/// One size.
#[derive(Clone, Copy, Debug)]
struct Panel {
    symbols: usize,
    bars: usize,
    length: i64,
}

impl Panel {
    const fn of(symbols: usize, bars: usize) -> Self {
        Self {
            symbols,
            bars,
            length: LENGTH,
        }
    }
}

fn panel(text: &str) -> Result<Panel, String> {
    let wrong = || "it must be SYMBOLSxBARS, both above 0".to_owned();
    let numbers: Result<Vec<usize>, _> = text.split('x').map(str::parse).collect();
    let (symbols, bars, length) = match numbers.map_err(|_| wrong())?[..] {
        [symbols, bars] => (symbols, bars, LENGTH),
        [symbols, bars, length] => (symbols, bars, length as i64),
        _ => return Err(wrong()),
    };
    if symbols * bars == 0 {
        return Err(wrong());
    }
    Ok(Panel {
        length,
        ..Panel::of(symbols, bars)
    })
}

pub(crate) fn run(args: ScanArgs, global: &Global) -> anyhow::Result<ExitCode> {
    if let Some(panel) = args.child {
        crate::cli::out::line(json!(child(panel, &args)?))?;
        return Ok(ExitCode::SUCCESS);
    }
    let panels = if args.scaling {
        scaling()
    } else if args.panel.is_empty() {
        PANELS.to_vec()
    } else {
        args.panel.clone()
    };
    let mut rows = Vec::new();
    for panel in panels {
        for of_child in [&[][..], &["--double"], &["--all"], &["--double", "--all"]] {
            rows.push(measure(panel, &args, of_child, global)?);
            // What a size costs does not depend on what is written.
            if args.scaling {
                break;
            }
        }
        if let Some(python) = &args.peer {
            rows.push(peer(python, panel, &rows)?);
        }
    }
    print_rows(global, "cpu", &rows)?;
    Ok(ExitCode::SUCCESS)
}

fn scaling() -> Vec<Panel> {
    let mut panels: Vec<Panel> = [1, 8, 64, 512, 4_096]
        .map(|symbols| Panel::of(symbols, 2_000))
        .to_vec();
    panels.extend([500, 5_000, 50_000].map(|bars| Panel::of(64, bars)));
    panels.extend([7, 14, 28, 56, 112, 224].map(|length| Panel {
        length,
        ..Panel::of(64, 2_000)
    }));
    panels
}

/// One row, from a child process with the same number of threads.
fn measure(
    panel: Panel,
    args: &ScanArgs,
    of_child: &[&str],
    global: &Global,
) -> anyhow::Result<Map<String, Value>> {
    let mut command = Command::new(std::env::current_exe()?);
    if let Some(threads) = global.threads {
        command.args(["--threads", &threads.to_string()]);
    }
    let size = format!("{}x{}x{}", panel.symbols, panel.bars, panel.length);
    let output = command
        .args(["--quiet", "bench", "scan", "--child", &size, "--repeats"])
        .arg(args.repeats.to_string())
        .args(of_child)
        .output()
        .context("cannot start the measurement")?;
    anyhow::ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    serde_json::from_slice(&output.stdout).context("the measurement said nothing")
}

fn simulated(panel: Panel) -> anyhow::Result<Bars> {
    let config = SimulateConfig {
        symbols: names(panel.symbols),
        num_bars: panel.bars,
        interval_ns: DAY_NS,
        ..SimulateConfig::default()
    };
    Ok(Simulation::new(config)?.bars())
}

fn child(panel: Panel, args: &ScanArgs) -> anyhow::Result<Map<String, Value>> {
    let bars = simulated(panel)?;
    let config = TrendConfig {
        lengths: [panel.length; 6],
        ..TrendConfig::default()
    };
    // The peak so far is the simulation's; where the system does not forget it, the figure is too low.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    if args.double {
        one::<f64>("f64", &bars, &config, panel, args)
    } else {
        one::<f32>("f32", &bars, &config, panel, args)
    }
}

fn one<Y: Number>(
    precision: &str,
    bars: &Bars,
    config: &TrendConfig,
    panel: Panel,
    args: &ScanArgs,
) -> anyhow::Result<Map<String, Value>> {
    let keep = if args.all { usize::MAX } else { 1 };
    let before = peak_bytes();
    let mut seconds = Vec::new();
    let mut output_bytes = 0;
    let mut peak = None;
    // The first round warms up.
    for round in 0..=args.repeats {
        let start = Instant::now();
        let table: Table<Y> = trend::scan(bars, config, 0, keep)?;
        if round > 0 {
            seconds.push(start.elapsed().as_secs_f64());
        } else {
            peak = peak_bytes();
        }
        output_bytes = table.average.len() * (13 * size_of::<Y>() + 1);
    }
    let seconds = median(seconds);
    let beyond = before.zip(peak).map(|(before, peak)| {
        let grown = peak.saturating_sub(before) as f64;
        (grown - output_bytes as f64).max(0.0) / 1e6
    });
    let row = json!({
        "what": "emberline",
        "precision": precision,
        "bars_out": if args.all { "all" } else { "last" },
        "symbols": panel.symbols,
        "bars": panel.bars,
        "length": panel.length,
        "seconds": seconds,
        "ns_per_bar": 1e9 * seconds / (panel.symbols * panel.bars) as f64,
        "output_mb": output_bytes as f64 / 1e6,
        "memory_beyond_mb": beyond,
        "times_ours": Value::Null,
    });
    match row {
        Value::Object(row) => Ok(row),
        _ => Ok(Map::new()),
    }
}

/// The same algorithm in numpy on the same prices; its last averages are compared with ours.
fn peer(
    python: &Path,
    panel: Panel,
    ours: &[Map<String, Value>],
) -> anyhow::Result<Map<String, Value>> {
    let script = include_str!("../../../benches/peers/scan_numpy.py");
    let bars = simulated(panel)?;
    let table: Table<f64> = trend::scan(&bars, &TrendConfig::default(), 0, 1)?;
    let closes = bars.series.iter().flat_map(|series| &series.close);
    let bytes: Vec<u8> = closes
        .flat_map(|&price| f64::from(price).to_ne_bytes())
        .collect();
    let path = std::env::temp_dir().join(format!("emberline-bench-{}.f64", std::process::id()));
    std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    let output = Command::new(python)
        .args(["-c", script])
        .arg(&path)
        .args([panel.symbols, panel.bars, 1].map(|count| count.to_string()))
        .output()
        .with_context(|| format!("cannot run {}", python.display()));
    std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    let output = output?;
    anyhow::ensure!(
        output.status.success(),
        "benches/peers/scan_numpy.py failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let answer: Value = serde_json::from_slice(&output.stdout).context("the peer's answer")?;
    let seconds = answer["seconds"].as_f64().context("the peer's seconds")?;
    let averages = answer["averages"]
        .as_array()
        .context("the peer's averages")?;
    let apart = averages
        .iter()
        .zip(&table.average)
        .filter(|(theirs, ours)| {
            theirs
                .as_f64()
                .is_none_or(|theirs| (theirs - **ours).abs() > 1e-9)
        })
        .count();
    // The row of ours that does the same: float64, the last bar.
    let same = ours.iter().rev().find(|row| {
        row["precision"] == "f64" && row["bars_out"] == "last" && row["what"] == "emberline"
    });
    let ratio = same
        .and_then(|row| row["seconds"].as_f64())
        .map(|ours| seconds / ours);
    let version = answer["numpy"].as_str().unwrap_or("?");
    let row = json!({
        "what": format!("numpy {version}, {apart} of {} averages differ", panel.symbols),
        "precision": "f64",
        "bars_out": "all",
        "symbols": panel.symbols,
        "bars": panel.bars,
        "length": panel.length,
        "seconds": seconds,
        "ns_per_bar": 1e9 * seconds / (panel.symbols * panel.bars) as f64,
        "output_mb": Value::Null,
        "memory_beyond_mb": Value::Null,
        "times_ours": ratio,
    });
    match row {
        Value::Object(row) => Ok(row),
        _ => Ok(Map::new()),
    }
}

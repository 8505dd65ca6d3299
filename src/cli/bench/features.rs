//! `bench features`: indicators over many symbols, and the ratio against TA-Lib.
//!
//! A rise of the seconds means that an indicator, a scan or a rolling operation became slower.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::Context as _;
use burn::tensor::Device;
use clap::Args;
use serde_json::{Map, Value, json};

use emberline::device::{largest_binding_bytes, transfer};
use emberline::features::{FeatureContext, FeatureSet, Preset, compute};
use emberline::market::simulate::{SimulateConfig, Simulation, names};
use emberline::market::{Bars, upload};

use super::{median, print_rows};
use crate::cli::Global;

/// Arguments of `bench features`.
#[derive(Args, Debug)]
pub(crate) struct FeaturesArgs {
    /// Simulated symbols
    #[arg(long, default_value_t = 30)]
    symbols: usize,
    /// One-minute bars per symbol
    #[arg(long, default_value_t = 7_800)]
    bars: usize,
    /// Measurements, of which the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    repeats: u32,
    /// A Python with numpy and TA-Lib, to measure against in the same run
    #[arg(long, value_name = "PYTHON")]
    peer: Option<PathBuf>,
}

/// Members of neither `core111` nor `base`.
const OTHERS: &str = "EMA_12,EMA_48,EMA_288,RSI_7,RSI_9,RSI_21,RSI_25,ATR_7,ATR_10,ATR_20,ATR_30,\
    NATR_14,TRANGE,MACD_12_26_9,MACD_12_26_9_MACDSIGNAL,MACD_12_26_9_MACDHIST,\
    BBANDS_20_2_2_UPPERBAND,BBANDS_20_2_2_MIDDLEBAND,BBANDS_20_2_2_LOWERBAND,STDDEV_10_1,\
    STDDEV_15_1,STDDEV_20_1,STDDEV_30_1,STDDEV_50_1,MOM_10,ROC_10";

/// What TA-Lib has, as `features_talib.py` computes it.
const TALIB: &str = "SMA_10,SMA_20,SMA_50,SMA_200,EMA_12,EMA_48,EMA_288,RSI_7,RSI_9,RSI_14,RSI_21,\
    RSI_25,ATR_7,ATR_10,ATR_14,ATR_20,ATR_30,NATR_14,TRANGE,MACD_12_26_9,\
    MACD_12_26_9_MACDSIGNAL,MACD_12_26_9_MACDHIST,BBANDS_20_2_2_UPPERBAND,\
    BBANDS_20_2_2_MIDDLEBAND,BBANDS_20_2_2_LOWERBAND,STDDEV_10_1,STDDEV_15_1,STDDEV_20_1,\
    STDDEV_30_1,STDDEV_50_1,MOM_10,ROC_10,OBV";

const MINUTE_NS: i64 = 60_000_000_000;

pub(crate) fn run(args: FeaturesArgs, global: &Global) -> anyhow::Result<ExitCode> {
    let selection = global.open_device()?;
    let config = SimulateConfig {
        symbols: names(args.symbols),
        num_bars: args.bars,
        interval_ns: MINUTE_NS,
        ..SimulateConfig::default()
    };
    let bars = Simulation::new(config)?.bars();
    let context = FeatureContext::from(&bars);
    let everything = FeatureSet::resolve(&everything(&context), &context)?;
    let talib = FeatureSet::resolve(TALIB, &context)?;
    let mut rows = Vec::new();
    let mut ours = 0.0;
    for (what, set) in [("all members", &everything), ("TA-Lib's members", &talib)] {
        let (upload, computing) = measure(&bars, set, &selection.device, args.repeats)?;
        ours = computing;
        rows.push(row(what, &args, set.len(), Some(upload), computing, None));
    }
    if let Some(python) = &args.peer {
        let (seconds, columns, version) = peer(python, &bars, args.repeats)?;
        anyhow::ensure!(
            columns == talib.len(),
            "the peer computed {columns} columns, not {}",
            talib.len()
        );
        let what = format!("TA-Lib {version} through Python");
        rows.push(row(
            &what,
            &args,
            columns,
            None,
            seconds,
            Some(seconds / ours),
        ));
    }
    print_rows(global, &selection.name, &rows)?;
    Ok(ExitCode::SUCCESS)
}

fn everything(context: &FeatureContext) -> String {
    let core = Preset::Core111
        .columns(context)
        .into_iter()
        .map(|(name, _)| name);
    let bands = ["SESSION", "DAILY", "WEEKLY", "MONTHLY"].map(|anchor| {
        ["U1", "L1", "U2", "L2", "U3", "L3"]
            .map(|band| format!("AVWAP_{anchor}_{band}"))
            .join(",")
    });
    let core: Vec<String> = core.collect();
    ["base", &core.join(","), &bands.join(","), OTHERS].join(",")
}

/// Median seconds of uploading the bars, and of computing once they are there.
fn measure(
    bars: &Bars,
    set: &FeatureSet,
    device: &Device,
    repeats: u32,
) -> anyhow::Result<(f64, f64)> {
    let (mut uploads, mut computings) = (Vec::new(), Vec::new());
    // The first round warms up: kernels, pools, caches.
    for round in 0..=repeats {
        let start = Instant::now();
        let limit = largest_binding_bytes(device);
        let blocks = upload::upload(bars, &set.required_columns(), set.len(), limit, device)?;
        device.sync()?;
        let uploaded = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let features: Vec<_> = blocks.iter().map(|block| compute(set, block)).collect();
        device.sync()?;
        let computed = start.elapsed().as_secs_f64();
        // One value read back, so that nothing was optimised away.
        for features in features {
            transfer::to_host(features.slice([0..1, 0..1, 0..1]));
        }
        if round > 0 {
            uploads.push(uploaded);
            computings.push(computed);
        }
    }
    Ok((median(uploads), median(computings)))
}

fn row(
    what: &str,
    args: &FeaturesArgs,
    columns: usize,
    upload: Option<f64>,
    seconds: f64,
    ratio: Option<f64>,
) -> Map<String, Value> {
    let values = (args.symbols * args.bars * columns) as f64;
    let row = json!({
        "what": what,
        "symbols": args.symbols,
        "bars": args.bars,
        "columns": columns,
        "upload_s": upload,
        "seconds": seconds,
        "values_per_us": values / seconds / 1e6,
        "times_ours": ratio,
    });
    match row {
        Value::Object(row) => row,
        _ => Map::new(),
    }
}

/// Median seconds, number of columns and version of TA-Lib in `python`.
fn peer(python: &Path, bars: &Bars, repeats: u32) -> anyhow::Result<(f64, usize, String)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/features_talib.py");
    let path = std::env::temp_dir().join(format!("emberline-bench-{}.f64", std::process::id()));
    let mut bytes = Vec::new();
    for series in &bars.series {
        for column in [
            &series.open,
            &series.high,
            &series.low,
            &series.close,
            &series.volume,
        ] {
            bytes.extend(
                column
                    .iter()
                    .flat_map(|&value| f64::from(value).to_ne_bytes()),
            );
        }
    }
    std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    let num_bars = bars
        .series
        .iter()
        .map(emberline::market::Series::len)
        .max()
        .unwrap_or(0);
    let output = Command::new(python)
        .arg(&script)
        .arg(&path)
        .args([bars.series.len(), num_bars, repeats as usize].map(|count| count.to_string()))
        .output()
        .with_context(|| format!("cannot run {}", python.display()));
    std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    let output = output?;
    anyhow::ensure!(
        output.status.success(),
        "{} failed: {}",
        script.display(),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let document: Value = serde_json::from_slice(&output.stdout).context("the peer's answer")?;
    let seconds = document["seconds"]
        .as_f64()
        .context("no seconds in the peer's answer")?;
    let columns = document["columns"]
        .as_u64()
        .context("no columns in the peer's answer")?;
    let version = document["talib"].as_str().unwrap_or("?").to_owned();
    Ok((seconds, usize::try_from(columns)?, version))
}

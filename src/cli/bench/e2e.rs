//! `bench e2e`: bars to a trained epoch. A regression here is one that every user feels.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use clap::Args;
use emberline::device::Selection;
use emberline::market::Series;
use emberline::run::{self, RunConfig};
use emberline::training::{Plan, Progress, Reading};
use serde_json::{Map, Value, json};

use super::{median, print_rows};
use crate::cli::{BarsArgs, Global};

/// The same job with TA-Lib and `PyTorch`.
const PEER: &str = include_str!("../../../benches/peers/e2e_torch.py");

/// Arguments of `bench e2e`.
#[derive(Args, Debug)]
pub(crate) struct E2eArgs {
    #[command(flatten)]
    bars: BarsArgs,
    /// What the model sees
    #[arg(long, default_value = "base")]
    features: String,
    /// H
    #[arg(long, default_value_t = 64)]
    hidden: u32,
    /// LSTM layers
    #[arg(long, default_value_t = 1)]
    layers: u32,
    /// Bars of a window
    #[arg(long, default_value_t = 60)]
    window: u32,
    /// Windows per step
    #[arg(long, default_value_t = 256)]
    batch_size: u32,
    /// Times to run it; the row holds medians
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    repeats: u32,
    /// A Python with TA-Lib, pandas and torch: does the same job in the same run
    #[arg(long, value_name = "PYTHON")]
    peer: Option<PathBuf>,
}

/// One pass, in seconds.
#[derive(Default)]
#[allow(clippy::struct_field_names, reason = "units stand in names")]
struct Pass {
    load_s: f64,
    prepare_s: f64,
    train_s: f64,
    total_s: f64,
}

/// Sizes, the same in every pass.
struct Sizes {
    symbols: usize,
    bars: usize,
    features: usize,
    windows: u64,
}

pub(crate) fn run(args: E2eArgs, global: &Global) -> anyhow::Result<ExitCode> {
    let config = configuration(&args, global)?;
    let selection = global.open_device()?;
    let (mut passes, mut sizes) = (Vec::new(), None);
    for _ in 0..args.repeats {
        let (pass, own) = pass(&config, &selection)?;
        passes.push(pass);
        sizes = Some(own);
    }
    let sizes = sizes.context("at least one pass")?;
    let of = |seconds: fn(&Pass) -> f64| median(passes.iter().map(seconds).collect());
    let train_s = of(|pass| pass.train_s);
    let (load_s, prepare_s, total_s) = (
        of(|pass| pass.load_s),
        of(|pass| pass.prepare_s),
        of(|pass| pass.total_s),
    );
    let mut rows = vec![row(json!({
        "program": format!("emberline {}", env!("CARGO_PKG_VERSION")),
        "symbols": sizes.symbols,
        "bars": sizes.bars,
        "features": sizes.features,
        "hidden": args.hidden,
        "window": args.window,
        "batch": args.batch_size,
        "windows": sizes.windows,
        "start_s": 0.0,
        "load_s": load_s,
        "prepare_s": prepare_s,
        "train_s": train_s,
        "rest_s": total_s - load_s - prepare_s - train_s,
        "total_s": total_s,
        "windows_per_s": sizes.windows as f64 / train_s,
    }))];
    if let Some(python) = &args.peer {
        rows.push(peer(&args, python, &config)?);
    }
    print_rows(global, &selection.name, &rows)?;
    Ok(ExitCode::SUCCESS)
}

fn row(document: Value) -> Map<String, Value> {
    match document {
        Value::Object(row) => row,
        _ => Map::new(),
    }
}

fn configuration(args: &E2eArgs, global: &Global) -> anyhow::Result<RunConfig> {
    let settings = [
        format!("features.set={}", args.features),
        format!("model.hidden={}", args.hidden),
        format!("model.layers={}", args.layers),
        format!("windows.length={}", args.window),
        format!("training.batch_size={}", args.batch_size),
        "target.horizons=1".to_owned(),
        "training.epochs=1".to_owned(),
        "training.checkpoint_every=1000000000".to_owned(),
        // Read once, at the end of the epoch (set below to the number of steps).
        "training.log_every=1000000000".to_owned(),
    ];
    let mut config = RunConfig::load(Some("demo"), &settings)?;
    args.bars.apply(&mut config.data);
    if let Some(seed) = global.seed {
        config.training.seed = seed;
    }
    Ok(config)
}

/// Times the steps: from the loop's begin to the read that waits for the last one.
#[derive(Default)]
struct Clock {
    begun: Option<Instant>,
    train_s: f64,
}

impl Progress for Clock {
    fn begin(&mut self, _: &Plan) {
        self.begun = Some(Instant::now());
    }

    fn reading(&mut self, _: &Reading) {
        self.train_s = self
            .begun
            .map_or(0.0, |begun| begun.elapsed().as_secs_f64());
    }
}

fn pass(config: &RunConfig, selection: &Selection) -> anyhow::Result<(Pass, Sizes)> {
    let folder = Folder::new()?;
    let start = Instant::now();
    let mut survey = run::survey(config.clone())?;
    survey.config.training.log_every = survey.steps_per_epoch() as u64;
    let load_s = start.elapsed().as_secs_f64();
    let prepared = run::prepare(&survey, &selection.device, None)?;
    let prepare_s = start.elapsed().as_secs_f64() - load_s;
    let features = prepared.set.len();
    let mut clock = Clock::default();
    let stop = Arc::new(AtomicUsize::new(0));
    let finished = run::train(
        &survey,
        prepared,
        selection,
        &folder.0.join("run"),
        stop,
        &mut clock,
    )?;
    let pass = Pass {
        load_s,
        prepare_s,
        train_s: clock.train_s,
        total_s: start.elapsed().as_secs_f64(),
    };
    let sizes = Sizes {
        symbols: survey.bars.series.len(),
        bars: survey.bars.series.iter().map(Series::len).sum(),
        features,
        windows: finished.outcome.summary().samples,
    };
    Ok((pass, sizes))
}

/// A temporary folder that goes when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("emberline-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path)
            .with_context(|| format!("cannot create `{}`", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A bench that leaves a folder behind has still measured.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn peer(
    args: &E2eArgs,
    python: &PathBuf,
    config: &RunConfig,
) -> anyhow::Result<Map<String, Value>> {
    let data = config
        .data
        .path
        .as_ref()
        .context("the peer reads a folder of Feather files: give --data")?;
    let mut child = Command::new(python)
        .args(["-W", "ignore", "-", "--data"])
        .arg(data)
        .args(["--threads", &rayon::current_num_threads().to_string()])
        .args([
            "--hidden",
            &args.hidden.to_string(),
            "--layers",
            &args.layers.to_string(),
        ])
        .args([
            "--window",
            &args.window.to_string(),
            "--batch-size",
            &args.batch_size.to_string(),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", python.display()))?;
    child
        .stdin
        .take()
        .context("a pipe to the peer")?
        .write_all(PEER.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(
        output.status.success(),
        "the peer `{}` failed: {}",
        python.display(),
        output.status
    );
    let text = String::from_utf8(output.stdout)?;
    let found: Value =
        serde_json::from_str(text.trim()).context("the peer printed no JSON line")?;
    let seconds = |name: &str| found[name].as_f64().unwrap_or(f64::NAN);
    let (load_s, train_s, total_s) = (seconds("load_s"), seconds("train_s"), seconds("total_s"));
    let prepare_s = seconds("features_s") + seconds("prepare_s");
    Ok(row(json!({
        "program": found["program"],
        "symbols": found["symbols"],
        "bars": found["bars"],
        "features": found["features"],
        "hidden": args.hidden,
        "window": args.window,
        "batch": args.batch_size,
        "windows": found["windows"],
        "start_s": seconds("imports_s"),
        "load_s": load_s,
        "prepare_s": prepare_s,
        "train_s": train_s,
        "rest_s": total_s - seconds("imports_s") - load_s - prepare_s - train_s,
        "total_s": total_s,
        "windows_per_s": found["windows_per_s"],
    })))
}

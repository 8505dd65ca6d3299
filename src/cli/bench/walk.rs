//! `bench walk-forward`: a walk against the same runs made one by one. A regression here means that
//! what runs share is computed again for each.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use clap::Args;
use emberline::run::{self, Fold, RunConfig};
use serde_json::{Map, Value, json};

use super::print_rows;
use crate::cli::{BarsArgs, Global};

/// Arguments of `bench walk-forward`.
#[derive(Args, Debug)]
pub(crate) struct WalkArgs {
    /// A TOML file, or a preset
    #[arg(long, value_name = "FILE or PRESET", default_value = "crypto-5m")]
    config: String,
    #[command(flatten)]
    bars: BarsArgs,
    /// Change one key; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Test spans
    #[arg(long, default_value_t = 5)]
    folds: usize,
    /// Seeds of each
    #[arg(long, default_value_t = 3)]
    seeds: usize,
}

pub(crate) fn run(args: WalkArgs, global: &Global) -> anyhow::Result<ExitCode> {
    let mut config = RunConfig::load(Some(&args.config), &args.set)?;
    args.bars.apply(&mut config.data);
    config.walk_forward.folds = args.folds;
    config.walk_forward.seeds = args.seeds;
    let survey = run::survey(config)?;
    let folds = run::folds(&survey)?;
    let selection = global.open_device()?;
    let folder = std::env::temp_dir().join(format!("emberline-bench-walk-{}", std::process::id()));
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("{}: cannot be made", folder.display()))?;
    let measured = measure(&folds, &args, &folder, global);
    std::fs::remove_dir_all(&folder)
        .with_context(|| format!("{}: cannot be removed", folder.display()))?;
    print_rows(global, &selection.name, &measured?)?;
    Ok(ExitCode::SUCCESS)
}

/// One row a way: the walk, the runs alone (`train`), and the runs with what a walk reports of each
/// (`train` and `evaluate`).
fn measure(
    folds: &[Fold],
    args: &WalkArgs,
    folder: &Path,
    global: &Global,
) -> anyhow::Result<Vec<Map<String, Value>>> {
    let walk_config = folder.join("walk.toml");
    let mut base = folds[0].survey.config.clone();
    let first = &folds[0].survey;
    // the folds' dates are the walk's own to find
    base.splits.train_start = None;
    base.splits.train_end = None;
    base.splits.validation_end = None;
    base.splits.test_end = None;
    base.splits.train_after_test = false;
    base.data.path = Some(first.data.clone());
    std::fs::write(&walk_config, base.to_toml())?;
    let walk_s = timed(
        global,
        &["walk-forward", "--config"],
        &[walk_config.clone(), "--run-dir".into(), folder.join("walk")],
    )?;
    let (mut train_s, mut evaluate_s) = (0.0, 0.0);
    for fold in folds {
        for seed in 0..args.seeds as u64 {
            let name = format!("{}-{seed}", fold.number);
            let mut config = fold.survey.config.clone();
            config.training.seed += seed;
            config.data.path = Some(first.data.clone());
            let path = folder.join(format!("{name}.toml"));
            std::fs::write(&path, config.to_toml())?;
            let run_dir = folder.join(&name);
            train_s += timed(
                global,
                &["train", "--config"],
                &[path, "--run-dir".into(), run_dir.clone()],
            )?;
            evaluate_s += timed(global, &["evaluate", "--checkpoint"], &[run_dir])?;
            global.say(format_args!(
                "run {name}: {train_s:.1} s of training so far"
            ));
        }
    }
    let runs = folds.len() * args.seeds;
    let row = |way: &str, seconds: f64| {
        let row = json!({
            "way": way,
            "folds": folds.len(),
            "seeds": args.seeds,
            "runs": runs,
            "seconds": seconds,
            "walk_over_it": walk_s / seconds,
        });
        match row {
            Value::Object(row) => row,
            _ => Map::new(),
        }
    };
    Ok(vec![
        row("walk-forward", walk_s),
        row("train, one by one", train_s),
        row("train and evaluate, one by one", train_s + evaluate_s),
    ])
}

/// Seconds of the program with these arguments, on the same device and threads.
fn timed(global: &Global, words: &[&str], paths: &[PathBuf]) -> anyhow::Result<f64> {
    let program = std::env::current_exe().context("the program's own path")?;
    let mut command = Command::new(program);
    command
        .args(words)
        .args(paths)
        .args(["--quiet", "--device", &global.device]);
    if let Some(threads) = global.threads {
        command.args(["--threads", &threads.to_string()]);
    }
    let began = Instant::now();
    let status = command.stdout(Stdio::null()).status()?;
    ensure!(
        status.success(),
        "`{} ..` ended with {status}",
        words.join(" ")
    );
    Ok(began.elapsed().as_secs_f64())
}

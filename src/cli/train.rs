//! `train`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use emberline::run::{self, RunConfig, Survey};
use emberline::training::{Outcome, stop};
use emberline::windows::Split;
use serde_json::{Value, json};

use super::progress::{Shown, bytes, interval, span};
use super::{BarsArgs, Global, out};

/// Arguments of `train`.
#[derive(Args, Debug)]
pub(crate) struct TrainArgs {
    /// A TOML file, or a preset: demo (the default), crypto-5m, daily-equities
    #[arg(long, value_name = "FILE or PRESET")]
    config: Option<String>,
    #[command(flatten)]
    bars: BarsArgs,
    /// Change one key, as in --set training.epochs=3; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The run's own folder [default: checkpoints/<utc>-<hash>]
    #[arg(long, value_name = "DIR")]
    run_dir: Option<PathBuf>,
    /// Print windows, splits and memory; open no device, write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(args: TrainArgs, global: &Global) -> anyhow::Result<ExitCode> {
    let config = configuration(&args, global)?;
    if let Some(run_dir) = &args.run_dir {
        run::check_free(run_dir)?;
    }
    let survey = run::survey(config)?;
    if args.dry_run {
        if global.json {
            out::json(&survey.document())?;
        } else {
            out::text(describe(&survey) + &survey.plan.text(SHOWN_SYMBOLS))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    global.say((describe(&survey) + &survey.plan.text(SHOWN_SYMBOLS)).trim_end());
    let run_dir = match args.run_dir {
        Some(run_dir) => run_dir,
        None => default_run_dir(&survey)?,
    };
    let stop = stop::install().context("cannot listen for signals")?;
    let selection = global.open_device()?;
    let prepared = run::prepare(&survey, &selection.device, None)?;
    say_features(&prepared, global);
    global.say(format_args!("run: {}", run_dir.display()));
    let mut shown = Shown::new(global, &survey.config.training.metric);
    let finished = run::train(&survey, prepared, &selection, &run_dir, stop, &mut shown)?;
    drop(shown);
    report(&finished, &survey.data, &run_dir, global)
}

/// Symbols of which the table of splits shows each row.
const SHOWN_SYMBOLS: usize = 20;

fn configuration(args: &TrainArgs, global: &Global) -> anyhow::Result<RunConfig> {
    let mut config = RunConfig::load(Some(args.config.as_deref().unwrap_or("demo")), &args.set)?;
    args.bars.apply(&mut config.data);
    if let Some(seed) = global.seed {
        config.training.seed = seed;
    }
    Ok(config)
}

/// `checkpoints/<utc>-<hash of the configuration and the bars>`.
pub(crate) fn default_run_dir(survey: &Survey) -> anyhow::Result<PathBuf> {
    use sha2::{Digest as _, Sha256};
    let now = chrono::Utc::now().format("%Y%m%dT%H%M%SZ");
    let mut hash = Sha256::new();
    hash.update(survey.config.to_toml());
    hash.update(survey.bars.fingerprint());
    let hash = hash.finalize();
    let short = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
    let first = Path::new("checkpoints").join(format!("{now}-{short:08x}"));
    // Two runs of the same configuration in the same second.
    let mut folder = first.clone();
    for number in 2.. {
        if !folder.exists() {
            break;
        }
        folder = first.with_file_name(format!("{now}-{short:08x}-{number}"));
    }
    run::check_free(&folder)?;
    Ok(folder)
}

/// Bars, features, windows and memory of a run, a line each.
pub(crate) fn describe(survey: &Survey) -> String {
    let (config, bars, plan) = (&survey.config, &survey.bars, &survey.plan);
    let rows: usize = bars.series.iter().map(emberline::market::Series::len).sum();
    let filled: usize = bars
        .series
        .iter()
        .map(|one| one.filled.iter().filter(|filled| **filled).count())
        .sum();
    let mut lines = vec![format!(
        "bars: {} symbols, {rows} bars of {} ({filled} filled in), calendar {}, gaps {}, {}",
        bars.series.len(),
        interval(bars.interval_ns),
        bars.calendar,
        bars.gaps,
        if bars.adjusted {
            "prices adjusted"
        } else {
            "prices as they are"
        }
    )];
    lines.extend(bars.notes.iter().map(|note| format!("bars: {note}")));
    let names = survey.set.names();
    lines.push(format!(
        "features: {} ({}), memory {} bars",
        names.len(),
        names.join(" "),
        survey.set.memory_bars()
    ));
    lines.extend(
        survey
            .dropped
            .iter()
            .map(|dropped| format!("features: left out: {dropped}")),
    );
    let count = |split| plan.total(split).windows;
    lines.push(format!(
        "windows: {} bars, {} ahead; {} train, {} validation, {} test; {} steps of {} an epoch",
        config.windows.length,
        config
            .target
            .horizons
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" and "),
        count(Split::Train),
        count(Split::Validation),
        count(Split::Test),
        survey.steps_per_epoch(),
        config.training.batch_size,
    ));
    let memory = &survey.memory;
    lines.push(format!(
        "memory on the device: {} (features {}, labels {}, columns {}, index tables {}, a batch {}) and the model's own",
        bytes(memory.total()),
        bytes(memory.features),
        bytes(memory.labels),
        bytes(memory.columns),
        bytes(memory.tables),
        bytes(memory.batch),
    ));
    lines.join("\n") + "\n"
}

pub(crate) fn say_features(prepared: &run::Prepared, global: &Global) {
    for dropped in &prepared.dropped {
        global.say(format_args!("features: left out: {dropped}"));
    }
    let names = prepared.set.names();
    if !prepared.dropped.is_empty() {
        let count = names.len();
        global.say(format_args!(
            "features: the model sees {count}: {}",
            names.join(" ")
        ));
    }
}

/// What came of a run: the report on stdout, the rest on stderr, the exit code of the signal.
pub(crate) fn report(
    finished: &run::Finished,
    data: &Path,
    run_dir: &Path,
    global: &Global,
) -> anyhow::Result<ExitCode> {
    let summary = finished.outcome.summary();
    let traffic = &summary.traffic;
    global.say(format_args!(
        "bytes: {} up, {} down; inside the loop {} up, {} down (steps {}, log {}, validation {}, checkpoints {})",
        bytes(traffic.bytes_up),
        bytes(traffic.bytes_down),
        bytes(traffic.loop_bytes_up),
        bytes(traffic.loop_bytes_down),
        bytes(traffic.step_bytes_down),
        bytes(traffic.log_bytes_down),
        bytes(traffic.validation_bytes_down),
        bytes(traffic.checkpoint_bytes_down),
    ));
    let folder = run_dir.display();
    let (end, code) = match &finished.outcome {
        Outcome::Finished(_) => ("finished", ExitCode::SUCCESS),
        Outcome::StoppedEarly(_) => ("stopped_early", ExitCode::SUCCESS),
        Outcome::Interrupted { signal, .. } => (
            "interrupted",
            ExitCode::from(u8::try_from(128 + signal).unwrap_or(1)),
        ),
    };
    global.say(format_args!(
        "{}: step {}, epoch {} of {}, {} windows in {} ({:.0} windows/s), checkpoint {}",
        end.replace('_', " "),
        summary.state.step,
        summary.state.epoch,
        summary.state.epochs,
        summary.samples,
        span(summary.elapsed_s),
        summary.samples as f64 / summary.elapsed_s.max(1e-9),
        summary.checkpoint.display(),
    ));
    if global.json {
        out::json(&json!({
            "run": run_dir,
            "end": end,
            "checkpoint": summary.checkpoint,
            "step": summary.state.step,
            "epoch": summary.state.epoch,
            "best": summary.state.best,
            "samples": summary.samples,
            "elapsed_s": summary.elapsed_s,
            "bytes": {
                "up": traffic.bytes_up,
                "down": traffic.bytes_down,
                "loop_up": traffic.loop_bytes_up,
                "loop_down": traffic.loop_bytes_down,
                "step_down": traffic.step_bytes_down,
            },
            "validation": finished.validation.as_ref().map_or(Value::Null, |validation| json!(validation)),
        }))?;
    } else if let Some(validation) = &finished.validation {
        if let Some(best) = &summary.state.best {
            out::line(format_args!(
                "validation of the best epoch ({}, step {})",
                best.epoch, best.step
            ))?;
        }
        out::text(validation.text())?;
    }
    if let Outcome::Interrupted { .. } = finished.outcome {
        global.say(format_args!("go on with: emberline resume {folder}"));
    } else {
        global.say(format_args!(
            "score with: emberline score --checkpoint {folder} --data {}",
            data.display()
        ));
        global.say(format_args!(
            "train longer with: emberline resume {folder} --epochs {}",
            2 * summary.state.epochs
        ));
    }
    Ok(code)
}

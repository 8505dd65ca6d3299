//! `walk-forward`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;
use emberline::device::{Kind, Selection};
use emberline::run::ledger::{self, Look};
use emberline::run::{self, Fold, FoldResult, Pooled, RunConfig, Survey, Walk, WalkOptions};
use emberline::training::stop;
use emberline::windows::Split;
use serde_json::{Value, json};

use super::evaluation::date;
use super::walk_progress::WalkShown;
use super::{BarsArgs, Global, evaluation, out, report_file};

/// Arguments of `walk-forward`.
#[derive(Args, Debug)]
pub(crate) struct WalkForwardArgs {
    /// A TOML file, or a preset: demo (the default), crypto-5m, daily-equities
    #[arg(long, value_name = "FILE or PRESET")]
    config: Option<String>,
    #[command(flatten)]
    bars: BarsArgs,
    /// Change one key, as in --set training.epochs=3; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Test spans, one behind the other [default: the configuration's]
    #[arg(long, value_name = "N")]
    folds: Option<usize>,
    /// Runs of each fold, with seeds one behind the other [default: the configuration's]
    #[arg(long, value_name = "N")]
    seeds: Option<usize>,
    /// The walk's own folder; one that was interrupted goes on [default: checkpoints/<utc>-<hash>]
    #[arg(long, value_name = "DIR")]
    run_dir: Option<PathBuf>,
    /// Runs at the same time, each on its share of the threads [default: one a thread on the CPU]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Write a report with pictures: one file that needs no network
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Print folds, spans and windows; open no device, write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(args: WalkForwardArgs, global: &Global) -> anyhow::Result<ExitCode> {
    report_file::check(args.report.as_deref())?;
    let config = configuration(&args, global)?;
    let survey = run::survey(config)?;
    let folds = run::folds(&survey)?;
    if args.dry_run {
        if global.json {
            let folds: Vec<Value> = folds.iter().map(spans).collect();
            out::json(&json!({ "folds": folds }))?;
        } else {
            out::text(table(&folds))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    global.say((super::train::describe(&survey) + &table(&folds)).trim_end());
    let run_dir = match &args.run_dir {
        Some(run_dir) => run_dir.clone(),
        None => super::train::default_run_dir(&survey)?,
    };
    run::claim_walk(&survey, &run_dir)?;
    let stop = stop::install().context("cannot listen for signals")?;
    let selection = global.open_device()?;
    let began = Instant::now();
    let inputs = run::inputs(&survey, &survey.set, &selection.device)?;
    global.say(format_args!("walk: {}", run_dir.display()));
    let walk = &survey.config.walk_forward;
    let num_runs = folds.len() * walk.seeds;
    let shown = WalkShown::new(global, num_runs, &survey.config.training.metric);
    let walked = run::walk(
        &folds,
        &inputs,
        &selection,
        &WalkOptions {
            run_dir: &run_dir,
            jobs: jobs(args.jobs, &selection),
            stop,
            on: &|event| shown.on(event),
        },
    )?;
    drop(shown);
    match walked {
        Walk::Interrupted(signal) => {
            global.say(format_args!(
                "interrupted; the same command with --run-dir {} goes on",
                run_dir.display()
            ));
            Ok(ExitCode::from(u8::try_from(128 + signal).unwrap_or(1)))
        }
        Walk::Finished(results) => Finished {
            survey: &survey,
            results: &results,
            run_dir: &run_dir,
            selection: &selection,
            walk_s: began.elapsed().as_secs_f64(),
        }
        .report(args.report.as_deref(), global),
    }
}

/// The configuration with the flags over it.
fn configuration(args: &WalkForwardArgs, global: &Global) -> anyhow::Result<RunConfig> {
    let mut set = args.set.clone();
    let flags = [
        ("walk_forward.folds", args.folds),
        ("walk_forward.seeds", args.seeds),
    ];
    for (key, value) in flags {
        set.extend(value.map(|value| format!("{key}={value}")));
    }
    let mut config = RunConfig::load(Some(args.config.as_deref().unwrap_or("demo")), &set)?;
    args.bars.apply(&mut config.data);
    if let Some(seed) = global.seed {
        config.training.seed = seed;
    }
    Ok(config)
}

/// Runs at the same time: on the CPU one for each thread, since a run's small steps leave threads
/// waiting for each other; on a GPU one.
pub(crate) fn jobs(asked: Option<u16>, selection: &Selection) -> usize {
    match (selection.kind, asked) {
        (Kind::Cpu, Some(jobs)) => usize::from(jobs),
        (Kind::Cpu, None) => rayon::current_num_threads(),
        _ => 1,
    }
}

/// Spans and windows of every fold.
pub(crate) fn table(folds: &[Fold]) -> String {
    let mut rows = Vec::new();
    for fold in folds {
        for split in Split::ALL {
            let total = fold.survey.plan.total(split);
            rows.push(vec![
                format!("fold {} {split}", fold.number),
                total.first.map_or_else(|| "-".to_owned(), date),
                total.last.map_or_else(|| "-".to_owned(), date),
                total.windows.to_string(),
                total.purged.to_string(),
            ]);
        }
    }
    out::table(&["span", "first", "last", "windows", "purged"], &rows)
}

/// A walk that went to its end.
struct Finished<'a> {
    survey: &'a Survey,
    results: &'a [FoldResult],
    run_dir: &'a Path,
    selection: &'a Selection,
    /// Features, training and forecasts of all runs of this process.
    walk_s: f64,
}

impl Finished<'_> {
    fn report(&self, file: Option<&Path>, global: &Global) -> anyhow::Result<ExitCode> {
        let (survey, results, run_dir) = (self.survey, self.results, self.run_dir);
        let pooled = Pooled::test(results);
        let began = Instant::now();
        let measured = pooled.measure(survey, None, &self.selection.device);
        let measured_s = began.elapsed().as_secs_f64();
        let models = pooled.seeds.len();
        let look = Look::now("walk-forward", &survey.bars, &pooled.outcomes, models);
        let looks = ledger::record(run_dir, &look)?;
        let document = json!({
            "run": run_dir,
            "folds": results.iter().map(fold).collect::<Vec<_>>(),
            "seeds": pooled.seeds,
            "looks_at_test": looks.len(),
            "evaluation": measured,
        });
        let path = run_dir.join("evaluation.json");
        std::fs::write(&path, serde_json::to_string_pretty(&document)? + "\n")
            .with_context(|| format!("{}: cannot be written", path.display()))?;
        if global.json {
            out::json(&document)?;
        } else {
            let folds = results.len();
            out::line(format_args!(
                "test windows of {folds} folds, {models} seeds"
            ))?;
            out::text(evaluation::text(&measured))?;
        }
        super::evaluate::say_looks(&looks, global);
        global.say(format_args!("every number is in {}", path.display()));
        if let Some(file) = file {
            let title = format!("Walk forward: {}", run_dir.display());
            let mut inputs = run::report_inputs(title, survey, &measured);
            inputs.folds = results
                .iter()
                .map(|result| {
                    let name = format!("fold {}", result.fold.number);
                    run::fold_spans(name, &result.fold.survey.plan)
                })
                .collect();
            inputs.curves = results
                .iter()
                .flat_map(|result| &result.runs)
                .map(|run| run::learning_curve(Some(run.job.fold), run.job.seed, &run.state))
                .collect();
            inputs.timings = vec![
                ("features, training and forecasts".to_owned(), self.walk_s),
                ("scores, backtests and intervals".to_owned(), measured_s),
            ];
            report_file::write(inputs, &looks, self.selection, file, global)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A fold's spans.
fn spans(fold: &Fold) -> Value {
    let plan = &fold.survey.plan;
    let span = |split: Split| {
        let total = plan.total(split);
        json!({
            "windows": total.windows,
            "purged": total.purged,
            "first": total.first.map(date),
            "last": total.last.map(date),
        })
    };
    json!({
        "fold": fold.number,
        "train": span(Split::Train),
        "validation": span(Split::Validation),
        "test": span(Split::Test),
    })
}

/// A fold's spans and runs.
fn fold(result: &FoldResult) -> Value {
    let runs = result.runs.iter().map(|run| {
        json!({
            "seed": run.job.seed,
            "run": run.run_dir,
            "best": run.state.best,
            "epochs": run.state.epoch,
            "elapsed_s": run.elapsed_s,
        })
    });
    let mut document = spans(&result.fold);
    document["runs"] = runs.collect();
    document
}

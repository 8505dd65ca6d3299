//! `sweep`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use emberline::run::ledger::{self, Look};
use emberline::run::{self, RunConfig, SweepEnd, SweepOptions, Swept, Trial};
use emberline::training::stop;
use serde_json::json;

use super::walk_progress::WalkShown;
use super::{BarsArgs, Global, evaluation, out, report, walk_forward};

/// Arguments of `sweep`.
#[derive(Args, Debug)]
pub(crate) struct SweepArgs {
    /// A TOML file, or a preset: demo (the default), crypto-5m, daily-equities
    #[arg(long, value_name = "FILE or PRESET")]
    config: Option<String>,
    #[command(flatten)]
    bars: BarsArgs,
    /// Change one key for all trials; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Values of one key, as in --grid model.hidden=32,64; may be repeated, all combinations are tried
    #[arg(long, value_name = "KEY=A,B", required = true)]
    grid: Vec<String>,
    /// Folds of each trial [default: the configuration's]
    #[arg(long, value_name = "N")]
    folds: Option<usize>,
    /// Seeds of each fold [default: the configuration's]
    #[arg(long, value_name = "N")]
    seeds: Option<usize>,
    /// The sweep's own folder; one that was interrupted goes on [default: checkpoints/<utc>-<hash>]
    #[arg(long, value_name = "DIR")]
    run_dir: Option<PathBuf>,
    /// Runs at the same time, each on its share of the threads [default: one a thread on the CPU]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Print the trials; open no device, write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(args: SweepArgs, global: &Global) -> anyhow::Result<ExitCode> {
    let trials = trials(&args, global)?;
    if args.dry_run && global.json {
        let trials: Vec<_> = trials.iter().map(|trial| &trial.settings).collect();
        out::json(&json!({ "trials": trials }))?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.dry_run {
        for trial in &trials {
            out::line(format_args!(
                "{}: {}",
                trial.number,
                trial.settings.join(" ")
            ))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    if trials
        .iter()
        .any(|trial| trial.config.data != trials[0].config.data)
    {
        return Err(report::refused(
            "the grid changes which bars are read",
            "keys of [data] are the same for all trials: set them with --set or their flags",
        ));
    }
    let survey = run::survey(trials[0].config.clone())?;
    global.say(super::train::describe(&survey).trim_end());
    let run_dir = match &args.run_dir {
        Some(run_dir) => run_dir.clone(),
        None => super::train::default_run_dir(&survey)?,
    };
    run::check_free(&run_dir)?;
    let stop = stop::install().context("cannot listen for signals")?;
    let selection = global.open_device()?;
    let walk = &survey.config.walk_forward;
    let (metric, runs) = (
        &survey.config.training.metric,
        trials.len() * walk.folds * walk.seeds,
    );
    global.say(format_args!(
        "sweep: {} trials of {} folds and {} seeds in {}",
        trials.len(),
        walk.folds,
        walk.seeds,
        run_dir.display()
    ));
    let shown = WalkShown::new(global, runs, metric);
    let ended = run::sweep(
        &trials,
        &survey.bars,
        &selection,
        &SweepOptions {
            run_dir: &run_dir,
            jobs: walk_forward::jobs(args.jobs, &selection),
            stop,
            begin: &|trial: &Trial| {
                shown.begin_trial(&format!(
                    "trial {} of {}: {}",
                    trial.number,
                    trials.len(),
                    trial.settings.join(" ")
                ));
            },
            on: &|event| shown.on(event),
        },
    )?;
    drop(shown);
    let swept = match ended {
        SweepEnd::Interrupted(signal) => {
            global.say(format_args!(
                "interrupted; the same command with --run-dir {} goes on",
                run_dir.display()
            ));
            return Ok(ExitCode::from(u8::try_from(128 + signal).unwrap_or(1)));
        }
        SweepEnd::Finished(swept) => swept,
    };
    let look = Look::now("sweep", &survey.bars, &swept.outcomes, 1);
    let looks = ledger::record(&run_dir, &look)?;
    let path = run_dir.join("sweep.json");
    let document = json!({ "run": run_dir, "looks_at_test": looks.len(), "sweep": swept });
    std::fs::write(&path, serde_json::to_string_pretty(&document)? + "\n")
        .with_context(|| format!("{}: cannot be written", path.display()))?;
    if global.json {
        out::json(&document)?;
    } else {
        out::text(text(&swept))?;
    }
    super::evaluate::say_looks(&looks, global);
    global.say(format_args!("every number is in {}", path.display()));
    Ok(ExitCode::SUCCESS)
}

fn trials(args: &SweepArgs, global: &Global) -> anyhow::Result<Vec<Trial>> {
    let mut set = args.set.clone();
    let flags = [
        ("walk_forward.folds", args.folds),
        ("walk_forward.seeds", args.seeds),
    ];
    for (key, value) in flags {
        set.extend(value.map(|value| format!("{key}={value}")));
    }
    let source = args.config.as_deref().unwrap_or("demo");
    let change = |config: &mut RunConfig| {
        args.bars.apply(&mut config.data);
        if let Some(seed) = global.seed {
            config.training.seed = seed;
        }
    };
    Ok(run::trials(Some(source), &set, &args.grid, change)?)
}

/// The trials, what the choice is worth, and the best on its test windows.
fn text(swept: &Swept) -> String {
    let rows: Vec<Vec<String>> = swept
        .trials
        .iter()
        .enumerate()
        .map(|(index, trial)| {
            let number = |value: Option<f64>, digits: usize| {
                value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
            };
            vec![
                format!(
                    "{} {}{}",
                    trial.number,
                    trial.settings.join(" "),
                    if index == swept.best { " (best)" } else { "" }
                ),
                format!("{:.5}", trial.metric),
                number(trial.spread, 5),
                number(trial.sharpe, 2),
            ]
        })
        .collect();
    let mut text = format!(
        "validation windows of {} trials\n{}",
        swept.trials.len(),
        out::table(&["trial", &swept.metric, "sd", "Sharpe"], &rows)
    );
    if let Some(overfitting) = &swept.overfitting {
        text += &format!(
            "the best of one half of the bars is below the median in the other half in {:.0} % of the splits \
             (probability of backtest overfitting)\n",
            100.0 * overfitting.probability
        );
    }
    text + "\ntest windows of the best trial: " + &evaluation::text(&swept.test)
}

//! `evaluate`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, ValueEnum};
use emberline::checkpoint::{self, Checkpoint, Want};
use emberline::run::ledger::{self, Look};
use emberline::run::{self, Examination, ProofOptions};
use emberline::windows::Split;
use serde_json::json;

use super::{BarsArgs, Global, evaluation, out, report_file};

/// Arguments of `evaluate`.
#[derive(Args, Debug)]
pub(crate) struct EvaluateArgs {
    /// A checkpoint, or a run folder (its best)
    #[arg(long, value_name = "PATH")]
    checkpoint: PathBuf,
    #[command(flatten)]
    bars: BarsArgs,
    /// Which of the run's splits is measured; every look at the test span is counted
    #[arg(long, value_enum, default_value_t = Which::Test)]
    split: Which,
    /// Change one key of [backtest] or [costs], as in --set costs.bps=5; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Write a report with pictures: one file that needs no network
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Times that each feature is exchanged between windows for its importance [default: 3 with
    /// --report, else 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=100))]
    importance: Option<u16>,
    /// Instead of measuring, look for leaks: bars that must not matter become others, and nothing may
    /// move; exit code 3 if something does
    #[arg(long, conflicts_with_all = ["report", "importance", "set"])]
    prove_causal: bool,
    /// Random instants that --prove-causal tries
    #[arg(long, value_name = "N", default_value_t = 100, requires = "prove_causal",
          value_parser = clap::value_parser!(u16).range(1..=10_000))]
    instants: u16,
    /// The most epochs of the models that --prove-causal trains again
    #[arg(long, value_name = "N", default_value_t = 2, requires = "prove_causal",
          value_parser = clap::value_parser!(u16).range(1..))]
    proof_epochs: u16,
}

/// A split that can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    Validation,
    Test,
}

impl From<Which> for Split {
    fn from(which: Which) -> Self {
        match which {
            Which::Validation => Self::Validation,
            Which::Test => Self::Test,
        }
    }
}

pub(crate) fn run(args: EvaluateArgs, global: &Global) -> anyhow::Result<ExitCode> {
    report_file::check(args.report.as_deref())?;
    let folder = checkpoint::resolve(&args.checkpoint, Want::Best)?;
    let checkpoint = checkpoint::load(&folder)?;
    let mut examination = run::examine(&checkpoint, args.split.into(), |data| {
        args.bars.apply(data);
    })?;
    if args.prove_causal {
        return prove(&args, &checkpoint, &examination, global);
    }
    examination.survey.config = examination.survey.config.for_evaluation(&args.set)?;
    for note in &examination.survey.bars.notes {
        global.say(note);
    }
    for note in &examination.notes {
        global.say(format_args!("note: {note}"));
    }
    let selection = global.open_device()?;
    let mut timings = Vec::new();
    let mut clock = Instant::now();
    let mut lap = |name: &str| {
        timings.push((name.to_owned(), clock.elapsed().as_secs_f64()));
        clock = Instant::now();
    };
    let examined = examination.run(&checkpoint, &selection.device)?;
    lap("features, forecasts and baselines");
    let measured = examination.measure(&examined, &selection.device);
    lap("scores, backtests and intervals");
    let default = if args.report.is_some() { 3 } else { 0 };
    let repeats = args.importance.map_or(default, usize::from);
    let importance = examination.importance(&examined, repeats)?;
    lap("importance of features");
    let run_dir = checkpoint::run_folder_of(&folder);
    let looks = match examination.split {
        Split::Test => {
            let bars = &examination.survey.bars;
            let look = Look::now("evaluate", bars, &examined.outcomes, 1);
            ledger::record(&run_dir, &look)?
        }
        _ => ledger::looks(&run_dir)?,
    };
    if global.json {
        out::json(&json!({
            "checkpoint": folder,
            "step": checkpoint.manifest.state.step,
            "split": examination.split,
            "notes": examination.notes,
            "looks_at_test": looks.len(),
            "evaluation": measured,
            "importance": importance,
        }))?;
    } else {
        out::line(format_args!(
            "{} windows of step {} of `{}`",
            examination.split,
            checkpoint.manifest.state.step,
            folder.display()
        ))?;
        out::text(evaluation::text(&measured))?;
        if !importance.is_empty() {
            out::text(format_args!("\n{}", evaluation::importance(&importance)))?;
        }
    }
    say_looks(&looks, global);
    if let Some(path) = &args.report {
        let state = &checkpoint.manifest.state;
        let title = format!("Step {} of {}", state.step, run_dir.display());
        let mut inputs = run::report_inputs(title, &examination.survey, &measured);
        inputs.span = (examination.split != Split::Test).then(|| "validation windows".to_owned());
        inputs.notes.extend(examination.notes.iter().cloned());
        inputs.curves = vec![run::learning_curve(None, checkpoint.manifest.seed, state)];
        if !importance.is_empty() {
            let windows = examined.outcomes.samples.len().min(run::IMPORTANCE_WINDOWS);
            inputs.importance = Some(run::importance_table(&importance, windows, repeats));
        }
        inputs.timings = timings;
        report_file::write(inputs, &looks, &selection, path, global)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Looks for leaks; forecasts of the test span are compared with each other, never with what came.
fn prove(
    args: &EvaluateArgs,
    checkpoint: &Checkpoint,
    examination: &Examination,
    global: &Global,
) -> anyhow::Result<ExitCode> {
    for note in &examination.notes {
        global.say(format_args!("note: {note}"));
    }
    let selection = global.open_device()?;
    let options = ProofOptions {
        instants: usize::from(args.instants),
        epochs: u64::from(args.proof_epochs),
        seed: global.seed.unwrap_or_default(),
        ..ProofOptions::default()
    };
    let mut tell = |line: &str| global.say(line);
    let proof = run::prove(
        checkpoint,
        &examination.survey,
        &selection,
        &options,
        &mut tell,
    )?;
    if global.json {
        out::json(&json!({
            "checkpoint": checkpoint.path,
            "step": checkpoint.manifest.state.step,
            "notes": examination.notes,
            "holds": proof.holds(),
            "proof": proof,
        }))?;
    } else {
        out::text(proof.text())?;
    }
    Ok(if proof.holds() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(3)
    })
}

/// How often the test span was looked at.
pub(crate) fn say_looks(looks: &[Look], global: &Global) {
    let models: usize = looks.iter().map(|look| look.models).sum();
    if looks.len() > 1 {
        global.say(format_args!(
            "the test span was looked at {} times, with {models} models: each look makes the next one worth less",
            looks.len()
        ));
    }
}

//! The roof: one file per command, and what all of them share.
//!
//! - [`global`]: flags that every command takes
//! - [`bars_args`]: flags of the commands that read bars
//! - [`out`]: data on stdout; [`say`]: messages on stderr; [`report`]: errors and exit codes
//! - [`progress`]: bars on a terminal, plain lines in a pipe

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bars_args;
mod bench;
mod checkpoint;
mod completions;
mod config;
mod data;
mod data_check;
mod data_convert;
mod data_simulate;
mod evaluate;
mod evaluation;
mod export;
mod features;
mod follow;
mod global;
mod indicators;
mod out;
mod progress;
mod report;
mod report_file;
mod resume;
mod runs;
mod say;
mod scan;
mod score;
mod sweep;
mod train;
mod walk_forward;
mod walk_progress;

pub(crate) use bars_args::{BarsArgs, ReadingArgs};
pub(crate) use global::Global;

/// Trains price models on OHLCV bars that stay on the device: indicators, windows and an LSTM.
#[derive(Debug, Parser)]
#[command(
    name = "emberline",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train a model; without arguments, the demo on the sample that comes with the program
    Train(train::TrainArgs),
    /// Go on with a stopped run, exactly where it stopped
    Resume(resume::ResumeArgs),
    /// Forecast every bar that has a full window
    Score(score::ScoreArgs),
    /// Measure a checkpoint: scores, baselines, trading after costs, with intervals
    Evaluate(evaluate::EvaluateArgs),
    /// Train fold by fold and seed by seed, and measure on the test spans between
    WalkForward(walk_forward::WalkForwardArgs),
    /// Walk a grid of settings forward, choose on validation, measure the best on test
    Sweep(sweep::SweepArgs),
    /// Classify every symbol's trend by 54 averages and what they would have earned
    Scan(Box<scan::ScanArgs>),
    /// Compute indicators to a table
    Features(features::FeaturesArgs),
    /// Look indicators up: formula, inputs, parameters, unit, warm-up, memory, source
    Indicators(indicators::IndicatorsArgs),
    /// Check, convert or simulate bars
    Data(data::DataArgs),
    /// List, show and compare runs
    Runs(runs::RunsArgs),
    /// Look into a checkpoint
    Checkpoint(checkpoint::CheckpointArgs),
    /// Print the configuration: every key with its value, bounds and meaning
    Config(config::ConfigArgs),
    /// Write weights and everything needed to use them elsewhere
    Export(export::ExportArgs),
    /// Measure; prints the figures that the README quotes
    Bench(bench::BenchArgs),
    /// Print shell completions
    Completions(completions::CompletionsArgs),
}

impl Command {
    /// What did not happen, for the first line of an error.
    fn failed(&self) -> &'static str {
        match self {
            Self::Train(_) => "the model was not trained",
            Self::Resume(_) => "the run was not resumed",
            Self::Score(_) => "nothing was scored",
            Self::Evaluate(_) => "nothing was evaluated",
            Self::WalkForward(_) => "the walk did not end",
            Self::Scan(_) => "nothing was scanned",
            Self::Sweep(_) => "the sweep did not end",
            Self::Features(_) => "the features were not computed",
            Self::Indicators(_) => "the indicator was not shown",
            Self::Data(_) => "the bars were refused",
            Self::Runs(_) => "the runs were not shown",
            Self::Checkpoint(_) => "the checkpoint was not shown",
            Self::Config(_) => "the configuration was refused",
            Self::Export(_) => "nothing was exported",
            Self::Bench(_) => "the bench did not run",
            Self::Completions(_) => "no completions were printed",
        }
    }
}

/// Parses the command line, runs the command and reports what went wrong.
pub(crate) fn main() -> ExitCode {
    let Cli { global, command } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return report::usage(&error),
    };
    let failed = command.failed();
    let result = global.start().and_then(|()| match command {
        Command::Train(args) => train::run(args, &global),
        Command::Resume(args) => resume::run(args, &global),
        Command::Score(args) => score::run(args, &global),
        Command::Evaluate(args) => evaluate::run(args, &global),
        Command::WalkForward(args) => walk_forward::run(args, &global),
        Command::Scan(args) => scan::run(*args, &global),
        Command::Sweep(args) => sweep::run(args, &global),
        Command::Features(args) => features::run(args, &global),
        Command::Indicators(args) => indicators::run(args, &global),
        Command::Data(args) => data::run(args, &global),
        Command::Runs(args) => runs::run(args, &global),
        Command::Checkpoint(args) => checkpoint::run(args, &global),
        Command::Config(args) => config::run(args, &global),
        Command::Export(args) => export::run(args, &global),
        Command::Bench(args) => bench::run(args, &global),
        Command::Completions(args) => completions::run(args, &global),
    });
    match result {
        Ok(code) => code,
        Err(error) => report::error(failed, &error),
    }
}

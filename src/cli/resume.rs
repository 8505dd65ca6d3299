//! `resume`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use emberline::run::{self, ResumeOptions};
use emberline::training::stop;

use super::progress::Shown;
use super::{Global, report, train};

/// Arguments of `resume`.
#[derive(Args, Debug)]
pub(crate) struct ResumeArgs {
    /// A run folder (its latest checkpoint), or a checkpoint in it
    #[arg(value_name = "RUN or CHECKPOINT")]
    run: PathBuf,
    /// The new total of epochs; the schedule becomes another
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    epochs: Option<u64>,
    /// The bars, if they have moved; they must be the same
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// Accept these differences: data, features, catalogue, version or a configuration key
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    allow_drift: Vec<String>,
    /// If the checkpoint is damaged, take the one before it
    #[arg(long)]
    fallback: bool,
}

pub(crate) fn run(args: ResumeArgs, global: &Global) -> anyhow::Result<ExitCode> {
    if global.seed.is_some() {
        return Err(report::refused(
            "--seed cannot change in the middle of a run",
            "leave it out: the checkpoint holds the seed",
        ));
    }
    let options = ResumeOptions {
        epochs: args.epochs,
        data: args.data,
        allow_drift: args.allow_drift,
        fallback: args.fallback,
    };
    let resumable = run::open(&args.run, &options)?;
    for passed in &resumable.passed_over {
        global.say(format_args!("passed over: {passed}"));
    }
    for drift in &resumable.accepted {
        global.say(format_args!("accepted: {drift}"));
    }
    let state = &resumable.checkpoint.manifest.state;
    global.say(format_args!(
        "resuming {} at step {}, epoch {} of {}",
        resumable.checkpoint.path.display(),
        state.step,
        state.epoch,
        state.epochs
    ));
    let stored = &resumable.checkpoint.manifest;
    let threads = rayon::current_num_threads();
    if stored.threads != threads {
        global.say(format_args!(
            "note: the run was made with {} threads, this is {threads}: the same bits are promised for the same number",
            stored.threads
        ));
    }
    global.say(train::describe(&resumable.survey).trim_end());
    let stop = stop::install().context("cannot listen for signals")?;
    let selection = global.open_device()?;
    if stored.device != selection.name {
        global.say(format_args!(
            "note: the run was made on {}, this is {}",
            stored.device, selection.name
        ));
    }
    let prepared = resumable.prepare(&selection)?;
    train::say_features(&prepared, global);
    let run_dir = resumable.run_dir.clone();
    let data = resumable.survey.data.clone();
    let mut shown = Shown::new(global, &resumable.survey.config.training.metric);
    let finished = resumable.resume(prepared, &selection, stop, &mut shown)?;
    drop(shown);
    train::report(&finished, &data, &run_dir, global)
}

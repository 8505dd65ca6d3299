//! `resume RUN_OR_CHECKPOINT`.

use std::process::ExitCode;

use clap::Args;

use super::Global;

/// Arguments of `resume RUN_OR_CHECKPOINT`.
#[derive(Args, Debug)]
pub(crate) struct ResumeArgs {
    /// A run folder or a checkpoint in it
    run: std::path::PathBuf,
}

pub(crate) fn run(_args: ResumeArgs, _global: &Global) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not landed yet")
}

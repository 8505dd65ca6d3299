//! `score`.

use std::process::ExitCode;

use clap::Args;

use super::Global;

/// Arguments of `score`.
#[derive(Args, Debug)]
pub(crate) struct ScoreArgs {
    #[command(flatten)]
    pub(crate) bars: super::BarsArgs,
}

pub(crate) fn run(_args: ScoreArgs, _global: &Global) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not landed yet")
}

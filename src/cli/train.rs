//! `train`.

use std::process::ExitCode;

use clap::Args;

use super::Global;

/// Arguments of `train`.
#[derive(Args, Debug)]
pub(crate) struct TrainArgs {
    #[command(flatten)]
    pub(crate) bars: super::BarsArgs,
}

pub(crate) fn run(_args: TrainArgs, _global: &Global) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not landed yet")
}

//! `features`.

use std::process::ExitCode;

use clap::Args;

use super::Global;

/// Arguments of `features`.
#[derive(Args, Debug)]
pub(crate) struct FeaturesArgs {
    #[command(flatten)]
    pub(crate) bars: super::BarsArgs,
}

pub(crate) fn run(_args: FeaturesArgs, _global: &Global) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not landed yet")
}

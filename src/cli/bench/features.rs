//! `bench features`.

use std::process::ExitCode;

use clap::Args;

use crate::cli::Global;

/// Arguments of `bench features`.
#[derive(Args, Debug)]
pub(crate) struct FeaturesArgs {}

pub(crate) fn run(_args: FeaturesArgs, _global: &Global) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not landed yet")
}

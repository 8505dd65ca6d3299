//! `indicators list|show`.

use std::process::ExitCode;

use clap::Args;

use super::Global;

/// Arguments of `indicators list|show`.
#[derive(Args, Debug)]
pub(crate) struct IndicatorsArgs {}

pub(crate) fn run(_args: IndicatorsArgs, _global: &Global) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not landed yet")
}

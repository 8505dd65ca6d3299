//! `runs list|show|compare`.

use std::process::ExitCode;

use clap::Args;

use super::Global;

/// Arguments of `runs list|show|compare`.
#[derive(Args, Debug)]
pub(crate) struct RunsArgs {}

pub(crate) fn run(_args: RunsArgs, _global: &Global) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not landed yet")
}

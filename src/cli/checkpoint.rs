//! `checkpoint show`.

use std::process::ExitCode;

use clap::Args;

use super::Global;

/// Arguments of `checkpoint show`.
#[derive(Args, Debug)]
pub(crate) struct CheckpointArgs {}

pub(crate) fn run(_args: CheckpointArgs, _global: &Global) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not landed yet")
}

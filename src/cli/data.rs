//! `data check|convert|simulate`.

use std::process::ExitCode;

use clap::Args;

use super::Global;

/// Arguments of `data check|convert|simulate`.
#[derive(Args, Debug)]
pub(crate) struct DataArgs {}

pub(crate) fn run(_args: DataArgs, _global: &Global) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not landed yet")
}

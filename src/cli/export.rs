//! `export`.

use std::process::ExitCode;

use clap::Args;

use super::Global;

/// Arguments of `export`.
#[derive(Args, Debug)]
pub(crate) struct ExportArgs {}

pub(crate) fn run(_args: ExportArgs, _global: &Global) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not landed yet")
}

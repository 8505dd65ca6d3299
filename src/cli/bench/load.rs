//! `bench load`.

use std::process::ExitCode;

use clap::Args;

use crate::cli::Global;

/// Arguments of `bench load`.
#[derive(Args, Debug)]
pub(crate) struct LoadArgs {}

pub(crate) fn run(_args: LoadArgs, _global: &Global) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not landed yet")
}

//! `bench e2e`.

use std::process::ExitCode;

use clap::Args;

use crate::cli::Global;

/// Arguments of `bench e2e`.
#[derive(Args, Debug)]
pub(crate) struct E2eArgs {}

pub(crate) fn run(_args: E2eArgs, _global: &Global) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not landed yet")
}

//! `config show`.

use std::process::ExitCode;

use clap::Args;

use super::Global;

/// Arguments of `config show`.
#[derive(Args, Debug)]
pub(crate) struct ConfigArgs {}

pub(crate) fn run(_args: ConfigArgs, _global: &Global) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not landed yet")
}

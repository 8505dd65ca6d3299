//! `bench lstm`.

use std::process::ExitCode;

use clap::Args;

use crate::cli::Global;

/// Arguments of `bench lstm`.
#[derive(Args, Debug)]
pub(crate) struct LstmArgs {}

pub(crate) fn run(_args: LstmArgs, _global: &Global) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not landed yet")
}

//! `data check|convert|simulate`.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Global, data_check, data_convert, data_simulate};

/// Arguments of `data check|convert|simulate`.
#[derive(Args, Debug)]
pub(crate) struct DataArgs {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Debug, Subcommand)]
enum DataCommand {
    /// Look at bars: calendar, gaps, and what `train` would refuse (exit code 3)
    Check(data_check::CheckArgs),
    /// Write bars in another format, as one long table
    Convert(data_convert::ConvertArgs),
    /// Make bars with a signal of known strength
    Simulate(data_simulate::SimulateArgs),
}

pub(crate) fn run(args: DataArgs, global: &Global) -> anyhow::Result<ExitCode> {
    match args.command {
        DataCommand::Check(args) => data_check::run(args, global),
        DataCommand::Convert(args) => data_convert::run(args, global),
        DataCommand::Simulate(args) => data_simulate::run(args, global),
    }
}

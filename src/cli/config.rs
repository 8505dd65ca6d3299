//! `config show`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use emberline::run::RunConfig;

use super::{Global, out};

/// Arguments of `config`.
#[derive(Args, Debug)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print every key with its value, bounds and meaning, as TOML that can be run
    Show(ShowArgs),
}

#[derive(Args, Debug)]
struct ShowArgs {
    /// The defaults, not the demo that `train` runs by itself
    #[arg(long, conflicts_with = "config")]
    defaults: bool,
    /// A TOML file, or a preset: demo, crypto-5m, daily-equities
    #[arg(long, value_name = "FILE or PRESET")]
    config: Option<String>,
    /// Change one key; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

pub(crate) fn run(args: ConfigArgs, global: &Global) -> anyhow::Result<ExitCode> {
    let ConfigCommand::Show(args) = args.command;
    let source = match (&args.config, args.defaults) {
        (_, true) => None,
        (Some(config), false) => Some(config.as_str()),
        (None, false) => Some("demo"),
    };
    let mut config = RunConfig::load(source, &args.set)?;
    if let Some(seed) = global.seed {
        config.training.seed = seed;
    }
    if global.json {
        out::json(&config.to_table())?;
    } else {
        out::text(config.to_toml())?;
    }
    Ok(ExitCode::SUCCESS)
}

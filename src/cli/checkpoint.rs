//! `checkpoint show`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use emberline::checkpoint::{self, Want};

use super::{Global, out, runs};

/// Arguments of `checkpoint`.
#[derive(Args, Debug)]
pub(crate) struct CheckpointArgs {
    #[command(subcommand)]
    command: CheckpointCommand,
}

#[derive(Debug, Subcommand)]
enum CheckpointCommand {
    /// Verify a checkpoint's hashes and print what it says about itself
    Show {
        /// A checkpoint, or a run folder (its best)
        path: PathBuf,
    },
}

pub(crate) fn run(args: CheckpointArgs, global: &Global) -> anyhow::Result<ExitCode> {
    let CheckpointCommand::Show { path } = args.command;
    let checkpoint = checkpoint::load(&checkpoint::resolve(&path, Want::Best)?)?;
    if global.json {
        out::json(&checkpoint.manifest)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = runs::describe(&checkpoint.path, &checkpoint.manifest);
    let rows: Vec<Vec<String>> = checkpoint
        .weights
        .iter()
        .map(|(name, shape, values)| {
            let norm = values
                .iter()
                .map(|value| f64::from(*value).powi(2))
                .sum::<f64>()
                .sqrt();
            vec![name.clone(), format!("{shape:?}"), format!("{norm:.4}")]
        })
        .collect();
    text.push('\n');
    text.push_str(&out::table(&["weight", "shape", "norm"], &rows));
    out::text(text)?;
    Ok(ExitCode::SUCCESS)
}

//! `export`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use emberline::checkpoint::{self, Want};
use emberline::scoring;
use serde_json::json;

use super::{Global, out};

/// Arguments of `export`.
#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// A checkpoint, or a run folder (its best)
    #[arg(long, value_name = "PATH")]
    checkpoint: PathBuf,
    /// Folder for model.safetensors, model.json and features.toml
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(args: ExportArgs, global: &Global) -> anyhow::Result<ExitCode> {
    let folder = checkpoint::resolve(&args.checkpoint, Want::Best)?;
    let checkpoint = checkpoint::load(&folder)?;
    let exported = scoring::export(&checkpoint, &args.out)?;
    if global.json {
        out::json(&json!({
            "checkpoint": checkpoint.path,
            "weights": exported.weights,
            "description": exported.description,
            "features": exported.features,
        }))?;
    } else {
        out::line(exported.weights.display())?;
        out::line(exported.description.display())?;
        out::line(exported.features.display())?;
    }
    global.say(format_args!(
        "exported step {} of `{}`; examples/python shows how to use it",
        checkpoint.manifest.state.step,
        checkpoint.path.display()
    ));
    Ok(ExitCode::SUCCESS)
}

//! `data convert`: bars from one format to another.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use emberline::market;
use serde_json::json;

use super::{Global, ReadingArgs, out};

/// Arguments of `data convert`.
#[derive(Args, Debug)]
#[command(after_help = "\
Prices and volumes are kept as float32, about seven digits, which is what training uses. An
`adj close` is applied (--adjusted=false leaves prices as they are); it is not written itself.
Missing bars stay missing.")]
pub(crate) struct ConvertArgs {
    /// A table, or a folder with one file per symbol
    #[arg(value_name = "IN")]
    from: PathBuf,
    /// Table to write: .parquet, .csv or .feather
    #[arg(value_name = "OUT")]
    to: PathBuf,
    #[command(flatten)]
    reading: ReadingArgs,
}

pub(crate) fn run(args: ConvertArgs, global: &Global) -> anyhow::Result<ExitCode> {
    let config = args.reading.config(&args.from);
    let bars = market::convert(&config, &args.to)?;
    for note in &bars.notes {
        global.say(note);
    }
    let symbols = bars.series.len();
    if global.json {
        out::json(&json!({
            "path": args.to,
            "symbols": symbols,
            "rows": bars.num_bars(),
            "adjusted": bars.adjusted,
            "fingerprint": bars.fingerprint(),
        }))?;
    } else {
        global.say(format_args!(
            "{}: {} bars of {symbols} symbols, values as float32",
            args.to.display(),
            bars.num_bars()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

//! `score`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use clap::Args;
use emberline::checkpoint::{self, Checkpoint, Want};
use emberline::market::{self, Bars};
use emberline::market::{TableRows, Values};
use emberline::scoring::{self, Forecasts, Recipe, ScoreOptions};

use super::{BarsArgs, Global, out, progress};

/// Arguments of `score`.
#[derive(Args, Debug)]
pub(crate) struct ScoreArgs {
    /// A checkpoint, or a run folder (its best)
    #[arg(long, value_name = "PATH")]
    checkpoint: PathBuf,
    #[command(flatten)]
    bars: BarsArgs,
    /// Where to write: .parquet, .csv or .feather; else a table on a terminal, CSV in a pipe
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Windows per batch; changes no number on the CPU
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = batch_size)]
    batch_size: usize,
    /// Only each symbol's last full window
    #[arg(long)]
    last: bool,
    /// Score a last bar that has not closed yet, too
    #[arg(long)]
    keep_last: bool,
    /// If the checkpoint is damaged, take the one before it
    #[arg(long)]
    fallback: bool,
}

fn batch_size(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(size) if (1..=1 << 20).contains(&size) => Ok(size),
        _ => Err("it must be a whole number, 1 to 1048576".to_owned()),
    }
}

pub(crate) fn run(args: ScoreArgs, global: &Global) -> anyhow::Result<ExitCode> {
    let checkpoint = load(&args, global)?;
    let recipe = Recipe::new(&checkpoint.manifest)?;
    let mut data = recipe.data.clone();
    args.bars.apply(&mut data);
    let mut bars = market::load(&data, None)?;
    recipe.check(&bars, &data)?;
    for note in &bars.notes {
        global.say(note);
    }
    if !args.keep_last {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as i64;
        let forming = scoring::drop_forming(&mut bars, now);
        if !forming.is_empty() {
            global.say(format_args!(
                "the last bar of {} has not closed yet and is left out (--keep-last keeps it)",
                forming.join(", ")
            ));
        }
    }
    let selection = global.open_device()?;
    let start = Instant::now();
    let options = ScoreOptions {
        batch_size: args.batch_size,
        last: args.last,
    };
    let forecasts = scoring::score(&checkpoint, &bars, &options, &selection.device)?;
    let elapsed_s = start.elapsed().as_secs_f64();
    global.say(format_args!(
        "scored {} windows of {} symbols with step {} of `{}` in {}",
        forecasts.timestamp.len(),
        bars.series.len() - forecasts.skipped.len(),
        checkpoint.manifest.state.step,
        checkpoint.path.display(),
        progress::span(elapsed_s)
    ));
    for skipped in &forecasts.skipped {
        global.say(format_args!(
            "skipped: {} has {} bars, no full window of {}",
            skipped.symbol, skipped.num_bars, forecasts.required_bars
        ));
    }
    if let Some(caveat) = forecasts.caveat {
        global.say(caveat);
    }
    write(forecasts, &bars, args.out.as_deref(), global)?;
    Ok(ExitCode::SUCCESS)
}

fn load(args: &ScoreArgs, global: &Global) -> anyhow::Result<Checkpoint> {
    let folder = checkpoint::resolve(&args.checkpoint, Want::Best)?;
    if !args.fallback {
        return Ok(checkpoint::load(&folder)?);
    }
    let (checkpoint, passed_over) = checkpoint::load_or_previous(&folder)?;
    for error in passed_over {
        global.say(format_args!("passed over: {error}"));
    }
    Ok(checkpoint)
}

/// The long table: a row per symbol and bar, three columns per horizon and what the model gives beside.
fn write(
    forecasts: Forecasts,
    bars: &Bars,
    path: Option<&Path>,
    global: &Global,
) -> anyhow::Result<()> {
    // The table's null.
    let times = |times: Vec<Option<i64>>| {
        Values::Time(
            times
                .into_iter()
                .map(|time| time.unwrap_or(i64::MIN))
                .collect(),
        )
    };
    let num_rows = forecasts.timestamp.len();
    let mut columns = vec![("known_at".to_owned(), Values::Time(forecasts.known_at))];
    let per_horizon = forecasts
        .horizons
        .iter()
        .zip(forecasts.target_end)
        .zip(forecasts.forecast)
        .zip(forecasts.beside);
    for (((horizon, target_end), forecast), beside) in per_horizon {
        columns.push((
            format!("entry_at_{horizon}"),
            times(forecasts.entry_at.clone()),
        ));
        columns.push((format!("target_end_{horizon}"), times(target_end)));
        columns.push((format!("forecast_{horizon}"), Values::F32(forecast)));
        for (name, values) in beside {
            columns.push((name, Values::F32(values)));
        }
    }
    if forecasts.caveat.is_some() {
        columns.push((
            "note".to_owned(),
            Values::Text(vec!["not tradable".to_owned(); num_rows]),
        ));
    }
    let rows = TableRows {
        timestamp: forecasts.timestamp,
        before_symbol: 1,
        symbols: bars
            .series
            .iter()
            .map(|series| series.symbol.clone())
            .collect(),
        symbol: forecasts.series,
        columns,
        date_labels: false,
    };
    let mut stdout = std::io::stdout().lock();
    market::write_table(&rows, path, (&mut stdout, out::stream(global)))?;
    if let Some(path) = path {
        global.say(format_args!("wrote {num_rows} rows to {}", path.display()));
    }
    Ok(())
}

//! `features`: indicators to a table.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use emberline::device::{largest_binding_bytes, transfer};
use emberline::features::{FeatureContext, FeatureSet, compute, model_inputs};
use emberline::market::{Bars, GapPolicy, PanelBlock, Series, load, upload};
use emberline::market::{TableRows, TableWriter, Values};

use super::{Global, out, report};

/// Arguments of `features`.
#[derive(Args, Debug)]
pub(crate) struct FeaturesArgs {
    #[command(flatten)]
    pub(crate) bars: super::BarsArgs,
    /// A set (`base`), names of columns joined by commas, or a TOML file with `columns`
    #[arg(long, value_name = "LIST")]
    features: String,
    /// Where to: .parquet, .csv or .feather; stdout unless given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// What a model would read: transformed by unit (not scaled), undefined before the memory's end
    #[arg(long)]
    transformed: bool,
}

pub(crate) fn run(args: FeaturesArgs, global: &Global) -> anyhow::Result<ExitCode> {
    if args.bars.data.is_none() {
        return Err(report::refused("no bars were named", "add `--data PATH`"));
    }
    let bars = load(&args.bars.config(), Some(GapPolicy::Ignore))?;
    for note in &bars.notes {
        global.say(note);
    }
    let set = FeatureSet::resolve(&args.features, &FeatureContext::from(&bars))?;
    if args.transformed {
        set.check_model_inputs()?;
    }
    let selection = global.open_device()?;
    let device = &selection.device;
    let blocks = upload(
        &bars,
        &set.required_columns(),
        set.len(),
        largest_binding_bytes(device),
        device,
    )?;
    let mut stdout = std::io::stdout().lock();
    let mut writer = TableWriter::new(args.out.as_deref(), (&mut stdout, out::stream(global)))?;
    for block in &blocks {
        let values = if args.transformed {
            model_inputs(&set, block)
        } else {
            compute(&set, block)
        };
        writer.append(&rows(&bars, &set, block, &transfer::to_host(values)))?;
    }
    writer.finish()?;
    if let Some(out) = &args.out {
        global.say(format_args!(
            "wrote {} rows of {} features to {}",
            bars.num_bars(),
            set.len(),
            out.display()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// The rows of a block from its `[n, T, F]` values, without the padding.
fn rows(bars: &Bars, set: &FeatureSet, block: &PanelBlock, values: &[f32]) -> TableRows {
    let series = &bars.series[block.series.clone()];
    let num_rows = series.iter().map(Series::len).sum();
    let mut columns: Vec<Vec<f32>> = vec![Vec::with_capacity(num_rows); set.len()];
    for (place, series) in series.iter().enumerate() {
        let own = &values[place * block.num_bars * set.len()..][..series.len() * set.len()];
        for row in own.chunks_exact(set.len()) {
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(*value);
            }
        }
    }
    let places = series.iter().enumerate();
    let columns = columns.into_iter().map(Values::F32);
    TableRows {
        before_symbol: 0,
        timestamp: series
            .iter()
            .flat_map(|series| series.time.iter().copied())
            .collect(),
        symbols: series.iter().map(|series| series.symbol.clone()).collect(),
        symbol: places
            .flat_map(|(place, series)| std::iter::repeat_n(place as u32, series.len()))
            .collect(),
        columns: set.names().into_iter().zip(columns).collect(),
        date_labels: bars.date_labels,
    }
}

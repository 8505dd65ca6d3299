//! `features`: indicators to a table.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use emberline::device::{largest_binding_bytes, transfer};
use emberline::features::{FeatureContext, FeatureSet, Plan, compute, model_inputs};
use emberline::market::{Bars, Column, GapPolicy, PanelBlock, Series, load, upload};
use emberline::market::{TableRows, TableWriter, Values};

use super::{Global, follow, out, report};

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
    /// Print how the set would be computed instead: its machines, what they share, and stop
    #[arg(long, conflicts_with = "out")]
    explain: bool,
    /// Read bars from standard input as they come, and write each one's row at once; every indicator
    /// can be followed
    #[arg(long, requires = "interval", conflicts_with_all = ["data", "out", "explain", "from", "to", "days", "stamp", "gaps", "repair"])]
    follow: bool,
    /// How long a bar of `--follow` is: 30s, 1m, 1h, 1d
    #[arg(long, value_name = "SPAN", requires = "follow")]
    interval: Option<String>,
    /// What a model would read: transformed by unit (not scaled), undefined before the memory's end
    #[arg(long)]
    transformed: bool,
}

pub(crate) fn run(args: FeaturesArgs, global: &Global) -> anyhow::Result<ExitCode> {
    if let (true, Some(interval)) = (args.follow, &args.interval) {
        let request = follow::Request {
            config: args.bars.config(),
            interval,
            features: &args.features,
            transformed: args.transformed,
        };
        return follow::run(&request, global);
    }
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
    if args.explain {
        return explain(&set, global);
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

/// Prints the plan of a set.
fn explain(set: &FeatureSet, global: &Global) -> anyhow::Result<ExitCode> {
    let plan = Plan::of(set);
    if global.json {
        out::json(&plan)?;
        return Ok(ExitCode::SUCCESS);
    }
    let machines: Vec<Vec<String>> = plan
        .machines
        .iter()
        .map(|machine| {
            let inputs: Vec<String> = machine.inputs.iter().copied().map(column_name).collect();
            vec![
                machine.indicator.clone(),
                words(&machine.parameters),
                inputs.join(" "),
                machine.columns.join(" "),
            ]
        })
        .collect();
    let shared: Vec<Vec<String>> = plan
        .shared
        .iter()
        .map(|tensor| {
            vec![
                tensor.name.clone(),
                words(&tensor.numbers),
                tensor.uses.to_string(),
            ]
        })
        .collect();
    out::text(format_args!(
        "On the CPU: {} columns from {} machines, one pass over chunks of {} bars ({} KiB of columns)\n{}\n\
         On a GPU: tensor functions, with {} intermediates computed once\n{}",
        set.len(),
        plan.machines.len(),
        plan.chunk_bars,
        plan.chunk_bytes / 1024,
        out::left_table(&["indicator", "parameters", "reads", "columns"], &machines),
        plan.shared.len(),
        out::left_table(&["intermediate", "of", "uses"], &shared),
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn words(numbers: &[impl ToString]) -> String {
    let words: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    words.join(" ")
}

/// As configuration and JSON write it.
fn column_name(column: Column) -> String {
    match serde_json::to_value(column) {
        Ok(serde_json::Value::String(name)) => name,
        _ => format!("{column:?}"),
    }
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

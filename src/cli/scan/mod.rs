//! `scan`: Adaptive Trend Classification of every symbol.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use burn::tensor::Device;
use chrono::DateTime;
use clap::{Args, ValueEnum};
use emberline::device::Kind;
use emberline::market::{Bars, GapPolicy, Series, TableRows, TableWriter, load, write_table};
use emberline::ops::atc::{Number, Table};
use emberline::trend::{self, Grid, TrendConfig, TrendError};

use super::{BarsArgs, Global, out, progress, report};

mod rows;
mod settings;
mod watch;

use rows::{Cell, Wanted};
use settings::SettingsArgs;
use watch::{State, States};

/// Arguments of `scan`.
#[derive(Args, Debug)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    bars: BarsArgs,
    /// Only the last N bars of each symbol; 0 reads all
    #[arg(long = "bars", value_name = "N", default_value_t = 1_500)]
    num_bars: usize,
    /// Every bar instead of the last one
    #[arg(long)]
    history: bool,
    /// What results are rounded to; the CPU computes in float64 either way
    #[arg(long, value_enum, default_value_t = Precision::F32)]
    precision: Precision,
    /// Where to: .parquet, .csv or .feather; else a table on a terminal, CSV in a pipe
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Compare float32 with float64: the shares of signals and classes that differ
    #[arg(long)]
    verify: bool,
    /// Read a folder N files at a time, the next ones while these are classified: for universes that
    /// do not fit into memory
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with_all = ["sort", "watch", "symbols"])]
    chunk: Option<u32>,
    /// Scan again whenever the files change, and print each symbol whose class changed
    #[arg(long, conflicts_with_all = ["history", "sweep", "exit_code"])]
    watch: bool,
    /// A picture (SVG) per symbol: price, averages, class, average
    #[arg(long, value_name = "DIR")]
    picture: Option<PathBuf>,
    /// Every combination of these: length, lambda, decay or threshold; repeatable
    #[arg(long, value_name = "KEY=A,B,..", value_parser = sweep)]
    sweep: Vec<(SweepKey, Vec<f64>)>,
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// What results are rounded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Precision {
    /// float32
    F32,
    /// float64, on the CPU
    F64,
}

/// What a sweep can vary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SweepKey {
    Length,
    Lambda,
    Decay,
    Threshold,
}

fn sweep(text: &str) -> Result<(SweepKey, Vec<f64>), String> {
    let (key, values) = text
        .split_once('=')
        .ok_or("it must be KEY=A,B,.. with numbers")?;
    let key = match key {
        "length" => SweepKey::Length,
        "lambda" => SweepKey::Lambda,
        "decay" => SweepKey::Decay,
        "threshold" => SweepKey::Threshold,
        _ => return Err("KEY is one of length, lambda, decay, threshold".to_owned()),
    };
    let number = |text: &str| match text.trim().parse::<f64>() {
        Ok(number) if key != SweepKey::Length || number.fract() == 0.0 => Ok(number),
        _ => Err(format!("`{text}` is not a number of that kind")),
    };
    let values = values.split(',').map(number).collect::<Result<_, _>>()?;
    Ok((key, values))
}

pub(crate) fn run(args: ScanArgs, global: &Global) -> anyhow::Result<ExitCode> {
    let Some(data) = args.bars.data.clone() else {
        return Err(report::refused("no bars were named", "add `--data PATH`"));
    };
    let scanner = Scanner {
        device: args.device(global)?,
        config: args.settings.config(),
        args: &args,
        global,
    };
    if let Some(num_files) = args.chunk {
        let num_rows = scanner.stream(num_files as usize)?;
        return Ok(args.wanted.exit_code(num_rows));
    }
    let (num_rows, states) = scanner.scan(true)?;
    if args.watch {
        watch::watch(&data, states, global, || Ok(scanner.scan(false)?.1))?;
    }
    Ok(args.wanted.exit_code(num_rows))
}

/// A scan that may be done again.
struct Scanner<'a> {
    args: &'a ScanArgs,
    config: TrendConfig,
    /// `None` is the CPU.
    device: Option<Device>,
    global: &'a Global,
}

impl Scanner<'_> {
    /// Reads, classifies and writes; to stdout only the first time. Gives the number of rows and the
    /// last bar of every symbol.
    fn scan(&self, first: bool) -> anyhow::Result<(usize, States)> {
        let (args, global) = (self.args, self.global);
        let bars = load(&args.bars.config(), Some(GapPolicy::Ignore))?;
        if first {
            for note in &bars.notes {
                global.say(note);
            }
        }
        let start = Instant::now();
        let (rows, states) = self.classify(&bars)?;
        args.say_time(&bars, start, global);
        if first {
            args.say_short(&bars, &self.config, global);
        }
        if let Some(folder) = &args.picture {
            args.draw(folder, &bars, &self.config, global)?;
        }
        let num_rows = rows.len();
        let mut stdout = std::io::stdout().lock();
        if first || args.out.is_some() {
            let stream = (&mut stdout as &mut dyn Write, out::stream(global));
            write_table(&rows, args.out.as_deref(), stream)?;
        }
        if let Some(path) = &args.out {
            global.say(format_args!("wrote {num_rows} rows to {}", path.display()));
        }
        Ok((num_rows, states))
    }

    /// Reads a folder a few files at a time, classifying one chunk while the next is read. Gives the
    /// number of rows.
    fn stream(&self, num_files: usize) -> anyhow::Result<usize> {
        let (args, global) = (self.args, self.global);
        let mut stdout = std::io::stdout().lock();
        let stream = (&mut stdout as &mut dyn Write, out::stream(global));
        let mut writer = TableWriter::new(args.out.as_deref(), stream)?;
        let (mut num_rows, mut num_symbols) = (0, 0);
        let times = trend::stream(&args.bars.config(), num_files, |bars| {
            let (rows, _) = self.classify(&bars)?;
            if let Some(folder) = &args.picture {
                args.draw(folder, &bars, &self.config, global)?;
            }
            num_rows += rows.len();
            num_symbols += bars.series.len();
            Ok::<(), anyhow::Error>(writer.append(&rows)?)
        })?;
        writer.finish()?;
        global.say(format_args!(
            "{num_symbols} symbols in {}: reading took {}, classifying and writing {} beside it",
            span(times.elapsed_s),
            span(times.reading_s),
            span(times.working_s)
        ));
        Ok(num_rows)
    }

    fn classify(&self, bars: &Bars) -> anyhow::Result<(TableRows, States)> {
        match self.args.precision {
            Precision::F32 => self.classify_as::<f32>(bars, |configs, keep| {
                let num_bars = self.args.num_bars;
                match &self.device {
                    None => trend::sweep(bars, configs, num_bars, keep),
                    Some(device) => trend::sweep_on(bars, configs, num_bars, keep, device),
                }
            }),
            Precision::F64 => self.classify_as::<f64>(bars, |configs, keep| {
                trend::sweep(bars, configs, self.args.num_bars, keep)
            }),
        }
    }

    fn classify_as<Y: Cell>(
        &self,
        bars: &Bars,
        sweep: impl Fn(&[TrendConfig], usize) -> Result<Vec<Table<Y>>, TrendError>,
    ) -> anyhow::Result<(TableRows, States)> {
        let args = self.args;
        let keep = if args.history { usize::MAX } else { 1 };
        let configs = args.grid().configs(&self.config);
        let tables = sweep(&configs, keep)?;
        if args.verify {
            let double = trend::sweep(bars, &configs, args.num_bars, keep)?;
            for (table, double) in tables.iter().zip(&double) {
                say_agreement(&trend::agreement(table, double), self.global);
            }
        }
        let states = tables.first().map(|table| states(bars, table));
        let swept: Vec<(&TrendConfig, &Table<Y>)> = configs.iter().zip(&tables).collect();
        let rows = rows::rows(bars, &swept, &args.wanted, !args.sweep.is_empty());
        Ok((rows, states.unwrap_or_default()))
    }
}

impl ScanArgs {
    /// The device that classifies; `None` is the CPU.
    fn device(&self, global: &Global) -> anyhow::Result<Option<Device>> {
        if self.precision == Precision::F64 {
            global.say("device: cpu (float64)");
            return Ok(None);
        }
        let selection = global.open_device()?;
        Ok((selection.kind != Kind::Cpu).then_some(selection.device))
    }

    fn grid(&self) -> Grid {
        let mut grid = Grid::default();
        for (key, values) in &self.sweep {
            match key {
                SweepKey::Length => grid.length.extend(values.iter().map(|&value| value as i64)),
                SweepKey::Lambda => grid.lambda.extend(values),
                SweepKey::Decay => grid.decay.extend(values),
                SweepKey::Threshold => grid.threshold.extend(values),
            }
        }
        grid
    }

    fn draw(
        &self,
        folder: &Path,
        bars: &Bars,
        config: &TrendConfig,
        global: &Global,
    ) -> anyhow::Result<()> {
        let failed = |path: &Path| format!("cannot write `{}`", path.display());
        std::fs::create_dir_all(folder).with_context(|| failed(folder))?;
        for series in &bars.series {
            let label = |row: usize| moment(series.time[row], bars.date_labels);
            let text = trend::picture(series, config, self.num_bars, label)?;
            // A pair may be written with a slash.
            let name = series.symbol.replace(['/', '\\', ':'], "_");
            let path = folder.join(format!("{name}.svg"));
            std::fs::write(&path, text).with_context(|| failed(&path))?;
        }
        let num = bars.series.len();
        global.say(format_args!(
            "drew {num} pictures into {}",
            folder.display()
        ));
        Ok(())
    }

    /// Bars that are read of a series.
    fn read(&self, series: &Series) -> usize {
        match self.num_bars {
            0 => series.len(),
            most => series.len().min(most),
        }
    }

    fn say_time(&self, bars: &Bars, start: Instant, global: &Global) {
        let num_settings = self.grid().configs(&TrendConfig::default()).len();
        let num_bars: usize = bars.series.iter().map(|series| self.read(series)).sum();
        let settings = match num_settings {
            1 => String::new(),
            num => format!(" with {num} settings"),
        };
        global.say(format_args!(
            "classified {num_bars} bars of {} symbols{settings} in {}",
            bars.series.len(),
            span(start.elapsed().as_secs_f64())
        ));
    }

    /// Says which symbols are too short for every average.
    fn say_short(&self, bars: &Bars, config: &TrendConfig, global: &Global) {
        // The settings were checked by the scan.
        let Ok(recipe) = config.recipe("", usize::MAX) else {
            return;
        };
        let needed = recipe.needed_bars();
        let mut short = bars
            .series
            .iter()
            .filter(|series| self.read(series) < needed);
        if let Some(first) = short.next() {
            global.say(format_args!(
                "{} of {} symbols have fewer than the {needed} bars that all averages need, {} is the first",
                1 + short.count(),
                bars.series.len(),
                first.symbol
            ));
        }
    }
}

/// The last bar of every symbol.
fn states<Y: Number>(bars: &Bars, table: &Table<Y>) -> States {
    let last = |(row, series): (usize, &Series)| {
        let at = table.range(row).last()?;
        let state = State {
            class: table.class[at],
            average: table.average[at].wide(),
            time: series.time.last().copied()?,
        };
        Some((series.symbol.clone(), state))
    };
    bars.series.iter().enumerate().filter_map(last).collect()
}

/// A time, to the tenth of a millisecond below a second.
fn span(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.1} ms", 1e3 * seconds)
    } else {
        progress::span(seconds)
    }
}

/// A class in a word.
fn word(class: i8) -> &'static str {
    match class {
        1 => "long",
        -1 => "short",
        _ => "flat",
    }
}

/// A bar's open as text.
fn moment(time: i64, date: bool) -> String {
    let format = if date { "%Y-%m-%d" } else { "%Y-%m-%dT%H:%MZ" };
    DateTime::from_timestamp_nanos(time)
        .format(format)
        .to_string()
}

fn say_agreement(agreement: &trend::Agreement, global: &Global) {
    let share = |differing: usize, all: usize| 100.0 * differing as f64 / all.max(1) as f64;
    global.say(format_args!(
        "verify: {} of {} signals ({:.4} %) and {} of {} classes ({:.4} %) differ from float64; \
         averages by {:.2e} at most",
        agreement.differing_signals,
        agreement.num_signals,
        share(agreement.differing_signals, agreement.num_signals),
        agreement.differing_classes,
        agreement.num_classes,
        share(agreement.differing_classes, agreement.num_classes),
        agreement.average_distance,
    ));
}

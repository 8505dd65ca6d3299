//! `scan`: Adaptive Trend Classification of every symbol.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use chrono::DateTime;
use clap::{Args, ValueEnum};
use emberline::market::{Bars, GapPolicy, Series, TableRows, load, write_table};
use emberline::ops::atc::{Number, Table};
use emberline::trend::{self, Grid, TrendConfig};

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
    let (num_rows, states) = args.scan(global, true)?;
    if args.watch {
        watch::watch(&data, states, global, || Ok(args.scan(global, false)?.1))?;
    }
    Ok(args.wanted.exit_code(num_rows))
}

impl ScanArgs {
    /// Reads, classifies and writes; to stdout only the first time. Gives the number of rows and the
    /// last bar of every symbol.
    fn scan(&self, global: &Global, first: bool) -> anyhow::Result<(usize, States)> {
        let bars = load(&self.bars.config(), Some(GapPolicy::Ignore))?;
        if first {
            for note in &bars.notes {
                global.say(note);
            }
        }
        let config = self.settings.config();
        let (rows, states) = match self.precision {
            Precision::F32 => self.classify::<f32>(&bars, &config, global)?,
            Precision::F64 => self.classify::<f64>(&bars, &config, global)?,
        };
        if first {
            self.say_short(&bars, &config, global);
        }
        if let Some(folder) = &self.picture {
            self.draw(folder, &bars, &config, global)?;
        }
        let num_rows = rows.len();
        let mut stdout = std::io::stdout().lock();
        if first || self.out.is_some() {
            write_table(
                &rows,
                self.out.as_deref(),
                (&mut stdout, out::stream(global)),
            )?;
        }
        if let Some(path) = &self.out {
            global.say(format_args!("wrote {num_rows} rows to {}", path.display()));
        }
        Ok((num_rows, states))
    }

    fn classify<Y: Cell>(
        &self,
        bars: &Bars,
        config: &TrendConfig,
        global: &Global,
    ) -> anyhow::Result<(TableRows, States)> {
        let keep = if self.history { usize::MAX } else { 1 };
        let configs = self.grid().configs(config);
        let start = Instant::now();
        let tables: Vec<Table<Y>> = trend::sweep(bars, &configs, self.num_bars, keep)?;
        self.say_time(bars, configs.len(), start, global);
        if self.verify {
            let single = trend::sweep(bars, &configs, self.num_bars, keep)?;
            let double = trend::sweep(bars, &configs, self.num_bars, keep)?;
            for (single, double) in single.iter().zip(&double) {
                say_agreement(&trend::agreement(single, double), global);
            }
        }
        let states = tables.first().map(|table| states(bars, table));
        let swept: Vec<(&TrendConfig, &Table<Y>)> = configs.iter().zip(&tables).collect();
        let rows = rows::rows(bars, &swept, &self.wanted, !self.sweep.is_empty());
        Ok((rows, states.unwrap_or_default()))
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

    fn say_time(&self, bars: &Bars, num_settings: usize, start: Instant, global: &Global) {
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

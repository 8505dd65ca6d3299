//! `data simulate`: bars that were never traded, with a signal of known strength.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};
use emberline::market::{
    Calendar, MarketError,
    simulate::{DEFAULT_START_NS, SignalKind, SimulateConfig, Simulation, names},
};

use super::{Global, out, report};

/// Arguments of `data simulate`.
#[derive(Args, Debug)]
#[command(after_help = "\
The signal's strength is the correlation over time between the best possible forecast from past bars
and the return over the next bar after the entry at the next close (target.entry = next_close,
horizon 1). With 0 nothing can be forecast. Same arguments and seed, same bars.")]
pub(crate) struct SimulateArgs {
    /// How many symbols, or their names
    #[arg(long, value_name = "N|A,B", default_value = "6")]
    symbols: String,
    /// Bars per symbol
    #[arg(long, value_name = "N", default_value_t = 5_760)]
    bars: usize,
    /// Length of a bar: 30s, 1m, 5m, 1h, 1d
    #[arg(long, value_name = "TIME", default_value = "5m")]
    interval: String,
    /// When the market is open: 24x7, 24x5, sessions (14:30-21:00 UTC, weekdays) or daily; daily for
    /// bars of one day, else 24x7
    #[arg(long, value_name = "CALENDAR")]
    calendar: Option<CalendarName>,
    /// Attainable information coefficient, 0 to 0.3
    #[arg(long, value_name = "IC", default_value_t = 0.0)]
    signal: f64,
    /// Whether linear forecasts see the signal
    #[arg(long, value_name = "KIND", default_value = "linear")]
    signal_kind: KindName,
    /// First day or time (UTC)
    #[arg(long, value_name = "DATE", default_value = "2024-01-01")]
    start: String,
    /// Share of bars that are missing, 0 to 0.5
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    missing: f64,
    /// Table to write: .parquet, .csv, .csv.gz or .feather; CSV on stdout unless given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum CalendarName {
    #[value(name = "24x7")]
    Always,
    #[value(name = "24x5")]
    Weekdays,
    #[value(name = "sessions")]
    Sessions,
    #[value(name = "daily")]
    Daily,
}

impl From<CalendarName> for Calendar {
    fn from(name: CalendarName) -> Self {
        match name {
            CalendarName::Always => Self::Always,
            CalendarName::Weekdays => Self::Weekdays,
            CalendarName::Sessions => Self::Sessions,
            CalendarName::Daily => Self::Daily,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum KindName {
    Linear,
    Nonlinear,
}

impl From<KindName> for SignalKind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Linear => Self::Linear,
            KindName::Nonlinear => Self::Nonlinear,
        }
    }
}

/// Length of a day's bar.
const DAY_NS: i64 = 86_400 * 1_000_000_000;

pub(crate) fn run(args: SimulateArgs, global: &Global) -> anyhow::Result<ExitCode> {
    let interval_ns = interval(&args.interval)?;
    let calendar = match args.calendar {
        Some(name) => name.into(),
        None if interval_ns == DAY_NS => Calendar::Daily,
        None => Calendar::Always,
    };
    let config = SimulateConfig {
        symbols: symbols(&args.symbols)?,
        num_bars: args.bars,
        interval_ns,
        calendar,
        start_ns: start(&args.start)?,
        seed: global.seed.unwrap_or(0),
        signal_ic: args.signal,
        signal_kind: args.signal_kind.into(),
        missing: args.missing,
    };
    let simulation = Simulation::new(config).map_err(|error| as_flag(error, &args))?;
    let rows = match &args.out {
        Some(path) => simulation.write(path)?,
        None => print(&simulation, global)?,
    };
    let config = simulation.config();
    global.say(format_args!(
        "{rows} bars of {}, {calendar}, seed {}; {}",
        match config.symbols.len() {
            1 => "1 symbol".to_owned(),
            count => format!("{count} symbols"),
        },
        config.seed,
        strength(&simulation)
    ));
    if let (Some(path), true) = (&args.out, global.json) {
        out::json(&serde_json::json!({
            "path": path,
            "rows": rows,
            "attainable_ic": simulation.attainable_ic(1),
            "config": config,
        }))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One bar of JSON lines.
#[derive(serde::Serialize)]
struct Line<'a> {
    timestamp: &'a str,
    symbol: &'a str,
    open: f32,
    high: f32,
    low: f32,
    close: f32,
    volume: f32,
}

/// CSV into a pipe, JSON lines with `--json`, the first bars on a terminal.
fn print(simulation: &Simulation, global: &Global) -> anyhow::Result<u64> {
    const SHOWN: usize = 10;
    let config = simulation.config();
    let head = [
        "timestamp",
        "symbol",
        "open",
        "high",
        "low",
        "close",
        "volume",
    ];
    if !global.json && !out::is_terminal() {
        return Ok(simulation.write_csv(std::io::stdout().lock())?);
    }
    let shown = if global.json { usize::MAX } else { SHOWN };
    let mut rows = 0;
    let mut first = Vec::new();
    for index in 0..config.symbols.len() {
        let series = simulation.symbol(index).series;
        rows += series.len() as u64;
        let mut lines = String::new();
        for row in 0..series.len().min(shown.saturating_sub(first.len())) {
            let time = stamp(series.time[row], config.calendar);
            let values = [
                &series.open,
                &series.high,
                &series.low,
                &series.close,
                &series.volume,
            ];
            let values = values.map(|column| column[row]);
            if global.json {
                let line = serde_json::to_string(&Line {
                    timestamp: &time,
                    symbol: &series.symbol,
                    open: values[0],
                    high: values[1],
                    low: values[2],
                    close: values[3],
                    volume: values[4],
                })?;
                lines.push_str(&line);
                lines.push('\n');
            } else {
                let values = values.map(|value| value.to_string());
                first.push([vec![time, series.symbol.clone()], values.to_vec()].concat());
            }
        }
        out::text(lines)?;
    }
    if !global.json {
        out::text(out::table(&head, &first))?;
        global.say(format_args!(
            "the first {SHOWN} of {rows} bars; `--out FILE` writes them all"
        ));
    }
    Ok(rows)
}

/// A bar's time as tables have it: dates for daily bars.
fn stamp(time: i64, calendar: Calendar) -> String {
    let time = chrono::DateTime::from_timestamp_nanos(time);
    let format = match calendar {
        Calendar::Daily => "%Y-%m-%d",
        _ => "%Y-%m-%dT%H:%M:%SZ",
    };
    time.format(format).to_string()
}

/// What can be forecast, in words.
fn strength(simulation: &Simulation) -> String {
    let config = simulation.config();
    if config.signal_ic == 0.0 {
        return "no signal: nothing can be forecast".to_owned();
    }
    match simulation.attainable_ic(12) {
        Some(later) => format!(
            "a linear signal: attainable IC {:.3} at 1 bar, {later:.3} at 12",
            config.signal_ic
        ),
        None => format!(
            "a nonlinear signal: attainable IC {:.3} at 1 bar, 0 for linear forecasts",
            config.signal_ic
        ),
    }
}

/// Settings have the names of flags here.
fn as_flag(error: MarketError, args: &SimulateArgs) -> anyhow::Error {
    match error {
        MarketError::Setting {
            key: "interval",
            rule,
            ..
        } => report::refused(
            format!("`--interval {}`: {rule}", args.interval),
            "see `emberline data simulate --help`",
        ),
        MarketError::Setting { key, value, rule } => report::refused(
            format!("`--{key} {value}`: {rule}"),
            "see `emberline data simulate --help`",
        ),
        other => other.into(),
    }
}

fn symbols(text: &str) -> anyhow::Result<Vec<String>> {
    const MOST: usize = 100_000;
    match text.trim().parse::<usize>() {
        Ok(count) if (1..=MOST).contains(&count) => Ok(names(count)),
        Ok(_) => Err(report::refused(
            format!("`--symbols {text}`: from 1 to {MOST}"),
            "give a number, or names divided by commas",
        )),
        Err(_) => Ok(text.split(',').map(|name| name.trim().to_owned()).collect()),
    }
}

pub(crate) fn interval(text: &str) -> anyhow::Result<i64> {
    let refused = || {
        report::refused(
            format!("`--interval {text}` is no length of time"),
            "write a number and a unit: 30s, 1m, 5m, 1h, 1d",
        )
    };
    let split = text.len() - text.chars().last().map_or(0, char::len_utf8);
    let (count, unit) = text.split_at(split);
    let unit_s = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(refused()),
    };
    count
        .parse::<i64>()
        .ok()
        .filter(|count| *count > 0)
        .and_then(|count| count.checked_mul(unit_s * 1_000_000_000))
        .ok_or_else(refused)
}

fn start(text: &str) -> anyhow::Result<i64> {
    use chrono::{DateTime, NaiveDate, NaiveDateTime};
    if text == "2024-01-01" {
        return Ok(DEFAULT_START_NS);
    }
    let date = || {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()?
            .and_hms_opt(0, 0, 0)
    };
    let time = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").ok();
    let zoned = || {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|time| time.naive_utc())
    };
    date()
        .or_else(time)
        .or_else(zoned)
        .and_then(|time| time.and_utc().timestamp_nanos_opt())
        .ok_or_else(|| {
            report::refused(
                format!("`--start {text}` is no date"),
                "write a date like 2024-01-01, or a time like 2024-01-01T14:30 (UTC)",
            )
        })
}

//! `bench indicators`: each of TA-Lib's functions against TA-Lib, whole sets, and what symbols, bars
//! and periods cost.
//!
//! The bars are on the device before the clock starts, and the device has finished when it stops. A
//! rise of one row's seconds means that this indicator became slower.

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Instant;

use burn::tensor::{Device, Tensor};
use clap::Args;
use serde_json::{Map, Value, json};

use emberline::device::{largest_binding_bytes, transfer};
use emberline::features::{FeatureContext, FeatureSet, Preset, catalogue, compute};
use emberline::market::simulate::{SimulateConfig, Simulation, names};
use emberline::market::{Bars, Column, PanelBlock, upload};

use self::peer::Peer;
use super::{median, print_rows};
use crate::cli::Global;

mod peer;
mod picture;

/// Arguments of `bench indicators`.
#[derive(Args, Debug)]
pub(crate) struct IndicatorsArgs {
    /// Simulated symbols x one-minute bars to compute each function on; repeatable
    #[arg(long, value_name = "SYMBOLSxBARS", default_values = ["500x2000", "1x1000000"])]
    panel: Vec<Size>,
    /// The same for whole sets
    #[arg(long, value_name = "SYMBOLSxBARS", default_values = ["30x7800"])]
    set_panel: Vec<Size>,
    /// Only these of TA-Lib's functions, joined by commas
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    functions: Vec<String>,
    /// Cost against symbols, bars and period instead
    #[arg(long)]
    scaling: bool,
    /// Draw what `--scaling` finds into this SVG file
    #[arg(long, value_name = "FILE", requires = "scaling")]
    picture: Option<PathBuf>,
    /// Measurements, of which the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    repeats: u32,
    /// A Python with numpy and TA-Lib, to measure against in turns
    #[arg(long, value_name = "PYTHON")]
    peer: Option<PathBuf>,
}

/// A panel's size.
#[derive(Clone, Copy, Debug)]
struct Size {
    symbols: usize,
    bars: usize,
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text
            .split_once('x')
            .and_then(|(symbols, bars)| Some((symbols.parse().ok()?, bars.parse().ok()?)));
        match parsed {
            Some((symbols, bars)) if symbols > 0 && bars > 0 => Ok(Self { symbols, bars }),
            _ => Err("not SYMBOLSxBARS, as in 500x2000".to_owned()),
        }
    }
}

/// TA-Lib's functions but the element-wise maths.
const FUNCTIONS: &str = "ACCBANDS BBANDS DEMA DONCHIAN EMA HMA HT_TRENDLINE KAMA KC MA MAMA MAVP \
    MIDPOINT MIDPRICE RMA SAR SAREXT SMA SUPERTREND T3 TEMA TRIMA VWMA WMA ZLEMA \
    AC ADX ADXR AO APO AROON AROONOSC BOP CCI CMO CMOU COPPOCK DPO DX ER ERI FOSC FRACTAL IMI KDJ \
    MACD MACDEXT MACDFIX MFI MINUS_DI MINUS_DM MOM PLUS_DI PLUS_DM PPO QSTICK ROC ROCP ROCR ROCR100 \
    RSI SMI STOCH STOCHF STOCHRSI TRIX TSI ULTOSC VHF VORTEX WAD WILLR \
    ADR ATR CVI MASSI NATR RVI TRANGE AD ADOSC CMF EFI MARKETFI NVI OBV PVI PVO PVT RVOL VWAP \
    AVGDEV AVGPRICE HA MEDPRICE TYPPRICE WCLPRICE BETA CORREL LINEARREG LINEARREG_ANGLE \
    LINEARREG_INTERCEPT LINEARREG_SLOPE PERCENTILE PERCENTRANK STDDEV TSF VAR \
    HT_DCPERIOD HT_DCPHASE HT_PHASOR HT_SINE HT_TRENDMODE";

const MINUTE_NS: i64 = 60_000_000_000;

pub(crate) fn run(args: IndicatorsArgs, global: &Global) -> anyhow::Result<ExitCode> {
    let selection = global.open_device()?;
    let mut bench = Bench {
        device: selection.device,
        repeats: args.repeats,
        peer: args.peer.as_deref().map(Peer::start).transpose()?,
        rows: Vec::new(),
    };
    let functions = functions(&args.functions)?;
    if args.scaling {
        bench.scaling()?;
    } else {
        for &size in &args.panel {
            bench.functions(size, &functions)?;
        }
        for &size in &args.set_panel {
            bench.sets(size, &functions)?;
        }
    }
    let rows = std::mem::take(&mut bench.rows);
    if let Some(peer) = bench.peer {
        peer.finish()?;
    }
    if let Some(path) = &args.picture {
        picture::draw(&rows, path)?;
    }
    print_rows(global, &selection.name, &rows)?;
    Ok(ExitCode::SUCCESS)
}

/// The functions that were asked for and that the catalogue has.
fn functions(asked: &[String]) -> anyhow::Result<Vec<&'static str>> {
    let bare = || catalogue().filter(|indicator| indicator.variant.is_empty());
    let ours = |name: &str| {
        name.starts_with("CDL") || FUNCTIONS.split_whitespace().any(|known| known == name)
    };
    let all: Vec<&str> = bare().map(|it| it.name).filter(|name| ours(name)).collect();
    if let Some(unknown) = asked.iter().find(|name| !all.contains(&name.as_str())) {
        anyhow::bail!("`{unknown}` is no function of TA-Lib's in the catalogue");
    }
    let wanted = |name: &&str| asked.is_empty() || asked.iter().any(|asked| asked == name);
    Ok(all.into_iter().filter(wanted).collect())
}

/// All columns of functions with their default parameters.
fn columns(functions: &[&str]) -> String {
    let mut names = Vec::new();
    for indicator in catalogue().filter(|it| it.variant.is_empty() && functions.contains(&it.name))
    {
        for output in indicator.outputs {
            names.push(match output.name {
                "" => indicator.name.to_owned(),
                output => format!("{}_{output}", indicator.name),
            });
        }
    }
    names.join(",")
}

fn simulate(size: Size) -> anyhow::Result<Bars> {
    let config = SimulateConfig {
        symbols: names(size.symbols),
        num_bars: size.bars,
        interval_ns: MINUTE_NS,
        ..SimulateConfig::default()
    };
    Ok(Simulation::new(config)?.bars())
}

struct Bench {
    device: Device,
    repeats: u32,
    peer: Option<Peer>,
    rows: Vec<Map<String, Value>>,
}

/// What one row says besides the size.
#[derive(Default)]
struct Row<'a> {
    what: &'a str,
    period: Option<usize>,
    columns: usize,
    /// Columns read and written, each once.
    moved: usize,
    seconds: f64,
    peer: Option<f64>,
}

impl<'a> Row<'a> {
    fn of(what: &'a str, set: &FeatureSet, (seconds, peer): (f64, Option<f64>)) -> Self {
        Self {
            what,
            period: None,
            columns: set.len(),
            moved: set.len() + set.required_columns().len(),
            seconds,
            peer,
        }
    }
}

impl Bench {
    /// Each function alone, and the sum over those that TA-Lib computed too.
    fn functions(&mut self, size: Size, functions: &[&str]) -> anyhow::Result<()> {
        let bars = simulate(size)?;
        let blocks = self.upload(&bars)?;
        let context = FeatureContext::from(&bars);
        if let Some(peer) = &mut self.peer {
            peer.load(&bars)?;
        }
        self.copy(size, &blocks)?;
        let version = self.peer.as_ref().map(|peer| peer.version.clone());
        let what = version.map_or("sum".to_owned(), |it| format!("sum, against TA-Lib {it}"));
        let mut total = Row {
            what: &what,
            ..Row::default()
        };
        let mut sum = self.peer.as_ref().map(|_| 0.0);
        for &function in functions {
            let set = FeatureSet::resolve(&columns(&[function]), &context)?;
            let measured = self.measure(&set, &blocks, &[function])?;
            let row = Row::of(function, &set, measured);
            total.columns += row.columns;
            total.moved += row.moved;
            total.seconds += row.seconds;
            sum = sum.zip(row.peer).map(|(sum, peer)| sum + peer);
            self.row(size, &row);
        }
        total.peer = sum;
        self.row(size, &total);
        Ok(())
    }

    /// What reading a column and writing another takes: the device's limit.
    fn copy(&mut self, size: Size, blocks: &[PanelBlock]) -> anyhow::Result<()> {
        let mut measured = Vec::new();
        for round in 0..=self.repeats {
            let closes: Vec<Tensor<2>> = blocks
                .iter()
                .map(|block| block.column(Column::Close))
                .collect();
            self.device.sync()?;
            let start = Instant::now();
            let copies: Vec<Tensor<2>> = closes
                .into_iter()
                .map(|close| close.add_scalar(1.0))
                .collect();
            self.device.sync()?;
            if round > 0 {
                measured.push(start.elapsed().as_secs_f64());
            }
            for copy in copies {
                transfer::to_host(copy.slice([0..1, 0..1]));
            }
        }
        self.row(
            size,
            &Row {
                what: "copy of one column",
                columns: 1,
                moved: 2,
                seconds: median(measured),
                ..Row::default()
            },
        );
        Ok(())
    }

    /// `core111`, and all of TA-Lib's functions at once.
    fn sets(&mut self, size: Size, functions: &[&str]) -> anyhow::Result<()> {
        let bars = simulate(size)?;
        let context = FeatureContext::from(&bars);
        let blocks = self.upload(&bars)?;
        let exists = |(name, _): &(String, _)| FeatureSet::resolve(name, &context).is_ok();
        let core = Preset::Core111.columns(&context).into_iter().filter(exists);
        let core: Vec<String> = core.map(|(name, _)| name).collect();
        if let Some(peer) = &mut self.peer {
            peer.load(&bars)?;
        }
        for (what, request, peers) in [
            ("core111", core.join(","), &[][..]),
            ("talib", columns(functions), functions),
        ] {
            let set = FeatureSet::resolve(&request, &context)?;
            let measured = self.measure(&set, &blocks, peers)?;
            self.row(size, &Row::of(what, &set, measured));
        }
        Ok(())
    }

    /// Three kinds of indicators (a rolling mean, a recurrence, extremes) against symbols, bars and
    /// period.
    fn scaling(&mut self) -> anyhow::Result<()> {
        let exists = |name: &&str| catalogue().any(|it| it.name == *name);
        let chosen: Vec<&str> = ["SMA", "RSI", "WILLR"].into_iter().filter(exists).collect();
        let size = |symbols, bars| Size { symbols, bars };
        let symbols = [1, 10, 100, 1_000, 10_000].map(|count| (size(count, 1_000), &[20][..]));
        let bars = [100, 1_000, 10_000, 100_000, 1_000_000].map(|bars| (size(10, bars), &[20][..]));
        let periods = [5, 10, 20, 50, 100, 200, 500, 1_000];
        let periods = [(size(100, 10_000), &periods[..])];
        for (size, periods) in symbols.into_iter().chain(bars).chain(periods) {
            let bars = simulate(size)?;
            let context = FeatureContext::from(&bars);
            let blocks = self.upload(&bars)?;
            for &what in &chosen {
                for &period in periods {
                    let set = FeatureSet::resolve(&format!("{what}_{period}"), &context)?;
                    let measured = self.measure(&set, &blocks, &[])?;
                    let mut row = Row::of(what, &set, measured);
                    row.period = Some(period);
                    self.row(size, &row);
                }
            }
        }
        Ok(())
    }

    /// All columns of the bars on the device.
    fn upload(&self, bars: &Bars) -> anyhow::Result<Vec<PanelBlock>> {
        let columns = [
            Column::Open,
            Column::High,
            Column::Low,
            Column::Close,
            Column::Volume,
            Column::Age,
            Column::SessionStart,
            Column::DayStart,
            Column::WeekStart,
            Column::MonthStart,
        ];
        let limit = largest_binding_bytes(&self.device);
        let blocks = upload::upload(bars, &columns.into_iter().collect(), 1, limit, &self.device)?;
        self.device.sync()?;
        Ok(blocks)
    }

    /// Median seconds of ours and of TA-Lib's, in turns; the first round warms up.
    fn measure(
        &mut self,
        set: &FeatureSet,
        blocks: &[PanelBlock],
        functions: &[&str],
    ) -> anyhow::Result<(f64, Option<f64>)> {
        let (mut ours, mut peers) = (Vec::new(), Vec::new());
        for round in 0..=self.repeats {
            let start = Instant::now();
            let features: Vec<Tensor<3>> = blocks.iter().map(|block| compute(set, block)).collect();
            self.device.sync()?;
            let seconds = start.elapsed().as_secs_f64();
            // One value read back, so that nothing was optimised away.
            for features in features {
                transfer::to_host(features.slice([0..1, 0..1, 0..1]));
            }
            let peer = match &mut self.peer {
                Some(peer) if !functions.is_empty() => {
                    let (seconds, columns) = peer.compute(functions)?;
                    anyhow::ensure!(
                        columns == set.len(),
                        "TA-Lib computed {columns} columns of {functions:?}, not {}",
                        set.len()
                    );
                    Some(seconds)
                }
                _ => None,
            };
            if round > 0 {
                ours.push(seconds);
                peers.extend(peer);
            }
        }
        Ok((median(ours), (!peers.is_empty()).then(|| median(peers))))
    }

    fn row(&mut self, size: Size, row: &Row<'_>) {
        let points = (size.symbols * size.bars) as f64;
        let document = json!({
            "what": row.what,
            "symbols": size.symbols,
            "bars": size.bars,
            "period": row.period,
            "columns": row.columns,
            "seconds": row.seconds,
            "points_per_s": points * row.columns as f64 / row.seconds,
            "gb_per_s": points * row.moved as f64 * 4.0 / row.seconds / 1e9,
            "talib_s": row.peer,
            "times_talib": row.peer.map(|peer| peer / row.seconds),
        });
        if let Value::Object(document) = document {
            self.rows.push(document);
        }
    }
}

//! `features --follow`: a row for every bar as it comes.

use std::collections::HashMap;
use std::io::BufRead as _;
use std::process::ExitCode;

use anyhow::Context as _;
use emberline::features::{Bar, FeatureContext, FeatureSet, Follower};
use emberline::market::{Bars, DataConfig, Feed, FeedBar, RunningClock};
use emberline::market::{Stream, TableRows, TableWriter, Values};

use super::Global;
use super::data_simulate::interval;

/// What is to be followed.
pub(crate) struct Request<'a> {
    /// The zone, the calendar and the symbols.
    pub(crate) config: DataConfig,
    /// How long a bar is.
    pub(crate) interval: &'a str,
    /// The set.
    pub(crate) features: &'a str,
    /// Whether a model's inputs are asked for.
    pub(crate) transformed: bool,
}

/// What is known of one symbol.
struct Followed {
    clock: RunningClock,
    follower: Follower,
}

impl Followed {
    fn new(market: &Bars, set: &FeatureSet, transformed: bool) -> Self {
        Self {
            clock: RunningClock::new(market),
            follower: if transformed {
                Follower::of_model_inputs(set)
            } else {
                Follower::new(set)
            },
        }
    }

    fn push(&mut self, bar: &FeedBar) -> &[f32] {
        let moment = self.clock.next(bar.time);
        let [session_start, day_start, week_start, month_start] = moment.starts;
        self.follower.push(&Bar {
            open: f64::from(bar.open),
            high: f64::from(bar.high),
            low: f64::from(bar.low),
            close: f64::from(bar.close),
            volume: f64::from(bar.volume),
            filled: 0.0,
            time_of_day: f64::from(moment.time_of_day),
            weekday: f64::from(moment.weekday),
            session_start,
            day_start,
            week_start,
            month_start,
        })
    }
}

/// The set at work on every symbol that came.
struct Following {
    set: FeatureSet,
    names: Vec<String>,
    /// The market without its bars.
    market: Bars,
    transformed: bool,
    followed: HashMap<String, Followed>,
}

impl Following {
    fn new(request: &Request<'_>, interval_ns: i64, feed: &Feed) -> anyhow::Result<Self> {
        let set = resolve(request, interval_ns, feed)?;
        let mut market = Bars::from_rows(Vec::new(), interval_ns, feed.calendar(), feed.session());
        market.date_labels = feed.date_labels();
        Ok(Self {
            names: set.names(),
            set,
            market,
            transformed: request.transformed,
            followed: HashMap::new(),
        })
    }

    /// The row of a bar.
    fn row(&mut self, bar: FeedBar) -> TableRows {
        if !self.followed.contains_key(&bar.symbol) {
            let followed = Followed::new(&self.market, &self.set, self.transformed);
            self.followed.insert(bar.symbol.clone(), followed);
        }
        let values = match self.followed.get_mut(&bar.symbol) {
            Some(followed) => followed.push(&bar),
            None => &[],
        };
        let values = values.iter().map(|&value| Values::F32(vec![value]));
        TableRows {
            timestamp: vec![bar.time],
            symbols: vec![bar.symbol],
            symbol: vec![0],
            before_symbol: 0,
            columns: self.names.iter().cloned().zip(values).collect(),
            date_labels: self.market.date_labels,
        }
    }
}

pub(crate) fn run(request: &Request<'_>, global: &Global) -> anyhow::Result<ExitCode> {
    let interval_ns = interval(request.interval)?;
    let mut feed = Feed::new(&request.config, interval_ns)?;
    // A name that is wrong is refused before the first bar.
    resolve(request, interval_ns, &feed)?;
    let kind = if global.json {
        Stream::JsonLines
    } else {
        Stream::Csv
    };
    let mut stdout = std::io::stdout().lock();
    let mut writer = TableWriter::new(None, (&mut stdout, kind))?;
    let mut stdin = std::io::stdin().lock();
    let mut line = Vec::new();
    let mut following = None;
    loop {
        line.clear();
        let length = stdin.read_until(b'\n', &mut line);
        if length.context("standard input cannot be read")? == 0 {
            break;
        }
        let Some(bar) = feed.take(&line)? else {
            continue;
        };
        let following = match &mut following {
            Some(following) => following,
            none => none.insert(Following::new(request, interval_ns, &feed)?),
        };
        writer.append(&following.row(bar))?;
        writer.flush()?;
    }
    writer.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn resolve(request: &Request<'_>, interval_ns: i64, feed: &Feed) -> anyhow::Result<FeatureSet> {
    let context = FeatureContext {
        calendar: feed.calendar(),
        has_volume: feed.has_volume(),
        ..FeatureContext::unbounded(interval_ns)
    };
    let set = FeatureSet::resolve(request.features, &context)?;
    if request.transformed {
        set.check_model_inputs()?;
    }
    Ok(set)
}

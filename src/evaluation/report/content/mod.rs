//! What a report of an evaluation says: from plain inputs to sections, tables and pictures.
//!
//! Everything but the [`Evaluation`] is optional: what was not measured is left out, and where its
//! absence could mislead the report says so. The inputs are plain values, because the runs that they
//! come from lie above this storey.

mod account;
mod data;
mod learning;
mod luck;
mod shape;
mod skill;
mod symbols;
mod trading;
mod verdict;

use super::picture::Span;
use super::{Cell, Level, Part, Report, Section, duration};
use crate::evaluation::{
    Evaluation, ForecasterEvaluation, HorizonEvaluation, Interval, Overfitting,
};
use crate::metrics::{Ic, Scores};

/// Over fewer days a return of a year is an extrapolation that nobody should quote.
const SHORT_DAYS: f64 = 90.0;

/// Everything that a report can show.
#[derive(Clone, Debug)]
pub struct ReportInputs<'a> {
    /// Title of the page: the command and the run.
    pub title: String,
    /// What was evaluated, one line; made from the evaluation where it is empty.
    pub subtitle: String,
    /// The numbers: of `evaluate` one model, of `walk-forward` the test windows of all folds.
    pub evaluation: &'a Evaluation,
    /// What the numbers are of, where it is not the test span: `validation windows`.
    pub span: Option<String>,
    /// Facts about the bars in the order in which they are shown: where they lie, interval, calendar,
    /// adjustment, what is done with gaps, fingerprint.
    pub data: Vec<(String, String)>,
    /// The bars of each symbol.
    pub symbols: Vec<SymbolData>,
    /// What a reader of the numbers must know: notes of the loader, filled gaps, symbols left out.
    pub notes: Vec<String>,
    /// Which bars trained, validated and tested: one entry a fold, or one for a single run.
    pub folds: Vec<FoldSpans>,
    /// How the runs learnt.
    pub curves: Vec<LearningCurve>,
    /// Which features the forecasts depend on.
    pub importance: Option<ImportanceTable>,
    /// What the choice among several trials was worth.
    pub overfitting: Option<Overfitting>,
    /// Every look at the test span that the ledger knows, this one included; none without a ledger.
    pub test_uses: Option<Vec<TestUse>>,
    /// What took how long, seconds.
    pub timings: Vec<(String, f64)>,
    /// What took how much memory, bytes.
    pub memory: Vec<(String, u64)>,
    /// The machine and the build: device, threads, version.
    pub machine: Vec<(String, String)>,
    /// The commands that give these numbers again.
    pub commands: Vec<String>,
    /// The resolved configuration, TOML.
    pub configuration: String,
    /// The last line of the page: what made it, and when.
    pub footer: String,
}

/// The bars of a symbol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SymbolData {
    /// The symbol.
    pub symbol: String,
    /// Bars, filled ones included.
    pub num_bars: u64,
    /// Open of the first bar, nanoseconds since the epoch, UTC.
    pub first_ns: i64,
    /// Open of the last bar.
    pub last_ns: i64,
    /// Gaps; none where they were not counted.
    pub gaps: Option<u64>,
    /// Bars missing in all gaps.
    pub missing_bars: Option<u64>,
    /// Bars missing in the longest gap.
    pub longest_gap_bars: Option<u64>,
    /// Bars that were filled in.
    pub filled_bars: Option<u64>,
}

/// The spans of a fold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoldSpans {
    /// Its name.
    pub name: String,
    /// Train, validation, test, and what is left out between them.
    pub spans: Vec<Span>,
    /// Windows that train.
    pub train_windows: u64,
    /// Windows that validate.
    pub validation_windows: u64,
    /// Windows that test.
    pub test_windows: u64,
    /// Windows left out because their target reaches into the next span.
    pub purged_windows: u64,
}

/// How a run learnt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LearningCurve {
    /// Its fold, from 1; none for a single run.
    pub fold: Option<u32>,
    /// Its seed.
    pub seed: u64,
    /// Epoch, from 1, training and validation loss after it.
    pub epochs: Vec<(u64, f64, Option<f64>)>,
    /// The epoch whose weights forecast.
    pub best_epoch: Option<u64>,
    /// Seconds.
    pub elapsed_s: Option<f64>,
}

/// Which features forecasts depend on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportanceTable {
    /// How it was measured, one sentence.
    pub method: String,
    /// The features, most important first.
    pub features: Vec<FeatureWeight>,
}

/// What a feature is worth to a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeatureWeight {
    /// The feature.
    pub name: String,
    /// By how much the loss rises when it is permuted.
    pub loss_increase: f64,
    /// Standard error of `loss_increase` over the permutations.
    pub standard_error: Option<f64>,
    /// By how much the IC falls.
    pub ic_drop: Option<f64>,
}

/// A look at the test span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestUse {
    /// When, UTC.
    pub at: String,
    /// The command that looked.
    pub command: String,
    /// First and last test bar, as one text.
    pub span: String,
    /// Test windows looked at.
    pub windows: u64,
    /// Models, configurations or seeds measured on them.
    pub models: u64,
}

impl<'a> ReportInputs<'a> {
    /// Inputs with an evaluation and nothing else.
    pub fn new(title: impl Into<String>, evaluation: &'a Evaluation) -> Self {
        Self {
            title: title.into(),
            subtitle: String::new(),
            evaluation,
            span: None,
            data: Vec::new(),
            symbols: Vec::new(),
            notes: Vec::new(),
            folds: Vec::new(),
            curves: Vec::new(),
            importance: None,
            overfitting: None,
            test_uses: None,
            timings: Vec::new(),
            memory: Vec::new(),
            machine: Vec::new(),
            commands: Vec::new(),
            configuration: String::new(),
            footer: String::new(),
        }
    }
}

/// The report of an evaluation.
pub fn report(inputs: &ReportInputs<'_>) -> Report {
    let sections = [
        data::section(inputs),
        data::splits(inputs),
        learning::section(inputs),
        skill::section(inputs),
        shape::calibration(inputs),
        shape::over_time(inputs),
        trading::section(inputs),
        symbols::section(inputs),
        learning::importance(inputs),
        luck::section(inputs),
        account::costs(inputs),
        account::reproduce(inputs),
        account::limits(inputs),
    ];
    Report {
        title: inputs.title.clone(),
        subtitle: verdict::subtitle(inputs),
        verdict: verdict::text(inputs),
        tiles: verdict::tiles(inputs),
        sections: sections
            .into_iter()
            .filter(|section| !section.parts.is_empty())
            .collect(),
        footer: inputs.footer.clone(),
    }
}

/// Adds a sentence that warns, if there is one.
fn caution(section: &mut Section, text: Option<&String>) {
    if let Some(text) = text {
        section.push(Part::Note {
            level: Level::Caution,
            text: text.clone(),
        });
    }
}

/// The model that the report is about.
fn model(horizon: &HorizonEvaluation) -> Option<&ForecasterEvaluation> {
    horizon.forecasters.iter().find(|one| one.is_model)
}

/// Days from the first to the last bar that was forecast from.
fn num_days(evaluation: &Evaluation) -> f64 {
    (evaluation.last - evaluation.first) as f64 / 86_400e9
}

/// Whether figures of a year say more than the bars do.
fn is_short(evaluation: &Evaluation) -> bool {
    num_days(evaluation) < SHORT_DAYS
}

/// `12 bars ahead (1 h)`.
fn ahead(evaluation: &Evaluation, horizon_bars: usize) -> String {
    let plural = if horizon_bars == 1 { "" } else { "s" };
    let seconds = evaluation.interval_ns as f64 / 1e9 * horizon_bars as f64;
    format!("{horizon_bars} bar{plural} ahead ({})", span_of(seconds))
}

/// A length of time in days where it is one or longer.
fn span_of(seconds: f64) -> String {
    let days = seconds / 86_400.0;
    if days >= 1.0 && days.fract() == 0.0 {
        let plural = if days > 1.0 { "s" } else { "" };
        format!("{days}\u{202f}day{plural}")
    } else {
        duration(seconds)
            .replace(" 0\u{202f}s", "")
            .replace(" 0\u{202f}min", "")
    }
}

/// The IC that the evaluation is about: across symbols where labels compare symbols, else over time.
fn ic(evaluation: &Evaluation, scores: &Scores) -> Option<Ic> {
    if evaluation.normalise.is_cross_sectional() {
        scores.ic_cs
    } else {
        scores.ic_ts
    }
}

/// Its interval.
fn ic_interval(evaluation: &Evaluation, one: &ForecasterEvaluation) -> Option<Interval> {
    if evaluation.normalise.is_cross_sectional() {
        one.intervals.ic_cs
    } else {
        one.intervals.ic_ts
    }
}

/// Its name.
fn ic_name(evaluation: &Evaluation) -> &'static str {
    if evaluation.normalise.is_cross_sectional() {
        "ic_cs"
    } else {
        "ic_ts"
    }
}

/// The ends of an interval as a cell.
fn ends(interval: Option<&Interval>, decimals: u8) -> Cell {
    Cell::interval(interval.map(|one| (one.low, one.high)), decimals)
}

/// `95 % interval`.
fn interval_name(evaluation: &Evaluation) -> String {
    format!(
        "{}\u{202f}% interval",
        super::number::brief(100.0 * evaluation.intervals.level)
    )
}

/// Colour and dashes of a forecaster, the same in every picture.
fn style(forecasters: &[ForecasterEvaluation], name: &str) -> usize {
    match name {
        "zero" => 7,
        "minus last return" => 3,
        "ridge" => 1,
        "trees" => 2,
        _ => {
            let models = forecasters.iter().filter(|one| one.is_model);
            let place = models
                .map(|one| one.name.as_str())
                .position(|one| one == name);
            [0, 4, 5, 6][place.unwrap_or(3).min(3)]
        }
    }
}

//! What a report says of the run behind an evaluation: bars, gaps, spans, learning curves, looks.

use super::ledger::Look;
use super::{FeatureImportance, Survey};
use crate::checkpoint::State;
use crate::device::Selection;
use crate::evaluation::Evaluation;
use crate::evaluation::report::content::{
    FeatureWeight, FoldSpans, ImportanceTable, LearningCurve, ReportInputs, SymbolData, TestUse,
};
use crate::evaluation::report::picture::{Span, SpanKind};
use crate::market::{Bars, Series};
use crate::windows::{Plan, Split};

/// Inputs of a report, with everything that a survey knows: facts about the bars, the bars of each
/// symbol, notes, spans, estimated memory, the configuration.
///
/// A walk-forward replaces [`ReportInputs::folds`] by a [`fold_spans`] for each fold.
pub fn report_inputs<'a>(
    title: impl Into<String>,
    survey: &Survey,
    evaluation: &'a Evaluation,
) -> ReportInputs<'a> {
    let mut notes = survey.bars.notes.clone();
    for (split, name) in Split::ALL
        .into_iter()
        .zip(["training", "validation", "test"])
    {
        let absent = survey.plan.absent(split);
        if !absent.is_empty() && absent.len() < survey.bars.series.len() {
            notes.push(format!("No {name} window: `{}`.", absent.join("`, `")));
        }
    }
    if !survey.dropped.is_empty() {
        let count = survey.dropped.len();
        notes.push(format!(
            "Features left out because they look back further than the data reaches: {count}."
        ));
    }
    let memory = &survey.memory;
    let sizes = [
        ("features on the device", memory.features),
        ("labels on the device", memory.labels),
        ("bars while features are computed", memory.columns),
        ("one batch", memory.batch),
    ];
    ReportInputs {
        data: facts(survey),
        symbols: symbol_data(&survey.bars),
        notes,
        folds: vec![fold_spans("run", &survey.plan)],
        memory: sizes
            .map(|(name, size)| (format!("{name}, estimated"), size))
            .to_vec(),
        configuration: survey.config.to_toml(),
        ..ReportInputs::new(title, evaluation)
    }
}

fn facts(survey: &Survey) -> Vec<(String, String)> {
    let bars = &survey.bars;
    let mut facts = vec![
        ("bars", survey.data.display().to_string()),
        (
            "interval",
            crate::evaluation::report::duration(bars.interval_ns as f64 / 1e9),
        ),
        ("calendar", bars.calendar.to_string()),
        ("gaps", bars.gaps.to_string()),
        (
            "prices",
            if bars.adjusted {
                "adjusted by adj close"
            } else {
                "as they are in the file"
            }
            .to_owned(),
        ),
        ("features", survey.set.names().len().to_string()),
        (
            "bars of memory",
            format!(
                "{} of the features, {} of a window",
                survey.set.memory_bars(),
                survey.config.windows.length
            ),
        ),
        ("SHA-256 of the bars", bars.fingerprint()),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    facts
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The bars of each symbol; symbols without a bar are left out.
///
/// A gap is a run of bars that were filled in, or the border of two stretches. How many bars are
/// missing at a border is not known here, so missing bars are given only where there is none.
pub fn symbol_data(bars: &Bars) -> Vec<SymbolData> {
    bars.series.iter().filter_map(of_symbol).collect()
}

fn of_symbol(series: &Series) -> Option<SymbolData> {
    let (first_ns, last_ns) = (*series.time.first()?, *series.time.last()?);
    let (mut filled, mut runs, mut run, mut longest, mut borders) = (0, 0, 0_u64, 0, 0);
    for row in 0..series.len() {
        if series.is_filled(row) {
            runs += u64::from(run == 0);
            run += 1;
            filled += 1;
            longest = run.max(longest);
        } else {
            run = 0;
        }
        if row > 0 && series.segment_of(row) != series.segment_of(row - 1) {
            borders += 1;
        }
    }
    Some(SymbolData {
        symbol: series.symbol.clone(),
        num_bars: series.len() as u64,
        first_ns,
        last_ns,
        gaps: Some(runs + borders),
        missing_bars: (borders == 0).then_some(filled),
        longest_gap_bars: (borders == 0).then_some(longest),
        filled_bars: Some(filled),
    })
}

/// The spans of a plan, a fold's for example.
pub fn fold_spans(name: impl Into<String>, plan: &Plan) -> FoldSpans {
    let kinds = [SpanKind::Train, SpanKind::Validation, SpanKind::Test];
    let totals = Split::ALL.map(|split| plan.total(split));
    let spans = kinds.into_iter().zip(&totals).filter_map(|(kind, total)| {
        Some(Span {
            kind,
            from_ns: total.first?,
            to_ns: total.last?,
        })
    });
    let windows = |at: usize| totals[at].windows as u64;
    FoldSpans {
        name: name.into(),
        spans: spans.collect(),
        train_windows: windows(0),
        validation_windows: windows(1),
        test_windows: windows(2),
        purged_windows: totals.iter().map(|total| total.purged as u64).sum(),
    }
}

/// How a run learnt, from where it stands at its end.
pub fn learning_curve(fold: Option<usize>, seed: u64, state: &State) -> LearningCurve {
    let epochs = state.metrics.iter().map(|record| {
        let validation = record.validation.get("validation_loss");
        (
            record.epoch,
            record.train_loss.get(),
            validation.map(|loss| loss.get()),
        )
    });
    LearningCurve {
        fold: fold.and_then(|fold| u32::try_from(fold).ok()),
        seed,
        epochs: epochs.collect(),
        best_epoch: state.best.as_ref().map(|best| best.epoch),
        elapsed_s: Some(state.elapsed_s.get()),
    }
}

/// What [`super::importance`] found on `num_windows` windows of the validation span in `repeats`
/// permutations.
pub fn importance_table(
    found: &[FeatureImportance],
    num_windows: usize,
    repeats: usize,
) -> ImportanceTable {
    ImportanceTable {
        method: format!(
            "Each feature's whole columns change places among {num_windows} windows, {repeats} times; \
             all else stays."
        ),
        features: found
            .iter()
            .map(|one| FeatureWeight {
                name: one.name.clone(),
                loss_increase: one.loss_increase,
                standard_error: one.se,
                ic_drop: one.ic_drop,
            })
            .collect(),
    }
}

/// What the ledger knows.
pub fn test_uses(looks: &[Look]) -> Vec<TestUse> {
    looks
        .iter()
        .map(|look| TestUse {
            at: look.at.clone(),
            command: look.command.clone(),
            span: format!("{} to {}", look.first, look.last),
            windows: look.windows as u64,
            models: look.models as u64,
        })
        .collect()
}

/// The machine and the build that a report names.
pub fn machine(selection: &Selection) -> Vec<(String, String)> {
    let adapter = if selection.adapter.is_empty() {
        String::new()
    } else {
        format!(" ({})", selection.adapter)
    };
    [
        ("device", format!("{}{adapter}", selection.name)),
        ("why", selection.reason.clone()),
        ("threads", rayon::current_num_threads().to_string()),
        (
            "version",
            format!("emberline {}", env!("CARGO_PKG_VERSION")),
        ),
        (
            "system",
            format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

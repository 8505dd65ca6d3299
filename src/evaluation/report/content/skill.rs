//! How good the forecasts are, beside what they have to beat.

use super::super::{Best, Cell, Column, Digits, Part, Section, Table, number};
use super::{ReportInputs, ahead, caution, ends, ic, ic_name, interval_name};
use crate::evaluation::{
    Difference, Evaluation, ForecasterEvaluation, HorizonEvaluation, Interval,
};
use crate::metrics::{Ic, Scores};

pub(super) fn section(inputs: &ReportInputs<'_>) -> Section {
    let evaluation = inputs.evaluation;
    let lead = "The model beside what it has to beat, on the same windows. The best of a column is \
                underlined, which does not mean that it can be told from the second.";
    let mut section = Section::new("skill", "Skill", lead);
    caution(&mut section, evaluation.caveat.as_ref());
    let several = evaluation.horizons.len() > 1;
    // What columns mean is said once.
    for (at, horizon) in evaluation.horizons.iter().enumerate() {
        if several {
            section.push(Part::Heading(ahead(evaluation, horizon.horizon_bars)));
        }
        section.push(scores(evaluation, horizon, at == 0));
        let across = |one: &ForecasterEvaluation| one.scores.ic_cs.is_some();
        if horizon.forecasters.iter().any(across) {
            section.push(across_symbols(evaluation, horizon, at == 0));
        }
        if !horizon.differences.is_empty() {
            section.push(differences(evaluation, horizon, at == 0));
        }
        let seeded = |one: &&ForecasterEvaluation| one.runs.len() > 1;
        for one in horizon.forecasters.iter().filter(seeded) {
            section.push(Part::Details {
                title: format!("{} runs of {} one by one", one.runs.len(), one.name),
                parts: vec![runs(evaluation, horizon, one).into()],
            });
        }
    }
    section
}

fn ic_cell(ic: Option<Ic>) -> Cell {
    ic.map_or(Cell::Missing, |ic| {
        Cell::with_spread(ic.value, ic.standard_error, 4)
    })
}

/// Rows for all forecasters, the models set off.
fn rows(
    table: &mut Table,
    horizon: &HorizonEvaluation,
    cells: impl Fn(&ForecasterEvaluation) -> Vec<Cell>,
) {
    for one in &horizon.forecasters {
        let mut row = vec![Cell::text(&one.name)];
        row.extend(cells(one));
        if one.is_model {
            table.push_strong(row);
        } else {
            table.push(row);
        }
    }
}

fn scores(evaluation: &Evaluation, horizon: &HorizonEvaluation, is_first: bool) -> Table {
    let caption = format!(
        "{}: losses, signs, and correlation over time",
        ahead(evaluation, horizon.horizon_bars)
    );
    let columns = vec![
        Column::new("forecast"),
        Column::with_best("loss", Best::Lowest),
        Column::with_best("R\u{b2}", Best::Highest),
        Column::with_best("hits", Best::Highest),
        Column::new("majority"),
        Column::with_best("ic_ts \u{b1} se", Best::Highest),
        Column::new(interval_name(evaluation)),
        Column::new("t"),
        Column::new("finds"),
    ];
    let mut table = Table::new(caption, columns);
    rows(&mut table, horizon, |one| {
        let scores = &one.scores;
        vec![
            Cell::decimals(scores.loss, 5),
            Cell::optional(scores.r2, 4),
            Cell::percent(scores.hit_rate.map(|hits| hits.rate), 2),
            Cell::percent(scores.hit_rate.map(|hits| hits.majority), 2),
            ic_cell(scores.ic_ts),
            ends(one.intervals.ic_ts.as_ref(), 4),
            Cell::optional(scores.ic_ts.and_then(|ic| ic.t), 2),
            Cell::optional(scores.ic_ts.and_then(|ic| ic.minimum_detectable), 4),
        ]
    });
    if !is_first {
        return table;
    }
    table.note(
        "`majority`: what always forecasting the more frequent sign would have hit. `ic_ts`: Pearson's \
         correlation of forecast and return over time for each symbol, averaged; `se` and `t` are Newey \
         and West's, with a lag of at least the horizon. `finds`: the smallest IC that this much data \
         tells from nothing.",
    );
    if let Some(one) = horizon.forecasters.iter().find_map(interval_of) {
        table.note(format!(
            "Intervals: {} resamples of blocks of {} bars{}.",
            number(one.resamples as f64, Digits::Decimals(0)),
            one.block_bars,
            if one.num_runs > 1 {
                " and of the runs"
            } else {
                ""
            }
        ));
    }
    table
}

/// The interval with the most runs behind it.
fn interval_of(one: &ForecasterEvaluation) -> Option<Interval> {
    one.intervals.ic_ts.or(one.intervals.ic_cs)
}

fn across_symbols(evaluation: &Evaluation, horizon: &HorizonEvaluation, is_first: bool) -> Table {
    let caption = format!(
        "{}: correlation across symbols",
        ahead(evaluation, horizon.horizon_bars)
    );
    let interval = interval_name(evaluation);
    let columns = vec![
        Column::new("forecast"),
        Column::with_best("ic_cs \u{b1} se", Best::Highest),
        Column::new(&interval),
        Column::new("t"),
        Column::new("finds"),
        Column::with_best("rank_ic_cs \u{b1} se", Best::Highest),
        Column::new(interval),
        Column::with_best("ICIR", Best::Highest),
    ];
    let mut table = Table::new(caption, columns);
    rows(&mut table, horizon, |one| {
        let scores = &one.scores;
        vec![
            ic_cell(scores.ic_cs),
            ends(one.intervals.ic_cs.as_ref(), 4),
            Cell::optional(scores.ic_cs.and_then(|ic| ic.t), 2),
            Cell::optional(scores.ic_cs.and_then(|ic| ic.minimum_detectable), 4),
            ic_cell(scores.rank_ic_cs),
            ends(one.intervals.rank_ic_cs.as_ref(), 4),
            Cell::optional(scores.ic_cs.and_then(|ic| ic.icir), 3),
        ]
    });
    if !is_first {
        return table;
    }
    table.note(
        "`ic_cs`: correlation across at least 5 symbols at a bar, averaged over bars; `rank_ic_cs` the \
         same of ranks. ICIR: mean over standard deviation per bar, not of a year.",
    );
    table
}

fn differences(evaluation: &Evaluation, horizon: &HorizonEvaluation, is_first: bool) -> Table {
    let name = ic_name(evaluation);
    let interval = interval_name(evaluation);
    let columns = [
        "model against",
        name,
        &interval,
        "Sharpe",
        &interval,
        "return per bar, bp",
        &interval,
    ];
    let caption = format!(
        "{}: the model less each baseline",
        ahead(evaluation, horizon.horizon_bars)
    );
    let mut table = Table::new(caption, columns.map(Column::new).to_vec());
    let models = horizon
        .forecasters
        .iter()
        .filter(|one| one.is_model)
        .count();
    for one in &horizon.differences {
        let title = if models > 1 {
            format!("{} against {}", one.model, one.baseline)
        } else {
            one.baseline.clone()
        };
        let ic = of_ic(evaluation, one);
        let value = |interval: Option<&Interval>, decimals| {
            Cell::optional(interval.map(|one| one.value), decimals)
        };
        table.push(vec![
            Cell::text(title),
            value(ic.as_ref(), 4),
            ends(ic.as_ref(), 4),
            value(one.sharpe.as_ref(), 2),
            ends(one.sharpe.as_ref(), 2),
            value(one.mean_return_bps.as_ref(), 3),
            ends(one.mean_return_bps.as_ref(), 3),
        ]);
    }
    if !is_first {
        return table;
    }
    table.note(
        "Both are measured on the same bars of each resample. An interval that holds 0 does not tell \
         them apart. Sharpe and return are of the configured strategy after costs.",
    );
    table
}

/// The difference of the IC that the evaluation is about.
pub(super) fn of_ic(evaluation: &Evaluation, one: &Difference) -> Option<Interval> {
    if evaluation.normalise.is_cross_sectional() {
        one.scores.ic_cs
    } else {
        one.scores.ic_ts
    }
}

fn runs(evaluation: &Evaluation, horizon: &HorizonEvaluation, one: &ForecasterEvaluation) -> Table {
    let name = ic_name(evaluation);
    let columns = vec![
        Column::new("run"),
        Column::new("loss"),
        Column::new("hits"),
        Column::new(format!("{name} \u{b1} se")),
        Column::new("t"),
        Column::new("break-even, bp"),
    ];
    let caption = format!(
        "{}: runs of {}",
        ahead(evaluation, horizon.horizon_bars),
        one.name
    );
    let mut table = Table::new(caption, columns);
    let cells = |name: String, scores: &Scores| {
        let ic = ic(evaluation, scores);
        vec![
            Cell::text(name),
            Cell::decimals(scores.loss, 5),
            Cell::percent(scores.hit_rate.map(|hits| hits.rate), 2),
            ic_cell(ic),
            Cell::optional(ic.and_then(|ic| ic.t), 2),
            Cell::optional(scores.break_even_bps, 2),
        ]
    };
    for (at, scores) in one.runs.iter().enumerate() {
        table.push(cells(format!("run {}", at + 1), scores));
    }
    table.push_strong(cells("mean".to_owned(), &one.scores));
    table
}

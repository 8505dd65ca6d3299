//! How much of the result is luck: trials, and looks at the test span.

use super::super::{Cell, Column, Level, Part, Section, Table, percent};
use super::{ReportInputs, model};

pub(super) fn section(inputs: &ReportInputs<'_>) -> Section {
    let lead = "The best of many trials looks good by luck alone, and a test span that was looked at \
                before is no longer unseen.";
    let mut section = Section::new("luck", "Trials and looks at the test span", lead);
    trials(inputs, &mut section);
    uses(inputs, &mut section);
    section
}

fn trials(inputs: &ReportInputs<'_>, section: &mut Section) {
    let mut facts = Vec::new();
    if let Some(trials) = inputs.evaluation.trials {
        facts.push((
            "configurations tried".to_owned(),
            Cell::Count(trials.count as u64),
        ));
        let strategy = inputs.evaluation.backtest.strategy;
        for horizon in &inputs.evaluation.horizons {
            let backtests = model(horizon).into_iter().flat_map(|one| &one.backtests);
            for backtest in backtests.filter(|backtest| backtest.strategy == strategy) {
                facts.push((
                    format!("deflated Sharpe, {} bars ahead", horizon.horizon_bars),
                    Cell::percent(backtest.deflated_sharpe, 1),
                ));
            }
        }
    }
    if let Some(found) = &inputs.overfitting {
        let splits = found.num_splits;
        facts.push((
            "probability of backtest overfitting".to_owned(),
            Cell::text(format!(
                "{} over {} trials and {splits} splits of the bars",
                percent(found.probability, 1),
                found.num_trials
            )),
        ));
        facts.push((
            "probability that the choice loses".to_owned(),
            Cell::percent(Some(found.probability_of_loss), 1),
        ));
        facts.push((
            "slope of the Sharpe ratio outside on inside".to_owned(),
            Cell::optional(found.degradation, 3),
        ));
    }
    if facts.is_empty() {
        return;
    }
    section.push(Part::KeyValues(facts));
    section.push(Part::Text(
        "The deflated Sharpe ratio is the probability that the true one is above what the best of so \
         many worthless trials would show; below 95\u{202f}% luck is explanation enough. Overfitting is \
         the share of splits in which the trial that was best in one half lies in the lower half of the \
         other."
            .to_owned(),
    ));
}

fn uses(inputs: &ReportInputs<'_>, section: &mut Section) {
    let Some(uses) = &inputs.test_uses else {
        return;
    };
    let (level, text) = match uses.len() {
        0 | 1 => (
            Level::Note,
            "The ledger knows of no earlier look at this test span.".to_owned(),
        ),
        count => {
            let models: u64 = uses.iter().map(|one| one.models).sum();
            (
                Level::Warning,
                format!(
                    "This is look {count} at the test span, {models} models in all. Whatever was \
                     decided after an earlier look has seen the test: intervals and probabilities \
                     here are too favourable, and more so with each look."
                ),
            )
        }
    };
    section.push(Part::Note { level, text });
    if uses.is_empty() {
        return;
    }
    let columns = ["when, UTC", "command", "test bars", "windows", "models"];
    let mut table = Table::new("Looks at the test span", columns.map(Column::new).to_vec());
    for one in uses {
        table.push(vec![
            Cell::text(&one.at),
            Cell::text(&one.command),
            Cell::text(&one.span),
            Cell::Count(one.windows),
            Cell::Count(one.models),
        ]);
    }
    table.note("From the ledger in the run's folder; looks from other folders are not in it.");
    section.push(table);
}

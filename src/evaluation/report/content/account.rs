//! What it took, how to do it again, and what cannot be seen here.

use super::super::{Cell, Part, Section, bytes, duration};
use super::ReportInputs;
use crate::windows::Entry;

pub(super) fn costs(inputs: &ReportInputs<'_>) -> Section {
    let mut section = Section::new("resources", "Time and memory", "");
    let times = inputs.timings.iter();
    let times = times.map(|(name, seconds)| (name.clone(), Cell::text(duration(*seconds))));
    let sizes = inputs.memory.iter();
    let sizes = sizes.map(|(name, size)| (name.clone(), Cell::text(bytes(*size))));
    let facts: Vec<(String, Cell)> = times.chain(sizes).collect();
    if !facts.is_empty() {
        section.push(Part::KeyValues(facts));
    }
    section
}

pub(super) fn reproduce(inputs: &ReportInputs<'_>) -> Section {
    let mut section = Section::new("reproduce", "How to reproduce", "");
    if !inputs.commands.is_empty() {
        section.push(Part::Code(inputs.commands.join("\n")));
    }
    if !inputs.machine.is_empty() {
        let facts = inputs.machine.iter();
        let facts = facts.map(|(name, value)| (name.clone(), Cell::text(value.clone())));
        section.push(Part::KeyValues(facts.collect()));
    }
    if !inputs.configuration.is_empty() {
        section.push(Part::Details {
            title: "The whole configuration (TOML, runs again as it is)".to_owned(),
            parts: vec![Part::Code(inputs.configuration.clone())],
        });
    }
    section
}

pub(super) fn limits(inputs: &ReportInputs<'_>) -> Section {
    let evaluation = inputs.evaluation;
    let mut points: Vec<String> = [
        "Survivorship: symbols that were never in the file. If those that failed are missing, \
         every number here is too good.",
        "Wrong stamps: a file whose bars carry their close as their open, or a vendor's correction \
         made later, looks ahead without a trace.",
        "Room in the market: the backtest trades at the bar's price whatever the size; there is no \
         impact, no queue and no failed order beyond the costs stated.",
        "The future: these bars are one history; a regime that is not in them is not in the \
         intervals.",
        "Decisions made by people who had seen this market before the first training bar.",
    ]
    .map(str::to_owned)
    .to_vec();
    if evaluation.entry == Entry::Close {
        points.insert(
            0,
            "The target enters at the close that its forecast is made from: nobody can trade that, \
             and bounce between bid and ask looks like skill."
                .to_owned(),
        );
    }
    if inputs.test_uses.is_none() {
        points.push(
            "How often the test span was looked at: no ledger was kept for these numbers."
                .to_owned(),
        );
    }
    let single = |one: &crate::evaluation::HorizonEvaluation| {
        super::model(one).is_some_and(|model| model.runs.len() == 1)
    };
    if evaluation.horizons.iter().any(single) {
        points.push(
            "Luck of the seed: there is one run, so the intervals count the luck of the bars alone."
                .to_owned(),
        );
    }
    let mut section = Section::new("limits", "What this report cannot see", "");
    section.push(Part::List(points));
    section
}

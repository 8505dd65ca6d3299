//! Which bars, what is missing in them, and what they were used for.

use super::super::picture::{Lane, Picture, Spans};
use super::super::{Cell, Column, Level, Part, Section, Table};
use super::{ReportInputs, SymbolData};

pub(super) fn section(inputs: &ReportInputs<'_>) -> Section {
    let lead = "What was read, and what was missing in it. Times are the open of a bar, UTC.";
    let mut section = Section::new("data", "Data", lead);
    if !inputs.data.is_empty() {
        let facts = inputs.data.iter();
        let facts = facts.map(|(name, value)| (name.clone(), Cell::text(value.clone())));
        section.push(Part::KeyValues(facts.collect()));
    }
    for note in &inputs.notes {
        section.push(Part::Note {
            level: Level::Note,
            text: note.clone(),
        });
    }
    if !inputs.symbols.is_empty() {
        section.push(symbols(&inputs.symbols));
    }
    section
}

fn symbols(symbols: &[SymbolData]) -> Table {
    let columns = [
        "symbol",
        "bars",
        "first",
        "last",
        "gaps",
        "missing bars",
        "longest gap",
        "filled bars",
    ];
    let mut table = Table::new("Bars of each symbol", columns.map(Column::new).to_vec());
    let count = |count: Option<u64>| count.map_or(Cell::Missing, Cell::Count);
    let mut ordered: Vec<&SymbolData> = symbols.iter().collect();
    if symbols.len() > table.open_rows {
        ordered.sort_by_key(|one| std::cmp::Reverse(one.gaps));
        table.caption.push_str(", most gaps first");
    }
    for one in ordered {
        table.push(vec![
            Cell::text(&one.symbol),
            Cell::Count(one.num_bars),
            Cell::Time(one.first_ns),
            Cell::Time(one.last_ns),
            count(one.gaps),
            count(one.missing_bars),
            count(one.longest_gap_bars),
            count(one.filled_bars),
        ]);
    }
    if symbols.len() > 1 {
        let sum = |pick: fn(&SymbolData) -> Option<u64>| symbols.iter().map(pick).sum();
        table.push_strong(vec![
            Cell::text("all"),
            Cell::Count(symbols.iter().map(|one| one.num_bars).sum()),
            symbols
                .iter()
                .map(|one| one.first_ns)
                .min()
                .map_or(Cell::Missing, Cell::Time),
            symbols
                .iter()
                .map(|one| one.last_ns)
                .max()
                .map_or(Cell::Missing, Cell::Time),
            count(sum(|one| one.gaps)),
            count(sum(|one| one.missing_bars)),
            count(symbols.iter().filter_map(|one| one.longest_gap_bars).max()),
            count(sum(|one| one.filled_bars)),
        ]);
    }
    table
}

pub(super) fn splits(inputs: &ReportInputs<'_>) -> Section {
    let lead = "Cuts are instants on the calendar, the same for all symbols. A window belongs to the \
                span in which its last bar opens, and no target reaches into the next span.";
    let mut section = Section::new("splits", "Training, validation and test", lead);
    if inputs.folds.is_empty() {
        return section;
    }
    section.push(Picture::Spans(Spans {
        title: "Which bars were used for what".to_owned(),
        caption: "From the first to the last bar on which a window of the span ends.".to_owned(),
        lanes: inputs
            .folds
            .iter()
            .map(|fold| Lane {
                name: fold.name.clone(),
                spans: fold.spans.clone(),
            })
            .collect(),
    }));
    let columns = ["", "training", "validation", "test", "purged"];
    let mut table = Table::new("Windows", columns.map(Column::new).to_vec());
    for fold in &inputs.folds {
        table.push(vec![
            Cell::text(&fold.name),
            Cell::Count(fold.train_windows),
            Cell::Count(fold.validation_windows),
            Cell::Count(fold.test_windows),
            Cell::Count(fold.purged_windows),
        ]);
    }
    table.note("Purged: windows whose target ends in the next span; no span has them.");
    section.push(table);
    section
}

//! The model, symbol by symbol.

use super::super::picture::{Axis, Bin, Histogram, Picture, Reference};
use super::super::{Cell, Column, Digits, Section, Table, number};
use super::trading::times;
use super::{ReportInputs, ahead, model};
use crate::evaluation::SymbolScores;

/// More symbols are ordered by their IC, under a histogram.
const MANY_SYMBOLS: usize = 20;

pub(super) fn section(inputs: &ReportInputs<'_>) -> Section {
    let evaluation = inputs.evaluation;
    let lead = "The model, symbol by symbol. With many symbols some look good by luck alone.";
    let mut section = Section::new("symbols", "Symbols", lead);
    for horizon in &evaluation.horizons {
        let Some(one) = model(horizon).filter(|one| !one.symbols.is_empty()) else {
            continue;
        };
        let columns = [
            "symbol",
            "windows",
            "ic_ts",
            "hits",
            "majority",
            "earned before costs",
            "traded",
            "break-even, bp",
        ];
        let title = ahead(evaluation, horizon.horizon_bars);
        let is_many = one.symbols.len() > MANY_SYMBOLS;
        let mut symbols: Vec<&SymbolScores> = one.symbols.iter().collect();
        if is_many {
            section.push(spread(&title, &symbols));
            // Without an IC last.
            let value = |one: &SymbolScores| one.ic_ts.unwrap_or(f64::NEG_INFINITY);
            symbols.sort_by(|a, b| value(b).total_cmp(&value(a)));
        }
        let caption = if is_many {
            format!("{title}, highest IC first")
        } else {
            title
        };
        let mut table = Table::new(caption, columns.map(Column::new).to_vec());
        for symbol in symbols {
            table.push(vec![
                Cell::text(&symbol.symbol),
                Cell::Count(symbol.num_windows as u64),
                Cell::optional(symbol.ic_ts, 4),
                Cell::percent(symbol.hit_rate.map(|hits| hits.rate), 1),
                Cell::percent(symbol.hit_rate.map(|hits| hits.majority), 1),
                Cell::percent(Some(symbol.earned), 2),
                times(symbol.traded),
                Cell::optional(symbol.break_even_bps, 2),
            ]);
        }
        let positive = one
            .symbols
            .iter()
            .filter(|one| one.ic_ts.is_some_and(|ic| ic > 0.0));
        table.note(format!(
            "{} of {} symbols have a positive IC. Earned and traded are shares of the whole capital by \
             the {} strategy.",
            number(positive.count() as f64, Digits::Decimals(0)),
            one.symbols.len(),
            evaluation.backtest.strategy
        ));
        section.push(table);
    }
    section
}

/// The symbols' ICs as a histogram: with many of them the two ends are luck.
fn spread(title: &str, symbols: &[&SymbolScores]) -> Picture {
    let values: Vec<f64> = symbols.iter().filter_map(|one| one.ic_ts).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let overall = Reference::new(mean, format!("mean {}", number(mean, Digits::Decimals(4))));
    Picture::Histogram(Histogram {
        title: format!("IC by symbol, {title}"),
        caption:
            "With many symbols both ends are mostly luck; what counts is where the middle lies."
                .to_owned(),
        x: Axis::linear("ic_ts of a symbol"),
        counts_name: "symbols".to_owned(),
        bins: Bin::count(&values, 25),
        references: vec![overall],
    })
}

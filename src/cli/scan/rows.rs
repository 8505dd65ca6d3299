//! Which rows of a scan are printed, in which order.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use emberline::market::{Bars, TableRows, Values};
use emberline::ops::atc::{Family, Number, Table};
use emberline::trend::TrendConfig;

use super::report;

/// Filters and order.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Rows")]
pub(crate) struct Wanted {
    /// Order of the symbols; strength is the average's distance from 0, the greatest first
    #[arg(long, value_enum, default_value_t = Sort::Symbol, conflicts_with = "history")]
    sort: Sort,
    /// Only these classes
    #[arg(
        long = "class",
        value_enum,
        value_delimiter = ',',
        value_name = "CLASS,.."
    )]
    classes: Vec<ClassName>,
    /// Only averages at least this far from 0
    #[arg(long, value_name = "X", default_value_t = 0.0)]
    min_strength: f64,
    /// Exit with 3 if no row is left
    #[arg(long)]
    exit_code: bool,
}

/// Orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    Symbol,
    Average,
    Strength,
}

/// Classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClassName {
    /// 1
    Long,
    /// -1
    Short,
    /// 0
    Flat,
}

impl Wanted {
    /// 0, or 3 if that was asked for and no row is left.
    pub(super) fn exit_code(&self, num_rows: usize) -> ExitCode {
        if self.exit_code && num_rows == 0 {
            ExitCode::from(report::FOUND)
        } else {
            ExitCode::SUCCESS
        }
    }

    fn keeps(&self, average: f64, class: i8) -> bool {
        let named = match class {
            1 => ClassName::Long,
            -1 => ClassName::Short,
            _ => ClassName::Flat,
        };
        (self.classes.is_empty() || self.classes.contains(&named))
            && average.abs() >= self.min_strength
    }

    /// The places of the table that are printed, each with its row.
    fn places<Y: Number>(&self, table: &Table<Y>) -> Vec<(usize, usize)> {
        let all = (0..table.num_rows()).flat_map(|row| table.range(row).map(move |at| (row, at)));
        let mut places: Vec<(usize, usize)> = all
            .filter(|&(_, at)| self.keeps(table.average[at].wide(), table.class[at]))
            .collect();
        // Stable: equals stay in the order of their symbols.
        match self.sort {
            Sort::Symbol => {}
            Sort::Average => places.sort_by(|a, b| {
                let [a, b] = [a, b].map(|place| table.average[place.1].wide());
                b.total_cmp(&a)
            }),
            Sort::Strength => places.sort_by(|a, b| {
                let [a, b] = [a, b].map(|place| table.average[place.1].wide().abs());
                b.total_cmp(&a)
            }),
        }
        places
    }
}

/// A number type that a column can have.
pub(super) trait Cell: Number {
    fn values(cells: Vec<Self>) -> Values;
}

impl Cell for f32 {
    fn values(cells: Vec<Self>) -> Values {
        Values::F32(cells)
    }
}

impl Cell for f64 {
    fn values(cells: Vec<Self>) -> Values {
        Values::F64(cells)
    }
}

/// The long table: a row per symbol, or per symbol and bar; of each setting, if `swept`, with columns
/// that say which.
pub(super) fn rows<Y: Cell>(
    bars: &Bars,
    tables: &[(&TrendConfig, &Table<Y>)],
    wanted: &Wanted,
    swept: bool,
) -> TableRows {
    let mut rows = TableRows {
        symbols: bars
            .series
            .iter()
            .map(|series| series.symbol.clone())
            .collect(),
        date_labels: bars.date_labels,
        ..TableRows::default()
    };
    let mut settings: [Vec<Y>; 4] = Default::default();
    let mut columns: Vec<Vec<Y>> = vec![Vec::new(); 14];
    for (config, table) in tables {
        for (row, at) in wanted.places(table) {
            let series = &bars.series[row];
            rows.timestamp
                .push(series.time[series.len() - (table.range(row).end - at)]);
            rows.symbol.push(row as u32);
            let of_config = [
                config.lengths[0] as f64,
                config.lambda,
                config.decay,
                config.long,
            ];
            for (column, value) in settings.iter_mut().zip(of_config) {
                column.push(Y::narrow(value));
            }
            let class = Y::narrow(f64::from(table.class[at]));
            let layers = table.signals.iter().chain(&table.weights);
            let values = [table.average[at], class]
                .into_iter()
                .chain(layers.map(|layer| layer[at]));
            for (column, value) in columns.iter_mut().zip(values) {
                column.push(value);
            }
        }
    }
    if swept {
        let names = ["length", "lambda", "decay", "threshold"];
        for (name, column) in names.into_iter().zip(settings) {
            rows.columns.push((name.to_owned(), Y::values(column)));
        }
    }
    let of_family = |suffix: &'static str| {
        Family::ALL
            .iter()
            .map(move |family| format!("{}_{suffix}", family.name()))
    };
    let names = ["average", "class"].map(str::to_owned);
    let names = names
        .into_iter()
        .chain(of_family("S"))
        .chain(of_family("W"));
    rows.columns
        .extend(names.zip(columns.into_iter().map(Y::values)));
    rows
}

//! Tables as text: JSON lines, and a short form for readers.

use std::io::Write;

use super::times;
use super::{TableRows, Values};

/// What stands in a row after its timestamp: the symbol (`None`) or a column.
fn order(rows: &TableRows, columns: usize) -> impl Iterator<Item = Option<usize>> {
    let before = rows.before_symbol.min(columns);
    (0..before)
        .map(Some)
        .chain([None])
        .chain((before..columns).map(Some))
}

/// One row as one JSON object.
pub(super) fn json_line(to: &mut dyn Write, rows: &TableRows, row: usize) -> std::io::Result<()> {
    let text = |text: &str| serde_json::Value::from(text);
    let timestamp = times::format(rows.timestamp[row], rows.date_labels);
    write!(to, "{{\"timestamp\":{}", text(&timestamp))?;
    for column in order(rows, rows.columns.len()) {
        let Some(column) = column else {
            let symbol = &rows.symbols[rows.symbol[row] as usize];
            write!(to, ",\"symbol\":{}", text(symbol))?;
            continue;
        };
        let (name, values) = &rows.columns[column];
        write!(to, ",{}:", text(name))?;
        match (values, rows.cell(column, row)) {
            (_, None) => to.write_all(b"null")?,
            (Values::F32(values), _) if !values[row].is_finite() => to.write_all(b"null")?,
            (Values::F64(values), _) if !values[row].is_finite() => to.write_all(b"null")?,
            (Values::Text(_) | Values::Time(_), Some(cell)) => write!(to, "{}", text(&cell))?,
            (_, Some(cell)) => to.write_all(cell.as_bytes())?,
        }
    }
    to.write_all(b"}\n")
}

/// Rows at each end of a table that a reader is shown.
const ENDS: usize = 5;
/// Columns that a reader is shown.
const COLUMNS: usize = 8;

/// The first and last rows of a table, columns under each other.
#[derive(Default)]
pub(super) struct Short {
    head: Vec<String>,
    first: Vec<Vec<String>>,
    last: Vec<Vec<String>>,
    num_rows: usize,
    more_columns: usize,
}

impl Short {
    pub(super) fn take(&mut self, rows: &TableRows) {
        let columns = rows.columns.len().min(COLUMNS);
        self.more_columns = rows.columns.len() - columns;
        self.head = order(rows, columns)
            .map(|column| column.map_or("symbol", |column| rows.columns[column].0.as_str()))
            .map(str::to_owned)
            .collect();
        self.head.insert(0, "timestamp".to_owned());
        let line = |row: usize| -> Vec<String> {
            let cell = |column: Option<usize>| match column {
                None => rows.symbols[rows.symbol[row] as usize].clone(),
                Some(column) => rows.cell(column, row).unwrap_or_else(|| "-".to_owned()),
            };
            let timestamp = times::format(rows.timestamp[row], rows.date_labels);
            std::iter::once(timestamp)
                .chain(order(rows, columns).map(cell))
                .collect()
        };
        let begin = rows.len().min(ENDS - self.first.len());
        self.first.extend((0..begin).map(line));
        self.last
            .extend((begin.max(rows.len().saturating_sub(ENDS))..rows.len()).map(line));
        self.last.drain(..self.last.len().saturating_sub(ENDS));
        self.num_rows += rows.len();
    }

    pub(super) fn write(&self, to: &mut dyn Write) -> std::io::Result<()> {
        if self.num_rows == 0 {
            return writeln!(to, "no rows");
        }
        let dots = vec!["...".to_owned(); self.head.len()];
        let cut = self.num_rows > self.first.len() + self.last.len();
        let lines: Vec<&Vec<String>> = std::iter::once(&self.head)
            .chain(&self.first)
            .chain(cut.then_some(&dots))
            .chain(&self.last)
            .collect();
        let width = |column: usize| {
            let cells = lines.iter().map(|line| line[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        for line in &lines {
            let cells: Vec<String> = line
                .iter()
                .zip(&widths)
                .map(|(cell, &width)| format!("{cell:>width$}"))
                .collect();
            writeln!(to, "{}", cells.join("  "))?;
        }
        let more = match self.more_columns {
            0 => String::new(),
            more => format!(", {more} more columns"),
        };
        writeln!(to, "{} rows{more}", self.num_rows)
    }
}

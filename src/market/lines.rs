//! Tables as text: JSON lines, and a short form for readers.

use std::io::Write;

use super::times;
use super::{TableRows, Values};

/// One row as one JSON object.
pub(super) fn json_line(to: &mut dyn Write, rows: &TableRows, row: usize) -> std::io::Result<()> {
    let text = |text: &str| serde_json::Value::from(text);
    write!(
        to,
        "{{\"timestamp\":{},\"symbol\":{}",
        text(&times::format(rows.timestamp[row], rows.date_labels)),
        text(&rows.symbols[rows.symbol[row] as usize])
    )?;
    for (column, (name, values)) in rows.columns.iter().enumerate() {
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

/// The first and last rows, columns under each other.
pub(super) fn short(to: &mut dyn Write, pieces: &[TableRows]) -> std::io::Result<()> {
    const ENDS: usize = 5;
    const COLUMNS: usize = 8;
    let places: Vec<(usize, usize)> = pieces
        .iter()
        .enumerate()
        .flat_map(|(piece, rows)| (0..rows.len()).map(move |row| (piece, row)))
        .collect();
    let Some(first) = pieces.first() else {
        return writeln!(to, "no rows");
    };
    let columns = first.columns.len().min(COLUMNS);
    let mut lines: Vec<Vec<String>> = vec![
        ["timestamp", "symbol"]
            .into_iter()
            .map(str::to_owned)
            .chain(
                first.columns[..columns]
                    .iter()
                    .map(|(name, _)| name.clone()),
            )
            .collect(),
    ];
    let cut = places.len() > 2 * ENDS;
    for (index, &(piece, row)) in places.iter().enumerate() {
        if cut && (ENDS..places.len() - ENDS).contains(&index) {
            if index == ENDS {
                lines.push(vec!["...".to_owned(); columns + 2]);
            }
            continue;
        }
        let rows = &pieces[piece];
        let mut line = vec![
            times::format(rows.timestamp[row], rows.date_labels),
            rows.symbols[rows.symbol[row] as usize].clone(),
        ];
        line.extend(
            (0..columns).map(|column| rows.cell(column, row).unwrap_or_else(|| "-".to_owned())),
        );
        lines.push(line);
    }
    let widths: Vec<usize> = (0..columns + 2)
        .map(|column| {
            lines
                .iter()
                .map(|line| line[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    for line in &lines {
        let cells: Vec<String> = line
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{cell:>width$}"))
            .collect();
        writeln!(to, "{}", cells.join("  "))?;
    }
    let more = first.columns.len() - columns;
    let more = if more > 0 {
        format!(", {more} more columns")
    } else {
        String::new()
    };
    writeln!(to, "{} rows{more}", places.len())
}

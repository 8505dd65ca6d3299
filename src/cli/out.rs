//! Data on stdout. A reader that goes away ends the program quietly.

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};

use emberline::market::Stream;
use serde::Serialize;

use super::Global;

/// Writes text as it stands.
pub(crate) fn text(text: impl Display) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    write!(stdout, "{text}")?;
    stdout.flush()?;
    Ok(())
}

/// Writes one line.
pub(crate) fn line(text: impl Display) -> anyhow::Result<()> {
    self::text(format_args!("{text}\n"))
}

/// Writes one JSON document.
pub(crate) fn json(document: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(document)?)
}

/// Whether a person reads stdout.
pub(crate) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// What a long table without `--out` becomes: JSON lines, a short table for a person, else CSV.
pub(crate) fn stream(global: &Global) -> Stream {
    if global.json {
        Stream::JsonLines
    } else if is_terminal() {
        Stream::Short
    } else {
        Stream::Csv
    }
}

/// A text table: the first column left, the others right, two spaces between.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let head: Vec<String> = head.iter().map(ToString::to_string).collect();
    for row in std::iter::once(&head).chain(rows) {
        let mut line = String::new();
        for (index, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let padding = " ".repeat(width - cell.chars().count());
            if index > 0 {
                line.push_str("  ");
                line.push_str(&padding);
            }
            line.push_str(cell);
            if index == 0 {
                line.push_str(&padding);
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A text table of words: all columns left.
pub(crate) fn left_table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(ToString::to_string).collect();
    let mut widths = vec![0; head.len()];
    for row in std::iter::once(&head).chain(rows) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in std::iter::once(&head).chain(rows) {
        let cells = row.iter().zip(&widths);
        let mut line = String::new();
        for (cell, width) in cells {
            line.push_str(&format!("{cell:<width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

//! `data check`: what is in the files, and what `train` would refuse.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use emberline::market::{self, CheckReport, Finding, Place};

use super::{Global, ReadingArgs, out, report};

/// Arguments of `data check`.
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// A table, or a folder with one file per symbol
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Horizon in bars for which samples past the end are counted
    #[arg(long, value_name = "BARS", default_value_t = 12)]
    horizon: usize,
    #[command(flatten)]
    reading: ReadingArgs,
}

pub(crate) fn run(args: CheckArgs, global: &Global) -> anyhow::Result<ExitCode> {
    let config = args.reading.config(&args.path);
    let found = market::check(&config, args.horizon)?;
    if global.json {
        out::json(&found)?;
    } else {
        out::text(text(&found)?)?;
    }
    let unreadable = found.refused.iter().any(|finding| finding.kind == "file");
    if unreadable || (found.is_refused() && !config.repair) {
        return Ok(ExitCode::from(report::FOUND));
    }
    Ok(ExitCode::SUCCESS)
}

/// The report for a reader.
fn text(found: &CheckReport) -> anyhow::Result<String> {
    let mut text = format!("{}\n", found.path.display());
    writeln!(text, "calendar  {}", found.calendar_line)?;
    writeln!(text, "interval  {}", found.interval)?;
    if let Some(gaps) = found.gaps {
        writeln!(
            text,
            "gaps      {gaps} unless told otherwise; filling closes up to {} bars",
            found.max_fill
        )?;
    }
    for note in &found.notes {
        writeln!(text, "note      {note}")?;
    }
    if !found.symbols.is_empty() {
        text.push('\n');
        text.push_str(&symbols(found));
    }
    findings(&mut text, "refused", &found.refused)?;
    findings(&mut text, "warning", &found.warnings)?;
    let end = if found.is_refused() {
        "\n`train` refuses these bars; `--repair` drops or fixes what is named above (files that cannot be read stay refused)"
    } else {
        "\nnothing that `train` would refuse"
    };
    writeln!(text, "{end}")?;
    Ok(text)
}

fn symbols(found: &CheckReport) -> String {
    let head = [
        "symbol",
        "bars",
        "first",
        "last",
        "gaps",
        "longest",
        "missing",
        "runs",
        "longest",
        "filled",
        "runs then",
        "longest",
    ];
    let rows: Vec<Vec<String>> = found
        .symbols
        .iter()
        .map(|symbol| {
            vec![
                symbol.symbol.clone(),
                symbol.rows.to_string(),
                symbol.first.clone(),
                symbol.last.clone(),
                symbol.gaps.count.to_string(),
                symbol.gaps.longest.to_string(),
                symbol.gaps.missing.to_string(),
                symbol.runs.count.to_string(),
                symbol.runs.longest.to_string(),
                symbol.filled.to_string(),
                symbol.runs_filled.count.to_string(),
                symbol.runs_filled.longest.to_string(),
            ]
        })
        .collect();
    out::table(&head, &rows)
}

fn findings(text: &mut String, word: &str, findings: &[Finding]) -> std::fmt::Result {
    for finding in findings {
        writeln!(text, "\n{word}: {} x {}", finding.count, finding.text)?;
        for place in &finding.examples {
            if let Some(line) = example(place) {
                writeln!(text, "  {line}")?;
            }
        }
        let named = finding.examples.len() as u64;
        if named > 0 && finding.count > named {
            writeln!(text, "  and {} more", finding.count - named)?;
        }
    }
    Ok(())
}

/// A place in one line; a file that cannot be read at all is named by its finding.
fn example(place: &Place) -> Option<String> {
    let what = [&place.symbol, &place.value].map(String::as_str).join(": ");
    match (place.row, place.symbol.is_empty() && place.value.is_empty()) {
        (_, true) => None,
        (0, _) => Some(what),
        (row, _) => Some(format!("{}: row {row}: {what}", place.path.display())),
    }
}

//! The HTML report of `evaluate` and `walk-forward`.

use std::path::Path;

use emberline::device::Selection;
use emberline::evaluation::report::content::{self, ReportInputs};
use emberline::run;
use emberline::run::ledger::Look;

use super::{Global, report};

/// Refuses a file that could not be written, before anything is computed for it.
pub(crate) fn check(path: Option<&Path>) -> anyhow::Result<()> {
    let Some(path) = path else {
        return Ok(());
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if folder.is_dir() && !path.is_dir() {
        return Ok(());
    }
    Err(report::refused(
        format!("the report `{}` cannot be written", path.display()),
        "name a file in a folder that exists",
    ))
}

/// Fills in what every report has: looks, machine, the command, the date; and writes the file.
pub(crate) fn write(
    mut inputs: ReportInputs<'_>,
    looks: &[Look],
    selection: &Selection,
    path: &Path,
    global: &Global,
) -> anyhow::Result<()> {
    inputs.test_uses = Some(run::test_uses(looks));
    inputs.machine = run::machine(selection);
    inputs.commands.push(command());
    let now = chrono::Utc::now().format("%Y-%m-%d %H:%M UTC");
    inputs.footer = format!("emberline {}, {now}", env!("CARGO_PKG_VERSION"));
    content::report(&inputs).write(path)?;
    global.say(format_args!("report: {}", path.display()));
    Ok(())
}

/// The command line of this process, as a shell takes it.
pub(crate) fn command() -> String {
    let quoted = |word: String| {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,+@%".contains(letter);
        if !word.is_empty() && word.chars().all(plain) {
            word
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    };
    let words = std::env::args_os()
        .skip(1)
        .map(|word| quoted(word.to_string_lossy().into_owned()));
    std::iter::once("emberline".to_owned())
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}

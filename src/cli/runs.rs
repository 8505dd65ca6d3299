//! `runs list|show|compare`: what was trained, with what, how well.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use emberline::checkpoint::{Manifest, State};
use emberline::training::runs::{self, RunRecord, Status};
use serde_json::{Value, json};

use super::progress::{interval, span};
use super::{Global, out};

/// Arguments of `runs`.
#[derive(Args, Debug)]
pub(crate) struct RunsArgs {
    #[command(subcommand)]
    command: RunsCommand,
}

#[derive(Debug, Subcommand)]
enum RunsCommand {
    /// One line per run of a folder
    List {
        /// The folder that holds the runs
        #[arg(default_value = "checkpoints")]
        folder: PathBuf,
    },
    /// One run: data, features, model, every epoch
    Show {
        /// A run folder
        run: PathBuf,
    },
    /// Two runs side by side: what differs, and what came of it
    Compare {
        /// A run folder
        a: PathBuf,
        /// Another
        b: PathBuf,
    },
}

pub(crate) fn run(args: RunsArgs, global: &Global) -> anyhow::Result<ExitCode> {
    match args.command {
        RunsCommand::List { folder } => list(&folder, global)?,
        RunsCommand::Show { run } => {
            let record = runs::read(&run)?;
            if global.json {
                out::json(&record)?;
            } else {
                let status = format!("{:<16}  {}\n", "status", status(record.status));
                out::text(status + &describe(&record.path, &record.manifest))?;
            }
        }
        RunsCommand::Compare { a, b } => compare(&a, &b, global)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(folder: &Path, global: &Global) -> anyhow::Result<()> {
    let records = runs::list(folder)?;
    if global.json {
        let documents: Vec<Value> = records
            .iter()
            .map(|(path, record)| match record {
                Ok(record) => summary(record),
                Err(error) => json!({ "path": path, "problem": error.to_string() }),
            })
            .collect();
        return out::json(&documents);
    }
    if records.is_empty() {
        global.say(format_args!("no runs in `{}`", folder.display()));
        return Ok(());
    }
    let rows: Vec<Vec<String>> = records
        .iter()
        .map(|(path, record)| {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            match record {
                Ok(record) => row(name, record),
                Err(error) => vec![name, error.to_string()],
            }
        })
        .collect();
    let head = [
        "run", "status", "epochs", "steps", "symbols", "features", "time", "metric", "best",
        "model",
    ];
    out::text(out::table(&head, &rows))
}

fn row(name: String, record: &RunRecord) -> Vec<String> {
    let (metric, value) = match &record.best {
        Some(best) => (best.metric.clone(), format!("{:.5}", best.value.get())),
        None => ("-".to_owned(), "-".to_owned()),
    };
    vec![
        name,
        status(record.status).to_owned(),
        format!("{}/{}", record.epoch, record.epochs),
        record.step.to_string(),
        record.manifest.data.symbols.len().to_string(),
        record.manifest.features.len().to_string(),
        span(record.elapsed_s),
        metric,
        value,
        model_of(&record.manifest),
    ]
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Finished => "finished",
        Status::StoppedEarly => "stopped early",
        Status::Failed => "failed",
        Status::Unfinished => "unfinished",
    }
}

fn summary(record: &RunRecord) -> Value {
    json!({
        "path": record.path,
        "status": record.status,
        "epoch": record.epoch,
        "epochs": record.epochs,
        "step": record.step,
        "total_steps": record.total_steps,
        "symbols": record.manifest.data.symbols,
        "features": record.manifest.features.len(),
        "train_loss": record.train_loss,
        "best": record.best,
        "elapsed_s": record.elapsed_s,
        "device": record.manifest.device,
        "checkpoints": record.checkpoints,
    })
}

fn key(manifest: &Manifest, section: &str, name: &str) -> String {
    let value = manifest
        .configuration
        .get(section)
        .and_then(|section| section.get(name));
    match value {
        None => "-".to_owned(),
        Some(toml::Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

fn model_of(manifest: &Manifest) -> String {
    format!(
        "{} x {}, window {}, ahead {}",
        key(manifest, "model", "layers"),
        key(manifest, "model", "hidden"),
        key(manifest, "windows", "length"),
        key(manifest, "target", "horizons"),
    )
}

/// A manifest for people. Also what `checkpoint show` prints.
pub(crate) fn describe(path: &Path, manifest: &Manifest) -> String {
    let (state, data) = (&manifest.state, &manifest.data);
    let names: Vec<&str> = manifest
        .features
        .iter()
        .map(|feature| feature.name.as_str())
        .collect();
    let mut lines = vec![
        ("path", path.display().to_string()),
        (
            "made by",
            format!(
                "emberline {} on {}, {} threads",
                manifest.crate_version, manifest.device, manifest.threads
            ),
        ),
        (
            "stands at",
            format!(
                "step {}, epoch {} of {}, batch {} of {}{}",
                state.step,
                state.epoch,
                state.epochs,
                state.position,
                state.steps_per_epoch,
                if state.stopped_early {
                    ", stopped early"
                } else {
                    ""
                },
            ),
        ),
        ("trained for", span(state.elapsed_s.get())),
        ("seed", manifest.seed.to_string()),
        (
            "data",
            format!(
                "{} symbols ({}), bars of {}, calendar {}, gaps {}, stamp {}, {}",
                data.symbols.len(),
                shortened(&data.symbols),
                interval(data.interval_ns),
                data.calendar,
                data.gaps,
                data.stamp,
                if data.adjusted {
                    "prices adjusted"
                } else {
                    "prices as they are"
                },
            ),
        ),
        ("fingerprint", data.fingerprint.clone()),
        (
            "features",
            format!(
                "{} ({}), catalogue {}",
                names.len(),
                names.join(" "),
                manifest.catalogue_version
            ),
        ),
        (
            "needs",
            format!("{} bars of history", manifest.required_history),
        ),
        ("model", model_of(manifest)),
        (
            "target",
            format!(
                "entry {}, scaled by {}",
                key(manifest, "target", "entry"),
                key(manifest, "target", "normalise")
            ),
        ),
    ];
    if let Some(best) = &state.best {
        let (value, step) = (best.value.get(), best.step);
        lines.push((
            "best",
            format!(
                "{} {value:.6} at step {step} (epoch {})",
                best.metric, best.epoch
            ),
        ));
    }
    let mut text = String::new();
    for (name, value) in lines {
        text += &format!("{name:<16}  {value}\n");
    }
    text + &epochs_table(state)
}

/// A line an epoch; empty before the first one's end.
fn epochs_table(state: &State) -> String {
    let mut text = String::new();
    if let Some(last) = state.metrics.last() {
        // The means over the horizons; each horizon's own are in the log and with --json.
        let is_mean = |name: &&str| !name.ends_with(|last: char| last.is_ascii_digit());
        let names: Vec<&str> = last
            .validation
            .keys()
            .map(String::as_str)
            .filter(is_mean)
            .collect();
        let head: Vec<&str> = ["epoch", "step", "train_loss"]
            .into_iter()
            .chain(names.iter().copied())
            .collect();
        let rows: Vec<Vec<String>> = state
            .metrics
            .iter()
            .map(|epoch| {
                let numbers = names.iter().map(|name| {
                    epoch
                        .validation
                        .get(*name)
                        .map_or_else(|| "-".to_owned(), |number| number_text(number.get()))
                });
                let mut row = vec![
                    epoch.epoch.to_string(),
                    epoch.step.to_string(),
                    number_text(epoch.train_loss.get()),
                ];
                row.extend(numbers);
                row
            })
            .collect();
        text.push('\n');
        text.push_str(&out::table(&head, &rows));
    }
    text
}

fn number_text(value: f64) -> String {
    if value.is_finite() {
        format!("{value:.5}")
    } else {
        "-".to_owned()
    }
}

fn shortened(symbols: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut text = symbols
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(" ");
    if symbols.len() > SHOWN {
        text.push_str(" ..");
    }
    text
}

fn compare(a: &Path, b: &Path, global: &Global) -> anyhow::Result<()> {
    let (left, right) = (runs::read(a)?, runs::read(b)?);
    let comparison = runs::compare(&left, &right);
    if global.json {
        return out::json(
            &json!({ "a": summary(&left), "b": summary(&right), "comparison": comparison }),
        );
    }
    let mut rows: Vec<Vec<String>> = comparison
        .settings
        .into_iter()
        .map(|difference| vec![difference.name, difference.left, difference.right])
        .collect();
    if rows.is_empty() {
        rows.push(vec![
            "settings".to_owned(),
            "the same".to_owned(),
            "the same".to_owned(),
        ]);
    }
    rows.push(vec![
        "steps".to_owned(),
        left.step.to_string(),
        right.step.to_string(),
    ]);
    for (name, values) in comparison.metrics {
        let mut row = vec![name];
        row.extend(values.map(|value| value.map_or_else(|| "-".to_owned(), number_text)));
        rows.push(row);
    }
    let (a, b) = (a.display().to_string(), b.display().to_string());
    out::text(out::table(&["", &a, &b], &rows))
}

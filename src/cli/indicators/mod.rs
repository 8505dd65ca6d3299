//! `indicators list|show`: the catalogue.

mod markdown;

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use emberline::features::{
    Declaration, FeatureContext, FeatureError, Kind, Memory, PRESETS, Parameters, Preset,
    Transform, catalogue, find,
};

use super::{Global, out, report};

/// Arguments of `indicators list|show`.
#[derive(Args, Debug)]
pub(crate) struct IndicatorsArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// All indicators, or the columns of one set
    List {
        /// Only the columns of this set: base, core111, extended or talib
        #[arg(long, value_name = "NAME")]
        set: Option<String>,
        /// The page docs/indicators.md
        #[arg(long, conflicts_with = "set")]
        markdown: bool,
    },
    /// One indicator: formula, inputs, parameters, outputs, unit, warm-up, memory, source
    Show {
        /// An indicator (`RSI`, `EMA.adjusted`) or a column (`RSI_14`, `MACD_12_26_9_MACDSIGNAL`)
        name: String,
    },
}

/// Bars of five minutes: what memories that count days are shown for.
const SHOWN_INTERVAL_NS: i64 = 300_000_000_000;

pub(crate) fn run(args: IndicatorsArgs, global: &Global) -> anyhow::Result<ExitCode> {
    let context = FeatureContext::unbounded(SHOWN_INTERVAL_NS);
    match args.action {
        Action::List { markdown: true, .. } => out::text(markdown::page(&context))?,
        Action::List { set: None, .. } => list(global, &context)?,
        Action::List { set: Some(set), .. } => list_set(&set, global, &context)?,
        Action::Show { name } => show(&name, global, &context)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(global: &Global, context: &FeatureContext) -> anyhow::Result<()> {
    if global.json {
        let members = members(context);
        let all: Vec<Value> = catalogue()
            .map(|indicator| document(indicator, &indicator.defaults(), context, &members))
            .collect();
        return out::json(&all);
    }
    let rows: Vec<Vec<String>> = catalogue()
        .map(|indicator| {
            vec![
                indicator.column_name(&indicator.defaults(), 0),
                indicator.outputs.len().to_string(),
                indicator.outputs[0].unit.name().to_owned(),
                bars((indicator.memory)(&indicator.defaults(), context)),
                indicator.summary.to_owned(),
            ]
        })
        .collect();
    let head = [
        "column (default parameters)",
        "outputs",
        "unit",
        "memory",
        "what it is",
    ];
    out::text(left_last(&head, rows))
}

fn list_set(name: &str, global: &Global, context: &FeatureContext) -> anyhow::Result<()> {
    let Some(preset) = PRESETS.into_iter().find(|preset| preset.name() == name) else {
        let names: Vec<&str> = PRESETS.into_iter().map(Preset::name).collect();
        return Err(report::refused(
            format!("there is no set `{name}`"),
            format!("the sets are {}", names.join(", ")),
        ));
    };
    let mut documents = Vec::new();
    for (column, transform) in preset.columns(context) {
        let document = match find(&column) {
            Ok((indicator, parameters)) => {
                let output = (0..indicator.outputs.len())
                    .find(|&output| {
                        indicator.column_name(&parameters, output) == column
                            || indicator.bare_name(output) == column
                    })
                    .unwrap_or(0);
                let unit = indicator.outputs[output].unit;
                let memory = bars((indicator.memory)(&parameters, context));
                let own = || Transform::of_output(indicator, &parameters, output);
                let transform = transform.unwrap_or_else(own).to_string();
                json!({ "column": column, "unit": unit.name(), "transform": transform,
                    "memory": memory, "available": true })
            }
            Err(FeatureError::Unknown { .. }) => json!({ "column": column, "unit": "-",
                "transform": "-", "memory": "-", "available": false }),
            Err(error) => return Err(error.into()),
        };
        documents.push(document);
    }
    if global.json {
        return out::json(&documents);
    }
    let rows: Vec<Vec<String>> = documents
        .iter()
        .map(|document| {
            let text = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
            let available = if document["available"] == true {
                ""
            } else {
                "does not exist yet"
            };
            vec![
                text("column"),
                text("unit"),
                text("memory"),
                format!("{} {available}", text("transform"))
                    .trim_end()
                    .to_owned(),
            ]
        })
        .collect();
    out::text(format_args!(
        "{}{} columns; memory for bars of 5 minutes\n",
        left_last(&["column", "unit", "memory", "as a model input"], rows),
        documents.len()
    ))
}

/// A table whose last column stands left.
fn left_last(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let split = |row: &[String]| (row[..row.len() - 1].to_vec(), row[row.len() - 1].clone());
    let head: Vec<String> = head.iter().map(ToString::to_string).collect();
    let (head, last) = split(&head);
    let (rows, mut lasts): (Vec<_>, Vec<_>) = rows.iter().map(|row| split(row)).unzip();
    lasts.insert(0, last);
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let mut text = String::new();
    for (line, last) in out::table(&head, &rows).lines().zip(lasts) {
        text.push_str(line);
        text.push_str("  ");
        text.push_str(&last);
        text.push('\n');
    }
    text
}

fn bars(memory: Memory) -> String {
    memory
        .bars()
        .map_or_else(|| "unbounded".to_owned(), |bars| bars.to_string())
}

fn show(name: &str, global: &Global, context: &FeatureContext) -> anyhow::Result<()> {
    let (indicator, parameters) = find(name)?;
    let document = document(indicator, &parameters, context, &members(context));
    if global.json {
        return out::json(&document);
    }
    out::text(page(indicator, &document))
}

/// Everything that an indicator declares.
fn document(
    indicator: &Declaration,
    parameters: &Parameters,
    context: &FeatureContext,
    members: &[(Preset, BTreeSet<String>)],
) -> Value {
    let memory = (indicator.memory)(parameters, context);
    let values = indicator.parameters.iter().zip(parameters.values());
    let listed: Vec<Value> = values
        .map(|(parameter, &value)| {
            json!({ "name": parameter.name, "kind": parameter.kind, "minimum": parameter.minimum,
                "maximum": parameter.maximum, "default": parameter.default, "value": value })
        })
        .collect();
    let outputs: Vec<Value> = (0..indicator.outputs.len())
        .map(|output| {
            let unit = indicator.outputs[output].unit;
            let transform = Transform::of_output(indicator, parameters, output);
            json!({ "column": indicator.column_name(parameters, output), "unit": unit.name(),
                "transform": transform.to_string() })
        })
        .collect();
    let schools: Vec<String> = catalogue()
        .filter(|other| other.name == indicator.name && other.variant != indicator.variant)
        .map(Declaration::title)
        .collect();
    let inputs: Vec<Value> = indicator
        .inputs
        .iter()
        .map(|column| json!(column))
        .collect();
    json!({
        "name": indicator.title(),
        "summary": indicator.summary,
        "family": indicator.family,
        "formula": indicator.formula,
        "inputs": inputs,
        "parameters": listed,
        "outputs": outputs,
        "warmup": { "rule": indicator.warmup_text, "bars": (indicator.warmup)(parameters, context) },
        "memory": { "rule": indicator.memory_text, "kind": kind(memory), "bars": memory.bars() },
        "degenerate": indicator.degenerate,
        "source": indicator.source,
        "other_schools": schools,
        "sets": sets(indicator, members),
    })
}

fn kind(memory: Memory) -> &'static str {
    match memory {
        Memory::Finite(_) => "finite",
        Memory::Infinite(_) => "infinite",
        Memory::Unbounded => "unbounded",
    }
}

/// The indicators of each set.
fn members(context: &FeatureContext) -> Vec<(Preset, BTreeSet<String>)> {
    let of = |preset: Preset| {
        let columns = preset.columns(context).into_iter();
        let titles = columns.filter_map(|(column, _)| Some(find(&column).ok()?.0.title()));
        (preset, titles.collect())
    };
    PRESETS.into_iter().map(of).collect()
}

/// The sets that hold a column of the indicator.
fn sets(indicator: &Declaration, members: &[(Preset, BTreeSet<String>)]) -> Vec<&'static str> {
    let holds = |(_, titles): &&(Preset, BTreeSet<String>)| titles.contains(&indicator.title());
    let sets = members.iter().filter(holds);
    sets.map(|(preset, _)| preset.name()).collect()
}

/// The document as text.
fn page(indicator: &Declaration, document: &Value) -> String {
    let mut text = format!("{}: {}\n\n", indicator.title(), indicator.summary);
    for line in indicator.formula.lines() {
        text.push_str("    ");
        text.push_str(line);
        text.push('\n');
    }
    text.push('\n');
    let mut row = |name: &str, value: String| {
        text.push_str(format!("{name:<12}{value}").trim_end());
        text.push('\n');
    };
    row("inputs", words(&document["inputs"]));
    for parameter in indicator.parameters {
        let kind = match parameter.kind {
            Kind::Bars => "bars",
            Kind::Factor => "factor",
            Kind::Choice => "choice",
        };
        row(
            "parameter",
            format!(
                "{}: {kind}, {} to {}, default {}",
                parameter.name, parameter.minimum, parameter.maximum, parameter.default
            ),
        );
    }
    for output in document["outputs"].as_array().into_iter().flatten() {
        let text = |key: &str| output[key].as_str().unwrap_or_default().to_owned();
        row(
            "output",
            format!(
                "{}: {}, as a model input {}",
                text("column"),
                text("unit"),
                text("transform")
            ),
        );
    }
    let rule = |key: &str| {
        document[key]["rule"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let warmup = match document["warmup"]["bars"].as_u64() {
        Some(bars) if bars > 0 => format!("{} ({bars} bars here)", rule("warmup")),
        _ => rule("warmup"),
    };
    row("warm-up", warmup);
    let memory = &document["memory"];
    let kind = memory["kind"].as_str().unwrap_or_default();
    row(
        "memory",
        match memory["bars"].as_u64() {
            Some(bars) => format!("{kind}: {} ({bars} bars here)", rule("memory")),
            None => format!("{kind}: the level depends on where the file starts"),
        },
    );
    row("degenerate", indicator.degenerate.to_owned());
    row("source", indicator.source.to_owned());
    if document["other_schools"]
        .as_array()
        .is_some_and(|schools| !schools.is_empty())
    {
        row(
            "schools",
            format!("also {}", words(&document["other_schools"])),
        );
    }
    if document["sets"]
        .as_array()
        .is_some_and(|sets| !sets.is_empty())
    {
        row("sets", words(&document["sets"]));
    }
    text
}

fn words(list: &Value) -> String {
    let words: Vec<&str> = list
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    words.join(", ")
}

//! Names to indicators: `NAME_<parameters>[.variant][_OUTPUT]` is one column,
//! `NAME:<parameters>[.variant]` every output of an indicator.

use super::catalogue::{catalogue, schools};
use super::declaration::{Declaration, Kind, Parameters};
use super::error::FeatureError;
use super::sets::PRESETS;

/// Names that requests may use for others.
pub(super) const ALIASES: [(&str, &str); 4] = [
    ("MACD_FAST", "MACD_5_13_5.adjusted"),
    ("MACD", "MACD_12_26_9.adjusted"),
    ("MACD_SLOW", "MACD_19_39_9.adjusted"),
    ("MACD_SCALP", "MACD_3_10_16.adjusted"),
];

/// One column, understood.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) name: String,
    pub(super) indicator: &'static Declaration,
    pub(super) parameters: Parameters,
    pub(super) output: usize,
}

/// Reads the name of one column.
pub(super) fn parse(column: &str) -> Result<Request, FeatureError> {
    let written = ALIASES
        .iter()
        .find(|(alias, _)| *alias == column)
        .map_or(column, |(_, name)| name);
    let Some(name) = longest_name(written) else {
        return Err(unknown(column));
    };
    let rest = Rest::split(&written[name.len()..]);
    let Some(indicator) = schools(name).find(|indicator| indicator.variant == rest.variant) else {
        return Err(unknown(column));
    };
    let parameters = parameters(column, indicator, &rest.numbers)?;
    let output = output(column, indicator, &rest)?;
    let name = if rest.numbers.is_empty() {
        indicator.bare_name(output)
    } else {
        indicator.column_name(&parameters, output)
    };
    Ok(Request {
        name,
        indicator,
        parameters,
        output,
    })
}

/// Reads `NAME:<parameters joined by :>[.variant]`, which asks for every output of an indicator, or
/// the name of one column.
pub(super) fn parse_all(written: &str) -> Result<Vec<Request>, FeatureError> {
    if !written.contains(':') {
        return Ok(vec![parse(written)?]);
    }
    let column = written.replace(':', "_");
    let unknown = || unknown(written);
    if written.split(':').any(str::is_empty) {
        return Err(unknown());
    }
    let name = longest_name(&column).ok_or_else(unknown)?;
    let rest = Rest::split(&column[name.len()..]);
    let indicator = schools(name)
        .find(|indicator| indicator.variant == rest.variant && rest.output.is_empty())
        .ok_or_else(unknown)?;
    let ending = |output: &str| match output {
        "" => column.clone(),
        output => format!("{column}_{output}"),
    };
    let outputs = indicator.outputs.iter();
    outputs.map(|output| parse(&ending(output.name))).collect()
}

/// The longest name of an indicator that `column` begins with.
fn longest_name(column: &str) -> Option<&'static str> {
    let begins = |name: &&str| {
        column
            .strip_prefix(*name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '.']))
    };
    catalogue()
        .map(|indicator| indicator.name)
        .filter(begins)
        .max_by_key(|name| name.len())
}

/// What follows an indicator's name.
struct Rest<'a> {
    numbers: Vec<&'a str>,
    variant: &'a str,
    output: &'a str,
}

impl<'a> Rest<'a> {
    fn split(mut rest: &'a str) -> Self {
        let mut numbers = Vec::new();
        while let Some(tail) = rest.strip_prefix('_') {
            let starts = |c: char| c.is_ascii_digit() || c == '-';
            if !tail.starts_with(starts) {
                break;
            }
            // A dot within a number is followed by a digit, that of a variant by a letter.
            let end = tail
                .char_indices()
                .find(|&(index, c)| match c {
                    '_' => true,
                    '.' => !tail[index + 1..].starts_with(|c: char| c.is_ascii_digit()),
                    _ => false,
                })
                .map_or(tail.len(), |(index, _)| index);
            numbers.push(&tail[..end]);
            rest = &tail[end..];
        }
        let mut variant = "";
        if let Some(tail) = rest.strip_prefix('.') {
            let end = tail.find('_').unwrap_or(tail.len());
            (variant, rest) = tail.split_at(end);
            if variant.is_empty() {
                // A dot that nothing follows is no school.
                variant = ".";
            }
        }
        Self {
            numbers,
            variant,
            // An underscore that nothing follows is no name of an output.
            output: rest
                .strip_prefix('_')
                .filter(|name| !name.is_empty())
                .unwrap_or(rest),
        }
    }
}

fn parameters(
    column: &str,
    indicator: &'static Declaration,
    numbers: &[&str],
) -> Result<Parameters, FeatureError> {
    if numbers.is_empty() {
        return Ok(indicator.defaults());
    }
    let (least, most) = (indicator.least_written(), indicator.parameters.len());
    if !(least..=most).contains(&numbers.len()) {
        let names: Vec<&str> = indicator.parameters.iter().map(|p| p.name).collect();
        return Err(FeatureError::Arity {
            column: column.to_owned(),
            indicator: indicator.title(),
            expected: if least < most {
                format!("{least} to {most}")
            } else {
                most.to_string()
            },
            names: if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            },
            got: numbers.len(),
        });
    }
    let mut values = Vec::with_capacity(numbers.len());
    for (parameter, text) in indicator.parameters.iter().zip(numbers) {
        let whole = parameter.kind != Kind::Factor;
        let value = match text.parse::<f64>() {
            Ok(value) if !whole || value.fract() == 0.0 => value,
            _ => f64::NAN,
        };
        if !(parameter.minimum..=parameter.maximum).contains(&value) {
            return Err(FeatureError::Bound {
                column: column.to_owned(),
                indicator: indicator.title(),
                parameter: parameter.name,
                value: (*text).to_owned(),
                minimum: parameter.minimum,
                maximum: parameter.maximum,
                whole: match parameter.kind {
                    Kind::Bars => " (a whole number of bars)",
                    Kind::Choice => " (a whole number)",
                    Kind::Factor => "",
                },
            });
        }
        values.push(value);
    }
    let left_out = &indicator.parameters[values.len()..];
    values.extend(left_out.iter().map(|parameter| parameter.default));
    let parameters = Parameters::new(values);
    match indicator.rule {
        Some(rule) if !(rule.holds)(&parameters) => Err(FeatureError::Rule {
            column: column.to_owned(),
            indicator: indicator.title(),
            rule: rule.text,
        }),
        _ => Ok(parameters),
    }
}

fn output(
    column: &str,
    indicator: &'static Declaration,
    rest: &Rest<'_>,
) -> Result<usize, FeatureError> {
    let named = |name: &str| {
        indicator
            .outputs
            .iter()
            .position(|output| output.name == name)
    };
    if let Some(output) = named(rest.output) {
        return Ok(output);
    }
    if !rest.output.is_empty() {
        return Err(unknown(column));
    }
    // `MACD_12_26_9` is the line.
    if let Some(line) = named(indicator.name).filter(|_| !rest.numbers.is_empty()) {
        return Ok(line);
    }
    let choices = indicator
        .outputs
        .iter()
        .map(|output| format!("{column}_{}", output.name));
    Err(FeatureError::Output {
        column: column.to_owned(),
        indicator: indicator.title(),
        choices: choices.collect(),
    })
}

/// The error for a name that does not exist, with the nearest one that does.
pub(super) fn unknown(column: &str) -> FeatureError {
    FeatureError::Unknown {
        name: column.to_owned(),
        nearest: nearest(column),
    }
}

/// How alike names must be for a suggestion, 0 to 1.
const ALIKE: f64 = 0.6;

fn nearest(column: &str) -> Option<String> {
    let upper = column.to_uppercase();
    let stem_end = column
        .char_indices()
        .find(|&(index, c)| {
            let digit = column[index + 1..].starts_with(|c: char| c.is_ascii_digit());
            (c == '_' && digit) || c == '.'
        })
        .map_or(column.len(), |(index, _)| index);
    let (stem, rest) = column.split_at(stem_end);
    let mut best: Option<(f64, String)> = None;
    let mut consider = |likeness: f64, name: String| {
        if likeness >= ALIKE && best.as_ref().is_none_or(|(found, _)| likeness > *found) {
            best = Some((likeness, name));
        }
    };
    for indicator in catalogue() {
        let likeness = strsim::jaro_winkler(&stem.to_uppercase(), indicator.name);
        // The same parameters again, if they mean something there, with the ending or without.
        let numbers = rest.find('.').map_or(rest, |dot| &rest[..dot]);
        let name = [rest, numbers]
            .map(|rest| format!("{}{rest}", indicator.name))
            .into_iter()
            .find(|name| name != column && is_known(name))
            .unwrap_or_else(|| indicator.column_name(&indicator.defaults(), 0));
        consider(likeness, name);
        for output in 0..indicator.outputs.len() {
            let name = indicator.column_name(&indicator.defaults(), output);
            consider(strsim::jaro_winkler(&upper, &name.to_uppercase()), name);
        }
    }
    for preset in PRESETS {
        consider(
            strsim::jaro_winkler(column, preset.name()),
            preset.name().to_owned(),
        );
    }
    best.map(|(_, name)| name)
}

/// Whether a written-out name exists, without looking for the nearest if not.
fn is_known(column: &str) -> bool {
    let Some(name) = longest_name(column) else {
        return false;
    };
    let rest = Rest::split(&column[name.len()..]);
    schools(name)
        .find(|indicator| indicator.variant == rest.variant)
        .is_some_and(|indicator| {
            indicator
                .outputs
                .iter()
                .any(|output| output.name == rest.output)
                && parameters(column, indicator, &rest.numbers).is_ok()
        })
}

/// An indicator by its title (`EMA`, `EMA.adjusted`) with its default parameters, or by the name of
/// one of its columns with that column's.
///
/// ```
/// let (indicator, parameters) = emberline::features::find("EMA_50.adjusted")?;
/// assert_eq!((indicator.title().as_str(), parameters.bars(0)), ("EMA.adjusted", 50));
/// # Ok::<(), emberline::features::FeatureError>(())
/// ```
/// # Errors
/// [`FeatureError::Unknown`] with the nearest name; [`FeatureError::Bound`] and its like.
pub fn find(name: &str) -> Result<(&'static Declaration, Parameters), FeatureError> {
    if let Some(indicator) = catalogue().find(|indicator| indicator.title() == name) {
        return Ok((indicator, indicator.defaults()));
    }
    match parse(name) {
        Ok(request) => Ok((request.indicator, request.parameters)),
        // Several outputs do not matter here: the first will do.
        Err(FeatureError::Output { choices, .. }) => {
            let request = parse(choices.first().map_or(name, String::as_str))?;
            Ok((request.indicator, request.parameters))
        }
        Err(error) => Err(error),
    }
}

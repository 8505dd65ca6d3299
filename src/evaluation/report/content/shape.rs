//! Calibration, and where in time the IC comes from.

use super::super::picture::{Axis, Group, Lines, Picture, Point, Points, Reference, Series};
use super::super::{Cell, Column, Digits, Level, Part, Section, Table, number, percent};
use super::{ReportInputs, ahead, ic, ic_interval, ic_name, model, style};
use crate::evaluation::{DirectionCalibration, Evaluation, ForecasterEvaluation, IcPoint};
use crate::metrics::{ForecastCalibration, ProbabilityCalibration, QuantileCalibration};

const TO_BPS: f64 = 1e4;

pub(super) fn calibration(inputs: &ReportInputs<'_>) -> Section {
    let evaluation = inputs.evaluation;
    let lead = "Whether forecasts of a size are followed by returns of that size: points on the \
                diagonal are right, flatter ones claim too much.";
    let mut section = Section::new("calibration", "Calibration", lead);
    for horizon in &evaluation.horizons {
        let Some(one) = model(horizon) else {
            continue;
        };
        let title = ahead(evaluation, horizon.horizon_bars);
        if let Some(found) = &one.calibration {
            section.push(deciles(&title, found));
        }
        if !one.quantiles.is_empty() {
            section.push(quantiles(&title, &one.quantiles));
        }
        if let Some(found) = &one.directions {
            section.push(directions(&title, found));
        }
    }
    section
}

fn quantiles(title: &str, found: &[QuantileCalibration]) -> Table {
    let caption = format!("Quantiles, {title}");
    let columns = ["quantile", "outcomes below it", "pinball loss", "forecasts"];
    let mut table = Table::new(caption, columns.map(Column::new).to_vec());
    for one in found {
        table.push(vec![
            Cell::text(percent(one.level, 1)),
            Cell::percent(Some(one.share_below), 1),
            Cell::decimals(one.pinball, 6),
            Cell::Count(one.count as u64),
        ]);
    }
    table
}

fn directions(title: &str, found: &DirectionCalibration) -> Picture {
    let named = [
        ("down", &found.down),
        ("flat", &found.flat),
        ("up", &found.up),
    ];
    let group = |(name, one): (&str, &ProbabilityCalibration)| Group {
        name: name.to_owned(),
        points: one
            .bins
            .iter()
            .filter_map(|bin| {
                Some(Point {
                    x: bin.mean_probability?,
                    y: bin.share?,
                    whiskers: None,
                })
            })
            .collect(),
        is_joined: true,
    };
    let losses = named.map(|(name, one)| {
        let brier = number(one.brier, Digits::Decimals(4));
        let log_loss = number(one.log_loss, Digits::Decimals(4));
        format!("{name} {brier} and {log_loss}")
    });
    Picture::Points(Points {
        title: format!("Probabilities and what came, {title}"),
        caption: format!("Brier score and log loss: {}.", losses.join(", ")),
        x: Axis::percent("forecast probability"),
        y: Axis::percent("how often it came"),
        groups: named.map(group).to_vec(),
        has_diagonal: true,
    })
}

fn deciles(title: &str, found: &ForecastCalibration) -> Picture {
    let points = found.bins.iter().map(|bin| {
        let whiskers = bin.standard_error.map(|error| {
            let half = 1.96 * error;
            (
                TO_BPS * (bin.mean_actual - half),
                TO_BPS * (bin.mean_actual + half),
            )
        });
        Point {
            x: TO_BPS * bin.mean_forecast,
            y: TO_BPS * bin.mean_actual,
            whiskers,
        }
    });
    Picture::Points(Points {
        title: format!("Forecasts and what came, {title}"),
        caption: format!(
            "Mean return of ten groups of equal count by forecast. Slope of all returns on forecasts: {} \
             (1 is calibrated, below 1 overconfident). Whiskers are 1.96 standard errors as if returns \
             did not depend on each other.",
            number(found.slope, Digits::Decimals(3))
        ),
        x: Axis::linear("forecast log return, bp"),
        y: Axis::linear("mean log return that came, bp"),
        groups: vec![Group {
            name: "model".to_owned(),
            points: points.collect(),
            is_joined: true,
        }],
        has_diagonal: true,
    })
}

pub(super) fn over_time(inputs: &ReportInputs<'_>) -> Section {
    let evaluation = inputs.evaluation;
    let lead = "Where in time the IC comes from. A mean that lives on one stretch is a different thing \
                from one that lasts.";
    let mut section = Section::new("ic", "IC over time", lead);
    for horizon in &evaluation.horizons {
        let Some(one) = model(horizon) else {
            continue;
        };
        if one.ic_over_time.is_empty() {
            continue;
        }
        let rival = horizon
            .forecasters
            .iter()
            .filter(|other| !other.is_model && !other.ic_over_time.is_empty())
            .max_by(|a, b| {
                let value = |one: &ForecasterEvaluation| {
                    ic(evaluation, &one.scores).map_or(f64::NEG_INFINITY, |ic| ic.value)
                };
                value(a).total_cmp(&value(b))
            });
        let mut series = Vec::new();
        for (at, shown) in [Some(one), rival].into_iter().flatten().enumerate() {
            let mut line = timeline(evaluation, shown);
            line.style = Some(style(&horizon.forecasters, &shown.name));
            if at > 0 {
                line.band.clear();
            }
            series.push(line);
        }
        let mean = ic(evaluation, &one.scores).map(|ic| {
            let value = number(ic.value, Digits::Decimals(4));
            Reference::new(ic.value, format!("{} overall {value}", one.name))
        });
        let bars = one.ic_over_time.first().map_or(0, |point| point.num_bars);
        section.push(Picture::Lines(Lines {
            title: format!(
                "{} over time, {}",
                ic_name(evaluation),
                ahead(evaluation, horizon.horizon_bars)
            ),
            caption: format!(
                "Stretches of about {bars} bars{}; the band is 1.96 Newey-West standard errors of the model.{}",
                if evaluation.normalise.is_cross_sectional() {
                    ""
                } else {
                    ", each with what it adds to the whole (which may lie beyond \u{b1}1)"
                },
                rival.map_or(String::new(), |one| format!(
                    " Beside it the best baseline, {}.",
                    one.name
                ))
            ),
            x: Axis::time(),
            y: Axis::linear(ic_name(evaluation)).showing(0.0, 0.0),
            series,
            references: mean.into_iter().collect(),
            is_low: false,
        }));
        if let Some(interval) = ic_interval(evaluation, one).filter(|one| one.excludes(0.0)) {
            let share = one
                .ic_over_time
                .iter()
                .filter_map(|point| band(evaluation, point))
                .map(|(value, ..)| f64::from(u8::from(value.signum() == interval.value.signum())))
                .collect::<Vec<_>>();
            if !share.is_empty() {
                let mean = share.iter().sum::<f64>() / share.len() as f64;
                section.push(Part::Note {
                    level: Level::Note,
                    text: format!(
                        "{} of {} stretches have the sign of the whole.",
                        percent(mean, 0),
                        share.len()
                    ),
                });
            }
        }
    }
    section
}

fn band(evaluation: &Evaluation, point: &IcPoint) -> Option<(f64, f64, f64)> {
    let band = if evaluation.normalise.is_cross_sectional() {
        point.ic_cs
    } else {
        point.ic_ts
    };
    band.map(|band| (band.value, band.low, band.high))
}

fn timeline(evaluation: &Evaluation, one: &ForecasterEvaluation) -> Series {
    let half_ns = |point: &IcPoint| 0.5 * point.num_bars as f64 * evaluation.interval_ns as f64;
    let mut series = Series::new(&one.name, Vec::new());
    for point in &one.ic_over_time {
        let x = point.time as f64 + half_ns(point);
        let found = band(evaluation, point);
        series
            .points
            .push((x, found.map_or(f64::NAN, |(value, ..)| value)));
        if let Some((_, low, high)) = found {
            series.band.push((x, low, high));
        }
    }
    series
}

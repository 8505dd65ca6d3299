//! What `bench indicators --scaling` found, as a picture: time per bar against symbols, bars and period.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use plotters::prelude::*;
use serde_json::{Map, Value};

const COLOURS: [RGBColor; 3] = [
    RGBColor(0x1f, 0x5f, 0xa8),
    RGBColor(0xc8, 0x55, 0x1b),
    RGBColor(0x3a, 0x85, 0x4b),
];

/// One panel: what runs along, and which rows belong to it.
struct Panel {
    axis: &'static str,
    along: &'static str,
    /// Of the numbers that stay, their key and value.
    fixed: &'static [(&'static str, u64)],
}

const PANELS: [Panel; 3] = [
    Panel {
        axis: "symbols (1,000 bars each, period 20)",
        along: "symbols",
        fixed: &[("bars", 1_000), ("period", 20)],
    },
    Panel {
        axis: "bars (10 symbols, period 20)",
        along: "bars",
        fixed: &[("symbols", 10), ("period", 20)],
    },
    Panel {
        axis: "period (100 symbols, 10,000 bars each)",
        along: "period",
        fixed: &[("symbols", 100), ("bars", 10_000)],
    },
];

/// Points of one indicator in one panel: (along, nanoseconds per bar and symbol).
fn points(rows: &[Map<String, Value>], panel: &Panel, what: &str) -> Vec<(f64, f64)> {
    let belongs = |row: &&Map<String, Value>| {
        row["what"] == what && panel.fixed.iter().all(|(key, value)| row[*key] == *value)
    };
    let number = |row: &Map<String, Value>, key: &str| row[key].as_f64().unwrap_or(f64::NAN);
    let mut points: Vec<(f64, f64)> = rows
        .iter()
        .filter(belongs)
        .map(|row| {
            let bars = number(row, "symbols") * number(row, "bars");
            let nanoseconds = 1e9 * number(row, "seconds") / bars;
            (number(row, panel.along), nanoseconds)
        })
        .collect();
    // One size belongs to two panels, and was measured for each.
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points.dedup_by_key(|(along, _)| *along);
    points
}

/// Draws the rows of a scaling run into the file `path`.
pub(super) fn draw(rows: &[Map<String, Value>], path: &Path) -> anyhow::Result<()> {
    let mut text = String::new();
    panels(rows, &mut text).map_err(|reason| anyhow!("cannot draw the picture: {reason}"))?;
    std::fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

fn panels(rows: &[Map<String, Value>], text: &mut String) -> Result<(), String> {
    let mut names: Vec<&str> = Vec::new();
    for name in rows.iter().filter_map(|row| row["what"].as_str()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let root = SVGBackend::with_string(text, (1_200, 400)).into_drawing_area();
    root.fill(&WHITE).map_err(|error| error.to_string())?;
    let all = PANELS
        .iter()
        .flat_map(|panel| names.iter().flat_map(|name| points(rows, panel, name)));
    let most = all.map(|(_, time)| time).fold(1.0, f64::max);
    for (area, panel) in root.split_evenly((1, 3)).iter().zip(&PANELS) {
        let lines: Vec<_> = names.iter().map(|name| points(rows, panel, name)).collect();
        let along = lines.iter().flatten().map(|(along, _)| *along);
        let (low, high) = along.fold((f64::MAX, 1.0_f64), |(low, high), x| {
            (low.min(x), high.max(x))
        });
        if low > high {
            continue;
        }
        let fail = |error: DrawingAreaErrorKind<_>| error.to_string();
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(56)
            .build_cartesian_2d(
                (low..high * 1.05).log_scale(),
                (0.5..most * 1.5).log_scale(),
            )
            .map_err(fail)?;
        chart
            .configure_mesh()
            .x_desc(panel.axis)
            .y_desc("ns per bar and symbol")
            .axis_desc_style(("sans-serif", 14))
            .label_style(("sans-serif", 12))
            .max_light_lines(0)
            .x_label_formatter(&|along| format!("{along:.0}"))
            .y_label_formatter(&|time| format!("{time:.0}"))
            .bold_line_style(RGBColor(0xdd, 0xdd, 0xdd))
            .draw()
            .map_err(fail)?;
        for ((name, points), colour) in names.iter().zip(lines).zip(COLOURS) {
            chart
                .draw_series(LineSeries::new(
                    points.iter().copied(),
                    colour.stroke_width(2),
                ))
                .map_err(fail)?
                .label((*name).to_owned())
                .legend(move |(x, y)| {
                    PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(2))
                });
            chart
                .draw_series(
                    points
                        .iter()
                        .map(|point| Circle::new(*point, 3, colour.filled())),
                )
                .map_err(fail)?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.85))
            .border_style(RGBColor(0xdd, 0xdd, 0xdd))
            .label_font(("sans-serif", 13))
            .draw()
            .map_err(fail)?;
    }
    root.present().map_err(|error| error.to_string())
}

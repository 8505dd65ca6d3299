//! A symbol as a picture: price, the band of its averages, the class as colour, the average below.

use std::ops::Range;

use plotters::coord::ranged1d::Ranged;
use plotters::prelude::*;

use super::{TrendConfig, TrendError, prices};
use crate::market::Series;
use crate::ops::atc::{Family, Table, classify, reference};

const PRICE: RGBColor = RGBColor(0x22, 0x22, 0x22);
const BAND: RGBColor = RGBColor(0x1f, 0x5f, 0xa8);
const LONG: RGBColor = RGBColor(0x3a, 0x85, 0x4b);
const SHORT: RGBColor = RGBColor(0xc4, 0x3d, 0x3d);
const GRID: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);

/// Neighbouring bars of one class.
struct Run {
    bars: Range<usize>,
    class: i8,
}

/// Draws the last `num_bars` bars of a series (0 draws all) as an SVG document.
///
/// `label` gives the text below the bar of a row of the series.
///
/// # Errors
/// [`TrendError::Setting`] as a scan, [`TrendError::Picture`] if it cannot be drawn.
pub fn picture(
    series: &Series,
    config: &TrendConfig,
    num_bars: usize,
    label: impl Fn(usize) -> String,
) -> Result<String, TrendError> {
    let price = prices(series, config.source, num_bars);
    let recipe = config.recipe(&series.symbol, price.len())?;
    let table: Table<f64> = classify(&[&price], &recipe, usize::MAX);
    let mut band = vec![[f64::INFINITY, f64::NEG_INFINITY]; price.len()];
    for family in Family::ALL {
        // The middle one of the family's nine.
        let length = recipe.lengths[family as usize][0];
        let average = reference::average(&price, &recipe, family, length);
        for ([low, high], value) in band.iter_mut().zip(average) {
            // NaN is neither.
            (*low, *high) = (low.min(value), high.max(value));
        }
    }
    let first = series.len() - price.len();
    let drawing = Drawing {
        caption: format!(
            "{}: {} now, average {:.2}",
            series.symbol,
            word(table.class.last().copied().unwrap_or(0)),
            table.average.last().copied().unwrap_or(0.0)
        ),
        runs: runs(&table.class),
        price: &price,
        band: &band,
        average: &table.average,
        thresholds: [config.long, config.short],
        label: &|bar: f64| match bar.round() {
            // A tick of the axis may lie beside the bars.
            bar if bar >= 0.0 && bar < price.len() as f64 => label(first + index(bar)),
            _ => String::new(),
        },
    };
    let mut text = String::new();
    drawing
        .draw(&mut text)
        .map_err(|reason| TrendError::Picture {
            symbol: series.symbol.clone(),
            reason,
        })?;
    Ok(text)
}

#[allow(clippy::cast_sign_loss, reason = "the caller has checked the sign")]
fn index(bar: f64) -> usize {
    bar as usize
}

fn word(class: i8) -> &'static str {
    match class {
        1 => "long",
        -1 => "short",
        _ => "flat",
    }
}

fn runs(classes: &[i8]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (bar, &class) in classes.iter().enumerate() {
        match runs.last_mut() {
            Some(run) if run.class == class => run.bars.end = bar + 1,
            _ => runs.push(Run {
                bars: bar..bar + 1,
                class,
            }),
        }
    }
    runs
}

struct Drawing<'a> {
    caption: String,
    runs: Vec<Run>,
    price: &'a [f64],
    band: &'a [[f64; 2]],
    average: &'a [f64],
    thresholds: [f64; 2],
    label: &'a dyn Fn(f64) -> String,
}

type Area<'b> = DrawingArea<SVGBackend<'b>, plotters::coord::Shift>;

impl Drawing<'_> {
    fn draw(&self, text: &mut String) -> Result<(), String> {
        let root = SVGBackend::with_string(text, (1_200, 700)).into_drawing_area();
        root.fill(&WHITE).map_err(|error| error.to_string())?;
        let (upper, lower) = root.split_vertically(500);
        self.upper(&upper)?;
        self.lower(&lower)?;
        root.present().map_err(|error| error.to_string())
    }

    fn bars(&self) -> Range<f64> {
        -0.5..self.price.len() as f64 - 0.5
    }

    fn upper(&self, area: &Area<'_>) -> Result<(), String> {
        let fail = |error: DrawingAreaErrorKind<_>| error.to_string();
        let mut chart = ChartBuilder::on(area)
            .caption(&self.caption, ("sans-serif", 24))
            .margin(12)
            .x_label_area_size(0)
            .y_label_area_size(80)
            .build_cartesian_2d(self.bars(), range(self.price.iter().copied()))
            .map_err(fail)?;
        let [low, high] = limits(chart.as_coord_spec().y_spec().range());
        let digits = digits(high);
        chart.draw_series(self.colours(low, high)).map_err(fail)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .y_desc("price; the band of the six averages")
            .axis_desc_style(("sans-serif", 15))
            .label_style(("sans-serif", 13))
            .max_light_lines(0)
            .bold_line_style(GRID)
            .y_label_formatter(&|price| format!("{price:.digits$}"))
            .draw()
            .map_err(fail)?;
        let defined: Vec<(f64, [f64; 2])> = (0..self.band.len())
            .map(|bar| (bar as f64, self.band[bar]))
            .filter(|(_, [low, high])| low <= high)
            .collect();
        let top = defined.iter().map(|(bar, [_, high])| (*bar, *high));
        let bottom = defined.iter().rev().map(|(bar, [low, _])| (*bar, *low));
        let outline: Vec<(f64, f64)> = top.chain(bottom).collect();
        chart
            .draw_series([Polygon::new(outline, BAND.mix(0.35))])
            .map_err(fail)?;
        let line = (0..self.price.len()).map(|bar| (bar as f64, self.price[bar]));
        chart
            .draw_series(LineSeries::new(line, PRICE.stroke_width(2)))
            .map_err(fail)?;
        Ok(())
    }

    fn lower(&self, area: &Area<'_>) -> Result<(), String> {
        let fail = |error: DrawingAreaErrorKind<_>| error.to_string();
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .margin_top(0)
            .x_label_area_size(34)
            .y_label_area_size(80)
            .build_cartesian_2d(self.bars(), -1.05..1.05)
            .map_err(fail)?;
        chart.draw_series(self.colours(-1.05, 1.05)).map_err(fail)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .y_desc("average")
            .axis_desc_style(("sans-serif", 15))
            .label_style(("sans-serif", 13))
            .max_light_lines(0)
            .bold_line_style(GRID)
            .x_labels(8)
            .y_labels(5)
            .x_label_formatter(&|bar| (self.label)(*bar))
            .y_label_formatter(&|average| format!("{average:.1}"))
            .draw()
            .map_err(fail)?;
        let ends = self.bars();
        for threshold in self.thresholds {
            let line = [(ends.start, threshold), (ends.end, threshold)];
            chart
                .draw_series(LineSeries::new(line, BAND.mix(0.6).stroke_width(1)))
                .map_err(fail)?;
        }
        let line = (0..self.average.len()).map(|bar| (bar as f64, self.average[bar]));
        chart
            .draw_series(LineSeries::new(line, PRICE.stroke_width(2)))
            .map_err(fail)?;
        Ok(())
    }

    /// The classes as stripes.
    fn colours(&self, low: f64, high: f64) -> Vec<Rectangle<(f64, f64)>> {
        self.runs
            .iter()
            .filter(|run| run.class != 0)
            .map(|run| {
                let colour = if run.class > 0 { LONG } else { SHORT };
                let [from, to] = [run.bars.start, run.bars.end].map(|bar| bar as f64 - 0.5);
                Rectangle::new([(from, low), (to, high)], colour.mix(0.22).filled())
            })
            .collect()
    }
}

fn limits(range: Range<f64>) -> [f64; 2] {
    [range.start, range.end]
}

/// Digits behind the point that prices up to `most` need.
fn digits(most: f64) -> usize {
    let digits = 4 - most.abs().max(1e-9).log10().floor() as i32;
    usize::try_from(digits.clamp(0, 12)).unwrap_or(0)
}

/// The prices with a little room around them.
fn range(prices: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = prices
        .filter(|price| price.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), price| {
            (low.min(price), high.max(price))
        });
    if low > high {
        return 0.0..1.0;
    }
    let room = ((high - low) * 0.05).max(high.abs() * 1e-3).max(1e-12);
    low - room..high + room
}

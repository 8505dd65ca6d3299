//! Lines over time or another number, with bands.

use std::fmt::Write as _;

use serde::Serialize;

use super::Reference;
use super::canvas::{Anchor, Canvas, dash, fill, fitted, stroke, text_width};
use super::frame::{self, Frame, Sample};
use super::scale::{Axis, Scale};
use super::thin::{thinned, thinned_band};

/// A line with fewer points has a marker at each.
const MOST_MARKED: usize = 41;
/// Longer ones have about as many.
const MARKERS: usize = 6;
/// Lines that a description goes through one by one.
const MOST_DESCRIBED: usize = 8;

/// Lines in one plot.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Lines {
    /// The title.
    pub title: String,
    /// What to see in it.
    pub caption: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The lines; those of one name look alike and stand in the legend once.
    pub series: Vec<Series>,
    /// Levels of the vertical axis.
    pub references: Vec<Reference>,
    /// Whether the plot is half as high: for what stands under another picture.
    pub is_low: bool,
}

/// One line.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// Its points; a y that is not finite interrupts the line, an x that is not is left out.
    pub points: Vec<(f64, f64)>,
    /// x, lower and upper end of what surrounds it.
    pub band: Vec<(f64, f64, f64)>,
    /// Colour, dashes and marker; its place among the names where there is none.
    pub style: Option<usize>,
    /// Whether it is drawn thin, as one of many.
    pub is_faint: bool,
}

impl Series {
    /// A line without a band.
    pub fn new(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self {
            name: name.into(),
            points,
            ..Self::default()
        }
    }

    /// The line in the look of style `style`: 0 is the model's.
    #[must_use]
    pub fn styled(mut self, style: usize) -> Self {
        self.style = Some(style);
        self
    }

    /// The line, thin.
    #[must_use]
    pub fn faint(mut self) -> Self {
        self.is_faint = true;
        self
    }
}

impl Lines {
    /// Names and styles, each once.
    fn names(&self) -> Vec<(&str, usize)> {
        let mut names: Vec<(&str, usize)> = Vec::new();
        for series in &self.series {
            if !names.iter().any(|(name, _)| *name == series.name) {
                names.push((&series.name, series.style.unwrap_or(names.len())));
            }
        }
        names
    }

    fn can_show(&self, point: &(f64, f64)) -> bool {
        self.x.has(point.0) && self.y.has(point.1)
    }

    fn has_band(&self, &(x, low, high): &(f64, f64, f64)) -> bool {
        self.x.has(x) && self.y.has(low) && self.y.has(high)
    }

    /// Both scales, fitted to what can be shown; `None` if that is nothing.
    fn scales(&self, frame: &Frame) -> Option<(Scale, Scale)> {
        let points = || {
            let series = self.series.iter();
            series.flat_map(|one| one.points.iter().filter(|point| self.can_show(point)))
        };
        let bands = || {
            let series = self.series.iter();
            series.flat_map(|one| one.band.iter().filter(|band| self.has_band(band)))
        };
        let across = points()
            .map(|point| point.0)
            .chain(bands().map(|band| band.0));
        let up = points().map(|point| point.1);
        let edges = bands().flat_map(|band| [band.1, band.2]);
        let levels = self.references.iter().map(|reference| reference.at);
        // Levels alone are no picture.
        points().chain(bands().map(|_| &(0.0, 0.0))).next()?;
        Some((
            Scale::fit(&self.x, across, 0.0, (frame.left, frame.right))?,
            Scale::fit(
                &self.y,
                up.chain(edges).chain(levels),
                0.06,
                (frame.bottom, frame.top),
            )?,
        ))
    }

    pub(super) fn svg(&self, id: &str) -> String {
        let names = self.names();
        let frame = Frame::new(&names, if self.is_low { 130.0 } else { 260.0 });
        let Some((x, y)) = self.scales(&frame) else {
            return frame::empty(id, &self.title);
        };
        let mut canvas = Canvas::new(id, frame.height());
        Frame::legend(&mut canvas, &names, Sample::Line);
        frame.axes(&mut canvas, (&self.x, &x), (&self.y, &y));
        let style = |series: &Series| {
            let found = names.iter().find(|(name, _)| *name == series.name);
            found.map_or(0, |(_, style)| *style)
        };
        for series in &self.series {
            self.draw_band(&mut canvas, series, style(series), (&x, &y));
        }
        let levels = || self.references.iter().filter(|level| self.y.has(level.at));
        for level in levels() {
            let at = y.at(level.at);
            canvas.line("level", (frame.left, at), (frame.right, at));
        }
        // The first lines matter most: they lie on top.
        for (at, series) in self.series.iter().enumerate().rev() {
            self.draw_line(&mut canvas, series, (at, style(series)), (&x, &y));
        }
        for level in levels().filter(|level| !level.name.is_empty()) {
            name_level(&mut canvas, &frame, y.at(level.at), &level.name);
        }
        canvas.finish(&self.title, &self.description())
    }

    fn draw_band(
        &self,
        canvas: &mut Canvas,
        series: &Series,
        style: usize,
        (x, y): (&Scale, &Scale),
    ) {
        let mut band: Vec<(f64, f64, f64)> = series
            .band
            .iter()
            .filter(|band| self.has_band(band))
            .map(|&(at, low, high)| (x.at(at), y.at(low.min(high)), y.at(low.max(high))))
            .collect();
        band.sort_by(|a, b| a.0.total_cmp(&b.0));
        let band = thinned_band(&band);
        let mut outline: Vec<(f64, f64)> = band.iter().map(|&(at, low, _)| (at, low)).collect();
        outline.extend(band.iter().rev().map(|&(at, _, high)| (at, high)));
        canvas.path(&format!("band {}", fill(style)), "", &outline, true);
    }

    fn draw_line(
        &self,
        canvas: &mut Canvas,
        series: &Series,
        (at, style): (usize, usize),
        (x, y): (&Scale, &Scale),
    ) {
        let mut points = series.points.clone();
        points.retain(|point| self.x.has(point.0));
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let faint = if series.is_faint { " faint" } else { "" };
        let class = format!("line {}{faint}", stroke(style));
        let mut shown = Vec::new();
        for stretch in points.split(|point| !self.can_show(point)) {
            let places: Vec<(f64, f64)> = stretch
                .iter()
                .map(|point| (x.at(point.0), y.at(point.1)))
                .collect();
            let places = thinned(&places);
            if places.len() > 1 {
                canvas.path(&class, dash(style), &places, false);
            } else if let [alone] = places[..]
                && points.len() > MOST_MARKED
            {
                canvas.marker(style, alone, 1.6, "");
            }
            shown.extend_from_slice(&places);
        }
        if points.len() < MOST_MARKED {
            let radius = if series.is_faint { 2.0 } else { 3.2 };
            for point in points.iter().filter(|point| self.can_show(point)) {
                let says = format!(
                    "{}: {}, {}",
                    series.name,
                    self.x.say(point.0),
                    self.y.say(point.1)
                );
                canvas.marker(style, (x.at(point.0), y.at(point.1)), radius, &says);
            }
        } else if !series.is_faint {
            // Staggered, so that markers of lines that lie close do not hide each other.
            let stride = (shown.len() / MARKERS).max(1);
            let first = stride / 4 + at * stride / 7 % stride;
            for place in shown.iter().skip(first).step_by(stride) {
                canvas.marker(style, *place, 3.2, "");
            }
        }
    }

    pub(super) fn description(&self) -> String {
        let mut text = String::new();
        let mut described = 0;
        for (name, _) in self.names() {
            let mut points: Vec<(f64, f64)> = self
                .series
                .iter()
                .filter(|series| series.name == name)
                .flat_map(|series| series.points.iter().copied())
                .filter(|point| self.can_show(point))
                .collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            let (Some(first), Some(last)) = (points.first(), points.last()) else {
                continue;
            };
            described += 1;
            if described > MOST_DESCRIBED {
                continue;
            }
            let order = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
            let lowest = points.iter().min_by(order).unwrap_or(first);
            let highest = points.iter().max_by(order).unwrap_or(first);
            let count = self
                .series
                .iter()
                .filter(|series| series.name == name)
                .count();
            let _ = write!(text, "{name}");
            if count > 1 {
                let _ = write!(
                    text,
                    " ({count} lines): from {} to {}; ",
                    self.y.say(lowest.1),
                    self.y.say(highest.1)
                );
                continue;
            }
            let _ = write!(
                text,
                ": from {} at {} to {} at {}, lowest {}, highest {}; ",
                self.y.say(first.1),
                self.x.say(first.0),
                self.y.say(last.1),
                self.x.say(last.0),
                self.y.say(lowest.1),
                self.y.say(highest.1)
            );
        }
        if described == 0 {
            return frame::NOTHING.to_owned();
        }
        if described > MOST_DESCRIBED {
            let _ = write!(text, "and {} more; ", described - MOST_DESCRIBED);
        }
        for reference in &self.references {
            let _ = write!(text, "{} at {}; ", reference.name, self.y.say(reference.at));
        }
        let named = [&self.y.name, &self.x.name].map(String::as_str);
        let over = match named {
            [y, ""] => y.to_owned(),
            [y, x] => format!("{y} over {x}"),
        };
        format!("{over}. {}.", text.trim_end_matches("; "))
    }
}

/// The name of a level at its right end, on a plate above the line.
fn name_level(canvas: &mut Canvas, frame: &Frame, at: f64, name: &str) {
    let name = fitted(name, 200.0);
    let width = text_width(&name);
    let below = at - 6.0 < frame.top + 8.0;
    let base = if below { at + 14.0 } else { at - 5.0 };
    canvas.rectangle(
        "plate",
        (frame.right - width - 5.0, base - 10.0),
        (width + 5.0, 13.0),
        "",
    );
    canvas.text("tick", (frame.right - 2.0, base), Anchor::End, &name);
}

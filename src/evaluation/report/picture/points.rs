//! Points over two numbers: calibration, scatter.

use std::fmt::Write as _;

use serde::Serialize;

use super::canvas::{Canvas, dash, stroke};
use super::frame::{self, Frame, Sample};
use super::scale::{Axis, Scale};

/// More points of a group than these are thinned: each n-th is drawn.
const MOST_POINTS: usize = 1_500;

/// Groups of points over two numbers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Points {
    /// The title.
    pub title: String,
    /// What to see in it.
    pub caption: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The points.
    pub groups: Vec<Group>,
    /// Whether the line y = x is drawn: what is expected lies on it.
    pub has_diagonal: bool,
}

/// Points of one name.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Group {
    /// The name.
    pub name: String,
    /// The points.
    pub points: Vec<Point>,
    /// Whether a line goes from each point to the next.
    pub is_joined: bool,
}

/// One point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Point {
    /// Across.
    pub x: f64,
    /// Up.
    pub y: f64,
    /// Lower and upper end of what y may be.
    pub whiskers: Option<(f64, f64)>,
}

impl Points {
    fn can_show(&self, point: &Point) -> bool {
        self.x.has(point.x) && self.y.has(point.y)
    }

    fn whiskers(&self, point: &Point) -> Option<(f64, f64)> {
        point
            .whiskers
            .filter(|(low, high)| self.y.has(*low) && self.y.has(*high))
    }

    fn shown(&self) -> impl Iterator<Item = &Point> {
        let points = self.groups.iter().flat_map(|group| &group.points);
        points.filter(|point| self.can_show(point))
    }

    pub(super) fn svg(&self, id: &str) -> String {
        let names: Vec<(&str, usize)> = self
            .groups
            .iter()
            .enumerate()
            .map(|(at, group)| (group.name.as_str(), at))
            .collect();
        let frame = Frame::new(&names, 320.0);
        let up = self.shown().flat_map(|point| {
            let (low, high) = self.whiskers(point).unwrap_or((point.y, point.y));
            [point.y, low, high]
        });
        let across = self.shown().map(|point| point.x);
        let scales = Scale::fit(&self.x, across, 0.04, (frame.left, frame.right)).zip(Scale::fit(
            &self.y,
            up,
            0.06,
            (frame.bottom, frame.top),
        ));
        let Some((x, y)) = scales else {
            return frame::empty(id, &self.title);
        };
        let mut canvas = Canvas::new(id, frame.height());
        Frame::legend(&mut canvas, &names, Sample::Marker);
        frame.axes(&mut canvas, (&self.x, &x), (&self.y, &y));
        if self.has_diagonal {
            draw_diagonal(&mut canvas, &x, &y);
        }
        for (style, group) in self.groups.iter().enumerate().rev() {
            self.draw(&mut canvas, group, style, (&x, &y));
        }
        canvas.finish(&self.title, &self.description())
    }

    fn draw(&self, canvas: &mut Canvas, group: &Group, style: usize, (x, y): (&Scale, &Scale)) {
        let points: Vec<&Point> = group
            .points
            .iter()
            .filter(|point| self.can_show(point))
            .collect();
        let stride = points.len().div_ceil(MOST_POINTS).max(1);
        let points: Vec<&Point> = points.into_iter().step_by(stride).collect();
        if group.is_joined {
            let places: Vec<(f64, f64)> = points
                .iter()
                .map(|point| (x.at(point.x), y.at(point.y)))
                .collect();
            let class = format!("line {}", stroke(style));
            canvas.path(&class, dash(style), &places, false);
        }
        let is_many = points.len() > 100;
        for point in points {
            let place = (x.at(point.x), y.at(point.y));
            let mut says = String::new();
            if let Some((low, high)) = self.whiskers(point) {
                let class = format!("whisker {}", stroke(style));
                let (low, high) = (y.at(low), y.at(high));
                canvas.line(&class, (place.0, low), (place.0, high));
                for edge in [low, high] {
                    canvas.line(&class, (place.0 - 4.0, edge), (place.0 + 4.0, edge));
                }
            }
            if !is_many {
                says = format!(
                    "{}: {}, {}",
                    group.name,
                    self.x.say(point.x),
                    self.y.say(point.y)
                );
            }
            canvas.marker(style, place, if is_many { 1.8 } else { 3.8 }, &says);
        }
    }

    pub(super) fn description(&self) -> String {
        let mut text = String::new();
        for group in &self.groups {
            let shown = group.points.iter().filter(|point| self.can_show(point));
            let mut shown: Vec<&Point> = shown.collect();
            shown.sort_by(|a, b| a.x.total_cmp(&b.x));
            let (Some(first), Some(last)) = (shown.first(), shown.last()) else {
                continue;
            };
            let _ = write!(
                text,
                "{}: {} points, from {} at {} to {} at {}; ",
                group.name,
                shown.len(),
                self.y.say(first.y),
                self.x.say(first.x),
                self.y.say(last.y),
                self.x.say(last.x)
            );
        }
        if text.is_empty() {
            return frame::NOTHING.to_owned();
        }
        let diagonal = if self.has_diagonal {
            " The diagonal is what is expected."
        } else {
            ""
        };
        format!(
            "{} over {}. {}.{diagonal}",
            self.y.name,
            self.x.name,
            text.trim_end_matches("; ")
        )
    }
}

fn draw_diagonal(canvas: &mut Canvas, x: &Scale, y: &Scale) {
    let ((left, right), (bottom, top)) = (x.ends(), y.ends());
    let (from, to) = (left.max(bottom), right.min(top));
    if from < to {
        canvas.line("level", (x.at(from), y.at(from)), (x.at(to), y.at(to)));
    }
}

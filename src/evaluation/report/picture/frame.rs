//! What the pictures with two axes share: legend, grid, ticks and names.

use super::super::number;
use super::canvas::{Anchor, Canvas, WIDTH, dash, fitted, stroke, text_width};
use super::scale::{Axis, AxisKind, Scale};

/// Left of the plot: the texts of the ticks.
const LEFT: f64 = 66.0;
const RIGHT: f64 = 14.0;
const BELOW: f64 = 44.0;
const LEGEND_ROW: f64 = 20.0;
const SAMPLE: f64 = 28.0;

/// How a legend's sample looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sample {
    /// A line with its marker.
    Line,
    /// A marker.
    Marker,
}

/// The place of the plot within a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// Where the entries of a legend stand, and how many rows they take.
fn places(names: &[(&str, usize)]) -> (Vec<(f64, f64)>, f64) {
    let (mut x, mut row) = (0.0_f64, 0.0);
    let mut places = Vec::new();
    for (name, _) in names {
        let width = SAMPLE + 6.0 + text_width(&fitted(name, 300.0)) + 18.0;
        if x > 0.0 && x + width > WIDTH - RIGHT {
            (x, row) = (0.0, row + 1.0);
        }
        places.push((x, row * LEGEND_ROW));
        x += width;
    }
    let rows = if names.len() < 2 { 0.0 } else { row + 1.0 };
    (places, rows)
}

impl Frame {
    /// The frame of a plot `plot` high, under the legend of `names`.
    pub(super) fn new(names: &[(&str, usize)], plot: f64) -> Self {
        let (_, rows) = places(names);
        let top = rows * LEGEND_ROW + 26.0;
        Self {
            left: LEFT,
            right: WIDTH - RIGHT,
            top,
            bottom: top + plot,
        }
    }

    /// The height of the whole picture.
    pub(super) fn height(&self) -> f64 {
        self.bottom + BELOW
    }

    /// Draws the legend; one series alone needs none, its axis names it.
    pub(super) fn legend(canvas: &mut Canvas, names: &[(&str, usize)], sample: Sample) {
        if names.len() < 2 {
            return;
        }
        let (places, _) = places(names);
        for ((name, style), (x, y)) in names.iter().zip(places) {
            let middle = y + 10.0;
            if sample == Sample::Line {
                let class = format!("line {}", stroke(*style));
                canvas.path(
                    &class,
                    dash(*style),
                    &[(x, middle), (x + SAMPLE, middle)],
                    false,
                );
            }
            canvas.marker(*style, (x + SAMPLE / 2.0, middle), 3.4, "");
            canvas.text(
                "label",
                (x + SAMPLE + 6.0, middle + 4.0),
                Anchor::Start,
                &fitted(name, 300.0),
            );
        }
    }

    /// Draws grid, ticks and the axes' names.
    pub(super) fn axes(&self, canvas: &mut Canvas, x: (&Axis, &Scale), y: (&Axis, &Scale)) {
        for (value, text) in y.1.ticks(number::whole((self.bottom - self.top) / 42.0)) {
            let at = y.1.at(value);
            let is_zero = value == 0.0 && y.0.kind != AxisKind::Log;
            let class = if is_zero { "zero" } else { "grid" };
            canvas.line(class, (self.left, at), (self.right, at));
            canvas.text("tick", (self.left - 8.0, at + 4.0), Anchor::End, &text);
        }
        self.horizontal(canvas, x.0, x.1);
        canvas.text("axis", (0.0, self.top - 10.0), Anchor::Start, &y.0.name);
    }

    /// About how many ticks the horizontal axis has room for.
    pub(super) fn num_ticks(&self, axis: &Axis) -> usize {
        let width = if axis.kind == AxisKind::Time {
            96.0
        } else {
            80.0
        };
        number::whole((self.right - self.left) / width)
    }

    /// Draws the horizontal axis alone.
    pub(super) fn horizontal(&self, canvas: &mut Canvas, axis: &Axis, scale: &Scale) {
        canvas.line("base", (self.left, self.bottom), (self.right, self.bottom));
        let mut free = f64::NEG_INFINITY;
        for (value, text) in scale.ticks(self.num_ticks(axis)) {
            let at = scale.at(value);
            canvas.line("base", (at, self.bottom), (at, self.bottom + 4.0));
            let half = text_width(&text) / 2.0;
            let place = at.min(WIDTH - half).max(half);
            if place - half < free {
                continue;
            }
            free = place + half + 6.0;
            canvas.text("tick", (place, self.bottom + 18.0), Anchor::Middle, &text);
        }
        if !axis.name.is_empty() {
            canvas.text(
                "axis",
                (f64::midpoint(self.left, self.right), self.bottom + 37.0),
                Anchor::Middle,
                &axis.name,
            );
        }
    }
}

/// A picture of nothing, which says so.
pub(super) fn empty(id: &str, title: &str) -> String {
    let mut canvas = Canvas::new(id, 60.0);
    canvas.rectangle("void", (0.5, 0.5), (WIDTH - 1.0, 59.0), "");
    canvas.text("label", (WIDTH / 2.0, 34.0), Anchor::Middle, NOTHING);
    canvas.finish(title, NOTHING)
}

/// What stands for a picture without a finite number.
pub(super) const NOTHING: &str = "Nothing to show: there is no finite number here.";

//! Pictures as inline SVG: plain data in, text out.
//!
//! Colours, line widths and letters come from the page's style sheet by class, so that one picture
//! serves both schemes and paper; dashes, markers and hatches are drawn into it, so that it can be
//! read without colours. Long series are thinned to what the width can show, extremes kept.

mod bars;
mod canvas;
mod frame;
mod histogram;
mod lines;
mod points;
mod scale;
mod spans;
mod thin;

use serde::Serialize;

pub use bars::{Bar, Bars};
pub use histogram::{Bin, Histogram};
pub use lines::{Lines, Series};
pub use points::{Group, Point, Points};
pub use scale::{Axis, AxisKind};
pub use spans::{Lane, Span, SpanKind, Spans};

/// A picture.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Picture {
    /// Lines over time or another number.
    Lines(Lines),
    /// Horizontal bars with whiskers.
    Bars(Bars),
    /// Stretches of time, one lane under the other.
    Spans(Spans),
    /// Points, with a diagonal where what is expected lies on it.
    Points(Points),
    /// How often what was seen.
    Histogram(Histogram),
}

/// A level that is drawn through the whole picture.
#[derive(Clone, Debug, Serialize)]
pub struct Reference {
    /// Where.
    pub at: f64,
    /// What it is.
    pub name: String,
}

impl Reference {
    /// A level and its name.
    pub fn new(at: f64, name: impl Into<String>) -> Self {
        Self {
            at,
            name: name.into(),
        }
    }
}

impl Picture {
    /// The title.
    pub fn title(&self) -> &str {
        match self {
            Self::Lines(lines) => &lines.title,
            Self::Bars(bars) => &bars.title,
            Self::Spans(spans) => &spans.title,
            Self::Points(points) => &points.title,
            Self::Histogram(histogram) => &histogram.title,
        }
    }

    /// What to see in it.
    pub fn caption(&self) -> &str {
        match self {
            Self::Lines(lines) => &lines.caption,
            Self::Bars(bars) => &bars.caption,
            Self::Spans(spans) => &spans.caption,
            Self::Points(points) => &points.caption,
            Self::Histogram(histogram) => &histogram.caption,
        }
    }

    /// What it shows, with numbers, for whoever does not see it.
    pub fn description(&self) -> String {
        match self {
            Self::Lines(lines) => lines.description(),
            Self::Bars(bars) => bars.description(),
            Self::Spans(spans) => spans.description(),
            Self::Points(points) => points.description(),
            Self::Histogram(histogram) => histogram.description(),
        }
    }

    /// The picture as an `<svg>` element; `id` is a prefix that no other picture of the page has.
    pub fn svg(&self, id: &str) -> String {
        match self {
            Self::Lines(lines) => lines.svg(id),
            Self::Bars(bars) => bars.svg(id),
            Self::Spans(spans) => spans.svg(id),
            Self::Points(points) => points.svg(id),
            Self::Histogram(histogram) => histogram.svg(id),
        }
    }
}

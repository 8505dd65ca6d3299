//! Stretches of time in lanes: which bars trained, validated and tested.

use std::fmt::Write as _;

use serde::Serialize;

use super::super::number;
use super::canvas::{Anchor, Canvas, WIDTH, fitted, text_width};
use super::frame::{self, Frame};
use super::scale::{Axis, Scale};

const ROW: f64 = 26.0;
const LEGEND: f64 = 26.0;
const WIDEST_NAME: f64 = 120.0;
/// Lanes that a description goes through one by one.
const MOST_DESCRIBED: usize = 6;

/// Lanes of spans over one axis of time.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Spans {
    /// The title.
    pub title: String,
    /// What to see in it.
    pub caption: String,
    /// The lanes, first on top.
    pub lanes: Vec<Lane>,
}

/// One lane, a fold for example.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// Its spans.
    pub spans: Vec<Span>,
}

/// One span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// What it is for.
    pub kind: SpanKind,
    /// Its first instant, nanoseconds since the epoch, UTC.
    pub from_ns: i64,
    /// Its last instant.
    pub to_ns: i64,
}

/// What a span is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SpanKind {
    /// It trains.
    Train,
    /// It validates.
    Validation,
    /// It tests.
    Test,
    /// It is left out between two of the others.
    Gap,
}

impl SpanKind {
    const ALL: [Self; 4] = [Self::Train, Self::Validation, Self::Test, Self::Gap];

    fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
            Self::Gap => "left out",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Train => "span-train",
            Self::Validation => "span-validation",
            Self::Test => "span-test",
            Self::Gap => "span-gap",
        }
    }

    /// Hatches tell them apart without colours; training is plain.
    fn hatch(self) -> Option<&'static str> {
        match self {
            Self::Train => None,
            Self::Validation => Some("M-2 2L2 -2M0 8L8 0M6 10L10 6"),
            Self::Test => Some("M-2 2L2 -2M0 8L8 0M6 10L10 6M-2 6L2 10M0 0L8 8M6 -2L10 2"),
            Self::Gap => Some("M4 3V5"),
        }
    }
}

impl Spans {
    fn ends(&self) -> impl Iterator<Item = f64> {
        let spans = self.lanes.iter().flat_map(|lane| &lane.spans);
        spans.flat_map(|span| [span.from_ns as f64, span.to_ns as f64])
    }

    pub(super) fn svg(&self, id: &str) -> String {
        let widest = self.lanes.iter().map(|lane| text_width(&lane.name));
        let left = widest.fold(20.0, f64::max).min(WIDEST_NAME) + 14.0;
        let frame = Frame {
            left,
            right: WIDTH - 14.0,
            top: LEGEND + 4.0,
            bottom: LEGEND + 8.0 + ROW * self.lanes.len() as f64,
        };
        let axis = Axis::time();
        let Some(x) = Scale::fit(&axis, self.ends(), 0.0, (frame.left, frame.right)) else {
            return frame::empty(id, &self.title);
        };
        let mut canvas = Canvas::new(id, frame.height() - 14.0);
        self.draw_legend(&mut canvas);
        for (value, _) in x.ticks(frame.num_ticks(&axis)) {
            let at = x.at(value);
            canvas.line("grid", (at, frame.top), (at, frame.bottom));
        }
        for (row, lane) in self.lanes.iter().enumerate() {
            let top = frame.top + 3.0 + ROW * row as f64;
            canvas.text(
                "label",
                (frame.left - 8.0, top + 15.0),
                Anchor::End,
                &fitted(&lane.name, WIDEST_NAME),
            );
            for span in &lane.spans {
                draw(&mut canvas, lane, span, top, &x);
            }
        }
        frame.horizontal(&mut canvas, &axis, &x);
        canvas.finish(&self.title, &self.description())
    }

    /// The hatches, and a sample of each kind that occurs.
    fn draw_legend(&self, canvas: &mut Canvas) {
        let mut x = 0.0;
        for kind in SpanKind::ALL {
            let occurs = |lane: &Lane| lane.spans.iter().any(|span| span.kind == kind);
            if !self.lanes.iter().any(occurs) {
                continue;
            }
            if let Some(hatch) = kind.hatch() {
                let name = canvas.name(kind.class());
                let mut pattern = String::new();
                let _ = write!(
                    pattern,
                    "<defs><pattern id=\"{name}\" width=\"8\" height=\"8\" \
                     patternUnits=\"userSpaceOnUse\"><path class=\"hatch {}\" d=\"{hatch}\"/>\
                     </pattern></defs>",
                    kind.class()
                );
                canvas.markup(&pattern);
            }
            rectangle(canvas, kind, (x, 3.0), (26.0, 14.0), "");
            canvas.text("label", (x + 33.0, 14.0), Anchor::Start, kind.name());
            x += 33.0 + text_width(kind.name()) + 20.0;
        }
    }

    pub(super) fn description(&self) -> String {
        let lanes: Vec<&Lane> = self
            .lanes
            .iter()
            .filter(|lane| !lane.spans.is_empty())
            .collect();
        if lanes.is_empty() {
            return frame::NOTHING.to_owned();
        }
        let mut text = String::new();
        for lane in lanes.iter().take(MOST_DESCRIBED) {
            let _ = write!(text, "{}: ", lane.name);
            for span in lane.spans.iter().filter(|span| span.kind != SpanKind::Gap) {
                let (from, to) = (number::date(span.from_ns), number::date(span.to_ns));
                let _ = write!(text, "{} {from} to {to}, ", span.kind.name());
            }
            text.truncate(text.trim_end_matches([',', ' ']).len());
            text.push_str("; ");
        }
        if lanes.len() > MOST_DESCRIBED {
            let _ = write!(text, "and {} more", lanes.len() - MOST_DESCRIBED);
        }
        format!("{}.", text.trim_end_matches("; "))
    }
}

fn rectangle(
    canvas: &mut Canvas,
    kind: SpanKind,
    corner: (f64, f64),
    size: (f64, f64),
    says: &str,
) {
    let class = format!("span {}", kind.class());
    canvas.rectangle(&class, corner, size, says);
    if kind.hatch().is_some() {
        let pattern = canvas.name(kind.class());
        canvas.filled("hatched", corner, size, Some(&pattern), says);
    }
}

fn draw(canvas: &mut Canvas, lane: &Lane, span: &Span, top: f64, x: &Scale) {
    let (from, to) = (x.at(span.from_ns as f64), x.at(span.to_ns as f64));
    // A span too short for the picture is still a mark.
    let (left, width) = (from.min(to), (to - from).abs().max(1.5));
    let says = format!(
        "{}, {}: {} to {}",
        lane.name,
        span.kind.name(),
        number::time(span.from_ns),
        number::time(span.to_ns)
    );
    rectangle(canvas, span.kind, (left, top), (width, ROW - 6.0), &says);
    let name = span.kind.name();
    let space = text_width(name) + 10.0;
    if span.kind != SpanKind::Gap && width > space + 8.0 {
        let middle = left + width / 2.0;
        if span.kind.hatch().is_some() {
            let corner = (middle - space / 2.0, top + 3.0);
            canvas.rectangle("plate", corner, (space, ROW - 12.0), "");
        }
        canvas.text("span-name", (middle, top + 14.5), Anchor::Middle, name);
    }
}

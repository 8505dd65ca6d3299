//! Horizontal bars with whiskers.

use std::fmt::Write as _;

use serde::Serialize;

use super::super::number::{self, Digits};
use super::canvas::{Anchor, Canvas, WIDTH, fill, fitted, stroke, text_width};
use super::frame::{self, Frame};
use super::scale::{Axis, AxisKind, Scale};

const ROW: f64 = 21.0;
const WIDEST_NAME: f64 = 190.0;
/// Bars that a description goes through one by one.
const MOST_DESCRIBED: usize = 5;

/// Named values, one bar each, in the order given.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Bars {
    /// The title.
    pub title: String,
    /// What to see in it.
    pub caption: String,
    /// What the bars measure.
    pub axis: Axis,
    /// The bars, first on top.
    pub bars: Vec<Bar>,
}

/// One bar.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Bar {
    /// Its name.
    pub name: String,
    /// Its length; without a bar where it is not finite.
    pub value: f64,
    /// Lower and upper end of its whiskers.
    pub whiskers: Option<(f64, f64)>,
    /// Its colour: 0 unless it is to be set off.
    pub style: usize,
}

impl Bar {
    /// A bar, and its whiskers where there are some.
    pub fn new(name: impl Into<String>, value: f64, whiskers: Option<(f64, f64)>) -> Self {
        Self {
            name: name.into(),
            value,
            whiskers,
            style: 0,
        }
    }
}

impl Bars {
    fn whiskers(&self, bar: &Bar) -> Option<(f64, f64)> {
        bar.whiskers
            .filter(|(low, high)| self.axis.has(*low) && self.axis.has(*high))
    }

    /// A value with the digits that all bars have: the largest has three.
    fn say(&self, value: f64) -> String {
        if self.axis.kind == AxisKind::Percent {
            return self.axis.say(value);
        }
        let sizes = self.bars.iter().map(|bar| bar.value.abs());
        let largest = sizes
            .filter(|size| self.axis.has(*size))
            .fold(0.0, f64::max);
        let decimals = if largest > 0.0 {
            number::num_digits((2.0 - largest.log10().floor()).min(9.0))
        } else {
            0
        };
        number::number(value, Digits::Decimals(decimals))
    }

    pub(super) fn svg(&self, id: &str) -> String {
        let widest = self.bars.iter().map(|bar| text_width(&bar.name));
        let left = widest.fold(40.0, f64::max).min(WIDEST_NAME) + 12.0;
        let frame = Frame {
            left,
            right: WIDTH - 66.0,
            top: 6.0,
            bottom: 10.0 + ROW * self.bars.len() as f64,
        };
        let ends = self.bars.iter().flat_map(|bar| {
            let (low, high) = self.whiskers(bar).unwrap_or((bar.value, bar.value));
            [bar.value, low, high]
        });
        let is_shown = |bar: &&Bar| self.axis.has(bar.value);
        let x = if self.bars.iter().any(|bar| is_shown(&bar)) {
            Scale::fit(
                &self.axis.clone().showing(0.0, 0.0),
                ends,
                0.02,
                (frame.left, frame.right),
            )
        } else {
            None
        };
        let Some(x) = x else {
            return frame::empty(id, &self.title);
        };
        let mut canvas = Canvas::new(id, frame.height());
        for (value, _) in x.ticks(frame.num_ticks(&self.axis)) {
            let at = x.at(value);
            let class = if value == 0.0 { "zero" } else { "grid" };
            canvas.line(class, (at, frame.top), (at, frame.bottom));
        }
        frame.horizontal(&mut canvas, &self.axis, &x);
        for (row, bar) in self.bars.iter().enumerate() {
            self.draw(
                &mut canvas,
                bar,
                frame.top + 4.0 + ROW * row as f64,
                (&frame, &x),
            );
        }
        canvas.finish(&self.title, &self.description())
    }

    fn draw(&self, canvas: &mut Canvas, bar: &Bar, top: f64, (frame, x): (&Frame, &Scale)) {
        let middle = top + (ROW - 6.0) / 2.0;
        canvas.text(
            "label",
            (frame.left - 8.0, middle + 4.0),
            Anchor::End,
            &fitted(&bar.name, WIDEST_NAME),
        );
        if !self.axis.has(bar.value) {
            canvas.text(
                "tick",
                (frame.left + 4.0, middle + 4.0),
                Anchor::Start,
                "\u{2013}",
            );
            return;
        }
        let (zero, end) = (x.at(0.0), x.at(bar.value));
        let mut says = format!("{}: {}", bar.name, self.say(bar.value));
        let whiskers = self.whiskers(bar);
        if let Some((low, high)) = whiskers {
            let _ = write!(says, " ({} to {})", self.say(low), self.say(high));
        }
        // At least a hairline: 0 is a value.
        let width = (end - zero).abs().max(1.0);
        canvas.rectangle(
            &format!("bar {}", fill(bar.style)),
            (zero.min(end), top),
            (width, ROW - 6.0),
            &says,
        );
        let mut free = end.max(zero);
        if let Some((low, high)) = whiskers {
            let (low, high) = (x.at(low), x.at(high));
            let class = format!("whisker {}", stroke(bar.style));
            canvas.line(&class, (low, middle), (high, middle));
            for edge in [low, high] {
                canvas.line(&class, (edge, middle - 4.0), (edge, middle + 4.0));
            }
            free = free.max(low).max(high);
        }
        canvas.text(
            "tick",
            (free + 6.0, middle + 4.0),
            Anchor::Start,
            &self.say(bar.value),
        );
    }

    pub(super) fn description(&self) -> String {
        let shown: Vec<&Bar> = self
            .bars
            .iter()
            .filter(|bar| self.axis.has(bar.value))
            .collect();
        if shown.is_empty() {
            return frame::NOTHING.to_owned();
        }
        let mut text = format!("{}: {} bars. ", self.axis.name, shown.len());
        for bar in shown.iter().take(MOST_DESCRIBED) {
            let _ = write!(text, "{} {}", bar.name, self.say(bar.value));
            if let Some((low, high)) = self.whiskers(bar) {
                let _ = write!(text, " ({} to {})", self.say(low), self.say(high));
            }
            text.push_str("; ");
        }
        if let Some(last) = shown.get(MOST_DESCRIBED..).and_then(<[_]>::last) {
            let _ = write!(
                text,
                "the last of them {} {}",
                last.name,
                self.say(last.value)
            );
        }
        format!("{}.", text.trim_end_matches("; "))
    }
}

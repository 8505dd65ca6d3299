//! How often what was seen.

use std::fmt::Write as _;

use serde::Serialize;

use super::super::number;
use super::Reference;
use super::canvas::{Anchor, Canvas, fill, text_width};
use super::frame::{self, Frame};
use super::scale::{Axis, Scale};

/// Counts of values in bins.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Histogram {
    /// The title.
    pub title: String,
    /// What to see in it.
    pub caption: String,
    /// What was counted.
    pub x: Axis,
    /// The name of the counts.
    pub counts_name: String,
    /// The bins.
    pub bins: Vec<Bin>,
    /// Values that stand as vertical lines.
    pub references: Vec<Reference>,
}

/// One bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bin {
    /// Its lower edge.
    pub from: f64,
    /// Its upper edge.
    pub to: f64,
    /// Values in it.
    pub count: u64,
}

impl Bin {
    /// Counts values in `num_bins` bins of equal width; what is not finite is not counted, and the
    /// largest value lies in the last bin.
    pub fn count(values: &[f64], num_bins: usize) -> Vec<Self> {
        let finite = || values.iter().copied().filter(|value| value.abs() < 1e150);
        let low = finite().fold(f64::INFINITY, f64::min);
        let high = finite().fold(f64::NEG_INFINITY, f64::max);
        let num_bins = num_bins.max(1);
        if low > high {
            return Vec::new();
        }
        let (low, width) = if high > low {
            (low, (high - low) / num_bins as f64)
        } else {
            let width = (low.abs() * 0.1).max(1e-9);
            (low - width * num_bins as f64 / 2.0, width)
        };
        let mut bins: Vec<Self> = (0..num_bins)
            .map(|at| Self {
                from: low + width * at as f64,
                to: low + width * (at + 1) as f64,
                count: 0,
            })
            .collect();
        for value in finite() {
            let at = (value - low) / width;
            // What lies beyond by rounding is the last bin's.
            let at = number::whole(at).min(num_bins - 1);
            bins[at].count += 1;
        }
        bins
    }
}

impl Histogram {
    fn shown(&self) -> impl Iterator<Item = &Bin> {
        let has = |bin: &&Bin| self.x.has(bin.from) && self.x.has(bin.to) && bin.from < bin.to;
        self.bins.iter().filter(has)
    }

    pub(super) fn svg(&self, id: &str) -> String {
        let frame = Frame::new(&[], 200.0);
        let counts = Axis::linear(self.counts_name.clone()).showing(0.0, 0.0);
        let levels = self.references.iter().map(|reference| reference.at);
        let edges = self.shown().flat_map(|bin| [bin.from, bin.to]);
        let total: u64 = self.shown().map(|bin| bin.count).sum();
        let scales = Scale::fit(
            &self.x,
            edges.chain(levels),
            0.02,
            (frame.left, frame.right),
        )
        .zip(Scale::fit(
            &counts,
            self.shown()
                .filter(|bin| bin.count > 0)
                .map(|bin| bin.count as f64),
            0.04,
            (frame.bottom, frame.top),
        ))
        .filter(|_| total > 0);
        let Some((x, y)) = scales else {
            return frame::empty(id, &self.title);
        };
        let mut canvas = Canvas::new(id, frame.height());
        frame.axes(&mut canvas, (&self.x, &x), (&counts, &y));
        for bin in self.shown().filter(|bin| bin.count > 0) {
            let (left, right, top) = (x.at(bin.from), x.at(bin.to), y.at(bin.count as f64));
            let says = format!(
                "{} to {}: {}",
                self.x.say(bin.from),
                self.x.say(bin.to),
                counts.say(bin.count as f64)
            );
            canvas.rectangle(
                &format!("bar {}", fill(0)),
                (left + 0.5, top),
                ((right - left - 1.0).max(0.6), frame.bottom - top),
                &says,
            );
        }
        for reference in &self.references {
            if !self.x.has(reference.at) {
                continue;
            }
            let at = x.at(reference.at);
            canvas.line("level", (at, frame.top - 4.0), (at, frame.bottom));
            let half = text_width(&reference.name) / 2.0;
            let place = at.min(frame.right - half).max(frame.left + half);
            canvas.text(
                "tick",
                (place, frame.top - 8.0),
                Anchor::Middle,
                &reference.name,
            );
        }
        canvas.finish(&self.title, &self.description())
    }

    pub(super) fn description(&self) -> String {
        let bins: Vec<&Bin> = self.shown().filter(|bin| bin.count > 0).collect();
        let (Some(first), Some(last)) = (bins.first(), bins.last()) else {
            return frame::NOTHING.to_owned();
        };
        let total: u64 = bins.iter().map(|bin| bin.count).sum();
        let fullest = bins.iter().max_by_key(|bin| bin.count).unwrap_or(first);
        let count = |count: u64| Axis::default().say(count as f64);
        let mut text = format!(
            "{} of {}: {} values from {} to {}, most of them, {}, from {} to {}",
            self.counts_name,
            self.x.name,
            count(total),
            self.x.say(first.from),
            self.x.say(last.to),
            count(fullest.count),
            self.x.say(fullest.from),
            self.x.say(fullest.to)
        );
        for reference in &self.references {
            let _ = write!(text, "; {} at {}", reference.name, self.x.say(reference.at));
        }
        text.push('.');
        text
    }
}

//! The report: numbers as it writes them, the page, its pictures, and a browser's word on it.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests say what is wrong by panicking"
)]

mod browser;
mod content;
mod markup;
mod numbers;
mod page;
mod pictures;
mod run;

use emberline::evaluation::report::picture::{
    Axis, Bar, Bars, Bin, Group, Histogram, Lane, Lines, Point, Points, Reference, Series, Span,
    SpanKind, Spans,
};
use emberline::evaluation::report::{
    Best, Cell, Column, Digits, Level, Part, Picture, Report, Section, Table, Tile, Tone,
};

const DAY: i64 = 86_400_000_000_000;
/// 2024-01-01.
const START: i64 = 1_704_067_200_000_000_000;

/// A report with every kind of part, every text of it made by `text` from its name.
fn full(text: impl Fn(&str) -> String) -> Report {
    let mut table = Table::new(
        text("caption"),
        vec![
            Column::new(text("symbol")),
            Column::with_best(text("loss"), Best::Lowest),
            Column::with_best(text("ic"), Best::Highest),
            Column::new(text("share")),
            Column::new(text("interval")),
            Column::new(text("first")),
        ],
    );
    for row in 0..40_u32 {
        let row_value = f64::from(row);
        table.push(vec![
            Cell::text(text(&format!("symbol {row}"))),
            Cell::decimals(0.5 + row_value, 4),
            Cell::with_spread(-0.01 * row_value, Some(0.02), 4),
            Cell::percent((row > 0).then_some(0.512), 1),
            Cell::interval(Some((-0.25, 0.5)), 2),
            Cell::Time(START),
        ]);
    }
    table.push_strong(vec![Cell::text(text("all"))]);
    table.note(text("note of the table"));
    let mut first = Section::new("first", text("section"), text("lead"));
    first.push(Part::Heading(text("heading")));
    first.push(Part::Text(text("paragraph")));
    first.push(Part::List(vec![text("point")]));
    first.push(Part::KeyValues(vec![(
        text("key"),
        Cell::text(text("value")),
    )]));
    first.push(table);
    for level in [Level::Note, Level::Caution, Level::Warning] {
        let text = text("note");
        first.push(Part::Note { level, text });
    }
    first.push(Part::Code(text("code")));
    first.push(Part::Details {
        title: text("summary"),
        parts: vec![Part::Code(text("inner code")), lines(&text).into()],
    });
    let mut second = Section::new("second", text("pictures"), "");
    for picture in pictures(&text) {
        second.push(picture);
    }
    let tile = |tone, value| Tile {
        name: text("tile"),
        value,
        note: text("beside it"),
        tone,
    };
    Report {
        title: text("title"),
        subtitle: text("subtitle"),
        verdict: text("verdict"),
        tiles: vec![
            tile(Tone::Good, Cell::with_spread(0.02, Some(0.021), 4)),
            tile(Tone::Bad, Cell::Missing),
            tile(
                Tone::Unclear,
                Cell::Number {
                    value: 3.21,
                    digits: Digits::Significant(2),
                    spread: None,
                    unit: "bp",
                },
            ),
            tile(Tone::Neutral, Cell::Count(22_978)),
        ],
        sections: vec![first, second],
        footer: text("footer"),
    }
}

/// A picture of each kind.
fn pictures(text: &impl Fn(&str) -> String) -> Vec<Picture> {
    let bars = ["one", "two"].map(|name| Bar::new(text(name), 0.5, Some((0.25, 0.75))));
    let span = |kind, from: i64, to: i64| Span {
        kind,
        from_ns: START + from * DAY,
        to_ns: START + to * DAY,
    };
    let group = |name: &str| Group {
        name: text(name),
        points: [-1.0, 0.0, 1.0].map(with_whiskers).to_vec(),
        is_joined: true,
    };
    vec![
        lines(text),
        Picture::Bars(Bars {
            title: text("bars"),
            caption: text("caption"),
            axis: Axis::linear(text("axis")),
            bars: bars.to_vec(),
        }),
        Picture::Spans(Spans {
            title: text("spans"),
            caption: text("caption"),
            lanes: vec![Lane {
                name: text("fold"),
                spans: vec![
                    span(SpanKind::Train, 0, 60),
                    span(SpanKind::Gap, 60, 61),
                    span(SpanKind::Validation, 61, 80),
                    span(SpanKind::Test, 80, 100),
                ],
            }],
        }),
        Picture::Points(Points {
            title: text("points"),
            caption: text("caption"),
            x: Axis::linear(text("x")),
            y: Axis::linear(text("y")),
            groups: vec![group("model"), group("ridge")],
            has_diagonal: true,
        }),
        Picture::Histogram(Histogram {
            title: text("histogram"),
            caption: text("caption"),
            x: Axis::percent(text("x")),
            counts_name: text("bars"),
            bins: Bin::count(&[0.0, 0.1, 0.1, 0.3], 3),
            references: vec![Reference::new(0.2, text("mean"))],
        }),
    ]
}

fn with_whiskers(x: f64) -> Point {
    Point {
        x,
        y: 0.5 * x,
        whiskers: Some((0.5 * x - 0.2, 0.5 * x + 0.2)),
    }
}

fn lines(text: &impl Fn(&str) -> String) -> Picture {
    let points = |factor: f64| -> Vec<(f64, f64)> {
        (0..90)
            .map(|day| ((START + day * DAY) as f64, factor * day as f64))
            .collect()
    };
    let mut banded = Series::new(text("model"), points(0.01));
    banded.band = banded
        .points
        .iter()
        .map(|&(x, y)| (x, y - 0.1, y + 0.1))
        .collect();
    Picture::Lines(Lines {
        title: text("lines"),
        caption: text("caption"),
        x: Axis::time(),
        y: Axis::linear(text("y")),
        series: vec![banded, Series::new(text("ridge"), points(-0.01))],
        references: vec![Reference::new(0.2, text("mean"))],
        is_low: false,
    })
}

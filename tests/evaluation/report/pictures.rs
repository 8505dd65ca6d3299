//! No number breaks a picture, and what a picture says is what was put in.

use emberline::evaluation::report::Picture;
use emberline::evaluation::report::picture::{
    Axis, Bar, Bars, Bin, Group, Histogram, Lane, Lines, Point, Points, Reference, Series, Span,
    SpanKind, Spans,
};

use super::markup::{Element, elements};
use super::{DAY, START, pictures};

const NOTHING: &str = "Nothing to show";

/// Checks that the picture is markup with finite coordinates inside its box, and returns its elements.
fn checked(picture: &Picture) -> Vec<Element> {
    let svg = picture.svg("picture");
    let found = elements(&svg);
    let size: Vec<f64> = found[0]
        .attribute("viewBox")
        .unwrap()
        .split(' ')
        .map(|number| number.parse().unwrap())
        .collect();
    for element in &found {
        if element.ancestors.iter().any(|at| found[*at].name == "defs") {
            continue;
        }
        for (name, value) in &element.attributes {
            let limit = match name.as_str() {
                "x" | "x1" | "x2" | "cx" | "width" => size[2],
                "y" | "y1" | "y2" | "cy" | "height" => size[3],
                "d" | "points" => size[2].max(size[3]),
                _ => continue,
            };
            let separators = [' ', ',', 'M', 'L', 'Z'];
            for number in value.split(separators).filter(|one| !one.is_empty()) {
                let number: f64 = number.parse().unwrap_or_else(|_| panic!("{name}={value}"));
                assert!(
                    (-8.0..=limit + 8.0).contains(&number),
                    "{name}={number} lies outside {size:?}"
                );
            }
        }
    }
    let description = picture.description();
    assert!(description.len() < 2_500, "{} letters", description.len());
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    found
}

/// Values that have broken plotters before.
fn degenerate() -> Vec<Vec<f64>> {
    vec![
        vec![],
        vec![f64::NAN],
        vec![f64::INFINITY, f64::NEG_INFINITY, f64::NAN],
        vec![1.0],
        vec![0.0],
        vec![-3.5; 7],
        vec![0.0; 3],
        vec![1.0, f64::NAN, 2.0, f64::INFINITY, 3.0, f64::NAN],
        vec![f64::MAX, f64::MIN],
        vec![1e149, -1e149, 0.0],
        vec![5e-324, 1e-300, 0.0],
        vec![1.0, 1.0 + f64::EPSILON],
        vec![1e15, 1e15 + 1.0],
        vec![-1.0, -2.0],
    ]
}

fn axes() -> [Axis; 4] {
    [
        Axis::linear("y"),
        Axis::percent("y"),
        Axis::log("y"),
        Axis::time(),
    ]
}

#[test]
fn no_number_breaks_a_line() {
    for values in degenerate() {
        for y in axes() {
            for x in axes() {
                let points: Vec<(f64, f64)> = (1..).map(f64::from).zip(values.clone()).collect();
                let turned = points.iter().map(|&(x, y)| (y, x)).collect();
                let mut series = vec![Series::new("one", points), Series::new("two", turned)];
                series[1].band = series[1].points.iter().map(|&(x, y)| (x, y, x)).collect();
                let is_low = values.len() > 2;
                let references = values.iter().map(|at| Reference::new(*at, "level"));
                let picture = Picture::Lines(Lines {
                    title: "lines".to_owned(),
                    x: x.clone(),
                    y: y.clone(),
                    references: references.collect(),
                    series,
                    is_low,
                    ..Lines::default()
                });
                checked(&picture);
            }
        }
    }
}

#[test]
fn no_number_breaks_the_other_pictures() {
    for values in degenerate() {
        for axis in axes() {
            let bar = |value: &f64| Bar::new("name", *value, Some((value - 1.0, 2.0 * value)));
            checked(&Picture::Bars(Bars {
                axis: axis.clone(),
                bars: values.iter().map(bar).collect(),
                ..Bars::default()
            }));
            let point = |value: &f64| Point {
                x: *value,
                y: -*value,
                whiskers: Some((*value, 0.0)),
            };
            checked(&Picture::Points(Points {
                x: axis.clone(),
                y: axis.clone(),
                groups: vec![Group {
                    name: "group".to_owned(),
                    points: values.iter().map(point).collect(),
                    is_joined: true,
                }],
                has_diagonal: true,
                ..Points::default()
            }));
            for num_bins in [0, 1, 7] {
                let bins = Bin::count(&values, num_bins);
                let counted: u64 = bins.iter().map(|bin| bin.count).sum();
                let finite = values.iter().filter(|value| value.abs() < 1e150).count();
                assert_eq!(counted, finite as u64);
                checked(&Picture::Histogram(Histogram {
                    x: axis.clone(),
                    bins,
                    references: values.iter().map(|at| Reference::new(*at, "at")).collect(),
                    ..Histogram::default()
                }));
            }
        }
    }
    for (from_ns, to_ns) in [(0, 0), (START, START), (i64::MIN, i64::MAX), (DAY, 0)] {
        let span = Span {
            kind: SpanKind::Test,
            from_ns,
            to_ns,
        };
        for spans in [vec![], vec![span], vec![span, span]] {
            let name = "lane".to_owned();
            checked(&Picture::Spans(Spans {
                lanes: vec![Lane::default(), Lane { name, spans }],
                ..Spans::default()
            }));
        }
    }
}

#[test]
fn nothing_says_so() {
    let empty = [
        Picture::Lines(Lines::default()),
        Picture::Bars(Bars::default()),
        Picture::Spans(Spans::default()),
        Picture::Points(Points::default()),
        Picture::Histogram(Histogram::default()),
        // Levels alone are no picture.
        Picture::Lines(Lines {
            references: vec![Reference::new(1.0, "level")],
            ..Lines::default()
        }),
        Picture::Lines(Lines {
            y: Axis::log("y"),
            series: vec![Series::new("never above 0", vec![(0.0, -1.0), (1.0, 0.0)])],
            ..Lines::default()
        }),
    ];
    for picture in &empty {
        assert!(picture.description().starts_with(NOTHING), "{picture:?}");
        let found = checked(picture);
        let mut texts = found.iter().filter(|element| element.name == "text");
        assert!(texts.any(|text| text.text.starts_with(NOTHING)));
    }
    for picture in pictures(&str::to_owned) {
        assert!(!picture.description().starts_with(NOTHING));
        checked(&picture);
    }
}

/// The corners of all paths of a class.
fn paths(found: &[Element], class: &str) -> Vec<Vec<(f64, f64)>> {
    let has = |element: &&Element| {
        element.name == "path"
            && element
                .attribute("class")
                .is_some_and(|classes| classes.split(' ').any(|one| one == class))
    };
    let corner = |pair: &str| {
        let (x, y) = pair.trim().split_once(' ').unwrap();
        (x.parse().unwrap(), y.parse().unwrap())
    };
    found
        .iter()
        .filter(has)
        .map(|element| {
            let path = element.attribute("d").unwrap();
            let path = path.replace(['M', 'Z'], "").replace('L', " ");
            let numbers: Vec<&str> = path.split_whitespace().collect();
            numbers
                .chunks(2)
                .map(|pair| corner(&pair.join(" ")))
                .collect()
        })
        .collect()
}

#[test]
fn a_point_stands_where_it_belongs() {
    let found = checked(&Picture::Lines(Lines {
        x: Axis::linear("x"),
        y: Axis::linear("y").showing(0.0, 10.0),
        series: vec![Series::new(
            "one",
            vec![(0.0, 2.5), (5.0, 10.0), (10.0, 5.0)],
        )],
        ..Lines::default()
    }));
    let line = &paths(&found, "line")[0];
    let tick = |text: &str, name: &str| -> f64 {
        let mut ticks = found.iter().filter(|one| {
            one.name == "text" && one.text == text && one.attribute("class") == Some("tick")
        });
        let found = if name == "x" {
            ticks.next_back()
        } else {
            ticks.next()
        };
        found.unwrap().attribute(name).unwrap().parse().unwrap()
    };
    // A tick's text stands 4 below its line, and a tenth is lost to rounding twice.
    assert!((line[1].1 - (tick("10", "y") - 4.0)).abs() < 0.21);
    assert!((line[1].0 - f64::midpoint(line[0].0, line[2].0)).abs() < 0.11);
    let (zero, ten) = (tick("0", "y") - 4.0, tick("10", "y") - 4.0);
    assert!((line[2].1 - f64::midpoint(zero, ten)).abs() < 0.21);
    assert!((line[0].1 - (zero + 0.25 * (ten - zero))).abs() < 0.21);
    assert!((line[2].0 - tick("10", "x")).abs() < 0.11);
}

#[test]
fn gaps_interrupt_a_line() {
    let values = [1.0, 2.0, f64::NAN, 3.0, 4.0, f64::INFINITY, 5.0];
    let points = (0..).map(f64::from).zip(values).collect();
    let found = checked(&Picture::Lines(Lines {
        series: vec![Series::new("one", points)],
        ..Lines::default()
    }));
    let lengths: Vec<usize> = paths(&found, "line").iter().map(Vec::len).collect();
    assert_eq!(lengths, [2, 2]);
    let markers = found.iter().filter(|one| one.name == "circle").count();
    assert_eq!(markers, 5);
}

#[test]
fn long_series_are_thinned_and_keep_their_extremes() {
    let mut points: Vec<(f64, f64)> = (0..200_000)
        .map(|at| (f64::from(at), f64::from(at % 7)))
        .collect();
    points[123_456].1 = 100.0;
    points[77_777].1 = -50.0;
    let picture = Picture::Lines(Lines {
        series: vec![Series::new("one", points)],
        ..Lines::default()
    });
    let found = checked(&picture);
    let line = &paths(&found, "line")[0];
    assert!(line.len() < 1_600, "{} points", line.len());
    let levels = |wanted: fn(f64, f64) -> f64| line.iter().map(|point| point.1).reduce(wanted);
    let (top, bottom) = (levels(f64::min).unwrap(), levels(f64::max).unwrap());
    // The values span 150 of a plot of 260, less the room at its ends.
    assert!((bottom - top - 260.0 / 1.12).abs() < 0.3, "{top} {bottom}");
    assert!(picture.description().contains("lowest −50, highest 100"));
}

#[test]
fn lines_differ_without_colours() {
    let series =
        |at: u32| Series::new(format!("line {at}"), vec![(0.0, 0.0), (1.0, f64::from(at))]);
    let found = checked(&Picture::Lines(Lines {
        series: (0..8).map(series).collect(),
        ..Lines::default()
    }));
    let mut dashes: Vec<&str> = found
        .iter()
        .filter(|one| one.name == "path")
        .map(|one| one.attribute("stroke-dasharray").unwrap_or(""))
        .collect();
    dashes.sort_unstable();
    dashes.dedup();
    assert_eq!(dashes.len(), 8);
}

#[test]
fn lines_of_one_name_stand_in_the_legend_once() {
    let series = |name: &str| Series::new(name, vec![(0.0, 0.0), (1.0, 1.0)]);
    let picture = Picture::Lines(Lines {
        series: vec![series("training"), series("validation"), series("training")],
        ..Lines::default()
    });
    let found = checked(&picture);
    let count = |text: &str| {
        found
            .iter()
            .filter(|e| e.name == "text" && e.text == text)
            .count()
    };
    assert_eq!((count("training"), count("validation")), (1, 1));
    assert!(picture.description().contains("training (2 lines)"));
}

/// The texts of the ticks below a picture of times from `START` on.
fn time_ticks(span: i64) -> Vec<String> {
    let points = vec![(START as f64, 0.0), ((START + span) as f64, 1.0)];
    let found = checked(&Picture::Lines(Lines {
        x: Axis::time(),
        y: Axis::linear("").showing(-0.5, 0.5),
        series: vec![Series::new("one", points)],
        ..Lines::default()
    }));
    let is_time = |one: &&Element| {
        one.attribute("class") == Some("tick") && one.attribute("text-anchor") == Some("middle")
    };
    found
        .iter()
        .filter(is_time)
        .map(|one| one.text.clone())
        .collect()
}

#[test]
fn ticks_of_time_are_round() {
    assert_eq!(time_ticks(60_000_000_000)[..2], ["00:00:00", "00:00:15"]);
    assert_eq!(time_ticks(DAY)[..2], ["01-01 00:00", "01-01 06:00"]);
    assert_eq!(time_ticks(6 * DAY)[..2], ["2024-01-01", "2024-01-02"]);
    // 2024-01-01 is a Monday.
    assert_eq!(time_ticks(42 * DAY)[..2], ["2024-01-01", "2024-01-08"]);
    assert_eq!(time_ticks(300 * DAY)[..2], ["2024-01", "2024-03"]);
    assert_eq!(time_ticks(365 * 6 * DAY)[..2], ["2024", "2025"]);
    for days in [1, 3, 10, 40, 100, 1_000, 10_000, 50_000] {
        let num_ticks = time_ticks(days * DAY).len();
        assert!((2..=8).contains(&num_ticks), "{days} days: {num_ticks}");
    }
}

#[test]
fn descriptions_name_the_numbers() {
    let all = pictures(&str::to_owned);
    let descriptions: Vec<String> = all.iter().map(Picture::description).collect();
    insta::assert_snapshot!("descriptions", descriptions.join("\n"));
}

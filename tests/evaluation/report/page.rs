//! The page: whole, alone, escaped, and readable without eyes or colours.

use std::collections::HashMap;

use emberline::evaluation::report::{Cell, Column, Part, Picture, Report, Section, Table};

use super::markup::{Element, elements};
use super::{full, lines};

/// The page of a report with every kind of part in it.
fn page() -> String {
    full(str::to_owned).html()
}

#[test]
fn tags_balance_and_fragments_are_unique() {
    check_fragments(&page());
}

/// Checks that tags balance, that every fragment is there once and that what names one finds it.
pub(super) fn check_fragments(page: &str) {
    let found = elements(page);
    let mut seen = HashMap::new();
    for element in &found {
        if let Some(id) = element.attribute("id") {
            assert_eq!(seen.insert(id, &element.name), None, "{id} stands twice");
        }
    }
    for element in &found {
        for name in ["aria-labelledby", "href"] {
            for id in element.attribute(name).unwrap_or("").split_whitespace() {
                let id = id.trim_start_matches('#');
                assert!(
                    seen.contains_key(id),
                    "{name} names `{id}`, which is not there"
                );
            }
        }
        if let Some(fill) = element.attribute("fill") {
            let id = fill.strip_prefix("url(#").unwrap().strip_suffix(')');
            assert_eq!(seen[id.unwrap()], "pattern");
        }
    }
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    let page = page();
    let mut rest = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    rest.make_ascii_lowercase();
    for forbidden in [
        "http:",
        "https:",
        "//",
        "<script",
        "<link",
        "<img",
        "<iframe",
        "@import",
        "@font-face",
        "src=",
        "javascript:",
        " on",
    ] {
        // ` on..=` would be a handler; the word stands in texts.
        let found = rest.match_indices(forbidden).any(|(at, found)| {
            let after = &rest[at + found.len()..];
            found != " on"
                || after
                    .split(['=', ' ', '>', '<'])
                    .next()
                    .is_some_and(|word| !word.is_empty() && after[word.len()..].starts_with('='))
        });
        assert!(!found, "`{forbidden}` in the page");
    }
    for (at, _) in rest.match_indices("url(") {
        assert!(rest[at..].starts_with("url(#"), "loads something");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn every_text_is_escaped() {
    let evil = |name: &str| format!("{name}<script>alert('{name}')</script>\"&\u{1}");
    let page = full(evil).html();
    assert!(!page.contains("<script"));
    let found = elements(&page);
    assert!(found.iter().all(|element| element.name != "script"));
    // What comes out of the reader is what went in, in text and in attributes.
    let holds = |name: &str, text: &str| {
        let mut texts = found.iter().filter(|element| element.name == name);
        assert!(
            texts.any(|element| element.text.contains(text)),
            "no <{name}> says {text}"
        );
    };
    for (name, text) in [
        ("h1", "title<script>"),
        ("h2", "section<script>"),
        ("th", "symbol 3<script>"),
        ("caption", "caption<script>alert('caption')</script>\"&"),
        ("code", "code<script>"),
        ("summary", "summary<script>"),
        ("text", "ridge<script>"),
        ("desc", "two<script>"),
        ("dt", "tile<script>"),
        ("figcaption", "lines<script>"),
    ] {
        holds(name, text);
    }
    let label = found.iter().find_map(|one| {
        let label = one.attribute("aria-label")?;
        label.starts_with("Picture: lines").then_some(label)
    });
    assert!(label.unwrap().contains("</script>\"&"));
}

#[test]
fn backticks_make_code() {
    let mut section = Section::new("one", "One", "run `a <b>` twice");
    section.push(Part::Text("one ` alone".to_owned()));
    let page = Report {
        sections: vec![section],
        ..Report::default()
    };
    let html = page.html();
    assert!(html.contains("run <code>a &#60;b&#62;</code> twice"));
    assert!(html.contains("<p>one ` alone</p>"));
}

#[test]
fn long_tables_fold_and_lose_no_row() {
    let table = |rows: usize| {
        let mut table = Table::new("rows", vec![Column::new("name"), Column::new("count")]);
        for row in 0..rows {
            table.push(vec![
                Cell::text(format!("row {row}")),
                Cell::Count(row as u64),
            ]);
        }
        let mut section = Section::new("one", "One", "");
        section.push(table);
        let page = Report {
            sections: vec![section],
            ..Report::default()
        };
        elements(&page.html())
    };
    let count = |found: &[Element], name: &str| found.iter().filter(|e| e.name == name).count();
    for (rows, tables) in [(0, 1), (1, 1), (23, 1), (24, 2), (500, 2)] {
        let found = table(rows);
        assert_eq!(count(&found, "table"), tables, "{rows} rows");
        assert_eq!(count(&found, "tr"), rows + tables, "{rows} rows");
        assert_eq!(count(&found, "details"), tables - 1);
    }
}

#[test]
fn it_can_be_read_without_seeing_it() {
    let page = page();
    check_reading(&page);
    // A tone is a word too.
    let found = elements(&page);
    let tones = found
        .iter()
        .filter(|one| one.attribute("class") == Some("tone"));
    let tones: Vec<&str> = tones.map(|one| one.text.as_str()).collect();
    assert_eq!(tones, ["▲ for", "▼ against", "◆ unclear"]);
}

/// Checks landmarks, headings, captions, headers, descriptions and what keys can reach.
pub(super) fn check_reading(page: &str) {
    let found = elements(page);
    let named = |name: &'static str| found.iter().filter(move |element| element.name == name);
    let inside = |element: &Element, name: &str| {
        let mut ancestors = element.ancestors.iter();
        ancestors.any(|at| found[*at].name == name)
    };
    let html = named("html").next().unwrap();
    assert_eq!(html.attribute("lang"), Some("en"));
    for landmark in ["header", "nav", "main", "footer", "h1"] {
        assert_eq!(named(landmark).count(), 1, "{landmark}");
    }
    let mut level = 0;
    for element in &found {
        if let Some(Ok(this)) = element.name.strip_prefix('h').map(str::parse::<usize>) {
            assert!(this <= level + 1, "h{this} after h{level}");
            level = this;
        }
    }
    for (at, svg) in found.iter().enumerate().filter(|(_, e)| e.name == "svg") {
        assert_eq!(svg.attribute("role"), Some("img"));
        assert!(inside(svg, "figure"), "a picture without a caption");
        let child = |name: &str| {
            let mut children = found
                .iter()
                .filter(|child| child.ancestors.last() == Some(&at));
            children
                .find(|child| child.name == name)
                .unwrap()
                .text
                .clone()
        };
        assert!(!child("title").is_empty());
        let description = child("desc");
        assert!(
            description.contains(|c: char| c.is_ascii_digit()),
            "{description}"
        );
    }
    for (at, table) in found.iter().enumerate().filter(|(_, e)| e.name == "table") {
        let caption = &found[at + 1];
        assert!(
            caption.name == "caption" && !caption.text.is_empty(),
            "{table:?}"
        );
    }
    for header in named("th") {
        let scope = if inside(header, "thead") {
            "col"
        } else {
            "row"
        };
        assert_eq!(header.attribute("scope"), Some(scope));
    }
    // What scrolls can be reached with keys and says what it is.
    for wide in found
        .iter()
        .filter(|e| e.attribute("class") == Some("wide"))
    {
        assert_eq!(wide.attribute("tabindex"), Some("0"));
        assert!(
            wide.attribute("aria-label")
                .or(wide.attribute("aria-labelledby"))
                .is_some()
        );
    }
}

/// WCAG 2's relative luminance of `#rrggbb`.
fn luminance(colour: &str) -> f64 {
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

#[test]
fn colours_stand_out_in_both_schemes() {
    let page = page();
    let schemes: Vec<HashMap<&str, &str>> = page
        .split(":root {")
        .skip(1)
        .map(|block| {
            let block = block.split('}').next().unwrap();
            let pairs = block
                .split(';')
                .filter_map(|line| line.trim().split_once(": "));
            pairs.collect()
        })
        .collect();
    assert_eq!(schemes.len(), 2);
    for scheme in &schemes {
        assert_eq!(scheme.keys().len(), schemes[0].keys().len());
        let contrast = |one: &str, other: &str| {
            let (a, b) = (luminance(scheme[one]), luminance(scheme[other]));
            (a.max(b) + 0.05) / (a.min(b) + 0.05)
        };
        for colour in [
            "--text",
            "--quiet",
            "--link",
            "--good",
            "--bad",
            "--unclear",
        ] {
            for ground in ["--page", "--card"] {
                let found = contrast(colour, ground);
                assert!(found >= 4.5, "{colour} on {ground}: {found:.2}");
            }
        }
        for style in 0..8 {
            let found = contrast(&format!("--s{style}"), "--page");
            assert!(found >= 4.5, "--s{style}: {found:.2}");
        }
    }
}

#[test]
fn a_typical_page_is_small() {
    // Four pictures of eight lines with 100,000 points of noise each, two tables of 500 rows.
    let mut section = Section::new("one", "One", "");
    for _ in 0..4 {
        let Picture::Lines(mut picture) = lines(&str::to_owned) else {
            panic!("lines");
        };
        picture.series.clear();
        for line in 0..8_u32 {
            let noise = |at: u32| f64::from(at.wrapping_mul(2_654_435_761) >> 8) / 1e7;
            let points = (0..100_000).map(|at| (f64::from(at), noise(at) + f64::from(line)));
            picture
                .series
                .push(super::Series::new(format!("line {line}"), points.collect()));
        }
        section.push(Picture::Lines(picture));
    }
    for _ in 0..2 {
        let mut table = Table::new(
            "rows",
            (0..8).map(|at| Column::new(format!("{at}"))).collect(),
        );
        for row in 0..500 {
            table.push(
                (0..8)
                    .map(|at| Cell::decimals(f64::from(row * at), 4))
                    .collect(),
            );
        }
        section.push(table);
    }
    let page = Report {
        sections: vec![section],
        ..Report::default()
    };
    let size = page.html().len();
    assert!(size < 1_000_000, "{size} bytes");
}

#[test]
fn the_text_of_a_small_report() {
    let mut table = Table::new(
        "1 bar ahead",
        vec![
            Column::new("forecast"),
            Column::with_best("loss", super::Best::Lowest),
            Column::new("ic_ts"),
        ],
    );
    table.push_strong(vec![
        Cell::text("model"),
        Cell::decimals(0.4341, 4),
        Cell::with_spread(0.0609, Some(0.0217), 4),
    ]);
    table.push(vec![Cell::text("zero"), Cell::decimals(0.4347, 4)]);
    table.note("`ic_ts`: correlation over time.");
    let mut section = Section::new("skill", "Skill", "On the same windows.");
    section.push(table);
    section.push(lines(&str::to_owned));
    let report = Report {
        title: "A small report".to_owned(),
        verdict: "Nothing came out.".to_owned(),
        tiles: vec![super::Tile {
            name: "windows".to_owned(),
            value: Cell::Count(1_234),
            note: "of 7 symbols".to_owned(),
            tone: super::Tone::Good,
        }],
        sections: vec![section],
        ..Report::default()
    };
    // Elements with text of their own, one a line.
    let found = elements(&report.html());
    let text: Vec<String> = found
        .iter()
        .filter(|element| {
            let name = element.name.as_str();
            [
                "h1",
                "h2",
                "p",
                "a",
                "dt",
                "dd",
                "caption",
                "th",
                "td",
                "li",
                "figcaption",
                "title",
                "desc",
                "text",
            ]
            .contains(&name)
        })
        .map(|element| {
            let words: Vec<&str> = element.text.split_whitespace().collect();
            format!("{}: {}", element.name, words.join(" "))
        })
        .collect();
    insta::assert_snapshot!("small_report", text.join("\n"));
}

#[test]
fn the_file_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let report = full(str::to_owned);
    report.write(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), report.html());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let error = report
        .write(&folder.path().join("none/report.html"))
        .unwrap_err();
    assert!(error.to_string().contains("none/report.html"), "{error}");
}

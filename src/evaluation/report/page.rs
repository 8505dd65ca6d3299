//! The page: templates that askama checks when the crate is compiled, and escapes.

use std::ops::Range;

use askama::Template;

use super::{Cell, Column, Level, Part, Report, Table, Tone};

/// The style sheet, put into the page.
const STYLE: &str = include_str!("page.css");

/// The page of a report.
pub(super) fn html(report: &Report) -> String {
    Page {
        report,
        style: STYLE,
    }
    .to_string()
}

// The policy forbids the page to load anything, even if a text got past the escaping.
#[derive(Template)]
#[template(
    ext = "html",
    source = r##"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>{{ report.title }}</title>
<style>{{ style|safe }}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<h1>{{ report.title }}</h1>
{%- if !report.subtitle.is_empty() %}
<p class="subtitle">{{ report.subtitle }}</p>
{%- endif %}
</header>
<nav aria-label="Contents">
<p class="nav-title" aria-hidden="true">Contents</p>
<ol>
{%- for section in report.sections %}
<li><a href="#{{ section.id }}">{{ section.title }}</a></li>
{%- endfor %}
</ol>
</nav>
<main id="content">
{%- if !report.verdict.is_empty() || !report.tiles.is_empty() %}
<section class="verdict" aria-label="What came out">
{%- if !report.verdict.is_empty() %}
{%- for line in report.verdict.lines() %}
<p>{{ Words(line)|safe }}</p>
{%- endfor %}
{%- endif %}
{%- if !report.tiles.is_empty() %}
<dl class="tiles">
{%- for tile in report.tiles %}
<div class="tile {{ tile.tone.class() }}"><dt>{{ tile.name }}</dt><dd><span class="figure">{{ Value(tile.value)|safe }}</span>
{%- let word = tile.tone.word() -%}
{%- if !word.is_empty() %} <span class="tone">{{ word }}</span>{% endif -%}
{%- if !tile.note.is_empty() %} <span class="tile-note">{{ tile.note }}</span>{% endif -%}
</dd></div>
{%- endfor %}
</dl>
{%- endif %}
</section>
{%- endif %}
{%- for section in report.sections %}
<section id="{{ section.id }}" aria-labelledby="{{ section.id }}-heading">
<h2 id="{{ section.id }}-heading">{{ section.title }}</h2>
{%- if !section.lead.is_empty() %}
<p class="lead">{{ Words(section.lead)|safe }}</p>
{%- endif %}
{{ Parts { parts: section.parts, id: section.id.as_str() }|safe }}
</section>
{%- endfor %}
</main>
{%- if !report.footer.is_empty() %}
<footer><p>{{ report.footer }}</p></footer>
{%- endif %}
</body>
</html>
"##
)]
struct Page<'a> {
    report: &'a Report,
    style: &'a str,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r##"{% for (place, part) in self.placed() -%}
{%- match part -%}
{%- when Part::Heading(text) -%}
<h3>{{ text }}</h3>
{%- when Part::Text(text) -%}
<p>{{ Words(text)|safe }}</p>
{%- when Part::List(points) -%}
<ul>{% for point in points %}<li>{{ Words(point)|safe }}</li>{% endfor %}</ul>
{%- when Part::KeyValues(pairs) -%}
<dl class="pairs">{% for (name, value) in pairs %}<div><dt>{{ name }}</dt><dd>{{ Value(value)|safe }}</dd></div>{% endfor %}</dl>
{%- when Part::Table(table) -%}
{{ TableView { table, place: place.as_str() }|safe }}
{%- when Part::Picture(picture) -%}
<figure><figcaption><strong>{{ picture.title() }}</strong>{% if !picture.caption().is_empty() %} {{ Words(picture.caption())|safe }}{% endif %}</figcaption>
<div class="wide" role="group" tabindex="0" aria-label="Picture: {{ picture.title() }}">{{ picture.svg(place.as_str())|safe }}</div></figure>
{%- when Part::Code(text) -%}
<pre tabindex="0"><code>{{ text }}</code></pre>
{%- when Part::Note { level, text } -%}
<div class="note {{ level.class() }}" role="note"><strong>{{ level.word() }}</strong> {{ Words(text)|safe }}</div>
{%- when Part::Details { title, parts } -%}
<details><summary>{{ title }}</summary>
{{ Parts { parts, id: place.as_str() }|safe }}
</details>
{%- endmatch %}
{% endfor %}"##
)]
struct Parts<'a> {
    parts: &'a [Part],
    id: &'a str,
}

impl<'a> Parts<'a> {
    /// The parts, each with a fragment that no other part of the page has.
    fn placed(&self) -> impl Iterator<Item = (String, &'a Part)> {
        let parts = self.parts.iter().enumerate();
        parts.map(|(at, part)| (format!("{}-{}", self.id, at + 1), part))
    }
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r##"<div class="table">
<div class="wide" role="group" tabindex="0" aria-labelledby="{{ place }}-caption">
<table><caption id="{{ place }}-caption">{{ table.caption }}{% if self.folded() > 0 %} (the first {{ self.open() }} of {{ table.rows.len() }} rows){% endif %}</caption>
{{ self.rows(0..self.open())|safe }}
</table></div>
{%- if self.folded() > 0 %}
<details><summary>The other {{ self.folded() }} rows</summary>
<div class="wide" role="group" tabindex="0" aria-labelledby="{{ place }}-more">
<table><caption id="{{ place }}-more">{{ table.caption }} (the other rows)</caption>
{{ self.rows(self.open()..table.rows.len())|safe }}
</table></div></details>
{%- endif %}
{%- if !table.notes.is_empty() %}
<ul class="table-notes">{% for note in table.notes %}<li>{{ Words(note)|safe }}</li>{% endfor %}</ul>
{%- endif %}
</div>"##
)]
struct TableView<'a> {
    table: &'a Table,
    place: &'a str,
}

impl TableView<'_> {
    /// Rows that are open: all of them if only a few would be folded away.
    fn open(&self) -> usize {
        let all = self.table.rows.len();
        if all > self.table.open_rows + 3 {
            self.table.open_rows
        } else {
            all
        }
    }

    fn folded(&self) -> usize {
        self.table.rows.len() - self.open()
    }

    fn rows(&self, chosen: Range<usize>) -> String {
        Rows {
            table: self.table,
            chosen,
            best: &self.table.best_rows(),
            numeric: &self.table.numeric(),
        }
        .to_string()
    }
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r##"<thead><tr>
{%- for (column, is_number) in self.columns() %}<th scope="col"{% if is_number %} class="number"{% endif %}>{{ column.name }}</th>{% endfor -%}
</tr></thead>
<tbody>
{%- for (is_strong, cells) in self.chosen() %}
<tr{% if is_strong %} class="strong"{% endif %}>
{%- for one in cells -%}
{%- if one.is_header -%}
<th scope="row"{% if one.is_number %} class="number"{% endif %}>{{ Value(one.cell)|safe }}</th>
{%- else -%}
<td{% if one.is_best %} class="number best"{% else if one.is_number %} class="number"{% endif %}>{{ Value(one.cell)|safe }}{% if one.is_best %}<span class="unseen"> (best)</span>{% endif %}</td>
{%- endif -%}
{%- endfor -%}
</tr>
{%- endfor %}
</tbody>"##
)]
struct Rows<'a> {
    table: &'a Table,
    chosen: Range<usize>,
    best: &'a [Option<usize>],
    numeric: &'a [bool],
}

/// A cell and how it is set.
struct Placed<'a> {
    cell: &'a Cell,
    is_header: bool,
    is_number: bool,
    is_best: bool,
}

impl<'a> Rows<'a> {
    fn columns(&self) -> impl Iterator<Item = (&'a Column, bool)> {
        let numeric = self.numeric.iter().copied();
        self.table.columns.iter().zip(numeric)
    }

    fn chosen(&self) -> impl Iterator<Item = (bool, impl Iterator<Item = Placed<'a>>)> {
        let (table, numeric, best) = (self.table, self.numeric, self.best);
        self.chosen.clone().map(move |row| {
            let placed = (0..table.columns.len()).map(move |at| Placed {
                cell: table.rows[row].cells.get(at).unwrap_or(&Cell::Missing),
                is_header: at == 0,
                is_number: numeric[at],
                is_best: best[at] == Some(row),
            });
            (table.rows[row].is_strong, placed)
        })
    }
}

/// A cell's value, its spread set back, and a word for whoever hears a dash.
#[derive(Template)]
#[template(
    ext = "html",
    source = r##"
{%- if self.0.is_missing() -%}
<span class="missing"><span aria-hidden="true">{{ self.0.shown() }}</span><span class="unseen">none</span></span>
{%- else -%}
{{ self.0.shown() }}
{%- if let Some(spread) = self.0.spread() %}<span class="spread">&nbsp;{{ spread }}</span>{% endif -%}
{%- endif -%}"##
)]
struct Value<'a>(&'a Cell);

/// A text in which what stands between backticks is code.
#[derive(Template)]
#[template(
    ext = "html",
    source = r##"{% for (is_code, piece) in self.pieces() %}{% if is_code %}<code>{{ piece }}</code>{% else %}{{ piece }}{% endif %}{% endfor %}"##
)]
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    fn pieces(&self) -> impl Iterator<Item = (bool, &'a str)> {
        // A backtick without its other half is a backtick.
        let is_even = self.0.matches('`').count().is_multiple_of(2);
        let pieces: Vec<&str> = if is_even {
            self.0.split('`').collect()
        } else {
            vec![self.0]
        };
        pieces
            .into_iter()
            .enumerate()
            .map(|(at, piece)| (at % 2 == 1, piece))
    }
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Unclear => "unclear",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Neutral => "",
            Self::Good => "\u{25b2} for",
            Self::Bad => "\u{25bc} against",
            Self::Unclear => "\u{25c6} unclear",
        }
    }
}

impl Level {
    fn class(self) -> &'static str {
        match self {
            Self::Note => "plain",
            Self::Caution => "caution",
            Self::Warning => "warning",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Note => "Note.",
            Self::Caution => "Caution.",
            Self::Warning => "Warning.",
        }
    }
}

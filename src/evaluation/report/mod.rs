//! The report: one HTML file that stands alone, for whoever was not there when the numbers were made.
//!
//! ```text
//! numbers -> content (which tables and pictures) -> Report -> html() -> one file
//! ```
//!
//! A [`Report`] is plain data: sections of text, tables and pictures, without a thought for where the
//! numbers came from. [`Report::html`] makes a page of it that loads nothing from anywhere, runs no
//! script, follows the reader's light or dark scheme, prints, and can be read without seeing it:
//! every picture carries a sentence with its numbers, every table a caption and headers, and no
//! colour says anything that a dash, a marker or a word does not say too.
//!
//! Every text is escaped, whatever a symbol is called. No number breaks a picture: what is not finite
//! is left out, one point is a dot, a flat line lies in the middle, nothing at all says so.
//!
//! Pictures are written as SVG by hand and not by `plotters`, which draws the run's `loss.svg`: its
//! backend knows no classes, so that colours could not follow the scheme, and neither titles nor
//! descriptions nor patterns. The page's templates stand in `page.rs` as literals, because askama reads
//! files only from a folder `templates` at the root of the package.

pub mod content;
mod number;
mod page;
pub mod picture;
mod table;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

pub use number::{Digits, MISSING, bytes, date, duration, number, percent, time};
pub use picture::Picture;
pub use table::{Best, Cell, Column, Row, Table};

/// A whole report.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Title of the page.
    pub title: String,
    /// What was evaluated, one line.
    pub subtitle: String,
    /// What came out, a paragraph a line, before anything else.
    pub verdict: String,
    /// Key figures.
    pub tiles: Vec<Tile>,
    /// The sections, in the order of the table of contents.
    pub sections: Vec<Section>,
    /// The last line: what made the report, and when.
    pub footer: String,
}

/// A key figure.
#[derive(Clone, Debug, Serialize)]
pub struct Tile {
    /// What it is.
    pub name: String,
    /// The figure.
    pub value: Cell,
    /// What to hold it against, one phrase.
    pub note: String,
    /// Whether it speaks for the model; a word beside the colour says so too.
    pub tone: Tone,
}

/// What a key figure says about the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Nothing.
    #[default]
    Neutral,
    /// It speaks for the model.
    Good,
    /// It speaks against the model.
    Bad,
    /// It cannot be told from nothing.
    Unclear,
}

/// A section.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Section {
    /// The fragment of its address: letters, digits and hyphens, unlike every other section's.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// What it shows and how to read it, one or two sentences.
    pub lead: String,
    /// What it is made of.
    pub parts: Vec<Part>,
}

/// What a section is made of. In texts, what stands between backticks is set as code.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// A heading within the section.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// Points.
    List(Vec<String>),
    /// Names and values.
    KeyValues(Vec<(String, Cell)>),
    /// A table.
    Table(Table),
    /// A picture.
    Picture(Picture),
    /// Text as it stands: configuration, commands.
    Code(String),
    /// A sentence to be seen.
    Note {
        /// How loud.
        level: Level,
        /// The sentence.
        text: String,
    },
    /// What opens on request; printed open.
    Details {
        /// What is in it.
        title: String,
        /// Its parts.
        parts: Vec<Part>,
    },
}

/// How loud a note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Good to know.
    Note,
    /// Numbers may mislead.
    Caution,
    /// Numbers do mislead.
    Warning,
}

/// The report could not be written.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The file could not be written.
    #[error("cannot write the report `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Section {
    /// A section without parts.
    pub fn new(id: impl Into<String>, title: impl Into<String>, lead: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            lead: lead.into(),
            parts: Vec::new(),
        }
    }

    /// Adds a part.
    pub fn push(&mut self, part: impl Into<Part>) {
        self.parts.push(part.into());
    }
}

impl From<Table> for Part {
    fn from(table: Table) -> Self {
        Self::Table(table)
    }
}

impl From<Picture> for Part {
    fn from(picture: Picture) -> Self {
        Self::Picture(picture)
    }
}

impl Report {
    /// The page.
    ///
    /// ```
    /// use emberline::evaluation::report::{Part, Report, Section};
    ///
    /// let mut section = Section::new("data", "Data", "");
    /// section.push(Part::Text("bars of <A&B>".to_owned()));
    /// let report = Report { title: "A report".to_owned(), sections: vec![section], ..Report::default() };
    /// assert!(report.html().contains("bars of &#60;A&#38;B&#62;"));
    /// ```
    pub fn html(&self) -> String {
        page::html(self)
    }

    /// Writes the page to a file; a reader never sees half of it.
    ///
    /// # Errors
    /// [`ReportError::Io`].
    pub fn write(&self, path: &Path) -> Result<(), ReportError> {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".tmp");
        let temporary = PathBuf::from(temporary);
        fs::write(&temporary, self.html())
            .and_then(|()| fs::rename(&temporary, path))
            .map_err(|source| ReportError::Io {
                path: path.to_owned(),
                source,
            })
    }
}

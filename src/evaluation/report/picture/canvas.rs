//! Writes SVG elements. The only place where texts and coordinates become markup.

use std::fmt::{self, Display, Write as _};

use askama::filters::{Escaper as _, Html};

/// Width of every picture, in its own units (CSS pixels where there is room).
pub(super) const WIDTH: f64 = 760.0;
/// Colours, dashes and shapes before they start anew; the style sheet has as many.
const STYLES: usize = 8;
/// Dashes of the lines, in the order of the styles.
const DASHES: [&str; STYLES] = [
    "",
    "7 3",
    "2 3",
    "10 3 2 3",
    "5 2 1 2 1 2",
    "14 4",
    "1 2",
    "4 4",
];

/// Where a text is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A picture being drawn.
pub(super) struct Canvas {
    id: String,
    height: f64,
    body: String,
}

struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // XML has no place for other control characters, escaped or not.
        for (at, piece) in self.0.split(is_forbidden).enumerate() {
            if at > 0 {
                formatter.write_char('\u{fffd}')?;
            }
            Html.write_escaped_str(&mut *formatter, piece)?;
        }
        Ok(())
    }
}

fn is_forbidden(character: char) -> bool {
    (character.is_control() && !matches!(character, '\t' | '\n' | '\r'))
        || matches!(character, '\u{fffe}' | '\u{ffff}')
}

/// A coordinate, to a tenth.
pub(super) struct At(pub(super) f64);

impl Display for At {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round();
        let value = if tenths == 0.0 { 0.0 } else { tenths / 10.0 };
        write!(formatter, "{value}")
    }
}

impl Canvas {
    pub(super) fn new(id: &str, height: f64) -> Self {
        Self {
            id: id.to_owned(),
            height,
            body: String::new(),
        }
    }

    /// The fragment of something that is defined in this picture.
    pub(super) fn name(&self, what: &str) -> String {
        format!("{}-{what}", self.id)
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let _ = write!(
            self.body,
            "<line class=\"{class}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>",
            At(from.0),
            At(from.1),
            At(to.0),
            At(to.1)
        );
    }

    /// A rectangle, with a text that appears under the pointer.
    pub(super) fn rectangle(
        &mut self,
        class: &str,
        corner: (f64, f64),
        size: (f64, f64),
        says: &str,
    ) {
        self.filled(class, corner, size, None, says);
    }

    /// A rectangle filled with the pattern `pattern`, if there is one.
    pub(super) fn filled(
        &mut self,
        class: &str,
        corner: (f64, f64),
        size: (f64, f64),
        pattern: Option<&str>,
        says: &str,
    ) {
        let _ = write!(
            self.body,
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
            At(corner.0),
            At(corner.1),
            At(size.0.max(0.0)),
            At(size.1.max(0.0))
        );
        if let Some(pattern) = pattern {
            let _ = write!(self.body, " fill=\"url(#{})\"", Escaped(pattern));
        }
        if says.is_empty() {
            self.body.push_str("/>");
        } else {
            let _ = write!(self.body, "><title>{}</title></rect>", Escaped(says));
        }
    }

    /// A path through `points`, closed for an area.
    pub(super) fn path(&mut self, class: &str, dash: &str, points: &[(f64, f64)], closed: bool) {
        if points.is_empty() {
            return;
        }
        let _ = write!(self.body, "<path class=\"{class}\"");
        if !dash.is_empty() {
            let _ = write!(self.body, " stroke-dasharray=\"{dash}\"");
        }
        self.body.push_str(" d=\"");
        for (at, (x, y)) in points.iter().enumerate() {
            let letter = ["M", "L", " "][at.min(2)];
            let _ = write!(self.body, "{letter}{} {}", At(*x), At(*y));
        }
        self.body.push_str(if closed { "Z\"/>" } else { "\"/>" });
    }

    pub(super) fn text(&mut self, class: &str, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let _ = write!(
            self.body,
            "<text class=\"{class}\" x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
            At(x),
            At(y),
            Escaped(text)
        );
    }

    /// The marker of a style, with a text that appears under the pointer.
    pub(super) fn marker(&mut self, style: usize, (x, y): (f64, f64), radius: f64, says: &str) {
        let class = format!("marker f{}", style % STYLES);
        let (wide, tall) = (radius * 1.15, radius * 1.3);
        let shape: &[(f64, f64)] = match style % 6 {
            0 => {
                let _ = write!(
                    self.body,
                    "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{}\"",
                    At(x),
                    At(y),
                    At(radius)
                );
                return self.close("circle", says);
            }
            1 => &[(-0.9, -0.7), (0.9, -0.7), (0.9, 0.7), (-0.9, 0.7)],
            2 => &[(0.0, -1.0), (1.0, 0.7), (-1.0, 0.7)],
            3 => &[(0.0, -1.1), (1.1, 0.0), (0.0, 1.1), (-1.1, 0.0)],
            4 => &[(0.0, 1.0), (1.0, -0.7), (-1.0, -0.7)],
            _ => &[
                (-0.35, -1.0),
                (0.35, -1.0),
                (0.35, -0.3),
                (1.1, -0.3),
                (1.1, 0.3),
                (0.35, 0.3),
                (0.35, 1.0),
                (-0.35, 1.0),
                (-0.35, 0.3),
                (-1.1, 0.3),
                (-1.1, -0.3),
                (-0.35, -0.3),
            ],
        };
        let _ = write!(self.body, "<polygon class=\"{class}\" points=\"");
        for (across, down) in shape {
            let _ = write!(
                self.body,
                "{},{} ",
                At(x + across * wide),
                At(y + down * tall)
            );
        }
        self.body.pop();
        self.body.push('"');
        self.close("polygon", says);
    }

    fn close(&mut self, element: &str, says: &str) {
        if says.is_empty() {
            self.body.push_str("/>");
        } else {
            let _ = write!(self.body, "><title>{}</title></{element}>", Escaped(says));
        }
    }

    /// Markup that was put together elsewhere from constants.
    pub(super) fn markup(&mut self, markup: &str) {
        self.body.push_str(markup);
    }

    /// The element; `title` and `description` are read aloud.
    pub(super) fn finish(self, title: &str, description: &str) -> String {
        let Self { id, height, body } = self;
        let id = Escaped(&id);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\" \
             aria-labelledby=\"{id}-title {id}-description\"><title id=\"{id}-title\">{}</title>\
             <desc id=\"{id}-description\">{}</desc>{body}</svg>",
            At(height),
            Escaped(title),
            Escaped(description)
        )
    }
}

/// The class that colours the line of a style.
pub(super) fn stroke(style: usize) -> String {
    format!("s{}", style % STYLES)
}

/// The class that colours the areas of a style.
pub(super) fn fill(style: usize) -> String {
    format!("f{}", style % STYLES)
}

/// The dashes of a style.
pub(super) fn dash(style: usize) -> &'static str {
    DASHES[style % STYLES]
}

/// About how wide a text of 12 units stands.
pub(super) fn text_width(text: &str) -> f64 {
    text.chars()
        .map(|character| match character {
            'i' | 'l' | 'j' | 't' | 'f' | '.' | ',' | ' ' | '\'' | '|' | '(' | ')' => 3.9,
            'm' | 'w' | 'M' | 'W' | '%' | '@' => 10.2,
            'A'..='Z' => 8.2,
            _ if (character as u32) > 0x2e80 => 12.5,
            _ => 6.9,
        })
        .sum()
}

/// The text, cut with an ellipsis where it is wider than `width`.
pub(super) fn fitted(text: &str, width: f64) -> String {
    if text_width(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        kept.push(character);
        if text_width(&kept) + 9.0 > width {
            kept.pop();
            break;
        }
    }
    format!("{}\u{2026}", kept.trim_end())
}

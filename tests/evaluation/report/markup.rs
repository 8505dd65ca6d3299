//! A reader of markup, strict enough to find what a browser would forgive.

/// An element: name, attributes, where it lies among the others, and the text in it.
#[derive(Clone, Debug)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) ancestors: Vec<usize>,
    pub(super) text: String,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

const VOID: [&str; 3] = ["meta", "link", "br"];

/// All elements in the order of their opening tags.
///
/// # Panics
/// If tags do not balance, an attribute is not quoted or stands twice, or a text holds a bare `<`.
pub(super) fn elements(page: &str) -> Vec<Element> {
    let mut found: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let text = unescaped(&rest[..at]);
        for index in &open {
            found[*index].text.push_str(&text);
        }
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix("!DOCTYPE html>") {
            rest = after;
            continue;
        }
        let (tag, after) = tag(rest);
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            let index = open.pop().unwrap_or_else(|| panic!("</{name}> alone"));
            assert_eq!(found[index].name, name, "closes another element");
            continue;
        }
        let element = element(tag.trim_end_matches('/'), &open);
        let is_closed = tag.ends_with('/') || VOID.contains(&element.name.as_str());
        let is_raw = element.name == "style";
        found.push(element);
        if is_raw {
            rest = &rest[rest.find("</style>").unwrap()..];
        }
        if !is_closed {
            open.push(found.len() - 1);
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    found
}

/// The inside of a tag, and what follows it; a `>` within quotes does not end it.
fn tag(rest: &str) -> (&str, &str) {
    let mut is_quoted = false;
    for (at, character) in rest.char_indices() {
        match character {
            '"' => is_quoted = !is_quoted,
            '>' if !is_quoted => return (&rest[..at], &rest[at + 1..]),
            '<' => panic!("a bare < in or before: {}", &rest[..at.min(80)]),
            _ => {}
        }
    }
    panic!("a tag without end");
}

fn element(tag: &str, open: &[usize]) -> Element {
    let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    assert!(
        name.chars().all(|letter| letter.is_ascii_alphanumeric()),
        "no name of an element: {name}"
    );
    let mut attributes: Vec<(String, String)> = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        let (name, after) = rest.split_once("=\"").expect("an attribute with quotes");
        let (value, after) = after.split_once('"').expect("a closing quote");
        assert!(
            attributes.iter().all(|(known, _)| known != name),
            "{name} stands twice"
        );
        attributes.push((name.to_owned(), unescaped(value)));
        rest = after;
    }
    Element {
        name: name.to_owned(),
        attributes,
        ancestors: open.to_vec(),
        text: String::new(),
    }
}

/// What a browser makes of the references that are used.
fn unescaped(text: &str) -> String {
    for (at, _) in text.match_indices('&') {
        let known = ["&#60;", "&#62;", "&#38;", "&#34;", "&#39;", "&nbsp;"];
        let is_known = known.iter().any(|known| text[at..].starts_with(known));
        assert!(is_known, "a bare & in: {text}");
    }
    text.replace("&nbsp;", "\u{a0}")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
}

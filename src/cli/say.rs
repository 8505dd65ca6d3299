//! Messages on stderr, and whether they may be coloured.

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};

/// Writes one line to stderr. A closed stderr is not an error: messages are not data.
pub(crate) fn line(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Whether stderr is a terminal that wants colours and bars.
pub(crate) fn is_fancy() -> bool {
    std::io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

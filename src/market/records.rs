//! Records of a delimited text.

use std::borrow::Cow;

/// How often a byte occurs.
#[allow(
    clippy::naive_bytecount,
    reason = "a small share of parsing; vectorised by the compiler"
)]
pub(super) fn count(text: &[u8], wanted: u8) -> usize {
    text.iter().filter(|&&byte| byte == wanted).count()
}

/// Start of the record number `row`: line ends inside quotes do not count.
pub(super) fn record_start(text: &[u8], row: usize) -> usize {
    let mut left = row;
    let mut quoted = false;
    for (index, &byte) in text.iter().enumerate() {
        if left == 0 {
            return index;
        }
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => left -= 1,
            _ => {}
        }
    }
    text.len()
}

/// The record number `row`.
pub(super) fn record(text: &[u8], row: usize) -> &[u8] {
    let rest = &text[record_start(text, row)..];
    &rest[..record_start(rest, 1)]
}

/// The fields of one record, without their quotes.
pub(super) fn fields(record: &[u8], separator: u8) -> Vec<Cow<'_, str>> {
    let record = record.strip_suffix(b"\n").unwrap_or(record);
    let record = record.strip_suffix(b"\r").unwrap_or(record);
    let mut quoted = false;
    record
        .split(|&byte| {
            quoted ^= byte == b'"';
            byte == separator && !quoted
        })
        .map(|field| {
            let field = field
                .strip_prefix(b"\"")
                .and_then(|field| field.strip_suffix(b"\""))
                .unwrap_or(field);
            String::from_utf8_lossy(field)
        })
        .collect()
}

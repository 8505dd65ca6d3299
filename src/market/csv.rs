//! CSV tables, also compressed: read in blocks cut at line ends, each parsed by polars.

use std::fs::File;
use std::io::{BufReader, Cursor, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

use polars::io::prelude::{CsvEncoding, CsvReadOptions, CsvReader};
use polars::io::utils::compression::{ByteSourceReader, SupportedCompression};
use polars::prelude as pl;
use polars::prelude::SerReader as _;

use super::batch::{Batch, Origin, named};
use super::columns::Layout;
use super::guard::{decode, decoding};
use super::records::{count, fields};
use super::source::Sink;
use super::{MarketError, times};

/// Bytes of text parsed at a time.
const BLOCK: usize = 4 << 20;

/// Reads `path` block by block into `sink`.
///
/// # Errors
/// [`MarketError`] from the file or from `sink`.
pub(super) fn read(path: &Path, sink: &mut Sink<'_>) -> Result<(), MarketError> {
    let mut source = open(path)?;
    let mut text = Vec::with_capacity(BLOCK);
    let mut ended = fill(path, source.as_mut(), &mut text)?;
    let form = Form::of(path, &text)?;
    let options = form.options();
    let mut line = 1;
    let mut start = 0;
    if form.header {
        start = text
            .iter()
            .position(|&byte| byte == b'\n')
            .map_or(text.len(), |end| end + 1);
        line = 2;
    }
    let mut any = false;
    loop {
        // polars passes over blank lines at the start of a text; lines are counted here.
        while let Some(length) = blank(&text[start..]) {
            start += length;
            line += 1;
        }
        let end = if ended {
            text.len()
        } else {
            start + whole_records(&text[start..])
        };
        let block = &text[start..end];
        if !block.is_empty() {
            let frame = decoding(path, || {
                CsvReader::new(Cursor::new(block))
                    .with_options(options.clone())
                    .finish()
            })?;
            let origin = Origin::Lines {
                text: block,
                first: line,
                separator: form.separator,
            };
            let batch = Batch::new(path, &frame, &form.layout, origin)?;
            any |= batch.len() > 0;
            sink(&batch)?;
            line += count(block, b'\n') as u64;
        }
        if ended {
            break;
        }
        text.drain(..end);
        start = 0;
        ended = fill(path, source.as_mut(), &mut text)?;
    }
    if any {
        Ok(())
    } else {
        Err(MarketError::Empty {
            path: path.to_owned(),
            header: form.header,
        })
    }
}

/// What the first line says about the file.
pub(super) struct Form {
    pub(super) layout: Layout,
    pub(super) separator: u8,
    pub(super) width: usize,
    pub(super) header: bool,
}

impl Form {
    pub(super) fn of(path: &Path, text: &[u8]) -> Result<Self, MarketError> {
        if text.iter().all(u8::is_ascii_whitespace) {
            return Err(MarketError::Empty {
                path: path.to_owned(),
                header: false,
            });
        }
        let first = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let separator = [b',', b';', b'\t']
            .into_iter()
            .find(|separator| first.contains(separator))
            .unwrap_or(b',');
        let names: Vec<String> = fields(first, separator)
            .into_iter()
            .map(std::borrow::Cow::into_owned)
            .collect();
        let number = |name: &String| name.trim().parse::<f64>().is_ok();
        let header = !(names.len() >= 5
            && times::parse(&names[0]).is_some()
            && names[1..names.len().min(6)].iter().all(number));
        let layout = if header {
            Layout::by_name(path, &names)?
        } else {
            let mut layout = Layout::kline();
            layout.volume = layout.volume.filter(|&position| position < names.len());
            layout
        };
        Ok(Self {
            layout,
            separator,
            width: names.len(),
            header,
        })
    }

    fn options(&self) -> CsvReadOptions {
        let layout = &self.layout;
        let schema: pl::Schema = (0..self.width)
            .map(|position| {
                let text = position == layout.time || Some(position) == layout.symbol;
                let kind = if text {
                    pl::DataType::String
                } else {
                    pl::DataType::Float64
                };
                (named(position), kind)
            })
            .collect();
        CsvReadOptions::default()
            .with_has_header(false)
            .with_schema(Some(Arc::new(schema)))
            .with_projection(Some(Arc::new(layout.positions())))
            .with_ignore_errors(true)
            .with_raise_if_empty(false)
            .map_parse_options(|options| {
                options
                    .with_separator(self.separator)
                    .with_encoding(CsvEncoding::LossyUtf8)
                    .with_truncate_ragged_lines(true)
            })
    }
}

/// The bytes of a file, decompressed if it is compressed.
fn open(path: &Path) -> Result<Box<dyn Read>, MarketError> {
    let failed = |source| MarketError::Open {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(failed)?;
    let mut magic = [0; 4];
    let mut length = 0;
    while length < magic.len() {
        match file.read(&mut magic[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
    std::io::Seek::rewind(&mut file).map_err(failed)?;
    let compression = SupportedCompression::check(&magic[..length]);
    let reader = ByteSourceReader::try_new(BufReader::with_capacity(1 << 18, file), compression)
        .map_err(|error| decode(path, &error))?;
    Ok(match reader {
        ByteSourceReader::UncompressedStream(reader) => Box::new(reader),
        ByteSourceReader::Gzip(reader) => Box::new(reader),
        ByteSourceReader::Zlib(reader) => Box::new(reader),
        ByteSourceReader::Zstd(reader) => Box::new(reader),
        ByteSourceReader::UncompressedMemory { slice, .. } => Box::new(Cursor::new(slice.to_vec())),
    })
}

/// Reads until `text` holds a block more; `true` at the end of the file.
fn fill(path: &Path, source: &mut dyn Read, text: &mut Vec<u8>) -> Result<bool, MarketError> {
    let wanted = BLOCK;
    let count = source
        .take(wanted as u64)
        .read_to_end(text)
        .map_err(|error| {
            if matches!(
                error.kind(),
                ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::InvalidInput
            ) {
                MarketError::Decode {
                    path: path.to_owned(),
                    reason: error.to_string(),
                }
            } else {
                MarketError::Open {
                    path: path.to_owned(),
                    source: error,
                }
            }
        })?;
    Ok(count < wanted)
}

/// Length of a blank first line, its end included.
fn blank(text: &[u8]) -> Option<usize> {
    match text {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

/// Length of the records that are whole: up to the last line end outside quotes.
fn whole_records(text: &[u8]) -> usize {
    let last = |text: &[u8]| {
        text.iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |end| end + 1)
    };
    let mut end = last(text);
    let mut quotes = count(&text[..end], b'"');
    while quotes % 2 == 1 && end > 0 {
        let shorter = last(&text[..end - 1]);
        quotes -= count(&text[shorter..end], b'"');
        end = shorter;
    }
    end
}

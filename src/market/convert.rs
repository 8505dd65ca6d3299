//! `data convert`: bars from one format to another, as one long table.

use std::path::Path;

use super::{
    Bars, DataConfig, GapPolicy, MarketError, Stream, TableRows, TableWriter, Values, load,
};

/// Loads bars as they stand (no gap filled), writes them to `out` and returns them.
///
/// Prices and volumes are kept as float32, which is what training uses: about seven digits. Where the
/// data has an `adj close`, the prices written are the adjusted ones unless `config.adjusted` is
/// `Some(false)`.
///
/// # Errors
/// [`MarketError`] of the load or of the file written.
pub fn convert(config: &DataConfig, out: &Path) -> Result<Bars, MarketError> {
    let config = DataConfig {
        gaps: Some(GapPolicy::Ignore),
        ..config.clone()
    };
    let bars = load(&config, None)?;
    write_bars(&bars, out)?;
    Ok(bars)
}

/// Writes bars as one long table: `timestamp`, `symbol`, `open`, `high`, `low`, `close` and, where
/// there is one, `volume`. Flags and segments are not written.
///
/// # Errors
/// [`MarketError::Format`] or [`MarketError::Write`].
pub fn write_bars(bars: &Bars, out: &Path) -> Result<(), MarketError> {
    let mut nowhere = std::io::sink();
    let mut writer = TableWriter::new(Some(out), (&mut nowhere, Stream::Csv))?;
    for piece in pieces(bars) {
        writer.append(&piece)?;
    }
    writer.finish()
}

/// The bars in tables of many rows each: small symbols together, so that a file has few row groups.
fn pieces(bars: &Bars) -> impl Iterator<Item = TableRows> + '_ {
    const ROWS: usize = 1 << 18;
    let mut next = 0;
    std::iter::from_fn(move || {
        let mut rows = empty(bars);
        while next < bars.series.len()
            && (rows.is_empty() || rows.len() + bars.series[next].len() <= ROWS)
        {
            let series = &bars.series[next];
            let index = rows.symbols.len() as u32;
            rows.symbols.push(series.symbol.clone());
            rows.symbol.resize(rows.symbol.len() + series.len(), index);
            rows.timestamp.extend_from_slice(&series.time);
            let columns = [
                &series.open,
                &series.high,
                &series.low,
                &series.close,
                &series.volume,
            ];
            for ((_, values), column) in rows.columns.iter_mut().zip(columns) {
                if let Values::F32(values) = values {
                    values.extend_from_slice(column);
                }
            }
            next += 1;
        }
        (!rows.is_empty()).then_some(rows)
    })
}

fn empty(bars: &Bars) -> TableRows {
    let names = ["open", "high", "low", "close", "volume"];
    let names = &names[..if bars.has_volume { 5 } else { 4 }];
    TableRows {
        columns: names
            .iter()
            .map(|name| ((*name).to_owned(), Values::F32(Vec::new())))
            .collect(),
        date_labels: bars.date_labels,
        ..TableRows::default()
    }
}

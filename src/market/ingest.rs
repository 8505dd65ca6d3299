//! Rows to series: every row checked in float64, then narrowed to float32.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::bar::Bar;
use super::batch::{Batch, is_price};
use super::rules::{OnFault, Rules};
use super::source::TableFile;
use super::tally::{Place, Tally};
use super::times::{DAY, Moment, ZoneClock};
use super::{Fault, MarketError, Series, Stamp};

/// Open or close this far outside [low, high] is refused; less is only warned of.
pub(super) const OUTSIDE: f64 = 1e-3 - 1e-12;

/// What the files held.
#[allow(
    clippy::struct_excessive_bools,
    reason = "facts about the files, each on its own"
)]
pub(super) struct Raw {
    pub(super) series: Vec<Series>,
    /// Every symbol that was met, kept or not.
    pub(super) met: Vec<String>,
    pub(super) has_volume: bool,
    pub(super) some_volume: bool,
    pub(super) adjusted: bool,
    /// Whether every time was a date.
    pub(super) labels: bool,
    /// Whether every time was a midnight on a wall clock, or a date.
    pub(super) midnights: bool,
    pub(super) absent: u64,
    pub(super) faults: BTreeMap<Fault, Tally>,
    pub(super) slightly_outside: Tally,
    /// Why files could not be read, where that is only reported.
    pub(super) broken: Vec<MarketError>,
}

struct Builder {
    series: Series,
    kept: bool,
    unsorted: bool,
}

/// Reads every file.
///
/// # Errors
/// [`MarketError`] of the first file or row that is refused.
pub(super) fn ingest(files: &[TableFile], rules: &Rules) -> Result<Raw, MarketError> {
    let mut state = Ingest {
        rules,
        clock: ZoneClock::new(rules.zone),
        builders: Vec::new(),
        index: HashMap::new(),
        counts: HashMap::new(),
        num_labels: 0,
        num_midnights: 0,
        num_times: 0,
        adjusted: None,
        absent: 0,
        faults: BTreeMap::new(),
        slightly_outside: Tally::default(),
    };
    let mut broken = Vec::new();
    for file in files {
        if let Err(error) = state.file(file) {
            if rules.on_fault != OnFault::Report {
                return Err(error);
            }
            broken.push(error);
        }
    }
    if broken.len() == files.len() {
        return Err(broken.swap_remove(0));
    }
    let mut raw = state.finish();
    raw.broken = broken;
    Ok(raw)
}

struct Ingest<'r> {
    rules: &'r Rules,
    clock: ZoneClock,
    builders: Vec<Builder>,
    index: HashMap<String, usize>,
    counts: HashMap<String, usize>,
    num_labels: u64,
    num_midnights: u64,
    num_times: u64,
    adjusted: Option<bool>,
    absent: u64,
    faults: BTreeMap<Fault, Tally>,
    slightly_outside: Tally,
}

impl Ingest<'_> {
    fn file(&mut self, file: &TableFile) -> Result<(), MarketError> {
        self.counts = file.count()?.unwrap_or_default();
        let mut first_kind = None;
        file.read(&mut |batch| self.take(file, batch, &mut first_kind))
    }

    fn take(
        &mut self,
        file: &TableFile,
        batch: &Batch<'_>,
        first_kind: &mut Option<bool>,
    ) -> Result<(), MarketError> {
        let path = file.path.as_path();
        let adjust = self.adjust(path, batch)?;
        let mut last: Option<usize> = None;
        for row in 0..batch.len() {
            let symbol = if batch.has_symbols() {
                batch.symbol(row)
            } else {
                Some(file.stem.as_str())
            };
            let Some(symbol) = symbol else {
                if batch.is_absent(row) {
                    self.absent += 1;
                } else {
                    self.fault(Fault::Symbol, path, batch, row, "")?;
                }
                continue;
            };
            let place = match last {
                Some(place) if self.builders[place].series.symbol == symbol => place,
                _ => self.place(symbol, batch.volume.is_some()),
            };
            last = Some(place);
            if self.builders[place].kept {
                self.row(path, batch, row, place, adjust, first_kind)?;
            }
        }
        Ok(())
    }

    /// Whether prices are multiplied by `adj close / close`: the same for every file.
    fn adjust(&mut self, path: &Path, batch: &Batch<'_>) -> Result<bool, MarketError> {
        let has = batch.adjusted_close.is_some();
        let missing = || MarketError::MissingColumn {
            path: path.to_owned(),
            column: "adj close".to_owned(),
            found: vec!["the columns that other files have".to_owned()],
        };
        let adjust = match self.rules.adjusted {
            Some(wanted) => wanted,
            None => *self.adjusted.get_or_insert(has),
        };
        if adjust && !has {
            return Err(missing());
        }
        self.adjusted = Some(adjust);
        Ok(adjust)
    }

    fn place(&mut self, symbol: &str, has_volume: bool) -> usize {
        if let Some(&place) = self.index.get(symbol) {
            return place;
        }
        let kept = self.rules.symbols.is_empty()
            || self
                .rules
                .symbols
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(symbol));
        let mut series = Series {
            symbol: symbol.to_owned(),
            ..Series::default()
        };
        if let (true, Some(&rows)) = (kept, self.counts.get(symbol)) {
            series.time.reserve_exact(rows);
            for column in [
                &mut series.open,
                &mut series.high,
                &mut series.low,
                &mut series.close,
            ] {
                column.reserve_exact(rows);
            }
            if has_volume {
                series.volume.reserve_exact(rows);
            }
        }
        self.builders.push(Builder {
            series,
            kept,
            unsorted: false,
        });
        self.index
            .insert(symbol.to_owned(), self.builders.len() - 1);
        self.builders.len() - 1
    }

    /// One row of a symbol that is kept.
    fn row(
        &mut self,
        path: &Path,
        batch: &Batch<'_>,
        row: usize,
        place: usize,
        adjust: bool,
        first_kind: &mut Option<bool>,
    ) -> Result<(), MarketError> {
        let mut bar = Bar {
            open: batch.open.values()[row],
            high: batch.high.values()[row],
            low: batch.low.values()[row],
            close: batch.close.values()[row],
        };
        if bar.open.is_nan() && bar.close.is_nan() && batch.is_absent(row) {
            self.absent += 1;
            return Ok(());
        }
        let before = self.builders[place].series.time.last().copied();
        let Some((time, label)) = self.time(batch, row, before, first_kind) else {
            return self.fault_at(Fault::Time, path, batch, row, place);
        };
        if self.rules.stamp == Stamp::Open && !self.rules.span.holds(time, label) {
            return Ok(());
        }
        if before == Some(time) {
            return self.fault_at(Fault::DuplicateTime, path, batch, row, place);
        }
        let factor = match &batch.adjusted_close {
            Some(adjusted) if adjust => adjusted.values()[row] / bar.close,
            _ => 1.0,
        };
        if !bar.is_priced() || !is_price(factor) {
            return self.fault_at(Fault::Price, path, batch, row, place);
        }
        if bar.high < bar.low {
            return self.fault_at(Fault::HighBelowLow, path, batch, row, place);
        }
        let outside = bar.outside();
        if outside >= OUTSIDE {
            self.fault_at(Fault::OutsideRange, path, batch, row, place)?;
            bar.widen();
        } else if outside > 0.0 {
            let symbol = &self.builders[place].series.symbol;
            self.slightly_outside
                .add(|| place_of(path, batch, row, symbol, Fault::OutsideRange));
        }
        let bar = bar.scaled(factor);
        if !bar.is_priced() {
            return self.fault_at(Fault::Price, path, batch, row, place);
        }
        let mut volume = 0.0;
        if let Some(numbers) = &batch.volume {
            volume = numbers.values()[row] as f32;
            if !(volume >= 0.0 && volume.is_finite()) {
                self.fault_at(Fault::Volume, path, batch, row, place)?;
                volume = 0.0;
            }
        }
        if before.is_some_and(|before| time < before) {
            self.fault_at(Fault::FallingTime, path, batch, row, place)?;
            self.builders[place].unsorted = true;
        }
        self.num_times += 1;
        self.num_labels += u64::from(label);
        let series = &mut self.builders[place].series;
        push(&mut series.time, time);
        push(&mut series.open, bar.open as f32);
        push(&mut series.high, bar.high as f32);
        push(&mut series.low, bar.low as f32);
        push(&mut series.close, bar.close as f32);
        if batch.volume.is_some() {
            push(&mut series.volume, volume);
        }
        Ok(())
    }

    /// The row's time in UTC, and whether it is a date without a time.
    fn time(
        &mut self,
        batch: &Batch<'_>,
        row: usize,
        before: Option<i64>,
        first_kind: &mut Option<bool>,
    ) -> Option<(i64, bool)> {
        match batch.moment(row)? {
            Moment::Instant(time) => {
                first_kind.get_or_insert(false);
                Some((time, false))
            }
            Moment::Wall(wall) => {
                first_kind.get_or_insert(false);
                self.num_midnights += u64::from(wall.rem_euclid(DAY) == 0);
                Some((self.clock.instant(wall, before)?, false))
            }
            // Spreadsheets write midnight without its clock.
            Moment::Label(date) if *first_kind == Some(false) => {
                Some((self.clock.instant(date, before)?, false))
            }
            Moment::Label(date) => {
                *first_kind = Some(true);
                Some((date, true))
            }
        }
    }

    fn fault_at(
        &mut self,
        fault: Fault,
        path: &Path,
        batch: &Batch<'_>,
        row: usize,
        place: usize,
    ) -> Result<(), MarketError> {
        let symbol = self.builders[place].series.symbol.clone();
        self.fault(fault, path, batch, row, &symbol)
    }

    fn fault(
        &mut self,
        fault: Fault,
        path: &Path,
        batch: &Batch<'_>,
        row: usize,
        symbol: &str,
    ) -> Result<(), MarketError> {
        if self.rules.on_fault == OnFault::Refuse {
            let Place {
                path,
                row,
                symbol,
                value,
            } = place_of(path, batch, row, symbol, fault);
            return Err(MarketError::Row {
                path,
                row,
                symbol,
                value,
                fault,
            });
        }
        self.faults
            .entry(fault)
            .or_default()
            .add(|| place_of(path, batch, row, symbol, fault));
        Ok(())
    }

    fn finish(mut self) -> Raw {
        let met = self
            .builders
            .iter()
            .map(|builder| builder.series.symbol.clone())
            .collect();
        self.builders
            .retain(|builder| builder.kept && !builder.series.is_empty());
        let with_volume = |builder: &Builder| builder.series.volume.len() == builder.series.len();
        let has_volume = self.builders.iter().all(with_volume);
        let some_volume = self.builders.iter().any(with_volume);
        let mut series = Vec::with_capacity(self.builders.len());
        for mut builder in self.builders {
            if !has_volume {
                builder.series.volume = Vec::new();
            }
            if builder.unsorted {
                let dropped = sort(&mut builder.series);
                self.faults.entry(Fault::DuplicateTime).or_default().count += dropped;
            }
            series.push(builder.series);
        }
        self.faults.retain(|_, tally| tally.count > 0);
        series.sort_by(|a, b| a.symbol.cmp(&b.symbol));
        Raw {
            series,
            met,
            has_volume,
            some_volume,
            adjusted: self.adjusted.unwrap_or(false),
            labels: self.num_labels == self.num_times,
            midnights: self.num_labels + self.num_midnights >= self.num_times,
            absent: self.absent,
            faults: self.faults,
            slightly_outside: self.slightly_outside,
            broken: Vec::new(),
        }
    }
}

fn place_of(path: &Path, batch: &Batch<'_>, row: usize, symbol: &str, fault: Fault) -> Place {
    Place {
        path: path.to_owned(),
        row: batch.line(row),
        symbol: symbol.to_owned(),
        value: batch.value(row, fault),
    }
}

/// Pushes with little slack: the columns are most of the memory that a load takes.
fn push<T>(column: &mut Vec<T>, value: T) {
    if column.len() == column.capacity() {
        column.reserve_exact((column.len() / 8).max(512));
    }
    column.push(value);
}

/// Sorts by time, keeps the first of equal times and says how many were dropped.
fn sort(series: &mut Series) -> u64 {
    let mut order: Vec<usize> = (0..series.len()).collect();
    order.sort_by_key(|&row| series.time[row]);
    let before = order.len();
    order.dedup_by_key(|row| series.time[*row]);
    let dropped = before - order.len();
    *series = series.select(&order);
    dropped as u64
}

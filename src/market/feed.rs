//! Bars line by line, as a stream gives them: CSV lines under a header, or JSON lines.
//!
//! Columns, times, rules and their messages are those of files. What takes a whole table to be
//! recognised is said by the caller: how long a bar is, and the calendar. Times are opens.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use chrono_tz::Tz;

use super::bar::Bar;
use super::columns::Layout;
use super::csv::Form;
use super::ingest::OUTSIDE;
use super::records::fields;
use super::times::{self, DAY, Moment, ZoneClock};
use super::{Calendar, DataConfig, Fault, MarketError, Session, settings};

/// A bar as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedBar {
    /// Its symbol; `stdin` where the stream has no such column.
    pub symbol: String,
    /// Its open, nanoseconds since the epoch, UTC; a date without a time is that date at 00:00 UTC.
    pub time: i64,
    /// First price.
    pub open: f32,
    /// Highest price.
    pub high: f32,
    /// Lowest price.
    pub low: f32,
    /// Last price.
    pub close: f32,
    /// Volume; 0 where the stream has none.
    pub volume: f32,
}

/// What the stream's first line said.
enum Shape {
    Csv(Form),
    /// Every line names its own columns; whether the first had a volume.
    Json {
        has_volume: bool,
    },
}

/// Reads the lines of a stream.
///
/// ```
/// use emberline::market::{DataConfig, Feed};
/// let mut feed = Feed::new(&DataConfig::default(), 3_600_000_000_000)?;
/// assert_eq!(feed.take(b"time,open,high,low,close")?, None);
/// let bar = feed.take(b"2024-01-05T10:00:00Z,1,2,0.5,1.5")?.expect("a bar");
/// assert_eq!((bar.high, bar.volume), (2.0, 0.0));
/// # Ok::<(), emberline::market::MarketError>(())
/// ```
pub struct Feed {
    path: PathBuf,
    line: u64,
    shape: Option<Shape>,
    interval_ns: i64,
    clock: ZoneClock,
    adjusted: Option<bool>,
    symbols: Vec<String>,
    calendar: Calendar,
    session: Session,
    /// Whether the first time was a date without a time.
    labels: Option<bool>,
    /// The last time of every symbol.
    last: HashMap<String, i64>,
}

impl Feed {
    /// A stream of bars of `interval_ns`; of the configuration, `timezone`, `session_open`,
    /// `calendar` (`auto` is `daily` for bars of a day and more, else `24x7`), `adjusted` and
    /// `symbols` count.
    ///
    /// # Errors
    /// [`MarketError::Setting`], or a file of symbols that cannot be read.
    ///
    /// # Panics
    /// If `interval_ns` is not above 0.
    pub fn new(config: &DataConfig, interval_ns: i64) -> Result<Self, MarketError> {
        assert!(interval_ns > 0, "interval of {interval_ns} ns");
        let zone: Tz = settings::zone(&config.timezone, "timezone")?;
        let (session_zone, open_s) = settings::session(config, zone)?;
        let recognised = if interval_ns >= DAY {
            Calendar::Daily
        } else {
            Calendar::Always
        };
        Ok(Self {
            path: PathBuf::from("standard input"),
            line: 0,
            shape: None,
            interval_ns,
            clock: ZoneClock::new(zone),
            adjusted: config.adjusted,
            symbols: settings::symbols(&config.symbols)?,
            calendar: config.calendar.named().unwrap_or(recognised),
            session: Session {
                open_s: open_s.unwrap_or(0),
                zone: session_zone,
            },
            labels: None,
            last: HashMap::new(),
        })
    }

    /// When the market is open.
    pub fn calendar(&self) -> Calendar {
        self.calendar
    }

    /// When a session opens.
    pub fn session(&self) -> Session {
        self.session
    }

    /// Whether bars have volumes; so it is assumed before the first line.
    pub fn has_volume(&self) -> bool {
        match &self.shape {
            None => true,
            Some(Shape::Csv(form)) => form.layout.volume.is_some(),
            Some(Shape::Json { has_volume }) => *has_volume,
        }
    }

    /// Whether the first time was a date; false before it.
    pub fn date_labels(&self) -> bool {
        self.labels.unwrap_or(false)
    }

    /// Takes the next line; `None` for the header, blank lines, rows without any price and symbols
    /// that are not asked for.
    ///
    /// # Errors
    /// [`MarketError`] that names the line, the symbol and the value.
    pub fn take(&mut self, line: &[u8]) -> Result<Option<FeedBar>, MarketError> {
        self.line += 1;
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        let is_object = line.trim_ascii_start().first() == Some(&b'{');
        let header = match &self.shape {
            None if is_object => false,
            None => {
                let form = Form::of(&self.path, line)?;
                let header = form.header;
                self.shape = Some(Shape::Csv(form));
                header
            }
            Some(_) => false,
        };
        if header {
            return Ok(None);
        }
        let row = match &self.shape {
            Some(Shape::Csv(form)) => self.csv_row(form, line)?,
            _ => self.json_row(line)?,
        };
        if self.shape.is_none() {
            self.shape = Some(Shape::Json {
                has_volume: row.layout.volume.is_some(),
            });
        }
        self.bar(&row)
    }

    fn csv_row(&self, form: &Form, line: &[u8]) -> Result<Row, MarketError> {
        let cells: Vec<String> = fields(line, form.separator)
            .iter()
            .map(|cell| cell.trim().to_owned())
            .collect();
        if cells.len() != form.width {
            return Err(MarketError::Fields {
                path: self.path.clone(),
                row: self.line,
                value: cells.len(),
                expected: form.width,
            });
        }
        Ok(Row {
            layout: form.layout.clone(),
            cells,
        })
    }

    fn json_row(&self, line: &[u8]) -> Result<Row, MarketError> {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(line)
            .map_err(|error| MarketError::Decode {
                path: self.path.clone(),
                reason: format!("line {} is no JSON object: {error}", self.line),
            })?;
        let names: Vec<String> = object.keys().cloned().collect();
        let mut layout = Layout::by_name(&self.path, &names)?;
        // What a stream began without it does not get.
        if matches!(self.shape, Some(Shape::Json { has_volume: false })) {
            layout.volume = None;
        }
        let cells = object.values().map(|value| match value {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => text.trim().to_owned(),
            other => other.to_string(),
        });
        Ok(Row {
            cells: cells.collect(),
            layout,
        })
    }

    fn bar(&mut self, row: &Row) -> Result<Option<FeedBar>, MarketError> {
        let layout = &row.layout;
        let prices = row.prices();
        let symbol = match layout.symbol.map(|place| row.cells[place].as_str()) {
            None => "stdin",
            Some("") if row.is_absent() => return Ok(None),
            Some("") => return Err(self.fault(Fault::Symbol, row, "")),
            Some(symbol) => symbol,
        };
        let asked = |name: &String| name.eq_ignore_ascii_case(symbol);
        if row.is_absent() || !(self.symbols.is_empty() || self.symbols.iter().any(asked)) {
            return Ok(None);
        }
        let before = self.last.get(symbol).copied();
        let Some(time) = self.time(&row.cells[layout.time], before) else {
            return Err(self.fault(Fault::Time, row, symbol));
        };
        let bar = Bar {
            open: prices[0],
            high: prices[1],
            low: prices[2],
            close: prices[3],
        };
        let factor = match (layout.adjusted_close, self.adjusted) {
            (Some(place), None | Some(true)) => number(&row.cells[place]) / bar.close,
            (None, Some(true)) => {
                return Err(MarketError::MissingColumn {
                    path: self.path.clone(),
                    column: "adj close".to_owned(),
                    found: vec!["the stream's columns".to_owned()],
                });
            }
            _ => 1.0,
        };
        let volume = match (layout.volume, &self.shape) {
            (Some(place), _) => number(&row.cells[place]) as f32,
            // The stream began with volumes.
            (None, Some(Shape::Json { has_volume: true })) => f32::NAN,
            (None, _) => 0.0,
        };
        let scaled = bar.scaled(factor);
        let fault = if before == Some(time) {
            Some(Fault::DuplicateTime)
        } else if before.is_some_and(|before| time < before) {
            Some(Fault::FallingTime)
        } else if !bar.is_priced() || !scaled.is_priced() {
            Some(Fault::Price)
        } else if bar.high < bar.low {
            Some(Fault::HighBelowLow)
        } else if bar.outside() >= OUTSIDE {
            Some(Fault::OutsideRange)
        } else if !(volume >= 0.0 && volume.is_finite()) {
            Some(Fault::Volume)
        } else {
            None
        };
        if let Some(fault) = fault {
            return Err(self.fault(fault, row, symbol));
        }
        self.last.insert(symbol.to_owned(), time);
        Ok(Some(FeedBar {
            symbol: symbol.to_owned(),
            time,
            open: scaled.open as f32,
            high: scaled.high as f32,
            low: scaled.low as f32,
            close: scaled.close as f32,
            volume,
        }))
    }

    /// The time in UTC.
    fn time(&mut self, text: &str, before: Option<i64>) -> Option<i64> {
        let daily = self.interval_ns >= DAY;
        let (time, label) = match times::parse(text)? {
            Moment::Instant(time) => (time, false),
            // Daily bars of a file that writes midnights are dates too.
            Moment::Wall(wall) if daily && wall.rem_euclid(DAY) == 0 => (wall, true),
            Moment::Wall(wall) => (self.clock.instant(wall, before)?, false),
            Moment::Label(date) if self.labels == Some(false) => {
                (self.clock.instant(date, before)?, false)
            }
            Moment::Label(date) => (date, true),
        };
        self.labels.get_or_insert(label);
        Some(time)
    }

    fn fault(&self, fault: Fault, row: &Row, symbol: &str) -> MarketError {
        MarketError::Row {
            path: Path::to_owned(&self.path),
            row: self.line,
            symbol: symbol.to_owned(),
            value: row.value(fault),
            fault,
        }
    }
}

/// The cells of one line.
struct Row {
    layout: Layout,
    cells: Vec<String>,
}

/// NaN where it is none.
fn number(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

impl Row {
    fn places(&self) -> [(&'static str, usize); 4] {
        [
            ("open", self.layout.open),
            ("high", self.layout.high),
            ("low", self.layout.low),
            ("close", self.layout.close),
        ]
    }

    fn prices(&self) -> [f64; 4] {
        self.places().map(|(_, place)| number(&self.cells[place]))
    }

    /// Whether all four prices are absent: a day without a bar.
    fn is_absent(&self) -> bool {
        self.places().iter().all(|(_, place)| {
            matches!(
                self.cells[*place].as_str(),
                "" | "null" | "NULL" | "None" | "NA" | "N/A"
            )
        })
    }

    /// What the offending cells hold.
    fn value(&self, fault: Fault) -> String {
        let cell = |(name, place): (&str, usize)| match self.cells[place].as_str() {
            "" => format!("{name} is empty"),
            text => format!("{name} {text}"),
        };
        let all = || self.places().map(cell).join(", ");
        match fault {
            Fault::Price => {
                let is_wrong = |(_, place): &(&str, usize)| {
                    !super::batch::is_price(number(&self.cells[*place]))
                };
                let adjusted = self.layout.adjusted_close.map(|place| ("adj close", place));
                let wrong = self.places().into_iter().chain(adjusted).find(is_wrong);
                wrong.map_or_else(all, cell)
            }
            Fault::Volume => match self.layout.volume {
                Some(place) => cell(("volume", place)),
                None => "volume is empty".to_owned(),
            },
            Fault::HighBelowLow | Fault::OutsideRange => all(),
            _ => self.cells[self.layout.time].clone(),
        }
    }
}

//! The settings of a load, as text and as what it means.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use chrono_tz::Tz;

use super::rules::Span;
use super::times::{self, DAY, Moment, SECOND, ZoneClock};
use super::{DataConfig, MarketError};

pub(super) fn zone(name: &str, key: &'static str) -> Result<Tz, MarketError> {
    Tz::from_str(name).map_err(|_| MarketError::Setting {
        key,
        value: name.to_owned(),
        rule: "not an IANA zone such as UTC or America/New_York".to_owned(),
    })
}

/// The session's zone, and its open if that is given.
pub(super) fn session(config: &DataConfig, default: Tz) -> Result<(Tz, Option<u32>), MarketError> {
    let Some(text) = config.session_open.as_deref() else {
        return Ok((default, None));
    };
    let (clock, name) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let wrong = || MarketError::Setting {
        key: "session_open",
        value: text.to_owned(),
        rule: "not HH:MM[:SS], optionally followed by a zone".to_owned(),
    };
    let parts: Vec<u32> = clock
        .split(':')
        .map(|part| part.parse().map_err(|_| wrong()))
        .collect::<Result<_, _>>()?;
    let seconds = match parts[..] {
        [hour, minute] if hour < 24 && minute < 60 => hour * 3600 + minute * 60,
        [hour, minute, second] if hour < 24 && minute < 60 && second < 60 => {
            hour * 3600 + minute * 60 + second
        }
        _ => return Err(wrong()),
    };
    let zone = if name.is_empty() {
        default
    } else {
        zone(name.trim(), "session_open")?
    };
    Ok((zone, Some(seconds)))
}

pub(super) fn span(config: &DataConfig, zone: Tz) -> Result<Span, MarketError> {
    let mut clock = ZoneClock::new(zone);
    let mut bound = |key: &'static str, text: &Option<String>, last: bool| {
        let Some(text) = text else {
            return Ok(None);
        };
        let wrong = || MarketError::Setting {
            key,
            value: text.clone(),
            rule: "not a date or time such as 2018-01-20 or 2018-01-20T12:00Z".to_owned(),
        };
        // A moment that clocks skip is as good as the hour after it.
        let mut instant = |wall: i64| {
            clock
                .instant(wall, None)
                .or_else(|| clock.instant(wall + 3_600 * SECOND, None))
                .ok_or_else(wrong)
        };
        Ok(Some(match times::parse(text).ok_or_else(wrong)? {
            Moment::Instant(time) => (time, time),
            Moment::Wall(wall) => (instant(wall)?, wall),
            Moment::Label(date) if last => (instant(date + DAY)? - 1, date),
            Moment::Label(date) => (instant(date)?, date),
        }))
    };
    let from = bound("from", &config.from, false)?.unwrap_or(Span::ALL.from);
    let to = bound("to", &config.to, true)?.unwrap_or(Span::ALL.to);
    if from.0 > to.0 {
        return Err(MarketError::Setting {
            key: "from",
            value: config.from.clone().unwrap_or_default(),
            rule: format!(
                "later than `to` = `{}`",
                config.to.clone().unwrap_or_default()
            ),
        });
    }
    Ok(Span { from, to })
}

/// The symbols that are asked for: names, and files that list them.
pub(super) fn symbols(asked: &[String]) -> Result<Vec<String>, MarketError> {
    let mut symbols = Vec::new();
    for one in asked {
        let path = PathBuf::from(one);
        if !path.is_file() {
            symbols.push(one.trim().to_owned());
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|source| MarketError::Open {
            path: path.clone(),
            source,
        })?;
        let names = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or(""))
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned);
        symbols.extend(names);
        if symbols.is_empty() {
            return Err(MarketError::Empty {
                path,
                header: false,
            });
        }
    }
    Ok(symbols)
}

/// Every symbol that was asked for was met.
pub(super) fn known(path: &Path, asked: &[String], met: &[String]) -> Result<(), MarketError> {
    for symbol in asked {
        if met.iter().any(|name| name.eq_ignore_ascii_case(symbol)) {
            continue;
        }
        let likeness =
            |name: &str| strsim::jaro_winkler(&name.to_lowercase(), &symbol.to_lowercase());
        let nearest = met
            .iter()
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
            .filter(|name| likeness(name) > 0.7)
            .cloned();
        return Err(MarketError::UnknownSymbol {
            path: path.to_owned(),
            symbol: symbol.clone(),
            nearest,
        });
    }
    Ok(())
}

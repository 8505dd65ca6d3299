//! Two instants on the calendar cut all symbols alike into training, validation and test.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};

use super::MarketError;

/// How windows are split by the open of their last bar: the section `[splits]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitConfig {
    /// Share of the legal windows that train.
    pub train: f64,
    /// Share that validates.
    pub validation: f64,
    /// Share that tests; the three add up to 1.
    pub test: f64,
    /// Last date (the whole day, UTC) or time of a training window's last bar; overrides `train`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_end: Option<String>,
    /// Last date (the whole day, UTC) or time of a validation window's last bar; overrides
    /// `validation`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_end: Option<String>,
    /// First date (from its start, UTC) or time of a training window's last bar; before it, bars are
    /// history and nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_start: Option<String>,
    /// Last date (the whole day, UTC) or time of a test window's last bar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_end: Option<String>,
    /// Windows after the test span train as well, `embargo` bars behind it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub train_after_test: bool,
    /// Bars of each symbol left out behind the test span where training goes on after it. 0: as many as
    /// a window and its longest target take, which is also the least.
    #[serde(skip_serializing_if = "is_zero")]
    pub embargo: usize,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde calls"
)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Default for SplitConfig {
    fn default() -> Self {
        Self {
            train: 0.70,
            validation: 0.15,
            test: 0.15,
            train_end: None,
            validation_end: None,
            train_start: None,
            test_end: None,
            train_after_test: false,
            embargo: 0,
        }
    }
}

/// Where the splits begin and end, nanoseconds since the epoch: training windows have last bars that
/// open before the first cut, validation windows before the second, test windows after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cuts {
    /// First instant that is training; `i64::MIN` without a bound.
    pub train_start_ns: i64,
    /// First instant that is no longer training.
    pub train_end_ns: i64,
    /// First instant that is no longer validation.
    pub validation_end_ns: i64,
    /// First instant that is no longer test; `i64::MAX` without a bound.
    pub test_end_ns: i64,
}

impl Cuts {
    /// Two cuts without bounds before the first and behind the last.
    pub fn new(train_end_ns: i64, validation_end_ns: i64) -> Self {
        Self {
            train_start_ns: i64::MIN,
            train_end_ns,
            validation_end_ns,
            test_end_ns: i64::MAX,
        }
    }
}

/// The cuts that meet the shares of `last_bar_times` (the opens of all legal windows' last bars, in
/// any order; reordered here), or that stand at the given dates.
///
/// Windows with the same last bar are never torn apart, so shares are met to within half of them.
/// With one date only, the other cut divides what remains as the two other shares have it.
///
/// ```
/// use emberline::market::split::{SplitConfig, cuts};
/// let cuts = cuts(&mut (0..100).collect(), &SplitConfig::default())?;
/// assert_eq!((cuts.train_end_ns, cuts.validation_end_ns), (70, 85));
/// # Ok::<(), emberline::market::MarketError>(())
/// ```
/// # Errors
/// [`MarketError::Setting`] if shares are no shares, a date cannot be read, the dates are in the
/// wrong order, or nothing would be left to train on.
pub fn cuts(last_bar_times: &mut Vec<i64>, config: &SplitConfig) -> Result<Cuts, MarketError> {
    config.check()?;
    let train_start_ns = start("splits.train_start", config.train_start.as_deref())?;
    let test_end_ns = date("splits.test_end", config.test_end.as_deref())?.unwrap_or(i64::MAX);
    last_bar_times.retain(|&time| time >= train_start_ns && time < test_end_ns);
    let times = last_bar_times.as_mut_slice();
    if let (true, Some(date)) = (times.is_empty(), &config.test_end) {
        return Err(refusal("splits.test_end", date, "no window ends by then"));
    }
    if let (true, Some(date)) = (times.is_empty(), &config.train_start) {
        return Err(refusal(
            "splits.train_start",
            date,
            "no window ends from then on",
        ));
    }
    if times.is_empty() {
        return Err(refusal(
            "splits.train",
            &config.train,
            "there is no window to split",
        ));
    }
    let all = times.len() as f64;
    let train_end = date("splits.train_end", config.train_end.as_deref())?;
    let validation_end = date("splits.validation_end", config.validation_end.as_deref())?;
    let before = |times: &[i64], cut: i64| times.iter().filter(|&&time| time < cut).count() as f64;
    let (train_end_ns, validation_end_ns) = match (train_end, validation_end) {
        (None, None) => (
            cut_at(times, config.train * all),
            cut_at(times, (config.train + config.validation) * all),
        ),
        (Some(train_end), None) => {
            let trained = before(times, train_end);
            let rest = share(config.validation, config.test) * (all - trained);
            (train_end, cut_at(times, trained + rest).max(train_end))
        }
        (None, Some(validation_end)) => {
            let seen = before(times, validation_end);
            let trained = share(config.train, config.validation) * seen;
            (cut_at(times, trained).min(validation_end), validation_end)
        }
        (Some(train_end), Some(validation_end)) => (train_end, validation_end),
    };
    if validation_end_ns < train_end_ns {
        return Err(refusal(
            "splits.validation_end",
            &config.validation_end.as_deref().unwrap_or_default(),
            "must not be before splits.train_end",
        ));
    }
    if before(times, train_end_ns) == 0.0 {
        return Err(match &config.train_end {
            Some(date) => refusal("splits.train_end", date, "no window ends by then"),
            None => refusal(
                "splits.train",
                &config.train,
                "leaves no window to train on",
            ),
        });
    }
    if test_end_ns < validation_end_ns && config.validation_end.is_some() {
        return Err(refusal(
            "splits.test_end",
            &config.test_end.as_deref().unwrap_or_default(),
            "must not be before splits.validation_end",
        ));
    }
    Ok(Cuts {
        train_start_ns,
        train_end_ns,
        validation_end_ns,
        test_end_ns,
    })
}

impl SplitConfig {
    /// Whether shares are shares and dates are dates, without any data.
    ///
    /// # Errors
    /// [`MarketError::Setting`] with the key and the value.
    pub fn check(&self) -> Result<(), MarketError> {
        let shares = [
            ("splits.train", self.train),
            ("splits.validation", self.validation),
            ("splits.test", self.test),
        ];
        for (key, share) in shares {
            if !(0.0..=1.0).contains(&share) {
                return Err(refusal(key, &share, "a share is from 0 to 1"));
            }
        }
        let sum: f64 = shares.iter().map(|(_, share)| share).sum();
        if (sum - 1.0).abs() > 1e-6 {
            return Err(refusal(
                "splits.train + splits.validation + splits.test",
                &sum,
                "the three shares must add up to 1",
            ));
        }
        if self.train == 0.0 && self.train_end.is_none() {
            return Err(refusal(
                "splits.train",
                &self.train,
                "leaves no window to train on",
            ));
        }
        for (key, text) in [
            ("splits.train_end", &self.train_end),
            ("splits.validation_end", &self.validation_end),
            ("splits.test_end", &self.test_end),
        ] {
            date(key, text.as_deref())?;
        }
        start("splits.train_start", self.train_start.as_deref())?;
        if self.train_after_test && self.test_end.is_none() {
            return Err(refusal(
                "splits.train_after_test",
                &self.train_after_test,
                "needs splits.test_end: without it nothing comes after the test span",
            ));
        }
        if self.embargo > 0 && !self.train_after_test {
            return Err(refusal(
                "splits.embargo",
                &self.embargo,
                "acts only with splits.train_after_test: before a test span, purging is enough",
            ));
        }
        Ok(())
    }
}

/// The share that the first of two shares has of both.
fn share(first: f64, second: f64) -> f64 {
    if first + second > 0.0 {
        first / (first + second)
    } else {
        0.0
    }
}

/// The first instant of a date or a time; `i64::MIN` without one.
fn start(key: &'static str, text: Option<&str>) -> Result<i64, MarketError> {
    let Some(text) = text else {
        return Ok(i64::MIN);
    };
    // the end of a date is the start of the next, that of a time one nanosecond behind it
    let end = date(key, Some(text))?.unwrap_or(i64::MIN);
    let is_day = NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").is_ok();
    Ok(if is_day {
        end - 86_400_000_000_000
    } else {
        end - 1
    })
}

/// The instant that has as nearly as possible `wanted` of the times before it.
fn cut_at(times: &mut [i64], wanted: f64) -> i64 {
    #[expect(clippy::cast_sign_loss, reason = "a share of a count is not negative")]
    let rank = (wanted.round() as usize).min(times.len());
    if rank == times.len() {
        return times
            .iter()
            .max()
            .map_or(i64::MAX, |last| last.saturating_add(1));
    }
    let (_, &mut time, _) = times.select_nth_unstable(rank);
    let below = times.iter().filter(|&&other| other < time).count() as f64;
    let through = times.iter().filter(|&&other| other <= time).count() as f64;
    if (through - wanted).abs() < (wanted - below).abs() {
        time.saturating_add(1)
    } else {
        time
    }
}

/// The first instant after a date, or after a bar's open.
fn date(key: &'static str, text: Option<&str>) -> Result<Option<i64>, MarketError> {
    let Some(text) = text else {
        return Ok(None);
    };
    let trimmed = text.trim();
    let day = NaiveDate::parse_from_str(trimmed, "%Y-%m-%d")
        .ok()
        .and_then(|day| day.succ_opt())
        .and_then(|day| day.and_hms_opt(0, 0, 0))
        .map(|time| time.and_utc());
    let instant = || {
        let zoned = DateTime::parse_from_rfc3339(trimmed).map(|time| time.to_utc());
        let formats = [
            "%Y-%m-%dT%H:%M",
            "%Y-%m-%d %H:%M",
            "%Y-%m-%dT%H:%M:%S%.f",
            "%Y-%m-%d %H:%M:%S%.f",
        ];
        zoned.ok().or_else(|| {
            let naive = |format| NaiveDateTime::parse_from_str(trimmed, format).ok();
            formats
                .into_iter()
                .find_map(naive)
                .map(|time| time.and_utc())
        })
    };
    let cut = match day {
        Some(day) => day.timestamp_nanos_opt(),
        None => instant()
            .and_then(|time| time.timestamp_nanos_opt())
            .and_then(|time| time.checked_add(1)),
    };
    match cut {
        Some(cut) => Ok(Some(cut)),
        None => Err(refusal(
            key,
            &text,
            "must be a date like 2024-03-31 or a time like 2024-03-31T16:00 (UTC)",
        )),
    }
}

fn refusal(key: &'static str, value: &dyn std::fmt::Display, rule: &str) -> MarketError {
    MarketError::Setting {
        key,
        value: value.to_string(),
        rule: rule.to_owned(),
    }
}

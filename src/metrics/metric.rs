//! Metrics by name, for early stopping and for comparing runs.

use super::{Scores, Validation};

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Losses.
    LowerIsBetter,
    /// Correlations, hit rates, costs that can be borne.
    HigherIsBetter,
}

impl Direction {
    /// Whether `new` is better than `best`. NaN never is.
    ///
    /// ```
    /// use emberline::metrics::Direction;
    ///
    /// assert!(Direction::LowerIsBetter.improves(0.4, 0.5));
    /// assert!(!Direction::HigherIsBetter.improves(f64::NAN, 0.5));
    /// ```
    pub fn improves(self, new: f64, best: f64) -> bool {
        match self {
            Self::LowerIsBetter => new < best,
            Self::HigherIsBetter => new > best,
        }
    }
}

/// A metric that a configuration names: `validation_loss`, `mse`, `mae`, `huber`, `hit_rate`, `ic_ts`,
/// `ic_cs`, `rank_ic_cs`, `icir`, `break_even_bps`.
///
/// The mean over the horizons; of one horizon with its bars behind the name: `ic_ts_12`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    name: String,
    kind: usize,
    horizon_bars: Option<usize>,
}

/// A name that is no metric, or a metric that this data does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// No metric has this name.
    #[error("no metric is called `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// The nearest known ones, best first.
        nearest: Vec<&'static str>,
    },
    /// The horizon is not one of the target's.
    #[error(
        "metric `{name}` asks for a horizon of {horizon_bars} bars, the target has {horizons:?}"
    )]
    Horizon {
        /// The name.
        name: String,
        /// The horizon asked for.
        horizon_bars: usize,
        /// The target's.
        horizons: Vec<usize>,
    },
    /// Not defined on these windows.
    #[error("metric `{name}` is undefined on these windows: {why}")]
    Undefined {
        /// The name.
        name: String,
        /// What it needs.
        why: &'static str,
    },
}

type Pick = fn(&Scores) -> Option<f64>;

struct Kind {
    name: &'static str,
    direction: Direction,
    needs: &'static str,
    pick: Pick,
}

const KINDS: &[Kind] = &[
    kind(
        "validation_loss",
        Direction::LowerIsBetter,
        "a window",
        |s| Some(s.loss),
    ),
    kind("mse", Direction::LowerIsBetter, "a window", |s| Some(s.mse)),
    kind("mae", Direction::LowerIsBetter, "a window", |s| Some(s.mae)),
    kind("huber", Direction::LowerIsBetter, "a window", |s| {
        Some(s.huber)
    }),
    kind(
        "hit_rate",
        Direction::HigherIsBetter,
        "a forecast and a return that are not 0",
        |s| s.hit_rate.map(|hits| hits.rate),
    ),
    kind(
        "ic_ts",
        Direction::HigherIsBetter,
        "forecasts and returns that vary over time",
        |s| s.ic_ts.map(|ic| ic.value),
    ),
    kind("ic_cs", Direction::HigherIsBetter, CROSS, |s| {
        s.ic_cs.map(|ic| ic.value)
    }),
    kind("rank_ic_cs", Direction::HigherIsBetter, CROSS, |s| {
        s.rank_ic_cs.map(|ic| ic.value)
    }),
    kind("icir", Direction::HigherIsBetter, CROSS, |s| {
        s.ic_cs.and_then(|ic| ic.icir)
    }),
    kind(
        "break_even_bps",
        Direction::HigherIsBetter,
        "a forecast that is not 0",
        |s| s.break_even_bps,
    ),
];

const CROSS: &str = "bars at which at least 5 symbols have forecasts that differ";

const fn kind(name: &'static str, direction: Direction, needs: &'static str, pick: Pick) -> Kind {
    Kind {
        name,
        direction,
        needs,
        pick,
    }
}

impl Metric {
    /// All names, without horizons.
    pub fn names() -> impl Iterator<Item = &'static str> {
        KINDS.iter().map(|kind| kind.name)
    }

    /// Looks a name up.
    ///
    /// ```
    /// use emberline::metrics::{Direction, Metric};
    ///
    /// let metric = Metric::parse("ic_ts_12", &[1, 12]).expect("a known name");
    /// assert_eq!(metric.direction(), Direction::HigherIsBetter);
    /// let error = Metric::parse("val_loss", &[1, 12]).expect_err("an unknown name");
    /// assert_eq!(error.hint().as_deref(), Some("did you mean `validation_loss`?"));
    /// ```
    /// # Errors
    /// [`MetricError::Unknown`] or [`MetricError::Horizon`].
    pub fn parse(name: &str, horizons: &[usize]) -> Result<Self, MetricError> {
        let find = |wanted: &str| KINDS.iter().position(|kind| kind.name == wanted);
        if let Some(kind) = find(name) {
            return Ok(Self {
                name: name.to_owned(),
                kind,
                horizon_bars: None,
            });
        }
        let split = name
            .rsplit_once('_')
            .and_then(|(base, bars)| Some((find(base)?, bars.parse().ok()?)));
        match split {
            Some((kind, bars)) if horizons.contains(&bars) => Ok(Self {
                name: name.to_owned(),
                kind,
                horizon_bars: Some(bars),
            }),
            Some((_, horizon_bars)) => Err(MetricError::Horizon {
                name: name.to_owned(),
                horizon_bars,
                horizons: horizons.to_vec(),
            }),
            None => Err(MetricError::Unknown {
                name: name.to_owned(),
                nearest: nearest(name),
            }),
        }
    }

    /// The name that was asked for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which way is better.
    pub fn direction(&self) -> Direction {
        KINDS[self.kind].direction
    }

    /// Its value for the model.
    ///
    /// # Errors
    /// [`MetricError::Undefined`] if a horizon that counts does not have it.
    pub fn of(&self, validation: &Validation) -> Result<f64, MetricError> {
        let kind = &KINDS[self.kind];
        let undefined = || MetricError::Undefined {
            name: self.name.clone(),
            why: kind.needs,
        };
        let counts = |bars: usize| self.horizon_bars.is_none_or(|wanted| wanted == bars);
        let values: Option<Vec<f64>> = validation
            .horizons
            .iter()
            .filter(|scores| counts(scores.horizon_bars))
            .map(|scores| (kind.pick)(&scores.model))
            .collect();
        let values = values
            .filter(|values| !values.is_empty())
            .ok_or_else(undefined)?;
        Ok(values.iter().sum::<f64>() / values.len() as f64)
    }
}

impl MetricError {
    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { nearest, .. } if nearest.is_empty() => Some(format!(
                "one of: {}",
                Metric::names().collect::<Vec<_>>().join(", ")
            )),
            Self::Unknown { nearest, .. } => {
                Some(format!("did you mean `{}`?", nearest.join("` or `")))
            }
            Self::Horizon { .. } => {
                Some("leave the horizon out for the mean over all of them".to_owned())
            }
            Self::Undefined { .. } => {
                Some("use training.metric = validation_loss, which is always defined".to_owned())
            }
        }
    }
}

/// At most two names that are like it.
fn nearest(name: &str) -> Vec<&'static str> {
    let likeness = |known: &str| {
        let abbreviates = name.len() >= 4 && is_abbreviation(name, known);
        strsim::jaro_winkler(name, known).max(if abbreviates { 0.9 } else { 0.0 })
    };
    let mut scored: Vec<(f64, &'static str)> = Metric::names()
        .map(|known| (likeness(known), known))
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let best = scored.first().map_or(0.0, |&(score, _)| score);
    scored
        .into_iter()
        .filter(|&(score, _)| score >= 0.75 && score > best - 0.03)
        .map(|(_, known)| known)
        .take(2)
        .collect()
}

/// Whether the letters of `short` stand in `long` in the same order: `val_loss` in
/// `validation_loss`.
fn is_abbreviation(short: &str, long: &str) -> bool {
    let mut rest = long.chars();
    short
        .chars()
        .all(|letter| rest.any(|other| other == letter))
}

//! The settings, and the two presets that fill them in.

use serde::{Deserialize, Serialize};

use super::TrendError;
use crate::ops::atc::{AdaptiveStart, DoubleStart, Family, Hull, Idle, LENGTHS, Recipe};

/// Which of the published versions' arithmetic the switches follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrendPreset {
    /// The public ports'.
    #[default]
    Reference,
    /// The `TradingView` script's.
    Pine,
}

/// How far the nine lengths of a family lie apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Robustness {
    /// 1, 2, 3 and 4 bars from the base length.
    Narrow,
    /// 1, 2, 4 and 6 bars.
    #[default]
    Medium,
    /// 1, 3, 5 and 7 bars.
    Wide,
}

impl Robustness {
    /// Bars from the base length, upwards and downwards.
    pub fn steps(self) -> [usize; 4] {
        match self {
            Self::Narrow => [1, 2, 3, 4],
            Self::Medium => [1, 2, 4, 6],
            Self::Wide => [1, 3, 5, 7],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Narrow => "narrow",
            Self::Medium => "medium",
            Self::Wide => "wide",
        }
    }
}

/// The price that is classified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// First price.
    Open,
    /// Highest price.
    High,
    /// Lowest price.
    Low,
    /// Last price.
    #[default]
    Close,
    /// (high + low) / 2
    Hl2,
    /// (high + low + close) / 3
    Hlc3,
    /// (open + high + low + close) / 4
    Ohlc4,
}

/// When a family's signal counts as a vote.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cut {
    /// Beyond the long and short thresholds.
    Thresholds,
    /// Beyond this far from 0 on either side.
    Beyond(f64),
}

/// Every setting of a classification. [`TrendConfig::new`] fills it in from a preset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrendConfig {
    /// Base length of each family, in the order of [`Family::ALL`], bars.
    pub lengths: [i64; 6],
    /// Starting equity of each family in the second layer, above 0.
    pub weights: [f64; 6],
    /// Growth: a thousandth of it per bar.
    pub lambda: f64,
    /// Decay: a hundredth of it is lost per bar; 0 to 100.
    pub decay: f64,
    /// Bars before it carry no equity; fewer than the series has.
    pub cutout: i64,
    /// How far the nine lengths of a family lie apart.
    pub robustness: Robustness,
    /// Class 1 above it.
    pub long: f64,
    /// Class -1 below it.
    pub short: f64,
    /// The price that is classified.
    pub source: Source,
    /// When a family's signal counts as a vote.
    pub cut: Cut,
    /// Whether DEMA's second average starts at the first value or at the mean of L of them.
    #[serde(with = "double_start")]
    pub dema: DoubleStart,
    /// Whether HMA is Hull's nested average or a plain mean.
    #[serde(with = "hull")]
    pub hma: Hull,
    /// Whether KAMA starts at the price or at 0.
    #[serde(with = "adaptive_start")]
    pub kama: AdaptiveStart,
    /// What an equity earns behind a signal of 0.
    #[serde(with = "idle")]
    pub idle: Idle,
}

impl Default for TrendConfig {
    fn default() -> Self {
        Self::new(TrendPreset::Reference)
    }
}

impl TrendConfig {
    /// All settings as the preset has them.
    pub fn new(preset: TrendPreset) -> Self {
        let pine = preset == TrendPreset::Pine;
        Self {
            lengths: [28; 6],
            weights: [1.0; 6],
            lambda: 0.02,
            decay: 0.03,
            cutout: 0,
            robustness: Robustness::Medium,
            long: 0.1,
            short: -0.1,
            source: Source::Close,
            cut: if pine {
                Cut::Beyond(0.49)
            } else {
                Cut::Thresholds
            },
            dema: if pine {
                DoubleStart::Mean
            } else {
                DoubleStart::First
            },
            hma: if pine { Hull::Mean } else { Hull::Nested },
            kama: if pine {
                AdaptiveStart::Zero
            } else {
                AdaptiveStart::Value
            },
            idle: if pine { Idle::Repeat } else { Idle::Nothing },
        }
    }

    /// The nine lengths of a family: the base, then upwards, then downwards.
    ///
    /// # Errors
    /// [`TrendError::Setting`] in the name of `symbol` if one would be below 1.
    pub fn lengths_of(&self, symbol: &str, family: Family) -> Result<[usize; LENGTHS], TrendError> {
        let base = self.lengths[family as usize];
        let steps = self.robustness.steps();
        let least = steps[3] + 1;
        let base = match usize::try_from(base) {
            Ok(base) if (least..=MOST_BARS).contains(&base) => base,
            _ => {
                let bounds = format!(
                    "{least} to {MOST_BARS} bars (robustness {} takes up to {} away)",
                    self.robustness.name(),
                    steps[3]
                );
                let name = format!("length of {}", family.name());
                return Err(setting(symbol, name, base, bounds));
            }
        };
        let mut lengths = [base; LENGTHS];
        for (place, step) in steps.into_iter().enumerate() {
            lengths[1 + place] += step;
            lengths[5 + place] -= step;
        }
        Ok(lengths)
    }

    /// What is computed for a series of `num_bars` bars.
    ///
    /// # Errors
    /// [`TrendError::Setting`] with the symbol, the setting and its bounds.
    pub fn recipe(&self, symbol: &str, num_bars: usize) -> Result<Recipe, TrendError> {
        let mut lengths = [[0; LENGTHS]; 6];
        for family in Family::ALL {
            lengths[family as usize] = self.lengths_of(symbol, family)?;
            let weight = self.weights[family as usize];
            if !(weight > 0.0 && weight.is_finite()) {
                let name = format!("weight of {}", family.name());
                return Err(setting(symbol, name, weight, "a finite number above 0"));
            }
        }
        let bounded = |name: &str, value: f64, low: f64, high: f64, bounds: &str| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(setting(symbol, name.to_owned(), value, bounds))
        };
        bounded("lambda", self.lambda, -1e3, 1e3, "-1000 to 1000")?;
        bounded(
            "decay",
            self.decay,
            0.0,
            100.0,
            "0 to 100 (per cent per bar)",
        )?;
        bounded("long", self.long, -1.0, 1.0, "-1 to 1")?;
        bounded(
            "short",
            self.short,
            -1.0,
            self.long,
            "-1 to the long threshold",
        )?;
        let cut = match self.cut {
            Cut::Thresholds => [self.long, self.short],
            Cut::Beyond(cut) => {
                bounded("cut", cut, 0.0, 1.0, "0 to 1")?;
                [cut, -cut]
            }
        };
        let cutout = self.cutout_of(symbol, num_bars)?;
        Ok(Recipe {
            lengths,
            weights: self.weights,
            growth: self.lambda / 1_000.0,
            decay: self.decay / 100.0,
            cutout,
            long: self.long,
            short: self.short,
            cut,
            double_start: self.dema,
            hull: self.hma,
            adaptive_start: self.kama,
            idle: self.idle,
        })
    }

    /// The cutout, if a series is longer.
    ///
    /// # Errors
    /// [`TrendError::Setting`] with the symbol and the bounds.
    pub fn cutout_of(&self, symbol: &str, num_bars: usize) -> Result<usize, TrendError> {
        if let Ok(cutout) = usize::try_from(self.cutout)
            && cutout < num_bars
        {
            return Ok(cutout);
        }
        let bounds = match num_bars.checked_sub(1) {
            Some(most) => format!("0 to {most} (the symbol has {num_bars} bars)"),
            None => "less than the symbol's bars, of which there is none".to_owned(),
        };
        Err(setting(symbol, "cutout".to_owned(), self.cutout, bounds))
    }
}

/// Longest average.
const MOST_BARS: usize = 100_000;

fn setting(
    symbol: &str,
    setting: String,
    value: impl ToString,
    bounds: impl Into<String>,
) -> TrendError {
    TrendError::Setting {
        symbol: symbol.to_owned(),
        setting,
        value: value.to_string(),
        bounds: bounds.into(),
    }
}

/// Settings to combine: every value of each with every value of the others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grid {
    /// Base lengths, of all families alike.
    pub length: Vec<i64>,
    /// Growths.
    pub lambda: Vec<f64>,
    /// Decays.
    pub decay: Vec<f64>,
    /// Long thresholds; the short one is the same below 0.
    pub threshold: Vec<f64>,
}

impl Grid {
    /// Every combination, `base` where a list is empty; lengths outermost, thresholds innermost.
    pub fn configs(&self, base: &TrendConfig) -> Vec<TrendConfig> {
        fn each<T: Copy>(
            configs: Vec<TrendConfig>,
            values: &[T],
            set: impl Fn(&mut TrendConfig, T),
        ) -> Vec<TrendConfig> {
            if values.is_empty() {
                return configs;
            }
            let mut all = Vec::with_capacity(configs.len() * values.len());
            for config in configs {
                for &value in values {
                    let mut config = config.clone();
                    set(&mut config, value);
                    all.push(config);
                }
            }
            all
        }
        let configs = vec![base.clone()];
        let configs = each(configs, &self.length, |config, length| {
            config.lengths = [length; 6];
        });
        let configs = each(configs, &self.lambda, |config, lambda| {
            config.lambda = lambda;
        });
        let configs = each(configs, &self.decay, |config, decay| config.decay = decay);
        each(configs, &self.threshold, |config, threshold| {
            (config.long, config.short) = (threshold, -threshold);
        })
    }
}

/// Serde for the switches of the ground floor, by name.
macro_rules! switch {
    ($module:ident, $type:ty, $($name:literal => $value:path),+) => {
        mod $module {
            use super::*;
            use serde::{Deserializer, Serializer, de::Error as _};

            #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
            pub(super) fn serialize<S: Serializer>(value: &$type, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(match value { $($value => $name),+ })
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<$type, D::Error> {
                let name = String::deserialize(from)?;
                match name.as_str() {
                    $($name => Ok($value),)+
                    _ => Err(D::Error::unknown_variant(&name, &[$($name),+])),
                }
            }
        }
    };
}

switch!(double_start, DoubleStart, "first" => DoubleStart::First, "mean" => DoubleStart::Mean);
switch!(hull, Hull, "nested" => Hull::Nested, "mean" => Hull::Mean);
switch!(adaptive_start, AdaptiveStart, "price" => AdaptiveStart::Value, "zero" => AdaptiveStart::Zero);
switch!(idle, Idle, "nothing" => Idle::Nothing, "repeat" => Idle::Repeat);

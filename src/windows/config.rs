//! The settings `[windows]` and `[target]`.

use serde::{Deserialize, Serialize};

use super::{WindowError, volatility_memory_bars};

/// The fewest symbols with a defined value at a bar from which a cross-section is formed.
pub const MIN_CROSS_SECTION: usize = 5;

/// The section `[windows]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WindowConfig {
    /// Bars of a window, L. At least 1.
    pub length: usize,
    /// Every how many bars a training window ends, at least 1. Validation and test are not thinned.
    pub stride: usize,
}

impl Default for WindowConfig {
    fn default() -> Self {
        Self {
            length: 60,
            stride: 1,
        }
    }
}

impl WindowConfig {
    /// Checks the bounds.
    ///
    /// # Errors
    /// [`WindowError::Setting`] if `length` or `stride` is 0.
    pub fn validate(&self) -> Result<(), WindowError> {
        for (key, value) in [
            ("windows.length", self.length),
            ("windows.stride", self.stride),
        ] {
            if value == 0 {
                return Err(WindowError::Setting {
                    key,
                    value: value.to_string(),
                    rule: "it must be at least 1",
                });
            }
        }
        Ok(())
    }
}

/// At which prices the target's trade is entered and left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// In at the close of the bar after the window, out at the close h bars later.
    #[default]
    NextClose,
    /// In at the open of the bar after the window, out at the open h bars later.
    NextOpen,
    /// From the close of the window's last bar: not tradable, since that close is known only once
    /// it has passed.
    Close,
}

/// What turns a log return into a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalise {
    /// Divided by the trailing volatility of h bars, clipped.
    #[default]
    Volatility,
    /// The log return itself.
    None,
    /// The log return less the mean over the symbols at the same bar, then as `volatility`.
    CsDemean,
    /// The rank among the symbols at the same bar, spread evenly with mean 0 and variance 1.
    CsRank,
}

impl Normalise {
    /// Whether labels compare symbols at the same bar.
    pub fn is_cross_sectional(self) -> bool {
        matches!(self, Self::CsDemean | Self::CsRank)
    }

    /// Whether labels are divided by the trailing volatility.
    pub fn uses_volatility(self) -> bool {
        matches!(self, Self::Volatility | Self::CsDemean)
    }
}

/// The section `[target]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TargetConfig {
    /// How many bars ahead, one output of the model each. Rising, at least 1.
    pub horizons: Vec<usize>,
    /// At which prices the trade is entered and left.
    pub entry: Entry,
    /// What turns a log return into a label.
    pub normalise: Normalise,
    /// Span of the volatility's exponential weights in bars, at least 1.
    pub volatility_span: usize,
    /// Labels in units of volatility are clipped to plus and minus this.
    pub clip: f32,
}

impl Default for TargetConfig {
    fn default() -> Self {
        Self {
            horizons: vec![1, 12],
            entry: Entry::default(),
            normalise: Normalise::default(),
            volatility_span: 60,
            clip: 5.0,
        }
    }
}

impl TargetConfig {
    /// Checks the bounds.
    ///
    /// # Errors
    /// [`WindowError::Setting`] with the value and the rule that it breaks.
    pub fn validate(&self) -> Result<(), WindowError> {
        let horizons = &self.horizons;
        if horizons.is_empty()
            || horizons[0] == 0
            || horizons.windows(2).any(|pair| pair[0] >= pair[1])
        {
            return Err(WindowError::Setting {
                key: "target.horizons",
                value: format!("{horizons:?}"),
                rule: "it must be a rising list of bars, each at least 1",
            });
        }
        if self.volatility_span == 0 {
            return Err(WindowError::Setting {
                key: "target.volatility_span",
                value: self.volatility_span.to_string(),
                rule: "it must be at least 1 bar",
            });
        }
        if !(self.clip.is_finite() && self.clip > 0.0) {
            return Err(WindowError::Setting {
                key: "target.clip",
                value: self.clip.to_string(),
                rule: "it must be above 0 and finite",
            });
        }
        Ok(())
    }

    /// Bars from the window's last bar to the bar of the entry: 1, or 0 for [`Entry::Close`].
    pub fn entry_offset_bars(&self) -> usize {
        usize::from(self.entry != Entry::Close)
    }

    /// Bars from the window's last bar to the bar of the exit.
    pub fn exit_offset_bars(&self, horizon_bars: usize) -> usize {
        self.entry_offset_bars().saturating_add(horizon_bars)
    }

    /// Bars from the window's last bar to the last exit, over all horizons.
    pub fn longest_exit_offset_bars(&self) -> usize {
        self.exit_offset_bars(self.horizons.iter().copied().max().unwrap_or(0))
    }

    /// Bars of one gap-free stretch that a forecast needs, the window's last bar included: the
    /// features' memory and the window, or the volatility's memory where that is longer.
    ///
    /// ```
    /// use emberline::windows::TargetConfig;
    ///
    /// let target = TargetConfig::default();
    /// assert_eq!(target.history_bars(1008, 60), 1068);
    /// assert_eq!(target.history_bars(10, 20), 209); // volatility over 60 bars remembers 208
    /// ```
    pub fn history_bars(&self, memory_bars: usize, length: usize) -> usize {
        let volatility = if self.normalise.uses_volatility() {
            volatility_memory_bars(self.volatility_span) + 1
        } else {
            0
        };
        memory_bars.saturating_add(length).max(volatility)
    }

    /// The sentence that every output of a target that cannot be traded carries.
    pub fn caveat(&self) -> Option<&'static str> {
        (self.entry == Entry::Close).then_some(
            "not tradable: the target starts at the close that the window ends with (target.entry = \"close\"), \
             where bid-ask bounce makes minus the last return look like skill",
        )
    }
}

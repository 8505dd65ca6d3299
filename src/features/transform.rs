//! From an indicator's output to a model's input: levels become ratios that mean the same at any
//! price and on any market.

use std::fmt;
use std::str::FromStr;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::market::Column;
use crate::ops::rolling;

use super::declaration::{Declaration, Kind, Memory, Parameters, Scaling, Unit};
use super::error::FeatureError;
use super::machine::parts::{Change, Sum, divide as ratio};
use super::work::{Work, change, divide};

/// Bars of the trailing mean and sums, unless a name says otherwise.
const PERIOD: usize = 20;

/// How an output becomes a model input.
///
/// Written as text: `as_is`, `relative_to_close`, `share_of_close`, `log_volume_<period>`,
/// `share_of_square`,
/// `over_<period>`, `flow_<period>`, `flow_share_<period>`.
///
/// ```
/// use emberline::features::Transform;
/// let transform: Transform = "log_volume_48".parse()?;
/// assert_eq!(transform, Transform::LogVolume { period: 48 });
/// assert_eq!(transform.to_string(), "log_volume_48");
/// # Ok::<(), emberline::features::FeatureError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Transform {
    /// The value.
    AsIs,
    /// `value / close - 1`.
    RelativeToClose,
    /// `value / close`.
    ShareOfClose,
    /// `value / close^2`.
    ShareOfSquare,
    /// `ln((1 + v) / (1 + mean of the last period v))`.
    LogVolume {
        /// Bars of the mean.
        period: usize,
    },
    /// `value / period`.
    Over {
        /// Bars that the value is measured in.
        period: usize,
    },
    /// `(x_t - x_{t-period}) / sum of volume over period`, from the increments themselves where `x`
    /// grows with the file; 0 without volume.
    Flow {
        /// Bars of the sums.
        period: usize,
    },
    /// As `Flow`, over the close: for volume times price.
    FlowShare {
        /// Bars of the sums.
        period: usize,
    },
}

impl Transform {
    /// What a unit asks for.
    pub fn of(unit: Unit) -> Self {
        match unit {
            Unit::Price => Self::RelativeToClose,
            Unit::PriceDifference => Self::ShareOfClose,
            Unit::PriceSquared => Self::ShareOfSquare,
            Unit::Volume => Self::LogVolume { period: PERIOD },
            Unit::SignedVolume => Self::Flow { period: PERIOD },
            Unit::Count => Self::Over { period: PERIOD },
            Unit::Pattern => Self::Over { period: 100 },
            Unit::Percent | Unit::Bounded | Unit::Ratio | Unit::Flag => Self::AsIs,
        }
    }

    /// What an output asks for: a count is measured in the indicator's own period, if it has one; a
    /// signed volume that was multiplied by prices is a share of the close.
    pub fn of_output(indicator: &Declaration, parameters: &Parameters, output: usize) -> Self {
        let own = indicator.parameters.iter().zip(parameters.values());
        let own = own
            .filter(|(parameter, _)| parameter.kind == Kind::Bars)
            .map(|(_, &value)| bars(value))
            .next();
        match (Self::of(indicator.outputs[output].unit), own) {
            (Self::Over { .. }, Some(period)) => Self::Over { period },
            (Self::Flow { period }, _) if indicator.scaling == Scaling::WithPrice => {
                Self::FlowShare { period }
            }
            (transform, _) => transform,
        }
    }

    /// Why it makes no sense for a unit.
    pub(super) fn refusal(self, unit: Unit) -> Option<String> {
        let takes: &[Unit] = match self {
            Self::AsIs => return None,
            Self::RelativeToClose => &[Unit::Price],
            Self::ShareOfClose => &[Unit::Price, Unit::PriceDifference],
            Self::ShareOfSquare => &[Unit::PriceSquared],
            Self::LogVolume { .. } => &[Unit::Volume],
            Self::Over { .. } => &[Unit::Count, Unit::Pattern],
            Self::Flow { .. } | Self::FlowShare { .. } => &[Unit::SignedVolume],
        };
        (!takes.contains(&unit)).then(|| format!("its unit is {}", unit.name()))
    }

    /// How far back a model input looks whose raw output looks `memory` back.
    pub(super) fn memory(self, memory: Memory) -> Memory {
        match (self, memory) {
            (Self::Flow { period } | Self::FlowShare { period }, memory) => match memory {
                Memory::Unbounded => Memory::Finite(period + 1),
                Memory::Finite(bars) => Memory::Finite(bars + period),
                Memory::Infinite(bars) => Memory::Infinite(bars + period),
            },
            (Self::LogVolume { period }, Memory::Finite(bars)) => Memory::Finite(bars + period - 1),
            (_, memory) => memory,
        }
    }

    /// The columns that it reads.
    pub(super) fn inputs(self) -> &'static [Column] {
        match self {
            Self::AsIs | Self::Over { .. } => &[],
            Self::RelativeToClose | Self::ShareOfClose | Self::ShareOfSquare => &[Column::Close],
            Self::LogVolume { .. } | Self::Flow { .. } => &[Column::Volume],
            Self::FlowShare { .. } => &[Column::Close, Column::Volume],
        }
    }

    /// Transforms the raw `value` of an indicator, `[n, T]`.
    pub(super) fn apply(
        self,
        work: &mut Work<'_>,
        indicator: &Declaration,
        value: Tensor<2>,
    ) -> Tensor<2> {
        match self {
            Self::AsIs => value,
            Self::RelativeToClose => (value - work.close()) / work.close(),
            Self::ShareOfClose => value / work.close(),
            // Twice, for a square may be too small for float32.
            Self::ShareOfSquare => value / work.close() / work.close(),
            Self::Over { period } => value.div_scalar(period as f32),
            Self::LogVolume { period } => {
                let mean = rolling::mean(value.clone(), period);
                value.log1p() - mean.log1p()
            }
            Self::Flow { period } | Self::FlowShare { period } => {
                let flow = match indicator.flow {
                    Some(flow) => rolling::sum(flow(work), period),
                    None => change(value, period),
                };
                let volume = rolling::sum(work.column(Column::Volume), period);
                let flow = divide(flow, volume, 0.0);
                match self {
                    Self::FlowShare { .. } => flow / work.close(),
                    _ => flow,
                }
            }
        }
    }
}

/// A number of bars.
#[expect(clippy::cast_sign_loss, reason = "bounds of periods are positive")]
fn bars(value: f64) -> usize {
    value as usize
}

/// A transform at work on one segment, bar by bar in float64.
pub(super) struct Applied {
    transform: Transform,
    /// Sums over the transform's period: of the value or its changes, and of the volume.
    sums: Option<[Sum; 2]>,
    change: Change,
}

impl Applied {
    pub(super) fn new(transform: Transform) -> Self {
        let sums = match transform {
            Transform::LogVolume { period }
            | Transform::Flow { period }
            | Transform::FlowShare { period } => Some([Sum::new(period), Sum::new(period)]),
            _ => None,
        };
        Self {
            transform,
            sums,
            change: Change::new(),
        }
    }

    /// Transforms one value.
    #[inline]
    pub(super) fn next(&mut self, value: f64, close: f64, volume: f64) -> f64 {
        match (self.transform, &mut self.sums) {
            (Transform::RelativeToClose, _) => (value - close) / close,
            (Transform::ShareOfClose, _) => value / close,
            (Transform::ShareOfSquare, _) => value / (close * close),
            (Transform::Over { period }, _) => value / period as f64,
            (Transform::LogVolume { period }, Some([sum, _])) => {
                value.ln_1p() - (sum.next(value) / period as f64).ln_1p()
            }
            (Transform::Flow { .. } | Transform::FlowShare { .. }, Some([flows, volumes])) => {
                let flow = self.change.next(value);
                // The first bar's volume belongs to no change.
                let volume = if flow.is_nan() { f64::NAN } else { volume };
                let flow = ratio(flows.next(flow), volumes.next(volume), 0.0);
                match self.transform {
                    Transform::FlowShare { .. } => flow / close,
                    _ => flow,
                }
            }
            _ => value,
        }
    }
}

impl fmt::Display for Transform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsIs => formatter.write_str("as_is"),
            Self::RelativeToClose => formatter.write_str("relative_to_close"),
            Self::ShareOfClose => formatter.write_str("share_of_close"),
            Self::ShareOfSquare => formatter.write_str("share_of_square"),
            Self::LogVolume { period } => write!(formatter, "log_volume_{period}"),
            Self::Over { period } => write!(formatter, "over_{period}"),
            Self::Flow { period } => write!(formatter, "flow_{period}"),
            Self::FlowShare { period } => write!(formatter, "flow_share_{period}"),
        }
    }
}

impl FromStr for Transform {
    type Err = FeatureError;

    fn from_str(text: &str) -> Result<Self, FeatureError> {
        let period = |prefix: &str| -> Option<usize> {
            let digits = text.strip_prefix(prefix)?;
            let period = match digits.strip_prefix('_') {
                None if digits.is_empty() => PERIOD,
                None => return None,
                Some(digits) => digits.parse().ok()?,
            };
            (1..=super::declaration::LONGEST_PERIOD as usize)
                .contains(&period)
                .then_some(period)
        };
        match text {
            "as_is" => Ok(Self::AsIs),
            "relative_to_close" => Ok(Self::RelativeToClose),
            "share_of_close" => Ok(Self::ShareOfClose),
            "share_of_square" => Ok(Self::ShareOfSquare),
            _ => None
                .or_else(|| period("log_volume").map(|period| Self::LogVolume { period }))
                .or_else(|| period("over").map(|period| Self::Over { period }))
                .or_else(|| period("flow_share").map(|period| Self::FlowShare { period }))
                .or_else(|| period("flow").map(|period| Self::Flow { period }))
                .ok_or_else(|| FeatureError::UnknownTransform {
                    text: text.to_owned(),
                }),
        }
    }
}

impl TryFrom<String> for Transform {
    type Error = FeatureError;

    fn try_from(text: String) -> Result<Self, FeatureError> {
        text.parse()
    }
}

impl From<Transform> for String {
    fn from(transform: Transform) -> Self {
        transform.to_string()
    }
}

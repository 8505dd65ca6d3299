//! One column of a feature set, what a manifest keeps of it, and why it can be left out.

use serde::{Deserialize, Serialize};

use super::context::FeatureContext;
use super::declaration::{Declaration, Kind, Memory, Parameters, Unit};
use super::error::FeatureError;
use super::request::Request;
use super::transform::Transform;

/// One column of a set.
#[derive(Clone)]
pub struct FeatureColumn {
    pub(super) name: String,
    pub(super) indicator: &'static Declaration,
    parameters: Parameters,
    output: usize,
    pub(super) transform: Transform,
    pub(super) warmup: usize,
    pub(super) memory: Memory,
    /// What an earlier file showed the model input to need.
    pub(super) least_memory: usize,
}

impl std::fmt::Debug for FeatureColumn {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} ({})", self.name, self.transform)
    }
}

impl FeatureColumn {
    /// Binds a request to the bars: checks volumes and lengths.
    pub(super) fn new(
        request: Request,
        transform: Option<Transform>,
        context: &FeatureContext,
    ) -> Result<Self, FeatureError> {
        let Request {
            name,
            indicator,
            parameters,
            output,
        } = request;
        let unit = indicator.outputs[output].unit;
        let transform =
            transform.unwrap_or_else(|| Transform::of_output(indicator, &parameters, output));
        if let Some(reason) = transform.refusal(unit) {
            return Err(FeatureError::Transform {
                column: name,
                transform: transform.to_string(),
                reason,
            });
        }
        if indicator.needs_volume() && !context.has_volume {
            return Err(FeatureError::NoVolume { column: name });
        }
        let warmup = (indicator.warmup)(&parameters, context);
        if warmup >= context.longest_series {
            return Err(FeatureError::TooLong {
                column: name,
                indicator: indicator.title(),
                values: written(indicator, &parameters),
                needed: warmup + 1,
                bars: context.longest_series,
            });
        }
        let memory = (indicator.memory)(&parameters, context);
        Ok(Self {
            name,
            indicator,
            parameters,
            output,
            transform,
            warmup,
            memory,
            least_memory: 0,
        })
    }

    /// Its name in tables and manifests.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What declares it.
    pub fn indicator(&self) -> &'static Declaration {
        self.indicator
    }

    /// The indicator's parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Which of the indicator's outputs it is.
    pub fn output(&self) -> usize {
        self.output
    }

    /// What the raw value measures.
    pub fn unit(&self) -> Unit {
        self.indicator.outputs[self.output].unit
    }

    /// How it becomes a model input.
    pub fn transform(&self) -> Transform {
        self.transform
    }

    /// First bars of a segment whose raw value is undefined.
    pub fn warmup_bars(&self) -> usize {
        self.warmup
    }

    /// Bars back that the raw value depends on.
    pub fn memory(&self) -> Memory {
        self.memory
    }

    /// Bars back that the model input depends on.
    pub fn input_memory(&self) -> Memory {
        match self.transform.memory(self.memory) {
            Memory::Finite(bars) => Memory::Finite(bars.max(self.least_memory)),
            Memory::Infinite(bars) => Memory::Infinite(bars.max(self.least_memory)),
            Memory::Unbounded => Memory::Unbounded,
        }
    }
}

/// What a manifest keeps of a column, enough to have it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnRecord {
    /// The column's name.
    pub name: String,
    /// How it became a model input.
    pub transform: Transform,
    /// Bars back that the model input depended on; 0 if unbounded.
    pub memory_bars: usize,
}

/// A column that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// The column.
    pub name: String,
    /// Why.
    pub reason: DropReason,
}

/// Why a column was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// The same value on every training row.
    Constant,
    /// The same values as an earlier column on every training row.
    Duplicate(String),
    /// Defined on no training row: it looks back further than the data reaches.
    Undefined,
}

impl std::fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, reason } = self;
        match reason {
            DropReason::Constant => write!(formatter, "{name} (constant)"),
            DropReason::Duplicate(of) => write!(formatter, "{name} (the same as {of})"),
            DropReason::Undefined => write!(formatter, "{name} (looks back further than the data)"),
        }
    }
}

/// ` with period 200`: the parameters in bars as a message names them.
fn written(indicator: &Declaration, parameters: &Parameters) -> String {
    let values = indicator.parameters.iter().zip(parameters.values());
    let values: Vec<String> = values
        .filter(|(parameter, _)| parameter.kind == Kind::Bars)
        .map(|(parameter, value)| format!("{} {value}", parameter.name))
        .collect();
    if values.is_empty() {
        String::new()
    } else {
        format!(" with {}", values.join(", "))
    }
}

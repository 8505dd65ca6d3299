//! The section `[model]`.

use serde::{Deserialize, Serialize};

use super::ModelError;

/// Sizes of the forecaster.
///
/// ```
/// use emberline::model::ForecasterConfig;
/// let config = ForecasterConfig { hidden: 128, layers: 2, ..Default::default() };
/// assert_eq!(config.num_parameters(111, 1), 259_649);
/// assert!(ForecasterConfig { dropout: 1.0, ..config }.validate().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForecasterConfig {
    /// H, hidden units of each LSTM layer.
    pub hidden: usize,
    /// LSTM layers.
    pub layers: usize,
    /// Probability of a zero between layers and before the head, in training.
    pub dropout: f64,
    /// What follows the last output.
    pub head: Head,
}

impl Default for ForecasterConfig {
    fn default() -> Self {
        Self {
            hidden: 64,
            layers: 1,
            dropout: 0.1,
            head: Head::default(),
        }
    }
}

/// hidden -> `width` -> `ReLU` -> one output per horizon; written `linear32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Head {
    /// Units between the two linear maps.
    pub width: usize,
}

impl Default for Head {
    fn default() -> Self {
        Self { width: 32 }
    }
}

impl TryFrom<String> for Head {
    type Error = ModelError;

    fn try_from(value: String) -> Result<Self, ModelError> {
        match value.strip_prefix("linear").map(str::parse) {
            Some(Ok(width)) if width > 0 => Ok(Self { width }),
            _ => Err(ModelError::Head { value }),
        }
    }
}

impl From<Head> for String {
    fn from(head: Head) -> Self {
        format!("linear{}", head.width)
    }
}

impl ForecasterConfig {
    /// Refuses numbers that make no model.
    ///
    /// # Errors
    /// [`ModelError::Config`] names the key and the rule.
    pub fn validate(&self) -> Result<(), ModelError> {
        let count = |key, value: usize, most: usize, rule| {
            if (1..=most).contains(&value) {
                Ok(())
            } else {
                Err(ModelError::Config {
                    key,
                    value: value.to_string(),
                    rule,
                })
            }
        };
        count("hidden", self.hidden, 65_536, "it is from 1 to 65536")?;
        count("layers", self.layers, 64, "it is from 1 to 64")?;
        // the kernels take float32, which must not round up to 1
        if (0.0..1.0).contains(&(self.dropout as f32)) {
            Ok(())
        } else {
            Err(ModelError::Config {
                key: "dropout",
                value: self.dropout.to_string(),
                rule: "it is at least 0 and below 1",
            })
        }
    }

    /// Every weight's path and shape, in the forecaster's order.
    pub fn shapes(&self, num_features: usize, num_horizons: usize) -> Vec<(String, Vec<usize>)> {
        let (hidden, width) = (self.hidden, self.head.width);
        let mut shapes = Vec::with_capacity(4 * self.layers + 4);
        for layer in 0..self.layers {
            let inputs = if layer == 0 { num_features } else { hidden };
            for (name, shape) in [
                ("weight_ih", vec![4 * hidden, inputs]),
                ("weight_hh", vec![4 * hidden, hidden]),
                ("bias_ih", vec![4 * hidden]),
                ("bias_hh", vec![4 * hidden]),
            ] {
                shapes.push((format!("lstm.{name}_l{layer}"), shape));
            }
        }
        for (name, shape) in [
            ("0.weight", vec![width, hidden]),
            ("0.bias", vec![width]),
            ("2.weight", vec![num_horizons, width]),
            ("2.bias", vec![num_horizons]),
        ] {
            shapes.push((format!("head.{name}"), shape));
        }
        shapes
    }

    /// Numbers in all weights.
    pub fn num_parameters(&self, num_features: usize, num_horizons: usize) -> usize {
        self.shapes(num_features, num_horizons)
            .iter()
            .map(|(_, shape)| shape.iter().product::<usize>())
            .sum()
    }
}

//! The section `[model]`.

use serde::{Deserialize, Serialize};

use super::{Loss, ModelError};

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
    /// Heads of an attention over the window's outputs, between the LSTM and the head; 0 for none.
    pub attention_heads: usize,
    /// Levels of [`Outputs::Quantiles`], rising, each above 0 and below 1, 0.5 among them.
    pub quantiles: Vec<f64>,
    /// Scaled labels from minus to plus this are flat for [`Outputs::Classes`], the rest is down or up.
    pub flat_band: f64,
    /// What the outputs are. No key of its own: `training.loss` decides it ([`super::Loss::outputs`]).
    #[serde(skip)]
    pub outputs: Outputs,
}

/// What the numbers that a forecaster gives for one horizon are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Outputs {
    /// One forecast.
    #[default]
    Point,
    /// One number for each of [`ForecasterConfig::quantiles`], rising.
    Quantiles,
    /// Logits of down, flat and up.
    Classes,
}

impl Default for ForecasterConfig {
    fn default() -> Self {
        Self {
            hidden: 64,
            layers: 1,
            dropout: 0.1,
            head: Head::default(),
            attention_heads: 0,
            quantiles: vec![0.1, 0.5, 0.9],
            flat_band: 0.25,
            outputs: Outputs::Point,
        }
    }
}

/// hidden -> `width` -> `ReLU` -> the outputs of every horizon; written `linear32`.
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
        let refuse = |key, value, rule| Err(ModelError::Config { key, value, rule });
        // the kernels take float32, which must not round up to 1
        if !(0.0..1.0).contains(&(self.dropout as f32)) {
            let value = self.dropout.to_string();
            return refuse("dropout", value, "it is at least 0 and below 1");
        }
        if self.attention_heads > 0 && !self.hidden.is_multiple_of(self.attention_heads) {
            let value = format!("{} with model.hidden {}", self.attention_heads, self.hidden);
            return refuse("attention_heads", value, "it divides model.hidden");
        }
        let rise = self.quantiles.windows(2).all(|pair| pair[0] < pair[1]);
        let inside = self
            .quantiles
            .iter()
            .all(|&level| level > 0.0 && level < 1.0);
        if !(rise && inside && self.quantiles.contains(&0.5)) {
            return refuse(
                "quantiles",
                format!("{:?}", self.quantiles),
                "they rise, each above 0 and below 1, and 0.5 is one of them",
            );
        }
        if !(self.flat_band > 0.0 && self.flat_band.is_finite()) {
            return refuse("flat_band", self.flat_band.to_string(), "it is above 0");
        }
        Ok(())
    }

    /// The same with the outputs that a loss needs.
    #[must_use]
    pub fn with_loss(self, loss: Loss) -> Self {
        Self {
            outputs: loss.outputs(),
            ..self
        }
    }

    /// K, the numbers that the head gives for one horizon.
    pub fn num_outputs(&self) -> usize {
        match self.outputs {
            Outputs::Point => 1,
            Outputs::Quantiles => self.quantiles.len(),
            Outputs::Classes => 3,
        }
    }

    /// What [`super::Forecaster::table`] gives for a horizon beside its forecast, by the names of
    /// `score`'s columns: `q10_12`, or `p_down_12`, `p_flat_12`, `p_up_12`.
    pub fn columns(&self, horizon_bars: usize) -> Vec<String> {
        match self.outputs {
            Outputs::Point => Vec::new(),
            Outputs::Quantiles => {
                // 0.29 * 100 is 28.999..: ten digits are more than a level has
                let percent = |level: f64| (level * 1e12).round() / 1e10;
                let name = |level: &f64| format!("q{}_{horizon_bars}", percent(*level));
                self.quantiles.iter().map(name).collect()
            }
            Outputs::Classes => ["down", "flat", "up"]
                .map(|class| format!("p_{class}_{horizon_bars}"))
                .to_vec(),
        }
    }

    /// Where 0.5 is among the levels.
    pub(super) fn median(&self) -> usize {
        self.quantiles.partition_point(|&level| level < 0.5)
    }

    /// Every weight's path and shape, in the forecaster's order.
    pub fn shapes(&self, num_features: usize, num_horizons: usize) -> Vec<(String, Vec<usize>)> {
        let (hidden, width) = (self.hidden, self.head.width);
        let mut shapes = Vec::with_capacity(4 * self.layers + 8);
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
        if self.attention_heads > 0 {
            for (name, shape) in [
                ("in_proj_weight", vec![3 * hidden, hidden]),
                ("in_proj_bias", vec![3 * hidden]),
                ("out_proj.weight", vec![hidden, hidden]),
                ("out_proj.bias", vec![hidden]),
            ] {
                shapes.push((format!("attention.{name}"), shape));
            }
        }
        let num_outputs = num_horizons * self.num_outputs();
        for (name, shape) in [
            ("0.weight", vec![width, hidden]),
            ("0.bias", vec![width]),
            ("2.weight", vec![num_outputs, width]),
            ("2.bias", vec![num_outputs]),
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

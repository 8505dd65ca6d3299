//! Weights by path, and the way through them.

use burn::tensor::{Device, Tensor, activation};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

use super::attention::{Attention, attend};
use super::blocks::in_blocks;
use super::outputs;
use super::{ForecasterConfig, ModelError, Outputs, Weight};
use crate::ops::gather;
use crate::ops::lstm::shared::{self, Windows};
use crate::ops::lstm::{self, LayerWeights};
use crate::ops::random::{self, Key};

/// With fewer features the projection costs less than reading it back for every window (5 features,
/// 128 hidden units, a CPU: 2 % slower; 20 features, 64 units: 35 % faster).
const MIN_SHARED_FEATURES: usize = 8;

/// LSTM layers, the last output's attention over all outputs (if there are heads), then hidden -> width
/// -> `ReLU` -> Hn K, K numbers for each of Hn horizons; dropout between layers and before the head.
#[derive(Debug, Clone)]
pub struct Forecaster {
    config: ForecasterConfig,
    /// In the order of [`ForecasterConfig::shapes`].
    weights: Vec<(String, Weight)>,
}

impl Forecaster {
    /// New weights, each a function of (seed, path): uniform in +-1/sqrt(H) in the LSTM and in
    /// +-1/sqrt(inputs) in the head, in the attention Xavier's and biases of 0, as `PyTorch` draws them.
    ///
    /// # Panics
    /// If a size is 0 ([`ForecasterConfig::validate`] finds those of the configuration).
    pub fn init(
        config: &ForecasterConfig,
        num_features: usize,
        num_horizons: usize,
        seed: u64,
        device: &Device,
    ) -> Self {
        assert!(
            num_features * num_horizons * config.hidden * config.layers * config.head.width > 0,
            "empty: {num_features} features, {num_horizons} horizons, {config:?}"
        );
        let bound = |path: &str| match path {
            "head.2.weight" | "head.2.bias" => 1.0 / (config.head.width as f32).sqrt(),
            "attention.in_proj_weight" => (6.0 / (4 * config.hidden) as f32).sqrt(),
            "attention.in_proj_bias" | "attention.out_proj.bias" => 0.0,
            _ => 1.0 / (config.hidden as f32).sqrt(),
        };
        let weights = config
            .shapes(num_features, num_horizons)
            .into_iter()
            .map(|(path, shape)| {
                let values = uniform(seed, &path, shape.iter().product(), bound(&path));
                let weight = Weight::upload(values, &shape, device);
                (path, weight)
            })
            .collect();
        Self {
            config: config.clone(),
            weights,
        }
    }

    /// A forecaster from named weights (path, shape, row-major values) in any order; the numbers of
    /// features and horizons are those of `lstm.weight_ih_l0` and `head.2.bias`.
    ///
    /// # Errors
    /// [`ModelError`] names what is missing, extra or of another shape.
    pub fn from_weights(
        config: &ForecasterConfig,
        weights: Vec<(String, Vec<usize>, Vec<f32>)>,
        device: &Device,
    ) -> Result<Self, ModelError> {
        config.validate()?;
        let size = |path: &str, axis: usize| {
            let (_, shape, _) = weights.iter().find(|(found, ..)| found == path)?;
            shape.get(axis).copied().filter(|&size| size > 0)
        };
        // A weight that is missing is reported below; the sizes are then never used.
        let num_features = size("lstm.weight_ih_l0", 1).unwrap_or(1);
        let num_outputs = size("head.2.bias", 0).unwrap_or(1);
        let num_horizons = (num_outputs / config.num_outputs()).max(1);
        let shapes = config.shapes(num_features, num_horizons);

        let mut given = weights.into_iter().map(Some).collect::<Vec<_>>();
        let mut missing = Vec::new();
        let mut found = Vec::new();
        for (path, expected) in shapes {
            let place = given
                .iter_mut()
                .find(|slot| slot.as_ref().is_some_and(|(name, ..)| *name == path));
            match place.and_then(Option::take) {
                Some((path, shape, values)) => found.push((path, expected, shape, values)),
                None => missing.push(path),
            }
        }
        let extra = given
            .into_iter()
            .flatten()
            .map(|(path, ..)| path)
            .collect::<Vec<_>>();
        if !missing.is_empty() || !extra.is_empty() {
            return Err(ModelError::Names { missing, extra });
        }
        let weights = found
            .into_iter()
            .map(|(path, expected, shape, values)| {
                if shape != expected {
                    return Err(ModelError::Shape {
                        path,
                        expected,
                        found: shape,
                    });
                }
                if shape.iter().product::<usize>() != values.len() {
                    return Err(ModelError::Values {
                        path,
                        shape,
                        values: values.len(),
                    });
                }
                let weight = Weight::upload(values, &shape, device);
                Ok((path, weight))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            config: config.clone(),
            weights,
        })
    }

    /// What it was made from.
    pub fn config(&self) -> &ForecasterConfig {
        &self.config
    }

    /// F
    pub fn num_features(&self) -> usize {
        self.weights[0].1.shape()[1]
    }

    /// Hn
    pub fn num_horizons(&self) -> usize {
        self.weights[self.weights.len() - 1].1.shape()[0] / self.config.num_outputs()
    }

    /// Numbers in all weights.
    pub fn num_parameters(&self) -> usize {
        self.config
            .num_parameters(self.num_features(), self.num_horizons())
    }

    /// Every weight's path, in order.
    pub fn paths(&self) -> Vec<String> {
        self.weights.iter().map(|(path, _)| path.clone()).collect()
    }

    /// Every weight, in order; the tensors are shared, not copied.
    pub fn weights(&self) -> Vec<(String, Weight)> {
        self.weights.clone()
    }

    /// Each weight replaced by what `change` makes of it.
    ///
    /// # Panics
    /// If `change` gives another shape.
    #[must_use]
    pub fn map(self, mut change: impl FnMut(&str, Weight) -> Weight) -> Self {
        let weights = self
            .weights
            .into_iter()
            .map(|(path, weight)| {
                let shape = weight.shape();
                let weight = change(&path, weight);
                assert_eq!(weight.shape(), shape, "the shape of `{path}` changed");
                (path, weight)
            })
            .collect();
        Self {
            config: self.config,
            weights,
        }
    }

    /// All weights at once replaced by what `change` makes of them; it holds them alone meanwhile, so
    /// that it may change them in place.
    ///
    /// # Panics
    /// If `change` gives other paths or shapes.
    pub fn update(&mut self, change: impl FnOnce(Vec<(String, Weight)>) -> Vec<(String, Weight)>) {
        let names = |weights: &[(String, Weight)]| {
            let name = |(path, weight): &(String, Weight)| (path.clone(), weight.shape());
            weights.iter().map(name).collect::<Vec<_>>()
        };
        let before = names(&self.weights);
        self.weights = change(std::mem::take(&mut self.weights));
        assert_eq!(names(&self.weights), before, "the weights changed");
    }

    /// Weights that record gradients; the device must be one for autodiff.
    #[must_use]
    pub fn require_grad(self) -> Self {
        self.map(|_, weight| weight.require_grad())
    }

    /// Weights on the device without autodiff, for inference.
    #[must_use]
    pub fn inner(self) -> Self {
        self.map(|_, weight| weight.inner())
    }

    /// Windows to outputs.
    ///
    /// # Shapes and units
    /// - `x`: `[B, L, F]`, scaled model inputs
    /// - `dropout`: (seed, step) in training; the masks are a function of them, of the place and of
    ///   nothing else. `None` leaves dropout out.
    /// - returns: `[B, Hn K]`, horizon by horizon: a scaled log return, rising quantiles of it, or
    ///   logits, as [`Outputs`] says
    /// # Panics
    /// If x has another number of features.
    pub fn forward(&self, x: Tensor<3>, dropout: Option<(u64, u64)>) -> Tensor<2> {
        self.layers_from(0, x, dropout)
    }

    /// [`Forecaster::forward`] without dropout and gradient; windows that share their bars share the
    /// first layer's input projection. On the CPU the bits are those of [`Forecaster::forward`].
    ///
    /// # Panics
    /// As [`Forecaster::forward`]; if a weight records gradients and windows share bars.
    pub fn outputs(&self, windows: Windows) -> Tensor<2> {
        let (bars, places, length) = match windows {
            Windows::Gathered(x) => return self.forward(x, None),
            Windows::Shared {
                bars,
                places,
                length,
            } if bars.dims()[2] < MIN_SHARED_FEATURES => {
                return self.forward(gather::windows(bars, places, length), None);
            }
            Windows::Shared {
                bars,
                places,
                length,
            } => (bars, places, length),
        };
        let first = self.layer(0);
        let w_hh = first.w_hh.clone();
        let projected = shared::project(bars, first);
        if self.config.layers > 1 {
            let x = shared::outputs(projected, places, length, w_hh);
            return self.layers_from(1, x, None);
        }
        let last = if let Some(attention) = self.attention() {
            let x = shared::outputs(projected, places, length, w_hh);
            attend(x, &attention)
        } else {
            shared::last(projected, places, length, w_hh)
        };
        self.head(last)
    }

    /// One forecast per horizon, `[B, Hn]`, scaled log returns: [`Forecaster::point`] of
    /// [`Forecaster::outputs`].
    ///
    /// # Panics
    /// As [`Forecaster::outputs`].
    pub fn forecast(&self, windows: Windows) -> Tensor<2> {
        self.point(self.outputs(windows))
    }

    /// Outputs `[B, Hn K]` to one forecast per horizon, `[B, Hn]`.
    ///
    /// ```text
    /// one forecast   itself
    /// quantiles      the median
    /// classes        p_up - p_down
    /// ```
    /// The difference of the probabilities has the sign and the order that a user of forecasts needs. It
    /// is in the label's units of one volatility: for a normal label and narrow bands the mean label of
    /// `up` is close to 1 (0.96 for a band of 0.25), so that it is nearly the expected label.
    pub fn point(&self, outputs: Tensor<2>) -> Tensor<2> {
        match self.config.outputs {
            Outputs::Point => outputs,
            Outputs::Quantiles => {
                outputs::pick(outputs, self.config.num_outputs(), self.config.median())
            }
            Outputs::Classes => {
                let probabilities = outputs::probabilities(outputs);
                outputs::pick(probabilities.clone(), 3, 2) - outputs::pick(probabilities, 3, 0)
            }
        }
    }

    /// Outputs `[B, Hn K]` to all that a user reads: the forecasts `[B, Hn]`, and beside them, horizon by
    /// horizon, what [`ForecasterConfig::columns`] names: quantiles in the label's units, or
    /// probabilities. `[B, Hn]` or `[B, Hn + Hn K]`.
    pub fn table(&self, outputs: Tensor<2>) -> Tensor<2> {
        let point = self.point(outputs.clone());
        match self.config.outputs {
            Outputs::Point => point,
            Outputs::Quantiles => Tensor::cat(vec![point, outputs], 1),
            Outputs::Classes => Tensor::cat(vec![point, outputs::probabilities(outputs)], 1),
        }
    }

    /// Layers from `first` on, and the head.
    fn layers_from(
        &self,
        first: usize,
        mut x: Tensor<3>,
        dropout: Option<(u64, u64)>,
    ) -> Tensor<2> {
        let top = self.config.layers - 1;
        for layer in first..top {
            x = lstm::outputs(x, self.layer(layer), None);
            x = self.drop(x, layer, dropout);
        }
        let last = match self.attention() {
            Some(attention) => {
                let x = lstm::outputs(x, self.layer(top), None);
                attend(x, &attention)
            }
            None => lstm::last(x, self.layer(top), None),
        };
        let last = self.drop(last, top, dropout);
        self.head(last)
    }

    fn attention(&self) -> Option<Attention> {
        let at = 4 * self.config.layers;
        (self.config.attention_heads > 0).then(|| Attention {
            heads: self.config.attention_heads,
            in_weight: self.matrix(at),
            in_bias: self.vector(at + 1),
            out_weight: self.matrix(at + 2),
            out_bias: self.vector(at + 3),
        })
    }

    /// `[B, H] -> [B, Hn K]`.
    fn head(&self, last: Tensor<2>) -> Tensor<2> {
        let at = self.weights.len() - 4;
        let raw = in_blocks(last, |rows| {
            let middle = activation::relu(self.linear(rows, at));
            self.linear(middle, at + 2)
        });
        match self.config.outputs {
            Outputs::Quantiles => {
                outputs::rising(raw, self.config.num_outputs(), self.config.median())
            }
            Outputs::Point | Outputs::Classes => raw,
        }
    }

    fn drop<const D: usize>(
        &self,
        x: Tensor<D>,
        place: usize,
        dropout: Option<(u64, u64)>,
    ) -> Tensor<D> {
        match dropout {
            Some((seed, step)) if self.config.dropout > 0.0 => {
                let key = Key {
                    seed,
                    stream: place as u64,
                    counter: step,
                };
                random::dropout(x, self.config.dropout as f32, key)
            }
            _ => x,
        }
    }

    fn matrix(&self, index: usize) -> Tensor<2> {
        match &self.weights[index].1 {
            Weight::Matrix(tensor) => tensor.clone(),
            Weight::Vector(_) => unreachable!("`{}` is a matrix", self.weights[index].0),
        }
    }

    fn vector(&self, index: usize) -> Tensor<1> {
        match &self.weights[index].1 {
            Weight::Vector(tensor) => tensor.clone(),
            Weight::Matrix(_) => unreachable!("`{}` is a vector", self.weights[index].0),
        }
    }

    fn layer(&self, layer: usize) -> LayerWeights {
        LayerWeights {
            w_ih: self.matrix(4 * layer),
            w_hh: self.matrix(4 * layer + 1),
            b_ih: self.vector(4 * layer + 2),
            b_hh: self.vector(4 * layer + 3),
        }
    }

    /// `x W^T + b` with the weight at `index` and the bias behind it.
    fn linear(&self, x: Tensor<2>, index: usize) -> Tensor<2> {
        x.matmul(self.matrix(index).transpose()) + self.vector(index + 1).unsqueeze::<2>()
    }
}

/// `count` numbers uniform in `[-bound, bound)`, a function of (seed, path).
fn uniform(seed: u64, path: &str, count: usize, bound: f32) -> Vec<f32> {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(path.as_bytes());
    let mut generator = ChaCha8Rng::from_seed(hash.finalize().into());
    (0..count)
        .map(|_| {
            // 24 bits: every value is exact in float32
            let unit = (generator.next_u32() >> 8) as f32 / (1_u32 << 24) as f32;
            bound * (2.0 * unit - 1.0)
        })
        .collect()
}

//! Weights by path, and the way through them.

use burn::tensor::{Device, Tensor, activation};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

use super::{ForecasterConfig, ModelError};
use crate::device::transfer;
use crate::ops::gather;
use crate::ops::lstm::shared::{self, Windows};
use crate::ops::lstm::{self, LayerWeights};
use crate::ops::random::{self, Key};

/// Rows of a matrix product of the head. The CPU backend adds in another order for other numbers of
/// rows, and a forecast must not depend on the batch that its window is in.
const HEAD_ROWS: usize = 256;

/// With fewer features the projection costs less than reading it back for every window (5 features,
/// 128 hidden units, a CPU: 2 % slower; 20 features, 64 units: 35 % faster).
const MIN_SHARED_FEATURES: usize = 8;

/// One weight.
#[derive(Debug, Clone)]
pub enum Weight {
    /// `[out, in]`
    Matrix(Tensor<2>),
    /// `[out]`
    Vector(Tensor<1>),
}

impl Weight {
    /// From row-major values; a vector has one dimension, a matrix two.
    ///
    /// # Panics
    /// If `shape` has another rank or disagrees with the number of values.
    pub fn upload(values: Vec<f32>, shape: &[usize], device: &Device) -> Self {
        match *shape {
            [out] => Self::Vector(transfer::upload(values, [out], device)),
            [out, input] => Self::Matrix(transfer::upload(values, [out, input], device)),
            _ => panic!("a weight has 1 or 2 dimensions, not {shape:?}"),
        }
    }

    /// Row-major values; reads the device.
    pub fn to_host(&self) -> Vec<f32> {
        match self {
            Self::Matrix(tensor) => transfer::to_host(tensor.clone()),
            Self::Vector(tensor) => transfer::to_host(tensor.clone()),
        }
    }

    /// Sizes of the dimensions.
    pub fn shape(&self) -> Vec<usize> {
        match self {
            Self::Matrix(tensor) => tensor.dims().to_vec(),
            Self::Vector(tensor) => tensor.dims().to_vec(),
        }
    }

    fn require_grad(self) -> Self {
        match self {
            Self::Matrix(tensor) => Self::Matrix(tensor.require_grad()),
            Self::Vector(tensor) => Self::Vector(tensor.require_grad()),
        }
    }

    fn inner(self) -> Self {
        match self {
            Self::Matrix(tensor) => Self::Matrix(tensor.inner()),
            Self::Vector(tensor) => Self::Vector(tensor.inner()),
        }
    }
}

/// LSTM layers, dropout between them and before the head, then hidden -> width -> `ReLU` -> Hn.
#[derive(Debug, Clone)]
pub struct Forecaster {
    config: ForecasterConfig,
    /// In the order of [`ForecasterConfig::shapes`].
    weights: Vec<(String, Weight)>,
}

impl Forecaster {
    /// New weights, each a function of (seed, path): uniform in +-1/sqrt(H) in the LSTM and in
    /// +-1/sqrt(inputs) in the head, as `PyTorch` draws them.
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
        let fan_in = |path: &str| match path {
            "head.2.weight" | "head.2.bias" => config.head.width,
            _ => config.hidden,
        };
        let weights = config
            .shapes(num_features, num_horizons)
            .into_iter()
            .map(|(path, shape)| {
                let bound = 1.0 / (fan_in(&path) as f32).sqrt();
                let values = uniform(seed, &path, shape.iter().product(), bound);
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
        let num_horizons = size("head.2.bias", 0).unwrap_or(1);
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
        self.weights[self.weights.len() - 1].1.shape()[0]
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

    /// Windows to forecasts.
    ///
    /// # Shapes and units
    /// - `x`: `[B, L, F]`, scaled model inputs
    /// - `dropout`: (seed, step) in training; the masks are a function of them, of the place and of
    ///   nothing else. `None` leaves dropout out.
    /// - returns: `[B, Hn]`, scaled log returns
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
    pub fn forecast(&self, windows: Windows) -> Tensor<2> {
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
        if self.config.layers == 1 {
            return self.head(shared::last(projected, places, length, w_hh));
        }
        let x = shared::outputs(projected, places, length, w_hh);
        self.layers_from(1, x, None)
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
        let last = lstm::last(x, self.layer(top), None);
        let last = self.drop(last, top, dropout);
        self.head(last)
    }

    /// `[B, H] -> [B, horizons]`, in blocks of [`HEAD_ROWS`] rows, the last one padded.
    fn head(&self, last: Tensor<2>) -> Tensor<2> {
        let [rows, hidden] = last.dims();
        let num_blocks = rows.div_ceil(HEAD_ROWS);
        let missing = num_blocks * HEAD_ROWS - rows;
        let padded = if missing == 0 {
            last
        } else {
            let padding = Tensor::zeros([missing, hidden], &last.device());
            Tensor::cat(vec![last, padding], 0)
        };
        if num_blocks == 1 {
            return self.head_block(padded).narrow(0, 0, rows);
        }
        let block = |index| padded.clone().narrow(0, index * HEAD_ROWS, HEAD_ROWS);
        let blocks = (0..num_blocks)
            .map(|index| self.head_block(block(index)))
            .collect();
        Tensor::cat(blocks, 0).narrow(0, 0, rows)
    }

    fn head_block(&self, last: Tensor<2>) -> Tensor<2> {
        let at = 4 * self.config.layers;
        let middle = activation::relu(self.linear(last, at));
        self.linear(middle, at + 2)
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

//! Our layers and Burn's, each with an optimiser.

use burn::module::Module as _;
use burn::nn::{Lstm, LstmConfig};
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Bool, Device, Int, Tensor};
use emberline::device::transfer;
use emberline::model::{Forecaster, ForecasterConfig, Weight};
use emberline::ops::gather;
use emberline::ops::lstm::{self, LayerWeights, shared};
use emberline::training::Optimiser;

use super::Sizes;

/// Values without a pattern; what they are does not matter to the time.
fn input(shape: [usize; 3], device: &Device) -> Tensor<3> {
    let values = (0..shape.iter().product::<usize>())
        .map(|index| (index as f32 * 0.618_034).fract() - 0.5)
        .collect();
    transfer::upload(values, shape, device)
}

fn adamw() -> AdamWConfig {
    AdamWConfig::new()
        .with_epsilon(1e-8)
        .with_weight_decay(WEIGHT_DECAY as f32)
}

const LEARNING_RATE: f64 = 1e-3;
/// `PyTorch`'s default.
const WEIGHT_DECAY: f64 = 1e-2;

/// Our layers and their optimiser.
pub(super) struct Ours {
    weights: Vec<(String, Weight)>,
    num_layers: usize,
    optimiser: Optimiser,
    num_steps: u64,
    x: Tensor<3>,
    x_plain: Tensor<3>,
    /// As many neighbouring windows of one symbol as the batch has.
    bars: Tensor<3>,
    places: Tensor<2, Int>,
    length: usize,
    control: (Tensor<1>, Tensor<1, Bool>),
}

impl Ours {
    pub(super) fn new(sizes: Sizes, device: &Device) -> Self {
        let config = ForecasterConfig {
            hidden: sizes.hidden,
            layers: sizes.layers,
            ..ForecasterConfig::default()
        };
        let model = Forecaster::init(&config, sizes.features, 1, 1, device);
        let mut weights = model.weights();
        weights.truncate(4 * sizes.layers);
        let num_bars = sizes.batch + sizes.length - 1;
        let bars = [1, num_bars, sizes.features];
        let places = (0..sizes.batch as i32).flat_map(|start| [0, start]);
        let one = transfer::upload(vec![1.0], [1], device);
        Self {
            optimiser: Optimiser::new(&weights, WEIGHT_DECAY),
            weights,
            num_layers: sizes.layers,
            num_steps: 0,
            x: input(sizes.shape(), &device.clone().autodiff()),
            x_plain: input(sizes.shape(), device),
            bars: input(bars, device),
            places: transfer::upload_int(places.collect(), [sizes.batch, 2], device),
            length: sizes.length,
            control: (one.clone(), one.greater_scalar(2.0)),
        }
    }

    /// The call of one layer.
    fn layer(weights: &[(String, Weight)], layer: usize) -> LayerWeights {
        let weight = |index: usize| &weights[4 * layer + index].1;
        let matrix = |index| match weight(index) {
            Weight::Matrix(tensor) => tensor.clone(),
            Weight::Vector(_) => unreachable!("a matrix"),
        };
        let vector = |index| match weight(index) {
            Weight::Vector(tensor) => tensor.clone(),
            Weight::Matrix(_) => unreachable!("a vector"),
        };
        LayerWeights {
            w_ih: matrix(0),
            w_hh: matrix(1),
            b_ih: vector(2),
            b_hh: vector(3),
        }
    }

    /// The layers from `first` on.
    fn forward(&self, weights: &[(String, Weight)], first: usize, mut x: Tensor<3>) -> Tensor<2> {
        let top = self.num_layers - 1;
        for layer in first..top {
            x = lstm::outputs(x, Self::layer(weights, layer), None);
        }
        lstm::last(x, Self::layer(weights, top), None)
    }

    pub(super) fn train(&mut self) {
        let tracked: Vec<_> = self
            .weights
            .iter()
            .map(|(path, weight)| (path.clone(), tracked(weight)))
            .collect();
        let out = self.forward(&tracked, 0, self.x.clone());
        let mut gradients = out.square().mean().backward();
        let gradients = tracked
            .into_iter()
            .map(|(_, weight)| {
                let gradient = match weight {
                    Weight::Matrix(tensor) => {
                        tensor.grad_remove(&mut gradients).map(Weight::Matrix)
                    }
                    Weight::Vector(tensor) => {
                        tensor.grad_remove(&mut gradients).map(Weight::Vector)
                    }
                };
                gradient.expect("every weight has a gradient")
            })
            .collect();
        self.num_steps += 1;
        let weights = std::mem::take(&mut self.weights);
        let (factor, skip) = &self.control;
        self.weights = self.optimiser.step(
            self.num_steps,
            LEARNING_RATE,
            weights,
            gradients,
            factor,
            skip,
        );
        wait(&self.weights[0].1);
    }

    pub(super) fn infer(&mut self) {
        let out = self.forward(&self.weights, 0, self.x_plain.clone());
        std::hint::black_box(transfer::to_host(out.narrow(0, 0, 1)));
    }

    /// Scoring neighbouring windows of resident bars: gathered, each on its own.
    pub(super) fn score_gathered(&mut self, layers: usize) {
        let x = gather::windows(self.bars.clone(), self.places.clone(), self.length);
        if layers == 1 && self.num_layers > 1 {
            let out = lstm::outputs(x, Self::layer(&self.weights, 0), None);
            read(&out.narrow(0, 0, 1).narrow(1, 0, 1));
        } else {
            let out = self.forward(&self.weights, 0, x);
            read(&out.narrow(0, 0, 1));
        }
    }

    /// The same windows through a projection that they share.
    pub(super) fn score_shared(&mut self, layers: usize) {
        let first = Self::layer(&self.weights, 0);
        let w_hh = first.w_hh.clone();
        let projected = shared::project(self.bars.clone(), first);
        let (places, length) = (self.places.clone(), self.length);
        if self.num_layers == 1 {
            read(&shared::last(projected, places, length, w_hh).narrow(0, 0, 1));
            return;
        }
        let x = shared::outputs(projected, places, length, w_hh);
        if layers == 1 {
            read(&x.narrow(0, 0, 1).narrow(1, 0, 1));
        } else {
            read(&self.forward(&self.weights, 1, x).narrow(0, 0, 1));
        }
    }
}

fn tracked(weight: &Weight) -> Weight {
    match weight {
        Weight::Matrix(tensor) => Weight::Matrix(tensor.clone().autodiff().require_grad()),
        Weight::Vector(tensor) => Weight::Vector(tensor.clone().autodiff().require_grad()),
    }
}

/// Reads a part of a result, so that the device has done everything before it.
fn read<const D: usize>(part: &Tensor<D>) {
    std::hint::black_box(transfer::to_host(part.clone()));
}

/// Reads one value, so that the device has done everything before it.
fn wait(weight: &Weight) {
    if let Weight::Matrix(tensor) = weight {
        let corner = tensor.clone().inner().narrow(0, 0, 1).narrow(1, 0, 1);
        std::hint::black_box(transfer::to_host(corner));
    }
}

/// Burn's own layers and optimiser.
pub(super) struct Burn {
    layers: Vec<Lstm>,
    optimizers: Vec<ModuleOptimizer>,
    x: Tensor<3>,
    x_plain: Tensor<3>,
}

impl Burn {
    pub(super) fn new(sizes: Sizes, device: &Device) -> Self {
        let autodiff = device.clone().autodiff();
        let layers = (0..sizes.layers)
            .map(|layer| {
                let features = sizes.layer(layer).features;
                LstmConfig::new(features, sizes.hidden, true).init(&autodiff)
            })
            .collect::<Vec<_>>();
        Self {
            optimizers: layers.iter().map(|_| adamw().init()).collect(),
            layers,
            x: input(sizes.shape(), &autodiff),
            x_plain: input(sizes.shape(), device),
        }
    }

    fn forward(layers: &[Lstm], mut x: Tensor<3>) -> Tensor<2> {
        let length = x.dims()[1];
        for layer in layers {
            x = layer.forward(x, None).0;
        }
        x.narrow(1, length - 1, 1).squeeze_dim(1)
    }

    pub(super) fn train(&mut self) {
        let out = Self::forward(&self.layers, self.x.clone());
        let mut gradients = out.square().mean().backward();
        self.layers = std::mem::take(&mut self.layers)
            .into_iter()
            .zip(&mut self.optimizers)
            .map(|(layer, optimizer)| {
                let own = GradientsParams::from_module(&mut gradients, &layer);
                optimizer.step(LEARNING_RATE, layer, own)
            })
            .collect();
        let weight = self.layers[0].output_gate.input_transform.weight.val();
        wait(&Weight::Matrix(weight));
    }

    pub(super) fn infer(&mut self) {
        let layers = self
            .layers
            .iter()
            .map(|layer| layer.clone().valid())
            .collect::<Vec<_>>();
        let out = Self::forward(&layers, self.x_plain.clone());
        std::hint::black_box(transfer::to_host(out.narrow(0, 0, 1)));
    }
}

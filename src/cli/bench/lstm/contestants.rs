//! Our layers and Burn's, each with an optimiser.

use burn::module::Module as _;
use burn::nn::{Lstm, LstmConfig};
use burn::optim::{
    AdamW, AdamWConfig, AdamWState, GradientsParams, ModuleOptimizer, Optimizer as _,
};
use burn::tensor::{Device, Gradients, Tensor};
use emberline::device::transfer;
use emberline::model::{Forecaster, ForecasterConfig, Weight};
use emberline::ops::lstm::{self, LayerWeights};

use super::Sizes;

/// Values without a pattern; what they are does not matter to the time.
fn input(sizes: Sizes, device: &Device) -> Tensor<3> {
    let shape = [sizes.batch, sizes.length, sizes.features];
    let values = (0..shape.iter().product::<usize>())
        .map(|index| (index as f32 * 0.618_034).fract() - 0.5)
        .collect();
    transfer::upload(values, shape, device)
}

fn adamw() -> AdamWConfig {
    AdamWConfig::new().with_epsilon(1e-8)
}

const LEARNING_RATE: f64 = 1e-3;

enum State {
    Matrix(Option<AdamWState<2>>),
    Vector(Option<AdamWState<1>>),
}

/// Our layers and their optimiser.
pub(super) struct Ours {
    layers: Vec<[Weight; 4]>,
    states: Vec<[State; 4]>,
    optimizer: AdamW,
    x: Tensor<3>,
    x_plain: Tensor<3>,
}

impl Ours {
    pub(super) fn new(sizes: Sizes, device: &Device) -> Self {
        let config = ForecasterConfig {
            hidden: sizes.hidden,
            layers: sizes.layers,
            ..ForecasterConfig::default()
        };
        let autodiff = device.clone().autodiff();
        let model = Forecaster::init(&config, sizes.features, 1, 1, &autodiff).require_grad();
        let mut weights = model.weights().into_iter().map(|(_, weight)| weight);
        let mut four = || std::array::from_fn(|_| weights.next().expect("four weights a layer"));
        let layers = (0..sizes.layers).map(|_| four()).collect::<Vec<_>>();
        let states = layers
            .iter()
            .map(|layer| {
                layer.each_ref().map(|weight| match weight {
                    Weight::Matrix(_) => State::Matrix(None),
                    Weight::Vector(_) => State::Vector(None),
                })
            })
            .collect();
        Self {
            layers,
            states,
            optimizer: adamw().build(),
            x: input(sizes, &autodiff),
            x_plain: input(sizes, device),
        }
    }

    fn forward(layers: &[[Weight; 4]], mut x: Tensor<3>, plain: bool) -> Tensor<2> {
        let matrix = |weight: &Weight| match weight {
            Weight::Matrix(tensor) if plain => tensor.clone().inner(),
            Weight::Matrix(tensor) => tensor.clone(),
            Weight::Vector(_) => unreachable!("a matrix"),
        };
        let vector = |weight: &Weight| match weight {
            Weight::Vector(tensor) if plain => tensor.clone().inner(),
            Weight::Vector(tensor) => tensor.clone(),
            Weight::Matrix(_) => unreachable!("a vector"),
        };
        let weights = |[w_ih, w_hh, b_ih, b_hh]: &[Weight; 4]| LayerWeights {
            w_ih: matrix(w_ih),
            w_hh: matrix(w_hh),
            b_ih: vector(b_ih),
            b_hh: vector(b_hh),
        };
        let (top, below) = layers.split_last().expect("at least one layer");
        for layer in below {
            x = lstm::outputs(x, weights(layer), None);
        }
        lstm::last(x, weights(top), None)
    }

    pub(super) fn train(&mut self) {
        let out = Self::forward(&self.layers, self.x.clone(), false);
        let gradients = out.square().mean().backward();
        for (layer, states) in self.layers.iter_mut().zip(&mut self.states) {
            for (weight, state) in layer.iter_mut().zip(states) {
                match (weight, state) {
                    (Weight::Matrix(tensor), State::Matrix(state)) => {
                        step(&self.optimizer, tensor, state, &gradients);
                    }
                    (Weight::Vector(tensor), State::Vector(state)) => {
                        step(&self.optimizer, tensor, state, &gradients);
                    }
                    _ => unreachable!("a weight and its state have one rank"),
                }
            }
        }
        wait(&self.layers[0][0]);
    }

    pub(super) fn infer(&mut self) {
        let out = Self::forward(&self.layers, self.x_plain.clone(), true);
        std::hint::black_box(transfer::to_host(out.narrow(0, 0, 1)));
    }
}

/// Reads one value, so that the device has done everything before it.
fn wait(weight: &Weight) {
    if let Weight::Matrix(tensor) = weight {
        let corner = tensor.clone().inner().narrow(0, 0, 1).narrow(1, 0, 1);
        std::hint::black_box(transfer::to_host(corner));
    }
}

fn step<const D: usize>(
    optimizer: &AdamW,
    tensor: &mut Tensor<D>,
    state: &mut Option<AdamWState<D>>,
    gradients: &Gradients,
) {
    let gradient = tensor.grad(gradients).expect("every weight has a gradient");
    let (next, moments) = optimizer.step(
        LEARNING_RATE,
        tensor.clone().inner(),
        gradient,
        state.take(),
    );
    *state = moments;
    *tensor = Tensor::from_inner(next).require_grad();
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
            x: input(sizes, &autodiff),
            x_plain: input(sizes, device),
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

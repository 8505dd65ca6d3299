//! `bench lstm`: our layer, Burn's own, and `PyTorch`'s, in turns in one run.
//!
//! A training step is forward, the mean square of the last output, backward and `AdamW`; inference is
//! the forward without gradients; `gathered_s` and `shared_s` score as many neighbouring windows of one
//! symbol from resident bars, each on its own or with one input projection per bar. If `x_burn_train` falls below 2 or `x_torch_train` below 1, training
//! got slow; if `products_share` (our own matrix products alone, as a part of our time) falls, something
//! around them did. Other work on the cores makes the figures worthless, `PyTorch`'s most of all, whose
//! threads wait for each other at every step.

mod contestants;
mod peer;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use burn::tensor::Device;
use clap::Args;
use emberline::device::Kind;
use emberline::ops::lstm::cpu::{self, Instructions, Shape};
use serde_json::{Map, Value, json};

use self::contestants::{Burn, Ours};
use self::peer::Peer;
use super::{median, print_rows};
use crate::cli::Global;

/// Arguments of `bench lstm`.
#[derive(Args, Debug)]
pub(crate) struct LstmArgs {
    /// Batch, window, features, hidden units, layers; may be given again
    #[arg(long = "shape", value_name = "B,L,F,H,LAYERS", value_parser = parse_sizes)]
    shapes: Vec<Sizes>,
    /// Rounds, each one step of every contestant; the medians are printed
    #[arg(long, value_name = "N", default_value_t = 11, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
    /// A Python with torch, to run `benches/peers/lstm_torch.py` in turns with ours
    #[arg(long, value_name = "PYTHON")]
    peer: Option<PathBuf>,
    /// Leave Burn's own layer out
    #[arg(long)]
    without_burn: bool,
}

#[derive(Clone, Copy, Debug)]
struct Sizes {
    batch: usize,
    length: usize,
    features: usize,
    hidden: usize,
    layers: usize,
}

/// Longer than the threads of `PyTorch` wait actively for work.
const SETTLE: Duration = Duration::from_millis(250);

const SHAPES: [[usize; 5]; 5] = [
    [256, 60, 64, 128, 1],
    [256, 60, 111, 128, 2],
    [800, 20, 20, 64, 2],
    [32, 60, 5, 128, 2],
    [1, 60, 64, 128, 1],
];

impl Sizes {
    fn new([batch, length, features, hidden, layers]: [usize; 5]) -> Self {
        Self {
            batch,
            length,
            features,
            hidden,
            layers,
        }
    }

    fn list(self) -> [usize; 5] {
        [
            self.batch,
            self.length,
            self.features,
            self.hidden,
            self.layers,
        ]
    }

    /// Of the input.
    fn shape(self) -> [usize; 3] {
        [self.batch, self.length, self.features]
    }

    /// The call of one layer.
    fn layer(self, layer: usize) -> Shape {
        Shape {
            batch: self.batch,
            length: self.length,
            features: if layer == 0 {
                self.features
            } else {
                self.hidden
            },
            hidden: self.hidden,
        }
    }
}

fn parse_sizes(text: &str) -> Result<Sizes, String> {
    let sizes = text
        .split(',')
        .map(|size| size.trim().parse::<usize>().ok().filter(|&size| size > 0))
        .collect::<Option<Vec<_>>>()
        .and_then(|sizes| <[usize; 5]>::try_from(sizes).ok());
    sizes
        .map(Sizes::new)
        .ok_or_else(|| "five whole numbers above 0, as in 256,60,64,128,1".to_owned())
}

pub(crate) fn run(args: LstmArgs, global: &Global) -> anyhow::Result<ExitCode> {
    let selection = global.open_device()?;
    let shapes = if args.shapes.is_empty() {
        SHAPES.map(Sizes::new).to_vec()
    } else {
        args.shapes.clone()
    };
    let mut peer = args.peer.as_deref().map(Peer::start).transpose()?;
    let mut rows = Vec::new();
    for sizes in shapes {
        let on_cpu = selection.kind == Kind::Cpu;
        rows.push(row(sizes, &args, &selection.device, on_cpu, peer.as_mut())?);
    }
    if let Some(peer) = peer {
        peer.finish()?;
    }
    print_rows(global, &selection.name, &rows)?;
    Ok(ExitCode::SUCCESS)
}

/// One shape, everybody in turns.
fn row(
    sizes: Sizes,
    args: &LstmArgs,
    device: &Device,
    on_cpu: bool,
    mut peer: Option<&mut Peer>,
) -> anyhow::Result<Map<String, Value>> {
    let mut ours = Ours::new(sizes, device);
    let mut burn = (!args.without_burn).then(|| Burn::new(sizes, device));
    let mut times = Times::default();
    // Round 0 warms caches, pages and tuners up.
    for round in 0..=args.rounds {
        let mut taken = Times::default();
        taken.train.push(seconds(|| ours.train()));
        taken.infer.push(seconds(|| ours.infer()));
        taken
            .gathered
            .push(seconds(|| ours.score_gathered(sizes.layers)));
        taken
            .shared
            .push(seconds(|| ours.score_shared(sizes.layers)));
        if sizes.layers > 1 {
            taken
                .gathered_first
                .push(seconds(|| ours.score_gathered(1)));
            taken.shared_first.push(seconds(|| ours.score_shared(1)));
        }
        if on_cpu {
            let (train, infer) = products(sizes);
            taken.products_train.push(train);
            taken.products_infer.push(infer);
        }
        if let Some(burn) = &mut burn {
            taken.burn_train.push(seconds(|| burn.train()));
            taken.burn_infer.push(seconds(|| burn.infer()));
        }
        if let Some(peer) = &mut peer {
            let answer = peer.ask(sizes)?;
            taken.torch_train.extend(answer.train_s);
            taken.torch_infer.extend(answer.infer_s);
            // Its threads spin for a while before they sleep, on the cores that we need next.
            std::thread::sleep(SETTLE);
        }
        if round > 0 {
            times.extend(taken);
        }
    }
    Ok(times.row(sizes))
}

#[derive(Default)]
struct Times {
    train: Vec<f64>,
    infer: Vec<f64>,
    gathered: Vec<f64>,
    shared: Vec<f64>,
    gathered_first: Vec<f64>,
    shared_first: Vec<f64>,
    products_train: Vec<f64>,
    products_infer: Vec<f64>,
    burn_train: Vec<f64>,
    burn_infer: Vec<f64>,
    torch_train: Vec<f64>,
    torch_infer: Vec<f64>,
}

impl Times {
    fn extend(&mut self, other: Self) {
        self.train.extend(other.train);
        self.infer.extend(other.infer);
        self.gathered.extend(other.gathered);
        self.shared.extend(other.shared);
        self.gathered_first.extend(other.gathered_first);
        self.shared_first.extend(other.shared_first);
        self.products_train.extend(other.products_train);
        self.products_infer.extend(other.products_infer);
        self.burn_train.extend(other.burn_train);
        self.burn_infer.extend(other.burn_infer);
        self.torch_train.extend(other.torch_train);
        self.torch_infer.extend(other.torch_infer);
    }

    fn row(self, sizes: Sizes) -> Map<String, Value> {
        let (mut forward, mut backward) = (0.0, 0.0);
        for layer in 0..sizes.layers {
            let (one, other) = cpu::product_flops(sizes.layer(layer), layer > 0);
            forward += one;
            backward += other;
        }
        let optional = |seconds: Vec<f64>| (!seconds.is_empty()).then(|| median(seconds));
        let (train, infer) = (median(self.train), median(self.infer));
        let (gathered, shared) = (median(self.gathered), median(self.shared));
        let first = optional(self.gathered_first).zip(optional(self.shared_first));
        let (gathered_first, shared_first) = first.unwrap_or((gathered, shared));
        let products = optional(self.products_train);
        let products_infer = optional(self.products_infer);
        let (burn, burn_infer) = (optional(self.burn_train), optional(self.burn_infer));
        let (torch, torch_infer) = (optional(self.torch_train), optional(self.torch_infer));
        let ratio = |other: Option<f64>, own: f64| json!(other.map(|other| other / own));
        let saved: usize = (0..sizes.layers)
            .map(|layer| 4 * cpu::saved_len(Instructions::detect(), sizes.layer(layer)))
            .sum();
        let Value::Object(row) = json!({
            "shape": sizes.list(),
            "train_s": train,
            "infer_s": infer,
            "gflops_train": (forward + backward) / train / 1e9,
            "gflops_infer": forward / infer / 1e9,
            "products_share": products.map(|products| products / train),
            "products_share_infer": products_infer.map(|products| products / infer),
            "burn_train_s": burn,
            "burn_infer_s": burn_infer,
            "x_burn_train": ratio(burn, train),
            "x_burn_infer": ratio(burn_infer, infer),
            "torch_train_s": torch,
            "torch_infer_s": torch_infer,
            "x_torch_train": ratio(torch, train),
            "x_torch_infer": ratio(torch_infer, infer),
            "gathered_s": gathered,
            "shared_s": shared,
            "x_shared": gathered / shared,
            "x_shared_first_layer": gathered_first / shared_first,
            "saved_bytes": saved,
        }) else {
            unreachable!("an object was written")
        };
        row
    }
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

/// The matrix products of our kernel alone: (training step, inference).
fn products(sizes: Sizes) -> (f64, f64) {
    let instructions = Instructions::detect();
    let forward = seconds(|| {
        for layer in 0..sizes.layers {
            cpu::products(instructions, sizes.layer(layer), false, false);
        }
    });
    let backward = seconds(|| {
        for layer in 0..sizes.layers {
            cpu::products(instructions, sizes.layer(layer), true, layer > 0);
        }
    });
    (forward + backward, forward)
}

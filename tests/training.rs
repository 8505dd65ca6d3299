//! The step against plain arithmetic, the loop against its contract.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;

use burn::tensor::{Bool, Device, Tensor};
use emberline::checkpoint::{CheckpointError, load, steps_in};
use emberline::device::transfer::{self, to_host, traffic, upload};
use emberline::model::{Forecaster, ForecasterConfig, Weight};
use emberline::training::{
    Line, Optimiser, Outcome, Schedule, Silent, Trainer, TrainingConfig, TrainingError,
    clip_factor, global_norm, read_log, runs,
};
use emberline::windows::{Loader, Resident, Sample};

use super::toy::{Toy, bits, latest, noise};

/// Weight decay, rate and sizes of the optimiser's tests.
const DECAY: f64 = 0.1;
const RATE: f64 = 1e-2;

fn yes(answer: bool) -> Tensor<1, Bool> {
    upload(vec![f32::from(u8::from(answer))], [1], &Device::flex()).greater_scalar(0.5)
}

fn one() -> Tensor<1> {
    upload(vec![1.0], [1], &Device::flex())
}

fn matrix(values: &[f32]) -> Weight {
    Weight::Matrix(upload(values.to_vec(), [3, 5], &Device::flex()))
}

fn vector(values: &[f32]) -> Weight {
    Weight::Vector(upload(values.to_vec(), [7], &Device::flex()))
}

fn values(weight: &Weight) -> Vec<f32> {
    match weight {
        Weight::Matrix(weight) => to_host(weight.clone()),
        Weight::Vector(weight) => to_host(weight.clone()),
    }
}

fn two_weights() -> Vec<(String, Weight)> {
    vec![
        ("a".to_owned(), matrix(&noise(15, 1))),
        ("b".to_owned(), vector(&noise(7, 2))),
    ]
}

/// The textbook, in f64.
fn plain_adamw(weight: &[f32], gradients: &[Vec<f32>]) -> Vec<f64> {
    let mut weight: Vec<f64> = weight.iter().map(|&value| f64::from(value)).collect();
    let (mut first, mut second) = (vec![0.0; weight.len()], vec![0.0; weight.len()]);
    for (t, gradient) in (1..).zip(gradients) {
        for (at, &gradient) in gradient.iter().enumerate() {
            let gradient = f64::from(gradient);
            first[at] = 0.9 * first[at] + 0.1 * gradient;
            second[at] = 0.999 * second[at] + 0.001 * gradient * gradient;
            let (first, second) = (
                first[at] / (1.0 - 0.9_f64.powi(t)),
                second[at] / (1.0 - 0.999_f64.powi(t)),
            );
            weight[at] = weight[at] * (1.0 - RATE * DECAY) - RATE * first / (second.sqrt() + 1e-8);
        }
    }
    weight
}

#[test]
fn adamw_is_the_textbook_with_epsilon_1e_8_and_decay_on_every_weight() {
    let start = two_weights();
    let mut optimiser = Optimiser::new(&start, DECAY);
    let mut weights = start.clone();
    let mut gradients = [Vec::new(), Vec::new()];
    for step in 1..=20 {
        // Some gradients are as small as Burn's own epsilon, which would halve their updates.
        let scale = |values: Vec<f32>| -> Vec<f32> {
            values
                .iter()
                .enumerate()
                .map(|(at, value)| if at % 2 == 0 { *value } else { value * 1e-5 })
                .collect()
        };
        let (a, b) = (scale(noise(15, 100 + step)), scale(noise(7, 200 + step)));
        weights = optimiser.step(
            step,
            RATE,
            weights,
            vec![matrix(&a), vector(&b)],
            &one(),
            &yes(false),
        );
        gradients[0].push(a);
        gradients[1].push(b);
    }
    // 1 - 0.999^t in f32 is off by 6e-5 of itself, hence an update by 3e-5: 20 steps of 1e-2 sum to
    // 6e-6. The decay alone moves a weight of 1 by 2e-2, the other epsilon by 5e-2.
    for (((_, start), (_, weight)), gradients) in start.iter().zip(&weights).zip(&gradients) {
        let plain = plain_adamw(&values(start), gradients);
        for (value, plain) in values(weight).iter().zip(plain) {
            assert!((f64::from(*value) - plain).abs() < 1e-5, "{value} {plain}");
        }
    }
}

#[test]
fn a_skipped_step_changes_no_bit_even_where_gradients_are_not_numbers() {
    let start = two_weights();
    let mut optimiser = Optimiser::new(&start, DECAY);
    let good = || vec![matrix(&noise(15, 5)), vector(&noise(7, 6))];
    let weights = optimiser.step(1, RATE, start, good(), &one(), &yes(false));
    let moments = optimiser.moments();
    let bad = vec![matrix(&[f32::NAN; 15]), vector(&[f32::INFINITY; 7])];
    let after = optimiser.step(2, RATE, weights.clone(), bad, &one(), &yes(true));
    assert_eq!(optimiser.moments(), moments);
    for ((_, before), (_, after)) in weights.iter().zip(&after) {
        assert_eq!(values(before), values(after));
    }
}

#[test]
fn clipping_shortens_all_gradients_together() {
    let gradients = vec![matrix(&noise(15, 8)), vector(&noise(7, 9))];
    let all: Vec<f64> = gradients.iter().flat_map(values).map(f64::from).collect();
    let plain = all.iter().map(|value| value * value).sum::<f64>().sqrt();
    let norm = global_norm(&gradients);
    assert!((f64::from(to_host(norm.clone())[0]) - plain).abs() < 1e-6 * plain);
    for (clip_norm, expected) in [(plain * 0.25, 0.25), (plain * 4.0, 1.0)] {
        let factor = to_host(clip_factor(norm.clone(), clip_norm))[0];
        assert!(
            (f64::from(factor) - expected).abs() < 1e-6,
            "{factor} {expected}"
        );
    }
    assert_eq!(
        to_host(clip_factor(Tensor::zeros([1], &Device::flex()), 1.0)),
        [1.0],
        "no gradient at all"
    );

    // In the step, the factor multiplies every gradient.
    let start = two_weights();
    let (mut clipped, mut scaled) = (Optimiser::new(&start, DECAY), Optimiser::new(&start, DECAY));
    let quarter = upload(vec![0.25], [1], &Device::flex());
    clipped.step(
        1,
        RATE,
        start.clone(),
        gradients.clone(),
        &quarter,
        &yes(false),
    );
    let quartered: Vec<f32> = all.iter().map(|value| *value as f32 * 0.25).collect();
    let quartered = vec![matrix(&quartered[..15]), vector(&quartered[15..])];
    scaled.step(1, RATE, start, quartered, &one(), &yes(false));
    assert_eq!(clipped.moments(), scaled.moments());
}

#[test]
fn moments_must_be_exactly_those_of_the_weights() {
    let weights = two_weights();
    let device = Device::flex();
    let whole = Optimiser::new(&weights, DECAY).moments();
    let resume = |moments| Optimiser::from_moments(&weights, moments, DECAY, &device).map(|_| ());
    resume(whole.clone()).unwrap();
    assert!(
        matches!(resume(whole[..1].to_vec()), Err(CheckpointError::MissingMoment { name }) if name == "b.moment_1")
    );
    let mut extra = whole.clone();
    extra.push(emberline::checkpoint::Moments {
        path: "c".to_owned(),
        ..whole[1].clone()
    });
    assert!(
        matches!(resume(extra), Err(CheckpointError::ExtraMoment { name }) if name == "c.moment_1")
    );
    let mut misshapen = whole;
    misshapen[0].shape = vec![5, 3];
    assert!(matches!(
        resume(misshapen),
        Err(CheckpointError::MomentShape { .. })
    ));
}

#[test]
fn the_schedule_rises_in_a_line_and_falls_as_a_cosine() {
    let schedule = Schedule {
        peak: 2.0,
        warmup_steps: 10,
        total_steps: 110,
    };
    let rates: Vec<f64> = (0..110).map(|step| schedule.rate(step)).collect();
    assert!((rates[0] - 0.2).abs() < 1e-12 && (rates[9] - 2.0).abs() < 1e-12);
    assert!(rates[..10].is_sorted() && rates[10..].is_sorted_by(|left, right| left >= right));
    let plain = 1.0 + (std::f64::consts::PI * 0.25).cos();
    assert!((rates[35] - plain).abs() < 1e-12);
    assert!(rates[109] > 0.0 && rates[109] < 1e-3);
    let none = Schedule {
        warmup_steps: 0,
        ..schedule
    };
    assert!((none.rate(0) - 2.0).abs() < 1e-12);
    let only_warmup = Schedule {
        warmup_steps: 500,
        ..schedule
    };
    assert!((only_warmup.rate(109) - 2.0 * 110.0 / 500.0).abs() < 1e-12);
}

fn train_losses(run_dir: &Path) -> Vec<f64> {
    let lines = read_log(&run_dir.join("log.jsonl")).unwrap();
    lines
        .iter()
        .filter_map(|line| match line {
            Line::Epoch { train_loss, .. } => Some(train_loss.get()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_learnable_problem_is_learnt() {
    let mut toy = Toy::new();
    toy.config.epochs = 40;
    toy.config.learning_rate = 2e-2;
    toy.config.patience = 40;
    let folder = tempfile::tempdir().unwrap();
    toy.train_whole(folder.path()).unwrap();
    let losses = train_losses(folder.path());
    assert!(losses[39] < 0.2 * losses[0], "{losses:?}");
    let best = latest(folder.path()).manifest.state.best.unwrap();
    assert!(best.value.get() < 0.2 * losses[0], "{best:?}");
}

/// `tests/golden/training_curve.json`, made by `training_curve.py` beside it.
#[derive(serde::Deserialize)]
struct Golden {
    features: Vec<f32>,
    labels: Vec<f32>,
    weights: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    losses: Vec<f32>,
    gradient_norms: Vec<f32>,
    #[serde(rename = "final")]
    end: BTreeMap<String, Vec<f32>>,
}

#[test]
fn the_loss_curve_is_pytorchs() {
    let golden: Golden = serde_json::from_str(include_str!("golden/training_curve.json")).unwrap();
    let device = Device::flex();
    let (bars, steps_per_epoch) = (golden.labels.len(), 8);
    let resident = Rc::new(Resident {
        features: vec![upload(golden.features, [1, bars, 3], &device)],
        labels: vec![upload(golden.labels, [1, bars, 1], &device)],
        places: vec![(0, 0)],
    });
    let samples = (4..68).map(|last| Sample { series: 0, last }).collect();
    let epoch = Loader::new(resident, samples, 5, 8).sequential();
    let model = ForecasterConfig {
        hidden: 6,
        layers: 2,
        dropout: 0.0,
        ..Default::default()
    };
    let weights = golden
        .weights
        .into_iter()
        .map(|(path, (shape, values))| (path, shape, values));
    let model = Forecaster::from_weights(&model, weights.collect(), &device).unwrap();
    let config = TrainingConfig {
        weight_decay: 0.1,
        clip_norm: 0.5,
        ..Default::default()
    };
    let total = golden.losses.len();
    let schedule = Schedule {
        peak: 3e-2,
        warmup_steps: 4,
        total_steps: total as u64,
    };
    assert!(
        golden.gradient_norms.iter().any(|&norm| norm > 0.5),
        "some are clipped"
    );
    assert!(
        golden.gradient_norms.iter().any(|&norm| norm < 0.5),
        "some are not"
    );

    let mut trainer = Trainer::new(model, &config, &device);
    for step in 0..total {
        trainer.step(
            epoch.batch(step % steps_per_epoch),
            step as u64 + 1,
            schedule.rate(step as u64),
        );
        let reading = trainer.read();
        trainer.clear_loss();
        // Both sides round to f32 in another order. A step without clip, decay, warm-up or with
        // Burn's epsilon moves the curve by more than 1e-3.
        let (loss, norm) = (golden.losses[step], golden.gradient_norms[step]);
        assert!(
            (reading.loss_sum - loss).abs() < 1e-4,
            "step {step}: {} {loss}",
            reading.loss_sum
        );
        assert!(
            (reading.gradient_norm - norm).abs() < 2e-4,
            "step {step}: {} {norm}",
            reading.gradient_norm
        );
    }
    for (path, _, values) in trainer.to_host().0 {
        for (value, golden) in values.iter().zip(&golden.end[&path]) {
            assert!((value - golden).abs() < 1e-3, "{path}: {value} {golden}");
        }
    }
}

#[test]
fn a_label_that_is_no_number_stops_the_run_and_names_the_step() {
    let mut toy = Toy::new();
    toy.bad_bar = Some(40);
    toy.config.log_every = 1000;
    toy.config.checkpoint_every = 1;
    let (train, _) = toy.loaders();
    let epoch = train.shuffled(toy.config.seed, 0);
    let sample = train
        .samples()
        .iter()
        .position(|sample| sample.last == 40)
        .unwrap() as u32;
    let at = epoch.order().iter().position(|&row| row == sample).unwrap();
    let expected = (0..epoch.len())
        .find(|&step| epoch.rows(step).contains(&at))
        .unwrap() as u64
        + 1;

    let folder = tempfile::tempdir().unwrap();
    let error = toy.train_whole(folder.path()).unwrap_err();
    let TrainingError::NotFinite { step, last_good } = &error else {
        panic!("{error}")
    };
    assert_eq!(*step, expected);
    assert!(
        error.to_string().contains(&format!("step {expected}")),
        "{error}"
    );
    assert!(!error.is_refusal(), "exit code 1");
    let good: Vec<u64> = steps_in(folder.path()).unwrap();
    assert!(good.iter().all(|&good| good < expected), "{good:?}");
    assert_eq!(last_good.is_some(), expected > 1);
    if expected > 1 {
        let checkpoint = latest(folder.path());
        assert_eq!(checkpoint.manifest.state.step, expected - 1);
        assert!(
            checkpoint
                .weights
                .iter()
                .all(|(_, _, values)| values.iter().all(|value| value.is_finite()))
        );
    }
    assert_eq!(
        runs::read(folder.path()).unwrap().status,
        runs::Status::Failed
    );
}

#[test]
fn from_the_first_bad_step_on_nothing_changes() {
    let mut toy = Toy::new();
    let (good, _) = toy.loaders();
    toy.bad_bar = Some(40);
    let (bad, _) = toy.loaders();
    let mut trainer = Trainer::new(toy.model(), &toy.config, &Device::flex());
    let (good, bad) = (good.shuffled(1, 0), bad.sequential());
    for step in 0..3 {
        trainer.step(good.batch(step), step as u64 + 1, 1e-2);
    }
    let before = trainer.to_host();
    let sum = trainer.read().loss_sum;
    assert_eq!(trainer.read().first_bad_step, None);
    // Bar 40 is the label of sample 36: batch 4 of the samples' own order.
    trainer.step(bad.batch(4), 4, 1e-2);
    trainer.step(good.batch(5), 5, 1e-2);
    trainer.step(bad.batch(4), 6, 1e-2);
    assert_eq!(trainer.read().first_bad_step, Some(4));
    assert_eq!(trainer.read().loss_sum, sum);
    assert_eq!(trainer.to_host(), before);
}

#[test]
fn nothing_comes_down_inside_a_step() {
    const CHILD: &str = "EMBERLINE_TEST_QUIET_STEPS";
    // The counters are the process's: other tests read back at the same time.
    if std::env::var_os(CHILD).is_none() {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "training::nothing_comes_down_inside_a_step"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        assert!(
            child.status.success(),
            "{}",
            String::from_utf8_lossy(&child.stdout)
        );
        return;
    }
    let toy = Toy::new();
    let (train, _) = toy.loaders();
    let mut trainer = Trainer::new(toy.model(), &toy.config, &Device::flex());
    let epoch = train.shuffled(1, 0);
    let before = traffic();
    for step in 0..epoch.len() {
        trainer.step(epoch.batch(step), step as u64 + 1, 1e-2);
    }
    assert_eq!(traffic().since(before), transfer::Traffic::default());
    trainer.read();
    assert_eq!(
        traffic().since(before).bytes_down,
        12,
        "two sums and a step"
    );

    let folder = tempfile::tempdir().unwrap();
    let outcome = toy.train_whole(folder.path()).unwrap();
    let traffic = outcome.summary().traffic;
    assert_eq!(traffic.step_bytes_down, 0);
    assert!(
        traffic.validation_bytes_down > 0
            && traffic.checkpoint_bytes_down > 0
            && traffic.log_bytes_down > 0
    );
    assert_eq!(
        traffic.loop_bytes_down,
        traffic.validation_bytes_down + traffic.checkpoint_bytes_down + traffic.log_bytes_down
    );
    assert!(traffic.bytes_down >= traffic.loop_bytes_down);
}

#[test]
fn a_run_folder_holds_what_it_should() {
    let toy = Toy::new();
    let folder = tempfile::tempdir().unwrap();
    toy.train_whole(folder.path()).unwrap();
    let lines = read_log(&folder.path().join("log.jsonl")).unwrap();
    let steps: Vec<u64> = lines
        .iter()
        .filter_map(|line| {
            if let Line::Step { step, .. } = line {
                Some(*step)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(steps, (1..=12).map(|line| 2 * line).collect::<Vec<u64>>());
    let epochs: Vec<(u64, u64)> = lines
        .iter()
        .filter_map(|line| {
            if let Line::Epoch { step, epoch, .. } = line {
                Some((*step, *epoch))
            } else {
                None
            }
        })
        .collect();
    assert_eq!(epochs, [(8, 1), (16, 2), (24, 3)]);
    let Line::Epoch { validation, .. } = &lines[lines.len() - 1] else {
        panic!("{lines:?}")
    };
    assert!(validation.contains_key("validation_loss") && validation.contains_key("ic_ts"));

    // checkpoint_every = 3, but an epoch's end writes its own: 21 and 24 and the best are left.
    let kept = steps_in(folder.path()).unwrap();
    let best = load(&folder.path().join("best")).unwrap().manifest.state;
    assert!(kept.ends_with(&[18, 21, 24]), "{kept:?}");
    assert_eq!(best.best.as_ref().unwrap().step, best.step);

    let picture = std::fs::read_to_string(folder.path().join("loss.svg")).unwrap();
    for text in [
        "<svg",
        "training",
        "validation",
        "step",
        "mean loss of a batch",
    ] {
        assert!(picture.contains(text), "{text}");
    }

    let record = runs::read(folder.path()).unwrap();
    assert_eq!(record.status, runs::Status::Finished);
    assert_eq!((record.step, record.total_steps), (24, 24));
}

#[test]
fn a_metric_that_validation_does_not_give_is_refused_before_the_first_step() {
    let mut toy = Toy::new();
    let folder = tempfile::tempdir().unwrap();
    toy.config.metric = "ic_cs".to_owned();
    let error = toy.train_whole(folder.path()).unwrap_err();
    assert!(error.is_refusal());
    assert!(error.hint().unwrap().contains("validation_loss"), "{error}");
    assert!(steps_in(folder.path()).unwrap().is_empty());
}

#[test]
fn patience_ends_a_run_that_no_longer_improves() {
    let mut toy = Toy::new();
    toy.config.epochs = 30;
    toy.config.patience = 2;
    toy.config.learning_rate = 1e-12;
    // Such steps change no f32: the second epoch is no better than the first.
    let folder = tempfile::tempdir().unwrap();
    let outcome = toy.train_whole(folder.path()).unwrap();
    assert!(matches!(outcome, Outcome::StoppedEarly(_)), "{outcome:?}");
    let state = latest(folder.path()).manifest.state;
    assert_eq!(state.epoch, state.best.as_ref().unwrap().epoch + 2);
    assert_eq!(
        runs::read(folder.path()).unwrap().status,
        runs::Status::StoppedEarly
    );
    // Resumed without more epochs it stays stopped.
    let before = bits(&latest(folder.path()));
    let outcome = toy
        .train(
            folder.path(),
            Some(latest(folder.path())),
            &mut Silent,
            &Default::default(),
        )
        .unwrap();
    assert!(matches!(outcome, Outcome::StoppedEarly(_)));
    assert_eq!(bits(&latest(folder.path())), before);
}

#[test]
fn settings_out_of_bounds_name_key_value_and_rule() {
    let changes: [fn(&mut TrainingConfig); 6] = [
        |config| config.epochs = 0,
        |config| config.batch_size = 0,
        |config| config.learning_rate = -1.0,
        |config| config.learning_rate = f64::NAN,
        |config| config.clip_norm = 0.0,
        |config| config.weight_decay = -0.5,
    ];
    TrainingConfig::default().validate().unwrap();
    for change in changes {
        let mut config = TrainingConfig::default();
        change(&mut config);
        let error = config.validate().unwrap_err();
        assert!(
            error.is_refusal() && error.to_string().starts_with("training."),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("--set training."), "{error}");
    }
}

#[test]
fn a_metric_that_there_is_none_of_is_refused_with_the_nearest_name() {
    let config = TrainingConfig {
        metric: "val_loss".to_owned(),
        ..TrainingConfig::default()
    };
    let error = config.validate().unwrap_err();
    assert!(error.is_refusal());
    assert!(error.hint().unwrap().contains("validation_loss"), "{error}");
    let config = TrainingConfig {
        metric: "ic_ts_12".to_owned(),
        ..config
    };
    config.validate().unwrap();
}

#[test]
fn runs_are_listed_and_compared() {
    let mut toy = Toy::new();
    let folder = tempfile::tempdir().unwrap();
    toy.train_until(&folder.path().join("a"), None, 10);
    toy.config.seed += 1;
    toy.train_whole(&folder.path().join("b")).unwrap();
    std::fs::create_dir(folder.path().join("no_run")).unwrap();
    std::fs::create_dir_all(folder.path().join("broken/step-1")).unwrap();
    let listed = runs::list(folder.path()).unwrap();
    let names: Vec<&str> = listed
        .iter()
        .map(|(path, _)| path.file_name().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(names, ["a", "b", "broken"]);
    let (a, b) = (listed[0].1.as_ref().unwrap(), listed[1].1.as_ref().unwrap());
    assert_eq!(
        (a.status, b.status),
        (runs::Status::Unfinished, runs::Status::Finished)
    );
    assert!(listed[2].1.is_err());
    let comparison = runs::compare(a, b);
    assert!(comparison.settings.is_empty(), "{comparison:?}");
    let [left, right] = comparison.metrics["validation_loss"];
    assert!(left.unwrap() > right.unwrap(), "more epochs, better");
    assert!(
        runs::list(&folder.path().join("nowhere"))
            .unwrap()
            .is_empty()
    );
}

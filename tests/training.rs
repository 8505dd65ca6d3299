//! The loop against its contract: what it learns, logs, keeps, refuses and how it ends.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use burn::tensor::Device;
use emberline::checkpoint::{load, steps_in};
use emberline::device::transfer::{self, traffic};
use emberline::training::{
    Line, Outcome, Silent, Trainer, TrainingConfig, TrainingError, read_log, runs,
};

use super::toy::{Toy, bits, latest};

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
    assert_eq!(trainer.read().loss_sum.to_bits(), sum.to_bits());
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

    let dots = picture.matches("<circle").count();
    assert_eq!(dots, steps.len() + epochs.len(), "one for each number");

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
            &Arc::default(),
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

//! Going on from a checkpoint takes the same way, bit for bit, as never having stopped.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use emberline::checkpoint::{Want, load, load_or_previous, resolve, steps_in};
use emberline::training::{Outcome, Progress, Silent, TrainingError};

use super::toy::{Toy, bits, latest, log_without_times};

fn assert_same_run(left: &Path, right: &Path) {
    assert_eq!(bits(&latest(left)), bits(&latest(right)));
    assert_eq!(log_without_times(left), log_without_times(right));
}

#[test]
fn ten_and_ten_steps_are_twenty_across_an_epoch_edge() {
    let mut toy = Toy::new();
    toy.config.epochs = 5;
    let folder = tempfile::tempdir().unwrap();
    let (whole, halves) = (folder.path().join("whole"), folder.path().join("halves"));
    // 8 steps an epoch: both stops lie inside an epoch, one edge between them.
    toy.train_until(&whole, None, 20);
    let outcome = toy.train_until(&halves, None, 10);
    assert!(matches!(outcome, Outcome::Interrupted { signal: 2, .. }));
    assert_eq!(latest(&halves).manifest.state.position, 2);
    toy.train_until(&halves, Some(latest(&halves)), 20);
    assert_eq!(latest(&halves).manifest.state.step, 20);
    assert_same_run(&whole, &halves);
    // The test sees a difference where there is one.
    let elsewhere = folder.path().join("elsewhere");
    toy.config.seed += 1;
    toy.train_until(&elsewhere, None, 20);
    assert_ne!(bits(&latest(&whole)).0, bits(&latest(&elsewhere)).0);
}

#[test]
fn stops_at_any_step_change_nothing() {
    let toy = Toy::new();
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    assert!(matches!(
        toy.train_whole(&whole).unwrap(),
        Outcome::Finished(_)
    ));
    // At a line of the log, beside one, at a checkpoint, at an epoch's last step (its validation is
    // cut short), at its first, at the very last step.
    for stops in [
        vec![1, 5, 6],
        vec![8, 9],
        vec![7, 16, 23],
        vec![2, 3, 4, 24],
    ] {
        let pieces = folder.path().join(format!("{stops:?}"));
        let mut checkpoint = None;
        for &stop in &stops {
            let outcome = toy.train_until(&pieces, checkpoint, stop);
            assert_eq!(outcome.summary().state.step, stop, "{stops:?}");
            checkpoint = Some(latest(&pieces));
        }
        toy.train(&pieces, checkpoint, &mut Silent, &Arc::default())
            .unwrap();
        assert_same_run(&whole, &pieces);
    }
}

/// Slow enough that a parent can kill between two checkpoints.
struct Slow;

impl Progress for Slow {
    fn step(&mut self, _: u64) {
        std::thread::sleep(Duration::from_millis(15));
    }
}

#[test]
fn a_killed_run_goes_on_exactly() {
    const CHILD: &str = "EMBERLINE_TEST_KILLED_RUN";
    let mut toy = Toy::new();
    toy.config.epochs = 4;
    if let Some(run_dir) = std::env::var_os(CHILD) {
        toy.train(Path::new(&run_dir), None, &mut Slow, &Arc::default())
            .unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    toy.train_whole(&whole).unwrap();
    for (name, checkpoints_before) in [("early", 1), ("late", 4)] {
        let killed = folder.path().join(name);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "resume::a_killed_run_goes_on_exactly"])
            .env(CHILD, &killed)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        let log_lines = || {
            std::fs::read_to_string(killed.join("log.jsonl"))
                .unwrap_or_default()
                .lines()
                .count()
        };
        while log_lines() < 3 * checkpoints_before {
            assert!(
                began.elapsed() < Duration::from_mins(1),
                "the child does not train"
            );
            assert!(
                child.try_wait().unwrap().is_none(),
                "the child ended by itself"
            );
            std::thread::sleep(Duration::from_millis(3));
        }
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        let checkpoint = load(&resolve(&killed, Want::Latest).unwrap()).unwrap();
        assert!(
            checkpoint.manifest.state.epoch < 4,
            "killed too late to test anything"
        );
        toy.train(&killed, Some(checkpoint), &mut Silent, &Arc::default())
            .unwrap();
        assert_same_run(&whole, &killed);
    }
}

#[test]
fn going_back_to_an_earlier_checkpoint_puts_later_ones_aside() {
    let mut toy = Toy::new();
    toy.keep = 10;
    let folder = tempfile::tempdir().unwrap();
    let (whole, back) = (folder.path().join("whole"), folder.path().join("back"));
    toy.train_whole(&whole).unwrap();
    toy.train_whole(&back).unwrap();
    let newest = *steps_in(&back).unwrap().last().unwrap();
    std::fs::write(
        back.join(format!("step-{newest}/model.safetensors")),
        b"cut",
    )
    .unwrap();
    let (checkpoint, passed) = load_or_previous(&resolve(&back, Want::Latest).unwrap()).unwrap();
    assert_eq!(passed.len(), 1);
    assert!(checkpoint.manifest.state.step < newest);
    toy.train(&back, Some(checkpoint), &mut Silent, &Arc::default())
        .unwrap();
    assert!(back.join(format!("superseded-step-{newest}")).is_dir());
    assert_same_run(&whole, &back);
    assert_eq!(
        std::fs::read_link(whole.join("best")).unwrap(),
        std::fs::read_link(back.join("best")).unwrap()
    );
}

#[derive(Default)]
struct Lines(Vec<String>);

impl Progress for Lines {
    fn line(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }
}

#[test]
fn more_epochs_are_a_changed_schedule_and_said() {
    let mut toy = Toy::new();
    let folder = tempfile::tempdir().unwrap();
    toy.train_whole(folder.path()).unwrap();
    assert_eq!(latest(folder.path()).manifest.state.step, 24);
    toy.config.epochs = 5;
    let mut lines = Lines::default();
    let outcome = toy
        .train(
            folder.path(),
            Some(latest(folder.path())),
            &mut lines,
            &Arc::default(),
        )
        .unwrap();
    assert!(matches!(outcome, Outcome::Finished(_)));
    assert_eq!(latest(folder.path()).manifest.state.step, 40);
    assert!(
        lines
            .0
            .iter()
            .any(|line| line.contains("5 epochs instead of 3")),
        "{:?}",
        lines.0
    );
}

#[test]
fn a_finished_run_resumed_stays_as_it_is() {
    let toy = Toy::new();
    let folder = tempfile::tempdir().unwrap();
    toy.train_whole(folder.path()).unwrap();
    let (before, log) = (
        latest(folder.path()),
        std::fs::read(folder.path().join("log.jsonl")).unwrap(),
    );
    toy.train(
        folder.path(),
        Some(before.clone()),
        &mut Silent,
        &Arc::default(),
    )
    .unwrap();
    assert_eq!(latest(folder.path()), before);
    assert_eq!(std::fs::read(folder.path().join("log.jsonl")).unwrap(), log);
}

#[test]
fn another_number_of_steps_per_epoch_is_refused() {
    let mut toy = Toy::new();
    let folder = tempfile::tempdir().unwrap();
    toy.train_until(folder.path(), None, 5);
    toy.config.batch_size = 16;
    let error = toy
        .train(
            folder.path(),
            Some(latest(folder.path())),
            &mut Silent,
            &Arc::default(),
        )
        .unwrap_err();
    assert!(
        matches!(error, TrainingError::StepsPerEpoch { was: 8, now: 4 }),
        "{error}"
    );
    assert!(error.is_refusal());
}

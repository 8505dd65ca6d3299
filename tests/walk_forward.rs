//! Folds, and the runs of a walk: where spans lie, that nothing crosses them, and that a walk is only
//! a faster way to make the same runs.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use emberline::checkpoint::{Want, load, resolve};
use emberline::device::{Selection, select};
use emberline::run::ledger::{Look, looks, record};
use emberline::run::{
    self, Fold, FoldResult, Pooled, RunConfig, RunError, Survey, Walk, WalkEvent, WalkOptions,
};
use emberline::training::Silent;
use emberline::windows::{Sample, Split};

/// The sample that comes with the program, thinned so that an epoch takes a moment.
fn config(settings: &[&str]) -> RunConfig {
    let small = [
        "windows.length=12",
        "windows.stride=40",
        "target.horizons=1,4",
        "model.hidden=8",
        "training.epochs=2",
        "training.batch_size=64",
        "data.days=20",
    ];
    let settings: Vec<String> = small
        .iter()
        .chain(settings)
        .map(|setting| (*setting).to_owned())
        .collect();
    RunConfig::load(Some("demo"), &settings).unwrap()
}

fn survey(settings: &[&str]) -> Survey {
    run::survey(config(settings)).unwrap()
}

fn cpu() -> Selection {
    select("cpu", None).unwrap()
}

fn walk_in(
    survey: &Survey,
    run_dir: &Path,
    jobs: usize,
    stop: &Arc<AtomicUsize>,
    on: &(dyn Fn(WalkEvent<'_>) + Sync),
) -> Walk {
    let folds = run::folds(survey).unwrap();
    let device = cpu();
    let inputs = run::inputs(survey, &survey.set, &device.device).unwrap();
    run::walk(
        &folds,
        &inputs,
        &device,
        &WalkOptions {
            run_dir,
            jobs,
            stop: Arc::clone(stop),
            on,
        },
    )
    .unwrap()
}

fn finished(walk: Walk) -> Vec<FoldResult> {
    match walk {
        Walk::Finished(results) => results,
        Walk::Interrupted(signal) => panic!("interrupted by {signal}"),
    }
}

fn whole_walk(survey: &Survey, run_dir: &Path, jobs: usize) -> Vec<FoldResult> {
    finished(walk_in(survey, run_dir, jobs, &Arc::default(), &|_| {}))
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Open of a window's last bar, of its first bar, and of the bar on which its longest target ends.
fn times(survey: &Survey, sample: Sample) -> (i64, i64, i64) {
    let time = &survey.bars.series[sample.series as usize].time;
    let last = sample.last as usize;
    let ahead = survey.config.target.longest_exit_offset_bars();
    (
        time[last],
        time[last + 1 - survey.config.windows.length],
        time[last + ahead],
    )
}

fn span(fold: &Fold, split: Split) -> (i64, i64) {
    let total = fold.survey.plan.total(split);
    (total.first.unwrap(), total.last.unwrap())
}

#[test]
fn test_spans_follow_each_other_and_cover_the_end() {
    let survey = survey(&["walk_forward.folds=4", "windows.stride=1"]);
    let folds = run::folds(&survey).unwrap();
    assert_eq!(folds.len(), 4);
    let windows: Vec<usize> = folds
        .iter()
        .map(|fold| fold.survey.plan.test.len())
        .collect();
    let most = windows.iter().max().unwrap();
    let symbols = survey.bars.series.len();
    for count in &windows {
        assert!(most - count <= 2 * symbols, "unequal spans: {windows:?}");
    }
    for pair in folds.windows(2) {
        let (before, after) = (span(&pair[0], Split::Test), span(&pair[1], Split::Test));
        assert!(before.1 < after.0, "test spans overlap");
        assert_eq!(
            after.0 - before.1,
            survey.bars.interval_ns,
            "a hole between test spans"
        );
    }
    // no window is tested twice, and none behind the start is left out
    let tested: usize = windows.iter().sum();
    let first = span(&folds[0], Split::Test).0;
    let legal = run::folds(&survey).unwrap()[0]
        .survey
        .plan
        .legal
        .iter()
        .map(|one| one.windows)
        .sum::<usize>();
    let share = tested as f64 / legal as f64;
    assert!(
        (share - 0.5).abs() < 0.01,
        "{share} of the windows are tested from {first}"
    );
}

#[test]
fn nothing_that_trains_or_validates_reaches_into_what_comes_behind_it() {
    for mode in ["expanding", "rolling", "purged_kfold"] {
        let mode = format!("walk_forward.mode={mode}");
        let survey = survey(&["walk_forward.folds=3", "windows.stride=1", &mode]);
        for fold in run::folds(&survey).unwrap() {
            let plan = &fold.survey.plan;
            let test = span(&fold, Split::Test);
            let validation = span(&fold, Split::Validation);
            for sample in &plan.train {
                let (last, first_bar, exit) = times(&fold.survey, *sample);
                let is_before = last < plan.cuts.train_end_ns && exit < validation.0;
                let is_behind = first_bar > test.1 && last > test.1;
                assert!(
                    is_before || is_behind,
                    "{mode}, fold {}: {sample:?}",
                    fold.number
                );
            }
            for sample in &plan.validation {
                let (last, _, exit) = times(&fold.survey, *sample);
                assert!(
                    last >= plan.cuts.train_end_ns && exit < test.0,
                    "{mode}: {sample:?}"
                );
            }
            // the scaler sees the training span and nothing else
            for (rows, series) in plan
                .training_rows(&survey.bars)
                .iter()
                .zip(&survey.bars.series)
            {
                for (fits, &time) in rows.iter().zip(&series.time) {
                    assert!(!fits || time < validation.0 || time > test.1);
                }
            }
        }
    }
}

#[test]
fn modes_train_on_what_they_say() {
    let of = |mode: &str| {
        let mode = format!("walk_forward.mode={mode}");
        run::folds(&survey(&[
            "walk_forward.folds=3",
            "windows.stride=1",
            &mode,
        ]))
        .unwrap()
    };
    let count = |folds: &[Fold]| -> Vec<usize> {
        folds
            .iter()
            .map(|fold| fold.survey.plan.train.len())
            .collect()
    };
    let (expanding, rolling, around) = (of("expanding"), of("rolling"), of("purged_kfold"));
    let (grows, rolls, all) = (count(&expanding), count(&rolling), count(&around));
    assert!(grows.windows(2).all(|pair| pair[0] < pair[1]), "{grows:?}");
    let spread = rolls.iter().max().unwrap() - rolls.iter().min().unwrap();
    assert!(spread * 50 < rolls[0], "{rolls:?}");
    assert_eq!(rolls[0], grows[0]);
    assert!(span(&rolling[1], Split::Train).0 > span(&rolling[0], Split::Train).0);
    assert!(all[0] > grows[0] && all[1] > grows[1], "{all:?} {grows:?}");
    assert_eq!(all[2], grows[2], "nothing lies behind the last test span");
}

#[test]
fn an_embargo_that_is_too_short_is_refused() {
    let mut config = run::folds(&survey(&["walk_forward.mode=purged_kfold"])).unwrap()[0]
        .survey
        .config
        .clone();
    let least = config.windows.length + config.target.longest_exit_offset_bars();
    for (embargo, is_enough) in [(least - 1, false), (least, true)] {
        config.splits.embargo = embargo;
        let planned = run::survey(config.clone());
        assert_eq!(planned.is_ok(), is_enough, "{embargo} bars");
        if let Err(error) = planned {
            assert!(error.to_string().contains("splits.embargo"), "{error}");
        }
    }
}

#[test]
fn a_fold_is_the_run_that_train_makes_of_its_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let survey = survey(&["walk_forward.folds=2", "walk_forward.seeds=2"]);
    let results = whole_walk(&survey, &folder.path().join("walk"), 2);
    let fold = &results[1].fold;
    let mut alone = config(&[]);
    alone.splits = fold.survey.config.splits.clone();
    alone.walk_forward = survey.config.walk_forward.clone();
    alone.training.seed = results[1].runs[1].job.seed;
    let alone = run::survey(alone).unwrap();
    let device = cpu();
    let prepared = run::prepare(&alone, &device.device, None).unwrap();
    let run_dir = folder.path().join("alone");
    run::train(
        &alone,
        prepared,
        &device,
        &run_dir,
        Arc::default(),
        &mut Silent,
    )
    .unwrap();
    let weights = |run_dir: &Path| {
        let best = load(&resolve(run_dir, Want::Best).unwrap()).unwrap();
        best.weights
            .iter()
            .map(|(name, _, values)| (name.clone(), bits(values)))
            .collect::<Vec<_>>()
    };
    assert_eq!(weights(&run_dir), weights(&results[1].runs[1].run_dir));
    assert_ne!(
        weights(&run_dir),
        weights(&results[1].runs[0].run_dir),
        "seeds differ"
    );
}

#[test]
fn runs_side_by_side_give_the_same_forecasts_as_one_behind_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let survey = survey(&["walk_forward.folds=2", "walk_forward.seeds=2"]);
    let one = whole_walk(&survey, &folder.path().join("one"), 1);
    let two = whole_walk(&survey, &folder.path().join("two"), 2);
    let (one, two) = (Pooled::test(&one), Pooled::test(&two));
    assert_eq!(one.seeds, two.seeds);
    assert_eq!(one.outcomes.samples, two.outcomes.samples);
    for (one, two) in one.runs.iter().zip(&two.runs) {
        assert_eq!(bits(&one.forecasts), bits(&two.forecasts));
    }
    let names: Vec<&str> = one
        .baselines
        .iter()
        .map(|baseline| baseline.name.as_str())
        .collect();
    assert_eq!(names[..3], ["zero", "minus last return", "ridge"]);
    let measured = one.measure(&survey, None, &cpu().device);
    assert_eq!(measured.num_windows, one.outcomes.samples.len());
}

#[test]
fn an_interrupted_walk_goes_on_to_the_same_forecasts() {
    let folder = tempfile::tempdir().unwrap();
    let survey = survey(&["walk_forward.folds=2", "walk_forward.seeds=2"]);
    let whole = whole_walk(&survey, &folder.path().join("whole"), 1);
    let pieces = folder.path().join("pieces");
    // stops inside the first run, then inside a later one, then goes to the end
    for most in [3, 20] {
        let stop = Arc::new(AtomicUsize::new(0));
        let steps = AtomicUsize::new(0);
        let walked = walk_in(&survey, &pieces, 1, &stop, &|event| {
            if let WalkEvent::Step(..) = event
                && steps.fetch_add(1, Ordering::Relaxed) + 1 == most
            {
                stop.store(15, Ordering::Relaxed);
            }
        });
        assert!(matches!(walked, Walk::Interrupted(15)));
    }
    let trained = AtomicUsize::new(0);
    let rest = finished(walk_in(&survey, &pieces, 1, &Arc::default(), &|event| {
        if let WalkEvent::Step(..) = event {
            trained.fetch_add(1, Ordering::Relaxed);
        }
    }));
    let all_steps: u64 = whole
        .iter()
        .flat_map(|fold| &fold.runs)
        .map(|run| run.state.step)
        .sum();
    assert_eq!(
        trained.load(Ordering::Relaxed) as u64,
        all_steps - 23,
        "steps are not taken twice"
    );
    for (whole, rest) in Pooled::test(&whole)
        .runs
        .iter()
        .zip(&Pooled::test(&rest).runs)
    {
        assert_eq!(bits(&whole.forecasts), bits(&rest.forecasts));
    }
}

#[test]
fn a_warm_start_begins_where_the_fold_before_ended() {
    let folder = tempfile::tempdir().unwrap();
    let anew = survey(&["walk_forward.folds=2"]);
    let warm = survey(&["walk_forward.folds=2", "walk_forward.warm_start=true"]);
    let anew = whole_walk(&anew, &folder.path().join("anew"), 1);
    let warm = whole_walk(&warm, &folder.path().join("warm"), 1);
    assert_eq!(
        bits(&anew[0].runs[0].test.forecasts),
        bits(&warm[0].runs[0].test.forecasts)
    );
    assert_ne!(
        bits(&anew[1].runs[0].test.forecasts),
        bits(&warm[1].runs[0].test.forecasts)
    );
    let first_loss = |results: &[FoldResult]| results[1].runs[0].state.metrics[0].train_loss.get();
    assert!(
        first_loss(&warm) < first_loss(&anew),
        "{} {}",
        first_loss(&warm),
        first_loss(&anew)
    );
    let settings = [
        "walk_forward.warm_start=true".to_owned(),
        "walk_forward.mode=purged_kfold".to_owned(),
    ];
    let error = RunConfig::load(Some("demo"), &settings).unwrap_err();
    assert!(error.to_string().contains("seen its test span"), "{error}");
}

#[test]
fn a_folder_keeps_to_its_walk() {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = folder.path().join("walk");
    let first = survey(&[]);
    run::claim_walk(&first, &run_dir).unwrap();
    run::claim_walk(&first, &run_dir).unwrap();
    let other = survey(&["training.epochs=3"]);
    let error = run::claim_walk(&other, &run_dir).unwrap_err();
    assert!(
        error.to_string().contains("training.epochs was 2, is 3"),
        "{error}"
    );
}

#[test]
fn too_many_folds_are_refused_by_name() {
    let error = run::folds(&survey(&["walk_forward.folds=1000", "data.days=2"])).unwrap_err();
    assert!(
        matches!(error, RunError::EmptyFold { folds: 1000, .. }),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("fewer folds"));
    let mut dated = config(&[]);
    dated.splits.train_end = run::folds(&survey(&[])).unwrap()[0]
        .survey
        .config
        .splits
        .train_end
        .clone();
    let error = run::folds(&run::survey(dated).unwrap()).unwrap_err();
    assert!(error.to_string().contains("cuts its own spans"), "{error}");
}

#[test]
fn the_ledger_counts_every_look() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(looks(folder.path()).unwrap(), []);
    let look = Look {
        at: "2026-01-31T00:00:00Z".to_owned(),
        command: "evaluate".to_owned(),
        first: "2026-01-01T00:00:00Z".to_owned(),
        last: "2026-01-30T00:00:00Z".to_owned(),
        windows: 100,
        models: 1,
        fingerprint: "abc".to_owned(),
    };
    assert_eq!(record(folder.path(), &look).unwrap().len(), 1);
    assert_eq!(record(folder.path(), &look).unwrap(), [look.clone(), look]);
}

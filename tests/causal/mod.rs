//! The proof that nothing looks ahead: it holds for the program's own steps, and finds leaks that are
//! planted in each of them.

mod planted;

use std::sync::Arc;

use emberline::checkpoint::{Checkpoint, Want, load, resolve};
use emberline::device::{Selection, select};
use emberline::market::Bars;
use emberline::market::simulate::{SimulateConfig, Simulation, names};
use emberline::run::causal::{Check, OwnPipeline, Pipeline, prove_pipeline};
use emberline::run::{self, Proof, ProofOptions, RunConfig, Survey};
use emberline::training::Silent;

use planted::FutureAnchor;

/// Three symbols of 1400 bars, the last of which came to the market when half of them were over.
fn bars() -> Arc<Bars> {
    let config = SimulateConfig {
        symbols: names(3),
        num_bars: 1400,
        seed: 5,
        ..SimulateConfig::default()
    };
    let mut bars = Simulation::new(config).unwrap().bars();
    let late = &mut bars.series[2];
    late.time.drain(..700);
    for column in [
        &mut late.open,
        &mut late.high,
        &mut late.low,
        &mut late.close,
        &mut late.volume,
    ] {
        column.drain(..700);
    }
    assert!(late.filled.is_empty() && late.segment.is_empty());
    Arc::new(bars)
}

fn config() -> RunConfig {
    let settings = [
        "windows.length=8",
        "windows.stride=5",
        "target.horizons=1,4",
        "target.volatility_span=20",
        "model.hidden=8",
        "training.epochs=2",
        "training.batch_size=64",
        "training.warmup_steps=1",
        "training.learning_rate=0.01",
    ];
    let settings = settings.map(str::to_owned);
    let mut config = RunConfig::load(Some("demo"), &settings).unwrap();
    "BOP,ROC_5,NATR_14,RSI_14".clone_into(&mut config.features.set);
    config
}

/// A checkpoint of the honest pipeline, and what it was made from.
struct Subject {
    survey: Survey,
    checkpoint: Checkpoint,
    device: Selection,
}

fn subject() -> Subject {
    let device = select("cpu", None).unwrap();
    let survey = run::survey_bars(config(), bars()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let prepared = run::prepare(&survey, &device.device, None).unwrap();
    let run_dir = folder.path().join("run");
    run::train(
        &survey,
        prepared,
        &device,
        &run_dir,
        Arc::default(),
        &mut Silent,
    )
    .unwrap();
    let checkpoint = load(&resolve(&run_dir, Want::Best).unwrap()).unwrap();
    Subject {
        survey,
        checkpoint,
        device,
    }
}

fn options() -> ProofOptions {
    ProofOptions {
        instants: 5,
        shuffles: 3,
        ..ProofOptions::default()
    }
}

fn proof_of(pipeline: &dyn Pipeline, options: &ProofOptions) -> Proof {
    let Subject {
        survey,
        checkpoint,
        device,
    } = subject();
    prove_pipeline(
        pipeline,
        &checkpoint,
        &survey,
        &device,
        options,
        &mut |_| {},
    )
    .unwrap()
}

fn proof(pipeline: &dyn Pipeline) -> Proof {
    proof_of(pipeline, &options())
}

/// Asserts that the check found a leak and that its first line names it.
fn found(proof: &Proof, check: Check, names: &[&str]) {
    let text = proof.text();
    let record = proof.record(check).unwrap();
    assert_eq!(record.passed, Some(false), "{check} saw nothing:\n{text}");
    let first = record.first.as_ref().unwrap().to_string();
    for name in names {
        assert!(first.contains(name), "`{name}` is not in `{first}`");
    }
    assert!(text.contains("LEAKS") && text.contains(&first), "{text}");
    assert!(!proof.holds());
}

fn first_what(proof: &Proof, check: Check) -> String {
    let record = proof.record(check).unwrap();
    record.first.as_ref().unwrap().what.clone()
}

#[test]
fn the_programs_own_steps_leak_nowhere() {
    let proof = proof(&OwnPipeline);
    let text = proof.text();
    for check in Check::ALL {
        let record = proof.record(check).unwrap();
        assert_eq!(record.passed, Some(true), "{text}");
        assert!(record.cases > 0 && record.first.is_none(), "{text}");
    }
    assert!(proof.holds() && proof.leaks().is_empty());
    for line in [
        "bit for bit",
        "8 hold, 0 leak, 0 not run",
        "wrong stamps in the file",
        "survivorship",
        "looked at many times",
    ] {
        assert!(text.contains(line), "`{line}` is not in\n{text}");
    }
    let document = serde_json::to_value(&proof).unwrap();
    assert_eq!(document["checks"][3]["check"], "later_bars");
    assert_eq!(document["checks"][3]["passed"], true);
    let again: Proof = serde_json::from_value(document).unwrap();
    assert_eq!(again.checks.len(), proof.checks.len());
}

#[test]
fn bars_around_an_instant_stand_for_all_where_those_are_too_many() {
    let few = ProofOptions {
        numbers: 1,
        checks: vec![Check::LaterBars, Check::CutOff],
        ..options()
    };
    let honest = proof_of(&OwnPipeline, &few);
    assert!(honest.holds(), "{}", honest.text());
    for record in &honest.checks {
        assert!(record.done.contains("around"), "{}", record.done);
    }
    found(
        &proof_of(&FutureAnchor, &few),
        Check::LaterBars,
        &["feature BOP"],
    );
}

#[test]
fn what_cannot_be_run_says_why_and_is_no_leak() {
    let Subject {
        mut survey,
        checkpoint,
        device,
    } = subject();
    survey.plan.train.clear();
    let mut told = Vec::new();
    let options = ProofOptions {
        instants: 1,
        ..options()
    };
    let proof = run::prove(&checkpoint, &survey, &device, &options, &mut |line| {
        told.push(line.to_owned());
    })
    .unwrap();
    assert_eq!(told.len(), Check::ALL.len());
    assert!(proof.holds());
    for check in [Check::Splits, Check::TestRows, Check::ShuffledTargets] {
        let record = proof.record(check).unwrap();
        assert_eq!(record.passed, None);
        assert!(record.done.contains("no training"), "{}", record.done);
    }
    assert_eq!(proof.record(Check::LaterBars).unwrap().passed, Some(true));
    assert!(proof.text().contains("4 not run"), "{}", proof.text());
}

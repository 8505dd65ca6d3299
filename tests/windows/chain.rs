//! The whole way from bars to baselines, with real features: simulated bars whose best forecast is
//! known, and real ones where they are beside this checkout.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use emberline::device::transfer::to_host;
use emberline::features::{FeatureContext, FeatureSet, Panel, ScalerConfig, fit, model_inputs};
use emberline::market::simulate::{SimulateConfig, Simulation, names};
use emberline::market::split::SplitConfig;
use emberline::market::{self, Bars, DataConfig, PanelBlock, upload};
use emberline::metrics::{
    Objective, RIDGE_LAMBDA, Ridge, Scorer, Validation, minus_last_return, zero,
};
use emberline::windows::{
    Loader, Plan, Resident, Sample, TargetConfig, Targets, WindowConfig, legal, plan, targets,
};

struct Prepared {
    bars: Bars,
    plan: Plan,
    targets: Targets,
    resident: Arc<Resident>,
    length: usize,
}

fn prepare(bars: Bars, features: &str, windows: &WindowConfig, target: &TargetConfig) -> Prepared {
    let device = Device::flex();
    let context = FeatureContext::from(&bars);
    let (set, _) = FeatureSet::for_model(features, &context).unwrap();
    let plan = plan(
        &bars,
        set.memory_bars(),
        windows,
        target,
        &SplitConfig::default(),
    )
    .unwrap();
    // three blocks or so
    let longest = bars.series.iter().map(market::Series::len).max().unwrap();
    let bytes = 4 * set.len() * longest * bars.series.len().div_ceil(3);
    let columns = set.required_columns();
    let panels: Vec<PanelBlock> = upload(&bars, &columns, set.len(), bytes, &device).unwrap();
    let raw: Vec<_> = panels
        .iter()
        .map(|panel| model_inputs(&set, panel))
        .collect();
    let series: Vec<_> = panels.iter().map(|panel| panel.series.clone()).collect();

    let mut train: Vec<Vec<bool>> = bars
        .series
        .iter()
        .map(|one| vec![false; one.len()])
        .collect();
    for sample in &plan.train {
        train[sample.series as usize][sample.last as usize] = true;
    }
    let mut panel = Panel {
        bars: &bars,
        blocks: &raw,
        series: &series,
    };
    let fitted = fit(&ScalerConfig::default(), 5.0, &set, panel, &train).unwrap();
    let kept: Vec<_> = raw.iter().map(|block| fitted.keep(block.clone())).collect();
    panel.blocks = &kept;
    let scaled = fitted.scaler.apply(panel).unwrap();
    let targets = targets(&bars, target);
    let resident = Arc::new(Resident::new(scaled, &panels, &targets));

    let every = legal(&bars, set.memory_bars(), windows, target)
        .unwrap()
        .samples;
    assert_finite(&resident, &bars, &every, windows.length);
    Prepared {
        bars,
        plan,
        targets,
        resident,
        length: windows.length,
    }
}

/// No legal window holds a NaN, in features or labels.
fn assert_finite(resident: &Resident, bars: &Bars, samples: &[Sample], length: usize) {
    let host: Vec<(Vec<f32>, [usize; 3])> = resident
        .features
        .iter()
        .map(|block| (to_host(block.clone()), block.dims()))
        .collect();
    let labels: Vec<(Vec<f32>, [usize; 3])> = resident
        .labels
        .iter()
        .map(|block| (to_host(block.clone()), block.dims()))
        .collect();
    assert!(!samples.is_empty());
    for sample in samples {
        let (block, row) = resident.places[sample.series as usize];
        let finite = |(values, [_, bars, width]): &(Vec<f32>, [usize; 3]), from: usize| {
            let start = (row * bars + from) * width;
            let end = (row * bars + sample.last as usize + 1) * width;
            values[start..end].iter().all(|value| value.is_finite())
        };
        let symbol = &bars.series[sample.series as usize].symbol;
        let last = sample.last as usize;
        assert!(
            finite(&host[block], last + 1 - length),
            "{symbol} {sample:?}"
        );
        assert!(finite(&labels[block], last), "label of {symbol} {sample:?}");
    }
}

fn baselines(prepared: &Prepared) -> (Validation, Ridge) {
    let loader = |samples: &[Sample]| {
        Loader::new(
            Arc::clone(&prepared.resident),
            samples.to_vec(),
            prepared.length,
            256,
        )
    };
    let ridge = Ridge::fit(&loader(&prepared.plan.train).sequential(), RIDGE_LAMBDA).unwrap();
    let forecasts = ridge.forecasts(&loader(&prepared.plan.validation).sequential());
    let outcomes = prepared
        .targets
        .outcomes(&prepared.bars, &prepared.plan.validation);
    let others = [zero(&outcomes), minus_last_return(&outcomes)];
    let scorer = Scorer::new(outcomes, Objective::default(), &others, None);
    (scorer.validation(&forecasts.values), ridge)
}

fn shared(name: &str) -> Option<Bars> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data")
        .join(name);
    let config = DataConfig {
        path: Some(path.clone()),
        repair: true, // one row of the daily bars has its open below its low
        ..DataConfig::default()
    };
    path.exists().then(|| market::load(&config, None).unwrap())
}

#[test]
fn the_ridge_finds_what_can_be_found_in_simulated_bars_and_no_more() {
    let config = SimulateConfig {
        symbols: names(6),
        num_bars: 4_000,
        signal_ic: 0.25,
        ..SimulateConfig::default()
    };
    let simulation = Simulation::new(config).unwrap();
    let target = TargetConfig {
        horizons: vec![1, 12],
        ..TargetConfig::default()
    };
    let windows = WindowConfig {
        length: 20,
        stride: 1,
    };
    let prepared = prepare(simulation.bars(), "base", &windows, &target);
    let (validation, _) = baselines(&prepared);
    for one in &validation.horizons {
        let ic = one.model.ic_ts.unwrap();
        let attainable = simulation.attainable_ic(one.horizon_bars).unwrap();
        let (error, detectable) = (ic.standard_error.unwrap(), ic.minimum_detectable.unwrap());
        assert!(
            ic.value > detectable,
            "{} bars: {ic:?}\n{}",
            one.horizon_bars,
            validation.text()
        );
        assert!(
            ic.value < attainable + 4.0 * error,
            "{} bars: {ic:?} above {attainable}",
            one.horizon_bars
        );
        assert!(one.model.loss < one.baselines[0].scores.loss);
    }
}

#[test]
fn real_bars_of_five_minutes() {
    let Some(bars) = shared("crypto_5m") else {
        return;
    };
    let windows = WindowConfig {
        length: 96,
        stride: 6,
    };
    let target = TargetConfig {
        horizons: vec![12, 48],
        ..TargetConfig::default()
    };
    let prepared = prepare(bars, "base", &windows, &target);
    let plan = &prepared.plan;
    let unthinned: usize = plan.legal.iter().map(|one| one.windows).sum();
    let train = plan.total(emberline::windows::Split::Train);
    let share = (train.windows + train.purged + train.thinned) as f64 / f64::from(unthinned as u32);
    assert!((share - 0.70).abs() < 0.001, "{share}\n{}", plan.text(10));
    let (validation, _) = baselines(&prepared);
    assert_eq!(validation.num_windows, plan.validation.len());
    assert_eq!(validation.num_symbols, 7);
    for one in &validation.horizons {
        for scores in one.baselines.iter().map(|b| &b.scores).chain([&one.model]) {
            assert!(scores.loss.is_finite());
        }
        // 3 days of 7 coins cannot prove an IC below a few percent, and the table says so
        let ic = one.model.ic_ts.unwrap();
        assert!(ic.minimum_detectable.unwrap() > 0.02, "{ic:?}");
        let cross = one.model.rank_ic_cs.unwrap();
        assert!(cross.value.abs() < 0.5 && cross.count > 100, "{cross:?}");
    }
}

#[test]
fn real_daily_bars() {
    let Some(bars) = shared("equities_daily") else {
        return;
    };
    let windows = WindowConfig {
        length: 20,
        stride: 1,
    };
    let target = TargetConfig {
        horizons: vec![5],
        ..TargetConfig::default()
    };
    let prepared = prepare(bars, "base", &windows, &target);
    let (validation, _) = baselines(&prepared);
    assert!(validation.horizons[0].model.ic_cs.is_none(), "four symbols");
    assert!(validation.horizons[0].model.ic_ts.is_some());
}

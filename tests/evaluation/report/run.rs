//! What a report says of the run behind it, from a survey of the sample that comes with the program.

use emberline::checkpoint::{Best, EpochRecord, Number, Numbers, State};
use emberline::device::select;
use emberline::evaluation::report::content::report;
use emberline::evaluation::report::picture::SpanKind;
use emberline::market::Series;
use emberline::run::ledger::Look;
use emberline::run::{
    FeatureImportance, RunConfig, Survey, fold_spans, importance_table, learning_curve, machine,
    report_inputs, survey, symbol_data, test_uses,
};
use emberline::windows::Split;

use super::content::made;
use super::page;

fn sample() -> Survey {
    let settings = ["windows.length=12", "data.days=20"].map(str::to_owned);
    survey(RunConfig::load(Some("demo"), &settings).unwrap()).unwrap()
}

#[test]
fn a_survey_tells_what_the_bars_are() {
    let survey = sample();
    let evaluation = made::evaluation(0.0203);
    let inputs = report_inputs("Evaluation", &survey, &evaluation);
    let bars: usize = survey.bars.series.iter().map(Series::len).sum();
    assert_eq!(
        inputs.symbols.iter().map(|one| one.num_bars).sum::<u64>(),
        bars as u64
    );
    let train = survey.plan.total(Split::Train);
    let fold = &inputs.folds[0];
    assert_eq!(fold.train_windows, train.windows as u64);
    assert_eq!(
        (fold.spans[0].kind, fold.spans[2].kind),
        (SpanKind::Train, SpanKind::Test)
    );
    assert_eq!(Some(fold.spans[0].from_ns), train.first);
    assert_eq!(fold.test_windows, survey.plan.test.len() as u64);
    let page = report(&inputs).html();
    page::check_fragments(&page);
    for text in [
        survey.bars.fingerprint(),
        survey.bars.calendar.to_string(),
        "[training]".to_owned(),
        survey.bars.series[0].symbol.clone(),
    ] {
        assert!(page.contains(&text), "`{text}` is not on the page");
    }
}

#[test]
fn gaps_and_fills_are_counted() {
    let mut bars = sample().bars.as_ref().clone();
    bars.series.truncate(1);
    let series = &mut bars.series[0];
    let length = series.len();
    series.segment = Vec::new();
    series.filled = vec![false; length];
    for row in [5, 6, 7, 20, length - 1] {
        series.filled[row] = true;
    }
    let found = &symbol_data(&bars)[0];
    assert_eq!((found.gaps, found.filled_bars), (Some(3), Some(5)));
    assert_eq!(
        (found.missing_bars, found.longest_gap_bars),
        (Some(5), Some(3))
    );
    bars.series[0].segment = (0..length).map(|row| u32::from(row > 100)).collect();
    let found = &symbol_data(&bars)[0];
    assert_eq!((found.gaps, found.filled_bars), (Some(4), Some(5)));
    assert_eq!((found.missing_bars, found.longest_gap_bars), (None, None));
    bars.series[0].time.clear();
    assert!(symbol_data(&bars).is_empty());
}

#[test]
fn runs_features_looks_and_machines_are_told() {
    let record = |epoch: u64, validation: Option<f64>| EpochRecord {
        epoch,
        step: 10 * epoch,
        train_loss: Number::new(0.5),
        validation: validation
            .map(|loss| ("validation_loss".to_owned(), Number::new(loss)))
            .into_iter()
            .collect::<Numbers>(),
    };
    let state = State {
        metrics: vec![record(1, Some(0.25)), record(2, None)],
        best: Some(Best {
            metric: "validation_loss".to_owned(),
            value: Number::new(0.25),
            step: 10,
            epoch: 1,
        }),
        elapsed_s: Number::new(2.5),
        ..State::default()
    };
    let curve = learning_curve(Some(3), 7, &state);
    assert_eq!(curve.epochs, [(1, 0.5, Some(0.25)), (2, 0.5, None)]);
    assert_eq!(
        (curve.fold, curve.seed, curve.best_epoch),
        (Some(3), 7, Some(1))
    );
    assert_eq!(curve.elapsed_s, Some(2.5));

    let found = FeatureImportance {
        name: "RSI_14".to_owned(),
        loss_increase: 0.5,
        ic_drop: Some(0.25),
        se: None,
    };
    let table = importance_table(&[found], 4_096, 5);
    assert!(table.method.contains("4096 windows, 5 times"));
    assert_eq!(
        (table.features[0].loss_increase, table.features[0].ic_drop),
        (0.5, Some(0.25))
    );

    let look = Look {
        at: "2026-11-21".to_owned(),
        command: "evaluate".to_owned(),
        first: "a".to_owned(),
        last: "b".to_owned(),
        windows: 5,
        models: 2,
        fingerprint: String::new(),
    };
    let used = &test_uses(&[look])[0];
    assert_eq!(
        (used.span.as_str(), used.windows, used.models),
        ("a to b", 5, 2)
    );

    let facts = machine(&select("cpu", None).unwrap());
    assert_eq!(facts[0], ("device".to_owned(), "cpu".to_owned()));
    assert!(!fold_spans("run", &sample().plan).spans.is_empty());
}

//! An evaluation as text: one table a horizon for scores, one for trading.

use emberline::evaluation::backtest::CostLevel;
use emberline::evaluation::{Evaluation, ForecasterEvaluation, HorizonEvaluation, Interval};
use emberline::metrics::Ic;
use emberline::run::FeatureImportance;

use super::out;

/// The tables that `evaluate`, `walk-forward` and `sweep` print.
pub(crate) fn text(evaluation: &Evaluation) -> String {
    let mut text = format!(
        "{} windows of {} symbols, {} to {}\n",
        evaluation.num_windows,
        evaluation.num_symbols,
        date(evaluation.first),
        date(evaluation.last)
    );
    if let Some(caveat) = &evaluation.caveat {
        text += &format!("{caveat}\n");
    }
    for horizon in &evaluation.horizons {
        text += &format!("\n{} bars ahead\n", horizon.horizon_bars);
        text += &scores(horizon);
        text += &format!(
            "\nstrategy {}, costs {:.1} bp a side\n",
            evaluation.backtest.strategy,
            side_bps(evaluation)
        );
        text += &trading(evaluation, horizon);
    }
    text += &format!(
        "\n[..] are {:.0} % intervals from {} draws of blocks of bars{}; finds: the smallest true IC that these \
         bars show in 4 of 5 cases.\n",
        100.0 * evaluation.intervals.level,
        evaluation.intervals.resamples,
        if runs(evaluation) > 1 {
            " and of seeds"
        } else {
            ""
        }
    );
    text
}

fn runs(evaluation: &Evaluation) -> usize {
    evaluation
        .horizons
        .first()
        .and_then(|horizon| horizon.forecasters.first())
        .map_or(0, |model| model.runs.len())
}

/// What one side costs at the settled costs.
fn side_bps(evaluation: &Evaluation) -> f64 {
    evaluation
        .horizons
        .first()
        .and_then(|horizon| horizon.forecasters.first())
        .and_then(|model| model.backtests.first())
        .and_then(|report| report.levels.iter().find(|level| is_settled(level)))
        .map_or(f64::NAN, |level| level.bps_per_side)
}

/// Whether a level holds the costs themselves, and no multiple of them.
fn is_settled(level: &CostLevel) -> bool {
    (level.multiple - 1.0).abs() < 1e-9
}

fn scores(horizon: &HorizonEvaluation) -> String {
    let has_cross_section = horizon
        .forecasters
        .iter()
        .any(|one| one.scores.rank_ic_cs.is_some());
    let mut head = vec![
        "", "loss", "R2", "hit rate", "majority", "ic_ts", "interval", "t", "finds",
    ];
    if has_cross_section {
        head.extend(["rank_ic_cs", "interval", "icir"]);
    }
    let row = |one: &ForecasterEvaluation| {
        let scores = &one.scores;
        let mut cells = vec![
            one.name.clone(),
            format!("{:.5}", scores.loss),
            number(scores.r2, 5),
            number(scores.hit_rate.map(|hits| hits.rate), 4),
            number(scores.hit_rate.map(|hits| hits.majority), 4),
        ];
        cells.extend(ic(scores.ic_ts.as_ref(), one.intervals.ic_ts.as_ref()));
        if has_cross_section {
            cells.push(number(scores.rank_ic_cs.map(|ic| ic.value), 4));
            cells.push(range(one.intervals.rank_ic_cs.as_ref()));
            cells.push(number(scores.rank_ic_cs.and_then(|ic| ic.icir), 3));
        }
        cells
    };
    let rows: Vec<Vec<String>> = horizon.forecasters.iter().map(row).collect();
    out::table(&head, &rows)
}

/// Value, interval, t and the smallest that can be found.
fn ic(ic: Option<&Ic>, interval: Option<&Interval>) -> [String; 4] {
    let t = ic.and_then(|ic| Some(ic.value / ic.standard_error.filter(|se| *se > 0.0)?));
    [
        number(ic.map(|ic| ic.value), 4),
        range(interval),
        number(t, 1),
        number(ic.and_then(|ic| ic.minimum_detectable), 4),
    ]
}

fn trading(evaluation: &Evaluation, horizon: &HorizonEvaluation) -> String {
    let has_trials = evaluation.trials.is_some();
    let mut head = vec![
        "",
        "return/y",
        "Sharpe",
        "interval",
        "Sortino",
        "drawdown",
        "traded/y",
        "break-even",
    ];
    if has_trials {
        head.push("deflated");
    }
    let mut rows = Vec::new();
    for one in &horizon.forecasters {
        let strategy = evaluation.backtest.strategy;
        let Some(report) = one.backtests.iter().find(|one| one.strategy == strategy) else {
            continue;
        };
        let Some(level) = report.levels.iter().find(|level| is_settled(level)) else {
            continue;
        };
        let performance = &level.performance;
        let mut cells = vec![
            one.name.clone(),
            percent(performance.annualised_return),
            number(performance.sharpe, 2),
            range_of(report.sharpe.as_ref(), 2),
            number(performance.sortino, 2),
            percent(Some(performance.max_drawdown)),
            number(Some(performance.turnover), 0),
            report
                .break_even_bps
                .map_or_else(|| "-".to_owned(), |bps| format!("{bps:.2} bp")),
        ];
        if has_trials {
            cells.push(number(report.deflated_sharpe, 3));
        }
        rows.push(cells);
    }
    out::table(&head, &rows)
}

/// Features by what their loss costs.
pub(crate) fn importance(features: &[FeatureImportance]) -> String {
    let row = |one: &FeatureImportance| {
        vec![
            one.name.clone(),
            format!("{:.6}", one.loss_increase),
            number(one.se, 6),
            number(one.ic_drop, 4),
        ]
    };
    let rows: Vec<Vec<String>> = features.iter().map(row).collect();
    out::table(&["feature", "loss rises by", "se", "ic_ts falls by"], &rows)
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{:.1} %", 100.0 * value))
}

fn range(interval: Option<&Interval>) -> String {
    range_of(interval, 4)
}

fn range_of(interval: Option<&Interval>, digits: usize) -> String {
    interval.map_or_else(
        || "-".to_owned(),
        |one| format!("[{:.digits$}, {:.digits$}]", one.low, one.high),
    )
}

/// `2026-01-31 23:55`, UTC.
pub(crate) fn date(time_ns: i64) -> String {
    chrono::DateTime::from_timestamp_nanos(time_ns)
        .format("%Y-%m-%d %H:%M")
        .to_string()
}

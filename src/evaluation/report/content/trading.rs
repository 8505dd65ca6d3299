//! What trading on the forecasts would have earned.

use super::super::picture::{Axis, AxisKind, Lines, Picture, Reference, Series};
use super::super::{Best, Cell, Column, Digits, Part, Section, Table, number};
use super::{ReportInputs, ahead, caution, ends, interval_name, is_short, model, num_days, style};
use crate::evaluation::backtest::CostLevel;
use crate::evaluation::{
    BacktestReport, Curves, Evaluation, ForecasterEvaluation, HorizonEvaluation,
};

/// Styles of the model's lines without costs, with half, all and twice of them.
const LEVEL_STYLES: [usize; 4] = [4, 5, 0, 6];

pub(super) fn section(inputs: &ReportInputs<'_>) -> Section {
    let evaluation = inputs.evaluation;
    let lead = "Positions from the forecasts, entered as the target says, with costs for every trade. A \
                horizon of h bars is traded by h sub-portfolios, one at each bar; equity compounds.";
    let mut section = Section::new("trading", "Trading and its costs", lead);
    let traded = |one: &ForecasterEvaluation| !one.backtests.is_empty();
    if !evaluation
        .horizons
        .iter()
        .any(|horizon| horizon.forecasters.iter().any(traded))
    {
        return section;
    }
    caution(&mut section, evaluation.caveat.as_ref());
    if is_short(evaluation) {
        let days = number(num_days(evaluation).ceil(), Digits::Decimals(0));
        let text = format!(
            "These windows span {days} days. Figures of a year, Sharpe ratios among them, are \
             extrapolated from so little that only their signs mean anything."
        );
        caution(&mut section, Some(&text));
    }
    section.push(Part::KeyValues(facts(evaluation)));
    let several = evaluation.horizons.len() > 1;
    for (at, horizon) in evaluation.horizons.iter().enumerate() {
        if several {
            section.push(Part::Heading(ahead(evaluation, horizon.horizon_bars)));
        }
        for picture in curves(evaluation, horizon) {
            section.push(picture);
        }
        section.push(strategies(evaluation, horizon, at == 0));
        if let Some(one) = model(horizon) {
            for backtest in one.backtests.iter().filter(|one| one.curves.is_some()) {
                section.push(levels(evaluation, horizon, one, backtest));
            }
        }
    }
    section
}

fn facts(evaluation: &Evaluation) -> Vec<(String, Cell)> {
    let costs = &evaluation.costs;
    let bps = |value: f64| format!("{}\u{202f}bp", super::super::number::brief(value));
    let mut paid = vec![format!("{} a side", bps(costs.bps))];
    if costs.slippage_bps > 0.0 {
        paid.push(format!("{} slippage", bps(costs.slippage_bps)));
    }
    if costs.half_tick > 0.0 {
        let half_tick = super::super::number::brief(costs.half_tick);
        paid.push(format!("half a tick of {half_tick} a unit"));
    }
    if costs.borrow_bps_per_year > 0.0 {
        paid.push(format!(
            "{} a year for what is short",
            bps(costs.borrow_bps_per_year)
        ));
    }
    let backtest = &evaluation.backtest;
    let share = |value: f64| super::super::percent(value, 0);
    vec![
        ("costs".to_owned(), Cell::text(paid.join(", "))),
        (
            "strategy of the curves".to_owned(),
            Cell::text(backtest.strategy.name()),
        ),
        (
            "limits".to_owned(),
            Cell::text(format!(
                "at most {} of the capital in a symbol, longs and shorts together at most {}",
                share(backtest.max_weight),
                share(backtest.gross)
            )),
        ),
        (
            "other strategies".to_owned(),
            Cell::text(format!(
                "long_only holds the best {}; threshold trades forecasts beyond {}",
                backtest.top_k,
                bps(backtest.threshold_bps)
            )),
        ),
        (
            "bars of a year".to_owned(),
            Cell::decimals(evaluation.bars_per_year, 0),
        ),
    ]
}

/// `10 bp`, or `before costs`.
fn level_name(level: &CostLevel) -> String {
    if level.multiple == 0.0 {
        "before costs".to_owned()
    } else {
        let bps = super::super::number::brief(level.bps_per_side);
        format!("{bps}\u{202f}bp a side")
    }
}

/// Equity and drawdown: the model at all cost levels, the baselines at the settled one.
fn curves(evaluation: &Evaluation, horizon: &HorizonEvaluation) -> Vec<Picture> {
    let mut equity = Vec::new();
    let mut drawdown = Vec::new();
    let mut add = |name: String, style: usize, curves: &Curves, level: usize| {
        let points = |values: &[Vec<f64>], sign: f64| -> Vec<(f64, f64)> {
            let values = values.get(level).map_or(&[][..], Vec::as_slice);
            let times = curves.time.iter();
            times
                .zip(values)
                .map(|(time, value)| (*time as f64, sign * value))
                .collect()
        };
        let line = points(&curves.equity, 1.0);
        equity.push(Series::new(name.clone(), line).styled(style));
        let line = points(&curves.drawdown, -1.0);
        drawdown.push(Series::new(name, line).styled(style));
    };
    let main = model(horizon).map(|one| one.name.as_str());
    for one in &horizon.forecasters {
        let drawn = one
            .backtests
            .iter()
            .find_map(|backtest| Some((backtest, backtest.curves.as_ref()?)));
        let Some((backtest, curves)) = drawn else {
            continue;
        };
        // What never trades is the line that all start from.
        if curves.turnover.iter().all(|traded| *traded == 0.0) {
            continue;
        }
        // At the settled costs first: it lies on top.
        let mut order: Vec<usize> = (0..backtest.levels.len()).collect();
        order.sort_by_key(|level| !is_settled(&backtest.levels[*level]));
        for level in order {
            let at = &backtest.levels[level];
            let is_main = main == Some(one.name.as_str());
            if !is_main && !is_settled(at) {
                continue;
            }
            let style = if is_main {
                LEVEL_STYLES[level.min(3)]
            } else {
                style(&horizon.forecasters, &one.name)
            };
            add(
                format!("{}, {}", one.name, level_name(at)),
                style,
                curves,
                level,
            );
        }
    }
    if equity.is_empty() {
        return Vec::new();
    }
    let title = ahead(evaluation, horizon.horizon_bars);
    let finite = equity.iter().flat_map(|line| &line.points);
    let (low, high) = finite.fold((f64::INFINITY, 0.0_f64), |(low, high), point| {
        (low.min(point.1), high.max(point.1))
    });
    // Ratios only show on a scale of ratios, which has no place for ruin.
    let kind = if low > 0.0 && high / low > 3.0 {
        AxisKind::Log
    } else {
        AxisKind::Linear
    };
    let lines = |title: String, caption: &str, y: Axis, series, references| {
        Picture::Lines(Lines {
            title,
            caption: caption.to_owned(),
            x: Axis::time(),
            y,
            series,
            references,
            is_low: false,
        })
    };
    let mut below = lines(
        format!("Drawdown, {title}"),
        "Share lost from the highest equity so far.",
        Axis::percent("drawdown"),
        drawdown,
        Vec::new(),
    );
    if let Picture::Lines(lines) = &mut below {
        lines.is_low = true;
    }
    let start = Reference::new(1.0, "start");
    let axis = Axis {
        kind,
        ..Axis::linear("value of 1 at the start")
    };
    vec![
        lines(
            format!("Equity, {title}"),
            "The model at several cost levels, the baselines at the stated costs.",
            axis,
            equity,
            vec![start],
        ),
        below,
    ]
}

/// Whether costs are those that were settled, neither left out nor multiplied.
pub(super) fn is_settled(level: &CostLevel) -> bool {
    (level.multiple - 1.0).abs() < 1e-9
}

fn strategies(evaluation: &Evaluation, horizon: &HorizonEvaluation, is_first: bool) -> Table {
    let has_trials = evaluation.trials.is_some();
    let mut columns = vec![
        Column::new("forecast and strategy"),
        Column::with_best("break-even, bp", Best::Highest),
        Column::new("return"),
        Column::new("of a year"),
        Column::with_best("Sharpe", Best::Highest),
        Column::new(interval_name(evaluation)),
        Column::new("worst drawdown"),
        Column::new("turnover a year"),
        Column::new("P(Sharpe > 0)"),
    ];
    if has_trials {
        columns.push(Column::new("deflated"));
    }
    let caption = format!(
        "{}: all strategies after costs",
        ahead(evaluation, horizon.horizon_bars)
    );
    let mut table = Table::new(caption, columns);
    let mut idle = Vec::new();
    for one in &horizon.forecasters {
        for backtest in &one.backtests {
            let level = backtest.levels.iter().find(|level| is_settled(level));
            let performance = level.map(|level| level.performance);
            if performance.is_some_and(|one| one.turnover == 0.0) {
                idle.push(format!("{} {}", one.name, backtest.strategy));
                continue;
            }
            let mut row = vec![
                Cell::text(format!("{}, {}", one.name, backtest.strategy)),
                Cell::optional(backtest.break_even_bps, 2),
                Cell::percent(performance.map(|one| one.total_return), 1),
                Cell::percent(performance.and_then(|one| one.annualised_return), 1),
                Cell::optional(performance.and_then(|one| one.sharpe), 2),
                ends(backtest.sharpe.as_ref(), 2),
                Cell::percent(performance.map(|one| one.max_drawdown), 1),
                performance.map_or(Cell::Missing, |one| times(one.turnover)),
                Cell::percent(backtest.probabilistic_sharpe, 1),
            ];
            if has_trials {
                row.push(Cell::percent(backtest.deflated_sharpe, 1));
            }
            let is_strong = one.is_model && backtest.strategy == evaluation.backtest.strategy;
            if is_strong {
                table.push_strong(row);
            } else {
                table.push(row);
            }
        }
    }
    if !idle.is_empty() {
        table.note(format!("Without a trade: {}.", idle.join(", ")));
    }
    if !is_first {
        return table;
    }
    table.note(
        "`break-even`: cost of one side that leaves nothing; below 0 it loses without costs. Turnover counts both sides of a round trip, in \
         multiples of the capital. P(Sharpe > 0): probability that the true Sharpe ratio is above 0, by \
         its moments. Of several runs the Sharpe ratio is that of a capital divided among them, the \
         interval that of the mean of the runs' own ratios, which is at most as high.",
    );
    table
}

pub(super) fn times(multiple: f64) -> Cell {
    Cell::Number {
        value: multiple,
        digits: Digits::Significant(3),
        spread: None,
        unit: "\u{d7}",
    }
}

fn levels(
    evaluation: &Evaluation,
    horizon: &HorizonEvaluation,
    one: &ForecasterEvaluation,
    backtest: &BacktestReport,
) -> Table {
    let columns = [
        "costs",
        "return",
        "of a year",
        "volatility",
        "Sharpe",
        "Sortino",
        "worst drawdown",
        "its bars",
        "paid for trading",
        "paid for borrowing",
    ];
    let caption = format!(
        "{}: {} by cost level, {}",
        ahead(evaluation, horizon.horizon_bars),
        one.name,
        backtest.strategy
    );
    let mut table = Table::new(caption, columns.map(Column::new).to_vec());
    for level in &backtest.levels {
        let performance = &level.performance;
        let row = vec![
            Cell::text(level_name(level)),
            Cell::percent(Some(performance.total_return), 1),
            Cell::percent(performance.annualised_return, 1),
            Cell::percent(performance.volatility, 1),
            Cell::optional(performance.sharpe, 2),
            Cell::optional(performance.sortino, 2),
            Cell::percent(Some(performance.max_drawdown), 1),
            Cell::Count(performance.max_drawdown_bars as u64),
            Cell::percent(Some(level.trading_costs), 1),
            Cell::percent(Some(level.borrow_costs), 1),
        ];
        if is_settled(level) {
            table.push_strong(row);
        } else {
            table.push(row);
        }
    }
    let held = |share: f64| super::super::percent(share, 0);
    table.note(format!(
        "On average {} of the capital was long and {} short. What was paid is a share of a capital that \
         is set back to 1 at each bar.",
        held(backtest.mean_long),
        held(backtest.mean_short)
    ));
    table
}

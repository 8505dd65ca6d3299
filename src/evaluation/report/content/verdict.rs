//! What came out, before anything else.

use super::super::{Cell, Digits, Tile, Tone, date, number, percent};
use super::trading::is_settled;
use super::{
    ReportInputs, ahead, ic, ic_interval, ic_name, interval_name, is_short, model, num_days,
};
use crate::evaluation::{
    BacktestReport, Evaluation, ForecasterEvaluation, HorizonEvaluation, Interval,
};

/// Horizons that the sentences go through; the tables have all.
const MOST_HORIZONS: usize = 3;

pub(super) fn subtitle(inputs: &ReportInputs<'_>) -> String {
    if !inputs.subtitle.is_empty() {
        return inputs.subtitle.clone();
    }
    let evaluation = inputs.evaluation;
    let plural = if evaluation.num_symbols == 1 { "" } else { "s" };
    format!(
        "{} {} of {} symbol{plural}, {} to {}",
        number(evaluation.num_windows as f64, Digits::Decimals(0)),
        inputs.span.as_deref().unwrap_or("test windows"),
        number(evaluation.num_symbols as f64, Digits::Decimals(0)),
        date(evaluation.first),
        date(evaluation.last)
    )
}

pub(super) fn text(inputs: &ReportInputs<'_>) -> String {
    let evaluation = inputs.evaluation;
    let sentences: Vec<String> = evaluation
        .horizons
        .iter()
        .take(MOST_HORIZONS)
        .filter_map(|horizon| Some(of_horizon(evaluation, horizon, model(horizon)?)))
        .collect();
    sentences.join("\n")
}

fn of_horizon(
    evaluation: &Evaluation,
    horizon: &HorizonEvaluation,
    one: &ForecasterEvaluation,
) -> String {
    let when = ahead(evaluation, horizon.horizon_bars);
    let name = ic_name(evaluation);
    let Some(value) = ic(evaluation, &one.scores) else {
        return format!("{when}, the forecasts of `{}` have no `{name}`.", one.name);
    };
    let value = number(value.value, Digits::Decimals(4));
    let mut text = format!("{when}, the `{name}` of `{}` is {value}", one.name);
    match ic_interval(evaluation, one) {
        Some(interval) => {
            let ends = [interval.low, interval.high].map(|end| number(end, Digits::Decimals(4)));
            let range = format!("{} {} to {}", interval_name(evaluation), ends[0], ends[1]);
            text.push_str(match tone(&interval) {
                Tone::Good => ", above 0",
                Tone::Bad => ", below 0",
                _ => ", which cannot be told from 0",
            });
            text.push_str(&format!(" ({range})"));
        }
        None => text.push_str(", without an interval"),
    }
    let beaten: Vec<&str> = horizon
        .differences
        .iter()
        .filter(|difference| difference.model == one.name)
        .filter(|difference| {
            super::skill::of_ic(evaluation, difference)
                .is_some_and(|interval| tone(&interval) == Tone::Good)
        })
        .map(|difference| difference.baseline.as_str())
        .collect();
    let compared = horizon
        .differences
        .iter()
        .filter(|difference| difference.model == one.name)
        .filter(|difference| super::skill::of_ic(evaluation, difference).is_some())
        .count();
    if compared > 0 {
        text.push_str(&match beaten.len() {
            0 => "; it beats no baseline beyond chance".to_owned(),
            count if count == compared => format!("; it beats {}", listed(&beaten)),
            _ => format!(
                "; it beats {}, the others not beyond chance",
                listed(&beaten)
            ),
        });
    }
    text.push('.');
    if let Some(sentence) = of_trading(evaluation, one) {
        text.push(' ');
        text.push_str(&sentence);
    }
    text
}

fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [rest @ .., last] => {
            let rest: Vec<String> = rest.iter().map(|name| format!("`{name}`")).collect();
            format!("{} and `{last}`", rest.join(", "))
        }
    }
}

/// The configured strategy's backtest.
fn configured<'a>(
    evaluation: &Evaluation,
    one: &'a ForecasterEvaluation,
) -> Option<&'a BacktestReport> {
    let strategy = evaluation.backtest.strategy;
    one.backtests
        .iter()
        .find(|backtest| backtest.strategy == strategy)
}

fn of_trading(evaluation: &Evaluation, one: &ForecasterEvaluation) -> Option<String> {
    let backtest = configured(evaluation, one)?;
    let level = backtest.levels.iter().find(|level| is_settled(level))?;
    let (gained, when) = if is_short(evaluation) {
        let days = number(num_days(evaluation).ceil(), Digits::Decimals(0));
        (level.performance.total_return, format!("in {days} days"))
    } else {
        (level.performance.annualised_return?, "a year".to_owned())
    };
    let verb = if gained < 0.0 { "loses" } else { "earns" };
    let costs = super::super::number::brief(level.bps_per_side);
    let mut text = format!(
        "After {costs}\u{202f}bp a side its {} strategy {verb} {} {when}",
        backtest.strategy,
        percent(gained.abs(), 1)
    );
    match backtest.break_even_bps {
        Some(break_even) if break_even <= 0.0 => text.push_str("; it loses without costs too"),
        Some(break_even) => {
            let break_even = number(break_even, Digits::Significant(2));
            text.push_str(&format!(
                "; costs of {break_even}\u{202f}bp would leave nothing"
            ));
        }
        None => {}
    }
    text.push('.');
    Some(text)
}

/// What an interval says of a value that is better the higher it is.
fn tone(interval: &Interval) -> Tone {
    if !interval.excludes(0.0) {
        Tone::Unclear
    } else if interval.value > 0.0 {
        Tone::Good
    } else {
        Tone::Bad
    }
}

pub(super) fn tiles(inputs: &ReportInputs<'_>) -> Vec<Tile> {
    let evaluation = inputs.evaluation;
    let mut tiles = Vec::new();
    let several = evaluation.horizons.len() > 1;
    for horizon in evaluation.horizons.iter().take(2) {
        let Some(one) = model(horizon) else {
            continue;
        };
        let bars = if several {
            format!(", {} bars", horizon.horizon_bars)
        } else {
            String::new()
        };
        tiles.extend(ic_tile(evaluation, one, &bars));
        tiles.extend(hit_tile(one, &bars));
        tiles.extend(trading_tiles(evaluation, one, &bars));
    }
    tiles.push(Tile {
        name: inputs.span.as_deref().unwrap_or("test windows").to_owned(),
        value: Cell::Count(evaluation.num_windows as u64),
        note: format!("{} to {}", date(evaluation.first), date(evaluation.last)),
        tone: Tone::Neutral,
    });
    if let Some(uses) = &inputs.test_uses {
        tiles.push(Tile {
            name: "looks at the test span".to_owned(),
            value: Cell::Count(uses.len() as u64),
            note: "this one included".to_owned(),
            tone: if uses.len() > 1 {
                Tone::Bad
            } else {
                Tone::Neutral
            },
        });
    }
    tiles
}

fn ic_tile(evaluation: &Evaluation, one: &ForecasterEvaluation, bars: &str) -> Option<Tile> {
    let ic = ic(evaluation, &one.scores)?;
    let interval = ic_interval(evaluation, one);
    let mut note = interval.map_or(String::new(), |interval| {
        let ends = [interval.low, interval.high].map(|end| number(end, Digits::Decimals(4)));
        format!("{} {} to {}", interval_name(evaluation), ends[0], ends[1])
    });
    if let Some(finds) = ic.minimum_detectable {
        if !note.is_empty() {
            note.push_str("; ");
        }
        note.push_str(&format!("finds {}", number(finds, Digits::Decimals(4))));
    }
    Some(Tile {
        name: format!("{}{bars}", ic_name(evaluation)),
        value: Cell::decimals(ic.value, 4),
        note,
        tone: interval.map_or(Tone::Neutral, |interval| tone(&interval)),
    })
}

fn hit_tile(one: &ForecasterEvaluation, bars: &str) -> Option<Tile> {
    let hits = one.scores.hit_rate?;
    // The interval of the rate, held against what always saying the same would hit.
    let tone = one.intervals.hit_rate.map_or(Tone::Neutral, |interval| {
        if interval.low > hits.majority {
            Tone::Good
        } else if interval.high < hits.majority {
            Tone::Bad
        } else {
            Tone::Unclear
        }
    });
    Some(Tile {
        name: format!("hit rate{bars}"),
        value: Cell::percent(Some(hits.rate), 2),
        note: format!("majority sign {}", percent(hits.majority, 2)),
        tone,
    })
}

fn trading_tiles(evaluation: &Evaluation, one: &ForecasterEvaluation, bars: &str) -> Vec<Tile> {
    let mut tiles = Vec::new();
    let Some(backtest) = configured(evaluation, one) else {
        return tiles;
    };
    let level = backtest.levels.iter().find(|level| is_settled(level));
    if let (Some(break_even), Some(level)) = (backtest.break_even_bps, level) {
        tiles.push(Tile {
            name: format!("break-even cost{bars}"),
            value: Cell::Number {
                value: break_even,
                digits: Digits::Significant(2),
                spread: None,
                unit: "bp",
            },
            note: format!(
                "stated costs: {}\u{202f}bp a side",
                super::super::number::brief(level.bps_per_side)
            ),
            tone: if break_even > level.bps_per_side {
                Tone::Good
            } else {
                Tone::Bad
            },
        });
    }
    if let Some(sharpe) = level.and_then(|level| level.performance.sharpe) {
        let interval = backtest.sharpe;
        let mut note = interval.map_or(String::new(), |interval| {
            let ends = [interval.low, interval.high].map(|end| number(end, Digits::Decimals(2)));
            format!("{} {} to {}", interval_name(evaluation), ends[0], ends[1])
        });
        if let Some(deflated) = backtest.deflated_sharpe {
            note.push_str(&format!("; deflated {}", percent(deflated, 0)));
        }
        tiles.push(Tile {
            name: format!("Sharpe after costs{bars}"),
            value: Cell::decimals(interval.map_or(sharpe, |interval| interval.value), 2),
            note,
            tone: interval.map_or(Tone::Neutral, |interval| tone(&interval)),
        });
    }
    tiles
}

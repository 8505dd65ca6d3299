//! Scores of several runs, bar by bar and symbol by symbol.

use super::Ingredients;
use super::backtest::Flow;
use super::result::{IcPoint, SymbolScores};
use super::timeline::ic_points;
use crate::market::Bars;
use crate::metrics::{
    ForecastCalibration, HitRate, Ic, Panel, Scores, forecast_calibration, hit_rate, pearson,
    spearman, t_statistic,
};
use crate::windows::{MIN_CROSS_SECTION, Outcomes};

/// Bins of a point forecast's calibration.
const CALIBRATION_BINS: usize = 10;

/// What a forecaster's runs scored at each bar.
pub(super) struct Measured {
    pub(super) ic_ts: Vec<Ingredients>,
    pub(super) ic_cs: Vec<Ingredients>,
    pub(super) rank_ic_cs: Vec<Ingredients>,
    pub(super) hits: Vec<Ingredients>,
    pub(super) points: Vec<IcPoint>,
    pub(super) calibration: Option<ForecastCalibration>,
}

/// Measures the runs; forecasts and outcomes are log returns.
pub(super) fn measure(
    panel: &Panel,
    times: &[i64],
    forecasts: &[Vec<f64>],
    actual: &[f64],
    horizon_bars: usize,
) -> Measured {
    let bars: Vec<&[u32]> = panel.bars().collect();
    let starts: Vec<i64> = bars.iter().map(|bar| times[bar[0] as usize]).collect();
    let (mut over_time, mut across) = (Vec::new(), Vec::new());
    let mut found = Measured {
        ic_ts: Vec::new(),
        ic_cs: Vec::new(),
        rank_ic_cs: Vec::new(),
        hits: Vec::new(),
        points: Vec::new(),
        calibration: None,
    };
    for forecast in forecasts {
        let ic_cs = per_bar(&bars, forecast, actual, pearson);
        found
            .ic_ts
            .push(Ingredients::correlation(panel, forecast, actual));
        found.ic_cs.push(Ingredients::mean(&ic_cs));
        found.rank_ic_cs.push(Ingredients::mean(&per_bar(
            &bars, forecast, actual, spearman,
        )));
        found
            .hits
            .push(Ingredients::ratio(&hits(&bars, forecast, actual)));
        over_time.push(products(panel, &bars, forecast, actual));
        across.push(ic_cs);
    }
    found.points = ic_points(
        &starts,
        &mean_of_runs(&over_time),
        &mean_of_runs(&across),
        horizon_bars,
    );
    let repeated: Vec<f64> = forecasts.iter().flat_map(|_| actual).copied().collect();
    found.calibration = forecast_calibration(&forecasts.concat(), &repeated, CALIBRATION_BINS);
    found
}

/// Correlations across symbols, where there are enough of them.
fn per_bar(
    bars: &[&[u32]],
    forecast: &[f64],
    actual: &[f64],
    correlation: impl Fn(&[f64], &[f64]) -> Option<f64>,
) -> Vec<Option<f64>> {
    bars.iter()
        .map(|members| {
            if members.len() < MIN_CROSS_SECTION {
                return None;
            }
            correlation(&pick(members, forecast), &pick(members, actual))
        })
        .collect()
}

/// Equal signs and pairs without an exact 0, at each bar.
fn hits(bars: &[&[u32]], forecast: &[f64], actual: &[f64]) -> Vec<(f64, f64)> {
    bars.iter()
        .map(|members| {
            hit_rate(&pick(members, forecast), &pick(members, actual)).map_or((0.0, 0.0), |hits| {
                let count = hits.count as f64;
                ((hits.rate * count).round(), count)
            })
        })
        .collect()
}

/// Mean over a bar's symbols of standardised forecast times standardised outcome.
fn products(panel: &Panel, bars: &[&[u32]], forecast: &[f64], actual: &[f64]) -> Vec<Option<f64>> {
    let mut product: Vec<Option<f64>> = vec![None; forecast.len()];
    for members in panel.symbols() {
        let (f, a) = (pick(members, forecast), pick(members, actual));
        let n = f.len() as f64;
        let moments = |values: &[f64]| {
            let mean = values.iter().sum::<f64>() / n;
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            (mean, (squares / n).sqrt())
        };
        if pearson(&f, &a).is_none() {
            continue; // a constant side
        }
        let ((mean_f, spread_f), (mean_a, spread_a)) = (moments(&f), moments(&a));
        for (place, &index) in members.iter().enumerate() {
            let (f, a) = (
                (f[place] - mean_f) / spread_f,
                (a[place] - mean_a) / spread_a,
            );
            product[index as usize] = Some(f * a);
        }
    }
    bars.iter()
        .map(|members| {
            let values = members.iter().filter_map(|&index| product[index as usize]);
            mean_of(values)
        })
        .collect()
}

fn mean_of_runs(runs: &[Vec<Option<f64>>]) -> Vec<Option<f64>> {
    let count = runs.first().map_or(0, Vec::len);
    (0..count)
        .map(|bar| mean_of(runs.iter().filter_map(|run| run[bar])))
        .collect()
}

/// By symbol: correlation over time, signs, and what the flow earned.
pub(super) fn symbols(
    bars: &Bars,
    outcomes: &Outcomes,
    panel: &Panel,
    forecasts: &[Vec<f64>],
    actual: &[f64],
    flow: &Flow,
) -> Vec<SymbolScores> {
    panel
        .symbols()
        .enumerate()
        .map(|(number, members)| {
            let actual = pick(members, actual);
            let runs: Vec<Vec<f64>> = forecasts.iter().map(|run| pick(members, run)).collect();
            let enough = members.len() > 2;
            let correlations = runs.iter().filter_map(|run| pearson(run, &actual));
            let hits: Vec<HitRate> = runs
                .iter()
                .filter_map(|run| hit_rate(run, &actual))
                .collect();
            let (earned, traded) = (flow.symbol_earned[number], flow.symbol_traded[number]);
            let series = outcomes.samples[members[0] as usize].series as usize;
            SymbolScores {
                symbol: bars.series[series].symbol.clone(),
                num_windows: members.len(),
                ic_ts: mean_of(correlations).filter(|_| enough),
                hit_rate: mean_hits(&hits),
                earned,
                traded,
                break_even_bps: (traded > 0.0).then(|| 1e4 * earned / traded),
            }
        })
        .collect()
}

/// The mean over runs of each score that every run has.
pub(super) fn mean(runs: &[Scores]) -> Scores {
    let average = |pick: fn(&Scores) -> f64| mean_of(runs.iter().map(pick)).unwrap_or(f64::NAN);
    let defined = |pick: fn(&Scores) -> Option<f64>| all(runs, pick).and_then(mean_of_list);
    let ic = |pick: fn(&Scores) -> Option<Ic>| all(runs, pick).and_then(|ics| mean_ic(&ics));
    Scores {
        loss: average(|one| one.loss),
        mse: average(|one| one.mse),
        mae: average(|one| one.mae),
        huber: average(|one| one.huber),
        r2: defined(|one| one.r2),
        hit_rate: all(runs, |one| one.hit_rate).and_then(|hits| mean_hits(&hits)),
        ic_ts: ic(|one| one.ic_ts),
        ic_cs: ic(|one| one.ic_cs),
        rank_ic_cs: ic(|one| one.rank_ic_cs),
        break_even_bps: defined(|one| one.break_even_bps),
    }
}

fn all<T>(runs: &[Scores], pick: fn(&Scores) -> Option<T>) -> Option<Vec<T>> {
    runs.iter().map(pick).collect()
}

fn mean_ic(ics: &[Ic]) -> Option<Ic> {
    let over = |pick: fn(&Ic) -> Option<f64>| {
        let values: Option<Vec<f64>> = ics.iter().map(pick).collect();
        values.and_then(mean_of_list)
    };
    let value = over(|ic| Some(ic.value))?;
    let standard_error = over(|ic| ic.standard_error);
    Some(Ic {
        value,
        standard_error,
        t: t_statistic(value, standard_error),
        minimum_detectable: over(|ic| ic.minimum_detectable),
        icir: over(|ic| ic.icir),
        count: ics[0].count,
    })
}

fn mean_hits(hits: &[HitRate]) -> Option<HitRate> {
    Some(HitRate {
        rate: mean_of(hits.iter().map(|one| one.rate))?,
        majority: mean_of(hits.iter().map(|one| one.majority))?,
        zeros: mean_of(hits.iter().map(|one| one.zeros))?,
        count: hits[0].count,
    })
}

fn pick(members: &[u32], values: &[f64]) -> Vec<f64> {
    members
        .iter()
        .map(|&index| values[index as usize])
        .collect()
}

fn mean_of_list(values: Vec<f64>) -> Option<f64> {
    mean_of(values.into_iter())
}

fn mean_of(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), value| {
        (sum + value, count + 1)
    });
    (count > 0).then(|| sum / count as f64)
}

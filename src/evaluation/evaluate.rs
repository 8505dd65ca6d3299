//! All numbers of several forecasters on the same windows.

use burn::tensor::Device;

use super::Contestant;
use super::backtest::{Costs, Flow, Ledger, Strategy, backtest};
use super::overfitting::{SharpeMoments, deflated_sharpe, probabilistic_sharpe};
use super::result::{
    BacktestReport, COST_MULTIPLES, Difference, Evaluation, EvaluationConfig, ForecasterEvaluation,
    HorizonEvaluation, ScoreIntervals, Trials,
};
use super::score::{Measured, measure, symbols};
use super::timeline::curves;
use super::{Ingredients, Interval, IntervalConfig, bars_per_year, difference_interval, interval};
use crate::market::Bars;
use crate::metrics::{Objective, Panel, Scorer, Scores};
use crate::windows::{Outcomes, TargetConfig};

/// What is evaluated, and how.
#[derive(Clone, Copy, Debug)]
pub struct EvaluationInput<'a> {
    /// The bars that the windows are of.
    pub bars: &'a Bars,
    /// What was forecast.
    pub target: &'a TargetConfig,
    /// The windows and what came after them; of several folds, one after another.
    pub outcomes: &'a Outcomes,
    /// The loss.
    pub objective: Objective,
    /// Models and baselines.
    pub contestants: &'a [Contestant],
    /// Strategies, costs, intervals.
    pub config: &'a EvaluationConfig,
    /// The search that the model is the best of; none if nothing was searched.
    pub trials: Option<Trials>,
    /// Where the backtests are computed.
    pub device: &'a Device,
}

/// Measures every forecaster at every horizon.
///
/// # Panics
/// If there is no window, a contestant has no run, or a run does not have one forecast for each window
/// and horizon.
pub fn evaluate(input: &EvaluationInput<'_>) -> Evaluation {
    let outcomes = input.outcomes;
    assert!(!outcomes.samples.is_empty(), "no window to evaluate");
    let panel = Panel::new(&outcomes.samples, &outcomes.times);
    let scorer = Scorer::new(outcomes.clone(), input.objective, &[], None);
    let ledger = Ledger::new(input.bars, &outcomes.samples, input.target, input.device)
        .expect("a window has bars");
    let setting = Setting {
        input,
        panel: &panel,
        ledger: &ledger,
        costs: input.config.costs.resolve(input.bars.calendar),
        bars_per_year: bars_per_year(input.bars),
    };
    let scores: Vec<Vec<Vec<Scores>>> = input
        .contestants
        .iter()
        .map(|one| {
            assert!(!one.runs.is_empty(), "`{}` has no run", one.name);
            let mut runs: Vec<Vec<Scores>> =
                one.runs.iter().map(|run| scorer.scores(run)).collect();
            for (scores, losses) in runs.iter_mut().zip(one.losses.iter().flatten()) {
                for (scores, &loss) in scores.iter_mut().zip(losses) {
                    scores.loss = loss;
                }
            }
            runs
        })
        .collect();
    let horizons = (0..outcomes.horizons.len())
        .map(|column| {
            let of = |(contestant, runs): (&Contestant, &Vec<Vec<Scores>>)| {
                let scores = runs.iter().map(|run| run[column]).collect();
                setting.forecaster(contestant, scores, column)
            };
            let found: Vec<Forecaster> = input.contestants.iter().zip(&scores).map(of).collect();
            HorizonEvaluation {
                horizon_bars: outcomes.horizons[column],
                differences: setting.differences(&found, outcomes.horizons[column]),
                forecasters: found.into_iter().map(|one| one.report).collect(),
            }
        })
        .collect();
    let times = || outcomes.times.iter().copied();
    Evaluation {
        num_windows: panel.len(),
        num_symbols: panel.num_symbols(),
        first: times().min().unwrap_or(0),
        last: times().max().unwrap_or(0),
        interval_ns: input.bars.interval_ns,
        calendar: input.bars.calendar.to_string(),
        bars_per_year: setting.bars_per_year,
        entry: input.target.entry,
        normalise: input.target.normalise,
        objective: input.objective,
        caveat: input.target.caveat().map(str::to_owned),
        backtest: input.config.backtest.clone(),
        costs: setting.costs,
        intervals: input.config.intervals,
        trials: input.trials,
        horizons,
    }
}

/// What all forecasters share.
struct Setting<'a> {
    input: &'a EvaluationInput<'a>,
    panel: &'a Panel,
    ledger: &'a Ledger,
    costs: Costs,
    bars_per_year: f64,
}

/// A forecaster's numbers, and what differences are made from.
struct Forecaster {
    report: ForecasterEvaluation,
    measured: Measured,
    sharpe: Vec<Ingredients>,
    returns: Vec<Ingredients>,
}

impl Setting<'_> {
    fn forecaster(&self, contestant: &Contestant, runs: Vec<Scores>, column: usize) -> Forecaster {
        let outcomes = self.input.outcomes;
        let (width, horizon) = (outcomes.horizons.len(), outcomes.horizons[column]);
        let pick = |values: &[f32]| -> Vec<f64> {
            let column = values.iter().skip(column).step_by(width);
            column.map(|&value| f64::from(value)).collect()
        };
        let (scale, actual) = (pick(&outcomes.scale), pick(&outcomes.raw));
        let forecasts: Vec<Vec<f64>> = contestant
            .runs
            .iter()
            .map(|run| pick(run).iter().zip(&scale).map(|(f, s)| f * s).collect())
            .collect();
        let mut measured = measure(self.panel, &outcomes.times, &forecasts, &actual, horizon);
        let config = &self.input.config;
        let (mut backtests, mut chosen) = (Vec::new(), None);
        for strategy in Strategy::ALL {
            let flows: Vec<Flow> = forecasts
                .iter()
                .map(|forecast| {
                    let samples = &outcomes.samples;
                    let settings = &config.backtest;
                    let panel = self.panel;
                    backtest(
                        self.ledger,
                        samples,
                        panel,
                        forecast,
                        horizon,
                        strategy,
                        settings,
                    )
                })
                .collect();
            let traded = self.traded(strategy, &flows, horizon);
            if strategy == config.backtest.strategy {
                chosen = Some((traded.sharpe, traded.returns, traded.mean));
            }
            backtests.push(traded.report);
        }
        let (sharpe, returns, flow) = chosen.expect("one of all strategies is configured");
        let intervals = measured.intervals(horizon, &config.intervals);
        let symbols = symbols(
            self.input.bars,
            outcomes,
            self.panel,
            &forecasts,
            &actual,
            &flow,
        );
        let said = contestant.distribution.as_ref();
        Forecaster {
            report: ForecasterEvaluation {
                name: contestant.name.clone(),
                is_model: contestant.is_model,
                scores: super::score::mean(&runs),
                runs,
                intervals,
                symbols,
                ic_over_time: std::mem::take(&mut measured.points),
                calibration: measured.calibration.take(),
                quantiles: said.map_or_else(Vec::new, |said| said.quantiles(outcomes, column)),
                directions: said.and_then(|said| said.directions(outcomes, column)),
                backtests,
            },
            measured,
            sharpe,
            returns,
        }
    }

    fn traded(&self, strategy: Strategy, flows: &[Flow], horizon: usize) -> Traded {
        let (costs, per_year) = (&self.costs, self.bars_per_year);
        let mean = Flow::mean(flows);
        let nets: Vec<Vec<f64>> = flows
            .iter()
            .map(|flow| flow.net(costs, per_year, 1.0))
            .collect();
        let sharpe: Vec<Ingredients> = nets
            .iter()
            .map(|net| Ingredients::sharpe(net, per_year))
            .collect();
        let returns: Vec<Ingredients> = nets
            .iter()
            .map(|net| {
                let pairs: Vec<(f64, f64)> = net.iter().map(|bar| (1e4 * bar, 1.0)).collect();
                Ingredients::ratio(&pairs)
            })
            .collect();
        let idle = mean.traded.iter().all(|&traded| traded == 0.0);
        let moments = SharpeMoments::of(&mean.net(costs, per_year, 1.0));
        let average = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let config = &self.input.config;
        let range = |runs: &[Ingredients]| {
            if idle {
                None
            } else {
                interval(runs, horizon, &config.intervals)
            }
        };
        let report = BacktestReport {
            strategy,
            levels: COST_MULTIPLES
                .iter()
                .map(|&multiple| mean.at_level(costs, per_year, multiple))
                .collect(),
            break_even_bps: mean.break_even_bps(costs, per_year),
            mean_long: average(&mean.long),
            mean_short: average(&mean.short),
            sharpe: range(&sharpe),
            mean_return_bps: range(&returns),
            probabilistic_sharpe: moments.and_then(|moments| probabilistic_sharpe(&moments, 0.0)),
            deflated_sharpe: moments
                .zip(self.input.trials)
                .and_then(|(moments, trials)| {
                    deflated_sharpe(&moments, trials.count, trials.sharpe_variance)
                }),
            curves: (strategy == config.backtest.strategy)
                .then(|| curves(&self.ledger.times, &mean, costs, per_year)),
        };
        Traded {
            report,
            sharpe,
            returns,
            mean,
        }
    }

    fn differences(&self, found: &[Forecaster], horizon: usize) -> Vec<Difference> {
        let config = &self.input.config.intervals;
        let mut differences = Vec::new();
        for model in found.iter().filter(|one| one.report.is_model) {
            for baseline in found.iter().filter(|one| !one.report.is_model) {
                differences.push(Difference {
                    model: model.report.name.clone(),
                    baseline: baseline.report.name.clone(),
                    scores: model.measured.against(&baseline.measured, horizon, config),
                    sharpe: gap(&model.sharpe, &baseline.sharpe, horizon, config),
                    mean_return_bps: gap(&model.returns, &baseline.returns, horizon, config),
                });
            }
        }
        differences
    }
}

/// One strategy of one forecaster.
struct Traded {
    report: BacktestReport,
    sharpe: Vec<Ingredients>,
    returns: Vec<Ingredients>,
    mean: Flow,
}

fn gap(
    model: &[Ingredients],
    baseline: &[Ingredients],
    horizon: usize,
    config: &IntervalConfig,
) -> Option<Interval> {
    difference_interval(model, baseline, horizon, config)
}

impl Measured {
    fn intervals(&self, horizon: usize, config: &IntervalConfig) -> ScoreIntervals {
        let of = |runs: &[Ingredients]| interval(runs, horizon, config);
        ScoreIntervals {
            ic_ts: of(&self.ic_ts),
            ic_cs: of(&self.ic_cs),
            rank_ic_cs: of(&self.rank_ic_cs),
            hit_rate: of(&self.hits),
        }
    }

    fn against(&self, other: &Self, horizon: usize, config: &IntervalConfig) -> ScoreIntervals {
        ScoreIntervals {
            ic_ts: gap(&self.ic_ts, &other.ic_ts, horizon, config),
            ic_cs: gap(&self.ic_cs, &other.ic_cs, horizon, config),
            rank_ic_cs: gap(&self.rank_ic_cs, &other.rank_ic_cs, horizon, config),
            hit_rate: gap(&self.hits, &other.hits, horizon, config),
        }
    }
}

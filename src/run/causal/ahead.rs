//! Bars behind an instant become others, or go: nothing up to it may move.

use std::sync::Arc;

use rand::Rng as _;

use super::changed::{self, Span};
use super::{Findings, Prover, Violation, below, place_of, time};
use crate::device::transfer::to_host;
use crate::market::Bars;
use crate::run::{Prepared, RunError, Survey};
use crate::windows::{Plan, Resident, Sample, Split, scorable};

/// Windows of each symbol whose forecasts are compared: the last ones up to the instant.
const LATEST: usize = 8;
/// And random ones before.
const EARLIER: usize = 16;
/// Bars behind the instant where the bars around it are looked at alone.
const BEHIND: usize = 64;

/// Everything that the pipeline makes of bars, on the host.
struct Sight {
    bars: Arc<Bars>,
    /// By symbol, `[T, F]`.
    unscaled: Vec<Vec<f32>>,
    /// By symbol, `[T, F]`.
    scaled: Vec<Vec<f32>>,
    prepared: Prepared,
}

impl Prover<'_> {
    /// [`super::Check::LaterBars`].
    pub(super) fn later_bars(&self) -> Result<Findings, RunError> {
        let instants = self.instants();
        let whole = self.whole_passes(instants.len()).min(instants.len());
        let mut findings = Findings::default();
        let mut kept: Option<Sight> = None;
        for (number, &instant) in instants.iter().enumerate() {
            if number < whole {
                let before = match kept.take() {
                    Some(before) => before,
                    None => self.look(Arc::clone(&self.raw))?,
                };
                self.at_instant(&self.raw, &before, instant, number, &mut findings)?;
                kept = Some(before);
            } else {
                kept = None;
                let raw = changed::around(
                    &self.raw,
                    instant,
                    self.required_bars + LATEST + EARLIER,
                    BEHIND,
                );
                let raw = Arc::new(raw);
                let before = self.look(Arc::clone(&raw))?;
                self.at_instant(&raw, &before, instant, number, &mut findings)?;
            }
        }
        findings.done = format!(
            "at {} random instants other bars, gaps and volumes behind them for all symbols, then none: bars, \
             {} features, scaled inputs and forecasts up to each",
            instants.len(),
            self.fitted.set.len()
        );
        if whole < instants.len() {
            findings.done += &format!(
                "; all bars at {whole} of them, at the others the {} bars around",
                self.required_bars + LATEST + EARLIER + BEHIND
            );
        }
        Ok(findings)
    }

    fn at_instant(
        &self,
        raw: &Bars,
        before: &Sight,
        instant: i64,
        number: usize,
        findings: &mut Findings,
    ) -> Result<(), RunError> {
        let seed = self.random(1 + number as u64).next_u64();
        let others = changed::scrambled(raw, Span::after(instant), seed, true);
        let ways = [
            (others, "other bars"),
            (changed::cut_off(raw, instant), "no bars"),
        ];
        let samples = self.windows_until(&before.bars, instant, number);
        let forecasts = self.forecasts(before, &samples);
        for (bars, way) in ways {
            let after = self.look(Arc::new(bars))?;
            let because = || format!("with {way} behind {}", time(instant));
            self.compare(before, &after, instant, &because, findings);
            self.compare_forecasts(before, &after, &samples, &forecasts, &because, findings);
        }
        Ok(())
    }

    /// The pipeline up to scaled inputs and labels, with the checkpoint's own scaler.
    fn look(&self, raw: Arc<Bars>) -> Result<Sight, RunError> {
        let bars = self.pipeline.read(raw);
        let survey = Survey {
            bars: Arc::clone(&bars),
            set: self.fitted.set.clone(),
            plan: without_windows(&self.survey.plan),
            ..self.survey.clone()
        };
        let inputs = self
            .pipeline
            .inputs(&survey, &self.fitted.set, &self.device.device)?;
        let unscaled = by_symbol(inputs.resident(), &bars);
        let prepared = self
            .pipeline
            .scale(&inputs, &survey, Some(self.fitted.clone()))?;
        Ok(Sight {
            scaled: by_symbol(prepared.loader(Split::Test).resident(), &bars),
            unscaled,
            prepared,
            bars,
        })
    }

    fn compare(
        &self,
        before: &Sight,
        after: &Sight,
        instant: i64,
        because: &dyn Fn() -> String,
        findings: &mut Findings,
    ) {
        let names = self.fitted.set.names();
        for (index, series) in before.bars.series.iter().enumerate() {
            let rows = series.time.partition_point(|&time| time <= instant);
            let Some(other) = place_of(&after.bars, &series.symbol).filter(|_| rows > 0) else {
                continue;
            };
            let mut at = |a: &[f32], b: &[f32], width: usize, what: &dyn Fn(usize) -> String| {
                let count = (rows * width).min(a.len());
                findings.count(count);
                for (place, &value) in a[..count].iter().enumerate() {
                    let found = b.get(place).copied().unwrap_or(f32::NAN);
                    if !self.near.same(value, found, 1.0) {
                        findings.leak(|| Violation {
                            symbol: Some(series.symbol.clone()),
                            bar: Some(time(series.time[place / width])),
                            what: what(place % width),
                            expected: Some(f64::from(value)),
                            found: Some(f64::from(found)),
                            because: because(),
                        });
                    }
                }
            };
            let own = &after.bars.series[other];
            for (name, a, b) in [
                ("open", &series.open, &own.open),
                ("high", &series.high, &own.high),
                ("low", &series.low, &own.low),
                ("close", &series.close, &own.close),
                ("volume", &series.volume, &own.volume),
            ] {
                at(a, b, 1, &|_| format!("the bar's {name}"));
            }
            let width = names.len();
            at(
                &before.unscaled[index],
                &after.unscaled[other],
                width,
                &|column| format!("feature {}", names[column]),
            );
            at(
                &before.scaled[index],
                &after.scaled[other],
                width,
                &|column| format!("scaled input {}", names[column]),
            );
            let scale =
                |sight: &Sight, place: usize| sight.prepared.targets.series[place].scale.clone();
            let horizons = &before.prepared.targets.horizons;
            at(
                &scale(before, index),
                &scale(after, other),
                horizons.len(),
                &|column| format!("the scale of forecast_{}", horizons[column]),
            );
        }
    }

    fn forecasts(&self, sight: &Sight, samples: &[Sample]) -> Vec<f32> {
        let loader = sight.prepared.test.with_samples(samples.to_vec());
        super::forecasts(&self.model, &loader)
    }

    fn compare_forecasts(
        &self,
        before: &Sight,
        after: &Sight,
        samples: &[Sample],
        forecasts: &[f32],
        because: &dyn Fn() -> String,
        findings: &mut Findings,
    ) {
        let there = |sample: &Sample| {
            let symbol = &before.bars.series[sample.series as usize].symbol;
            let series = place_of(&after.bars, symbol)?;
            let last = sample.last as usize;
            (last < after.bars.series[series].len()).then_some(Sample {
                series: series as u32,
                last: sample.last,
            })
        };
        // a window ends by the instant, so its bars are there however the bars behind it changed
        let found: Vec<Sample> = samples.iter().filter_map(there).collect();
        if found.len() != samples.len() {
            return;
        }
        let found = self.forecasts(after, &found);
        let horizons = &before.prepared.targets.horizons;
        for (place, (&a, &b)) in forecasts.iter().zip(&found).enumerate() {
            let sample = samples[place / horizons.len()];
            let series = &before.bars.series[sample.series as usize];
            findings.require(self.near.same(a, b, 1.0), || Violation {
                symbol: Some(series.symbol.clone()),
                bar: Some(time(series.time[sample.last as usize])),
                what: format!(
                    "forecast_{} in label units",
                    horizons[place % horizons.len()]
                ),
                expected: Some(f64::from(a)),
                found: Some(f64::from(b)),
                because: because(),
            });
        }
    }

    /// Of each symbol's full windows up to an instant the last ones and some before.
    fn windows_until(&self, bars: &Bars, instant: i64, number: usize) -> Vec<Sample> {
        let length = self.survey.config.windows.length;
        let all = scorable(bars, self.required_bars.saturating_sub(length), length);
        let mut random = self.random((1 << 32) + number as u64);
        let mut picked = Vec::new();
        for own in all.chunk_by(|a, b| a.series == b.series) {
            let series = &bars.series[own[0].series as usize];
            let count = own.partition_point(|one| series.time[one.last as usize] <= instant);
            let (earlier, latest) = own[..count].split_at(count.saturating_sub(LATEST));
            let mut places: Vec<usize> = (0..EARLIER.min(earlier.len()))
                .map(|_| below(earlier.len(), &mut random))
                .collect();
            places.sort_unstable();
            places.dedup();
            picked.extend(places.into_iter().map(|place| earlier[place]));
            picked.extend_from_slice(latest);
        }
        picked
    }
}

/// The plan's cuts without its windows: those of other bars would lie elsewhere.
fn without_windows(plan: &Plan) -> Plan {
    Plan {
        train: Vec::new(),
        validation: Vec::new(),
        test: Vec::new(),
        ..plan.clone()
    }
}

/// Features by symbol, `[T, F]` each, padding left out.
fn by_symbol(resident: &Resident, bars: &Bars) -> Vec<Vec<f32>> {
    let blocks: Vec<(usize, Vec<f32>)> = resident
        .features
        .iter()
        .map(|block| {
            let [_, num_bars, num_features] = block.dims();
            (num_bars * num_features, to_host(block.clone()))
        })
        .collect();
    resident
        .places
        .iter()
        .zip(&bars.series)
        .map(|(&(block, row), series)| {
            let num_features = resident.features[block].dims()[2];
            let (stride, values) = &blocks[block];
            values[row * stride..][..series.len() * num_features].to_vec()
        })
        .collect()
}

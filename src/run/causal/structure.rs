//! What scrambling cannot show, computed again from the bars: whole bars, splits, labels.

use std::sync::Arc;

use super::retrain::first_instant;
use super::{Findings, Prover, Violation, time};
use crate::market::{Bars, Series};
use crate::run::{Prepared, RunError, Survey};
use crate::windows::{Entry, Loader, Normalise, Sample, Split};

/// How far open and close may lie outside low and high: rounding, not another adjustment.
const OUTSIDE: f64 = 1e-3;
/// The share of a log return that its own rounding to float32 may cost.
const ROUNDING: f64 = 1e-6;

impl Prover<'_> {
    /// [`super::Check::WholeBars`].
    pub(super) fn whole_bars(&self) -> Findings {
        let mut findings = Findings::of(
            "open and close of every bar, as features see it, between its low and high (to 10 basis points)",
        );
        for series in &self.survey.bars.series {
            for row in 0..series.len() {
                let (low, high) = (f64::from(series.low[row]), f64::from(series.high[row]));
                for (name, price) in [("open", series.open[row]), ("close", series.close[row])] {
                    let price = f64::from(price);
                    let inside = price >= low * (1.0 - OUTSIDE) && price <= high * (1.0 + OUTSIDE);
                    let bound = if price < low { low } else { high };
                    findings.require(inside, || Violation {
                        symbol: Some(series.symbol.clone()),
                        bar: Some(time(series.time[row])),
                        what: name.to_owned(),
                        expected: Some(bound),
                        found: Some(price),
                        because: format!(
                            "outside low {low} and high {high}: were all four prices adjusted alike?"
                        ),
                    });
                }
            }
        }
        findings
    }

    /// [`super::Check::Splits`].
    pub(super) fn splits(&self) -> Findings {
        let survey = match &self.training {
            Ok(survey) => survey,
            Err(reason) => return Findings::not_run(reason),
        };
        let mut findings = Findings::of(
            "the bar on which each training and validation target ends opens before the next split's first \
             window of any symbol ends",
        );
        let (validation, test) = (
            first_instant(survey, Split::Validation),
            first_instant(survey, Split::Test),
        );
        let ahead = survey.config.target.longest_exit_offset_bars();
        let behind_test = behind_test(survey, ahead);
        let spans = [
            (Split::Train, validation.or(test), "validation"),
            (Split::Validation, test, "test"),
        ];
        // cuts first: where those are wrong, targets that cross them only follow
        for offset in [0, ahead] {
            for (split, next, of) in spans {
                let Some(next) = next else { continue };
                for &sample in survey.plan.samples(split) {
                    let series = &survey.bars.series[sample.series as usize];
                    let last = sample.last as usize;
                    let is_behind = split == Split::Train
                        && behind_test.as_ref().is_some_and(|rows| {
                            let first = (last + 1).saturating_sub(survey.config.windows.length);
                            first > rows[sample.series as usize]
                        });
                    let opens = series.time.get(last + offset);
                    let before = opens.is_some_and(|&opens| opens < next);
                    findings.require(is_behind || before, || Violation {
                        symbol: Some(series.symbol.clone()),
                        bar: Some(time(series.time[last])),
                        what: format!("a window of {split}"),
                        expected: None,
                        found: None,
                        because: crossing(offset == 0, opens.copied(), of, next),
                    });
                }
            }
        }
        findings
    }

    /// [`super::Check::Labels`].
    pub(super) fn labels(&self) -> Result<Findings, RunError> {
        let survey = match &self.training {
            Ok(survey) => survey,
            Err(_) => &self.survey,
        };
        let target = &survey.config.target;
        let mut findings = Findings::of(format!(
            "log returns of every window computed again from {} to the exit, what the loss sees compared with \
             them, and closes at the windows' ends nudged, which moves none",
            match target.entry {
                Entry::NextClose => "the next bar's close",
                Entry::NextOpen => "the next bar's open",
                Entry::Close =>
                    "the window's own last close (not tradable, as its configuration says)",
            }
        ));
        let device = &self.device.device;
        let inputs = self.pipeline.inputs(survey, &self.fitted.set, device)?;
        let prepared = self
            .pipeline
            .scale(&inputs, survey, Some(self.fitted.clone()))?;
        for split in Split::ALL {
            again(survey, &prepared, survey.plan.samples(split), &mut findings);
            self.resident(survey, &prepared, prepared.loader(split), &mut findings);
        }
        if target.entry != Entry::Close {
            self.nudged(survey, &prepared, &mut findings)?;
        }
        Ok(findings)
    }

    /// The labels on the device against those on the host.
    fn resident(
        &self,
        survey: &Survey,
        prepared: &Prepared,
        loader: &Loader,
        findings: &mut Findings,
    ) {
        let epoch = loader.sequential();
        let labels = (0..epoch.len()).map(|step| epoch.labels(step)).collect();
        let found = epoch.to_sample_order(labels);
        let outcomes = prepared.targets.outcomes(&survey.bars, loader.samples());
        let width = outcomes.horizons.len();
        for (place, (&a, &b)) in outcomes.label.iter().zip(&found).enumerate() {
            findings.require(self.near.same(a, b, 1.0), || {
                let because = "on the device";
                let what = format!("label_{}", outcomes.horizons[place % width]);
                wrong(
                    &survey.bars,
                    loader.samples()[place / width],
                    what,
                    a,
                    b,
                    because,
                )
            });
        }
    }

    /// Other closes at some windows' ends, far enough apart that none of their targets meets another's
    /// bar: no log return moves.
    fn nudged(
        &self,
        survey: &Survey,
        prepared: &Prepared,
        findings: &mut Findings,
    ) -> Result<(), RunError> {
        let apart = survey.config.target.longest_exit_offset_bars() as u32 + 2;
        let mut picked: Vec<Sample> = Vec::new();
        for split in Split::ALL {
            for &sample in survey.plan.samples(split) {
                let near = picked.last().is_some_and(|last| {
                    last.series == sample.series && last.last.abs_diff(sample.last) < apart
                });
                if !near {
                    picked.push(sample);
                }
            }
        }
        picked.sort_unstable();
        picked.dedup_by(|b, a| a.series == b.series && b.last - a.last < apart);
        let mut bars = (*self.raw).clone();
        for sample in &picked {
            nudge(
                &mut bars.series[sample.series as usize],
                sample.last as usize,
            );
        }
        let survey = Survey {
            bars: self.pipeline.read(Arc::new(bars)),
            ..survey.clone()
        };
        let device = &self.device.device;
        let inputs = self.pipeline.inputs(&survey, &self.fitted.set, device)?;
        let before = prepared.targets.outcomes(&survey.bars, &picked).raw;
        let after = inputs.targets().outcomes(&survey.bars, &picked).raw;
        let horizons = &prepared.targets.horizons;
        for (place, (&a, &b)) in before.iter().zip(&after).enumerate() {
            findings.require(a.to_bits() == b.to_bits(), || {
                let because = "with another close of the window's last bar, which is no entry";
                let what = format!(
                    "the log return of label_{}",
                    horizons[place % horizons.len()]
                );
                wrong(
                    &survey.bars,
                    picked[place / horizons.len()],
                    what,
                    a,
                    b,
                    because,
                )
            });
        }
        Ok(())
    }
}

/// The rule that a window breaks.
fn crossing(is_cut: bool, opens: Option<i64>, of: &str, next: i64) -> String {
    if is_cut {
        return format!(
            "but {of} begins at {}, maybe of another symbol: a cut must be one instant for all",
            time(next)
        );
    }
    format!(
        "whose target ends at {}, not before {of} begins at {}",
        opens.map_or_else(|| "no bar".to_owned(), time),
        time(next)
    )
}

/// By series the row of the last target of the test span, where training goes on behind it.
fn behind_test(survey: &Survey, ahead: usize) -> Option<Vec<usize>> {
    survey.plan.train_again.as_ref()?;
    let end = survey.plan.cuts.test_end_ns;
    let row = |series: &Series| series.time.partition_point(|&time| time < end) + ahead;
    Some(
        survey
            .bars
            .series
            .iter()
            .map(|one| row(one).saturating_sub(1))
            .collect(),
    )
}

/// Log returns from the bars, and labels from them.
fn again(survey: &Survey, prepared: &Prepared, samples: &[Sample], findings: &mut Findings) {
    let target = &survey.config.target;
    let outcomes = prepared.targets.outcomes(&survey.bars, samples);
    let width = target.horizons.len();
    for (place, &sample) in samples.iter().enumerate() {
        let series = &survey.bars.series[sample.series as usize];
        let last = sample.last as usize;
        let (prices, entry) = match target.entry {
            Entry::NextClose => (&series.close, last + 1),
            Entry::NextOpen => (&series.open, last + 1),
            Entry::Close => (&series.close, last),
        };
        let price = |row: usize| prices.get(row).map_or(f64::NAN, |&price| f64::from(price));
        for (column, horizon) in target.horizons.iter().enumerate() {
            let at = place * width + column;
            let expected = price(entry + horizon).ln() - price(entry).ln();
            let raw = f64::from(outcomes.raw[at]);
            // logarithms of prices lose digits to each other
            let slack = ROUNDING * expected.abs() + 1e-13 * (1.0 + price(entry).ln().abs()) * 10.0;
            findings.require((raw - expected).abs() <= slack, || {
                let because = "computed again from its entry and exit bars";
                let what = format!("the log return of label_{horizon}");
                wrong(
                    &survey.bars,
                    sample,
                    what,
                    expected as f32,
                    raw as f32,
                    because,
                )
            });
            let scale = f64::from(outcomes.scale[at]);
            let clip = f64::from(target.clip);
            let label = match target.normalise {
                Normalise::None => expected,
                Normalise::Volatility => (expected / scale).clamp(-clip, clip),
                // of all symbols at the bar: the log returns that they compare are looked at above
                Normalise::CsDemean | Normalise::CsRank => continue,
            };
            let found = f64::from(outcomes.label[at]);
            let slack = ROUNDING * label.abs() + 1e-11 / scale.abs().max(1e-6);
            findings.require((found - label).abs() <= slack, || {
                let because = "computed again from its log return";
                let what = format!("label_{horizon}");
                wrong(
                    &survey.bars,
                    sample,
                    what,
                    label as f32,
                    found as f32,
                    because,
                )
            });
        }
    }
}

/// Five per cent on the close, and the bar kept whole.
fn nudge(series: &mut Series, row: usize) {
    series.close[row] *= 1.05;
    series.high[row] = series.high[row].max(series.close[row]);
}

fn wrong(
    bars: &Bars,
    sample: Sample,
    what: String,
    expected: f32,
    found: f32,
    because: &str,
) -> Violation {
    let series = &bars.series[sample.series as usize];
    Violation {
        symbol: Some(series.symbol.clone()),
        bar: Some(time(series.time[sample.last as usize])),
        what,
        expected: Some(f64::from(expected)),
        found: Some(f64::from(found)),
        because: because.to_owned(),
    }
}

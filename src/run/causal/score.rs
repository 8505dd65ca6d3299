//! Scores of bars that end at an instant against scores of all bars.

use super::changed;
use super::{Findings, Prover, Violation, place_of, time};
use crate::market::Bars;
use crate::run::RunError;
use crate::scoring::{Forecasts, ScoreError, ScoreOptions};

/// Bars before and behind an instant where the bars around it are looked at alone.
const AROUND: usize = 32;

impl Prover<'_> {
    /// [`super::Check::CutOff`].
    pub(super) fn cut_off(&self) -> Result<Findings, RunError> {
        let instants = self.instants();
        let whole = self.whole_passes(instants.len()).min(instants.len());
        let mut findings = Findings::of(format!(
            "at {} random instants every symbol's last forecast of the bars up to it, against its forecast of \
             all bars",
            instants.len()
        ));
        if whole < instants.len() {
            findings.done += &format!(
                " (all bars at {whole} of them, at the others the {} bars around)",
                self.required_bars + 2 * AROUND
            );
        }
        let all = if whole > 0 {
            self.scores(&self.raw, false)?
        } else {
            None
        };
        for (number, &instant) in instants.iter().enumerate() {
            if number < whole {
                self.cut_at(&self.raw, all.as_ref(), instant, &mut findings)?;
            } else {
                let bars = changed::around(&self.raw, instant, self.required_bars + AROUND, AROUND);
                let all = self.scores(&bars, false)?;
                self.cut_at(&bars, all.as_ref(), instant, &mut findings)?;
            }
        }
        Ok(findings)
    }

    /// What scoring gives; none where no symbol has a full window.
    fn scores(&self, bars: &Bars, last: bool) -> Result<Option<Forecasts>, RunError> {
        let bars = self.pipeline.read(std::sync::Arc::new(bars.clone()));
        let options = ScoreOptions {
            last,
            ..ScoreOptions::default()
        };
        let scored = self
            .pipeline
            .score(self.checkpoint, &bars, &options, &self.device.device);
        match scored {
            Ok(scores) => Ok(Some(scores)),
            Err(RunError::Score(ScoreError::NoWindows { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn cut_at(
        &self,
        bars: &Bars,
        all: Option<&Forecasts>,
        instant: i64,
        findings: &mut Findings,
    ) -> Result<(), RunError> {
        let cut = changed::cut_off(bars, instant);
        let (Some(all), Some(last)) = (all, self.scores(&cut, true)?) else {
            return Ok(());
        };
        for row in 0..last.timestamp.len() {
            let symbol = &cut.series[last.series[row] as usize].symbol;
            let opens = last.timestamp[row];
            let leak = |what: String, expected: Option<f32>, found: f32| Violation {
                symbol: Some(symbol.clone()),
                bar: Some(time(opens)),
                what,
                expected: expected.map(f64::from),
                found: Some(f64::from(found)),
                because: format!("scored from the bars up to {} alone", time(instant)),
            };
            let place = place_of(bars, symbol).and_then(|series| row_of(all, series, opens));
            let Some(place) = place else {
                findings.require(false, || {
                    leak("a row".to_owned(), None, last.forecast[0][row])
                });
                continue;
            };
            for (index, &horizon) in last.horizons.iter().enumerate() {
                let mut pair = |name: String, whole: &[f32], cut: &[f32]| {
                    let (a, b) = (whole[place], cut[row]);
                    findings.require(self.near.same(a, b, typical(whole)), || {
                        leak(name, Some(a), b)
                    });
                };
                pair(
                    format!("forecast_{horizon}"),
                    &all.forecast[index],
                    &last.forecast[index],
                );
                for ((name, whole), (_, cut)) in all.beside[index].iter().zip(&last.beside[index]) {
                    pair(name.clone(), whole, cut);
                }
            }
        }
        Ok(())
    }
}

/// Rows are ordered by symbol, then by time.
fn row_of(scores: &Forecasts, series: usize, opens: i64) -> Option<usize> {
    let key = (series as u32, opens);
    let count = scores.timestamp.len();
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = usize::midpoint(low, high);
        if (scores.series[middle], scores.timestamp[middle]) < key {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    (low < count && (scores.series[low], scores.timestamp[low]) == key).then_some(low)
}

/// The size of a column's first few thousand numbers: what a GPU's rounding is measured against.
fn typical(column: &[f32]) -> f32 {
    let some = &column[..column.len().min(4096)];
    some.iter()
        .fold(0.0_f32, |size, value| size.max(value.abs()))
}

//! What the model is asked to forecast: log returns between bars that lie after the window.

use super::legal::{legal_rows, offsets, samples};
use super::{Entry, MIN_CROSS_SECTION, Normalise, Sample, TargetConfig, mean_ranks, volatility};
use crate::market::{Bars, Series};

/// Labels of every bar of every symbol, on the host.
#[derive(Clone, Debug)]
pub struct Targets {
    /// Bars ahead, one column each.
    pub horizons: Vec<usize>,
    /// In the order of [`Bars::series`].
    pub series: Vec<SeriesTargets>,
}

/// The labels of one symbol, each `[T, Hn]` row by row; NaN is undefined.
#[derive(Clone, Debug, Default)]
pub struct SeriesTargets {
    /// What the model is trained on.
    pub label: Vec<f32>,
    /// A forecast times this is a log return ([`Normalise::CsDemean`]: in excess of the symbols'
    /// mean; [`Normalise::CsRank`]: 1, since a rank is no return). Known at the bar, so defined
    /// where the label is not known yet.
    pub scale: Vec<f32>,
    /// The log return from entry to exit.
    pub raw: Vec<f32>,
    /// The log return of the bar itself, `[T]`: what the baseline "minus the last return" looks at.
    pub last_return: Vec<f32>,
}

/// What came after each of a list of windows, for the metrics.
#[derive(Clone, Debug, Default)]
pub struct Outcomes {
    /// The windows, in the order of the rows below.
    pub samples: Vec<Sample>,
    /// Open time of each window's last bar, nanoseconds since the epoch, UTC.
    pub times: Vec<i64>,
    /// Bars ahead, one column each.
    pub horizons: Vec<usize>,
    /// `[S, Hn]`, see [`SeriesTargets::label`].
    pub label: Vec<f32>,
    /// `[S, Hn]`, see [`SeriesTargets::scale`].
    pub scale: Vec<f32>,
    /// `[S, Hn]`, see [`SeriesTargets::raw`].
    pub raw: Vec<f32>,
    /// `[S]`, see [`SeriesTargets::last_return`].
    pub last_return: Vec<f32>,
}

impl Outcomes {
    /// Puts the windows of `later` behind these; the horizons are the same.
    ///
    /// # Panics
    /// If the horizons differ.
    pub fn extend(&mut self, later: &Self) {
        if self.samples.is_empty() {
            self.horizons.clone_from(&later.horizons);
        }
        assert_eq!(self.horizons, later.horizons, "horizons");
        self.samples.extend_from_slice(&later.samples);
        self.times.extend_from_slice(&later.times);
        self.label.extend_from_slice(&later.label);
        self.scale.extend_from_slice(&later.scale);
        self.raw.extend_from_slice(&later.raw);
        self.last_return.extend_from_slice(&later.last_return);
    }
}

/// Labels of all bars, for all horizons.
///
/// ```text
/// next_close  y_t = ln(close_{t+1+h} / close_{t+1})
/// next_open   y_t = ln(open_{t+1+h} / open_{t+1})
/// close       y_t = ln(close_{t+h} / close_t)               not tradable
///
/// volatility  label = clip(y_t / scale),  scale = sigma_t sqrt(h)
/// none        label = y_t,                scale = 1
/// cs_demean   label = clip((y_t - mean over symbols at t) / scale),  scale = sigma_t sqrt(h)
/// cs_rank     label = sqrt(12) ((rank_t - 1/2) / n - 1/2),  scale = 1, ranks 1..=n over the symbols at t
/// ```
/// with `sigma_t` from [`volatility()`]. Equal returns share their mean rank. A cross-section at t
/// holds the symbols that have a bar with this open time and targets for all horizons; fewer than
/// [`MIN_CROSS_SECTION`] leave the label undefined.
///
/// A row whose own, entry or exit bar is filled in, missing or behind a gap has no label. Computed in
/// float64 on the host, once.
pub fn targets(bars: &Bars, config: &TargetConfig) -> Targets {
    let horizons = config.horizons.clone();
    let mut series: Vec<SeriesTargets> = bars
        .series
        .iter()
        .map(|series| of_series(series, config))
        .collect();
    if config.normalise.is_cross_sectional() {
        for members in cross_sections(bars, config) {
            for column in 0..horizons.len() {
                cross_section(&mut series, &members, column, horizons.len(), config);
            }
        }
    }
    Targets { horizons, series }
}

impl Targets {
    /// Picks the rows of the windows.
    ///
    /// # Panics
    /// If a sample lies outside the bars.
    pub fn outcomes(&self, bars: &Bars, samples: &[Sample]) -> Outcomes {
        let width = self.horizons.len();
        let mut outcomes = Outcomes {
            samples: samples.to_vec(),
            times: Vec::with_capacity(samples.len()),
            horizons: self.horizons.clone(),
            label: Vec::with_capacity(samples.len() * width),
            scale: Vec::with_capacity(samples.len() * width),
            raw: Vec::with_capacity(samples.len() * width),
            last_return: Vec::with_capacity(samples.len()),
        };
        for sample in samples {
            let (series, row) = (sample.series as usize, sample.last as usize);
            let rows = row * width..(row + 1) * width;
            outcomes.times.push(bars.series[series].time[row]);
            outcomes
                .label
                .extend_from_slice(&self.series[series].label[rows.clone()]);
            outcomes
                .scale
                .extend_from_slice(&self.series[series].scale[rows.clone()]);
            outcomes
                .raw
                .extend_from_slice(&self.series[series].raw[rows]);
            outcomes
                .last_return
                .push(self.series[series].last_return[row]);
        }
        outcomes
    }
}

fn of_series(series: &Series, config: &TargetConfig) -> SeriesTargets {
    let (num_bars, width) = (series.len(), config.horizons.len());
    let undefined = || vec![f32::NAN; num_bars * width];
    let mut out = SeriesTargets {
        label: undefined(),
        scale: undefined(),
        raw: undefined(),
        ..Default::default()
    };
    let sigma = volatility(&series.close, &series.segment, config.volatility_span);
    let clip = f64::from(config.clip);
    let (price, first) = match config.entry {
        Entry::NextClose => (&series.close, 1),
        Entry::NextOpen => (&series.open, 1),
        Entry::Close => (&series.close, 0),
    };
    for (column, &horizon) in config.horizons.iter().enumerate() {
        let scale = |t: usize| {
            if config.normalise.uses_volatility() {
                sigma[t] * (horizon as f64).sqrt()
            } else {
                1.0
            }
        };
        for t in 0..num_bars {
            out.scale[t * width + column] = scale(t) as f32;
        }
        let offsets = [first, config.exit_offset_bars(horizon)];
        for row in legal_rows(num_bars, &series.filled, &series.segment, 1, &offsets) {
            let t = row as usize;
            let raw = log_ratio(price[t + first + horizon], price[t + first]);
            out.raw[t * width + column] = raw as f32;
            out.label[t * width + column] = match config.normalise {
                Normalise::Volatility => (raw / scale(t)).clamp(-clip, clip) as f32,
                Normalise::None => raw as f32,
                Normalise::CsDemean | Normalise::CsRank => f32::NAN,
            };
        }
    }
    let starts = |t: usize| {
        t == 0 || (!series.segment.is_empty() && series.segment[t] != series.segment[t - 1])
    };
    let own = |t: usize| {
        if starts(t) {
            f64::NAN
        } else {
            log_ratio(series.close[t], series.close[t - 1])
        }
    };
    out.last_return = (0..num_bars).map(|t| own(t) as f32).collect();
    out
}

fn log_ratio(end: f32, start: f32) -> f64 {
    (f64::from(end) / f64::from(start)).ln()
}

/// The rows that meet at the same open time with targets for all horizons, where there are enough.
pub(super) fn cross_sections(bars: &Bars, config: &TargetConfig) -> Vec<Vec<Sample>> {
    let offsets = offsets(config);
    let mut members: Vec<(i64, Sample)> = samples(bars, |series| {
        legal_rows(series.len(), &series.filled, &series.segment, 1, &offsets)
    })
    .into_iter()
    .map(|sample| {
        (
            bars.series[sample.series as usize].time[sample.last as usize],
            sample,
        )
    })
    .collect();
    members.sort_unstable();
    members
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|group| group.len() >= MIN_CROSS_SECTION)
        .map(|group| group.iter().map(|&(_, sample)| sample).collect())
        .collect()
}

/// Labels of the symbols that meet at one bar.
fn cross_section(
    series: &mut [SeriesTargets],
    members: &[Sample],
    column: usize,
    width: usize,
    config: &TargetConfig,
) {
    let place = |sample: &Sample| {
        (
            sample.series as usize,
            sample.last as usize * width + column,
        )
    };
    let raw: Vec<f64> = members
        .iter()
        .map(|sample| {
            let (index, at) = place(sample);
            f64::from(series[index].raw[at])
        })
        .collect();
    let count = raw.len() as f64;
    let ranks = mean_ranks(&raw);
    let mean = raw.iter().sum::<f64>() / count;
    let clip = f64::from(config.clip);
    for ((sample, &value), &rank) in members.iter().zip(&raw).zip(&ranks) {
        let (index, at) = place(sample);
        series[index].label[at] = if config.normalise == Normalise::CsRank {
            (12.0_f64.sqrt() * ((rank - 0.5) / count - 0.5)) as f32
        } else {
            ((value - mean) / f64::from(series[index].scale[at])).clamp(-clip, clip) as f32
        };
    }
}

//! A validation as plain text.

use std::fmt::Write as _;

use super::{Ic, Scores, Validation};

impl Validation {
    /// The table that `train` and `evaluate` print: a line for the model and each baseline at each
    /// horizon.
    ///
    /// `ic ± se (finds)` is an IC, its Newey-West standard error and the smallest IC that this much
    /// data can detect. `-` is undefined.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} windows of {} symbols, {} to {}\n",
            self.num_windows,
            self.num_symbols,
            date(self.first),
            date(self.last)
        );
        let across = self.horizons.iter().any(|one| one.model.ic_cs.is_some());
        let _ = write!(
            text,
            "{:>7}  {:<17} {:>8} {:>7} {:>10} {:>7}  {:<25}",
            "horizon",
            "forecast",
            "loss",
            "hit %",
            "majority %",
            "zero %",
            "ic_ts \u{b1} se (finds)"
        );
        if across {
            let _ = write!(
                text,
                " {:<25} {:<27} {:>7}",
                "ic_cs \u{b1} se (finds)", "rank_ic_cs \u{b1} se (finds)", "icir"
            );
        }
        let _ = writeln!(text, " {:>13}", "break-even bp");
        for one in &self.horizons {
            line(&mut text, one.horizon_bars, "model", &one.model, across);
            for baseline in &one.baselines {
                line(
                    &mut text,
                    one.horizon_bars,
                    &baseline.name,
                    &baseline.scores,
                    across,
                );
            }
        }
        if let Some(caveat) = &self.caveat {
            let _ = writeln!(text, "{caveat}");
        }
        text
    }
}

fn line(text: &mut String, horizon_bars: usize, name: &str, scores: &Scores, across: bool) {
    let hits = scores.hit_rate;
    let percent = |value: Option<f64>| number(value.map(|share| 100.0 * share), 2);
    let _ = write!(
        text,
        "{horizon_bars:>7}  {name:<17} {:>8.5} {:>7} {:>10} {:>7}  {:<25}",
        scores.loss,
        percent(hits.map(|hits| hits.rate)),
        percent(hits.map(|hits| hits.majority)),
        percent(hits.map(|hits| hits.zeros)),
        correlation(scores.ic_ts)
    );
    if across {
        let icir = scores.ic_cs.and_then(|ic| ic.icir);
        let _ = write!(
            text,
            " {:<25} {:<27} {:>7}",
            correlation(scores.ic_cs),
            correlation(scores.rank_ic_cs),
            number(icir, 3)
        );
    }
    let _ = writeln!(text, " {:>13}", number(scores.break_even_bps, 3));
}

fn correlation(ic: Option<Ic>) -> String {
    ic.map_or_else(
        || "-".to_owned(),
        |ic| {
            format!(
                "{:.4} \u{b1} {} ({})",
                ic.value,
                number(ic.standard_error, 4),
                number(ic.minimum_detectable, 4)
            )
        },
    )
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

/// `2026-01-31 23:55`, UTC.
fn date(time_ns: i64) -> String {
    chrono::DateTime::from_timestamp_nanos(time_ns)
        .format("%Y-%m-%d %H:%M")
        .to_string()
}

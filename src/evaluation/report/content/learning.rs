//! How the runs learnt, and what the forecasts depend on.

use super::super::picture::{Axis, Bar, Bars, Lines, Picture, Series};
use super::super::{Cell, Column, Section, Table};
use super::{LearningCurve, ReportInputs};

/// Features that are drawn; the table has all.
const DRAWN_FEATURES: usize = 25;

pub(super) fn section(inputs: &ReportInputs<'_>) -> Section {
    let lead = "Mean loss of each epoch. Where validation rises while training falls, the model \
                memorises; the weights of the best epoch by the validation metric forecast.";
    let mut section = Section::new("learning", "Learning curves", lead);
    let curves = &inputs.curves;
    if curves.iter().all(|curve| curve.epochs.is_empty()) {
        return section;
    }
    let several = curves.len() > 1;
    let mut lines = Lines {
        title: "Loss of training and validation".to_owned(),
        caption: if several {
            format!("{} runs, one line each.", curves.len())
        } else {
            String::new()
        },
        x: Axis::linear("epoch"),
        y: Axis::linear("mean loss"),
        ..Lines::default()
    };
    for curve in curves {
        let epochs = || curve.epochs.iter();
        let training = epochs().map(|&(epoch, loss, _)| (epoch as f64, loss));
        let validation = epochs().map(|&(epoch, _, loss)| (epoch as f64, loss.unwrap_or(f64::NAN)));
        for (style, name, points) in [
            (0, "training", training.collect()),
            (1, "validation", validation.collect::<Vec<_>>()),
        ] {
            let series = Series::new(name, points).styled(style);
            lines
                .series
                .push(if several { series.faint() } else { series });
        }
    }
    section.push(Picture::Lines(lines));
    section.push(runs(curves));
    section
}

fn runs(curves: &[LearningCurve]) -> Table {
    let columns = [
        "run",
        "epochs",
        "best epoch",
        "training loss then",
        "validation loss then",
        "seconds",
    ];
    let mut table = Table::new("Runs", columns.map(Column::new).to_vec());
    for curve in curves {
        let name = match curve.fold {
            Some(fold) => format!("fold {fold}, seed {}", curve.seed),
            None => format!("seed {}", curve.seed),
        };
        let best = curve.best_epoch;
        let then = curve.epochs.iter().find(|(epoch, ..)| Some(*epoch) == best);
        table.push(vec![
            Cell::text(name),
            Cell::Count(curve.epochs.len() as u64),
            best.map_or(Cell::Missing, Cell::Count),
            Cell::optional(then.map(|then| then.1), 5),
            Cell::optional(then.and_then(|then| then.2), 5),
            Cell::optional(curve.elapsed_s, 1),
        ]);
    }
    table
}

pub(super) fn importance(inputs: &ReportInputs<'_>) -> Section {
    let mut section = Section::new("importance", "Feature importance", "");
    let Some(importance) = &inputs.importance else {
        return section;
    };
    section.lead.clone_from(&importance.method);
    let features = &importance.features;
    let drawn = features.len().min(DRAWN_FEATURES);
    let caption = if drawn < features.len() {
        format!(
            "The first {drawn} of {} features; whiskers are 1.96 standard errors over the permutations.",
            features.len()
        )
    } else {
        "Whiskers are 1.96 standard errors over the permutations.".to_owned()
    };
    section.push(Picture::Bars(Bars {
        title: "Rise of the loss when a feature is permuted".to_owned(),
        caption,
        axis: Axis::linear("rise of the loss"),
        bars: features[..drawn]
            .iter()
            .map(|one| {
                let half = one.standard_error.map(|error| 1.96 * error);
                let ends = half.map(|half| (one.loss_increase - half, one.loss_increase + half));
                Bar::new(&one.name, one.loss_increase, ends)
            })
            .collect(),
    }));
    let columns = ["feature", "rise of the loss", "fall of the IC"];
    let mut table = Table::new("All features", columns.map(Column::new).to_vec());
    for one in features {
        table.push(vec![
            Cell::text(&one.name),
            Cell::with_spread(one.loss_increase, one.standard_error, 6),
            Cell::optional(one.ic_drop, 4),
        ]);
    }
    table.note(
        "Behind \u{b1}: standard error over the permutations, not over the windows. Features that \
         say the same cover for each other: each alone can look worthless where both together matter.",
    );
    section.push(table);
    section
}

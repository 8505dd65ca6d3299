//! `loss.svg`: the losses of a run.

use std::fs;
use std::ops::Range;
use std::path::Path;

use plotters::prelude::*;

use super::{Line, TrainingError};

const TRAINING: RGBColor = RGBColor(0x1f, 0x5f, 0xa8);
/// A longer curve is drawn without them.
const MOST_DOTS: usize = 60;
const VALIDATION: RGBColor = RGBColor(0xc8, 0x55, 0x1b);

/// Draws the training and the validation loss of `lines` over the steps into the file `path`.
///
/// Nothing is drawn while there is nothing to show.
///
/// # Errors
/// [`TrainingError::Picture`] if it cannot be drawn, [`TrainingError::Io`] if it cannot be written.
pub fn draw_losses(lines: &[Line], path: &Path) -> Result<(), TrainingError> {
    let (mut training, mut epochs) = (Vec::new(), Vec::new());
    let mut validation = Vec::new();
    for line in lines {
        match line {
            Line::Step { step, loss, .. } => training.push((*step as f64, loss.get())),
            Line::Epoch {
                step,
                train_loss,
                validation: numbers,
                ..
            } => {
                epochs.push((*step as f64, train_loss.get()));
                if let Some(loss) = numbers.get("validation_loss") {
                    validation.push((*step as f64, loss.get()));
                }
            }
            Line::NotFinite { .. } => {}
        }
    }
    // Where the log has fewer lines than epochs, the epochs' means say more.
    if training.len() < epochs.len() {
        training = epochs;
    }
    for points in [&mut training, &mut validation] {
        points.retain(|(_, loss)| loss.is_finite());
    }
    if training.is_empty() && validation.is_empty() {
        return Ok(());
    }
    let mut text = String::new();
    draw(&mut text, &training, &validation).map_err(|reason| TrainingError::Picture {
        path: path.to_owned(),
        reason,
    })?;
    // A reader never sees half a picture.
    let temporary = path.with_extension("svg.tmp");
    fs::write(&temporary, text)
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(TrainingError::io("write", path))
}

fn draw(
    text: &mut String,
    training: &[(f64, f64)],
    validation: &[(f64, f64)],
) -> Result<(), String> {
    let (steps, losses) = ranges(training.iter().chain(validation));
    let root = SVGBackend::with_string(text, (900, 500)).into_drawing_area();
    let fail = |error: DrawingAreaErrorKind<_>| error.to_string();
    root.fill(&WHITE).map_err(fail)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("Loss", ("sans-serif", 24))
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(72)
        .build_cartesian_2d(steps, losses)
        .map_err(fail)?;
    chart
        .configure_mesh()
        .x_desc("step")
        .y_desc("mean loss of a batch")
        .axis_desc_style(("sans-serif", 16))
        .label_style(("sans-serif", 14))
        .x_label_formatter(&|step| format!("{step:.0}"))
        .y_label_formatter(&|loss| format!("{loss:.4}"))
        .max_light_lines(0)
        .bold_line_style(RGBColor(0xdd, 0xdd, 0xdd))
        .draw()
        .map_err(fail)?;
    for (name, points, colour) in [
        ("training", training, TRAINING),
        ("validation", validation, VALIDATION),
    ] {
        if points.is_empty() {
            continue;
        }
        chart
            .draw_series(LineSeries::new(
                points.iter().copied(),
                colour.stroke_width(2),
            ))
            .map_err(fail)?
            .label(name)
            .legend(move |(x, y)| {
                PathElement::new(vec![(x, y), (x + 20, y)], colour.stroke_width(2))
            });
        if points.len() > MOST_DOTS {
            continue;
        }
        chart
            .draw_series(
                points
                    .iter()
                    .map(|point| Circle::new(*point, 3, colour.filled())),
            )
            .map_err(fail)?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(0xdd, 0xdd, 0xdd))
        .label_font(("sans-serif", 16))
        .draw()
        .map_err(fail)?;
    root.present().map_err(fail)
}

/// Both axes, with room around the points and, above them, for the legend.
fn ranges<'a>(points: impl Iterator<Item = &'a (f64, f64)>) -> (Range<f64>, Range<f64>) {
    let (mut last, mut low, mut high) = (1.0_f64, f64::INFINITY, f64::NEG_INFINITY);
    for (step, loss) in points {
        last = last.max(*step);
        low = low.min(*loss);
        high = high.max(*loss);
    }
    let room = ((high - low) * 0.06).max(high.abs() * 1e-3).max(1e-9);
    (0.0..last * 1.02, low - room..high + 4.0 * room)
}

//! What a forecast has to beat, on the same windows.

use crate::windows::Outcomes;

/// Forecasts with a name, `[S, Hn]` in the label's units, in the order of the outcomes.
#[derive(Clone, Debug)]
pub struct Forecasts {
    /// `zero`, `minus last return`, `ridge`.
    pub name: String,
    /// `[S, Hn]`
    pub values: Vec<f32>,
}

/// Nothing moves: 0 everywhere. Its losses are the labels' own spread; it has no sign and no IC.
pub fn zero(outcomes: &Outcomes) -> Forecasts {
    Forecasts {
        name: "zero".to_owned(),
        values: vec![0.0; outcomes.label.len()],
    }
}

/// What rose falls back: minus the log return of the window's last bar, for every horizon.
///
/// In the label's units, so divided by the row's scale. 0 where the last bar has no bar before it.
pub fn minus_last_return(outcomes: &Outcomes) -> Forecasts {
    let width = outcomes.horizons.len();
    let value = |(index, scale): (usize, &f32)| {
        let last_return = outcomes.last_return[index / width];
        if last_return.is_finite() {
            -last_return / scale
        } else {
            0.0
        }
    };
    Forecasts {
        name: "minus last return".to_owned(),
        values: outcomes.scale.iter().enumerate().map(value).collect(),
    }
}

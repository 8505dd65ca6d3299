//! `indicators list --markdown`: the page `docs/indicators.md`, which a test holds to the catalogue.

use std::fmt::Write as _;

use emberline::features::{
    Declaration, Family, FeatureContext, Kind, Preset, Transform, catalogue,
};

const HEAD: &str = "# Indicators

Made by `emberline indicators list --markdown > docs/indicators.md`; a test compares it with the catalogue.
`emberline indicators show NAME` prints one of them in full: formula, inputs, degenerate cases, memory in bars.

A column is `NAME_<parameters joined by _>[.variant][_OUTPUT]`: `SMA_10`, `MACD_12_26_9_MACDSIGNAL`,
`RSI_14.cutler`. A name without parameters has the defaults: `RSI`, `MACD_MACDSIGNAL`. Parameters in brackets
may be left out of a name. **A bare name is TA-Lib 0.8.1's arithmetic**; another school carries a variant. So
`VWAP` is TA-Lib's, cumulative from the first bar on; the one that starts afresh with each session is
`AVWAP_SESSION`, and the one over the last bars `VWAP_50.rolling`.

Undefined values (NaN, null in tables) come first, as many as the warm-up says. Memory is how many bars back a
value depends on; a model reads a column from its memory on. *infinite*: bars until what came before weighs less
than 1e-3. *unbounded*: the level depends on where the file starts, and only a transform that takes differences
makes a model input of it. As a model input: how the value is transformed before the scaler, unless a list of
features says otherwise.
";

/// The whole page.
pub(super) fn page(context: &FeatureContext) -> String {
    let mut page = HEAD.to_owned();
    page.push_str("\n## Sets\n\n| set | columns | what it is |\n|---|---|---|\n");
    for (preset, what) in [
        (Preset::Base, "what `train` uses unless told otherwise"),
        (
            Preset::Core111,
            "the 111 columns of the original system, by causal definitions",
        ),
        (Preset::Extended, "the original's GPU library"),
        (
            Preset::Talib,
            "every function of TA-Lib with its default parameters",
        ),
    ] {
        let count = preset.columns(context).len();
        line(
            &mut page,
            format_args!("| `{}` | {count} | {what} |", preset.name()),
        );
    }
    line(
        &mut page,
        "\nColumns of five-minute bars with volumes; `emberline indicators list --set NAME` lists them.",
    );
    for (family, title) in FAMILIES {
        let members: Vec<&Declaration> = catalogue()
            .filter(|indicator| indicator.family == family)
            .collect();
        if members.is_empty() {
            continue;
        }
        line(&mut page, format_args!("\n## {title}\n"));
        page.push_str(
            "| name | parameters | outputs: unit, as a model input | warm-up | memory | what it is | source |\n\
             |---|---|---|---|---|---|---|\n",
        );
        for indicator in members {
            line(&mut page, row(indicator));
        }
    }
    page
}

const FAMILIES: [(Family, &str); 11] = [
    (Family::Price, "Prices of one bar, and returns"),
    (Family::Average, "Moving averages"),
    (Family::Momentum, "Speed and direction"),
    (Family::Volatility, "Ranges and deviations"),
    (Family::Volume, "Volume"),
    (Family::Vwap, "Volume-weighted average prices"),
    (Family::Statistics, "Statistics"),
    (Family::Level, "Distances to extremes"),
    (Family::Cycle, "Cycles"),
    (Family::Pattern, "Candlestick patterns"),
    (Family::Clock, "Time, and missing bars"),
];

fn line(page: &mut String, text: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = writeln!(page, "{text}");
}

fn row(indicator: &Declaration) -> String {
    let defaults = indicator.defaults();
    let parameters: Vec<String> = indicator
        .parameters
        .iter()
        .map(|parameter| {
            let kind = match parameter.kind {
                Kind::Bars => "bars",
                Kind::Factor => "factor",
                Kind::Choice => "choice",
            };
            let text = format!(
                "{} {} ({kind}, {} to {})",
                parameter.name, parameter.default, parameter.minimum, parameter.maximum
            );
            if parameter.optional {
                format!("[{text}]")
            } else {
                text
            }
        })
        .collect();
    // Neighbours of one unit stand together.
    let mut outputs: Vec<(String, Vec<&str>)> = Vec::new();
    for (place, output) in indicator.outputs.iter().enumerate() {
        let transform = Transform::of_output(indicator, &defaults, place);
        let what = format!("{}, {transform}", output.unit.name());
        match outputs.last_mut().filter(|(last, _)| *last == what) {
            Some((_, names)) => names.push(output.name),
            None => outputs.push((what, vec![output.name])),
        }
    }
    let outputs: Vec<String> = outputs
        .into_iter()
        .map(|(what, names)| {
            let names: Vec<&str> = names
                .into_iter()
                .map(|name| if name.is_empty() { "itself" } else { name })
                .collect();
            if names == ["itself"] {
                what
            } else {
                format!("{}: {what}", names.join(" "))
            }
        })
        .collect();
    let cells = [
        format!("`{}`", indicator.title()),
        parameters.join("; "),
        outputs.join("; "),
        indicator.warmup_text.to_owned(),
        indicator.memory_text.to_owned(),
        indicator.summary.to_owned(),
        indicator.source.to_owned(),
    ];
    format!(
        "| {} |",
        cells.map(|cell| cell.replace('|', "\\|")).join(" | ")
    )
}

//! Every configuration key: its bounds and its meaning, in one place.
//!
//! `config show` prints this table, `--set` and configuration files are checked against it. A key
//! that is not in it does not exist.

use std::fmt;

use toml::Value;

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Bounds {
    /// A whole number from the first to the second, both allowed.
    Integer(i64, i64),
    /// A number from the first to the second, both allowed.
    Real(f64, f64),
    /// A number above the first, up to the second.
    Above(f64, f64),
    /// A number from the first, below the second.
    Below(f64, f64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// Any text, described.
    Text(&'static str),
    /// true or false.
    Flag,
    /// A list of different whole numbers, each from the first to the second.
    Integers(i64, i64),
    /// A rising list of numbers, each above the first and below the second.
    Rising(f64, f64),
    /// A list of texts, described.
    Texts(&'static str),
}

impl fmt::Display for Bounds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(least, i64::MAX) => write!(formatter, "whole number, at least {least}"),
            Self::Integer(least, most) => write!(formatter, "whole number, {least} to {most}"),
            Self::Real(least, most) => write!(formatter, "number, {least} to {most}"),
            Self::Above(least, most) => write!(formatter, "number above {least}, up to {most}"),
            Self::Below(least, most) => write!(formatter, "number from {least}, below {most}"),
            Self::Word(words) => write!(formatter, "one of {}", words.join(", ")),
            Self::Text(what) => formatter.write_str(what),
            Self::Flag => formatter.write_str("true or false"),
            Self::Integers(least, most) => {
                write!(
                    formatter,
                    "list of different whole numbers, each {least} to {most}"
                )
            }
            Self::Rising(least, most) => {
                write!(
                    formatter,
                    "list of rising numbers, each above {least} and below {most}"
                )
            }
            Self::Texts(what) => write!(formatter, "list: {what}"),
        }
    }
}

impl Bounds {
    /// Whether a value has the right type and lies inside.
    pub fn allow(&self, value: &Value) -> bool {
        let number = match value {
            Value::Integer(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            _ => None,
        };
        match self {
            Self::Integer(least, most) => value
                .as_integer()
                .is_some_and(|number| (*least..=*most).contains(&number)),
            Self::Real(least, most) => number.is_some_and(|x| (*least..=*most).contains(&x)),
            Self::Above(least, most) => number.is_some_and(|x| x > *least && x <= *most),
            Self::Below(least, most) => number.is_some_and(|x| x >= *least && x < *most),
            Self::Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
            Self::Text(_) => value.is_str(),
            Self::Flag => value.is_bool(),
            Self::Integers(least, most) => value.as_array().is_some_and(|list| {
                !list.is_empty()
                    && list.iter().enumerate().all(|(index, number)| {
                        Self::Integer(*least, *most).allow(number)
                            && !list[..index].contains(number)
                    })
            }),
            Self::Rising(least, most) => value.as_array().is_some_and(|list| {
                let numbers: Option<Vec<f64>> = list.iter().map(Value::as_float).collect();
                numbers.is_some_and(|numbers| {
                    !numbers.is_empty()
                        && numbers.iter().all(|x| x > least && x < most)
                        && numbers.windows(2).all(|pair| pair[0] < pair[1])
                })
            }),
            Self::Texts(_) => value
                .as_array()
                .is_some_and(|list| list.iter().all(Value::is_str)),
        }
    }

    /// Reads a value as it is typed after `--set key=`: without quotes, a list with commas.
    ///
    /// Text that does not read as the key's type comes back as text, which [`Self::allow`] refuses.
    pub fn read(&self, text: &str) -> Value {
        let text = text.trim();
        let word = || Value::String(text.to_owned());
        let inner = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(text);
        let items = || {
            inner
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
        };
        match self {
            Self::Integer(..) => integer(text).unwrap_or_else(word),
            Self::Real(..) | Self::Above(..) | Self::Below(..) => {
                text.parse().map_or_else(|_| word(), Value::Float)
            }
            Self::Flag => text.parse().map_or_else(|_| word(), Value::Boolean),
            Self::Word(_) | Self::Text(_) => Value::String(unquoted(text).to_owned()),
            Self::Integers(..) => items()
                .map(integer)
                .collect::<Option<Vec<_>>>()
                .map_or_else(word, Value::Array),
            Self::Rising(..) => items()
                .map(|item| item.parse().ok().map(Value::Float))
                .collect::<Option<Vec<_>>>()
                .map_or_else(word, Value::Array),
            Self::Texts(_) => Value::Array(
                items()
                    .map(|item| Value::String(unquoted(item).to_owned()))
                    .collect(),
            ),
        }
    }
}

fn integer(text: &str) -> Option<Value> {
    text.replace('_', "").parse().ok().map(Value::Integer)
}

fn unquoted(text: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = text
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
        {
            return inner;
        }
    }
    text
}

/// One configuration key.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Key {
    /// The section of the TOML file, and what follows the dot's left in `--set`.
    pub section: &'static str,
    /// The name inside the section.
    pub name: &'static str,
    /// What the value may be.
    pub bounds: Bounds,
    /// What it does, on one line.
    pub meaning: &'static str,
}

impl Key {
    /// `section.name`, as in `--set`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }
}

const fn key(
    section: &'static str,
    name: &'static str,
    bounds: Bounds,
    meaning: &'static str,
) -> Key {
    Key {
        section,
        name,
        bounds,
        meaning,
    }
}

/// All keys, in the order in which `config show` prints them.
pub const KEYS: &[Key] = {
    use Bounds::{Above, Below, Flag, Integer, Integers, Real, Rising, Text, Texts, Word};
    const DATE: Bounds = Text("date, as 2024-01-31 or 2024-01-31T12:00:00Z");
    &[
        key(
            "data",
            "path",
            Text("file or folder"),
            "the bars; unset: the sample that comes with the program",
        ),
        key("data", "from", DATE, "first date to read"),
        key("data", "to", DATE, "last date to read, inclusive"),
        key(
            "data",
            "days",
            Integer(1, 1_000_000),
            "only the last so many days",
        ),
        key(
            "data",
            "symbols",
            Texts("symbols, or files that list them"),
            "only these symbols; empty: all",
        ),
        key(
            "data",
            "stamp",
            Word(&["open", "close"]),
            "which end of a bar its time names",
        ),
        key(
            "data",
            "timezone",
            Text("IANA name, as America/New_York"),
            "zone of times without one, and of the session",
        ),
        key(
            "data",
            "calendar",
            Word(&["auto", "24x7", "24x5", "sessions", "daily"]),
            "when bars are due; auto recognises it",
        ),
        key(
            "data",
            "gaps",
            Word(&["fill", "break", "ignore"]),
            "missing bars; unset: fill on 24x7, else break",
        ),
        key(
            "data",
            "max_fill",
            Integer(0, 100_000),
            "longest run of missing bars that fill bridges",
        ),
        key(
            "data",
            "session_open",
            Text("time of day, as 09:30"),
            "when a session opens, in data.timezone; unset: recognised from the bars",
        ),
        key(
            "data",
            "adjusted",
            Flag,
            "scale prices by `adj close`; unset: where the column exists",
        ),
        key(
            "data",
            "repair",
            Flag,
            "drop or fix bad rows instead of refusing the file",
        ),
        key(
            "features",
            "set",
            Text("preset, comma list of columns, or TOML file"),
            "what the model sees of a bar",
        ),
        key(
            "features",
            "clip",
            Above(0.0, 1000.0),
            "scaled inputs are clipped to plus and minus this",
        ),
        key(
            "scaler",
            "kind",
            Word(&["median_mad", "mean_sd"]),
            "centre and scale, fitted on training rows",
        ),
        key(
            "scaler",
            "scope",
            Word(&["pooled", "symbol", "cross_section"]),
            "over all symbols, each alone, or each bar across symbols",
        ),
        key(
            "windows",
            "length",
            Integer(1, 65_536),
            "bars that the model looks back over",
        ),
        key(
            "windows",
            "stride",
            Integer(1, 1_000_000),
            "bars from one training window to the next",
        ),
        key(
            "target",
            "horizons",
            Integers(1, 1_000_000),
            "bars ahead, one forecast each",
        ),
        key(
            "target",
            "entry",
            Word(&["next_close", "next_open", "close"]),
            "where the trade begins; close is not tradable",
        ),
        key(
            "target",
            "normalise",
            Word(&["volatility", "none", "cs_demean", "cs_rank"]),
            "what the label is scaled by; cs_ needs 5 symbols",
        ),
        key(
            "target",
            "volatility_span",
            Integer(1, 1_000_000),
            "span of the volatility's exponential weights, bars",
        ),
        key(
            "target",
            "clip",
            Above(0.0, 1000.0),
            "scaled labels are clipped to plus and minus this",
        ),
        key(
            "splits",
            "train",
            Below(0.0, 1.0),
            "share of windows to train on",
        ),
        key(
            "splits",
            "validation",
            Below(0.0, 1.0),
            "share of windows to validate on",
        ),
        key(
            "splits",
            "test",
            Below(0.0, 1.0),
            "share of windows that training never shows",
        ),
        key(
            "splits",
            "train_end",
            DATE,
            "last date (the whole day) of training, instead of its share",
        ),
        key(
            "splits",
            "validation_end",
            DATE,
            "last date (the whole day) of validation, instead of its share",
        ),
        key(
            "splits",
            "train_start",
            DATE,
            "first date of training windows; bars before it are history only",
        ),
        key(
            "splits",
            "test_end",
            DATE,
            "last date (the whole day) of the test span",
        ),
        key(
            "splits",
            "train_after_test",
            Flag,
            "windows behind the test span and the embargo train as well",
        ),
        key(
            "splits",
            "embargo",
            Integer(0, 1_000_000),
            "bars left out between the test span and training behind it; 0: a window and its target",
        ),
        key(
            "model",
            "hidden",
            Integer(1, 8192),
            "units of an LSTM layer",
        ),
        key("model", "layers", Integer(1, 16), "LSTM layers"),
        key(
            "model",
            "dropout",
            Below(0.0, 1.0),
            "share of activations dropped between layers and before the head",
        ),
        key(
            "model",
            "head",
            Text("linear<units>, as linear32"),
            "hidden -> units -> the outputs of every horizon",
        ),
        key(
            "model",
            "attention_heads",
            Integer(0, 1024),
            "heads of attention over the window's outputs, a divisor of model.hidden; 0: none",
        ),
        key(
            "model",
            "quantiles",
            Rising(0.0, 1.0),
            "levels of training.loss = quantile; 0.5 is one of them",
        ),
        key(
            "model",
            "flat_band",
            Above(0.0, 1000.0),
            "scaled labels within plus and minus this are flat for training.loss = direction",
        ),
        key(
            "training",
            "epochs",
            Integer(1, 1_000_000),
            "passes over the training windows",
        ),
        key(
            "training",
            "batch_size",
            Integer(1, 1 << 20),
            "windows per step",
        ),
        key(
            "training",
            "learning_rate",
            Above(0.0, 10.0),
            "highest learning rate of the schedule",
        ),
        key(
            "training",
            "weight_decay",
            Real(0.0, 10.0),
            "AdamW's decoupled weight decay",
        ),
        key(
            "training",
            "warmup_steps",
            Integer(0, 1_000_000_000),
            "steps over which the rate rises before the cosine",
        ),
        key(
            "training",
            "clip_norm",
            Above(0.0, 1e9),
            "longest global gradient",
        ),
        key(
            "training",
            "loss",
            Word(&["huber", "mse", "quantile", "direction"]),
            "on the scaled label; quantile and direction give a distribution",
        ),
        key(
            "training",
            "class_weights",
            Word(&["none", "balanced"]),
            "of training.loss = direction; balanced: rarer classes weigh more",
        ),
        key(
            "training",
            "metric",
            Text("validation_loss, or a number of the validation report, as ic_ts_12"),
            "picks `best` and stops early",
        ),
        key(
            "training",
            "patience",
            Integer(1, 1_000_000),
            "epochs without a better metric before stopping",
        ),
        key(
            "training",
            "checkpoint_every",
            Integer(1, 1_000_000_000),
            "steps from one checkpoint to the next",
        ),
        key(
            "training",
            "log_every",
            Integer(1, 1_000_000_000),
            "steps from one read of the loss to the next",
        ),
        key(
            "training",
            "seed",
            Integer(0, i64::MAX),
            "of weights, order and dropout",
        ),
        key(
            "training",
            "tensorboard",
            Flag,
            "write the log as an event file for TensorBoard, too",
        ),
        key(
            "checkpoints",
            "keep",
            Integer(1, 1_000_000),
            "newest checkpoints kept beside the best",
        ),
        key(
            "costs",
            "bps",
            Real(0.0, 10_000.0),
            "fee of one trade's side, basis points; unset: 10 on 24x7, else 2",
        ),
        key(
            "costs",
            "slippage_bps",
            Real(0.0, 10_000.0),
            "worse price than the bar's, basis points",
        ),
        key(
            "costs",
            "half_tick",
            Real(0.0, 1e6),
            "paid for each unit traded, quote currency; unset: 0.005 on exchanges with sessions",
        ),
        key(
            "costs",
            "borrow_bps_per_year",
            Real(0.0, 1e6),
            "for what is sold short; unset: 50 on exchanges with sessions",
        ),
        key(
            "backtest",
            "strategy",
            Word(&["long_short", "long_only", "threshold"]),
            "whose curves are drawn; tables have all",
        ),
        key(
            "backtest",
            "top_k",
            Integer(1, 1_000_000),
            "symbols that long_only holds at most",
        ),
        key(
            "backtest",
            "threshold_bps",
            Real(0.0, 10_000.0),
            "forecast beyond which threshold trades, basis points",
        ),
        key(
            "backtest",
            "max_weight",
            Above(0.0, 1000.0),
            "most of the capital in one symbol",
        ),
        key(
            "backtest",
            "gross",
            Above(0.0, 1000.0),
            "longs plus shorts, shares of the capital",
        ),
        key(
            "walk_forward",
            "folds",
            Integer(1, 1000),
            "test spans, one behind the other",
        ),
        key(
            "walk_forward",
            "mode",
            Word(&["expanding", "rolling", "purged_kfold"]),
            "what a fold trains on: all before its test span, as much as the first fold, or all around it",
        ),
        key(
            "walk_forward",
            "start",
            Above(0.0, 0.99),
            "share of the windows before the first test span",
        ),
        key(
            "walk_forward",
            "warm_start",
            Flag,
            "a fold begins with the weights of the fold before it",
        ),
        key(
            "walk_forward",
            "seeds",
            Integer(1, 1000),
            "runs of each fold: training.seed, training.seed + 1, ..",
        ),
    ]
};

/// The key of a dotted path.
pub fn find(path: &str) -> Option<&'static Key> {
    let (section, name) = path.split_once('.')?;
    KEYS.iter()
        .find(|key| key.section == section && key.name == name)
}

/// The known key nearest to what was asked for, if one is near.
///
/// ```
/// use emberline::run::keys::nearest;
/// assert_eq!(nearest("training.epoch").as_deref(), Some("training.epochs"));
/// assert_eq!(nearest("epochs").as_deref(), Some("training.epochs"));
/// assert_eq!(nearest("quite.different"), None);
/// ```
pub fn nearest(path: &str) -> Option<String> {
    KEYS.iter()
        .map(|key| {
            let whole = strsim::normalized_damerau_levenshtein(path, &key.path());
            let name = strsim::normalized_damerau_levenshtein(
                path.rsplit('.').next().unwrap_or(path),
                key.name,
            );
            (
                whole.max(if path.contains('.') { 0.8 * name } else { name }),
                key,
            )
        })
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, key)| key.path())
}

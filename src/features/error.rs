//! What features refuse.

use std::path::PathBuf;

/// A request for features that cannot be met, or a scaler that cannot be fitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureError {
    /// No indicator, school, output or set goes by that name.
    #[error("there is no feature `{name}`")]
    Unknown {
        /// As written.
        name: String,
        /// The nearest name that exists.
        nearest: Option<String>,
    },
    /// A name with some, but not all, of its parameters.
    #[error("`{column}`: {indicator} takes {expected} parameters ({names}), got {got}")]
    Arity {
        /// As written.
        column: String,
        /// The indicator.
        indicator: String,
        /// How many parameters it takes: `3`, or `3 to 4` where a name may leave some out.
        expected: String,
        /// Their names.
        names: String,
        /// Parameters that were written.
        got: usize,
    },
    /// A parameter outside its bounds.
    #[error(
        "`{column}`: the {parameter} of {indicator} is {value}, outside {minimum} to {maximum}{whole}"
    )]
    Bound {
        /// As written.
        column: String,
        /// The indicator.
        indicator: String,
        /// The parameter.
        parameter: &'static str,
        /// As written.
        value: String,
        /// Least value.
        minimum: f64,
        /// Greatest value.
        maximum: f64,
        /// `" (a whole number of bars)"` for periods.
        whole: &'static str,
    },
    /// Parameters that contradict each other.
    #[error("`{column}`: {indicator} needs {rule}")]
    Rule {
        /// As written.
        column: String,
        /// The indicator.
        indicator: String,
        /// The rule.
        rule: &'static str,
    },
    /// A period that no series is long enough for.
    #[error(
        "`{column}`: {indicator}{values} is first defined on bar {needed}, but the longest series has {bars}"
    )]
    TooLong {
        /// As written.
        column: String,
        /// The indicator.
        indicator: String,
        /// Its parameters in words.
        values: String,
        /// Bars needed for one value.
        needed: usize,
        /// Bars that there are.
        bars: usize,
    },
    /// An indicator with several outputs, none of them named.
    #[error("`{column}`: {indicator} has several outputs")]
    Output {
        /// As written.
        column: String,
        /// The indicator.
        indicator: String,
        /// Names that say which.
        choices: Vec<String>,
    },
    /// A volume indicator on bars without volume.
    #[error("`{column}` needs volumes, and the bars have none")]
    NoVolume {
        /// As written.
        column: String,
    },
    /// A set whose indicators do not all exist yet.
    #[error("the set `{set}` is incomplete: {} of its columns do not exist: {}", missing.len(), missing.join(", "))]
    MissingMembers {
        /// The set.
        set: String,
        /// What is missing.
        missing: Vec<String>,
    },
    /// A column that is no input for a model.
    #[error("`{column}` is refused as a model input: {reason}")]
    NotModelInput {
        /// The column.
        column: String,
        /// Why.
        reason: String,
    },
    /// A transform that does not apply to the column's unit.
    #[error("`{column}` cannot be transformed by `{transform}`: {reason}")]
    Transform {
        /// The column.
        column: String,
        /// The transform.
        transform: String,
        /// Why.
        reason: String,
    },
    /// No transform goes by that name.
    #[error("there is no transform `{text}`")]
    UnknownTransform {
        /// As written.
        text: String,
    },
    /// A request without a single column.
    #[error("the request for features `{request}` names no column")]
    Empty {
        /// As written.
        request: String,
    },
    /// A file of features that cannot be read.
    #[error("cannot read {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file of features that is not what was expected.
    #[error("{path} is no list of features")]
    Toml {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// Nothing to fit the scaler on.
    #[error("no training row has every feature defined, so the scaler cannot be fitted")]
    NoTrainingRows,
    /// Every column was dropped.
    #[error("every feature is constant, duplicate or undefined on the training rows")]
    AllDropped,
    /// A cross-section of too few symbols.
    #[error(
        "scaler.scope = \"cross_section\" needs at least {needed} symbols, there are {symbols}"
    )]
    CrossSection {
        /// Symbols needed.
        needed: usize,
        /// Symbols that there are.
        symbols: usize,
    },
    /// A symbol that a per-symbol scaler never saw.
    #[error("the scaler was fitted per symbol and never saw `{symbol}`")]
    UnseenSymbol {
        /// The symbol.
        symbol: String,
    },
}

impl FeatureError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown {
                nearest: Some(nearest),
                ..
            } => format!("did you mean `{nearest}`? `emberline indicators list` shows all"),
            Self::Unknown { .. } => "`emberline indicators list` shows all".to_owned(),
            Self::Arity { indicator, .. }
            | Self::Bound { indicator, .. }
            | Self::Rule { indicator, .. } => {
                format!("`emberline indicators show {indicator}` shows its parameters")
            }
            Self::TooLong { .. } => "take a shorter period or more bars".to_owned(),
            Self::Output { choices, .. } => format!("write one of {}", choices.join(", ")),
            Self::NoVolume { .. } => "leave it out, or give bars with a volume column".to_owned(),
            Self::MissingMembers { .. } => {
                "name the columns that you want one by one, joined by commas".to_owned()
            }
            Self::NotModelInput { .. } => {
                "leave it out, or take an indicator that resets or forgets".to_owned()
            }
            Self::Transform { .. } | Self::UnknownTransform { .. } => {
                "transforms are as_is, relative_to_close, share_of_close, log_volume and flow"
                    .to_owned()
            }
            Self::Empty { .. } => "write `base`, or names joined by commas".to_owned(),
            Self::Io { .. } | Self::Toml { .. } => {
                "a file of features holds `columns = [\"SMA_10\", ..]`".to_owned()
            }
            Self::NoTrainingRows | Self::AllDropped => {
                "give more bars, or shorter periods".to_owned()
            }
            Self::CrossSection { .. } | Self::UnseenSymbol { .. } => {
                "use scaler.scope = \"pooled\"".to_owned()
            }
        })
    }
}

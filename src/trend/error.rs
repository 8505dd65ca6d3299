//! What a scan refuses.

/// Settings that cannot be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrendError {
    /// A setting outside its bounds.
    #[error("`{symbol}`: {setting} is {value}, but it must be {bounds}")]
    Setting {
        /// The first symbol that it was meant for.
        symbol: String,
        /// The setting, as configuration and flags call it.
        setting: String,
        /// As given.
        value: String,
        /// What is allowed.
        bounds: String,
    },
    /// A symbol's picture cannot be drawn.
    #[error("the picture of `{symbol}` cannot be drawn: {reason}")]
    Picture {
        /// The symbol.
        symbol: String,
        /// What the drawing library says.
        reason: String,
    },
    /// No bars at all.
    #[error("there are no bars to scan")]
    Empty,
}

impl TrendError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Setting { setting, .. } if setting == "cutout" => Some(
                "lower `--cutout`, or leave symbols with few bars out (`--symbols`)".to_owned(),
            ),
            Self::Setting { setting, .. } if setting.starts_with("length") => Some(
                "use a longer `--length`, or `--robustness narrow`, which takes less away"
                    .to_owned(),
            ),
            Self::Setting { .. } => {
                Some("`scan --help` lists every setting with its bounds".to_owned())
            }
            Self::Picture { .. } => None,
            Self::Empty => Some("see `data check` for what the files hold".to_owned()),
        }
    }
}

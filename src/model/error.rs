//! What the model refuses.

/// A configuration or weights that make no forecaster.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A number of the configuration is out of range.
    #[error("model.{key} is {value}; {rule}")]
    Config {
        /// The key in the section `[model]`.
        key: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        rule: &'static str,
    },
    /// A head that does not exist.
    #[error("model.head is `{value}`; it is `linear` and a width, as in `linear32`")]
    Head {
        /// What was given.
        value: String,
    },
    /// Weights by the wrong names.
    #[error(
        "the weights do not fit the model: missing {}; not expected {}",
        list(missing),
        list(extra)
    )]
    Names {
        /// Paths that the configuration needs.
        missing: Vec<String>,
        /// Paths that it does not know, or that were given twice.
        extra: Vec<String>,
    },
    /// A weight of the wrong shape.
    #[error("the weight `{path}` has shape {found:?}; the model needs {expected:?}")]
    Shape {
        /// Whose.
        path: String,
        /// What the configuration says.
        expected: Vec<usize>,
        /// What was given.
        found: Vec<usize>,
    },
    /// A shape that does not agree with its values.
    #[error("the weight `{path}` has shape {shape:?} and {values} values")]
    Values {
        /// Whose.
        path: String,
        /// The shape that was given.
        shape: Vec<usize>,
        /// How many values came with it.
        values: usize,
    },
}

fn list(paths: &[String]) -> String {
    if paths.is_empty() {
        return "nothing".to_owned();
    }
    paths
        .iter()
        .map(|path| format!("`{path}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

impl ModelError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Config { .. } | Self::Head { .. } => {
                Some("set it in the section [model] or with --set".to_owned())
            }
            Self::Names { .. } | Self::Shape { .. } => Some(
                "use the configuration that the weights were trained with; its section [model] is in \
                 the checkpoint's manifest"
                    .to_owned(),
            ),
            Self::Values { .. } => None,
        }
    }
}

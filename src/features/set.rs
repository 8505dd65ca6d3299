//! Feature sets: which columns, in which order, and what they ask of the bars.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use crate::market::Column;

use super::column::{ColumnRecord, DropReason, Dropped, FeatureColumn};
use super::context::FeatureContext;
use super::declaration::Memory;
use super::error::FeatureError;
use super::request::{self, Request};
use super::sets::Preset;
use super::transform::Transform;

/// Columns to compute, in order.
#[derive(Clone, Debug)]
pub struct FeatureSet {
    columns: Vec<FeatureColumn>,
}

/// A file of features.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeatureFile {
    columns: Vec<String>,
    #[serde(default)]
    transforms: BTreeMap<String, Transform>,
}

impl FeatureSet {
    /// Reads a request: the name of a set, names of columns and sets joined by commas, or the path
    /// of a TOML file (`*.toml`) with `columns = [..]` and, by column, `[transforms]`. `MACD_12_26_9`
    /// is one column, `MACD:12:26:9` all columns of the indicator.
    ///
    /// ```
    /// use emberline::features::{FeatureContext, FeatureSet};
    /// let hourly = FeatureContext::unbounded(3_600_000_000_000);
    /// let set = FeatureSet::resolve("SMA_10, MACD_12_26_9_MACDSIGNAL", &hourly)?;
    /// assert_eq!(set.names(), ["SMA_10", "MACD_12_26_9_MACDSIGNAL"]);
    /// assert_eq!(set.warmup_bars(), 33);
    /// # Ok::<(), emberline::features::FeatureError>(())
    /// ```
    /// # Errors
    /// [`FeatureError`]: an unknown name, a parameter out of bounds or longer than the data, a set
    /// with members that do not exist yet, volumes where there are none, an unreadable file.
    pub fn resolve(request: &str, context: &FeatureContext) -> Result<Self, FeatureError> {
        let request = request.trim();
        if Path::new(request)
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            return Self::from_file(Path::new(request), context);
        }
        let names = request
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        Self::from_names(request, names, &mut BTreeMap::new(), context)
    }

    fn from_file(path: &Path, context: &FeatureContext) -> Result<Self, FeatureError> {
        let text = std::fs::read_to_string(path).map_err(|source| FeatureError::Io {
            path: path.to_owned(),
            source,
        })?;
        let mut file: FeatureFile = toml::from_str(&text).map_err(|source| FeatureError::Toml {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        let names = file.columns.iter().map(String::as_str);
        let request = path.display().to_string();
        let set = Self::from_names(&request, names, &mut file.transforms, context)?;
        match file.transforms.pop_first() {
            None => Ok(set),
            Some((column, transform)) => Err(FeatureError::Transform {
                column,
                transform: transform.to_string(),
                reason: "the file's `columns` do not hold it".to_owned(),
            }),
        }
    }

    fn from_names<'a>(
        request: &str,
        names: impl Iterator<Item = &'a str>,
        transforms: &mut BTreeMap<String, Transform>,
        context: &FeatureContext,
    ) -> Result<Self, FeatureError> {
        let mut columns: Vec<FeatureColumn> = Vec::new();
        for name in names {
            for (request, transform) in expand(name, context)? {
                let own = transforms
                    .remove(&request.name)
                    .or_else(|| transforms.remove(name));
                let column = FeatureColumn::new(request, own.or(transform), context)?;
                if columns.iter().all(|known| known.name != column.name) {
                    columns.push(column);
                }
            }
        }
        if columns.is_empty() {
            return Err(FeatureError::Empty {
                request: request.to_owned(),
            });
        }
        Ok(Self { columns })
    }

    /// As [`FeatureSet::resolve`], for a model: refuses columns that are no model input, and leaves
    /// out those that look back further than the longest series reaches.
    ///
    /// # Errors
    /// As [`FeatureSet::resolve`]; [`FeatureError::NotModelInput`]; [`FeatureError::AllDropped`].
    pub fn for_model(
        request: &str,
        context: &FeatureContext,
    ) -> Result<(Self, Vec<Dropped>), FeatureError> {
        let mut set = Self::resolve(request, context)?;
        set.check_model_inputs()?;
        let mut dropped = Vec::new();
        set.columns.retain(|column| {
            let fits = column
                .input_memory()
                .bars()
                .is_some_and(|bars| bars < context.longest_series);
            if !fits {
                dropped.push(Dropped {
                    name: column.name.clone(),
                    reason: DropReason::Undefined,
                });
            }
            fits
        });
        if set.columns.is_empty() {
            return Err(FeatureError::AllDropped);
        }
        Ok((set, dropped))
    }

    /// The set that a manifest recorded.
    ///
    /// # Errors
    /// As [`FeatureSet::resolve`].
    pub fn from_records(
        records: &[ColumnRecord],
        context: &FeatureContext,
    ) -> Result<Self, FeatureError> {
        let mut columns = Vec::with_capacity(records.len());
        for record in records {
            let request = request::parse(&record.name)?;
            let mut column = FeatureColumn::new(request, Some(record.transform), context)?;
            // Fewer bars can show shorter periods than the model was trained on.
            column.least_memory = record.memory_bars;
            columns.push(column);
        }
        Ok(Self { columns })
    }

    /// What a manifest keeps.
    pub fn records(&self) -> Vec<ColumnRecord> {
        let record = |column: &FeatureColumn| ColumnRecord {
            name: column.name.clone(),
            transform: column.transform,
            memory_bars: column.input_memory().bars().unwrap_or(0),
        };
        self.columns.iter().map(record).collect()
    }

    /// The columns in order.
    pub fn columns(&self) -> &[FeatureColumn] {
        &self.columns
    }

    /// The columns' names in order.
    pub fn names(&self) -> Vec<String> {
        self.columns
            .iter()
            .map(|column| column.name.clone())
            .collect()
    }

    /// Number of columns.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there is no column.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Columns of the bars that computing needs.
    pub fn required_columns(&self) -> BTreeSet<Column> {
        let of = |column: &FeatureColumn| {
            let inputs = column
                .indicator
                .inputs
                .iter()
                .chain(column.transform.inputs());
            inputs.copied().collect::<Vec<_>>()
        };
        let mut columns: BTreeSet<Column> = self.columns.iter().flat_map(of).collect();
        columns.insert(Column::Age);
        columns
    }

    /// First bars of a segment on which some column is undefined.
    pub fn warmup_bars(&self) -> usize {
        self.columns
            .iter()
            .map(|column| column.warmup)
            .max()
            .unwrap_or(0)
    }

    /// Bars of a segment that model inputs need: every input is finite where `Age` is at least this.
    /// Columns of unbounded memory, which are no model inputs, do not count.
    pub fn memory_bars(&self) -> usize {
        let bars = |column: &FeatureColumn| column.input_memory().bars().unwrap_or(0);
        self.columns.iter().map(bars).max().unwrap_or(0)
    }

    /// Refuses columns whose level depends on where the file starts.
    ///
    /// # Errors
    /// [`FeatureError::NotModelInput`] for the first such column.
    pub fn check_model_inputs(&self) -> Result<(), FeatureError> {
        let unbounded = self
            .columns
            .iter()
            .find(|column| column.input_memory() == Memory::Unbounded);
        match unbounded {
            None => Ok(()),
            Some(column) => Err(FeatureError::NotModelInput {
                column: column.name.clone(),
                reason: format!(
                    "its level depends on where the file starts, and the transform {} keeps it",
                    column.transform
                ),
            }),
        }
    }

    /// The set without these columns.
    #[must_use]
    pub fn without(&self, dropped: &[String]) -> Self {
        let kept = self
            .columns
            .iter()
            .filter(|column| !dropped.contains(&column.name));
        Self {
            columns: kept.cloned().collect(),
        }
    }
}

/// The columns that a name stands for.
fn expand(
    name: &str,
    context: &FeatureContext,
) -> Result<Vec<(Request, Option<Transform>)>, FeatureError> {
    let Some(preset) = Preset::by_name(name) else {
        let requests = request::parse_all(name)?.into_iter();
        return Ok(requests.map(|request| (request, None)).collect());
    };
    let (mut requests, mut missing) = (Vec::new(), Vec::new());
    for (member, transform) in preset.columns(context) {
        match request::parse(&member) {
            Ok(request) => requests.push((request, transform)),
            Err(FeatureError::Unknown { name, .. }) => missing.push(name),
            Err(error) => return Err(error),
        }
    }
    if missing.is_empty() {
        return Ok(requests);
    }
    Err(FeatureError::MissingMembers {
        set: name.to_owned(),
        missing,
    })
}

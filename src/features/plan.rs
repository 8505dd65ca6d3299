//! What computing a set takes: its machines on the CPU, the shared intermediates of its tensor functions
//! on a GPU.

use burn::tensor::Device;
use serde::Serialize;

use crate::market::{Bars, Calendar, Column, Series, Session, upload};

use super::native::{self, jobs};
use super::set::FeatureSet;
use super::work::Work;

/// How a set is computed.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// The machines that the CPU runs in one pass over the bars.
    pub machines: Vec<PlannedMachine>,
    /// Intermediates of the tensor functions, each computed once, that a GPU keeps while it works.
    pub shared: Vec<PlannedTensor>,
    /// Bars that the CPU takes at a time.
    pub chunk_bars: usize,
    /// Bytes of a chunk's columns, which stay in the cache until they are rows of the result.
    pub chunk_bytes: usize,
}

/// One machine.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedMachine {
    /// The indicator.
    pub indicator: String,
    /// Its parameters.
    pub parameters: Vec<f64>,
    /// What it reads.
    pub inputs: Vec<Column>,
    /// The columns that come from it.
    pub columns: Vec<String>,
}

/// One intermediate tensor.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedTensor {
    /// What it is.
    pub name: String,
    /// The numbers that it depends on.
    pub numbers: Vec<usize>,
    /// How many ask for it.
    pub uses: usize,
}

impl Plan {
    /// The plan of `set`.
    ///
    /// ```
    /// use emberline::features::{FeatureContext, FeatureSet, Plan};
    /// let hourly = FeatureContext::unbounded(3_600_000_000_000);
    /// let set = FeatureSet::resolve("ATR_14,NATR_14,BBANDS:20:2:2", &hourly)?;
    /// let plan = Plan::of(&set);
    /// assert_eq!(plan.machines.len(), 3);
    /// let range = plan.shared.iter().find(|tensor| tensor.name == "atr").unwrap();
    /// assert_eq!((range.numbers.as_slice(), range.uses), ([14].as_slice(), 2));
    /// # Ok::<(), emberline::features::FeatureError>(())
    /// ```
    pub fn of(set: &FeatureSet) -> Self {
        let machines = jobs(set)
            .iter()
            .map(|job| PlannedMachine {
                indicator: job.indicator.title(),
                parameters: job.parameters.values().to_vec(),
                inputs: job.indicator.inputs.to_vec(),
                columns: job
                    .columns
                    .iter()
                    .map(|(_, column)| column.name().to_owned())
                    .collect(),
            })
            .collect();
        Self {
            machines,
            shared: shared(set),
            chunk_bars: native::CHUNK,
            chunk_bytes: 4 * native::CHUNK * set.len(),
        }
    }
}

/// Bars of the rehearsal.
const BARS: usize = 4;

/// Lets the tensor functions run over a few bars and looks at what they shared.
fn shared(set: &FeatureSet) -> Vec<PlannedTensor> {
    let hour = 3_600_000_000_000;
    let series = Series {
        symbol: "A".to_owned(),
        time: (0..BARS as i64).map(|t| t * hour).collect(),
        open: vec![1.0; BARS],
        high: vec![1.0; BARS],
        low: vec![1.0; BARS],
        close: vec![1.0; BARS],
        volume: vec![1.0; BARS],
        ..Series::default()
    };
    let bars = Bars::from_rows(vec![series], hour, Calendar::Always, Session::default());
    let blocks = upload(
        &bars,
        &set.required_columns(),
        1,
        usize::MAX,
        &Device::flex(),
    );
    let Ok([block]) = blocks.as_deref() else {
        unreachable!("a few bars fit into one block")
    };
    let mut work = Work::new(block, 0..1);
    for column in set.columns() {
        (column.indicator().compute)(&mut work, column.parameters(), column.output());
    }
    let uses = work.uses().into_iter();
    uses.map(|(name, numbers, uses)| PlannedTensor {
        name: name.to_owned(),
        numbers,
        uses,
    })
    .collect()
}

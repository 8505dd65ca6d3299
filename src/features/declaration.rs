//! What an indicator declares about itself, once: the command line, the configuration, the feature
//! sets and the tests all read it from here.

use burn::tensor::Tensor;
use serde::Serialize;

use crate::market::Column;

use super::context::FeatureContext;
use super::machine::Machine;
use super::reference::Segment;
use super::work::Work;

/// A group of indicators that share a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Ratios of one bar's prices, and returns.
    Price,
    /// Moving averages.
    Average,
    /// Speed and direction of prices.
    Momentum,
    /// Ranges and deviations.
    Volatility,
    /// Volume alone or signed by the price.
    Volume,
    /// Volume-weighted average prices.
    Vwap,
    /// Distances to extremes.
    Level,
    /// The bar's time, and what became of missing bars.
    Clock,
    /// Windows of prices as samples.
    Statistics,
    /// The dominant cycle by Ehlers' Hilbert transform.
    Cycle,
    /// Candlestick patterns.
    Pattern,
}

/// What an output measures; decides how it becomes a model input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A price level.
    Price,
    /// A difference of prices.
    PriceDifference,
    /// Traded volume, 0 or more.
    Volume,
    /// A price level squared.
    PriceSquared,
    /// Volume accumulated with a sign.
    SignedVolume,
    /// Percent.
    Percent,
    /// Within fixed bounds.
    Bounded,
    /// A number without a unit.
    Ratio,
    /// 0 or 1.
    Flag,
    /// Bars, a number of them.
    Count,
    /// What was found, in hundreds: -200 to 200.
    Pattern,
}

impl Unit {
    /// The unit's name in listings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::PriceDifference => "price_difference",
            Self::Volume => "volume",
            Self::PriceSquared => "price_squared",
            Self::SignedVolume => "signed_volume",
            Self::Percent => "percent",
            Self::Bounded => "bounded",
            Self::Ratio => "ratio",
            Self::Flag => "flag",
            Self::Count => "count",
            Self::Pattern => "pattern",
        }
    }
}

/// What a parameter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Bars: a whole number, never longer than the data.
    Bars,
    /// A factor.
    Factor,
    /// One of some ways of computing, by its number in TA-Lib: 0 to 8 for kinds of averages.
    Choice,
}

/// A number that a column's name carries.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Parameter {
    /// Its name in messages.
    pub name: &'static str,
    /// What it counts.
    pub kind: Kind,
    /// Least value.
    pub minimum: f64,
    /// Greatest value.
    pub maximum: f64,
    /// Value of a name without parameters.
    pub default: f64,
    /// Whether a name leaves it out where it has its default; such parameters come last.
    pub optional: bool,
}

/// Longest period that any indicator takes.
pub(super) const LONGEST_PERIOD: u32 = 100_000;

impl Parameter {
    /// A period in bars.
    pub(super) const fn bars(name: &'static str, minimum: u32, default: u32) -> Self {
        Self {
            name,
            kind: Kind::Bars,
            minimum: minimum as f64,
            maximum: LONGEST_PERIOD as f64,
            default: default as f64,
            optional: false,
        }
    }

    /// A factor between 0 and 100.
    pub(super) const fn factor(name: &'static str, default: f64) -> Self {
        Self::factor_in(name, 0.0, 100.0, default)
    }

    /// A factor between bounds.
    pub(super) const fn factor_in(
        name: &'static str,
        minimum: f64,
        maximum: f64,
        default: f64,
    ) -> Self {
        Self {
            name,
            kind: Kind::Factor,
            minimum,
            maximum,
            default,
            optional: false,
        }
    }

    /// One of the ways `0..=maximum`; a name leaves it out where it is the default.
    pub(super) const fn choice(name: &'static str, maximum: u32, default: u32) -> Self {
        Self {
            name,
            kind: Kind::Choice,
            minimum: 0.0,
            maximum: maximum as f64,
            default: default as f64,
            optional: true,
        }
    }
}

/// The values of an indicator's parameters, in the order of its declaration.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters(Vec<f64>);

impl Parameters {
    /// Values that the declaration's bounds were checked for.
    pub(super) fn new(values: Vec<f64>) -> Self {
        Self(values)
    }

    /// All values.
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// The value at `index` as a number of bars.
    ///
    /// # Panics
    /// If there is no such parameter.
    #[expect(clippy::cast_sign_loss, reason = "bounds of periods are positive")]
    pub fn bars(&self, index: usize) -> usize {
        self.0[index] as usize
    }

    /// The value at `index`.
    ///
    /// # Panics
    /// If there is no such parameter.
    pub fn factor(&self, index: usize) -> f64 {
        self.0[index]
    }
}

/// One of an indicator's outputs.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Output {
    /// What a column's name ends with; empty for the one that goes without.
    pub name: &'static str,
    /// What it measures.
    pub unit: Unit,
}

impl Output {
    /// The only output, or the one that goes without a name.
    pub(super) const fn only(unit: Unit) -> Self {
        Self { name: "", unit }
    }

    /// A named output.
    pub(super) const fn named(name: &'static str, unit: Unit) -> Self {
        Self { name, unit }
    }
}

/// How far back a value looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "bars")]
pub enum Memory {
    /// A value depends on this many bars, its own included, and on nothing before.
    Finite(usize),
    /// After this many bars what came before weighs less than 1e-3.
    Infinite(usize),
    /// The level depends on where the file starts.
    Unbounded,
}

impl Memory {
    /// The number of bars, unless there is none.
    pub fn bars(self) -> Option<usize> {
        match self {
            Self::Finite(bars) | Self::Infinite(bars) => Some(bars),
            Self::Unbounded => None,
        }
    }
}

/// How the outputs answer to another currency: multiply all prices by a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// The outputs are multiplied by the factor too.
    WithPrice,
    /// The outputs are multiplied by its square.
    WithSquare,
    /// The outputs stay.
    Free,
    /// The outputs change in a way of their own.
    Nonlinear,
}

/// Everything that is known about one indicator of one school.
pub struct Declaration {
    /// Trade name, in capitals.
    pub name: &'static str,
    /// The school; empty for TA-Lib's, or where there is only one.
    pub variant: &'static str,
    /// One line: what it is.
    pub summary: &'static str,
    /// The file that it lives in.
    pub family: Family,
    /// Columns that it reads, besides `Age`.
    pub inputs: &'static [Column],
    /// Numbers that its name carries.
    pub parameters: &'static [Parameter],
    /// What the parameters must fulfil together, in words; `None` where the bounds are all.
    pub rule: Option<Rule>,
    /// What it gives.
    pub outputs: &'static [Output],
    /// How the outputs answer to another currency.
    pub scaling: Scaling,
    /// First bars that are undefined, in words.
    pub warmup_text: &'static str,
    /// First bars of a segment that are undefined.
    pub warmup: fn(&Parameters, &FeatureContext) -> usize,
    /// Bars back, in words.
    pub memory_text: &'static str,
    /// Bars back that a value depends on.
    pub memory: fn(&Parameters, &FeatureContext) -> Memory,
    /// What flat prices, no volume and the like give.
    pub degenerate: &'static str,
    /// The definition.
    pub formula: &'static str,
    /// Where the definition comes from.
    pub source: &'static str,
    /// Output number `usize` on the device, `[N, T]`; the warm-up's mask is laid on by the caller.
    pub(super) compute: fn(&mut Work<'_>, &Parameters, usize) -> Tensor<2>,
    /// The bar's own contribution to a cumulative output, where the unit is
    /// [`Unit::SignedVolume`].
    pub(super) flow: Option<fn(&mut Work<'_>) -> Tensor<2>>,
    /// The indicator bar by bar, in float64.
    pub(super) machine: fn(&Parameters) -> Machine,
    /// All outputs of one segment in float64, as a loop that follows the written definition; `None`
    /// where the machine is one, and TA-Lib's own numbers hold it.
    pub(super) oracle: Option<Oracle>,
}

/// What most declarations have in common: `..TALIB`. The rest must be given; a name, a formula and
/// the like that are left empty are found by a test.
pub(super) const TALIB: Declaration = Declaration {
    name: "",
    variant: "",
    summary: "",
    family: Family::Price,
    inputs: &[],
    parameters: &[],
    rule: None,
    outputs: &[],
    scaling: Scaling::Free,
    warmup_text: "",
    warmup: |_, _| 0,
    memory_text: "",
    memory: |_, _| Memory::Unbounded,
    degenerate: "",
    formula: "",
    source: "",
    compute: |_, _, _| unreachable!("a declaration names its function"),
    flow: None,
    machine: |_| unreachable!("a declaration names its machine"),
    oracle: None,
};

/// All outputs of a segment in float64.
pub(super) type Oracle = fn(&Segment, &Parameters) -> Vec<Vec<f64>>;

/// What parameters must fulfil together.
#[derive(Clone, Copy)]
pub struct Rule {
    /// In words.
    pub text: &'static str,
    /// Whether they do.
    pub holds: fn(&Parameters) -> bool,
}

impl Declaration {
    /// Name and school: `EMA.adjusted`.
    pub fn title(&self) -> String {
        if self.variant.is_empty() {
            self.name.to_owned()
        } else {
            format!("{}.{}", self.name, self.variant)
        }
    }

    /// The parameters of a name without any.
    pub fn defaults(&self) -> Parameters {
        Parameters(self.parameters.iter().map(|p| p.default).collect())
    }

    /// How many parameters a name writes out: all but the last optional ones that have their default.
    #[expect(clippy::float_cmp, reason = "a default is the default, bit for bit")]
    fn num_written(&self, parameters: &Parameters) -> usize {
        let pairs = self.parameters.iter().zip(parameters.values());
        let left_out = pairs
            .rev()
            .take_while(|(parameter, value)| parameter.optional && parameter.default == **value);
        self.parameters.len() - left_out.count()
    }

    /// Fewest parameters that a name with any writes out.
    pub(super) fn least_written(&self) -> usize {
        let optional = self.parameters.iter().rev().take_while(|p| p.optional);
        self.parameters.len() - optional.count()
    }

    /// All outputs of one segment in float64, by the written definition.
    pub fn float64(&self, segment: &Segment, parameters: &Parameters) -> Vec<Vec<f64>> {
        match self.oracle {
            Some(oracle) => oracle(segment, parameters),
            None => self.by_machine(segment, parameters),
        }
    }

    /// All outputs of one segment in float64, bar by bar.
    pub fn by_machine(&self, segment: &Segment, parameters: &Parameters) -> Vec<Vec<f64>> {
        let mut machine = (self.machine)(parameters);
        let mut bar = vec![0.0; self.outputs.len()];
        let mut all = vec![Vec::with_capacity(segment.len()); self.outputs.len()];
        for t in 0..segment.len() {
            machine.next(&segment.bar(t), &mut bar);
            for (all, value) in all.iter_mut().zip(&bar) {
                all.push(*value);
            }
        }
        all
    }

    /// The column name of one output with the default parameters, none written: `RSI`, `MACD_MACD`.
    pub fn bare_name(&self, output: usize) -> String {
        match self.outputs[output].name {
            "" => self.title(),
            output => format!("{}_{output}", self.title()),
        }
    }

    /// Whether it is a function of TA-Lib.
    pub fn is_talib(&self) -> bool {
        let source = format!("TA-Lib 0.8.1, {}", self.name);
        self.variant.is_empty() && self.source.contains(&source)
    }

    /// Whether it needs volumes.
    pub fn needs_volume(&self) -> bool {
        self.inputs.contains(&Column::Volume)
    }

    /// The column name of one output with these parameters written out.
    pub fn column_name(&self, parameters: &Parameters, output: usize) -> String {
        let mut name = self.name.to_owned();
        for value in &parameters.values()[..self.num_written(parameters)] {
            name.push('_');
            name.push_str(&value.to_string());
        }
        if !self.variant.is_empty() {
            name.push('.');
            name.push_str(self.variant);
        }
        let output = self.outputs[output].name;
        // The main line of a written-out MACD goes by the indicator's own name.
        let is_main = output == self.name && !self.parameters.is_empty();
        if !output.is_empty() && !is_main {
            name.push('_');
            name.push_str(output);
        }
        name
    }
}

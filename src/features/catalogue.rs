//! Every indicator that exists, in the order of listings.

use super::declaration::Declaration;
use super::{
    adaptive, average, band, bar, clock, cycle, directional, distance, extreme, flow, level, line,
    macd, momentum, order, oscillator, overlap, pattern, pressure, price, range, rate, sample,
    stochastic, strength, trend, turning, varying, volatility, volume, vwap,
};

/// Version of the definitions: a checkpoint made with another one is refused. Rises with every
/// change of a value that the catalogue gives.
pub const CATALOGUE_VERSION: u32 = 2;

/// The families' own lists, in the order of listings.
static FAMILIES: &[&[&Declaration]] = &[
    price::ALL,
    bar::ALL,
    average::ALL,
    overlap::ALL,
    momentum::ALL,
    rate::ALL,
    directional::ALL,
    distance::ALL,
    strength::ALL,
    extreme::ALL,
    pressure::ALL,
    macd::ALL,
    oscillator::ALL,
    stochastic::ALL,
    volatility::ALL,
    range::ALL,
    band::ALL,
    volume::ALL,
    flow::ALL,
    vwap::ALL,
    level::ALL,
    cycle::ALL,
    adaptive::ALL,
    varying::ALL,
    turning::ALL,
    trend::ALL,
    order::ALL,
    pattern::ALL,
    line::ALL,
    sample::ALL,
    clock::ALL,
];

/// All indicators.
///
/// ```
/// use emberline::features::catalogue;
/// assert!(catalogue().any(|indicator| indicator.title() == "EMA.adjusted"));
/// ```
pub fn catalogue() -> impl Iterator<Item = &'static Declaration> {
    FAMILIES.iter().flat_map(|family| family.iter().copied())
}

/// The schools of one name, TA-Lib's or the only one first.
pub(super) fn schools(name: &str) -> impl Iterator<Item = &'static Declaration> {
    catalogue().filter(move |indicator| indicator.name == name)
}

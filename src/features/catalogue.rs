//! Every indicator that exists, in the order of listings.

use super::declaration::Declaration;
use super::{average, clock, level, macd, momentum, price, volatility, volume, vwap};

/// Version of the definitions: a checkpoint made with another one is refused. Rises with every
/// change of a value that the catalogue gives.
pub const CATALOGUE_VERSION: u32 = 1;

static CATALOGUE: [&Declaration; 39] = [
    &price::LOG_RETURN,
    &price::RANGE_RATIO,
    &price::BODY_RATIO,
    &average::SMA,
    &average::EMA,
    &average::EMA_ADJUSTED,
    &average::EMA_DISTANCE,
    &momentum::RSI,
    &momentum::RSI_CUTLER,
    &momentum::MOM,
    &momentum::ROC,
    &macd::MACD,
    &macd::MACD_ADJUSTED,
    &volatility::TRANGE,
    &volatility::ATR,
    &volatility::ATR_SMA,
    &volatility::NATR,
    &volatility::STDDEV,
    &volatility::BBANDS,
    &volatility::BB_WIDTH,
    &volatility::REALISED_VOLATILITY,
    &volume::VOLUME,
    &volume::OBV,
    &vwap::VWAP_CUM,
    &vwap::VWAP_CUM_ROLLING20,
    &vwap::AVWAP_SESSION,
    &vwap::AVWAP_SESSION_ROLLING20,
    &vwap::AVWAP_DAILY,
    &vwap::AVWAP_DAILY_ROLLING20,
    &vwap::AVWAP_WEEKLY,
    &vwap::AVWAP_WEEKLY_ROLLING20,
    &vwap::AVWAP_MONTHLY,
    &vwap::AVWAP_MONTHLY_ROLLING20,
    &level::SUPPORT_RESISTANCE,
    &clock::TIME_SIN,
    &clock::TIME_COS,
    &clock::WEEKDAY_SIN,
    &clock::WEEKDAY_COS,
    &clock::FILLED,
];

/// All indicators.
///
/// ```
/// use emberline::features::catalogue;
/// assert!(catalogue().any(|indicator| indicator.title() == "EMA.adjusted"));
/// ```
pub fn catalogue() -> impl Iterator<Item = &'static Declaration> {
    CATALOGUE.iter().copied()
}

/// The schools of one name, TA-Lib's or the only one first.
pub(super) fn schools(name: &str) -> impl Iterator<Item = &'static Declaration> {
    catalogue().filter(move |indicator| indicator.name == name)
}

//! All bars of all symbols at once, on the device.

use burn::prelude::*;

use super::{Flow, Ledger};
use crate::device::transfer::{to_host, upload};
use crate::ops::scan::linear_scan;

/// What the holdings earned and traded at each bar and of each symbol.
///
/// ```text
/// earned_nt = units_{n,t-1} (price_nt - price_{n,t-1})
/// traded_nt = |units_nt - units_{n,t-1}| price_nt,  units before the first bar are 0
/// value_nt  = units_nt price_nt
/// ```
/// summed over symbols for each bar, and over bars for each symbol. Holdings go up once, block by block;
/// prices are on the device already; one tensor comes back.
///
/// float32: neighbouring prices within a factor of 2 subtract exactly, so an earned amount is right to
/// 1e-7 of itself, a sum over N symbols to about 1e-7 N of the sum of sizes; sums over bars are scans,
/// whose state is wider than float32. Returns add up to equity on the host in float64.
///
/// # Panics
/// If `units` is not `[N, T]`.
pub fn flow(ledger: &Ledger, units: Vec<f32>) -> Flow {
    let (num_symbols, num_bars) = (ledger.series.len(), ledger.num_bars());
    assert_eq!(units.len(), num_symbols * num_bars, "units");
    if num_bars < 2 {
        // nothing can be entered and left
        return Flow::idle(num_symbols, num_bars);
    }
    let mut per_bar: Option<Tensor<2>> = None;
    let (mut earned, mut traded) = (Vec::new(), Vec::new());
    let mut from = 0;
    for prices in &ledger.blocks {
        let until = from + prices.shape().num_elements();
        let sums = of_block(prices.clone(), units[from..until].to_vec());
        per_bar = Some(match per_bar {
            None => sums.per_bar,
            Some(before) => before + sums.per_bar,
        });
        earned.push(sums.earned);
        traded.push(sums.traded);
        from = until;
    }
    let all = per_bar.into_iter().map(|sums| sums.reshape([-1]));
    let read = to_host(Tensor::<1>::cat(
        all.chain(earned).chain(traded).collect(),
        0,
    ));
    let mut rest = read.into_iter().map(f64::from);
    let mut take = |count: usize| rest.by_ref().take(count).collect::<Vec<f64>>();
    Flow {
        earned: take(num_bars),
        traded: take(num_bars),
        units_traded: take(num_bars),
        long: take(num_bars),
        short: take(num_bars),
        symbol_earned: take(num_symbols),
        symbol_traded: take(num_symbols),
    }
}

/// Sums of a block of n symbols.
struct Sums {
    /// `[5, T]`: earned, traded, units traded, long, short.
    per_bar: Tensor<2>,
    /// `[n]`
    earned: Tensor<1>,
    /// `[n]`
    traded: Tensor<1>,
}

fn of_block(prices: Tensor<2>, units: Vec<f32>) -> Sums {
    let [num_symbols, num_bars] = prices.dims();
    let device = prices.device();
    let units = upload(units, [num_symbols, num_bars], &device); // [n, T]
    let past = |x: &Tensor<2>, first: Tensor<2>| {
        Tensor::cat(vec![first, x.clone().narrow(1, 0, num_bars - 1)], 1)
    };
    let before = past(&units, Tensor::zeros([num_symbols, 1], &device));
    let price_before = past(&prices, prices.clone().narrow(1, 0, 1));
    let earned = before.clone() * (prices.clone() - price_before);
    let changed = (units.clone() - before).abs();
    let traded = changed.clone() * prices.clone();
    let value = units * prices;

    let ones = Tensor::<2>::ones([num_symbols, num_bars], &device);
    let over_bars = |x: &Tensor<2>| {
        linear_scan(ones.clone(), x.clone())
            .narrow(1, num_bars - 1, 1)
            .reshape([num_symbols])
    };
    let (of_symbol_earned, of_symbol_traded) = (over_bars(&earned), over_bars(&traded));
    let (long, short) = (value.clone().clamp_min(0.0), -value.clamp_max(0.0));
    let sums = [earned, traded, changed, long, short].map(|x| x.sum_dim(0)); // [1, T] each
    Sums {
        per_bar: Tensor::cat(sums.to_vec(), 0),
        earned: of_symbol_earned,
        traded: of_symbol_traded,
    }
}

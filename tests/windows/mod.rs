//! Legal windows, targets, splits and the loader: no look-ahead, nothing lost, nothing twice.

#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    clippy::cast_sign_loss,
    reason = "helpers of tests; exact results are compared exactly; small counts"
)]

mod chain;
mod legal;
mod loader;
mod plan;
mod targets;

use emberline::market::{Bars, Calendar, GapPolicy, Series, Session};

/// Five minutes.
const INTERVAL_NS: i64 = 300_000_000_000;

/// A repeatable stream of numbers in -1 to 1 (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11;
        bits as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// A random walk that starts `first_bar` intervals after the epoch.
fn walk(symbol: &str, num_bars: usize, first_bar: i64) -> Series {
    let seed = symbol.bytes().fold(0x9e37_79b9_7f4a_7c15, |seed, byte| {
        (seed ^ u64::from(byte)).wrapping_mul(31)
    });
    let mut numbers = Numbers(seed | 1);
    let mut price = 100.0_f64;
    let mut series = Series {
        symbol: symbol.to_owned(),
        ..Series::default()
    };
    for bar in 0..num_bars {
        let open = price * (1.0 + 0.001 * numbers.next());
        price = open * (1.0 + 0.01 * numbers.next());
        series.time.push((first_bar + bar as i64) * INTERVAL_NS);
        series.open.push(open as f32);
        series.high.push((open.max(price) * 1.001) as f32);
        series.low.push((open.min(price) * 0.999) as f32);
        series.close.push(price as f32);
        series.volume.push(1.0);
    }
    series
}

fn bars(series: Vec<Series>) -> Bars {
    Bars {
        series,
        interval_ns: INTERVAL_NS,
        calendar: Calendar::Always,
        session: Session::default(),
        date_labels: false,
        has_volume: true,
        adjusted: false,
        gaps: GapPolicy::Fill,
        notes: Vec::new(),
    }
}

/// Seven symbols of unequal lengths: one starts late, one has gaps, one has filled bars.
fn uneven() -> Bars {
    let mut all: Vec<Series> = ["AA", "BB", "CC", "DD", "EE", "FF", "GG"]
        .iter()
        .enumerate()
        .map(|(index, symbol)| walk(symbol, 331 - 7 * index, 0))
        .collect();
    all[2] = walk("CC", 150, 181);
    all[3].segment = (0..all[3].len())
        .map(|row| u32::from(row >= 40) + u32::from(row >= 173))
        .collect();
    all[4].filled = (0..all[4].len())
        .map(|row| row % 17 == 5 || (60..70).contains(&row))
        .collect();
    bars(all)
}

//! The same, trade by trade and bar by bar in float64: the oracle of [`super::flow`].

use super::{Flow, Ledger, Trade};

/// What the trades earned and traded, from the trades themselves.
///
/// At each bar each symbol's open trades are marked to the bar's price, trades that end are closed,
/// new ones opened, and only what is left of the two against each other is traded.
pub fn flow(ledger: &Ledger, trades: &[Trade]) -> Flow {
    let (num_symbols, num_bars) = (ledger.series.len(), ledger.num_bars());
    let mut flow = Flow::idle(num_symbols, num_bars);
    for symbol in 0..num_symbols {
        let own: Vec<&Trade> = trades.iter().filter(|one| one.symbol == symbol).collect();
        let units_of = |trade: &Trade| trade.weight / ledger.price(symbol, trade.entry);
        let mut open: Vec<&Trade> = Vec::new();
        for bar in 0..num_bars {
            let price = ledger.price(symbol, bar);
            let mut order = 0.0; // units to buy, below 0 to sell
            for trade in &open {
                let earned = units_of(trade) * (price - ledger.price(symbol, bar - 1));
                flow.earned[bar] += earned;
                flow.symbol_earned[symbol] += earned;
                if trade.exit == bar {
                    order -= units_of(trade);
                }
            }
            open.retain(|trade| trade.exit != bar);
            for &trade in own.iter().filter(|trade| trade.entry == bar) {
                order += units_of(trade);
                open.push(trade);
            }
            let held: f64 = open.iter().map(|trade| units_of(trade)).sum();
            flow.traded[bar] += order.abs() * price;
            flow.symbol_traded[symbol] += order.abs() * price;
            flow.units_traded[bar] += order.abs();
            flow.long[bar] += (held * price).max(0.0);
            flow.short[bar] += (-held * price).max(0.0);
        }
    }
    flow
}

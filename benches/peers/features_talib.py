"""TA-Lib through its Python package, symbol by symbol, on bars from `emberline bench features`.

    python features_talib.py BARS SYMBOLS NUM_BARS REPEATS

BARS holds float64: for each symbol open, high, low, close, volume of NUM_BARS bars each. Prints the
median seconds of computing the columns below for all symbols, and their number, as JSON.
"""

import json
import statistics
import sys
import time

import numpy as np
import talib

path, num_symbols, num_bars, repeats = sys.argv[1], *map(int, sys.argv[2:5])
bars = np.fromfile(path).reshape(num_symbols, 5, num_bars)


def columns(o, h, l, c, v):
    out = [talib.SMA(c, n) for n in (10, 20, 50, 200)]
    out += [talib.EMA(c, n) for n in (12, 48, 288)]
    out += [talib.RSI(c, n) for n in (7, 9, 14, 21, 25)]
    out += [talib.ATR(h, l, c, n) for n in (7, 10, 14, 20, 30)]
    out += [talib.NATR(h, l, c, 14), talib.TRANGE(h, l, c)]
    out += [*talib.MACD(c, 12, 26, 9), *talib.BBANDS(c, 20, 2.0, 2.0)]
    out += [talib.STDDEV(c, n, 1.0) for n in (10, 15, 20, 30, 50)]
    out += [talib.MOM(c, 10), talib.ROC(c, 10), talib.OBV(c, v)]
    return out


def run():
    start = time.perf_counter()
    tables = [np.stack(columns(*symbol)) for symbol in bars]
    return time.perf_counter() - start, tables[0].shape[0]


run()
measured = [run() for _ in range(repeats)]
print(json.dumps({"seconds": statistics.median(s for s, _ in measured), "columns": measured[0][1], "talib": talib.__ta_version__.decode().split()[0]}))

"""Writes talib.csv: bars, and what TA-Lib gives for them through its Python package.

    python talib_tables.py      # needs numpy and TA-Lib; versions are written into talib.json

Four symbols: `COIN` (a volatile 24/7 market near 0.03, one stretch), `SHARE` (prices in cents near
150 with flat runs and bars without volume, in two stretches: a gap after bar 170), `LATE` (60 bars)
and `FLAT` (one price). TA-Lib sees each stretch alone; the values it is given are float32.
"""

import csv
import json
import pathlib

import numpy as np
import talib

rng = np.random.default_rng(20261120)
here = pathlib.Path(__file__).parent


def bars(close, spread, volume, tick=None):
    """Open = the close before, high and low around both."""
    open_ = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(open_, close) * (1 + spread * rng.exponential(1, close.size))
    low = np.minimum(open_, close) * (1 - spread * rng.exponential(1, close.size))
    if tick:
        open_, close = np.round(open_ / tick) * tick, np.round(close / tick) * tick
        high = np.maximum(np.round(high / tick) * tick, np.maximum(open_, close))
        low = np.minimum(np.round(low / tick) * tick, np.minimum(open_, close))
    as_float32 = (np.float32(x).astype(np.float64) for x in (open_, high, low, close, volume))
    return dict(zip(("open", "high", "low", "close", "volume"), as_float32))


def walk(start, volatility, num_bars):
    sd = volatility * np.exp(0.5 * np.cumsum(rng.normal(0, 0.1, num_bars)))
    return start * np.exp(np.cumsum(rng.normal(0, 1, num_bars) * sd))


def symbols():
    coin = bars(walk(0.03, 2e-3, 340), 5e-4, rng.lognormal(3, 1.5, 340))
    close = walk(150.0, 1e-3, 300)
    close[60:95] = close[60]
    share_volume = np.round(rng.lognormal(8, 1, 300))
    share_volume[rng.random(300) < 0.1] = 0
    share = bars(close, 2e-4, share_volume, tick=0.01)
    late = bars(walk(9.5, 1e-2, 60), 1e-3, rng.lognormal(2, 1, 60))
    flat = bars(np.full(80, 42.5), 0.0, np.full(80, 7.0))
    return {
        "COIN": [coin],
        "FLAT": [flat],
        "LATE": [late],
        "SHARE": [{k: v[:170] for k, v in share.items()}, {k: v[170:] for k, v in share.items()}],
    }


def outputs(s):
    o, h, l, c, v = (s[k] for k in ("open", "high", "low", "close", "volume"))
    y = {}
    for period in (1, 10, 50):
        y[f"SMA_{period}"] = talib.SMA(c, period)
    for period in (1, 12, 26):
        y[f"EMA_{period}"] = talib.EMA(c, period)
    for period in (2, 14):
        y[f"RSI_{period}"] = talib.RSI(c, period)
    for period in (1, 14):
        y[f"ATR_{period}"] = talib.ATR(h, l, c, period)
    # NATR of period 1 is TRANGE in TA-Lib, not divided by the close; emberline refuses it.
    for period in (2, 14):
        y[f"NATR_{period}"] = talib.NATR(h, l, c, period)
    y["TRANGE"] = talib.TRANGE(h, l, c)
    for fast, slow, signal in ((12, 26, 9), (3, 10, 16), (5, 13, 1)):
        name = f"MACD_{fast}_{slow}_{signal}"
        y[name], y[f"{name}_MACDSIGNAL"], y[f"{name}_MACDHIST"] = talib.MACD(c, fast, slow, signal)
    for period, up, down in ((20, 2, 2), (5, 1.5, 2.5)):
        bands = talib.BBANDS(c, period, float(up), float(down))
        for band, values in zip(("UPPERBAND", "MIDDLEBAND", "LOWERBAND"), bands):
            y[f"BBANDS_{period}_{up}_{down}_{band}"] = values
    y["STDDEV_5_1"] = talib.STDDEV(c, 5, 1.0)
    y["STDDEV_20_2.5"] = talib.STDDEV(c, 20, 2.5)
    for period in (1, 10):
        y[f"MOM_{period}"] = talib.MOM(c, period)
        y[f"ROC_{period}"] = talib.ROC(c, period)
    y["OBV"] = talib.OBV(c, v)
    # Without parameters a name means TA-Lib's defaults.
    y["SMA"], y["EMA"], y["RSI"], y["ATR"] = talib.SMA(c), talib.EMA(c), talib.RSI(c), talib.ATR(h, l, c)
    y["NATR"], y["STDDEV"], y["MOM"], y["ROC"] = talib.NATR(h, l, c), talib.STDDEV(c), talib.MOM(c), talib.ROC(c)
    y["MACD_MACD"], y["MACD_MACDSIGNAL"], y["MACD_MACDHIST"] = talib.MACD(c)
    y["BBANDS_UPPERBAND"], y["BBANDS_MIDDLEBAND"], y["BBANDS_LOWERBAND"] = talib.BBANDS(c)
    return y


def text(value, digits=8):
    return "" if np.isnan(value) else f"{value:.{digits}g}"


rows = []
for symbol, stretches in symbols().items():
    for segment, stretch in enumerate(stretches):
        y = outputs(stretch)
        head = ["symbol", "segment", *stretch, *y]
        for t in range(stretch["close"].size):
            given = [text(column[t], 9) for column in stretch.values()]
            rows.append([symbol, segment, *given, *(text(column[t]) for column in y.values())])
with open(here / "talib.csv", "w", newline="") as file:
    csv.writer(file, lineterminator="\n").writerows([head, *rows])
versions = {"TA-Lib": talib.__ta_version__.decode().split()[0], "TA-Lib (Python package)": talib.__version__, "numpy": np.__version__}
(here / "talib.json").write_text(json.dumps(versions, indent=2) + "\n")

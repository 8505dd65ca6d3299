"""Writes what TA-Lib gives through its Python package for every function of the set `talib`.

    python generate.py      # needs numpy and TA-Lib; versions are written into talib.json

    talib.json              versions, and the columns: name, function, first defined bar of a stretch
    talib_bars.csv.gz       the bars that TA-Lib was given (float32 values): symbol, segment, hour, ...
    talib_values.csv.gz     every column but the candle patterns': some rows of some symbols
    talib_patterns.csv.gz   the candle patterns: rows that are not 0

A column is NAME or NAME_<OUTPUT> with TA-Lib's default parameters, NAME_<parameters>[_<OUTPUT>]
with others; parameters are all of TA-Lib's in its order (BBANDS may leave out its kind of average).
Symbols, hourly bars: `COIN` (a volatile market near 0.03, one stretch), `SHARE` (prices in cents
near 150, flat runs, bars without volume, in two stretches), `LATE` (starts 200 hours late), `FLAT`
(one price) and `CANDLES` (small whole ticks; every pattern occurs). TA-Lib sees each stretch alone.
Undefined is an empty cell: the bars before TA-Lib's lookback, and where it divides by 0 (VWMA, RVOL).
"""

import csv
import gzip
import io
import json
import pathlib

import numpy as np
import talib
from talib import abstract

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(20261120)
COLUMNS = ("open", "high", "low", "close", "volume")
GROUPS = talib.get_function_groups()
PATTERNS = GROUPS["Pattern Recognition"]
FUNCTIONS = [name for group, names in GROUPS.items() if not group.startswith("Math ") for name in names]

# --- bars ---


def bars(close, spread, volume, tick=None):
    """Open = the close before, high and low around both."""
    open_ = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(open_, close) * (1 + spread * rng.exponential(1, close.size))
    low = np.minimum(open_, close) * (1 - spread * rng.exponential(1, close.size))
    if tick:
        open_, close = np.round(open_ / tick) * tick, np.round(close / tick) * tick
        high = np.maximum(np.round(high / tick) * tick, np.maximum(open_, close))
        low = np.minimum(np.round(low / tick) * tick, np.minimum(open_, close))
    return as_float32(open_, high, low, close, volume)


def as_float32(*columns):
    return dict(zip(COLUMNS, (np.float32(x).astype(np.float64) for x in columns)))


def part(stretch, rows):
    return {name: values[rows] for name, values in stretch.items()}


def walk(start, volatility, num_bars):
    sd = volatility * np.exp(0.5 * np.cumsum(rng.normal(0, 0.1, num_bars)))
    return start * np.exp(np.cumsum(rng.normal(0, 1, num_bars) * sd))


# How bars are drawn for CANDLES, in ticks: sizes of bodies, shadows and gaps.
MARKETS = (
    ([0, 0, 1, 2, 3, 5, 8, 13, 21, 40], [0, 0, 0, 1, 2, 4, 9, 20], [0, 0, 0, 0, 1, 2, 4, 9, 20], None),
    ([0, 1, 10, 25, 26, 40], [0, 0, 0, 0, 1, 3], [0, 0, 1, 5, 30, 60], None),
    ([0, 0, 0, 1, 20, 30], [0, 1, 5, 15, 30], [0, 3, 20, 40, 50], None),
    ([2, 4, 8, 12, 16, 20], [0, 0, 1, 3], [-6, -3, -1, 0, 1, 10, 30], 11),
    ([0, 2, 4, 8, 30, 40], [0, 0, 1, 3, 20], [-12, -3, -1, 0, 1, 10, 40], 9),
)


def market(bodies, shadows, gaps, trend, num_bars):
    """Bars on a grid of 1/64 near 64, so that sums are exact and equal sizes frequent."""
    body = rng.choice(bodies, num_bars) * rng.choice([-1, 1], num_bars)
    if trend:
        wave = np.sign(np.sin(np.arange(num_bars) * 2 * np.pi / trend) + rng.normal(0, 0.3, num_bars))
        body = np.where(rng.random(num_bars) < 0.8, np.abs(body) * wave, body)
    gap = rng.choice(gaps, num_bars) * rng.choice([-1, 1], num_bars)
    above, below = rng.choice(shadows, num_bars), rng.choice(shadows, num_bars)
    open_, close, price = np.empty(num_bars), np.empty(num_bars), 0.0
    for t in range(num_bars):
        pull = -1 if price * gap[t] > 0 and abs(price) > 600 else 1
        open_[t] = price + pull * gap[t]
        pull = -1 if price * body[t] > 0 and abs(price) > 900 else 1
        close[t] = price = open_[t] + pull * body[t]
    high, low = np.maximum(open_, close) + above, np.minimum(open_, close) - below
    return as_float32(*((4096 + x) / 64 for x in (open_, high, low, close)), np.full(num_bars, 8.0))


def candles(often=5, before=26, after=3):
    """Bars among which every pattern occurs `often` times in each direction: cut out of long ones."""
    long = [market(*kind, 600_000) for kind in MARKETS]
    pieces = [part(long[0], slice(1000, 1600))]
    joined = lambda: {name: np.concatenate([piece[name] for piece in pieces]) for name in COLUMNS}
    found = {}
    for pattern in PATTERNS:
        for stretch in long:
            y = values(pattern, stretch, {})[0]
            for value in np.unique(y[np.isfinite(y) & (y != 0)]):
                found.setdefault((pattern, value), []).append(np.flatnonzero(y == value))
    # The rare ones first: their surroundings hold the frequent ones.
    for (pattern, value), places in sorted(found.items(), key=lambda item: sum(map(len, item[1]))):
        missing = often - np.sum(values(pattern, joined(), {})[0] == value)
        for stretch, rows in zip(long, places):
            for row in rows[(rows > before) & (rows < 599_000)]:
                if missing > 0:
                    pieces.append(part(stretch, slice(row - before, row + after + 1)))
                    missing -= 1
    return joined()


def symbols():
    coin = bars(walk(0.03, 2e-3, 400), 5e-4, rng.lognormal(3, 1.5, 400))
    close = walk(150.0, 1e-3, 420)
    close[60:95] = close[60]
    volume = np.round(rng.lognormal(8, 1, 420))
    volume[rng.random(420) < 0.1] = 0
    volume[330:370] = 0
    share = bars(close, 2e-4, volume, tick=0.01)
    late = bars(walk(9.5, 1e-2, 100), 1e-3, rng.lognormal(2, 1, 100))
    flat = bars(np.full(110, 42.5), 0.0, np.full(110, 7.0))
    # Symbol, hour of the first bar, stretches, every how many rows are written.
    return (
        ("CANDLES", 0, [candles()], None),
        ("COIN", 0, [coin], 1),
        ("FLAT", 0, [flat], 7),
        ("LATE", 200, [late], 2),
        ("SHARE", 0, [part(share, slice(0, 230)), part(share, slice(230, 420))], 3),
    )


# --- values ---

# Factors other than the defaults, by function or by the parameter's name.
FACTORS = {
    "nbdev": 1.5, "nbdevup": 2.5, "nbdevdn": 1.5, "fastlimit": 0.4, "slowlimit": 0.1, "acceleration": 0.03, "maximum": 0.3,
    "multiplier": 2.5, "vfactor": 0.6, "percentile": 80, "penetration": 0.15,
}
# More sets of parameters than the rule below gives.
MORE = {
    "SMA": ["10", "50"], "EMA": ["12", "26"], "RSI": ["2"], "ATR": ["14"], "NATR": ["14"], "MOM": ["10"], "ROC": ["10"],
    "MACD": ["12_26_9", "3_10_16", "5_13_1"], "BBANDS": ["20_2_2", "5_1.5_2.5"], "STDDEV": ["5_1", "20_2.5"],
    "MA": [f"10_{kind}" for kind in range(14)] + ["1_7", "33_9"], "SAREXT": ["0_0.05_0.03_0.02_0.15_0.01_0.03_0.3"],
    "APO": ["8_20_0"], "PPO": ["8_20_0"], "PVO": ["8_20_0"], "STOCH": ["9_4_1_2_12"], "KDJ": ["7_3_0_3_1"],
    "MACDEXT": ["9_1_21_3_5_2", "9_0_21_1_5_0"], "BETA": ["30"], "CORREL": ["2"], "LINEARREG": ["50"], "WMA": ["50"], "STOCHRSI": ["10_10_3_1"],
}  # fmt: skip


def info(name):
    return abstract.Function(name).info


def settings(name):
    """Sets of parameters other than the defaults: about half of them, and the least."""
    defaults, chosen = info(name)["parameters"], []
    half, least = [], []
    for place, (parameter, default) in enumerate(defaults.items()):
        if "matype" in parameter:
            half.append(2 if default == 1 else 1), least.append(default)
        elif isinstance(default, float):
            half.append(FACTORS.get(parameter, default)), least.append(default)
        else:
            half.append(default // 2 + 1 + place), least.append(next(p for p in (1, 2) if is_taken(name, place, p)) + place)
    for numbers in ([half, least] if defaults and name != "SAREXT" else []):
        chosen.append("_".join(f"{number:g}" for number in numbers))
    # A range of one bar that is not divided by the close: emberline refuses it.
    chosen = [text for text in chosen if (name, text) != ("NATR", "1")]
    return list(dict.fromkeys(chosen + MORE.get(name, [])))


def is_taken(name, place, period):
    parameters = dict(info(name)["parameters"])
    parameters[list(parameters)[place]] = period
    try:
        values(name, as_float32(*np.ones((5, 300))), parameters)
    except Exception:
        return False
    return True


def values(name, stretch, parameters):
    """All outputs of a function for one stretch, undefined before its lookback."""
    function = abstract.Function(name)
    inputs = dict(stretch)
    start = 0
    if name == "MAVP":
        # Its second input is no column of the bars: the dominant cycle's period, which begins late.
        inputs["periods"] = talib.HT_DCPERIOD(stretch["close"])
        start = abstract.Function("HT_DCPERIOD").lookback
    outputs = function(inputs, **parameters)
    outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
    outputs = [np.where(np.isfinite(y), y, np.nan).astype(np.float64) for y in outputs]
    function = abstract.Function(name)
    function.set_parameters(**parameters) if parameters else None
    for y in outputs:
        y[: start + function.lookback] = np.nan
    return outputs


def columns():
    """Name, function, parameters, outputs' number and name of each column."""
    for name in FUNCTIONS:
        defaults, outputs = info(name)["parameters"], info(name)["output_names"]
        for text in ["", *settings(name)]:
            numbers = text.split("_") if text else []
            parameters = {key: type(default)(number) for (key, default), number in zip(defaults.items(), numbers)}
            for index, output in enumerate(outputs):
                parts = [name, text, output.upper()]
                # The main line of a written-out MACD goes by the function's own name.
                if len(outputs) == 1 or (text and output.upper() == name):
                    parts.pop()
                yield "_".join(filter(None, parts)), name, parameters, index


def number(value, digits=17):
    return "" if np.isnan(value) else f"{value:.{digits}g}"


def write(name, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    # No time in the header: the same values give the same file.
    (here / name).write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))


def main():
    everything = list(columns())
    names = [name for name, function, *_ in everything if function not in PATTERNS]
    bar_rows = [["symbol", "segment", "hour", *COLUMNS]]
    value_rows, pattern_rows = [["symbol", "row", *names]], [["column", "symbol", "rows and values"]]
    fired = {}
    for symbol, hour, stretches, step in symbols():
        first = 0
        for segment, stretch in enumerate(stretches):
            num_bars, computed = stretch["close"].size, {}
            for t in range(num_bars):
                bar_rows.append([symbol, segment, hour + t, *(number(stretch[name][t], 9) for name in COLUMNS)])
            for name, function, parameters, index in everything:
                if step or function in PATTERNS:
                    computed[name] = values(function, stretch, parameters)[index]
            for row in range(0, num_bars, step) if step else ():
                value_rows.append([symbol, first + row, *(number(computed[name][row]) for name in names)])
            for name, function, *_ in everything:
                if function in PATTERNS:
                    places = np.flatnonzero(np.nan_to_num(computed[name]))
                    for value in computed[name][places]:
                        fired.setdefault(function, set()).add(value)
                    cells = (f"{first + place}:{computed[name][place]:g}" for place in places)
                    pattern_rows.append([name, symbol, " ".join(cells)])
            first += num_bars
            # Seven bars are missing between two stretches.
            hour += num_bars + 7
    silent = set(PATTERNS) - set(fired)
    assert not silent, f"patterns that never occur: {silent}"
    write("talib_bars.csv.gz", bar_rows)
    write("talib_values.csv.gz", value_rows)
    write("talib_patterns.csv.gz", pattern_rows)
    described = []
    for name, function, parameters, _ in everything:
        at = abstract.Function(function)
        at.set_parameters(**parameters) if parameters else None
        lookback = at.lookback + (abstract.Function("HT_DCPERIOD").lookback if function == "MAVP" else 0)
        described.append({"name": name, "function": function, "lookback": lookback})
    document = {
        "TA-Lib": talib.__ta_version__.decode().split()[0],
        "TA-Lib (Python package)": talib.__version__,
        "numpy": np.__version__,
        "columns": described,
    }
    (here / "talib.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()

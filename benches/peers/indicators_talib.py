"""TA-Lib through its Python package, symbol by symbol, on bars from `emberline bench indicators`.

Reads one JSON request a line from standard input and answers each with one line:
{"bars": PATH, "shape": [SYMBOLS, NUM_BARS]} loads float64 bars (for each symbol open, high, low,
close, volume); {"functions": [NAME, ..]} computes all outputs of those with TA-Lib's defaults for all
symbols, once, and answers {"seconds": .., "columns": ..}.
"""

import json
import sys
import time

import numpy as np
import talib
from talib import abstract

COLUMNS = ("open", "high", "low", "close", "volume")


def caller(name):
    """The function of one symbol's columns, by position."""
    function = getattr(talib, name)
    if name == "MAVP":
        return lambda bars: function(bars[3], talib.HT_DCPERIOD(bars[3]))
    inputs = []
    for value in abstract.Function(name).info["input_names"].values():
        inputs += [value] if isinstance(value, str) else value
    places = [COLUMNS.index(column) for column in inputs]
    return lambda bars: function(*(bars[place] for place in places))


panel, callers = [], {}


def answer(request):
    global panel
    if "bars" in request:
        bars = np.fromfile(request["bars"]).reshape(request["shape"][0], 5, request["shape"][1])
        panel = [list(symbol) for symbol in bars]
        return {"talib": talib.__ta_version__.decode().split()[0]}
    functions = [callers.setdefault(name, caller(name)) for name in request["functions"]]
    columns = 0
    start = time.perf_counter()
    for symbol in panel:
        for function in functions:
            outputs = function(symbol)
            columns += len(outputs) if isinstance(outputs, tuple) else 1
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "columns": columns // len(panel)}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)

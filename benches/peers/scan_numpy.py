"""Adaptive Trend Classification in numpy, as a user would write it: vectorised over symbols and
lengths, a Python loop over bars where a bar needs the one before.

    scan_numpy.py FILE SYMBOLS BARS REPEATS

FILE holds float64 prices, symbols outer. Prints the median seconds and the last bar's averages.
"""

import json
import statistics
import sys
import time

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

LENGTHS = [28, 29, 30, 32, 34, 27, 26, 24, 22]
LAMBDA, DECAY, LONG, SHORT = 0.02 / 1000, 0.03 / 100, 0.1, -0.1


def rolling(x, weights):
    """Dot products of every full window; weights from the newest value on."""
    y = np.full_like(x, np.nan)
    y[:, len(weights) - 1 :] = sliding_window_view(x, len(weights), axis=1) @ weights[::-1]
    return y


def wma(x, length):
    weights = np.arange(length, 0, -1.0)
    return rolling(x, weights / weights.sum())


def sma(x, length):
    return rolling(x, np.full(length, 1.0 / length))


def ema(x, length, first=None):
    """Along bars, from the mean of the first values on (or from bar `first` itself)."""
    rate = 2.0 / (length + 1)
    y = np.full_like(x, np.nan)
    start = length - 1 if first is None else first
    y[:, start] = x[:, :length].mean(axis=1) if first is None else x[:, first]
    for t in range(start + 1, x.shape[1]):
        y[:, t] = rate * x[:, t] + (1 - rate) * y[:, t - 1]
    return y


def dema(x, length):
    once = ema(x, length)
    return 2 * once - ema(once, length, length - 1)


def lsma(x, length):
    return 3 * wma(x, length) - 2 * sma(x, length)


def hma(x, length):
    return wma(2 * wma(x, length // 2) - wma(x, length), int(np.sqrt(length)))


def kama(x, length):
    way = rolling(np.abs(np.diff(x, axis=1, prepend=x[:, :1])), np.ones(length))
    net = np.abs(x[:, length:] - x[:, :-length])
    efficiency = np.divide(net, way[:, length:], out=np.zeros_like(net), where=way[:, length:] > 0)
    rate = (efficiency * (0.666 - 0.064) + 0.064) ** 2
    y = np.repeat(x[:, :1], x.shape[1], axis=1)
    for t in range(length, x.shape[1]):
        y[:, t] = y[:, t - 1] + rate[:, t - length] * (x[:, t] - y[:, t - 1])
    return y


def sides(x, average):
    up = (x[:, 1:] > average[:, 1:]) & (x[:, :-1] <= average[:, :-1])
    down = (x[:, 1:] < average[:, 1:]) & (x[:, :-1] >= average[:, :-1])
    event = np.zeros_like(x)
    event[:, 1:] = up.astype(float) - down
    last = np.maximum.accumulate(np.where(event != 0, np.arange(x.shape[1]), 0), axis=1)
    return np.take_along_axis(event, last, axis=1)


def equity(start, signal, grown):
    """Along the last axis."""
    earned = np.sign(signal[..., :-1]) * grown[..., 1:]
    y = np.empty_like(signal)
    y[..., 0] = start
    for t in range(1, signal.shape[-1]):
        y[..., t] = np.maximum(0.25, y[..., t - 1] * (1 - DECAY) * (1 + earned[..., t - 1]))
    return y


def classify(x):
    bars = np.arange(x.shape[1])
    grown = np.zeros_like(x)
    grown[:, 1:] = np.diff(x, axis=1) / x[:, :-1] * np.exp(LAMBDA * bars[1:])
    votes, total = 0.0, 0.0
    for family in (ema, hma, wma, dema, lsma, kama):
        with np.errstate(invalid="ignore"):
            side = np.stack([sides(x, family(x, length)) for length in LENGTHS], axis=1)
        first = equity(1.0, side, grown[:, None, :])
        signal = np.round((side * first).sum(axis=1) / first.sum(axis=1), 2)
        second = equity(1.0, signal, grown)
        votes = votes + ((signal > LONG).astype(float) - (signal < SHORT)) * second
        total = total + second
    return votes / total


def main():
    path, symbols, bars, repeats = sys.argv[1], *map(int, sys.argv[2:5])
    x = np.fromfile(path).reshape(symbols, bars)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        average = classify(x)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({
        "seconds": statistics.median(seconds),
        "averages": average[:, -1].tolist(),
        "numpy": np.__version__,
    }))


main()

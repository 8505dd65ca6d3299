"""The same job with TA-Lib and PyTorch: bars in, one epoch of an LSTM trained.

`emberline bench e2e --peer PYTHON` starts this in the same run. It reads a folder of Feather files
(one symbol each), computes the columns of the set `base` with TA-Lib and numpy, scales the label by
a trailing EWMA volatility, fits a median/MAD scaler on the training rows, trains one epoch and runs
the validation windows once. Windows are views into one tensor per symbol, gathered by index, which
is the fastest way that we know in plain PyTorch. Needs numpy, pandas, pyarrow, TA-Lib and torch.

Prints one JSON line: seconds per stage, windows, windows/s.
"""

import argparse
import json
import pathlib
import sys
import time

started = time.perf_counter()

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import talib  # noqa: E402
import torch  # noqa: E402

imported = time.perf_counter()

PERIODS = (1, 3, 6, 12, 48, 96)
WARM_UP = 1008  # 3.5 * 288, the longest memory of the set


def read(folder):
    """Every symbol's bars, short gaps filled as `--gaps fill` does."""
    frames = {}
    for path in sorted(pathlib.Path(folder).glob("*.feather")):
        frame = pd.read_feather(path).set_index("date").sort_index()
        step = frame.index.to_series().diff().mode()[0]
        whole = pd.date_range(frame.index[0], frame.index[-1], freq=step)
        filled = frame.reindex(whole)
        missing = filled["close"].isna()
        close = filled["close"].ffill()
        for column in ("open", "high", "low", "close"):
            filled[column] = filled[column].where(~missing, close)
        filled["volume"] = filled["volume"].fillna(0.0)
        filled["missing"] = missing.astype(float)
        frames[path.stem] = filled
    if not frames:
        sys.exit(f"no .feather files in {folder}")
    return frames


def features(frame):
    """The set `base` of one symbol: [T, F], float32."""
    o, h, l, c, v = (frame[k].to_numpy(float) for k in ("open", "high", "low", "close", "volume"))
    columns = [np.log(c / np.roll(c, k)) for k in PERIODS]
    columns += [(h - l) / c, (c - o) / c, talib.ATR(h, l, c, 14) / c]
    one = np.diff(np.log(c), prepend=np.nan)
    one[0] = 0.0
    columns += [talib.STDDEV(one, k) for k in (12, 48, 288)]
    columns += [c / talib.EMA(c, k) - 1 for k in (12, 48, 288)]
    columns += [talib.RSI(c, 14), np.log((1 + v) / (1 + talib.SMA(v, 20)))]
    day = frame.index.floor("D")
    typical = (h + l + c) / 3
    value = pd.Series(typical * v, frame.index).groupby(day).cumsum().to_numpy()
    amount = pd.Series(v, frame.index).groupby(day).cumsum().to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        columns.append(np.where(amount > 0, c / (value / amount) - 1, 0.0))
    clock = (frame.index - day) / pd.Timedelta(days=1) * 2 * np.pi
    week = frame.index.weekday.to_numpy() / 7 * 2 * np.pi
    columns += [np.sin(clock), np.cos(clock), np.sin(week), np.cos(week), frame["missing"].to_numpy()]
    return np.stack(columns, axis=1).astype(np.float32)


def labels(frame, horizon):
    """Scaled log return from the next close, [T]."""
    c = np.log(frame["close"].to_numpy(float))
    one = np.diff(c, prepend=c[0])
    sigma = np.sqrt(pd.Series(one**2).ewm(halflife=60).mean().to_numpy())
    label = np.full(len(c), np.nan)
    last = len(c) - 1 - horizon
    label[:last] = (c[1 + horizon :] - c[1 : 1 + last])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.clip(label / (sigma * np.sqrt(horizon)), -5, 5).astype(np.float32)


class Forecaster(torch.nn.Module):
    def __init__(self, inputs, hidden, layers):
        super().__init__()
        self.lstm = torch.nn.LSTM(inputs, hidden, layers, batch_first=True)
        self.dropout = torch.nn.Dropout(0.1)
        self.head = torch.nn.Sequential(torch.nn.Linear(hidden, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1))

    def forward(self, x):
        return self.head(self.dropout(self.lstm(x)[0][:, -1]))[:, 0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--window", type=int, default=60)
    parser.add_argument("--horizon", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)

    clock = time.perf_counter()
    frames = read(args.data)
    loaded = time.perf_counter()
    inputs = {name: features(frame) for name, frame in frames.items()}
    targets = {name: labels(frame, args.horizon) for name, frame in frames.items()}
    computed = time.perf_counter()

    # The last bar of every legal window, and the two cut times by shares of them.
    places = []
    for index, (name, frame) in enumerate(frames.items()):
        last = np.arange(WARM_UP + args.window - 1, len(frame))
        real = (frame["missing"].to_numpy()[last] == 0) & np.isfinite(targets[name][last])
        last = last[real]
        places.append(np.stack([np.full(len(last), index), last, frame.index[last].asi8], axis=1))
    places = np.concatenate(places)
    order = np.sort(places[:, 2])
    cut, end = order[int(0.70 * len(order))], order[int(0.85 * len(order))]
    train = places[places[:, 2] < cut]
    validation = places[(places[:, 2] >= cut) & (places[:, 2] < end)]
    pooled = np.concatenate([x[WARM_UP:][f.index[WARM_UP:].asi8 < cut] for x, f in zip(inputs.values(), frames.values())])
    centre = np.median(pooled, axis=0)
    scale = np.median(np.abs(pooled - centre), axis=0) * 1.4826
    scale[scale == 0] = 1.0
    rows, starts = [], [0]
    for x in inputs.values():
        rows.append(np.nan_to_num(np.clip((x - centre) / scale, -5, 5)))
        starts.append(starts[-1] + len(x))
    rows = torch.from_numpy(np.concatenate(rows).astype(np.float32))
    label = torch.from_numpy(np.concatenate(list(targets.values())))
    starts = torch.tensor(starts)
    offsets = torch.arange(-args.window + 1, 1)

    def bars(part):
        part = torch.from_numpy(part[:, :2].copy())
        return starts[part[:, 0]] + part[:, 1]

    train, validation = bars(train), bars(validation)
    model = Forecaster(rows.shape[1], args.hidden, args.layers)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-3)
    loss = torch.nn.HuberLoss()
    prepared = time.perf_counter()

    model.train()
    trained = 0
    permutation = train[torch.randperm(len(train))]
    for batch in permutation.split(args.batch_size):
        if len(batch) < args.batch_size and trained:
            break  # the last partial batch of training is dropped
        optimiser.zero_grad(set_to_none=True)
        value = loss(model(rows[batch[:, None] + offsets]), label[batch])
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        trained += len(batch)
    stepped = time.perf_counter()

    model.eval()
    total = 0.0
    with torch.inference_mode():
        for batch in validation.split(args.batch_size):
            total += float(loss(model(rows[batch[:, None] + offsets]), label[batch])) * len(batch)
    finished = time.perf_counter()

    print(
        json.dumps(
            {
                "program": f"TA-Lib {talib.__version__} + PyTorch {torch.__version__}",
                "symbols": len(frames),
                "bars": int(sum(len(f) for f in frames.values())),
                "features": int(rows.shape[1]),
                "windows": trained,
                "imports_s": imported - started,
                "load_s": loaded - clock,
                "features_s": computed - loaded,
                "prepare_s": prepared - computed,
                "train_s": stepped - prepared,
                "validate_s": finished - stepped,
                "total_s": finished - started,
                "windows_per_s": trained / (stepped - prepared),
                "validation_loss": total / max(len(validation), 1),
            }
        )
    )


if __name__ == "__main__":
    main()

"""Forecasts of an exported model, made by PyTorch and read into pandas.

    emberline export   --checkpoint RUN --out exported
    emberline features --data BARS --features exported/features.toml --transformed \\
                       --gaps fill --out inputs.parquet
    python forecast.py exported inputs.parquet BARS --out forecasts.csv

`--gaps` as `bars.gaps` in exported/model.json. With `--compare scores.parquet`, a table that
`emberline score` wrote, it prints the largest difference and fails above 1e-5.
"""

import argparse
import pathlib
import sys

import numpy as np
import pandas as pd
import torch

from load_model import Model

READERS = {".csv": pd.read_csv, ".parquet": pd.read_parquet, ".feather": pd.read_feather}
TIMES = ("timestamp", "time", "date", "datetime", "open_time")


def read_table(path):
    """A table with `timestamp` (UTC) and lower-case columns."""
    path = pathlib.Path(path)
    frame = READERS[path.suffix](path)
    time = next(name for name in frame.columns if name.lower() in TIMES)
    stamps = frame[time]
    if pd.api.types.is_numeric_dtype(stamps):
        unit = "s" if stamps.iloc[0] < 1e11 else "ms" if stamps.iloc[0] < 1e14 else "ns"
        stamps = pd.to_datetime(stamps, unit=unit, utc=True)
    else:
        stamps = pd.to_datetime(stamps, utc=True)
    frame["timestamp"] = stamps.astype("datetime64[ns, UTC]")
    return frame


def read_closes(path):
    """The close of every bar of a table with a symbol column, or of a folder with a file per symbol."""
    path = pathlib.Path(path)
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    frames = []
    for file in files:
        if file.suffix not in READERS:
            continue
        frame = read_table(file)
        frame.columns = [name.lower() for name in frame.columns]
        if "symbol" not in frame:
            frame["symbol"] = file.stem
        frames.append(frame[["symbol", "timestamp", "close"]])
    return pd.concat(frames).set_index(["symbol", "timestamp"])["close"]


def forecasts_of_symbol(model, symbol, rows, closes, batch_size=256):
    """One row per bar with a full window: rows are the model inputs of one symbol, in order of time."""
    length = model.description["window_bars"]
    inputs = rows[model.names].to_numpy(np.float32)
    # A bar that was filled in has the close before it.
    close = closes.reindex(rows["timestamp"]).ffill().to_numpy(np.float32)
    defined = np.isfinite(inputs).all(axis=1)
    # Inputs begin anew after a gap: a stretch ends where they stop being defined.
    starts = np.flatnonzero(np.append(False, defined[:-1] & ~defined[1:]))
    if model.description["bars"]["calendar"] == "24x7":
        step = pd.Timedelta(seconds=model.description["bars"]["interval_s"])
        starts = np.union1d(starts, np.flatnonzero(rows["timestamp"].diff() > step))
    edges = [0, *starts.tolist(), len(rows)]
    sigma = np.concatenate([model.volatility(close[a:b]) for a, b in zip(edges, edges[1:])])
    stretch = np.searchsorted(starts, np.arange(len(rows)), side="right")
    last = np.array(
        [
            t
            for t in range(length - 1, len(rows))
            if stretch[t] == stretch[t - length + 1] and defined[t - length + 1 : t + 1].all()
        ],
        dtype=int,
    )
    if len(last) == 0:
        return None
    scaled = torch.from_numpy(model.scale(inputs, symbol))
    windows = torch.arange(-length + 1, 1)
    with torch.inference_mode():
        batches = torch.from_numpy(last).split(batch_size)
        values = torch.cat([model.distribution(scaled[batch[:, None] + windows]) for batch in batches])
    table = pd.DataFrame({"timestamp": rows["timestamp"].to_numpy()[last], "symbol": symbol})
    table["timestamp"] = pd.to_datetime(table["timestamp"], utc=True)
    point = model.unscale(model.point(values).numpy(), sigma[last])
    for column, horizon in enumerate(model.description["target"]["horizons_bars"]):
        table[f"forecast_{horizon}"] = point[:, column]
        for place, name in enumerate(model.columns(horizon)):
            numbers = values[..., place].numpy()
            if not name.startswith("p_"):
                numbers = model.unscale(numbers, sigma[last])
            table[name] = numbers[:, column]
    return table


def forecasts(model, inputs, closes):
    """All symbols, as a pandas table like the one that `emberline score` writes."""
    tables = []
    for symbol, rows in inputs.groupby("symbol", sort=True):
        rows = rows.sort_values("timestamp").reset_index(drop=True)
        table = forecasts_of_symbol(model, symbol, rows, closes.loc[symbol])
        if table is not None:
            tables.append(table)
    return pd.concat(tables, ignore_index=True)


def compare(table, scores):
    """The largest difference over the rows of `scores`; every row and column must be there."""
    both = scores.merge(table, on=["symbol", "timestamp"], how="left", suffixes=("", "_torch"))
    worst = 0.0
    for name in [name for name in table.columns if name not in ("symbol", "timestamp")]:
        difference = (both[name] - both[f"{name}_torch"]).abs()
        if difference.isna().any():
            sys.exit(f"{int(difference.isna().sum())} rows of the scores have no forecast here")
        worst = max(worst, float(difference.max()))
    print(f"{len(both)} forecasts, largest difference {worst:.3g}")
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exported", help="folder that `emberline export` wrote")
    parser.add_argument("inputs", help="table that `emberline features --transformed` wrote")
    parser.add_argument("bars", help="the bars themselves")
    parser.add_argument("--out", help="CSV of the forecasts")
    parser.add_argument("--compare", help="table that `emberline score` wrote")
    args = parser.parse_args()
    model = Model.load(args.exported)
    table = forecasts(model, read_table(args.inputs), read_closes(args.bars))
    if args.out:
        table.to_csv(args.out, index=False)
    if args.compare:
        worst = compare(table, read_table(args.compare))
        sys.exit(0 if worst <= 1e-5 else "the forecasts differ by more than 1e-5")
    print(table.tail())


if __name__ == "__main__":
    main()

"""Makes the golden forecasts beside this file: PyTorch's, of a model that emberline trained.

    cargo build --release
    python tests/golden/torch_forecast/generate.py target/release/emberline

Simulates bars, trains a small model, exports it, and lets examples/python/forecast.py (torch.nn.LSTM
on the exported weights, from the model inputs) make every forecast. Written: bars.csv, run/ (one
checkpoint), forecasts.csv, versions.json. `tests/cli/golden.rs` lets `emberline score` make the same
forecasts from bars.csv and run/. Run it again when the catalogue's version changes.
"""

import json
import pathlib
import platform
import shutil
import subprocess
import sys

import numpy
import pandas
import torch

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parents[2] / "examples" / "python"
sys.path.insert(0, str(EXAMPLES))

from forecast import compare, forecasts, read_closes, read_table  # noqa: E402
from load_model import Model  # noqa: E402

SETTINGS = {
    "features.set": "RSI_14,SMA_10,ATR_14,BB_20.width",
    "windows.length": "16",
    "target.horizons": "1,3",
    "target.volatility_span": "10",
    "model.hidden": "12",
    "model.layers": "2",
    "model.head": "linear6",
    "training.epochs": "3",
    "training.batch_size": "32",
    "training.learning_rate": "0.01",
}


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    work = HERE / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()

    def emberline(*arguments):
        subprocess.run([program, "--device", "cpu", "--quiet", *arguments], cwd=work, check=True)

    emberline("data", "simulate", "--symbols", "ONE,TWO", "--bars", "330", "--missing", "0.01",
              "--seed", "3", "--out", "bars.csv")
    settings = [part for key, value in SETTINGS.items() for part in ("--set", f"{key}={value}")]
    emberline("train", "--data", "bars.csv", "--run-dir", "run", *settings)
    emberline("export", "--checkpoint", "run", "--out", "exported")
    emberline("features", "--data", "bars.csv", "--gaps", "fill", "--features", "exported/features.toml",
              "--transformed", "--out", "inputs.parquet")
    emberline("score", "--checkpoint", "run", "--data", "bars.csv", "--out", "scores.parquet")
    torch.set_num_threads(1)
    model = Model.load(work / "exported")
    table = forecasts(model, read_table(work / "inputs.parquet"), read_closes(work / "bars.csv"))
    scores = read_table(work / "scores.parquet")
    worst = compare(table, scores)
    if worst > 1e-5:
        sys.exit("PyTorch and `emberline score` do not agree")

    # A bar that was filled in has a full window too, but is no bar to forecast from.
    table = scores[["symbol", "timestamp"]].merge(table, on=["symbol", "timestamp"])
    table["timestamp"] = table["timestamp"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    shutil.copy(work / "bars.csv", HERE / "bars.csv")
    table.to_csv(HERE / "forecasts.csv", index=False, float_format="%.9e")
    shutil.rmtree(HERE / "run", ignore_errors=True)
    shutil.copytree((work / "run" / "best").resolve(), HERE / "run" / "best")
    (HERE / "versions.json").write_text(
        json.dumps(
            {
                "emberline": subprocess.check_output([program, "--version"], text=True).split()[1],
                "torch": torch.__version__,
                "numpy": numpy.__version__,
                "pandas": pandas.__version__,
                "python": platform.python_version(),
                "largest_difference": worst,
            },
            indent=2,
        )
        + "\n"
    )
    shutil.rmtree(work)


if __name__ == "__main__":
    main()

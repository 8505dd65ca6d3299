"""An exported emberline model in PyTorch, with nothing of emberline's.

    emberline export --checkpoint RUN --out exported
    model = Model.load("exported")

`Model` is a plain `torch.nn.Module`: `torch.nn.LSTM`, then Linear, ReLU, Linear. It takes scaled
windows [B, L, F] and gives one number per horizon, in the label's units; `Model.scale` turns model
inputs (`emberline features --transformed`) into what it takes, `Model.unscale` turns its numbers
into log returns.
"""

import json
import pathlib
import struct

import numpy as np
import torch


def read_safetensors(path):
    """The float32 tensors of a safetensors file: an 8-byte length, a JSON header, the bytes."""
    raw = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] != "F32":
            raise ValueError(f"{name} is {entry['dtype']}, not F32")
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        values = np.frombuffer(raw[start:end], dtype="<f4").reshape(entry["shape"])
        tensors[name] = torch.from_numpy(values.copy())
    return tensors


class Model(torch.nn.Module):
    def __init__(self, description, inputs, width):
        super().__init__()
        self.description = description
        shape = description["model"]["lstm"]
        horizons = len(description["target"]["horizons_bars"])
        self.lstm = torch.nn.LSTM(inputs, shape["hidden"], shape["layers"], batch_first=True)
        self.head = torch.nn.Sequential(
            torch.nn.Linear(shape["hidden"], width),
            torch.nn.ReLU(),
            torch.nn.Linear(width, horizons),
        )

    @classmethod
    def load(cls, folder):
        folder = pathlib.Path(folder)
        description = json.loads((folder / "model.json").read_text())
        if description["format_version"] != 1:
            raise ValueError(f"model.json has format {description['format_version']}, this reads 1")
        weights = read_safetensors(folder / "model.safetensors")
        model = cls(description, len(description["features"]), weights["head.0.weight"].shape[0])
        model.load_state_dict(weights, strict=True)
        return model.eval()

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])

    @property
    def names(self):
        return [feature["name"] for feature in self.description["features"]]

    def scale(self, inputs, symbol=""):
        """Model inputs [T, F] of one symbol, centred, scaled and clipped; NaN stays NaN."""
        scaler = self.description["scaler"]
        scope = scaler["config"]["scope"]
        if scope == "cross_section":
            raise NotImplementedError("scope cross_section: scale each bar over its symbols")
        statistics = scaler["statistics"][symbol if scope == "symbol" else ""]
        centre = np.array(statistics["centre"], np.float32)
        width = np.array(statistics["width"], np.float32)
        return np.clip((inputs - centre) / width, -scaler["clip"], scaler["clip"])

    def unscale(self, forecasts, volatility):
        """Forecasts [S, Hn] in the label's units to log returns; `volatility` [S] as `volatility()`."""
        scaling = self.description["label_scaling"]
        if scaling["normalise"] not in ("volatility", "cs_demean"):
            return forecasts
        horizons = np.array(self.description["target"]["horizons_bars"], float)
        return forecasts * (volatility[:, None] * np.sqrt(horizons)).astype(np.float32)

    def volatility(self, close):
        """The trailing volatility of one stretch of closes without gaps, [T]; NaN at its first bar."""
        scaling = self.description["label_scaling"]
        decay = 1 - 2 / (scaling["volatility_span_bars"] + 1)
        squares = np.diff(np.log(np.asarray(close, float))) ** 2
        sigma = np.full(len(close), np.nan)
        weighted = weight = 0.0
        for t, square in enumerate(squares, start=1):
            weighted = decay * weighted + square
            weight = decay * weight + 1
            sigma[t] = max(np.sqrt(weighted / weight), scaling["volatility_floor"])
        return sigma

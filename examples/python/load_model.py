"""An exported emberline model in PyTorch, with nothing of emberline's.

    emberline export --checkpoint RUN --out exported
    model = Model.load("exported")

`Model` is a plain `torch.nn.Module`: `torch.nn.LSTM`, `torch.nn.MultiheadAttention` over its outputs
(where the model has heads), then Linear, ReLU, Linear. It takes scaled windows [B, L, F] and gives one
number per horizon, in the label's units; `Model.distribution` gives the quantiles or the probabilities
of a model that was trained for them. `Model.scale` turns model inputs (`emberline features
--transformed`) into what it takes, `Model.unscale` turns its numbers into log returns.
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
        self.outputs = description["model"].get("outputs", {"kind": "point"})
        self.count = {"point": 1, "quantiles": len(self.outputs.get("levels", [])), "classes": 3}[
            self.outputs["kind"]
        ]
        heads = description["model"].get("attention_heads", 0)
        self.attention = (
            torch.nn.MultiheadAttention(shape["hidden"], heads, batch_first=True) if heads else None
        )
        self.lstm = torch.nn.LSTM(inputs, shape["hidden"], shape["layers"], batch_first=True)
        self.head = torch.nn.Sequential(
            torch.nn.Linear(shape["hidden"], width),
            torch.nn.ReLU(),
            torch.nn.Linear(width, horizons * self.count),
        )

    @classmethod
    def load(cls, folder):
        folder = pathlib.Path(folder)
        description = json.loads((folder / "model.json").read_text())
        if description["format_version"] not in (1, 2):
            raise ValueError(f"model.json has format {description['format_version']}, this reads 1 and 2")
        weights = read_safetensors(folder / "model.safetensors")
        model = cls(description, len(description["features"]), weights["head.0.weight"].shape[0])
        model.load_state_dict(weights, strict=True)
        return model.eval()

    def raw(self, x):
        """What the last Linear gives, [B, Hn, K]."""
        states = self.lstm(x)[0]
        last = states[:, -1:]
        if self.attention is not None:
            last = last + self.attention(last, states, states, need_weights=False)[0]
        return self.head(last[:, 0]).unflatten(1, (-1, self.count))

    def distribution(self, x):
        """Rising quantiles in the label's units, or probabilities of down, flat and up, [B, Hn, K]."""
        raw = self.raw(x)
        if self.outputs["kind"] == "classes":
            return raw.softmax(-1)
        if self.outputs["kind"] == "quantiles":
            median = self.outputs["levels"].index(0.5)
            steps = torch.nn.functional.softplus(raw)
            below = -steps[..., :median].flip(-1).cumsum(-1).flip(-1)
            above = steps[..., median + 1 :].cumsum(-1)
            middle = raw[..., median : median + 1]
            return torch.cat([middle + below, middle, middle + above], -1)
        return raw

    def forward(self, x):
        """One forecast per horizon in the label's units, [B, Hn]."""
        return self.point(self.distribution(x))

    def point(self, distribution):
        if self.outputs["kind"] == "classes":
            return distribution[..., 2] - distribution[..., 0]
        if self.outputs["kind"] == "quantiles":
            return distribution[..., self.outputs["levels"].index(0.5)]
        return distribution[..., 0]

    def columns(self, horizon):
        """Names of the distribution's K numbers, as `emberline score` writes them."""
        if self.outputs["kind"] == "classes":
            return [f"p_{name}_{horizon}" for name in self.outputs["classes"]]
        if self.outputs["kind"] == "quantiles":
            return [f"q{round(level * 100, 10):g}_{horizon}" for level in self.outputs["levels"]]
        return []

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

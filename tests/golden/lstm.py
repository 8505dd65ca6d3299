"""Writes lstm.json: torch.nn.LSTM and a whole forecaster, forward and backward, in float64.

    python tests/golden/lstm.py

The file was written with the versions that it states. Sizes are odd and unequal on purpose.
"""

import json
import pathlib
import platform

import torch

torch.manual_seed(20)
torch.set_default_dtype(torch.float64)
BATCH, LENGTH, FEATURES, HIDDEN, LAYERS, HORIZONS, WIDTH = 3, 5, 4, 7, 2, 2, 6


def flat(tensor):
    """Values that float32 holds exactly where they are inputs; the test reads float64 outputs."""
    return tensor.detach().reshape(-1).tolist()


def exact(tensor):
    with torch.no_grad():
        tensor.copy_(tensor.float().double())
    return tensor


lstm = torch.nn.LSTM(FEATURES, HIDDEN, LAYERS, batch_first=True)
head = torch.nn.Sequential(
    torch.nn.Linear(HIDDEN, WIDTH), torch.nn.ReLU(), torch.nn.Linear(WIDTH, HORIZONS)
)
for parameter in [*lstm.parameters(), *head.parameters()]:
    exact(parameter)
x = exact(torch.randn(BATCH, LENGTH, FEATURES)).requires_grad_()
h0 = exact(torch.randn(LAYERS, BATCH, HIDDEN) / 2).requires_grad_()
c0 = exact(torch.randn(LAYERS, BATCH, HIDDEN) / 2).requires_grad_()
weight_out = exact(torch.randn(BATCH, LENGTH, HIDDEN))
weight_c = exact(torch.randn(LAYERS, BATCH, HIDDEN))
label = exact(torch.randn(BATCH, HORIZONS) * 2)

out, (h_n, c_n) = lstm(x, (h0, c0))
((out * weight_out).sum() + (c_n * weight_c).sum()).backward()
layer = {
    "out": flat(out),
    "c_n": flat(c_n),
    "gradients": {name: flat(p.grad) for name, p in lstm.named_parameters()}
    | {"x": flat(x.grad), "h0": flat(h0.grad), "c0": flat(c0.grad)},
}

lstm.zero_grad()
forecast = head(lstm(x)[0][:, -1])
huber = torch.nn.functional.huber_loss(forecast, label)
huber.backward()
model = {
    "forecast": flat(forecast),
    "huber": huber.item(),
    "mse": torch.nn.functional.mse_loss(forecast, label).item(),
    "gradients": {f"lstm.{name}": flat(p.grad) for name, p in lstm.named_parameters()}
    | {f"head.{name}": flat(p.grad) for name, p in head.named_parameters()},
}

golden = {
    "source": "torch.nn.LSTM, torch.nn.Linear, float64",
    "versions": {"torch": torch.__version__, "python": platform.python_version()},
    "sizes": [BATCH, LENGTH, FEATURES, HIDDEN, LAYERS, HORIZONS, WIDTH],
    "weights": {
        name: {"shape": list(p.shape), "values": flat(p)}
        for module, prefix in ((lstm, "lstm."), (head, "head."))
        for name, p in ((prefix + name, p) for name, p in module.named_parameters())
    },
    "x": flat(x),
    "h0": flat(h0),
    "c0": flat(c0),
    "weight_out": flat(weight_out),
    "weight_c": flat(weight_c),
    "label": flat(label),
    "layer": layer,
    "model": model,
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, indent=None, separators=(",", ":")) + "\n")

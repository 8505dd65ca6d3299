"""Writes heads.json: attention, quantiles and classes by PyTorch, forward and backward, in float64.

    python tests/golden/heads.py

torch.nn.LSTM, torch.nn.MultiheadAttention over all its outputs (the last row is read), torch.nn.Linear;
the losses are torch.nn.functional's cross_entropy per horizon and the pinball loss written as a maximum.
The file was written with the versions that it states. Sizes are odd and unequal where they may be.
"""

import json
import pathlib
import platform

import torch

torch.manual_seed(22)
torch.set_default_dtype(torch.float64)
BATCH, LENGTH, FEATURES, HIDDEN, HORIZONS, WIDTH, HEADS = 7, 5, 3, 6, 2, 4, 3
LEVELS = [0.05, 0.25, 0.5, 0.9]
BAND = 0.25
CLASS_WEIGHTS = [[0.5, 2.0, 1.25], [3.0, 0.75, 1.0]]


def flat(tensor):
    return tensor.detach().reshape(-1).tolist()


def exact(tensor):
    """Inputs that float32 holds exactly."""
    with torch.no_grad():
        tensor.copy_(tensor.float().double())
    return tensor


def rising(raw):
    median = LEVELS.index(0.5)
    steps = torch.nn.functional.softplus(raw)
    columns = {median: raw[..., median]}
    for k in range(median + 1, len(LEVELS)):
        columns[k] = columns[k - 1] + steps[..., k]
    for k in range(median - 1, -1, -1):
        columns[k] = columns[k + 1] - steps[..., k]
    return torch.stack([columns[k] for k in range(len(LEVELS))], -1)


def pinball(quantiles, label):
    levels = torch.tensor(LEVELS)
    error = label[..., None] - quantiles
    return torch.maximum(levels * error, (levels - 1) * error).mean()


def direction(weights):
    def loss(logits, label):
        classes = torch.where(label > BAND, 2, torch.where(label < -BAND, 0, 1))
        weight = [None, None] if weights is None else torch.tensor(weights)
        losses = [
            torch.nn.functional.cross_entropy(logits[:, h], classes[:, h], weight=weight[h])
            for h in range(HORIZONS)
        ]
        return torch.stack(losses).mean()

    return loss


def case(heads, count, outputs_of, loss_of):
    lstm = torch.nn.LSTM(FEATURES, HIDDEN, 1, batch_first=True)
    attention = torch.nn.MultiheadAttention(HIDDEN, heads, batch_first=True) if heads else None
    head = torch.nn.Sequential(
        torch.nn.Linear(HIDDEN, WIDTH), torch.nn.ReLU(), torch.nn.Linear(WIDTH, HORIZONS * count)
    )
    modules = {"lstm.": lstm, "head.": head} | ({"attention.": attention} if heads else {})
    named = {prefix + name: p for prefix, m in modules.items() for name, p in m.named_parameters()}
    for name, parameter in named.items():
        if name.startswith("attention.") and name.endswith("bias"):
            torch.nn.init.normal_(parameter)  # PyTorch begins with zeros, which would hide a mistake
        exact(parameter)
    x = exact(torch.randn(BATCH, LENGTH, FEATURES))
    # labels of every class, and one on the band's edge
    label = exact(torch.randn(BATCH, HORIZONS))
    label[0, 0] = BAND
    states = lstm(x)[0]
    last = states[:, -1]
    if heads:
        last = last + attention(states, states, states)[0][:, -1]
    outputs = outputs_of(head(last).unflatten(1, (HORIZONS, count)))
    loss = loss_of(outputs, label)
    loss.backward()
    return {
        "heads": heads,
        "weights": {n: {"shape": list(p.shape), "values": flat(p)} for n, p in named.items()},
        "x": flat(x),
        "label": flat(label),
        "outputs": flat(outputs),
        "loss": loss.item(),
        "gradients": {name: flat(p.grad) for name, p in named.items()},
    }


def huber(outputs, label):
    return torch.nn.functional.huber_loss(outputs[..., 0], label)


same = lambda raw: raw  # noqa: E731
golden = {
    "source": "torch.nn.LSTM, torch.nn.MultiheadAttention, torch.nn.Linear, float64",
    "versions": {"torch": torch.__version__, "python": platform.python_version()},
    "sizes": [BATCH, LENGTH, FEATURES, HIDDEN, HORIZONS, WIDTH],
    "levels": LEVELS,
    "flat_band": BAND,
    "class_weights": sum(CLASS_WEIGHTS, []),
    "attention": case(HEADS, 1, same, huber),
    "quantile": case(0, len(LEVELS), rising, pinball),
    "direction": case(0, 3, same, direction(None)),
    "weighted": case(HEADS, 3, same, direction(CLASS_WEIGHTS)),
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, indent=None, separators=(",", ":")) + "\n")

"""Golden loss curve: the same training in PyTorch, from the same weights over the same batches.

Run: python tests/golden/training_curve.py > tests/golden/training_curve.json
Needs torch; the version that made the file is in it.
"""

import json
import math

import torch

BARS, FEATURES, LENGTH, HIDDEN, WIDTH, BATCH = 96, 3, 5, 6, 32, 8
LAST_BARS = range(4, 68)
EPOCHS, RATE, WARMUP, DECAY, CLIP = 5, 3e-2, 4, 0.1, 0.5

torch.manual_seed(11)
torch.set_num_threads(1)
features = torch.randn(BARS, FEATURES)
# Some labels beyond Huber's bend.
labels = 2.0 * features[:, :1] - features[:, 1:2] + 0.5 * torch.roll(features[:, 2:], 1, 0)
lstm = torch.nn.LSTM(FEATURES, HIDDEN, num_layers=2, batch_first=True)
head = torch.nn.Sequential(torch.nn.Linear(HIDDEN, WIDTH), torch.nn.ReLU(), torch.nn.Linear(WIDTH, 1))
modules = torch.nn.ModuleDict({"lstm": lstm, "head": head})
initial = {path: [list(value.shape), value.flatten().tolist()] for path, value in modules.state_dict().items()}

optimiser = torch.optim.AdamW(modules.parameters(), lr=1.0, eps=1e-8, weight_decay=DECAY)
steps_per_epoch = len(LAST_BARS) // BATCH
total = EPOCHS * steps_per_epoch
losses, norms = [], []
for step in range(total):
    first = (step % steps_per_epoch) * BATCH
    rows = LAST_BARS[first : first + BATCH]
    x = torch.stack([features[row + 1 - LENGTH : row + 1] for row in rows])
    y = labels[list(rows)]
    rate = (
        RATE * (step + 1) / WARMUP
        if step < WARMUP
        else 0.5 * RATE * (1 + math.cos(math.pi * (step - WARMUP) / (total - WARMUP)))
    )
    for group in optimiser.param_groups:
        group["lr"] = rate
    forecast = head(lstm(x)[0][:, -1])
    loss = torch.nn.functional.huber_loss(forecast, y, delta=1.0)
    optimiser.zero_grad()
    loss.backward()
    norms.append(float(torch.nn.utils.clip_grad_norm_(modules.parameters(), CLIP)))
    optimiser.step()
    losses.append(float(loss.detach()))

print(
    json.dumps(
        {
            "torch": torch.__version__.split("+")[0],
            "features": features.flatten().tolist(),
            "labels": labels.flatten().tolist(),
            "weights": initial,
            "losses": losses,
            "gradient_norms": norms,
            "final": {path: value.flatten().tolist() for path, value in modules.state_dict().items()},
        }
    )
)

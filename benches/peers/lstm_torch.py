"""torch.nn.LSTM on the CPU, timed on request: `emberline bench lstm --peer PYTHON` starts this.

Reads one JSON request per line, `{"shape": [B, L, F, H, layers], "steps": n, "threads": t}`, and answers
one line: `{"train_s": [..], "infer_s": [..]}`, seconds per step. A training step is forward, the mean
square of the last output, backward and AdamW; inference is the forward without gradients. Asking again
for the same shape keeps the module warm, so that the caller can take turns. Needs torch.
"""

import json
import sys
import time

import torch

modules = {}


def module(shape):
    if tuple(shape) not in modules:
        modules.clear()
        batch, length, features, hidden, layers = shape
        torch.manual_seed(1)
        lstm = torch.nn.LSTM(features, hidden, layers, batch_first=True)
        optimizer = torch.optim.AdamW(lstm.parameters(), lr=1e-3)
        modules[tuple(shape)] = lstm, optimizer, torch.randn(batch, length, features)
    return modules[tuple(shape)]


def train(lstm, optimizer, x):
    optimizer.zero_grad(set_to_none=True)
    lstm(x)[0][:, -1].square().mean().backward()
    optimizer.step()


@torch.no_grad()
def infer(lstm, x):
    lstm(x)[0][:, -1].clone()


def seconds(steps, function, *arguments):
    taken = []
    for _ in range(steps):
        started = time.perf_counter()
        function(*arguments)
        taken.append(time.perf_counter() - started)
    return taken


print(json.dumps({"torch": torch.__version__}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    if torch.get_num_threads() != request["threads"]:
        torch.set_num_threads(request["threads"])
    lstm, optimizer, x = module(request["shape"])
    answer = {
        "train_s": seconds(request["steps"], train, lstm, optimizer, x),
        "infer_s": seconds(request["steps"], infer, lstm, x),
    }
    print(json.dumps(answer), flush=True)

"""The layers and steps of benches/training.rs in PyTorch, measured on as many threads.

Reads target/benchmarks/training.json, which that bench writes, and writes pytorch.json beside it: seconds of
each layer (forward and backward) and step (forward, backward, optimiser). An adder layer is written as one does in
PyTorch: unfold, then `torch.cdist(..., p=1)`, with autograd's gradient. Convolutions and steps are measured in both
memory formats, and the faster one counts. A step of the hybrid network trains floats; AdderNet's scaling of
gradients and the clipping that our step does are left out, in PyTorch's favour.
"""

import json
import pathlib
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

FOLDER = pathlib.Path(__file__).resolve().parents[3] / "target" / "benchmarks"


def seconds(body, budget=1.5, least=5):
    """Median time of `body` over `budget` seconds and at least `least` calls, after one to warm up."""
    body()
    times = []
    while sum(times) < budget or len(times) < least:
        start = time.perf_counter()
        body()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def power_of_two(weight):
    """Weights rounded to powers of two; gradients pass straight through."""
    rounded = torch.sign(weight) * torch.exp2(torch.round(torch.log2(weight.abs().clamp(min=2.0**-14))))
    return weight + (rounded - weight).detach()


def adder(x, weight, window):
    """`-sum |x - w|` by cdist; `weight` is [out, terms]."""
    count, channels, _, _ = x.shape
    height, width, outputs = window["output"]
    if window["kernel"] == [1, 1] and window["stride"] == [1, 1]:
        patches = x.permute(0, 2, 3, 1).reshape(-1, channels)
    else:
        top, left, _, _ = window["padding"]
        patches = F.unfold(x, window["kernel"], padding=(top, left), stride=window["stride"])
        if window["depthwise"]:
            patches = patches.view(count, channels, -1, height * width).permute(1, 0, 3, 2)
            patches = patches.reshape(channels, count * height * width, -1)
            sums = -torch.cdist(patches, weight.unsqueeze(1), p=1.0)
            return sums.view(channels, count, height, width).permute(1, 0, 2, 3)
        patches = patches.transpose(1, 2).reshape(count * height * width, -1)
    sums = -torch.cdist(patches, weight, p=1.0)
    return sums.view(count, height, width, outputs).permute(0, 3, 1, 2)


class Layer(nn.Module):
    """An operation with its norm, residual and clamp, as training.json describes it."""

    def __init__(self, op, window, norm=False, mean=False, relu=False, **_):
        super().__init__()
        self.op, self.window, self.mean, self.relu = op, window, mean, relu
        (_, _, channels), (_, _, outputs) = window["input"], window["output"]
        self.groups = channels if window["depthwise"] else 1
        shape = [outputs, channels // self.groups, *window["kernel"]]
        if not mean:
            weight = torch.randn(shape) * 0.1
            self.weight = nn.Parameter(weight.flatten(1) if op == "adder" else weight)
        self.norm = nn.BatchNorm2d(outputs) if norm else None
        self.bias = nn.Parameter(torch.zeros(outputs)) if not norm and not mean else None

    def sums(self, x):
        if self.mean:
            return x.mean((2, 3), keepdim=True)
        if self.op == "adder":
            return adder(x, self.weight, self.window)
        weight = power_of_two(self.weight) if self.op == "shift" else self.weight
        top, left, _, _ = self.window["padding"]
        return F.conv2d(x, weight, self.bias, self.window["stride"], (top, left), 1, self.groups)

    def forward(self, x, residual=None):
        y = self.sums(x)
        y = self.norm(y) if self.norm else y
        y = y if residual is None else y + residual
        return F.relu(y) if self.relu else y


class Network(nn.Module):
    """Layers that read one another's values."""

    def __init__(self, layers):
        super().__init__()
        self.reads = [(layer["input"], layer["residual"]) for layer in layers]
        self.layers = nn.ModuleList(Layer(**layer) for layer in layers)

    def forward(self, x):
        values = [x]
        for (read, residual), layer in zip(self.reads, self.layers):
            values.append(layer(values[read], None if residual is None else values[residual]))
        return values[-1].flatten(1)


def layer_seconds(op, window, images, memory_format):
    """Forward and backward of one operation."""
    layer = Layer(op, window).to(memory_format=memory_format)
    layer.bias = None
    height, width, channels = window["input"]
    x = torch.randn(images, channels, height, width).to(memory_format=memory_format).requires_grad_()
    with torch.no_grad():
        gradient = torch.randn_like(layer(x))
    return seconds(lambda: torch.autograd.grad(layer(x), [x, layer.weight], gradient))


def step_seconds(layers, batch, memory_format):
    """Forward, backward and optimiser of a whole network."""
    network = Network(layers).to(memory_format=memory_format)
    height, width, channels = layers[0]["window"]["input"]
    x = torch.randn(batch, channels, height, width).to(memory_format=memory_format)
    labels = torch.arange(batch) % 10
    optimiser = torch.optim.SGD(network.parameters(), 1e-4, momentum=0.9, weight_decay=1e-4, nesterov=True)

    def step():
        optimiser.zero_grad()
        F.cross_entropy(network(x), labels).backward()
        optimiser.step()

    return seconds(step)


def main():
    cases = json.loads((FOLDER / "training.json").read_text())
    torch.set_num_threads(cases["threads"])
    formats = [torch.contiguous_format, torch.channels_last]
    found = {}
    for layer in cases["layers"]:
        for op in ["conv", "adder"]:
            times = [layer_seconds(op, layer["window"], cases["images"], form) for form in formats]
            found[f"layer/{op}-{layer['name']}"] = min(times)
    for network in cases["networks"]:
        times = [step_seconds(network["layers"], network["batch"], form) for form in formats]
        found[f"step/{network['name']}-float"] = min(times)
    for name, value in found.items():
        print(f"pytorch {name}: {1000 * value:.2f} ms")
    text = json.dumps({"torch": torch.__version__, "seconds": found}, indent=2)
    (FOLDER / "pytorch.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

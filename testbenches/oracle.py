#!/usr/bin/env python3
"""An independent reading of the numerics, in NumPy.

It shares no code with the Rust workspace: it reads the network's YAML and safetensors and the images' .npy by
itself, computes every layer in 64-bit integers, and writes what each layer gives. Where it and the reference
executor agree, they agree by following the same text, not by sharing the same mistake.

  python3 testbenches/oracle.py -n network.yaml -i x.npy -o y.npy
  python3 testbenches/oracle.py -n network.yaml -i x.npy --dump DIR
  python3 testbenches/oracle.py --batch LIST      # one line per network: NETWORK, X.npy, DIR, tabs between

--wrong KIND makes one deliberate mistake, so that a test can show that its comparison would notice:

  rounding      truncates instead of rounding half up
  idle-zero     feeds idle lanes zeros: channels are padded to a multiple of 4 in each group with x = 0 and the
                weight of the last channel, and the extra taps are summed too
  mask-padding  drops padding taps from the sum, as if they were idle lanes
"""

import argparse
import json
import os
import struct
import sys

import numpy as np
import yaml

WRONG = ("rounding", "idle-zero", "mask-padding")
DTYPES = {"I8": np.dtype("<i1"), "U8": np.dtype("<u1"), "I16": np.dtype("<i2"), "I64": np.dtype("<i8")}
LANES = 4


def read_safetensors(path):
    """The tensors by name: 8 bytes of header length, a JSON header, then the data."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    body = data[8 + length :]
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            array = np.frombuffer(body[begin:end], dtype=DTYPES[entry["dtype"]])
            tensors[name] = array.reshape(entry["shape"]).astype(np.int64)
    return tensors


def read_network(path):
    """The layers with the defaults of the format filled in, and their tensors."""
    with open(path, encoding="utf-8") as file:
        network = yaml.safe_load(file)
    weights = os.path.join(os.path.dirname(path), network["weights"])
    defaults = {"stride": [1, 1], "padding": [0, 0], "groups": 1, "clamp": [-128, 127], "residual": None}
    network["layers"] = [{**defaults, **layer} for layer in network["layers"]]
    return network, read_safetensors(weights)


def decode_shift(code):
    """The value of each shift code: 0 is 0, c is sign(c) * 2^(|c| - 1)."""
    power = np.left_shift(np.int64(1), np.maximum(np.abs(code) - 1, 0))
    return np.where(code == 0, 0, np.sign(code) * power)


def terms(op, x, w):
    """One term for each pair of x and w, in exact 64-bit integers."""
    if op == "conv":
        return x * w
    if op == "shift":
        return x * decode_shift(w)
    if op == "adder":
        return -np.abs(x - w)
    raise ValueError(f"unknown op {op!r}")


def accumulate(layer, x, weight, wrong):
    """The accumulators [N, K, OY, OX] of x [N, C, H, W] and weight [K, C / groups, FY, FX]."""
    padding = layer["padding"]
    top, left, bottom, right = padding if len(padding) == 4 else padding * 2
    (sy, sx), groups = layer["stride"], layer["groups"]
    n, channels, height, width = x.shape
    outputs, inputs, fy, fx = weight.shape
    assert inputs * groups == channels and outputs % groups == 0
    padded = np.zeros((n, channels, height + top + bottom, width + left + right), dtype=np.int64)
    padded[:, :, top : top + height, left : left + width] = x
    real = np.zeros(padded.shape[2:], dtype=np.int64)
    real[top : top + height, left : left + width] = 1
    oy = (padded.shape[2] - fy) // sy + 1
    ox = (padded.shape[3] - fx) // sx + 1
    acc = np.zeros((n, outputs, oy, ox), dtype=np.int64)
    per_group = outputs // groups
    for k in range(outputs):
        first = (k // per_group) * inputs
        for c in range(inputs):
            for y in range(fy):
                for z in range(fx):
                    rows = slice(y, y + (oy - 1) * sy + 1, sy)
                    columns = slice(z, z + (ox - 1) * sx + 1, sx)
                    term = terms(layer["op"], padded[:, first + c, rows, columns], weight[k, c, y, z])
                    if wrong == "mask-padding":
                        term = term * real[rows, columns]
                    acc[:, k] += term
        if wrong == "idle-zero":
            for _ in range(-inputs % LANES):
                for w in weight[k, inputs - 1].flat:
                    acc[:, k] += terms(layer["op"], np.int64(0), w)
    assert np.abs(acc).max() < 2**31, "an accumulator left 32 bits"
    return acc


def requantise(layer, acc, residual, tensors, wrong):
    """int8 outputs; every intermediate is below 2^49, so 64 bits are exact."""

    def channel(tensor):
        return tensors[f"{layer['name']}.{tensor}"].reshape(1, -1, 1, 1)

    total = acc * channel("multiplier") + channel("bias")
    if residual is not None:
        total = total + np.left_shift(residual * channel("residual_multiplier"), channel("residual_shift"))
    shift = channel("shift")
    if wrong != "rounding":
        total = total + np.where(shift > 0, np.left_shift(np.int64(1), np.maximum(shift - 1, 0)), 0)
    assert np.abs(total).max() < 2**49
    low, high = layer["clamp"]
    return np.clip(np.right_shift(total, shift), low, high)


def execute(network, tensors, x, wrong=None):
    """The output of every layer by name, int64 with int8 values."""
    outputs = {"input": x.astype(np.int64)}
    for layer in network["layers"]:
        acc = accumulate(layer, outputs[layer["input"]], tensors[layer["name"] + ".weight"], wrong)
        residual = outputs[layer["residual"]] if layer["residual"] is not None else None
        outputs[layer["name"]] = requantise(layer, acc, residual, tensors, wrong)
    return outputs


def run(network_path, input_path, dump, output_path, wrong):
    network, tensors = read_network(network_path)
    x = np.load(input_path)
    shape = tuple(network["input"]["shape"])
    if x.dtype != np.int8 or x.shape[1:] != shape:
        sys.exit(f"{input_path}: needs int8 [N, {shape}], has {x.dtype} {x.shape}")
    outputs = execute(network, tensors, x, wrong)
    if dump:
        os.makedirs(dump, exist_ok=True)
        for layer in network["layers"]:
            np.save(os.path.join(dump, layer["name"] + ".npy"), outputs[layer["name"]].astype(np.int8))
    if output_path:
        last = network.get("output") or network["layers"][-1]["name"]
        np.save(output_path, outputs[last].astype(np.int8))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--network", help="the network's YAML")
    parser.add_argument("-i", "--input", help="images, .npy, int8 [N, C, H, W]")
    parser.add_argument("-o", "--output", help="where to write the network's output")
    parser.add_argument("--dump", help="a folder for every layer's output")
    parser.add_argument("--batch", help="a file with one line per network: NETWORK, X.npy, DIR, tabs between")
    parser.add_argument("--wrong", choices=WRONG, help="make one deliberate mistake")
    args = parser.parse_args()
    if args.batch:
        with open(args.batch, encoding="utf-8") as file:
            for line in file:
                network, images, dump = line.rstrip("\n").split("\t")
                run(network, images, dump, None, args.wrong)
    elif args.network and args.input and (args.dump or args.output):
        run(args.network, args.input, args.dump, args.output, args.wrong)
    else:
        parser.error("needs -n, -i and one of -o and --dump; or --batch")


if __name__ == "__main__":
    main()

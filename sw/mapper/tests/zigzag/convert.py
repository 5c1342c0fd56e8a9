#!/usr/bin/env python3
"""Writes what ZigZag found as mappings of ours.

    convert.py mappings RESULTS.csv [LAYERS.csv] > FOUND.yaml
    convert.py figures  TABLE=RESULTS.csv ...    > found.csv

RESULTS has a row for each layer with the columns name, dims (JSON), spatial ("[(OX, 14), (K, 16)]"), temporal (JSON:
for each operand the text of three lists of loops, from the inside to the outside, for register files, buffer and
DRAM), energy_pJ and latency2. LAYERS gives strides and paddings ("IX = 2*OX + 1*FX;...", "{IX: (3, 3), ...}"); where
it is left out, strides are 1 and there is no padding.
"""

import ast
import csv
import json
import re
import sys

DIMS = ["N", "G", "K", "C", "OY", "OX", "FY", "FX"]
OPERANDS = {"inputs": "I", "weights": "W", "sums": "O"}


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def axis(shape, name):
    """Stride of an axis, and its paddings together."""
    stride = re.search(rf"I{name} = (\d+)\*O{name}", shape.get("relations", ""))
    padding = re.search(rf"I{name}: \((\d+), (\d+)\)", shape.get("padding", ""))
    return int(stride[1]) if stride else 1, sum(map(int, padding.groups())) if padding else 0


def layer(row, shape):
    given = {{"B": "N", "D": "N"}.get(dim, dim): size for dim, size in json.loads(row["dims"]).items()}
    size = {dim: given.get(dim, 1) for dim in DIMS}
    strides, inputs = [], []
    for name in "YX":
        stride, padding = axis(shape, name)
        outputs, taps = size[f"O{name}"], size[f"F{name}"]
        # What lies between two windows is never fetched.
        windows = outputs * taps - max(0, taps - stride) * (outputs - 1)
        strides.append(stride)
        inputs.append(windows - padding)
    return size, strides, inputs


def mapping(row, shape):
    size, strides, inputs = layer(row, shape)
    levels = {op: ast.literal_eval(text) for op, text in json.loads(row["temporal"]).items()}
    loops = [loop for level in levels["O"] for loop in level]
    steps = {dim: 1 for dim in DIMS}
    for dim, count in loops:
        steps[dim] *= count
    axes = [[], []]
    for i, (dim, _) in enumerate(re.findall(r"\((\w+), (\d+)\)", row["spatial"])):
        # A fraction of a PE is printed rounded down; what covers the layer is rounded up.
        axes[i].append(f"{dim}{-(-size[dim] // steps[dim])}")
    print(f"- name: {row['name']}")
    sizes = ", ".join(f"{dim}: {size[dim]}" for dim in DIMS)
    print(f"  layer: {{{sizes}, stride: {strides}, input: {inputs}}}")
    print(f"  rows: [{', '.join(axes[0])}]\n  cols: [{', '.join(axes[1])}]")
    print(f"  loops: [{', '.join(f'{dim}{count}' for dim, count in loops)}]")
    for operand, op in OPERANDS.items():
        rf, buffer, _ = map(len, levels[op])
        print(f"  {operand}: {{rf: {rf}, buffer: {rf + buffer}}}")


def main(what, *paths):
    if what == "figures":
        print("table,name,energy_pj,cycles")
        for table, path in (path.split("=") for path in paths):
            for row in rows(path):
                print(f"{table},{row['name']},{float(row['energy_pJ']):.1f},{float(row['latency2']):.1f}")
        return
    shapes = {row["name"]: row for row in rows(paths[1])} if len(paths) > 1 else {}
    print("# What ZigZag 3.9.1 found, as tests/zigzag/convert.py writes it.\nformat: nasa-loops/1\nlayers:")
    for row in rows(paths[0]):
        mapping(row, shapes.get(row["name"], {}))


main(*sys.argv[1:])

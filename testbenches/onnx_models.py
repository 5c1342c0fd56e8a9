"""Builds ONNX models as other programs export them, and says what onnxruntime makes of images: the independent word on
the importer. `onnx_models.py FOLDER` writes for each model NAME.onnx, NAME.x.npy (images, float32) and NAME.y.npy
(outputs). Ops of nasa's own domain, which onnxruntime does not know, are computed here."""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

IMAGES = 24
OPSET = 17


class Builder:
    """A graph in the making: each method adds a node and gives the name of its output."""

    def __init__(self, seed, shape, batch="N"):
        self.random = np.random.default_rng(seed)
        self.shape, self.batch = shape, batch
        self.nodes, self.constants = [], []

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def real(self, name, *shape, scale=1.0, offset=0.0):
        return self.constant(name, (self.random.normal(size=shape) * scale + offset).astype(np.float32))

    def node(self, op, inputs, name=None, domain="", **attributes):
        name = name or f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [f"{name}_out"], name=name, domain=domain, **attributes))
        return f"{name}_out"

    def conv(self, x, name, inputs, outputs, kernel, bias=False, op="Conv", domain="", scale=None, **attributes):
        fan_in = inputs // attributes.get("group", 1) * kernel * kernel
        shape = (outputs, inputs // attributes.get("group", 1), kernel, kernel)
        weight = self.real(f"{name}.weight", *shape, scale=scale or (2 / fan_in) ** 0.5)
        biases = [self.real(f"{name}.bias", outputs, scale=0.2)] if bias else []
        return self.node(op, [x, weight, *biases], f"/{name}/{op}", domain, **attributes)

    def norm(self, x, name, channels, scale=1.0, mean=0.0):
        return self.node("BatchNormalization", [
            x,
            self.real(f"{name}.weight", channels, scale=0.2 * scale, offset=scale),
            self.real(f"{name}.bias", channels, scale=0.3),
            self.real(f"{name}.running_mean", channels, scale=0.3, offset=mean),
            self.constant(f"{name}.running_var", self.random.uniform(0.5, 2, channels).astype(np.float32)),
        ], f"/{name}/BatchNormalization")

    def model(self, output, classes_shape):
        graph = helper.make_graph(
            self.nodes, "model",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, [self.batch, *self.shape])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, [self.batch, *classes_shape])],
            self.constants,
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("nasa", 1)]
        model = helper.make_model(graph, opset_imports=opsets)
        model.ir_version = 8
        return model

    def images(self):
        return self.random.normal(size=(IMAGES, *self.shape)).astype(np.float32)


def blocks():
    """An inverted residual with ReLU6, a grouped convolution, a classifier; as PyTorch exports MobileNets."""
    b = Builder(1, (3, 12, 12))
    relu6 = lambda x: b.node("Clip", [x, b.constant(f"low{len(b.nodes)}", np.float32(0)),
                                      b.constant(f"high{len(b.nodes)}", np.float32(6))])
    x = relu6(b.norm(b.conv("image", "stem", 3, 8, 3, strides=[2, 2], pads=[1, 1, 1, 1]), "bn", 8))
    y = relu6(b.norm(b.conv(x, "block.expand", 8, 16, 1), "block.bn1", 16))
    y = relu6(b.norm(b.conv(y, "block.dw", 16, 16, 3, group=16, pads=[1, 1, 1, 1]), "block.bn2", 16))
    y = b.norm(b.conv(y, "block.project", 16, 8, 1), "block.bn3", 8)
    x = b.node("Add", [x, y])
    x = b.node("Relu", [b.conv(x, "grouped", 8, 8, 3, bias=True, group=2, pads=[1, 0, 0, 1], strides=[2, 1])])
    x = b.node("Flatten", [b.node("GlobalAveragePool", [x])])
    weight, bias = b.real("fc.weight", 5, 8, scale=0.5), b.real("fc.bias", 5, scale=0.2)
    return b, b.model(b.node("Gemm", [x, weight, bias], "/fc/Gemm", transB=1), (5,))


def residuals():
    """A residual with a convolution on its way, padding apart, a mean by axes, a classifier that is a MatMul."""
    b = Builder(2, (4, 9, 7), batch=1)
    x = b.node("Relu", [b.norm(b.conv("image", "stem", 4, 6, 3, auto_pad="SAME_UPPER", strides=[2, 2]), "bn", 6)])
    y = b.node("Pad", [x, b.constant("pads", np.array([0, 0, 1, 1, 0, 0, 1, 1]))])
    y = b.node("Relu", [b.norm(b.conv(y, "a.conv1", 6, 8, 3, strides=[2, 2]), "a.bn1", 8)])
    y = b.norm(b.conv(y, "a.conv2", 8, 8, 3, pads=[1, 1, 1, 1]), "a.bn2", 8)
    short = b.norm(b.conv(x, "a.short", 6, 8, 1, strides=[2, 2]), "a.bn3", 8)
    x = b.node("Relu", [b.node("Add", [y, short])])
    x = b.node("Identity", [b.node("Add", [x, b.real("offset", 8, 1, 1)])])
    x = b.node("ReduceMean", [x], axes=[2, 3], keepdims=0)
    x = b.node("MatMul", [x, b.real("fc", 8, 3)])
    return b, b.model(b.node("Add", [x, b.real("fc.offset", 3)]), (3,))


def averages():
    """Averages of windows, a norm and a ReLU before a convolution, both sides of which are read, and a kernel that is
    the map."""
    b = Builder(3, (2, 8, 8))
    x = b.node("AveragePool", [b.conv("image", "stem", 2, 4, 3, pads=[1, 1, 1, 1])], kernel_shape=[2, 2], strides=[2, 2])
    y = b.node("Relu", [b.norm(x, "pre", 4)])
    y = b.conv(y, "conv", 4, 4, 3, bias=True, pads=[1, 1, 1, 1])
    x = b.node("Add", [y, b.node("Add", [x, x])])
    x = b.node("AveragePool", [b.node("Dropout", [x])], kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)
    x = b.node("Reshape", [x, b.constant("shape", np.array([0, -1]))])
    weight = b.real("fc.weight", 64, 6, scale=0.2)
    x = b.node("Relu", [b.node("Gemm", [x, weight], "/fc/Gemm", alpha=0.5)])
    weight, bias = b.real("head.weight", 3, 6), b.real("head.bias", 3)
    return b, b.model(b.node("Gemm", [x, weight, bias], "/head/Gemm", transB=1, beta=2.0), (3,))


def classes():
    """No rows and columns at all."""
    b = Builder(4, (7,))
    x = b.node("Relu", [b.node("Gemm", ["image", b.real("a.weight", 9, 7), b.real("a.bias", 9)], transB=1)])
    return b, b.model(b.node("Gemm", [x, b.real("b.weight", 4, 9)], transB=1), (4,))


def hybrid():
    """A convolution, a shift layer and an adder layer, whose norm keeps the sums of distances in range."""
    b = Builder(5, (2, 6, 6))
    x = b.node("Relu", [b.norm(b.conv("image", "stem", 2, 4, 3, pads=[1, 1, 1, 1]), "bn1", 4)])
    weight = np.exp2(b.random.integers(-5, 1, (4, 4, 1, 1))) * b.random.choice([-1, 0, 1], (4, 4, 1, 1), p=[0.45, 0.1, 0.45])
    y = b.node("Shift", [x, b.constant("shift.weight", weight.astype(np.float32))], domain="nasa")
    y = b.norm(y, "bn2", 4)
    x = b.node("Relu", [b.node("Add", [x, y])])
    x = b.conv(x, "adder", 4, 6, 3, op="Adder", domain="nasa", scale=1.0, pads=[1, 1, 1, 1], strides=[2, 2])
    x = b.norm(x, "bn3", 6, scale=0.2, mean=-35.0)
    return b, b.model(b.node("Relu", [x]), (6, 3, 3))


def fixed():
    """Integers with one rounding a layer, as quantisers of hardware vendors write them: scales an output channel, biases
    of 32 bits, and both forms of 8 bits around 0."""
    b = Builder(6, (2, 6, 6))

    def rounded(x, scale, signed=True):
        zero = np.int8(0) if signed else np.uint8(128)
        n = len(b.nodes)
        grid = [b.constant(f"scale{n}", np.float32(scale)), b.constant(f"zero{n}", zero)]
        return b.node("DequantizeLinear", [b.node("QuantizeLinear", [x, *grid]), *grid])

    def stored(name, shape, scales, kind=np.int8):
        codes = b.random.integers(-127, 128, shape).astype(kind) if kind == np.int8 else \
            b.random.integers(-4000, 4000, shape).astype(kind)
        grid = [b.constant(f"{name}.scale", np.float32(scales)), b.constant(f"{name}.zero", np.zeros(np.shape(scales), kind))]
        return b.node("DequantizeLinear", [b.constant(name, codes), *grid], f"{name}_DequantizeLinear", axis=0)

    x = rounded("image", 0.03)
    steps = b.random.uniform(0.001, 0.004, 4)
    weights = stored("a.weight", (4, 2, 3, 3), steps), stored("a.bias", 4, steps * 0.03, np.int32)
    x = b.node("Conv", [x, *weights], pads=[1, 1, 1, 1])
    x = rounded(b.node("Relu", [x]), 0.02, signed=False)
    weights = stored("b.weight", (4, 1, 3, 3), 0.003), stored("b.bias", 4, 0.003 * 0.02, np.int32)
    y = b.node("Conv", [x, *weights], group=4, pads=[1, 1, 1, 1])
    x = rounded(b.node("Relu", [b.node("Add", [y, x])]), 0.04)
    x = rounded(b.node("GlobalAveragePool", [x]), 0.02)
    x = rounded(b.node("Flatten", [x]), 0.02)
    # A weight of real numbers that is rounded in the graph, as training with rounding exports it.
    grid = [b.constant("fc.scale", np.float32(b.random.uniform(0.004, 0.008, 3))), b.constant("fc.zero", np.zeros(3, np.int8))]
    weight = b.node("QuantizeLinear", [b.real("fc.weight", 3, 4, scale=0.4), *grid], axis=0)
    x = b.node("Gemm", [x, b.node("DequantizeLinear", [weight, *grid], axis=0)], transB=1)
    return b, b.model(rounded(x, 0.02), (3,))


def windows(x, kernel, stride, pad):
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    view = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(2, 3))
    return view[:, :, ::stride, ::stride]


def hybrid_outputs(model, x):
    """`hybrid` without onnxruntime."""
    of = {tensor.name: numpy_helper.to_array(tensor).astype(np.float64) for tensor in model.graph.initializer}
    column = lambda name: of[name][None, :, None, None]
    conv = lambda x, name, pad: np.einsum("ncyxij,kcij->nkyx", windows(x, of[name].shape[2:], 1, pad), of[name])

    def norm(x, name):
        slope = column(f"{name}.weight") / np.sqrt(column(f"{name}.running_var") + 1e-5)
        return (x - column(f"{name}.running_mean")) * slope + column(f"{name}.bias")

    x = np.maximum(norm(conv(x.astype(np.float64), "stem.weight", 1), "bn1"), 0)
    x = np.maximum(x + norm(conv(x, "shift.weight", 0), "bn2"), 0)
    seen, weight = windows(x, (3, 3), 2, 1), of["adder.weight"]
    x = -np.abs(seen[:, None] - weight[None, :, :, None, None]).sum((2, 5, 6))
    return np.maximum(norm(x, "bn3"), 0).astype(np.float32)


HYBRID = """format: nasa-checkpoint/1
tensors: hybrid.safetensors
input: {shape: [2, 6, 6]}
layers:
  - {name: stem, op: conv, input: input, padding: [1, 1], norm: bn1, activation: relu}
  - {name: shift, op: shift, input: stem, residual: stem, norm: bn2, activation: relu, threshold: 0.3}
  - {name: distances, op: adder, input: shift, tensors: adder, stride: [2, 2], padding: [1, 1], norm: bn3, activation: relu}
"""


def checkpoint(folder, model):
    """`hybrid` as a state_dict of PyTorch, whose shift layer keeps exponents and signs as it trains them."""
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    random = np.random.default_rng(7)
    weight = tensors.pop("shift.weight")
    exponents = np.log2(np.abs(weight), out=np.full_like(weight, -3), where=weight != 0)
    tensors["shift.shift"] = exponents + random.uniform(-0.4, 0.4, weight.shape).astype(np.float32)
    tensors["shift.sign"] = np.where(weight == 0, 0.2, np.sign(weight) * 0.4).astype(np.float32)
    tensors["adder.adder"] = tensors.pop("adder.weight")
    header, data = {}, b""
    for name, tensor in tensors.items():
        bytes_ = tensor.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [len(data), len(data) + len(bytes_)]}
        data += bytes_
    text = json.dumps(header).encode()
    (folder / "hybrid.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)
    (folder / "hybrid.yaml").write_text(HYBRID)


class Reader(CalibrationDataReader):
    def __init__(self, images):
        self.images = iter(images)

    def get_next(self):
        image = next(self.images, None)
        return None if image is None else {"image": image[None]}


def quantised(folder, name, symmetric, per_channel=False):
    """`blocks` with QuantizeLinear and DequantizeLinear around every op, by onnxruntime's own quantiser, after its own
    folding of norms."""
    source = folder / "folded.onnx"
    quant_pre_process(folder / "blocks.onnx", source, skip_symbolic_shape=True)
    options = {"ActivationSymmetric": symmetric, "WeightSymmetric": True}
    kind = QuantType.QInt8 if symmetric else QuantType.QUInt8
    quantize_static(
        source, folder / f"{name}.onnx", Reader(np.load(folder / "blocks.x.npy")), quant_format=QuantFormat.QDQ,
        activation_type=kind, weight_type=QuantType.QInt8, per_channel=per_channel, extra_options=options)


def outputs(path, images):
    """Node by node: fused kernels of integers saturate on processors that lack instructions for them."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    results = [session.run(None, {"image": image[None]})[0] for image in images]
    return np.concatenate(results).astype(np.float32)


def write(folder, name, images, y):
    np.save(folder / f"{name}.x.npy", images)
    np.save(folder / f"{name}.y.npy", y)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for make in [blocks, residuals, averages, classes, hybrid, fixed]:
        name = make.__name__
        builder, model = make()
        images = builder.images()
        onnx.save(model, folder / f"{name}.onnx")
        if make is hybrid:
            y = hybrid_outputs(model, images)
            checkpoint(folder, model)
        else:
            onnx.checker.check_model(model, full_check=True)
            y = outputs(folder / f"{name}.onnx", images)
        write(folder, name, images, y)
    onnx.save(onnx.load(folder / "blocks.onnx"), folder / "outside.onnx", save_as_external_data=True,
              location="outside.onnx.data", size_threshold=0)
    images = np.load(folder / "blocks.x.npy")
    for name, symmetric, per_channel in [("qdq", True, False), ("qdq-channels", True, True), ("asymmetric", False, False)]:
        quantised(folder, name, symmetric, per_channel)
        write(folder, name, images, outputs(folder / f"{name}.onnx", images))


main()

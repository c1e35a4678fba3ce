"""Float graphs of Smart Turn v3.2 from the shipped int8 file.

The shipped file holds the float model's weights rounded to int8 a channel, and a fixed 8-bit grid for every
activation. `reference_model` takes the grid away: every QuantizeLinear of an activation and its DequantizeLinear go,
weights stay int8 behind their DequantizeLinear. `float32_model` also turns the weights and biases into plain float32
initializers, which is what a published float ("gpu") file of the family looks like.

`renamed_model` and `skeleton` make files for the tests of the loader.

    python scripts/oracle/float_graph.py      compares the graphs in onnxruntime
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

FILE_NAME = "smart-turn-v3.2-cpu.onnx"
SHA256 = "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f"


def load(path: Path) -> onnx.ModelProto:
    data = path.read_bytes() if path.is_file() else sys.exit(f"{path} is missing; run scripts/fetch.py first")
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        sys.exit(f"{path} has sha256 {found}, expected {SHA256}; fetch it again")
    return onnx.load_model_from_string(data)


def _dequantized(node: onnx.NodeProto, initializers: dict[str, onnx.TensorProto]) -> np.ndarray:
    """The float32 value of a DequantizeLinear of constants, as the operator defines it."""
    codes, scale, zero = (numpy_helper.to_array(initializers[name]) for name in node.input)
    axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
    if scale.size > 1:
        shape = [1] * codes.ndim
        shape[axis] = -1
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    return ((codes.astype(np.int32) - zero.astype(np.int32)).astype(np.float32) * scale).astype(np.float32)


def _rewritten(model: onnx.ModelProto, *, float_weights: bool) -> onnx.ModelProto:
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    initializers = {tensor.name: tensor for tensor in graph.initializer}
    quantized_from = {n.output[0]: n.input[0] for n in graph.node if n.op_type == "QuantizeLinear"}
    renamed: dict[str, str] = {}
    constants: dict[str, np.ndarray] = {}
    kept = []
    for node in graph.node:
        if node.op_type == "QuantizeLinear":
            continue
        if node.op_type == "DequantizeLinear":
            source = node.input[0]
            if source in quantized_from:
                renamed[node.output[0]] = quantized_from[source]
                continue
            if float_weights:
                # The module's name again: "x.weight_quantized" -> "x.weight".
                name = source.removesuffix("_quantized")
                constants[name] = _dequantized(node, initializers)
                renamed[node.output[0]] = name
                continue
        kept.append(node)

    def resolve(name: str) -> str:
        while name in renamed and renamed[name] != name:
            name = renamed[name]
        return name

    for node in kept:
        for index, name in enumerate(node.input):
            node.input[index] = resolve(name)
    for output in graph.output:
        output.name = resolve(output.name)
    del graph.node[:]
    graph.node.extend(kept)
    used = {name for node in kept for name in node.input}
    tensors = [tensor for tensor in graph.initializer if tensor.name in used]
    tensors += [numpy_helper.from_array(value, name) for name, value in constants.items()]
    del graph.initializer[:]
    graph.initializer.extend(tensors)
    del graph.value_info[:]
    onnx.checker.check_model(result)
    return result


def reference_model(model: onnx.ModelProto) -> onnx.ModelProto:
    """float32 activations; int8 weights and int32 biases behind their DequantizeLinear."""
    return _rewritten(model, float_weights=False)


def float32_model(model: onnx.ModelProto) -> onnx.ModelProto:
    """float32 throughout, without any quantisation operator."""
    return _rewritten(model, float_weights=True)


def renamed_model(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network under other names, its nodes in another valid order: as another export might write it."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    kept = {value.name for value in (*graph.input, *graph.output)} | {""}
    names: dict[str, str] = {}

    def renamed(name: str) -> str:
        return name if name in kept else names.setdefault(name, f"t{len(names)}")

    for tensor in graph.initializer:
        tensor.name = renamed(tensor.name)
    for node in graph.node:
        node.name = ""
        node.input[:] = [renamed(name) for name in node.input]
        node.output[:] = [renamed(name) for name in node.output]
    del graph.value_info[:]
    ready = {tensor.name for tensor in graph.initializer} | kept
    waiting, ordered = list(reversed(graph.node)), []
    while waiting:
        node = next(node for node in waiting if ready.issuperset(node.input))
        waiting.remove(node)
        ordered.append(node)
        ready.update(node.output)
    ordered = [onnx.NodeProto.FromString(node.SerializeToString()) for node in ordered]
    tensors = [onnx.TensorProto.FromString(t.SerializeToString()) for t in reversed(graph.initializer)]
    del graph.node[:]
    graph.node.extend(ordered)
    del graph.initializer[:]
    graph.initializer.extend(tensors)
    onnx.checker.check_model(result)
    return result


def skeleton(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without the data of its larger tensors: small enough to be read ten thousand times."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    for tensor in result.graph.initializer:
        if len(tensor.raw_data) > 256:
            tensor.raw_data = b""
    return result


def write(model: onnx.ModelProto, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_suffix(".tmp")
    temporary.write_bytes(model.SerializeToString())
    temporary.replace(target)


def main() -> None:
    import common
    import features
    import windows

    model = load(common.MODELS / FILE_NAME)
    reference = common.session(reference_model(model).SerializeToString(), optimised=False)
    float32 = common.session(float32_model(model).SerializeToString(), optimised=False)
    renamed = common.session(renamed_model(model).SerializeToString(), optimised=False)
    shipped = common.session(model.SerializeToString(), optimised=False)
    samples = common.as_float(common.read_int16(common.EOT / windows.SAMPLE))
    for seconds in (3, 7, 11, 15, 21, 27):
        mel = features.log_mel(samples[: seconds * 16_000])
        a, b, c, d = (common.probability(s, mel) for s in (reference, float32, shipped, renamed))
        print(f"at {seconds:2} s: reference {a:.7f}, float32 file {b:.7f}, shipped {c:.7f}, renamed {d:.7f}")
        assert abs(a - b) <= 1e-5 and c == d


if __name__ == "__main__":
    main()

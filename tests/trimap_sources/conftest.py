"""Tiny segmentation networks."""

from pathlib import Path

import pytest


@pytest.fixture
def network(tmp_path):
    """A function that writes a network whose answer is a chosen operation on the picture's channels."""
    return lambda *arguments, **settings: write_network(tmp_path / settings.pop("name", "net.onnx"), **settings)


def write_network(
    path: Path,
    *,
    nodes=None,
    shape=(1, 3, 16, 16),
    kind="FLOAT",
    outputs=("y",),
    out_shape=("a", "b", "c", "d"),
    inputs=(),
    weights=(),
    opset=18,
) -> Path:
    """Write an ONNX file: `nodes` make `outputs` of `x`; without, the mean of the channels, of (N, C, H, W)."""
    onnx = pytest.importorskip("onnx", reason='ONNX is tested with the packages of pip install "mattekit[test]"')
    from onnx import helper

    kind = getattr(onnx.TensorProto, kind)
    if nodes is None:
        nodes = [helper.make_node("ReduceMean", ["x", "one"], ["y"], keepdims=1)]
    given = [helper.make_tensor_value_info("x", kind, shape)]
    given += [helper.make_tensor_value_info(name, kind, [1]) for name in inputs]
    made = [helper.make_tensor_value_info(name, kind, out_shape) for name in outputs]
    one = helper.make_tensor("one", onnx.TensorProto.INT64, [1], [1])
    graph = helper.make_graph(nodes, "tiny", given, made, [one, *weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path

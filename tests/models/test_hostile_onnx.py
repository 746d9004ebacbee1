"""ONNX files that claim to be mattekit's: whatever graph and metadata they hold, only WeightsError comes out."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mattekit.errors import MattekitError, WeightsError
from mattekit.models.onnx import OnnxModel
from mattekit.networks import build
from mattekit.networks.header import header_of, to_metadata

onnx = pytest.importorskip("onnx", reason='ONNX is tested with the packages of pip install "mattekit[onnx]"')
pytest.importorskip("onnxruntime")
helper = onnx.helper
FLOAT, INT, TEXT, BOOL = (getattr(onnx.TensorProto, name) for name in ("FLOAT", "INT64", "STRING", "BOOL"))

METADATA = to_metadata(replace(header_of(build("indexnet-b4", bottleneck=[16, 1])), preparation="resize-32"))
IMAGE = np.random.default_rng(0).random((32, 32, 3), np.float32)
TRIMAP = np.repeat(np.float32([0, 0.5, 0.5, 1]), 8)[:, None].repeat(32, 1)
FREE = ["n", 4, "h", "w"]


def constant(kind, shape):
    """A node that gives `alpha` whatever the input is."""
    count = int(np.prod(shape))
    values = [b"a"] * count if kind == TEXT else [1] * count
    return [helper.make_node("Constant", [], ["alpha"], value=helper.make_tensor("value", kind, shape, values))]


NODES = {  # how `alpha` is made, and its type
    "channel": ([helper.make_node("Slice", ["image_and_trimap", "zero", "one", "one"], ["alpha"])], FLOAT),
    "input": ([helper.make_node("Identity", ["image_and_trimap"], ["alpha"])], FLOAT),
    "scalar": ([helper.make_node("ReduceMean", ["image_and_trimap"], ["alpha"], keepdims=0)], FLOAT),
    "integer": ([helper.make_node("Cast", ["image_and_trimap"], ["alpha"], to=INT)], INT),
    "shape": ([helper.make_node("Shape", ["image_and_trimap"], ["alpha"])], INT),
    "text": (constant(TEXT, [1]), TEXT),
    "truth": (constant(BOOL, [1, 1, 32, 32]), BOOL),
    "flat": (constant(FLOAT, [1, 32, 32]), FLOAT),
    "other size": (constant(FLOAT, [1, 1, 16, 16]), FLOAT),
    "nothing": (constant(FLOAT, [0]), FLOAT),
    "fails": ([helper.make_node("Reshape", ["image_and_trimap", "one"], ["alpha"])], FLOAT),
    "not a number": (
        [helper.make_node("ReduceMean", ["image_and_trimap", "one"], ["m"]), helper.make_node("Log", ["m"], ["alpha"])],
        FLOAT,
    ),
}


def write(path, node, *, inputs=(("image_and_trimap", FLOAT, FREE),), output="alpha", shape=None, metadata=METADATA):
    nodes, kind = NODES[node]
    given = [helper.make_tensor_value_info(*each) for each in inputs]
    alpha = helper.make_tensor_value_info("alpha", kind, shape)
    if output != "alpha":
        nodes = [*nodes, helper.make_node("Identity", ["alpha"], [output])]
        alpha = helper.make_tensor_value_info(output, kind, shape)
    numbers = [helper.make_tensor(name, INT, [1], [value]) for name, value in (("zero", 0), ("one", 1))]
    graph = helper.make_graph(nodes, "hostile", given, [alpha], numbers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, metadata)
    path.write_bytes(model.SerializeToString())
    return path


def predict(path):
    model = OnnxModel(path, device="cpu")
    return model.alpha(IMAGE, TRIMAP)


def test_a_graph_as_it_should_be_is_computed(tmp_path):
    """Nothing else refuses the files below."""
    alpha = predict(write(tmp_path / "m.onnx", "channel"))
    np.testing.assert_array_equal(alpha[TRIMAP != 0.5], TRIMAP[TRIMAP != 0.5])


@pytest.mark.parametrize(
    ("node", "changes", "message"),
    [
        ("scalar", {}, r"m.onnx: output of shape \(\) for an input \(1, 4, 32, 32\), wanted \(1, 1, 32, 32\)"),
        ("integer", {}, r"m.onnx: alpha is tensor\(int64\) of shape"),
        ("text", {"shape": [1]}, r"m.onnx: alpha is tensor\(string\) of shape \[1\], wanted tensor\(float\)"),
        ("truth", {}, r"m.onnx: alpha is tensor\(bool\)"),
        ("input", {}, r"m.onnx: alpha is tensor\(float\) of shape \['n', 4, 'h', 'w'\]"),
        ("flat", {}, r"m.onnx: "),
        ("other size", {}, r"m.onnx: output of shape \(1, 1, 16, 16\)"),
        ("nothing", {}, r"m.onnx: "),
        ("not a number", {}, r"m.onnx: output holds NaN or infinity"),
        ("flat", {"inputs": ()}, r"m.onnx: inputs none, wanted image_and_trimap alone"),
        ("flat", {"inputs": (("image", FLOAT, FREE),)}, r"inputs image, wanted"),
        ("channel", {"inputs": (("image_and_trimap", FLOAT, FREE), ("b", FLOAT, [1]))}, r"inputs image_and_trimap, b"),
        ("flat", {"inputs": (("image_and_trimap", FLOAT, ["n", 5, "h", "w"]),)}, r"image_and_trimap is .*wanted"),
        ("flat", {"inputs": (("image_and_trimap", INT, FREE),)}, r"image_and_trimap is tensor\(int64\)"),
        ("channel", {"inputs": (("image_and_trimap", FLOAT, ["n", 4, 8, 8]),)}, r"cannot be computed"),
        ("channel", {"output": "matte"}, r"m.onnx: outputs matte, wanted alpha"),
        ("channel", {"metadata": {**METADATA, "network": "lenet"}}, r"m.onnx: network: unknown 'lenet'"),
        ("channel", {"metadata": {**METADATA, "preparation": "resize-31"}}, r"m.onnx: unknown preparation"),
        ("channel", {"metadata": {**METADATA, "arguments": "[["}}, r"m.onnx: "),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_file(tmp_path, node, changes, message):
    with pytest.raises(WeightsError, match=message) as caught:
        predict(write(tmp_path / "m.onnx", node, **changes))
    assert "\n" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
VALUES = st.text(max_size=30) | JSON.map(json.dumps) | st.sampled_from(["9" * 5000, "[" * 3000, "²"])
TENSORS = st.tuples(
    st.sampled_from(["image_and_trimap", "image", "x"]),
    st.sampled_from([FLOAT, INT, BOOL, onnx.TensorProto.DOUBLE]),
    st.none() | st.lists(st.integers(0, 40) | st.sampled_from(["n", "h", "w"]), max_size=5),
)


@given(
    node=st.sampled_from(sorted(NODES)),
    inputs=st.lists(TENSORS, max_size=2, unique_by=lambda tensor: tensor[0]),
    output=st.sampled_from(["alpha", "alpha", "y"]),
    shape=st.none() | st.lists(st.integers(0, 40) | st.sampled_from(["n", "h"]), max_size=5),
    changes=st.dictionaries(st.sampled_from([*METADATA, "other"]), VALUES, max_size=2),
)
@example(node="channel", inputs=[("image_and_trimap", FLOAT, FREE)], output="alpha", shape=None, changes={})
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_errors_of_mattekit_come_out(tmp_path, node, inputs, output, shape, changes):
    """A graph and metadata drawn at random give an alpha or an error of one line."""
    path = write(tmp_path / "m.onnx", node, inputs=inputs, output=output, shape=shape, metadata={**METADATA, **changes})
    try:
        alpha = predict(path)
    except MattekitError as error:
        assert "m.onnx" in str(error)
    else:
        assert alpha.shape == TRIMAP.shape and np.isfinite(alpha).all()

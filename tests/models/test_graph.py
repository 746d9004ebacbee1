"""Matting graphs of others: what they are fed and what is made of their answers, whatever their inputs and outputs."""

import json

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.errors import InputError, MattekitError, WeightsError
from mattekit.imaging.distance_maps import distance_maps
from mattekit.models import registry
from mattekit.models.graph import GraphModel
from mattekit.models.graph_rule import KEY, GraphRule
from mattekit.tiling import memory

onnx = pytest.importorskip("onnx", reason='ONNX is tested with the packages of pip install "mattekit[onnx]"')
pytest.importorskip("onnxruntime")
helper, FLOAT, BYTE = onnx.helper, onnx.TensorProto.FLOAT, onnx.TensorProto.UINT8
HALF = onnx.TensorProto.FLOAT16

RANDOM = np.random.default_rng(0)
IMAGE = RANDOM.random((40, 50, 3), np.float32)
TRIMAP = np.full((40, 50), 0.5, np.float32)
TRIMAP[:6], TRIMAP[-6:] = 0, 1
UNKNOWN = TRIMAP == 0.5
PLAIN = dict(mean=(0, 0, 0), std=(1, 1, 1))


def inputs(*shapes, kind=FLOAT):
    """Inputs by names and shapes, free sides named by their axis."""
    return [
        helper.make_tensor_value_info(
            name, kind, [f"{name}{i}" if side is None else side for i, side in enumerate(shape)]
        )
        for name, shape in shapes
    ]


def graph(path, given, nodes, outputs=(("alpha", None),), *, opset=18, metadata=None, constants=()):
    """Write a graph of nodes; outputs are names and shapes."""
    made = [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in outputs]
    numbers = [helper.make_tensor(f"at{i}", onnx.TensorProto.INT64, [1], [i]) for i in range(12)]
    body = helper.make_graph(nodes, "matting", given, made, [*numbers, *constants])
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    helper.set_model_props(model, metadata or {})
    path.write_bytes(model.SerializeToString())
    return path


def plane(name, i, out="alpha", *, axis=1, cast=False):
    """Nodes that give one plane of an input."""
    nodes = [helper.make_node("Cast", [name], [f"{name}{out}"], to=FLOAT)] if cast else []
    return [
        *nodes,
        helper.make_node("Slice", [f"{name}{out}" if cast else name, f"at{i}", f"at{i + 1}", f"at{axis}"], [out]),
    ]


def alpha(path, **options):
    return GraphModel(path, device="cpu", **options).alpha(IMAGE, TRIMAP)


@pytest.mark.parametrize(
    ("channels", "i", "wanted"),
    [
        (4, 3, UNKNOWN * 128 / 255),
        (4, 1, IMAGE[..., 1]),
        (5, 4, TRIMAP == 1),
        (5, 3, TRIMAP == 0),
        (6, 4, UNKNOWN),
        (6, 0, IMAGE[..., 0]),
    ],
)
def test_one_input_holds_the_image_and_a_trimap_of_one_two_or_three_planes(tmp_path, channels, i, wanted):
    path = graph(tmp_path / "m.onnx", inputs(("x", [None, channels, None, None])), plane("x", i))
    found = alpha(path, rule=GraphRule(inputs=("image", "trimap"), **PLAIN))
    np.testing.assert_allclose(found[UNKNOWN], wanted[UNKNOWN], atol=1e-6)
    np.testing.assert_array_equal(found[~UNKNOWN], TRIMAP[~UNKNOWN])


def test_colours_are_ordered_and_normalised_as_stated(tmp_path):
    rule = GraphRule(inputs=("trimap+image",), order="bgr", range="0..255", mean=(10, 0, 0), std=(300, 1, 1))
    path = graph(tmp_path / "m.onnx", inputs(("x", [1, 4, None, None])), plane("x", 1))
    np.testing.assert_allclose(alpha(path, rule=rule)[UNKNOWN], ((IMAGE[..., 2] * 255 - 10) / 300).clip(0)[UNKNOWN])
    path = graph(tmp_path / "t.onnx", inputs(("x", [1, 4, None, None])), plane("x", 0))
    with pytest.raises(WeightsError, match="alpha holds 0 to 255, wanted alphas of 0 to 1"):
        alpha(path, rule=rule)


def test_distance_maps_and_the_plain_image_are_fbas(tmp_path):
    given = inputs(
        ("image", [1, 3, None, None]),
        ("trimap", [1, 2, None, None]),
        ("image_norm", [1, 3, None, None]),
        ("trimap_transformed", [1, 6, None, None]),
    )
    for name, i, wanted in (
        ("image", 2, IMAGE[..., 2]),
        ("image_norm", 0, (IMAGE[..., 0] - 0.485) / 0.229),
        ("trimap_transformed", 4, distance_maps(TRIMAP)[..., 4]),
    ):
        nodes = [*plane(name, i, "level"), helper.make_node("Mul", ["level", "third"], ["alpha"])]
        third = helper.make_tensor("third", FLOAT, [], [1 / 3])
        found = alpha(graph(tmp_path / f"{name}.onnx", given, nodes, constants=[third]))
        np.testing.assert_allclose(found[UNKNOWN], (wanted / 3).clip(0, 1)[UNKNOWN], atol=1e-5)


@pytest.mark.parametrize(("kind", "last"), [(BYTE, False), (BYTE, True), (HALF, False)])
def test_types_and_layouts_are_the_graphs_own(tmp_path, kind, last):
    """Inputs of bytes tell that nothing is normalised; channels may be last, and a trimap have none."""
    shapes = ([1, None, None, 3], [1, None, None]) if last else ([1, 3, None, None], [1, 1, None, None])
    given = inputs(("image", shapes[0]), ("trimap", shapes[1]), kind=kind)
    divide = helper.make_node("Div", ["level", "full"], ["alpha"])
    path = graph(
        tmp_path / "m.onnx",
        given,
        [*plane("image", 1, "level", axis=3 if last else 1, cast=True), divide],
        constants=[helper.make_tensor("full", FLOAT, [], [255.0 if kind == BYTE else 1.0])],
    )
    rule = None if kind == BYTE else GraphRule(inputs=("image", "trimap"), **PLAIN)
    np.testing.assert_allclose(alpha(path, rule=rule)[UNKNOWN], IMAGE[..., 1][UNKNOWN], atol=2e-3)


def test_exports_of_transformers_vitmatte_are_understood(tmp_path):
    """By their names; mean and deviation are those of preprocessor_config.json, else its usual ones; zeros pad."""
    given = inputs(("pixel_values", [None, 4, None, None]))
    path = graph(tmp_path / "model.onnx", given, plane("pixel_values", 0, "alphas"), (("alphas", None),))
    np.testing.assert_allclose(alpha(path)[UNKNOWN], (2 * IMAGE[..., 0] - 1).clip(0)[UNKNOWN], atol=1e-6)
    said = {"image_mean": [0.1, 0, 0], "image_std": [2, 1, 1], "size_divisor": 64}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(said))
    model = GraphModel(path)
    assert model.rule.pad == 64 and model.rule.fill == "zeros"
    np.testing.assert_allclose(model.alpha(IMAGE, TRIMAP)[UNKNOWN], ((IMAGE[..., 0] - 0.1) / 2).clip(0)[UNKNOWN])


def fba(path):
    """A graph of seven planes: alpha is the trimap's, the foreground the image with its planes swapped."""
    given = inputs(("image", [1, 3, None, None]), ("trimap", [1, 2, None, None]), ("distances", [1, 6, None, None]))
    constants = [
        helper.make_tensor("swap", onnx.TensorProto.INT64, [3], [2, 0, 1]),
        helper.make_tensor("half", FLOAT, [], [0.5]),
        *[helper.make_tensor(f"three{i}", FLOAT, [1, 3, 1, 1], [value] * 3) for i, value in enumerate((0.2, 0.4))],
    ]
    nodes = [
        helper.make_node("Gather", ["image", "swap"], ["swapped"], axis=1),
        helper.make_node("Mul", ["swapped", "three0"], ["scaled"]),
        helper.make_node("Add", ["scaled", "three1"], ["fg"]),
        *plane("trimap", 1, "known"),
        helper.make_node("Add", ["known", "half"], ["a"]),
        helper.make_node("Concat", ["a", "fg", "image"], ["out"], axis=1),
    ]
    return graph(path, given, nodes, (("out", [1, 7, None, None]),), constants=constants)


def test_alpha_with_foreground_and_background_gives_both(tmp_path):
    model = GraphModel(fba(tmp_path / "fba.onnx"))
    assert model.capabilities.layers
    alpha, fg, bg = model.layers(IMAGE, TRIMAP)
    normalised = (IMAGE - np.float32((0.485, 0.456, 0.406))) / np.float32((0.229, 0.224, 0.225))
    wanted = (0.2 * normalised[..., [2, 0, 1]] + 0.4).clip(0, 1)
    np.testing.assert_allclose(fg[TRIMAP != 1], wanted[TRIMAP != 1], atol=1e-5)
    np.testing.assert_array_equal(fg[TRIMAP == 1], IMAGE[TRIMAP == 1])
    np.testing.assert_allclose(bg[TRIMAP != 0], normalised.clip(0, 1)[TRIMAP != 0], atol=1e-5)
    np.testing.assert_array_equal(alpha, TRIMAP)


def test_a_background_that_is_not_given_is_what_remains_of_the_image(tmp_path):
    nodes = [*plane("x", 0), helper.make_node("Slice", ["x", "at0", "at3", "at1"], ["fgr"])]
    path = graph(tmp_path / "m.onnx", inputs(("x", [1, 4, None, None])), nodes, (("alpha", None), ("fgr", None)))
    alpha, fg, bg = GraphModel(path, rule=GraphRule(inputs=("image", "trimap"), **PLAIN)).layers(IMAGE, TRIMAP)
    np.testing.assert_allclose(fg[UNKNOWN], IMAGE[UNKNOWN], atol=1e-6)
    composed = alpha[..., None] * fg + (1 - alpha[..., None]) * bg
    np.testing.assert_allclose(composed, IMAGE, atol=1e-5)


@pytest.mark.parametrize(("side", "tile", "said"), [(16, "auto", "reduced to that"), (512, "auto", "in tiles")])
def test_graphs_of_one_size_reduce_pictures_or_take_them_in_tiles(tmp_path, caplog, side, tile, said):
    path = graph(tmp_path / "m.onnx", inputs(("x", [1, 4, side, side])), plane("x", 1))
    model = GraphModel(path, rule=GraphRule(inputs=("image", "trimap"), **PLAIN), tile=tile)
    small = cv2.GaussianBlur(RANDOM.random((80, 90, 3), np.float32), (0, 0), 9)
    image = cv2.resize(small, (700, 600))
    trimap = np.full((600, 700), 0.5, np.float32)
    found = model.alpha(image, trimap)
    assert f"takes {side}x{side} pixels alone; larger pictures are computed {said}" in caplog.text
    np.testing.assert_allclose(found, image[..., 1], atol=1e-5 if side == 512 else 0.03)
    assert model.alpha(image[:12, :10], trimap[:12, :10]).shape == (12, 10)


def test_tiles_of_a_graph_of_any_size_are_those_asked_for(tmp_path):
    path = graph(tmp_path / "m.onnx", inputs(("x", [1, 4, None, None])), plane("x", 2))
    model = GraphModel(path, rule=GraphRule(inputs=("image", "trimap"), pad=8, **PLAIN), tile=16)
    seen, run = [], model._run
    model._run = lambda image, trimap: (seen.append(trimap.shape), run(image, trimap))[1]
    np.testing.assert_allclose(model.alpha(IMAGE, TRIMAP)[UNKNOWN], IMAGE[..., 2][UNKNOWN], atol=1e-6)
    assert set(seen) == {(16, 16)} and len(seen) > 6


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([("x", [1, 4, None, None])], r"m.onnx: inputs x \(float32, 1x4x\?x\?\); the file does not tell the mean"),
        ([("a", [1, 3, None, None]), ("b", [1, 3, None, None])], "wanted to know which take the image"),
        ([("x", [1, 9, None, None])], "wanted to know which take the image and the trimap"),
        ([("x", [1, 4])], "wanted to know which"),
    ],
)
def test_what_is_not_certain_is_asked_for(tmp_path, given, message):
    with pytest.raises(InputError, match=message) as caught:
        alpha(graph(tmp_path / "m.onnx", inputs(*given), plane(given[0][0], 0)))
    assert caught.value.remedy == "adopt" and "\n" not in str(caught.value)


RULE = GraphRule(inputs=("image", "trimap"), **PLAIN)


ONE = inputs(("x", [1, 4, None, None]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (dict(given=inputs(("x", [1, 9, None, None]))), "which does not fit image.trimap"),
        (dict(given=inputs(("x", [2, 4, None, None]))), "wanted 1xCxHxW"),
        (
            dict(given=inputs(("x", [1, 4, None, None]), ("y", [1, 1, 8, 8]), ("z", [1]))),
            "3 inputs: .* but 2 are stated",
        ),
        (dict(given=ONE, opset=99), "no model that onnxruntime .* runs"),
        (
            dict(given=ONE, outputs=(("a", None), ("b", None))),
            "wanted to know which is the",
        ),
        (dict(given=ONE, kind="shape"), r"alpha is .*wanted floats of 64x64 pixels"),
        (dict(given=ONE, kind="nan"), "alpha holds NaN or infinity"),
        (dict(given=ONE, kind="all"), "alpha has 4 planes, wanted 1"),
        (dict(given=ONE, kind="fails"), "cannot be computed for 64x64 pixels"),
        (dict(given=inputs(("x", [1, 4, 33, 40])), kind="fails"), "cannot be computed for 40x33 pixels"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_file(tmp_path, make, message):
    kinds = {
        "shape": [helper.make_node("Shape", ["x"], ["n"]), helper.make_node("Cast", ["n"], ["alpha"], to=FLOAT)],
        "nan": [helper.make_node("Sub", ["x", "x"], ["zero"]), *plane("x", 0, "one")[:1],
                helper.make_node("Div", ["one", "zero"], ["all"]), *plane("all", 0)],
        "all": [helper.make_node("Identity", ["x"], ["alpha"])],
        "fails": [helper.make_node("Reshape", ["x", "at3"], ["alpha"])],
    }  # fmt: skip
    outputs = make.get("outputs", (("alpha", None),))
    nodes = kinds.get(make.get("kind"), [node for name, _ in outputs for node in plane("x", 0, name)])
    path = graph(tmp_path / "m.onnx", make["given"], nodes, outputs, opset=make.get("opset", 18))
    with pytest.raises(MattekitError, match=message) as caught:
        alpha(path, rule=RULE)
    assert "m.onnx" in str(caught.value) and "\n" not in str(caught.value)


def test_a_graph_larger_than_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = graph(tmp_path / "m.onnx", inputs(("x", [1, 4, None, None])), plane("x", 0))
    monkeypatch.setattr(memory, "available", lambda device: 100)
    with pytest.raises(WeightsError, match="m.onnx: 0 MB of weights, 0 MB of memory available"):
        alpha(path, rule=RULE)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "gone.bin", "link.bin"])
def test_weights_outside_the_files_folder_are_not_read(tmp_path, name):
    weight = onnx.numpy_helper.from_array(np.float32([1]), "full")
    weight.ClearField("raw_data")
    weight.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", name), ("offset", "0"), ("length", "4")):
        weight.external_data.add(key=key, value=value)
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"\0" * 4)
    (folder / "link.bin").symlink_to(tmp_path / "secret")
    nodes = [*plane("x", 0, "level"), helper.make_node("Mul", ["level", "full"], ["alpha"])]
    path = graph(folder / "m.onnx", inputs(("x", [1, 4, None, None])), nodes, constants=[weight])
    wanted = "gone.bin' are missing" if name == "gone.bin" else "wanted a file of its own folder"
    with pytest.raises(WeightsError, match=wanted):
        alpha(path, rule=RULE)


def test_weights_beside_the_file_are_read(tmp_path):
    weight = onnx.numpy_helper.from_array(np.float32([0.5]), "full")
    (tmp_path / "m.bin").write_bytes(weight.raw_data)
    weight.ClearField("raw_data")
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="m.bin")
    nodes = [*plane("x", 0, "level"), helper.make_node("Mul", ["level", "full"], ["alpha"])]
    path = graph(tmp_path / "m.onnx", inputs(("x", [1, 4, None, None])), nodes, constants=[weight])
    np.testing.assert_allclose(alpha(path, rule=RULE)[UNKNOWN], IMAGE[..., 0][UNKNOWN] / 2, atol=1e-6)


def run(*words, code=0):
    result = CliRunner().invoke(app, list(map(str, words)))
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


@pytest.fixture
def scene(tmp_path):
    levels = np.full((40, 50), 128, np.uint8)
    levels[:6], levels[-6:] = 0, 255
    cv2.imwrite(str(tmp_path / "a.png"), np.rint(IMAGE[..., ::-1] * 255).astype(np.uint8))
    cv2.imwrite(str(tmp_path / "t.png"), levels)
    return tmp_path / "a.png", tmp_path / "t.png"


@pytest.mark.parametrize("copy", [False, True])
def test_a_graph_is_adopted_by_a_file_beside_it_or_in_a_copy(tmp_path, scene, copy):
    path = graph(tmp_path / "mine.onnx", inputs(("x", [1, 4, None, None])), plane("x", 1))
    refused = run("predict", *scene, "-m", path, code=1)
    assert "error:" in refused.stderr and "mattekit weights adopt FILE --inputs image,trimap" in refused.stderr
    words = ["weights", "adopt", path, "--mean", "0.1,0.2,0.3", "--std", "1,2,1", "--pad", 16]
    told = json.loads(run(*words, *(["-o", tmp_path / "own.onnx"] if copy else []), "--json").stdout)
    assert told["inputs"] == ["image+trimap"] and told["pad"] == 16
    model = tmp_path / "own.onnx" if copy else path
    assert (tmp_path / "mine.toml").exists() is not copy
    run("predict", *scene, "-m", model, "-o", tmp_path / "out.png")
    found = cv2.imread(str(tmp_path / "out.png"), -1)
    wanted = ((np.rint(IMAGE[..., 1] * 255) / 255 - 0.2) / 2).clip(0) * 255
    assert np.abs(found.astype(float) - wanted)[UNKNOWN].max() <= 0.51
    assert "image+trimap" in run("weights", "show", model).stdout
    registry._resolve.cache_clear()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--inputs", "image,tripam"], "mine.onnx: inputs: .*'tripam', wanted image, plain, trimap, distances"),
        (["--inputs", "image"], "wanted an image and a trimap"),
        (["--mean", "1,2"], "--mean 1,2: wanted three numbers"),
        (["--std", "0,1,1"], "std.0: 0.0"),
        (["--output", "beta"], "wanted beta"),
        (["-o", "x.toml"], "wanted a name that ends in .onnx"),
    ],
)
def test_what_does_not_fit_is_not_adopted(tmp_path, words, message):
    import re

    path = graph(tmp_path / "mine.onnx", inputs(("x", [1, 4, None, None])), plane("x", 1))
    result = CliRunner().invoke(app, ["weights", "adopt", str(path), *words])
    said = " ".join(result.stderr.split())
    assert result.exit_code in (1, 2) and re.search(message, said), said
    assert not (tmp_path / "mine.toml").exists()


@given(at=st.integers(0, 10_000), byte=st.integers(0, 255), kept=st.integers(1, 10_000))
@example(at=0, byte=0, kept=10_000)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files_are_refused_in_a_line(tmp_path, at, byte, kept):
    """Whatever byte is wrong and wherever the file ends, before anything is run."""
    path = graph(tmp_path / "m.onnx", inputs(("x", [1, 4, None, None])), plane("x", 0), metadata={KEY: '{"pad": 8}'})
    data = bytearray(path.read_bytes())
    data[at % len(data)] = byte
    path.write_bytes(data[: kept % len(data) + 1])
    try:
        GraphModel(path)
    except MattekitError as error:
        assert "m.onnx" in str(error) and "\n" not in str(error)


@pytest.mark.parametrize(
    ("opset", "side", "free", "message"),
    [
        (99, None, 1 << 40, "no model that onnxruntime"),
        (18, 33, 1 << 40, "cannot be computed for 33x33 pixels"),
        (18, None, 10, "MB of weights"),
    ],
)
def test_a_bad_graph_is_one_line_of_predict(tmp_path, scene, monkeypatch, opset, side, free, message):
    """A runtime too old for it, a size that its layers do not take, and a file larger than memory."""
    monkeypatch.setattr(memory, "available", lambda device: free)
    pool = [helper.make_node("Reshape", ["x", "at3"], ["alpha"])] if side else plane("x", 0)
    path = graph(tmp_path / "m.onnx", inputs(("x", [1, 4, side, side])), pool, opset=opset)
    (tmp_path / "m.toml").write_text('inputs = ["image", "trimap"]\n')
    stderr = run("predict", *scene, "-m", path, "-o", tmp_path / "out.png", code=1).stderr
    errors = [line for line in stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1 and message in errors[0] and "Traceback" not in stderr
    assert not (tmp_path / "out.png").exists()

"""Segmentation networks that users bring: recognised, fed and read as their authors do; told in one line if unfit."""

import zipfile

import numpy as np
import pytest

from mattekit.errors import InputError, MattekitError, MissingExtraError, MissingFileError, WeightsError
from mattekit.inference.graph import Graph, Tensor
from mattekit.trimap_sources.segmentation import runtime
from mattekit.trimap_sources.segmentation.families import FAMILIES, UNKNOWN, family_of
from mattekit.trimap_sources.segmentation.rule import Rule
from mattekit.trimap_sources.segmenter import Segmenter, input_size, prepared, segment_source

onnx = pytest.importorskip("onnx", reason='ONNX is tested with the packages of pip install "mattekit[test]"')
helper = onnx.helper
PLAIN = "mean = [0, 0, 0]\nstd = [1, 1, 1]\n"


@pytest.fixture(params=["onnxruntime", "OpenCV"])
def engine(request, monkeypatch):
    """Whatever runs ONNX files."""
    if request.param == "onnxruntime":
        pytest.importorskip("onnxruntime")
    else:
        monkeypatch.setattr(runtime, "has_onnxruntime", lambda: False)
    return request.param


@pytest.fixture
def disc():
    """A picture of a white disc on black, and where the disc is."""
    inside = np.hypot(*np.ogrid[-1:1:96j, -1:1:128j]) < 0.6
    return np.repeat(inside[..., None], 3, 2).astype(np.float32), inside


def test_a_picture_becomes_the_probability_of_its_subject(engine, network, disc):
    """The network sees 16x16 pixels; the edge is drawn at full size, where the picture has it."""
    image, inside = disc
    path = network()
    path.with_suffix(".toml").write_text(PLAIN)
    probability = segment_source(path).probability(image)
    assert probability.shape == inside.shape and probability.dtype == np.float32
    assert probability.min() >= 0 and probability.max() <= 1
    assert ((probability >= 0.5) != inside).mean() < 0.005


def test_highlights_of_float_pictures_count_as_white(network, disc):
    """Also where they are averaged with their neighbours for the network."""
    path = network()
    path.with_suffix(".toml").write_text(PLAIN)
    bright = np.where(disc[1][..., None], np.float32(500), np.float32(0)) * np.ones(3, np.float32)
    np.testing.assert_array_equal(Segmenter(path).probability(bright), Segmenter(path).probability(disc[0]))


def test_networks_of_half_precision_are_fed_such(network, disc):
    pytest.importorskip("onnxruntime")
    path = network(kind="FLOAT16")
    path.with_suffix(".toml").write_text(PLAIN)
    image, inside = disc
    assert ((Segmenter(path).probability(image) >= 0.5) != inside).mean() < 0.005


def test_its_trimap_knows_both_sides_and_says_why(network, disc):
    image, inside = disc
    path = network()
    path.with_suffix(".toml").write_text(PLAIN)
    made = segment_source(path, band="5")(image)
    assert inside[made.trimap == 1].all() and not inside[made.trimap == 0].any()
    assert set(np.unique(made.trimap)) == {0, 0.5, 1}
    assert made.facts["network"] == str(path) and made.reasons.max() < len(made.reason_names)


def test_layouts_of_input_and_output_are_found(engine, network, disc):
    """Channels last in, channels last out."""
    mean = [helper.make_node("ReduceMean", ["x", "last"], ["y"], keepdims=1)]
    last = helper.make_tensor("last", onnx.TensorProto.INT64, [1], [3])
    path = network(nodes=mean, shape=(1, 16, 16, 3), weights=[last])
    path.with_suffix(".toml").write_text(PLAIN)
    image, inside = disc
    assert ((Segmenter(path).probability(image) >= 0.5) != inside).mean() < 0.005


def test_the_channels_of_a_picture_keep_their_places(engine, network):
    """A network that answers with red finds the red half; one for BGR the blue one."""
    slices = [helper.make_node("Slice", ["x", "zero", "one", "one"], ["y"])]
    zero = helper.make_tensor("zero", onnx.TensorProto.INT64, [1], [0])
    path = network(nodes=slices, weights=[zero])
    image = np.zeros((32, 32, 3), np.float32)
    image[:, :16, 0], image[:, 16:, 2] = 1, 1
    for channels, half in (("rgb", slice(0, 14)), ("bgr", slice(18, 32))):
        path.with_suffix(".toml").write_text(f'{PLAIN}channels = "{channels}"')
        inside = Segmenter(path).probability(image) >= 0.5
        assert inside[:, half].all() and inside.mean() < 0.6


def answers(network, shape, values, name="net.onnx", **settings):
    """Write a network that always answers with a constant."""
    kind = onnx.TensorProto.INT64 if values.dtype == np.int64 else onnx.TensorProto.FLOAT
    constant = helper.make_tensor("value", kind, shape, values.ravel())
    nodes = [helper.make_node("Constant", [], ["y"], value=constant)]
    path = network(nodes=nodes, name=name, **settings)
    path.with_suffix(".toml").write_text(PLAIN)
    return path


LEFT = np.repeat([1.0, 0.0], 8)[None].repeat(16, 0)  # (16, 16), the left half
GREY = np.full((16, 16, 3), 0.5, np.float32)


@pytest.mark.parametrize(
    ("shape", "values", "classes"),
    [
        ((1, 1, 16, 16), LEFT, None),
        ((1, 16, 16, 1), LEFT, None),
        ((1, 16, 16), LEFT, None),
        ((16, 16), LEFT, None),
        ((1, 1, 16, 16), 40 * LEFT - 20, None),  # logits
        ((1, 2, 16, 16), np.stack([1 - LEFT, LEFT]), None),  # background and foreground
        ((1, 3, 16, 16), np.stack([0 * LEFT, 9 - 9 * LEFT, 9 * LEFT]), "2"),  # logits
        ((1, 4, 16, 16), np.stack([9 - 9 * LEFT, 9 * LEFT, 9 * LEFT, 0 * LEFT]), "1, 2"),
        ((1, 16, 16, 3), np.stack([0 * LEFT, 9 - 9 * LEFT, 9 * LEFT], 2), "2"),
    ],
)
def test_answers_of_every_kind_become_probabilities(network, shape, values, classes):
    path = answers(network, shape, np.float32(values))
    coarse = Segmenter(path, tuple(map(int, classes.split(","))) if classes else ()).probability(GREY)
    np.testing.assert_allclose(coarse[:, :4], 1, atol=0.02)
    np.testing.assert_allclose(coarse[:, -4:], 0, atol=0.02)


def test_numbers_of_classes_are_taken_as_such(network):
    path = network(nodes=[helper.make_node("Constant", [], ["y"], value=labels())], kind="FLOAT")
    graph = onnx.load(path)
    graph.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.INT64
    onnx.save(graph, path)
    path.with_suffix(".toml").write_text(PLAIN)
    assert Segmenter(path, (7,)).probability(GREY)[8, [2, -2]].round() == pytest.approx([1, 0])
    with pytest.raises(InputError, match="net.onnx: classes 0 to 7"):
        Segmenter(path).probability(GREY)


def labels():
    return helper.make_tensor("value", onnx.TensorProto.INT64, [1, 16, 16], (7 * LEFT).astype(np.int64).ravel())


def test_of_several_outputs_the_first_of_full_resolution_is_taken(engine, network):
    """As U-2-Net has seven, and segmenters of torchvision a second one for training."""
    small = np.zeros((1, 1, 8, 8), np.float32)
    full = np.float32(LEFT)[None, None]
    values = {"a": small, "b": full, "c": 1 - full}
    nodes = [
        helper.make_node("Constant", [], [name], value=onnx.numpy_helper.from_array(value))
        for name, value in values.items()
    ]
    path = network(nodes=nodes, outputs=tuple(values))
    path.with_suffix(".toml").write_text(PLAIN)
    assert Segmenter(path).probability(GREY)[8, 2] > 0.9
    for output in ('"c"', "-1", "2"):
        path.with_suffix(".toml").write_text(f"{PLAIN}output = {output}")
        assert Segmenter(path).probability(GREY)[8, 2] < 0.1
    for output in ('"d"', "3", "-4"):
        path.with_suffix(".toml").write_text(f"{PLAIN}output = {output}")
        with pytest.raises(WeightsError, match=r"net.onnx: outputs a .*, wanted output"):
            Segmenter(path).probability(GREY)


def test_stretching_spares_answers_without_contrast(network):
    """U-2-Net's authors stretch each answer to 0..1; noise must not become a subject."""
    faint, contrast = np.float32(0.2 + 0.05 * LEFT), np.float32(0.2 + 0.5 * LEFT)
    for values, high in ((faint, 0.26), (contrast, 1)):
        path = answers(network, (1, 1, 16, 16), values)
        path.with_suffix(".toml").write_text(f"{PLAIN}stretch = true")
        assert Segmenter(path).probability(GREY).max() == pytest.approx(high, abs=0.02)


def graph_of(*sides, outputs=1, layout="nchw", channels=1):
    shape = (1, 3, *sides) if layout == "nchw" else (1, *sides, 3)
    answer = (1, channels, *sides) if layout == "nchw" else (1, *sides, channels)
    return Graph((Tensor("x", "float32", shape),), (Tensor("y", "float32", answer),) * outputs)


@pytest.mark.parametrize(
    ("name", "graph", "family"),
    [
        ("u2netp.onnx", graph_of(320, 320, outputs=7), "u2net"),
        ("silueta.onnx", graph_of(320, 320), "u2net"),
        ("any.onnx", graph_of(320, 320, outputs=7), "u2net"),
        ("isnet-general-use.onnx", graph_of(1024, 1024), "isnet"),
        ("RMBG-1.4.onnx", graph_of(1024, 1024), "isnet"),
        ("RMBG_2.0.onnx", graph_of(1024, 1024), "birefnet"),
        ("BiRefNet-general-epoch_244.onnx", graph_of(1024, 1024), "birefnet"),
        ("modnet_photographic_portrait_matting.onnx", graph_of(None, None), "modnet"),
        ("selfie_segmentation_landscape.tflite", graph_of(144, 256, layout="nhwc"), "selfie"),
        ("selfie_multiclass_256x256.tflite", graph_of(256, 256, layout="nhwc", channels=6), "selfie-multiclass"),
        ("seg.tflite", graph_of(256, 256, layout="nhwc"), "selfie"),
        ("deeplabv3.tflite", graph_of(257, 257, layout="nhwc", channels=21), "deeplab"),
        ("mine.onnx", graph_of(512, 512), None),
    ],
)
def test_families_are_known_by_their_files_names_or_their_tensors(name, graph, family):
    assert family_of(name, graph) == family


IMAGE = np.random.default_rng(0).random((64, 48, 3), np.float32) * 0.9


@pytest.mark.parametrize(
    ("family", "formula"),
    [
        ("u2net", lambda x: (x / x.max() - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]),
        ("birefnet", lambda x: (x - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]),
        ("isnet", lambda x: x - 0.5),
        ("modnet", lambda x: (x * 255 - 127.5) / 127.5),
        ("deeplab", lambda x: x * 2 - 1),
        ("selfie", lambda x: x),
    ],
)
def test_pictures_are_prepared_by_the_formulas_that_the_authors_publish(family, formula):
    """At the network's own size, so that no resampling is in it."""
    x = prepared(IMAGE, IMAGE.shape[:2], FAMILIES[family])
    assert x.shape == (1, 3, 64, 48) and x.dtype == np.float32
    np.testing.assert_allclose(x[0].transpose(1, 2, 0), formula(IMAGE.astype(np.float64)), atol=1e-5)


@pytest.mark.parametrize(
    ("picture", "size"),
    [((3000, 4000), (512, 672)), ((300, 200), (768, 512)), ((500, 900), (480, 896)), ((20, 4000), (32, 4000))],
)
def test_modnet_keeps_proportions_as_its_authors_do(picture, size):
    """A shorter side of 512 for pictures wholly larger or smaller, sides cut to multiples of 32."""
    assert input_size(picture, graph_of(None, None), FAMILIES["modnet"]) == size


def test_sides_that_the_graph_fixes_go_before_the_rules():
    assert input_size((600, 800), graph_of(512, None), FAMILIES["u2net"]) == (512, 320)
    assert input_size((600, 800), graph_of(512, 512), UNKNOWN) == (512, 512)


def test_an_unknown_network_is_used_with_a_note(network, caplog, disc):
    segment_source(network(name="mine.onnx"))
    assert "mine.onnx: of no known family" in caplog.text and "mine.toml" in caplog.text


def test_a_changed_rule_is_read_anew(network):
    path = answers(network, (1, 1, 16, 16), np.float32(0.2 + 0.5 * LEFT))
    before = Segmenter(path).probability(GREY).max()
    path.with_suffix(".toml").write_text(f"{PLAIN}stretch = true  # now")
    import os

    os.utime(path.with_suffix(".toml"), (1, 1))
    assert Segmenter(path).probability(GREY).max() > before + 0.2


NODE = helper.make_node
TWO = helper.make_tensor("two", onnx.TensorProto.INT64, [4], [1, 1, 1, 1])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(inputs=("a", "b", "c", "d")), r"net.onnx: 5 inputs: x .*, wanted one, the picture"),
        (dict(shape=(1, 4, 16, 16)), r"net.onnx: its input is x \(float32, 1x4x16x16\), wanted float32 of 1x3xHxW"),
        (dict(shape=(2, 3, 16, 16)), "its input is x"),
        (dict(shape=(3, 16, 16)), "its input is x"),
        (dict(shape=(1, 3, 16, 100_000)), "wanted sides of 1 to 8192 pixels"),
        (dict(kind="INT64", nodes=[NODE("Identity", ["x"], ["y"])]), r"its input is x \(int64"),
        (dict(nodes=[NODE("NoSuchLayer", ["x"], ["y"])]), "net.onnx: no model that (onnxruntime|OpenCV) .* runs"),
        (dict(nodes=[NODE("ReduceMean", ["x"], ["y"], keepdims=0)]), "outputs .*, wanted a map of the picture"),
        (dict(nodes=[NODE("Log", ["x"], ["l"]), NODE("ReduceMean", ["l", "one"], ["y"])]), "holds NaN or infinity"),
    ],
)  # fmt: skip
def test_unfit_networks_are_told_in_one_line(engine, network, settings, message):
    path = network(**settings)
    path.with_suffix(".toml").write_text(PLAIN)
    with pytest.raises(WeightsError, match=message) as caught:
        segment_source(path).probability(np.zeros((16, 16, 3), np.float32))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


def test_an_operator_set_that_onnxruntime_lacks_is_told_in_one_line(network):
    pytest.importorskip("onnxruntime")
    path = network(opset=99)
    path.with_suffix(".toml").write_text(PLAIN)
    with pytest.raises(WeightsError, match="net.onnx: no model that onnxruntime .* runs .*opset") as caught:
        segment_source(path).probability(GREY)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_networks_are_told_in_one_line(network, tmp_path):
    text = tmp_path / "text.onnx"
    text.write_text("no network at all, but a text of some length\n" * 20)
    empty, lite, other = tmp_path / "empty.onnx", tmp_path / "text.tflite", tmp_path / "seg.pth"
    empty.touch()
    lite.write_text("the same\n" * 50)
    other.write_text("x")
    for path, kind in ((text, "ONNX"), (empty, "ONNX"), (lite, "TensorFlow Lite")):
        with pytest.raises(WeightsError, match=f"{path.name}: damaged, or no {kind} file"):
            segment_source(path)
    with pytest.raises(InputError, match="seg.pth: wanted a network's .onnx or .tflite file"):
        segment_source(other)
    with pytest.raises(MissingFileError, match="no.onnx: no such file"):
        segment_source(tmp_path / "no.onnx")


def test_a_truncated_file_is_told_in_one_line(engine, network):
    """Wherever it ends."""
    path = network()
    path.with_suffix(".toml").write_text(PLAIN)
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 7):
        path.write_bytes(whole[:length])
        with pytest.raises(WeightsError, match="net.onnx: ") as caught:
            segment_source(path).probability(GREY)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"net.toml: no mean and no std, wanted them, or family"),
        ("mean = [0, 0, 0]", r"net.toml: no std, wanted them, or family: one of u2net, isnet"),
        ('family = "unet"', r"net.toml: family: 'unet', wanted one of u2net"),
        ("mean = [0, 0]\nstd = [1, 1, 1]", r"net.toml: mean: .*[Ff]ield required"),
        ("mean = [0, 0, 0]\nstd = [1, 0, 1]", r"net.toml: std: 0: Input should be greater than 0.000001"),
        ("mean = [0, 0, nan]\nstd = [1, 1, 1]", r"net.toml: mean: nan: Input should be"),
        (PLAIN + "sise = 3", r"net.toml: sise: unknown, wanted family, mean, std, size"),
        (PLAIN + "size = 100000", r"net.toml: size: 100000: Input should be less"),
        (PLAIN + 'activation = "relu"', r"net.toml: activation: relu: Input should be 'auto'"),
        (PLAIN + "classes = [-1]", r"net.toml: classes: -1: Input should be greater"),
        (PLAIN + "mean = 3", r"net.toml: not valid TOML"),
    ],
)
def test_a_bad_rule_is_told_in_one_line(network, text, message):
    path = network()
    path.with_suffix(".toml").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        segment_source(path)
    assert "\n" not in str(caught.value)


def test_a_rule_completes_a_familys(network):
    path = network(shape=(1, 3, None, None))
    path.with_suffix(".toml").write_text('family = "u2net"\nsize = 32\nstretch = false')
    assert segment_source(path)._used[1] == FAMILIES["u2net"].model_copy(update={"size": (32, 32), "stretch": False})


def test_free_sides_need_a_size(network):
    path = network(shape=(1, 3, None, None))
    with pytest.raises(InputError, match=r"net.onnx: .* any size, wanted to know which: write .*net.toml with mean"):
        segment_source(path)
    path.with_suffix(".toml").write_text(PLAIN)
    with pytest.raises(InputError, match=r"net.onnx: .* add size to .*net.toml"):
        segment_source(path)


@pytest.mark.parametrize(
    ("count", "classes", "message"),
    [
        (3, None, "net.onnx: 3 classes, 0 to 2, wanted to know which"),
        (3, "3", "net.onnx: class 3, but it tells apart 3, 0 to 2"),
        (1, "1", "net.onnx: class 1, but it tells apart 1"),
        (3, "person", "class person: wanted whole numbers"),
        (3, "1,", "class 1,: wanted numbers or names"),
        (3, "-1", "class -1: wanted whole numbers"),
    ],
)
def test_classes_are_among_the_networks(network, count, classes, message):
    path = answers(network, (1, count, 16, 16), np.zeros((count, 16, 16), np.float32))
    with pytest.raises(InputError, match=message):
        segment_source(path, classes).probability(GREY)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("names", "{0: 'grass', 1: 'traffic light', 2: \"cow\"}"),  # as Ultralytics writes them
        ("id2label", '{"0": "grass", "2": "cow", "1": "Traffic_Light"}'),
        ("classes", '["grass", "traffic-light", "cow"]'),
    ],
)
def test_names_of_classes_are_found_in_the_networks_metadata(network, key, text):
    """The second class is 1 in the left half, and the third everywhere else."""
    values = np.zeros((3, 16, 16), np.float32)
    values[1, :, :8], values[2, :, 8:] = 1, 1
    path = answers(network, (1, 3, 16, 16), values)
    model = onnx.load(path)
    helper.set_model_props(model, {"author": "someone", key: text})
    onnx.save(model, path)
    by_name = segment_source(path, "traffic light").probability(GREY)
    assert by_name[:, :5].min() > 0.9 and by_name[:, -5:].max() < 0.1
    with pytest.raises(InputError, match=r"net.onnx: class dog: wanted a number or one of grass, .*, cow\."):
        segment_source(path, "dog")


@pytest.mark.parametrize("text", ["", "{", "12", "__import__('os').getcwd()", "{'a': 'b'}", "[" * 500, "{0: " * 90])
def test_metadata_that_name_no_classes_are_passed_over(network, text):
    path = answers(network, (1, 3, 16, 16), np.zeros((3, 16, 16), np.float32))
    model = onnx.load(path)
    helper.set_model_props(model, {"names": text})
    onnx.save(model, path)
    with pytest.raises(InputError, match="class dog: wanted whole numbers, as its file names no classes"):
        segment_source(path, "dog")


def test_names_of_classes_are_found_in_the_archive_of_a_lite_file(tmp_path):
    from mattekit.trimap_sources.segmentation.class_names import names_in

    path = tmp_path / "net.tflite"
    path.write_bytes(bytes(64))
    assert names_in(path) == ()
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("about.json", "{}")
        archive.writestr("labelmap.txt", "background\nperson\n")
    assert names_in(path) == ("background", "person")


@pytest.mark.parametrize(("value", "absent"), [(0.1, "foreground"), (0.9, "background")])
def test_a_picture_without_subject_is_told_so(network, value, absent):
    path = answers(network, (1, 1, 16, 16), np.full((16, 16), value, np.float32))
    with pytest.raises(InputError, match=f"net.onnx finds no {absent} in this picture"):
        segment_source(path)(GREY)


def external(tmp_path, location):
    """Write a network whose weight lies in another file."""
    folder = tmp_path / "inner"
    folder.mkdir(exist_ok=True)
    for name in (tmp_path / "outside.bin", folder / "beside.bin"):
        name.write_bytes(np.full(3, 1 / 3, np.float32).tobytes())
    weight = onnx.TensorProto(name="w", data_type=onnx.TensorProto.FLOAT, dims=[1, 3, 1, 1], data_location=1)
    for key, value in (("location", location), ("offset", "0"), ("length", "12")):
        weight.external_data.add(key=key, value=value)
    tensor = helper.make_tensor_value_info
    graph = helper.make_graph(
        [NODE("Conv", ["x", "w"], ["y"])],
        "external",
        [tensor("x", 1, (1, 3, 16, 16))],
        [tensor("y", 1, None)],
        [weight],
    )
    path = folder / "net.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    path.with_suffix(".toml").write_text(PLAIN)
    return path


def test_weights_in_other_files_stay_in_the_networks_folder(tmp_path, disc):
    pytest.importorskip("onnxruntime")
    image, inside = disc
    beside = Segmenter(external(tmp_path, "beside.bin")).probability(image)
    assert ((beside >= 0.5) != inside).mean() < 0.005
    for location in ("../outside.bin", str(tmp_path / "outside.bin")):
        with pytest.raises(WeightsError, match="net.onnx: no model that onnxruntime"):
            Segmenter(external(tmp_path, location)).probability(image)


def test_opencv_is_not_given_weights_in_other_files(tmp_path, monkeypatch):
    """It would follow any path."""
    monkeypatch.setattr(runtime, "has_onnxruntime", lambda: False)
    with pytest.raises(MissingExtraError, match=r"net.onnx: its weights lie in a file of their own"):
        segment_source(external(tmp_path, "beside.bin"))


def test_weights_are_read_once_and_only_when_needed(network, disc, monkeypatch):
    count = []
    load = runtime.Network._by_onnxruntime
    monkeypatch.setattr(runtime.Network, "_by_onnxruntime", lambda self: count.append(1) or load(self))
    monkeypatch.setattr(runtime, "has_onnxruntime", lambda: True)
    path = network()
    path.with_suffix(".toml").write_text(PLAIN)
    source = segment_source(path)
    assert not count
    for _ in range(2):
        source.probability(disc[0])
        segment_source(path).probability(disc[0])
    assert len(count) == 1


def test_a_source_can_be_sent_to_another_process(network, disc):
    import pickle

    path = network()
    path.with_suffix(".toml").write_text(PLAIN)
    source = segment_source(path)
    first = source.probability(disc[0])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(source)).probability(disc[0]), first)


def test_random_bytes_in_a_file_are_told_in_one_line(network):
    """Of the header alone: what the file says of its inputs and outputs."""
    path = network()
    path.with_suffix(".toml").write_text(PLAIN)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(200):
        changed = bytearray(whole)
        for place in rng.integers(0, len(whole), rng.integers(1, 5)):
            changed[place] = rng.integers(0, 256)
        path.write_bytes(changed)
        try:
            segment_source(path)
        except MattekitError as error:
            assert "\n" not in str(error) and "net" in str(error)


def test_rules_of_the_table_are_what_a_file_can_say():
    assert all(isinstance(rule, Rule) and rule.family == name for name, rule in FAMILIES.items())

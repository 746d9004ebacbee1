"""TensorFlow Lite networks, which OpenCV runs; damaged ones cost an error, not the process."""

import numpy as np
import pytest

from mattekit.errors import MattekitError, WeightsError
from mattekit.trimap_sources.segmentation import trial
from mattekit.trimap_sources.segmentation.tflite_graph import read_graph
from mattekit.trimap_sources.segmenter import Segmenter, segment_source

HALVES = np.zeros((16, 16, 3), np.float32)
HALVES[:, :8, 1] = 1  # green on the left


def test_a_network_of_channels_last_answers_by_class(lite):
    path = lite()
    graph = read_graph(path)
    assert graph.layout == "nhwc" and graph.size == (16, 16) and graph.inputs[0].name == "x"
    assert graph.outputs[0].shape == (1, 16, 16, 3) and graph.outputs[0].kind == "float32"
    probability = Segmenter(path).probability(HALVES)
    assert probability[:, :6].min() > 0.9 and probability[:, 10:].max() < 0.1


def test_a_truncated_file_is_told_in_one_line(lite):
    """Wherever it ends."""
    path = lite()
    whole = path.read_bytes()
    for length in range(8, len(whole) - 4, 12):
        path.write_bytes(whole[:length])
        try:
            graph = read_graph(path)
        except WeightsError as error:
            assert "net.tflite: damaged, or no TensorFlow Lite file" in str(error) and "\n" not in str(error)
        else:
            assert graph.inputs[0].name == "x"


def test_changed_bytes_are_read_within_bounds(lite):
    path = lite()
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(500):
        changed = bytearray(whole)
        for place in rng.integers(0, len(whole), rng.integers(1, 4)):
            changed[place] = rng.choice([0, 1, 127, 128, 255])
        path.write_bytes(changed)
        try:
            segment_source(path)
        except MattekitError as error:
            assert "\n" not in str(error) and len(str(error)) < 1000


def test_a_file_that_kills_opencv_is_told_in_one_line(lite):
    """Tensors without buffers did so in OpenCV 5.0; a version that minds them says what is wrong itself."""
    with pytest.raises(WeightsError, match=r"net.tflite: (damaged: it kills the process|no model that OpenCV)"):
        segment_source(lite(sound=False)).probability(HALVES)


def test_a_file_that_never_ends_is_told_in_one_line(lite, monkeypatch):
    monkeypatch.setattr(trial, "SECONDS", 0.001)
    with pytest.raises(WeightsError, match=r"net.tflite: not read within 0.001 s"):
        segment_source(lite()).probability(HALVES)

"""Models are found by name or file, cheaply, and say what they support."""

import numpy as np
import pytest
import torch

from mattekit import baselines
from mattekit.errors import InputError, MissingFileError, WeightsError
from mattekit.inference.network import network_predictor
from mattekit.inference.refinement import RefinementSettings
from mattekit.models import registry
from mattekit.models.model import Model
from mattekit.models.prediction import predict_alpha
from mattekit.networks import build
from mattekit.networks.header import header_of
from mattekit.networks.safetensors_file import save_network


def scene(size):
    random = np.random.default_rng(0)
    trimap = random.choice(np.float32([0, 0.5, 1]), size)
    return random.random((*size, 3), np.float32), trimap


def test_a_file_of_weights_is_a_model(tmp_path):
    """Its header says how images are prepared; the same file is read once, a new one of its name again."""
    (image, trimap), path = scene((30, 50)), tmp_path / "a2u.safetensors"
    for seed in (0, 1):
        torch.manual_seed(seed)
        network = build("a2u").eval()
        save_network(path, network, header_of(network))
        alpha = registry.load(path, "cpu").alpha(image, trimap)
        np.testing.assert_array_equal(alpha, network_predictor(network, "reflect-16")(image, trimap))
        assert registry.resolve(path, "cpu") is registry.resolve(str(path), "cpu")


def test_resolving_reads_no_weights(weights_file, monkeypatch):
    """Commands refuse a bad model before any work; what reads weights is the first alpha, or `load`."""
    monkeypatch.setattr("mattekit.models.torch.load_network", lambda path: pytest.fail("weights are read"))
    model = registry.resolve(weights_file, "cpu", tile=512)
    assert model.placement == "cpu, fp32" and model.input_size((33, 64)) == (64, 64)
    with pytest.raises(pytest.fail.Exception):
        model.load()


@pytest.mark.parametrize("name", ["closed-form", "default", "file"])
def test_models_do_what_they_say(name, weights_file):
    image, trimap = scene((40, 48))
    model = registry.load(weights_file if name == "file" else name, "cpu")
    assert isinstance(model, Model)
    alpha = model.alpha(image, trimap)
    assert alpha.dtype == np.float32 and alpha.shape == trimap.shape and 0 <= alpha.min() <= alpha.max() <= 1
    np.testing.assert_array_equal(alpha[trimap != 0.5], trimap[trimap != 0.5])
    assert model.alphas([]) == []
    for one in model.alphas([(image, trimap)] * 2):
        np.testing.assert_allclose(one, alpha, atol=1e-5)
    if model.capabilities.refinement:
        seen = []
        assert (
            predict_alpha(model, image, trimap, refinement=RefinementSettings(2), report=seen.append).shape
            == trimap.shape
        )
        assert len(seen) == 1
    else:
        with pytest.raises(InputError, match="a classical method, wanted a network's file"):
            predict_alpha(model, image, trimap, refinement=RefinementSettings(2))
    if model.capabilities.needs_both_classes:
        with pytest.raises(InputError, match="no foreground pixel"):
            model.alpha(image, np.where(trimap == 1, np.float32(0.5), trimap))


def test_all_names_resolve():
    assert set(baselines.ALPHA) < set(registry.names())
    assert [registry.resolve(name).name for name in registry.names()] == registry.names()


def test_a_model_that_is_neither_method_nor_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="closed-forn: no such model. Use one of default, closed-form"):
        registry.resolve("closed-forn")
    with pytest.raises(MissingFileError, match="none.safetensors: no such file"):
        registry.resolve(tmp_path / "none.safetensors")
    with pytest.raises(InputError, match="a2u: a network whose weights are not in the package"):
        registry.resolve("a2u")


@pytest.mark.parametrize(
    ("network", "changes", "error", "message"),
    [
        ("reconstruction-nearest", {}, InputError, "reconstruction-nearest, which is no matting network"),
        ("indexnet-b11", {"preparation": "resize-31"}, WeightsError, "'resize-31'"),
        ("mixing", {"arguments": {"prior": ["fine"]}}, WeightsError, r"\['fine'\], wanted one of coarse"),
    ],
)
def test_headers_are_checked_before_weights_are_read(tmp_path, network, changes, error, message):
    from dataclasses import replace

    with torch.device("meta"):
        header = header_of(build(network))
    path = tmp_path / "n.safetensors"
    save_network(path, torch.nn.Linear(1, 1), replace(header, **changes))
    with pytest.raises(error, match=f"n.safetensors: .*{message}"):
        registry.resolve(path)

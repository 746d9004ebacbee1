"""Averages over views are the authors' averages, of any model."""

import logging

import numpy as np
import pytest
import torch

from mattekit.errors import InputError
from mattekit.inference.network import network_predictor
from mattekit.inference.views import MODES, VIEWS, average_views
from mattekit.networks import build
from mattekit.networks.lsa import lsa
from mattekit.networks.released import lsa as released


def scene(size=(9, 14)):
    random = np.random.default_rng(0)
    trimap = np.full(size, 0.5, np.float32)
    trimap[:3], trimap[-3:] = 0, 1
    return random.random((*size, 3), np.float32), trimap


@pytest.mark.parametrize(("mode", "name"), [("dihedral", "odd_alpha_tta8"), ("full", "odd_alpha_tta24")])
def test_equals_the_authors_averages(oracle, mode, name):
    """Of 8 and of 24 forwards (LSA's released code)."""
    reference = oracle("lsa_resnet50d")
    with torch.device("meta"):
        network = lsa(**released.configuration(reference.state)).eval()
    network.load_state_dict(released.rename(reference.state), assign=True)
    image = np.ascontiguousarray(reference.data["odd_bgr"][..., ::-1], np.float32) / 255
    levels = reference.data["odd_trimap"]
    trimap = np.select([levels == 0, levels == 255], [0, 1], 0.5).astype(np.float32)
    alpha = average_views(network_predictor(network, "lsa-ring"), mode)(image, trimap)
    unknown = trimap == 0.5
    np.testing.assert_allclose(alpha[unknown], reference.data[name].clip(0, 1)[unknown], rtol=0, atol=1e-4)
    np.testing.assert_array_equal(alpha[~unknown], trimap[~unknown])


@pytest.mark.parametrize("bits", [8, 16])
def test_resized_pictures_keep_their_depth(bits):
    """What 8 bits hold is resized to what 8 bits hold; finer colours stay fine."""
    top, seen = 2**bits - 1, []
    image, trimap = scene((20, 30))

    def note(image, trimap):
        seen.append(image)
        return trimap

    average_views(note, "full")((np.rint(image * top) / top).astype(np.float32), trimap)
    off = max(np.abs(image * 255 - np.rint(image * 255)).max() for image in seen)
    assert (off < 1e-3) == (bits == 8) and min(image.min() for image in seen) >= -0.2


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 3), (1, 4)])
def test_every_view_is_undone(view, shape):
    array = np.arange(np.prod(shape)).reshape(shape)
    np.testing.assert_array_equal(view.undo(view.apply(array)), array)


def test_the_views_are_the_eight_symmetries():
    array = np.arange(12).reshape(3, 4)
    rotations = [np.rot90(a, k) for a in (array, array[:, ::-1]) for k in range(4)]
    assert sorted(view.apply(array).tolist() for view in VIEWS) == sorted(a.tolist() for a in rotations)


@pytest.mark.parametrize(("mode", "calls"), [("none", 1), ("flip", 2), ("dihedral", 8), ("full", 24)])
def test_every_view_is_asked_once(mode, calls):
    """In C order and at int(side * scale); a method that knows where it looks returns it unmoved."""
    image, trimap = scene()
    seen = []

    def red(image, trimap):
        assert image.flags.c_contiguous and trimap.flags.c_contiguous and image.dtype == trimap.dtype == np.float32
        assert set(np.unique(trimap)) == {0, 0.5, 1}
        seen.append(trimap.shape)
        return image[..., 0]

    alpha = average_views(red, mode)(image, trimap)
    unknown = trimap == 0.5
    assert len(seen) == calls and alpha.dtype == np.float32
    if mode != "full":
        np.testing.assert_allclose(alpha[unknown], image[..., 0][unknown], atol=1e-6)
    else:
        assert set(seen) == {(9, 14), (14, 9), (7, 11), (11, 7), (17, 11), (11, 17)}


def test_views_of_one_size_are_computed_together_where_a_method_can():
    """Four views at once; the average is that of one by one."""
    torch.manual_seed(0)
    network = build("a2u").eval()
    predictor, sizes = network_predictor(network, "reflect-16"), []

    def several(batch):
        sizes.append([trimap.shape for _, trimap in batch])
        return predictor.several(*zip(*batch, strict=True))

    image, trimap = scene((17, 30))
    together = average_views(predictor, "dihedral", several)(image, trimap)
    np.testing.assert_allclose(together, average_views(predictor, "dihedral")(image, trimap), atol=5e-5)
    assert sizes == [[(17, 30)] * 4, [(30, 17)] * 4]


def test_classical_methods_are_averaged_too():
    """Views only relabel the windows of closed-form matting, so its mean is its answer."""
    from mattekit import baselines

    image, trimap = scene((12, 14))
    method = baselines.ALPHA["closed-form"]
    np.testing.assert_allclose(average_views(method, "dihedral")(image, trimap), method(image, trimap), atol=1e-4)


def test_a_scale_that_loses_a_class_is_left_out(caplog):
    """One foreground pixel, which nearest-neighbour reduction skips, counts at the other scales."""
    image, trimap = scene((10, 10))
    trimap[:] = 0.5
    trimap[0], trimap[5, 4] = 0, 1
    with caplog.at_level(logging.INFO, "mattekit"):
        alpha = average_views(lambda image, trimap: np.full(trimap.shape, 0.25, np.float32), "full")(image, trimap)
    assert ("scale 0.8 is left out" in caplog.text) == (alpha[5, 4] == 1)
    np.testing.assert_array_equal(alpha[trimap == 0.5], 0.25)


def test_another_mode_is_refused():
    with pytest.raises(InputError, match="'eight', wanted one of none, flip, dihedral, full"):
        average_views(lambda image, trimap: trimap, "eight")
    assert set(MODES) == {"none", "flip", "dihedral", "full"}

"""The node pack of examples/comfyui, called as ComfyUI's documentation says that nodes are called."""

import importlib.util
import inspect
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import mattekit

ROOT = Path(__file__).resolve().parent.parent
TYPES = {"IMAGE", "MASK", "INT", "FLOAT", "STRING", "BOOLEAN"}


@pytest.fixture(scope="module")
def pack():
    """Import the folder as ComfyUI does: as a package whose name is its path."""
    name = str(ROOT / "examples/comfyui").replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples/comfyui/__init__.py")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def scene():
    """A batch of two images with their trimaps and alphas, and a background of another size."""
    pictures = {"images": [], "trimaps": [], "alphas": []}
    for name in ("pompom", "puff"):
        for kind, found in pictures.items():
            path = next((ROOT / "examples" / kind).glob(f"{name}.*"))
            pixels = cv2.imread(str(path), 1 if kind == "images" else 0)[60:420:3, 80:560:3]
            found.append(torch.from_numpy(np.ascontiguousarray(pixels[..., ::-1] if pixels.ndim == 3 else pixels)))
    batches = [torch.stack(found).float() / 255 for found in pictures.values()]
    return *batches, torch.rand((1, 60, 100, 3), generator=torch.Generator().manual_seed(0))


def call(pack, name, **given):
    """Call a node by its declared function with its declared inputs, and check what it returns against its types."""
    node = pack.NODE_CLASS_MAPPINGS[name]
    inputs = node.INPUT_TYPES()
    assert set(inputs["required"]) <= set(given) <= set(inputs["required"]) | set(inputs.get("optional", {}))
    made = getattr(node(), node.FUNCTION)(**given)
    assert isinstance(made, tuple) and len(made) == len(node.RETURN_TYPES) == len(node.RETURN_NAMES)
    for kind, tensor in zip(node.RETURN_TYPES, made, strict=True):
        assert tensor.dtype == torch.float32 and tensor.ndim == {"IMAGE": 4, "MASK": 3}[kind]
        assert 0 <= tensor.min() and tensor.max() <= 1
    return made


def test_the_pack_declares_what_comfyui_reads(pack):
    assert pack.NODE_DISPLAY_NAME_MAPPINGS.keys() == pack.NODE_CLASS_MAPPINGS.keys()
    for node in pack.NODE_CLASS_MAPPINGS.values():
        inputs, taken = node.INPUT_TYPES(), inspect.signature(getattr(node, node.FUNCTION)).parameters
        names = {name: kind for part in inputs.values() for name, kind in part.items()}
        assert set(inputs) <= {"required", "optional", "hidden"} and set(names) == set(taken) - {"self"}
        assert all(taken[name].default is not inspect.Parameter.empty for name in inputs.get("optional", {}))
        assert all(isinstance(kind[0], list) or kind[0] in TYPES for kind in names.values())
        for kind in names.values():  # a default is one of the choices
            assert not isinstance(kind[0], list) or kind[1]["default"] in kind[0]
        assert set(node.RETURN_TYPES) <= TYPES and node.CATEGORY and node.DESCRIPTION


def test_a_batch_is_matted_picture_by_picture_as_by_the_library(pack, scene):
    images, trimaps, alphas, _ = scene
    alpha, foreground, used = call(pack, "MattekitMatte", image=images, model="shared", trimap=trimaps)
    assert alpha.shape == alphas.shape and foreground.shape == images.shape
    for i in range(2):
        np.testing.assert_array_equal(alpha[i], mattekit.predict(images[i].numpy(), trimaps[i].numpy(), "shared"))
    assert (alpha[trimaps == 0] == 0).all() and (alpha[trimaps == 1] == 1).all()
    assert (alpha - alphas).abs().mean() < 0.06 and torch.equal(used, trimaps)


def test_a_rough_mask_takes_the_place_of_a_trimap(pack, scene):
    images, _, alphas, _ = scene
    rough = (alphas[0] > 0.5).float()  # one mask (H, W)
    alpha, _, used = call(pack, "MattekitMatte", image=images[:1], model="shared", mask=rough, band=9)
    assert set(used.unique().tolist()) == {0, 0.5, 1} and (alpha[0] - alphas[0]).abs().mean() < 0.1
    (trimap,) = call(pack, "MattekitTrimap", mask=rough, image=images[:1], band=9)
    assert torch.equal(trimap, used)


def test_a_trimap_of_a_mask_alone_has_the_widths(pack, scene):
    mask = torch.zeros((40, 60))
    mask[:, 30:] = 1
    (trimap,) = call(pack, "MattekitTrimap", mask=mask, erode=3, dilate=5)
    assert trimap[0, 20].tolist() == [0] * 25 + [0.5] * 8 + [1] * 27


def test_foreground_and_composite(pack, scene):
    images, _, alphas, background = scene
    (foreground,) = call(pack, "MattekitForeground", image=images, alpha=alphas, method="multilevel")
    (made,) = call(pack, "MattekitComposite", foreground=foreground, alpha=alphas, background=background)
    assert made.shape == images.shape
    (back,) = call(pack, "MattekitComposite", foreground=images, alpha=alphas, background=images)
    torch.testing.assert_close(back, images, atol=1e-6, rtol=0)


def test_misuse_is_an_error_that_says_what_is_wanted(pack, scene):
    images, trimaps, alphas, _ = scene
    matte = pack.NODE_CLASS_MAPPINGS["MattekitMatte"]().run
    with pytest.raises(ValueError, match="connect a trimap or a mask"):
        matte(images, "shared")
    with pytest.raises(ValueError, match="mask: 64x64, but the image is 160x120"):
        matte(images, "shared", mask=torch.zeros(1, 64, 64))  # ComfyUI's, for a file without transparency
    with pytest.raises(ValueError, match="2 and 3 pictures, wanted equal ones"):
        matte(images, "shared", trimap=trimaps[[0, 1, 0]])
    with pytest.raises(ValueError, match="wanted 4 dimensions"):
        matte(images[0], "shared", trimap=trimaps)

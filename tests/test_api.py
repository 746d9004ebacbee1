"""The library's functions: loaded when first used, for files and arrays alike, and right."""

import ast
import doctest
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mattekit
from mattekit import api
from mattekit.errors import InputError, MattekitError

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
FUNCTIONS = [name for name in mattekit.MODULES if name != "load_network"]


@pytest.fixture(scope="module")
def scene():
    """Image, trimap and alpha of a soft disc, whose colours are exactly composed."""
    y, x = np.mgrid[:48, :64]
    alpha = np.clip((16 - np.hypot(y - 24, x - 32)) / 4 + 0.5, 0, 1).astype(np.float32)
    fg, bg = np.float32([0.9, 0.6, 0.1]), np.float32([0.1, 0.3, 0.8])
    return alpha[..., None] * fg + (1 - alpha[..., None]) * bg, mattekit.make_trimap(alpha, erode=3, dilate=3), alpha


def test_importing_the_package_loads_nothing_heavy_until_a_function_is_used():
    code = (
        "import sys, mattekit\nheavy = {'torch', 'numpy', 'cv2', 'numba', 'pymatting', 'scipy', 'pydantic'}\n"
        "dir(mattekit)\nassert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "mattekit.make_trimap\nassert 'numpy' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_package_offers_what_the_module_documents():
    assert api.__all__ == FUNCTIONS and set(FUNCTIONS) < set(dir(mattekit))
    for name in FUNCTIONS:
        assert getattr(mattekit, name) is getattr(api, name) and len(inspect.getdoc(getattr(api, name))) > 60
    with pytest.raises(AttributeError, match="no attribute 'no_such'"):
        mattekit.no_such  # noqa: B018


def test_type_checkers_are_told_the_same_names():
    tree = ast.parse(Path(mattekit.__file__).read_text())
    told = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert told >= set(mattekit.MODULES)


def test_the_example_of_the_module_is_true():
    assert doctest.testmod(api).attempted > 5 and doctest.testmod(api).failed == 0


def test_files_and_arrays_of_every_type_give_one_alpha(scene, tmp_path):
    image, trimap, alpha = scene
    stored = {"image": np.rint(image * 255).astype(np.uint8), "trimap": np.uint8([0, 128, 255])[np.intp(trimap * 2)]}
    for name, pixels in stored.items():
        mattekit.write_image(tmp_path / f"{name}.png", pixels)
    wanted = mattekit.predict(stored["image"], stored["trimap"], "closed-form")
    assert wanted.dtype == np.float32 and np.abs(wanted - alpha).mean() < 0.01
    assert (wanted[trimap == 1] == 1).all() and (wanted[trimap == 0] == 0).all()
    model = mattekit.load_model("closed-form")
    for image, trimap in [
        (tmp_path / "image.png", str(tmp_path / "trimap.png")),
        (stored["image"].astype(np.uint16) * 257, tmp_path / "trimap.png"),
        (stored["image"] / 255, stored["trimap"] / np.float64(255)),
    ]:
        np.testing.assert_allclose(mattekit.predict(image, trimap, model), wanted, atol=1e-6)


def test_reading_and_writing_keep_values(scene, tmp_path):
    image, trimap, alpha = scene
    for name, pixels, read in (
        ("image.tif", image, mattekit.read_image),
        ("alpha.png", alpha, mattekit.read_alpha),
        ("trimap.png", trimap, mattekit.read_trimap),
    ):
        mattekit.write_image(tmp_path / name, pixels, depth="16")
        np.testing.assert_allclose(read(tmp_path / name), pixels, atol=1e-5)


def test_the_parts_of_a_matte_compose_to_the_image(scene, tmp_path):
    image, _, alpha = scene
    cut = mattekit.cutout(image, alpha)
    assert cut.shape == (48, 64, 4) and np.array_equal(cut[..., 3], alpha)
    np.testing.assert_array_equal(cut[..., :3], mattekit.estimate_foreground(image, alpha))
    again = mattekit.composite(cut[..., :3].copy(), alpha, np.full((20, 20, 3), np.float32([0.1, 0.3, 0.8])))
    assert np.abs(again - image).max() < 0.02
    mattekit.write_image(tmp_path / "cut.png", cut)
    np.testing.assert_allclose(mattekit.read_alpha(tmp_path / "cut.png"), alpha, atol=1 / 255)
    white = mattekit.composite(image, alpha, "white")
    assert (white[alpha == 0] == 1).all() and np.array_equal(white[alpha == 1], image[alpha == 1])
    mattekit.write_image(tmp_path / "b.png", np.zeros((96, 128, 3)))
    assert (mattekit.composite(image, alpha, tmp_path / "b.png")[alpha == 0] == 0).all()


def test_scores_are_those_of_eval(scene):
    from mattekit.metrics import METRICS, score

    _, trimap, alpha = scene
    poor = (alpha * 0.9).astype(np.float32)
    assert mattekit.score(poor, alpha, trimap) == score(poor, alpha, trimap == 0.5)
    assert list(mattekit.score(poor, alpha)) == list(METRICS)
    assert mattekit.score(poor, alpha, metrics=["mad"]).keys() == {"mad"}
    mask = alpha > 0.5
    assert mattekit.score(mask, mask)["sad"] == 0


@pytest.mark.parametrize(("call", "message"), [
    (lambda i, t, a: mattekit.predict(i[:-1], t), "trimap: 64x48, but image is 64x47"),
    (lambda i, t, a: mattekit.predict(i * 255, t), r"image: values .*\.\.229.*, wanted 0\.\.1"),
    (lambda i, t, a: mattekit.predict(i[..., 0], t), r"image: shape \(48, 64\), wanted \(H, W, 3\)"),
    (lambda i, t, a: mattekit.predict(i, i), r"trimap: shape \(48, 64, 3\), wanted \(H, W\)"),
    (lambda i, t, a: mattekit.predict(i, np.uint8(t * 2)), "trimap: indices 0, 1 and 2"),
    (lambda i, t, a: mattekit.predict(i, t, "no-such"), "no-such: no such model"),
    (lambda i, t, a: mattekit.predict("nowhere.png", t), "nowhere.png: no such file"),
    (lambda i, t, a: mattekit.make_trimap(a * np.nan), "alpha: values nan"),
    (lambda i, t, a: mattekit.make_trimap(np.int64(a)), "alpha: int64 of shape"),
    (lambda i, t, a: mattekit.cutout(i, a, "no-such"), "foreground method 'no-such': unknown, wanted one of"),
    (lambda i, t, a: mattekit.composite(i, a, "no-such"), "no-such: neither an image file nor a colour"),
    (lambda i, t, a: mattekit.composite(i, a, "no.png"), "no.png: no such file"),
    (lambda i, t, a: mattekit.score(a, a, metrics=["x"]), "metric 'x': unknown"),
])  # fmt: skip
def test_misuse_is_one_line_that_says_what_is_wanted(scene, call, message):
    with pytest.raises(MattekitError, match=message) as caught:
        call(*scene)
    assert "\n" not in str(caught.value) and isinstance(caught.value, (InputError, FileNotFoundError))


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("0[123]*.py")), ids=lambda path: path.stem)
def test_examples_use_these_functions_alone(script):
    for node in ast.walk(ast.parse(script.read_text())):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            assert not [name for name in names if name.startswith("mattekit.")], names


def test_the_glossary_defines_forty_terms_or_more_in_order():
    lines = mattekit.__doc__.split("--------\n")[1].strip().splitlines()
    terms = [line.split(" : ")[0].casefold() for line in lines]
    assert len(terms) >= 40 and terms == sorted(set(terms))
    assert all(" : " in line and line.endswith(".") for line in lines)


def test_a_rough_mask_and_its_image_give_a_trimap_that_follows_the_image(scene):
    image, _, alpha = scene
    trimap = mattekit.make_trimap(alpha > 0.5, image=image)
    assert (trimap[(alpha > 0.05) & (alpha < 0.95)] == 0.5).all() and (trimap == 1).any() and (trimap == 0).any()
    narrow = mattekit.make_trimap(alpha > 0.5, image=image, band=2)
    assert 0 < (narrow == 0.5).sum() < (trimap == 0.5).sum()
    with pytest.raises(InputError, match="64x48, but the picture is 64x47"):
        mattekit.make_trimap(alpha, image=image[1:])

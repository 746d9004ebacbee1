"""Properties of every method over pictures that are no photographs: few colours, gradients, noise, single rows."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mattekit.baselines import ALPHA
from mattekit.baselines.closed_form import closed_form
from mattekit.baselines.one_class import completed
from mattekit.errors import InputError
from mattekit.imaging.trimap import missing
from mattekit.models.registry import resolve

KINDS = ("few colours", "black and white", "gradient", "noise", "flat")


@st.composite
def pictures(draw, largest=24):
    """An image of one kind, and a trimap of large regions or of any pixels that has both known classes."""
    height, width = draw(st.integers(1, largest)), draw(st.integers(2, largest))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(KINDS))
    ramp = np.linspace(0, 1, height * width).reshape(height, width, 1)
    image = {
        "few colours": lambda: rng.integers(0, 2, (3, 3))[rng.integers(0, rng.integers(1, 4), (height, width))],
        "black and white": lambda: np.repeat(rng.random((height, width, 1)) < rng.random(), 3, 2),
        "gradient": lambda: ramp * rng.integers(0, 2, 3),
        "noise": lambda: rng.random((height, width, 3)),
        "flat": lambda: np.full((height, width, 3), rng.random(3).round()),
    }[kind]()
    if draw(st.booleans()):
        trimap = draw(arrays.arrays(np.float32, (height, width), elements=st.sampled_from([0.0, 0.5, 1.0])))
    else:
        order = np.arange(height * width).reshape(height, width)
        low, high = sorted(rng.integers(0, height * width, 2))
        trimap = np.where(order < low, 0, np.where(order > high, 1, 0.5)).astype(np.float32)
    trimap[0, 0], trimap[-1, -1] = 0, 1
    return image.astype(np.float32), trimap


def require_finite(alpha, trimap):
    assert alpha.dtype == np.float32 and alpha.shape == trimap.shape
    assert np.isfinite(alpha).all() and alpha.min() >= 0 and alpha.max() <= 1
    known = trimap != 0.5
    assert np.array_equal(alpha[known], trimap[known])


@pytest.mark.parametrize("method", ALPHA)
@settings(max_examples=20, deadline=None)
@given(pictures())
def test_any_picture_gives_a_finite_alpha_by_every_method(method, picture):
    """Or one line that says why not, from those that iterate."""
    image, trimap = picture
    try:
        alpha = ALPHA[method](image, trimap)
    except InputError as error:
        assert method not in ("closed-form", "shared") and "no alpha for" in str(error) and "\n" not in str(error)
    else:
        require_finite(alpha, trimap)


@settings(max_examples=10, deadline=None)
@given(pictures())
def test_any_picture_gives_a_finite_alpha_by_the_default(picture):
    image, trimap = picture
    require_finite(resolve("default", device="cpu").alpha(image, trimap), trimap)


@pytest.mark.parametrize(
    ("absent", "said"),
    [
        (
            [0.0],
            "no background pixel; [0-9]+ % of the unknown ones .* .* unlike the foreground. That is a guess",
        ),
        (
            [1.0],
            "no foreground pixel; [0-9]+ % of the unknown ones .* .* unlike the background. That is a guess",
        ),
        ([0.0, 1.0], "no background and no foreground pixel; shared and closed-form matting are left out"),
    ],
)
def test_the_default_takes_trimaps_without_a_class_and_says_what_it_does(absent, said, caplog):
    rng = np.random.default_rng(0)
    image, trimap = rng.random((40, 50, 3), np.float32), np.full((40, 50), 0.5, np.float32)
    trimap[:10], trimap[30:] = 0, 1
    trimap[np.isin(trimap, absent)] = 0.5
    require_finite(resolve("default", device="cpu").alpha(image, trimap), trimap)
    assert sum(bool(re.search(said, text)) for text in caplog.messages) == 1 == len(caplog.messages)


@settings(max_examples=20, deadline=None)
@given(pictures(), st.booleans())
def test_a_class_that_a_trimap_lacks_is_guessed_in_any_picture(picture, foreground):
    image, trimap = picture
    trimap[trimap == foreground] = 0.5
    done = completed(image, trimap)
    assert not {"foreground", "background"} & set(missing(done))
    assert np.array_equal(done[trimap != 0.5], trimap[trimap != 0.5])
    assert set(np.unique(done[trimap == 0.5])) <= {0.5, float(foreground)}


def accurate(image, trimap, epsilon=1e-7):
    """Alpha from closed-form's equations, by orthogonal factors: whatever is not of full rank loses no digits.

    A window's cost is the squared distance of its alphas from the colours' regularised plane: least squares of
    alpha and of each window's plane together, so that nothing is squared or inverted.
    """
    height, width = trimap.shape
    windows = [(y, x) for y in range(height - 2) for x in range(width - 2)]
    pixels = height * width
    rows = np.zeros((12 * len(windows), pixels + 4 * len(windows)))
    number = np.arange(pixels).reshape(height, width)
    for k, (y, x) in enumerate(windows):
        part, plane = rows[12 * k : 12 * k + 12], pixels + 4 * k
        colours = image[y : y + 3, x : x + 3].reshape(9, 3).astype(float)
        part[np.arange(9), number[y : y + 3, x : x + 3].ravel()] = 1
        part[:9, plane : plane + 3] = colours.mean(0) - colours
        part[:9, plane + 3] = -1
        part[9:, plane : plane + 3] = np.sqrt(epsilon) * np.eye(3)
    known = (trimap != 0.5).ravel()
    free = np.concatenate([~known, np.ones(4 * len(windows), bool)])
    right = -rows[:, :pixels][:, known] @ trimap.ravel()[known]
    alpha = trimap.ravel().astype(float)
    alpha[~known] = np.linalg.lstsq(rows[:, free], right, rcond=1e-14)[0][: np.count_nonzero(~known)]
    return alpha.clip(0, 1).reshape(height, width)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", ["black and white", "two colours", "grey", "flat"])
def test_closed_form_solves_its_equations_where_windows_have_few_colours(kind, seed):
    """The covariance of such a window is singular but for its regularisation, and its cofactors lose all digits."""
    rng = np.random.default_rng(seed)
    grey = rng.random((12, 13, 1))
    image = {
        "black and white": np.repeat(grey < 0.5, 3, 2),
        "two colours": np.where(grey < 0.5, [1, 0, 0], [0, 1, 0]),
        "grey": np.repeat((255 * grey).round() / 255, 3, 2),
        "flat": np.full((12, 13, 3), 0.3),
    }[kind].astype(np.float32)
    trimap = np.full((12, 13), 0.5, np.float32)
    trimap[:2], trimap[-2:] = rng.integers(0, 2, (2, 13)), rng.integers(0, 2, (2, 13))
    assert closed_form(image, trimap) == pytest.approx(accurate(image, trimap), abs=1e-5)

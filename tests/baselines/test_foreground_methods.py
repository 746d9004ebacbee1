"""Every foreground estimator by name: any picture has a finite answer, or one line that says why not."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mattekit.baselines import DEFAULT_FOREGROUND, FOREGROUND
from mattekit.errors import InputError

ALPHAS = ["zero", "one", "half", "random", "edge", "specks"]


def picture(kind, alpha_kind, height, width, seed):
    rng = np.random.default_rng(seed)
    image = {
        "random": lambda: rng.random((height, width, 3)),
        "black": lambda: np.zeros((height, width, 3)),
        "white": lambda: np.ones((height, width, 3)),
        "two colours": lambda: rng.integers(0, 2, (height, width, 1)) * np.array([1.0, 0, 0]),
    }[kind]()
    alpha = {
        "zero": lambda: np.zeros((height, width)),
        "one": lambda: np.ones((height, width)),
        "half": lambda: np.full((height, width), 0.5),
        "random": lambda: rng.random((height, width)),
        "edge": lambda: np.tile(np.linspace(0, 1, width), (height, 1)),
        "specks": lambda: (rng.random((height, width)) < 0.2) * 1.0,
    }[alpha_kind]()
    return image.astype(np.float32), alpha.astype(np.float32)


@pytest.mark.parametrize("method", FOREGROUND)
@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["random", "black", "white", "two colours"]),
    st.sampled_from(ALPHAS),
    st.sampled_from([(1, 1), (1, 9), (9, 1), (2, 2), (3, 4), (17, 12), (33, 40)]),
    st.integers(0, 99),
)
def test_any_picture_has_a_finite_answer_or_one_line(method, kind, alpha_kind, size, seed):
    image, alpha = picture(kind, alpha_kind, *size, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = FOREGROUND[method].function(image, alpha)
        except InputError as error:
            assert FOREGROUND[method].needs_pymatting and "\n" not in str(error)
            return
    assert found.shape == image.shape and found.dtype == np.float32
    assert found.min() >= 0 and found.max() <= 1


@pytest.mark.parametrize("method", FOREGROUND)
def test_values_that_are_not_numbers_are_refused(method):
    image, alpha = picture("random", "random", 5, 6, 0)
    for hurt in ((np.where(image > 0.9, np.nan, image), alpha), (image, np.full_like(alpha, np.nan))):
        with pytest.raises(InputError, match="not finite"):
            FOREGROUND[method].function(*hurt)


@pytest.mark.parametrize("method", FOREGROUND)
def test_opaque_pixels_keep_their_colour(method):
    """LSA's methods smooth across an edge a little; in an opaque picture nothing changes."""
    image, alpha = picture("random", "one", 12, 15, 1)
    np.testing.assert_allclose(FOREGROUND[method].function(image, alpha), image, rtol=0, atol=2e-3)


def test_the_default_needs_no_pymatting():
    assert not FOREGROUND[DEFAULT_FOREGROUND].needs_pymatting

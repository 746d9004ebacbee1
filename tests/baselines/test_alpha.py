from types import SimpleNamespace

import numpy as np
import pytest

from mattekit.baselines import ALPHA, by_pymatting
from mattekit.errors import InputError

every_method = pytest.mark.parametrize("method", ALPHA)


def case(height, width, kind="noise"):
    """All unknown but the first and the last pixel."""
    rng = np.random.default_rng(height * 100 + width)
    image = rng.random((height, width, 3), dtype=np.float32)
    if kind == "constant":
        image[:] = 0.5
    trimap = np.full((height, width), 0.5, np.float32)
    trimap[0, 0], trimap[-1, -1] = 1, 0
    return image, trimap


@every_method
@pytest.mark.parametrize("kind", ["noise", "constant"])
@pytest.mark.parametrize("size", [(2, 1), (1, 7), (3, 3), (9, 5)])
def test_any_size_gives_a_finite_alpha_equal_to_the_trimap_where_known(method, size, kind):
    """Down to two pixels, and where a window's colours are all the same."""
    image, trimap = case(*size, kind)
    alpha = ALPHA[method](image, trimap)
    assert alpha.dtype == np.float32 and alpha.shape == size
    assert alpha.min() >= 0 and alpha.max() <= 1 and np.isfinite(alpha).all()
    assert alpha[0, 0] == 1 and alpha[-1, -1] == 0


@every_method
def test_memory_layout_does_not_matter(method):
    """A BGR view of a larger picture, every second column."""
    image, trimap = case(42, 100)
    trimap[:20], trimap[30:] = 1, 0
    image[:25] = 0.7 + 0.3 * image[:25]
    views = image[:, ::2, ::-1], trimap[:, ::2]
    assert not any(view.flags.c_contiguous for view in views)
    expected = ALPHA[method](*(np.ascontiguousarray(view) for view in views))
    assert np.array_equal(ALPHA[method](*views), expected)


@every_method
def test_nothing_unknown_returns_the_trimap(method):
    image, _ = case(6, 7)
    trimap = np.ones((6, 7), np.float32)
    alpha = ALPHA[method](image, trimap)
    assert np.array_equal(alpha, trimap) and alpha is not trimap


@every_method
@pytest.mark.parametrize(
    ("level", "names"),
    [(0, "foreground pixel"), (1, "background pixel"), (0.5, "background pixel and no foreground pixel")],
)
def test_a_class_without_known_pixels_is_named(method, level, names):
    image, trimap = case(6, 7)
    trimap[trimap != 0.5] = level
    with pytest.raises(InputError, match=f"^{method}: the trimap has no {names}, .* Mark some"):
        ALPHA[method](image, trimap)


@every_method
def test_colours_beyond_the_range_count_as_its_ends(method):
    """Of a float file with highlights; covariances of thousands would lose the regularisation."""
    image, trimap = case(12, 15)
    far = np.where(image < 0.3, -5000, np.where(image > 0.7, 9000, image)).astype(np.float32)
    assert np.array_equal(ALPHA[method](far, trimap), ALPHA[method](far.clip(0, 1), trimap))


@pytest.mark.parametrize("size", [(5, 300), (300, 5)])
def test_large_windows_that_do_not_fit_give_way_to_those_of_closed_form(size):
    """A thin picture repeated up to 41 pixels took over two minutes at 5x3000."""
    image, trimap = case(*size)
    assert np.array_equal(ALPHA["lkm"](image, trimap), ALPHA["closed-form"](image, trimap))


def test_an_iterate_that_is_near_is_an_answer_and_one_that_is_far_is_none():
    image, trimap = case(45, 60, "constant")
    trimap[:2], trimap[-2:] = 1, 0
    converged, near = (
        by_pymatting.alpha_by_pymatting("estimate_alpha_rw", image, trimap, steps) for steps in (1000, 55)
    )
    assert 0 < np.abs(near - converged).max() < 5e-3
    with pytest.raises(InputError, match="no alpha for 60x45 pixels, .*: .*did not converge"):
        by_pymatting.alpha_by_pymatting("estimate_alpha_rw", image, trimap, steps=20)


def test_sizes_that_differ_are_both_named():
    image, trimap = case(6, 7)
    with pytest.raises(InputError, match=r"\(6, 7, 3\).*\(6, 5\)"):
        ALPHA["closed-form"](image, trimap[:, :5])


def test_colours_must_be_finite():
    image, trimap = case(6, 7)
    image[3, 3] = np.nan
    with pytest.raises(InputError, match="not finite"):
        ALPHA["closed-form"](image, trimap)


@pytest.mark.parametrize("result", [ValueError("did not converge."), np.full((6, 7), np.nan)], ids=["raises", "nan"])
def test_a_solver_without_an_answer_says_what_to_do(result, monkeypatch):
    def estimate(image, trimap, cg_kwargs):
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(by_pymatting, "load", lambda: SimpleNamespace(estimate_alpha_rw=estimate))
    with pytest.raises(InputError, match="rw: no alpha for 7x6 pixels, 40 unknown: .* Use another method"):
        ALPHA["rw"](*case(6, 7))


def test_large_windows_end_in_one_line_where_the_known_pixels_are_too_far_apart(monkeypatch):
    """A strip of 45x1500 pixels, known at both ends, took minutes; the limit of steps is what ends it."""
    monkeypatch.setattr("mattekit.baselines.alpha.LARGE_WINDOW_STEPS", 3)
    image, trimap = np.random.default_rng(0).random((41, 120, 3), np.float32), np.full((41, 120), 0.5, np.float32)
    trimap[:, :10], trimap[:, -10:] = 0, 1
    with pytest.raises(InputError, match="^lkm: no alpha for 120x41 pixels, 4100 unknown: .* 3 .* Use another method"):
        ALPHA["lkm"](image, trimap)

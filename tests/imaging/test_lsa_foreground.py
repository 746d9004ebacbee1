"""Foreground estimation: Algorithms 1 and 2 against the authors' own numbers, the cost C, and multigrid."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mattekit.errors import InputError
from mattekit.imaging.lsa_foreground import cost, multigrid_foreground, multiscale_foreground
from mattekit.imaging.relaxation import chebyshev, relax

METHODS = [multiscale_foreground, multigrid_foreground]


@pytest.fixture(scope="session")
def oracle(shared):
    return np.load(shared / "oracle" / "networks" / "lsa_foreground_refine.npz")


@pytest.fixture
def threads(monkeypatch):
    """Makes even small images be shared between three threads."""
    monkeypatch.setattr("mattekit.compiling.SMALL", 0)
    monkeypatch.setattr("numba.get_num_threads", lambda: 3)


def inputs(oracle, case, dtype=np.float64):
    return (oracle[f"{case}/fg_bgr"] / 255).astype(dtype), (oracle[f"{case}/alpha"] / 255).astype(dtype)


def random_inputs(height, width, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((height, width, 3)), rng.random((height, width))


def jacobi(fg, alpha, start, kappa, sweeps):
    """Algorithm 1 written plainly."""
    opacity, smooth = alpha[..., None], np.pad((1 - alpha) ** 2, 1, mode="reflect")[..., None]
    for _ in range(sweeps):
        padded = np.pad(start, ((1, 1), (1, 1), (0, 0)), mode="reflect")
        above, below, left, right = np.s_[:-2, 1:-1], np.s_[2:, 1:-1], np.s_[1:-1, :-2], np.s_[1:-1, 2:]
        weights = [smooth[1:-1, 1:-1] + smooth[side] for side in (above, below, left, right)]
        sides = sum(w * padded[side] for w, side in zip(weights, (above, below, left, right), strict=True))
        start = (opacity**2 * fg + kappa * sides) / (opacity**2 + kappa * sum(weights))
    return start


@cache
def optimum():
    """A ragged disc with hair-like gaps before a picture of stripes, and the lowest C (by 20,000 plain sweeps)."""
    y, x = np.mgrid[-1:1:33j, -1:1:40j]
    radius = np.hypot(y, x) + 0.1 * np.sin(9 * np.arctan2(y, x))
    alpha = np.clip((0.6 - radius) / 0.3, 0, 1) * (0.8 + 0.2 * np.cos(40 * x))
    fg = np.stack([0.5 + 0.4 * np.sin(7 * x), 0.5 + 0.4 * np.cos(5 * y + x), radius / 2], 2)
    return fg, alpha, cost(jacobi(fg, alpha, fg, 1.0, 20_000), fg, alpha)


@pytest.mark.parametrize("case", ["even", "odd"])
def test_every_scale_is_the_authors(oracle, case):
    """Started where the authors' run started a scale, ends where theirs ended it, to 1e-5 in both precisions."""
    fg, alpha = inputs(oracle, case)
    for s in range(6):
        start, opacity = oracle[f"{case}/s{s}/init"], alpha if s == 0 else oracle[f"{case}/s{s}/alpha"]
        premultiplied = alpha[..., None] * fg if s == 0 else oracle[f"{case}/s{s}/premult"]
        arrays = start, opacity**2, opacity[..., None] * premultiplied, (1 - opacity) ** 2
        for dtype in (np.float32, np.float64):
            result = relax(*(a.astype(dtype) for a in arrays), sweeps=int(oracle[f"{case}/s{s}/iters"]))
            assert result.dtype == dtype
            np.testing.assert_allclose(result, oracle[f"{case}/s{s}/result"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("case", ["even", "odd"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_result_is_the_authors(oracle, case, dtype, threads):
    """Within 1e-5 (in double: 1e-12) and one level of 8 bits, also when threads share the image."""
    result = multiscale_foreground(*inputs(oracle, case, dtype))
    atol = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(result, oracle[f"{case}/s0/result64"], rtol=0, atol=atol)
    levels = np.clip(result * 255, 0, 255).astype(np.uint8).astype(int)
    assert np.abs(levels - oracle[f"{case}/out_u8"]).max() <= 1


@pytest.mark.parametrize("sweeps", [1, 2, 10])
def test_one_scale_is_algorithm_1_on_a_tiny_case(oracle, sweeps):
    result = multiscale_foreground(oracle["tiny/fg"], oracle["tiny/alpha"], scales=1, iterations=sweeps)
    np.testing.assert_allclose(result, oracle[f"tiny/n{sweeps}"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("case", ["even", "odd"])
@pytest.mark.parametrize("kappa", [1, 0.25])
@pytest.mark.parametrize("sweeps", [1, 5])
def test_one_scale_is_algorithm_1_for_every_kappa(oracle, case, kappa, sweeps):
    result = multiscale_foreground(*inputs(oracle, case), scales=1, kappa=kappa, iterations=sweeps)
    np.testing.assert_allclose(result, oracle[f"{case}/simple_k{kappa:g}_n{sweeps}"], rtol=0, atol=1e-10)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 13), st.integers(0, 99))
def test_one_scale_is_plain_jacobi_for_every_size(height, width, sweeps, seed):
    """Sides of one pixel, and fewer rows than sweeps in a pass, included."""
    fg, alpha = random_inputs(height, width, seed)
    result = multiscale_foreground(fg, alpha, scales=1, kappa=0.7, iterations=sweeps)
    np.testing.assert_allclose(result, jacobi(fg, alpha, fg, 0.7, sweeps), rtol=0, atol=1e-13)


def test_threads_do_not_change_a_bit(monkeypatch):
    fg, alpha = random_inputs(37, 19)
    alone = [method(fg, alpha) for method in METHODS]
    monkeypatch.setattr("mattekit.compiling.SMALL", 0)
    for count in (2, 5, 64):
        monkeypatch.setattr("numba.get_num_threads", lambda count=count: count)
        assert all(np.array_equal(method(fg, alpha), old) for method, old in zip(METHODS, alone, strict=True))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (33, 1), (5, 64)])
def test_colours_stay_within_those_given_for_every_shape(method, shape):
    fg, alpha = random_inputs(*shape)
    result = method(fg, alpha)
    assert result.shape == (*shape, 3)
    assert result.min() > fg.min() - 0.2 and result.max() < fg.max() + 0.2
    assert result.min() >= 0 and result.max() <= 1


@pytest.mark.parametrize("method", METHODS)
def test_an_opaque_foreground_keeps_its_colours(method):
    fg, _ = random_inputs(20, 30)
    np.testing.assert_allclose(method(fg, np.ones((20, 30))), fg, rtol=0, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_colour_fills_what_alpha_hides(method, dtype):
    """Colours that were given where alpha is 0 leave no trace beside a foreground of one colour."""
    alpha = np.zeros((40, 48), dtype)
    alpha[8:33, 9:40] = 1
    fg = np.random.default_rng(0).random((40, 48, 3)).astype(dtype)
    fg[alpha > 0] = colour = (0.2, 0.7, 0.4)
    result = method(fg, alpha)
    assert result.dtype == dtype
    # Two pixels around the foreground: farther out, colours that were given fade more slowly.
    np.testing.assert_allclose(result[6:35, 7:42], np.broadcast_to(colour, (29, 35, 3)), atol=0.05)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [0.0, 1 / 255, 0.5])
def test_single_precision_does_not_drift_in_hundreds_of_sweeps(method, value):
    """A constant picture stays constant within 1e-5, however faint its alpha."""
    fg = np.broadcast_to(np.float32([0.3, 0.77, 0.11]), (65, 90, 3))
    np.testing.assert_allclose(method(fg, np.full((65, 90), value, np.float32)), fg, rtol=0, atol=1e-5)


def test_cost_is_the_papers_sum():
    """C term by term over pixels, channels and existing neighbours."""
    (estimate, alpha), (fg, _) = random_inputs(4, 5, 1), random_inputs(4, 5, 2)
    total = 0.0
    for y, x in np.ndindex(4, 5):
        total += alpha[y, x] ** 2 * ((estimate[y, x] - fg[y, x]) ** 2).sum()
        for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if 0 <= v < 4 and 0 <= u < 5:
                total += 0.3 * (1 - alpha[y, x]) ** 2 * ((estimate[y, x] - estimate[v, u]) ** 2).sum()
    assert cost(estimate, fg, alpha, kappa=0.3) == pytest.approx(total / 2, rel=1e-13)


def test_both_methods_lower_the_cost_and_multigrid_comes_nearer_to_its_minimum():
    fg, alpha, lowest = optimum()
    multiscale, multigrid = (cost(method(fg, alpha), fg, alpha) for method in METHODS)
    # Mirrored borders count border pairs a little differently from C, hence the slack below the minimum.
    assert 0.99 * lowest < multigrid < multiscale < 0.5 * cost(fg, fg, alpha)
    assert multigrid < 1.1 * lowest


def test_more_sweeps_bring_multigrid_to_the_minimum():
    fg, alpha, lowest = optimum()
    costs = [cost(multigrid_foreground(fg, alpha, iterations=n), fg, alpha) for n in (3, 7, 31)]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] == pytest.approx(lowest, rel=0.01)


def test_accelerated_sweeps_are_the_chebyshev_polynomial():
    """The error of an eigenvector shrinks by T_n(lambda / rho) / T_n(1 / rho)."""
    rho, n = 0.9, 6
    chebyshev_t = np.polynomial.chebyshev.Chebyshev.basis(n)
    for eigenvalue in (-0.8, 0.1, 0.9):
        before, now = 1.0, eigenvalue
        for omega in chebyshev(n, rho)[1:]:
            before, now = now, omega * eigenvalue * now + (1 - omega) * before
        assert now == pytest.approx(chebyshev_t(eigenvalue / rho) / chebyshev_t(1 / rho), abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_what_cannot_be_estimated_is_refused(method):
    fg, alpha = random_inputs(4, 6)
    with pytest.raises(InputError, match=r"\(4, 6, 3\), alpha: \(4, 5\)"):
        method(fg, alpha[:, :5])
    with pytest.raises(InputError, match="uint8"):
        method((fg * 255).astype(np.uint8), alpha)
    with pytest.raises(InputError, match=r"0\.\.1"):
        method(fg, alpha * 255)
    with pytest.raises(InputError, match="not finite"):
        method(np.where(fg > 0.9, np.nan, fg), alpha)
    with pytest.raises(InputError, match="kappa: 0, wanted more"):
        method(fg, alpha, kappa=0)
    with pytest.raises(InputError, match="iterations: -1"):
        method(fg, alpha, iterations=-1)

import numpy as np
import pymatting
import pytest
import scipy.sparse
import scipy.sparse.linalg

from mattekit.baselines.closed_form import closed_form
from mattekit.baselines.smoothing import smoothed


def scene(size=(40, 50), seed=0):
    """A soft edge in noisy colours, its alpha, a trimap, and an estimate with errors."""
    random = np.random.default_rng(seed)
    columns = np.broadcast_to(np.linspace(-1, 1, size[1], dtype=np.float32), size)
    alpha = np.clip(0.5 + 1.5 * columns, 0, 1)
    image = alpha[..., None] * [0.9, 0.6, 0.2] + (1 - alpha[..., None]) * [0.1, 0.2, 0.7]
    image = (image + random.normal(0, 0.02, image.shape)).clip(0, 1).astype(np.float32)
    trimap = np.select([columns < -0.6, columns > 0.6], [0, 1], 0.5).astype(np.float32)
    estimate = (alpha + random.normal(0, 0.2, size)).clip(0, 1).astype(np.float32)
    return image, alpha, trimap, estimate


@pytest.mark.parametrize(("trust", "doubt", "power"), [(0.01, 0, 1), (0.5, 0, 1), (0.5, 24, 1), (0.01, 0, 1.3)])
def test_it_solves_the_equations_of_pymattings_laplacian(trust, doubt, power):
    image, _, trimap, estimate = scene()
    unknown = (trimap == 0.5).ravel()
    matrix = pymatting.cf_laplacian((image**power).astype(np.float64), epsilon=1e-7, radius=1)
    matrix = scipy.sparse.csr_matrix(matrix)
    inner, outer = matrix[unknown][:, unknown], matrix[unknown][:, ~unknown]
    pull = trust * np.exp(-doubt * estimate * (1 - estimate)).ravel()[unknown]
    right = pull * estimate.ravel()[unknown] - outer @ trimap.ravel()[~unknown]
    wanted = scipy.sparse.linalg.spsolve((inner + scipy.sparse.diags(pull)).tocsc(), right)
    smooth = smoothed(image, trimap, estimate, trust, 1e-7, doubt=doubt, power=power)
    np.testing.assert_allclose(smooth.ravel()[unknown], wanted.clip(0, 1), atol=1e-5)
    assert np.array_equal(smooth.ravel()[~unknown], trimap.ravel()[~unknown])
    assert np.abs(smoothed(image, trimap, estimate, trust, doubt=doubt, power=power) - smooth).mean() < 1 / 255


def test_errors_of_an_estimate_become_smaller():
    image, alpha, trimap, estimate = scene()
    error = [np.abs(guess - alpha)[trimap == 0.5].mean() for guess in (estimate, smoothed(image, trimap, estimate))]
    assert error[1] < 0.3 * error[0]


def test_much_trust_leaves_the_estimate_and_none_leaves_closed_form():
    image, _, trimap, estimate = scene()
    unknown = trimap == 0.5
    np.testing.assert_allclose(smoothed(image, trimap, estimate, 1e4)[unknown], estimate[unknown], atol=1e-3)
    start = closed_form(image, trimap)
    np.testing.assert_allclose(smoothed(image, trimap, start, 1e-6)[unknown], start[unknown], atol=0.02)


def test_large_pictures_are_solved_in_parts_without_a_seam(monkeypatch):
    image, _, trimap, estimate = scene((600, 50))
    whole = smoothed(image, trimap, estimate, accuracy=1e-7)
    monkeypatch.setattr("mattekit.baselines.smoothing.MOST", 5000)
    parts = smoothed(image, trimap, estimate, accuracy=1e-7)
    np.testing.assert_allclose(parts, whole, atol=2e-3)


def test_pictures_without_unknown_or_without_windows_are_given_back():
    image, _, trimap, estimate = scene()
    known = np.round(trimap + 0.1)
    assert np.array_equal(smoothed(image, known, estimate), known)
    part = np.s_[:2]
    smooth = smoothed(image[part], trimap[part], estimate[part])
    assert np.array_equal(smooth, np.where(trimap[part] == 0.5, estimate[part], trimap[part]))


def test_an_exact_estimate_stays_without_dividing_by_its_residual_of_zero():
    """All known pixels and the estimate 0, so that the right side is 0, too."""
    image, trimap = np.zeros((5, 6, 3), np.float32), np.full((5, 6), 0.5, np.float32)
    trimap[0] = 0
    assert not smoothed(image, trimap, np.zeros_like(trimap)).any()
    trimap[1:] = 0
    trimap[3, 3] = 0.5
    assert np.abs(smoothed(image, trimap, np.full_like(trimap, 0.1), trust=1e-9)).max() < 1e-6

import numpy as np
import pytest

from mattekit.baselines.closed_form import laplacian

EPSILON = 1e-3


def by_definition(image, epsilon):
    """The whole matting Laplacian, window by window, as equation (12) reads."""
    height, width = image.shape[:2]
    number = np.arange(height * width).reshape(height, width)
    whole = np.zeros((height * width, height * width))
    for y in range(height - 2):
        for x in range(width - 2):
            colours = image[y : y + 3, x : x + 3].reshape(9, 3).astype(float)
            colours -= colours.mean(axis=0)
            inverse = np.linalg.inv(colours.T @ colours / 9 + epsilon / 9 * np.eye(3))
            window = number[y : y + 3, x : x + 3].ravel()
            whole[np.ix_(window, window)] += np.eye(9) - (1 + colours @ inverse @ colours.T) / 9
    return whole


def equations(image, trimap):
    unknown = trimap == 0.5
    rows, columns = (np.ascontiguousarray(axis, np.int32) for axis in np.nonzero(unknown))
    place = np.full((trimap.shape[0] + 4, trimap.shape[1] + 4), -1, np.int32)
    place[rows + 2, columns + 2] = np.arange(rows.size)
    middles = np.indices(trimap.shape)[:, 1:-1, 1:-1].reshape(2, -1).astype(np.int32)
    return rows, columns, *laplacian(image, trimap, place, middles[0], middles[1], rows.size, EPSILON)


@pytest.mark.parametrize("shape", [(3, 3), (5, 9), (8, 8)])
def test_equations_are_the_rows_of_the_laplacian(shape):
    """Unknown columns on the left, known ones on the right with their alphas."""
    rng = np.random.default_rng(3)
    image = rng.random((*shape, 3), dtype=np.float32)
    trimap = rng.choice(np.float32([0, 0.5, 0.5, 1]), shape)
    rows, columns, values, right = equations(image, trimap)
    whole = by_definition(image, EPSILON).reshape(*shape, *shape)
    known = trimap != 0.5
    for k, (y, x) in enumerate(zip(rows, columns, strict=True)):
        padded = np.pad(np.where(known, 0, whole[y, x]), 2)
        assert values[k] == pytest.approx(padded[y : y + 5, x : x + 5], abs=1e-9)
        assert right[k] == pytest.approx(-(whole[y, x] * trimap)[known].sum(), abs=1e-9)


def test_a_constant_alpha_costs_nothing():
    """With every known pixel 1, alpha = 1 solves the equations: rows of the Laplacian sum to zero."""
    rng = np.random.default_rng(4)
    trimap = rng.choice(np.float32([0.5, 1]), (12, 10))
    *_, values, right = equations(rng.random((12, 10, 3), dtype=np.float32), trimap)
    assert values.sum(axis=(1, 2)) == pytest.approx(right, abs=1e-9)

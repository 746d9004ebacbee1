"""Closed-form matting, solved for unknown pixels alone, and directly: by a sparse Cholesky factor."""

import cv2
import numpy as np

from mattekit.baselines.classical import classical
from mattekit.compiling import announced

EPSILON = 1e-7  # regularisation of a window's colours; pymatting's value
MOST_ENTRIES = 500_000_000  # of the factor, 4 GB: about two million unknown pixels in one region; else iteration
REACH = 2  # pixels: two pixels of one 3 x 3 window are at most this far apart


def closed_form(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Alpha of `image` by closed-form matting: the solution of the equations that pymatting's method iterates on.

    Parameters
    ----------
    image : (H, W, 3) float32, RGB in 0..1, sides of at least 3
    trimap : (H, W) float32, exactly 0, 0.5 or 1, something unknown

    Returns
    -------
    (H, W) float32 in 0..1

    Raises
    ------
    InputError
        If the factor does not fit in memory, and pymatting's iteration does not converge.

    References
    ----------
    Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting", 2008.
    """
    unknown = (trimap > 0) & (trimap < 1)
    part = _around(unknown)
    solution = _solve(image[part], trimap[part], unknown[part])
    if solution is None:
        return classical("estimate_alpha_cf", image, trimap)
    alpha = trimap.astype(np.float32)
    alpha[unknown] = solution
    return alpha


def _around(unknown: np.ndarray) -> tuple[slice, ...]:
    """Return the rectangle of all windows with an unknown pixel."""
    spans = [np.flatnonzero(unknown.any(axis=axis)) for axis in (1, 0)]
    return tuple(slice(max(0, span[0] - REACH), span[-1] + REACH + 1) for span in spans)


def _solve(image: np.ndarray, trimap: np.ndarray, unknown: np.ndarray) -> np.ndarray | None:
    """Return the unknown pixels' alphas in raster order, or None where elimination would take too much memory."""
    with announced("closed-form: the first use compiles for some seconds; later uses start at once."):
        from mattekit.baselines.cholesky import solve
        from mattekit.baselines.dissection import boundaries, dissect
        from mattekit.baselines.matting_laplacian import laplacian

        rows, columns = pixels_of(unknown)
        order, starts, is_leaf = dissect(rows, columns)
        rows, columns = rows[order], columns[order]
        place = places(rows, columns, unknown.shape)
        reached, ends = boundaries(rows, columns, place, starts, is_leaf)
        own, far = np.diff(starts), np.diff(ends)
        if np.sum(own * (own + far)) > MOST_ENTRIES:
            return None
        image, trimap = np.ascontiguousarray(image, np.float32), np.ascontiguousarray(trimap)
        values, right = laplacian(image, trimap, place, *windows_around(unknown), rows.size, EPSILON)
        alpha = np.empty(rows.size)
        alpha[order] = solve(values, right, rows, columns, place, starts, is_leaf, reached, ends)
    return np.clip(alpha, 0, 1)


def places(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the number of each pixel's equation, int32, in a picture with a frame of `REACH` pixels; -1 elsewhere."""
    place = np.full((shape[0] + 2 * REACH, shape[1] + 2 * REACH), -1, np.int32)
    place[rows + REACH, columns + REACH] = np.arange(rows.size)
    return place


def windows_around(unknown: np.ndarray) -> list[np.ndarray]:
    """Return rows and columns of the centres of all windows with an unknown pixel."""
    touched = cv2.dilate(unknown.astype(np.uint8), np.ones((3, 3), np.uint8))
    touched[[0, -1]] = touched[:, [0, -1]] = 0  # a window lies inside the image
    return pixels_of(touched)


def pixels_of(mask: np.ndarray) -> list[np.ndarray]:
    """Return rows and columns, int32, of the pixels of a mask, in raster order."""
    # Contiguous whatever their number: numba compiles anew for another memory layout.
    return [np.ascontiguousarray(axis, np.int32) for axis in np.nonzero(mask)]

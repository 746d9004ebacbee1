"""Planar motion: at most eight numbers that say how a rigid layer moves, fitted to optical flow without its outliers.

The motion of a plane before a moving camera is a polynomial of second degree in the place, with eight parameters:
Hartley and Zisserman, "Multiple View Geometry in Computer Vision", section 13; here for small turns of the plane.
"""

from typing import NamedTuple

import numpy as np

KINDS = ("translation", "similarity", "affine", "planar")
SCALE = 0.1  # pixels: flow that is off by more counts less and less
INLIER = 0.5  # pixels
ROUNDS, WIDE_ROUNDS = 6, 3  # of reweighting; in the first ones the scale follows the median distance
BETTER = 0.9, 0.002  # share of the cost, and less by this, from which on more parameters are worth it


class Planar(NamedTuple):
    """Fitted motion: `kind` is one of KINDS, `inliers` the share of the weight whose flow it explains."""

    kind: str
    parameters: np.ndarray
    inliers: float

    def flow(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the motion (..., 2) float32 in pixels at places of the coordinates that it was fitted in."""
        columns = _columns(self.kind, x.ravel(), y.ravel())
        return np.stack([axis @ self.parameters for axis in columns], 1).reshape(*x.shape, 2).astype(np.float32)


def fit(x: np.ndarray, y: np.ndarray, flow: np.ndarray, weights: np.ndarray) -> Planar:
    """Fit the motion with the fewest parameters that explain the flow nearly as well as more would.

    Parameters
    ----------
    x, y : (N,) places, best in about -1..1
    flow : (N, 2) in pixels
    weights : (N,) above 0
    """
    best, lowest = None, np.inf
    for kind in KINDS:
        fitted, cost = _fit(kind, x, y, flow, weights)
        if best is None or cost < BETTER[0] * lowest - BETTER[1]:
            best, lowest = fitted, cost
    return best


def _fit(kind: str, x: np.ndarray, y: np.ndarray, flow: np.ndarray, weights: np.ndarray) -> tuple[Planar, float]:
    """Return the fit by iteratively reweighted least squares, and its cost, the mean of log(1 + (r / SCALE)^2)."""
    columns = np.concatenate(_columns(kind, x, y))
    values, current = np.concatenate([flow[:, 0], flow[:, 1]]).astype(np.float64), weights
    for round_ in range(ROUNDS):
        both = np.concatenate([current, current])
        normal = columns.T @ (columns * both[:, None])
        parameters = np.linalg.solve(normal + 1e-9 * np.eye(len(normal)), columns.T @ (both * values))
        rest = (values - columns @ parameters).reshape(2, -1)
        squares = (rest**2).sum(0)
        scale = max(SCALE, 1.5 * float(np.sqrt(np.median(squares)))) if round_ < WIDE_ROUNDS else SCALE
        current = weights / (1 + squares / scale**2)
    total = weights.sum()
    cost = float((weights * np.log1p(squares / SCALE**2)).sum() / total)
    return Planar(kind, parameters, float(weights[squares < INLIER**2].sum() / total)), cost


def _columns(kind: str, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the matrices (N, parameters) whose products with the parameters are the motion along x and along y."""
    one, none = np.ones(len(x)), np.zeros(len(x))
    pairs = [(one, none), (none, one)]
    if kind == "similarity":
        pairs += [(x, y), (-y, x)]
    elif kind != "translation":
        pairs += [(x, none), (y, none), (none, x), (none, y)]
    if kind == "planar":
        pairs += [(x * x, x * y), (x * y, y * y)]
    return np.stack([pair[0] for pair in pairs], 1), np.stack([pair[1] for pair in pairs], 1)

"""Two layers that explain all frames around one: a foreground with its alpha before a background.

What is hidden behind the subject in one frame is seen beside it in others. The compositing equation
I_q = P + (1 - a) B holds in each frame q with the same premultiplied foreground P and alpha a along the motion of the
foreground, and the same background B along its own. With B known it is linear in (P, a), and several backgrounds
behind one pixel tell both: Smith and Blinn, "Blue Screen Matting", SIGGRAPH 1996, "triangulation". With (P, a) known it
is linear in B. The two are solved in turns, as weighted least squares with what each frame's own alpha says as a prior.
"""

from typing import NamedTuple

import numpy as np

ALPHA = 0.2  # standard deviation of the alpha of a single frame
COLOUR = 0.15, 0.03  # of the premultiplied foreground, by alpha, and at least
ROUNDS = 2  # of weighing frames down that disagree with the others
UNSEEN = 0.3  # variance of a background's colour from which on it tells nothing
SEEN_THROUGH = 0.1  # share of the background in a pixel, from which on it tells of its colour


class Observation(NamedTuple):
    """The same N pixels in one frame: image (N, 3), background or visible share, and weight (N,), 1 / variance."""

    image: np.ndarray
    behind: np.ndarray
    weight: np.ndarray


class Foreground(NamedTuple):
    """Premultiplied foreground (N, 3), alpha (N,) and its variance (N,)."""

    colour: np.ndarray
    alpha: np.ndarray
    variance: np.ndarray


def solve_foreground(observations: list[Observation], alpha: np.ndarray, fg: np.ndarray) -> Foreground:
    """Return the most probable foreground of pixels.

    Parameters
    ----------
    samples : their image in several frames, `behind` the background (N, 3) there
    alpha : (N,) expected
    fg : (N, 3) expected colour of the foreground, not premultiplied
    """
    weights, pull = [observation.weight for observation in observations], 1 / (COLOUR[0] * alpha + COLOUR[1]) ** 2
    found = _solve_normal_equations(observations, weights, alpha, fg, pull)
    for _ in range(ROUNDS):
        weights = [w / (1 + w * _misfit(each, found)) for each, w in zip(observations, weights, strict=True)]
        found = _solve_normal_equations(observations, weights, alpha, fg, pull)
    return found


def _solve_normal_equations(
    observations: list[Observation], weights: list[np.ndarray], alpha: np.ndarray, fg: np.ndarray, pull
) -> Foreground:
    """Solve the normal equations of P and a; P, whose part of them is diagonal, is eliminated."""
    own, mixed = pull.copy(), -pull[:, None] * fg
    square, right = 1 / ALPHA**2 + pull * (fg**2).sum(1), alpha / ALPHA**2
    colour = np.zeros_like(fg)
    for observation, weight in zip(observations, weights, strict=True):
        without, weighted = observation.image - observation.behind, weight[:, None] * observation.behind
        own += weight
        mixed -= weighted
        square += (weighted * observation.behind).sum(1)
        colour += weight[:, None] * without
        right = right - (weighted * without).sum(1)
    precision = np.maximum(square - (mixed**2).sum(1) / own, 1e-6)
    solved = ((right - (mixed * colour).sum(1) / own) / precision).clip(0, 1)
    return Foreground((colour - mixed * solved[:, None]) / own[:, None], solved, np.minimum(1 / precision, 1))


def _misfit(observation: Observation, found: Foreground) -> np.ndarray:
    return ((found.colour + (1 - found.alpha)[:, None] * observation.behind - observation.image) ** 2).mean(1)


def solve_background(observations: list[Observation]) -> tuple[np.ndarray, np.ndarray]:
    """Return the colour (N, 3) of a background in 0..1, and its variance (N,), at most 1.

    Parameters
    ----------
    samples : its image without the foreground in several frames, `behind` the share (N,) of it that is visible
    """
    weights = [observation.weight for observation in observations]
    for round_ in range(2):
        total = sum(w * each.behind**2 for each, w in zip(observations, weights, strict=True))
        colour = sum((w * each.behind)[:, None] * each.image for each, w in zip(observations, weights, strict=True))
        colour = colour / np.maximum(total, 1e-6)[:, None]
        if round_ == 0:
            misfits = [((each.image - each.behind[:, None] * colour) ** 2).mean(1) for each in observations]
            weights = [w / (1 + w * misfit) for w, misfit in zip(weights, misfits, strict=True)]
    return colour.clip(0, 1), 1 / np.maximum(total, 1)

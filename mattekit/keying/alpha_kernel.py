"""The most probable alpha of each pixel in front of a known screen, compiled."""

import math

import numpy as np
from numba import njit, prange

LEVELS = 33  # of alpha that are tried; a parabola through the best one and its neighbours gives the rest


@njit(cache=True, parallel=True, fastmath=True)
def most_probable(light, screen, mean, moments, noise, field, weight):
    """Return alpha (N,) float32, the mode of its distribution given a pixel's light.

    Light is normally distributed about alpha F + (1 - alpha) B with the variances of F, of B and of noise.

    Parameters
    ----------
    light, screen, mean : (N, 3) float32; of the pixel, the screen B and the mean foreground F.
    moments : (N, 6) float32; covariances of F: xx, xy, xz, yy, yz, zz.
    noise : (N, 3) float32; variances of the pixel's noise.
    field : variance of the screen's brightness, relative to its square.
    weight : of the prior on alpha, by which 0 and 1 are more probable than values between.

    References
    ----------
    Chuang et al., "A Bayesian Approach to Digital Matting", 2001, with a known background.
    """
    alpha = np.empty(light.shape[0], np.float32)
    for i in prange(light.shape[0]):
        costs = np.empty(LEVELS, np.float64)
        best = 0
        for k in range(LEVELS):
            a = k / (LEVELS - 1)
            costs[k] = _cost(a, light[i], screen[i], mean[i], moments[i], noise[i], field)
            costs[k] -= 2 * weight * math.log((a - 0.5) ** 2 + 0.05)
            if costs[k] < costs[best]:
                best = k
        at = float(best)
        if 0 < best < LEVELS - 1:
            bend = costs[best - 1] - 2 * costs[best] + costs[best + 1]
            if bend > 1e-12:
                at += 0.5 * (costs[best - 1] - costs[best + 1]) / bend
        alpha[i] = at / (LEVELS - 1)
    return alpha


@njit(cache=True, fastmath=True, inline="always")
def _cost(a, light, screen, mean, moments, noise, field):
    """Return -2 log likelihood of a pixel's light, up to a constant."""
    b = 1 - a
    aa = a * a
    bf = b * b * field
    x = light[0] - a * mean[0] - b * screen[0]
    y = light[1] - a * mean[1] - b * screen[1]
    z = light[2] - a * mean[2] - b * screen[2]
    xx = aa * moments[0] + noise[0] + bf * screen[0] * screen[0]
    xy = aa * moments[1] + bf * screen[0] * screen[1]
    xz = aa * moments[2] + bf * screen[0] * screen[2]
    yy = aa * moments[3] + noise[1] + bf * screen[1] * screen[1]
    yz = aa * moments[4] + bf * screen[1] * screen[2]
    zz = aa * moments[5] + noise[2] + bf * screen[2] * screen[2]
    ixx = yy * zz - yz * yz
    ixy = xz * yz - xy * zz
    ixz = xy * yz - xz * yy
    iyy = xx * zz - xz * xz
    iyz = xy * xz - xx * yz
    izz = xx * yy - xy * xy
    det = max(xx * ixx + xy * ixy + xz * ixz, 1e-30)
    far = (x * x * ixx + y * y * iyy + z * z * izz + 2 * (x * y * ixy + x * z * ixz + y * z * iyz)) / det
    return far + math.log(det)

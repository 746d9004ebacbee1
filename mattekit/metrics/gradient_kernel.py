"""Gaussian derivatives of two 8-bit mattes and the difference of their amplitudes: the compiled part of Grad."""

import numpy as np
from numba import njit

RADIUS = 4


@njit(cache=True, nogil=True)
def gradient_error(alpha, truth, unknown, smooth, slope, scale_alpha, scale_truth):
    """Sum over `unknown` of (|grad alpha| - |grad truth|)^2.

    alpha, truth : (H, W) uint8
    unknown : (H, W) bool
    smooth, slope : (5,) float64, right halves of the Gaussian and of its derivative, centre first
    scale_alpha, scale_truth : float, factors of the amplitudes (the stretch to 0..1 and the norm of the kernel)
    """
    height, width = alpha.shape
    sums = np.zeros(width)  # by column: vectorises, and keeps rounding errors small
    one, two = np.empty(width), np.empty(width)
    across, along = np.zeros(width + 2 * RADIUS), np.zeros(width + 2 * RADIUS)
    for y in range(height):
        begin, end = _span(unknown[y])
        if begin == end:
            continue
        _amplitudes(alpha, y, begin, end, smooth, slope, across, along, one)
        _amplitudes(truth, y, begin, end, smooth, slope, across, along, two)
        for x in range(begin, end):
            difference = scale_alpha * one[x] - scale_truth * two[x]
            sums[x] += unknown[y, x] * (difference * difference)
    return sums.sum()


@njit(cache=True, nogil=True)
def _span(mask):
    """Return the first and one past the last true pixel of a row; equal if there is none."""
    begin, end = 0, mask.size
    while begin < end and not mask[begin]:
        begin += 1
    while end > begin and not mask[end - 1]:
        end -= 1
    return begin, end


@njit(cache=True, nogil=True)
def _amplitudes(image, y, begin, end, smooth, slope, across, along, out):
    """Write the amplitudes of row `y` from column `begin` to `end` to `out`; edge pixels go on beyond the border."""
    height, width = image.shape
    low, high = max(begin - RADIUS, 0), min(end + RADIUS, width)
    row = image[y, low:high]
    a1, b1 = image[max(y - 1, 0), low:high], image[min(y + 1, height - 1), low:high]
    a2, b2 = image[max(y - 2, 0), low:high], image[min(y + 2, height - 1), low:high]
    a3, b3 = image[max(y - 3, 0), low:high], image[min(y + 3, height - 1), low:high]
    a4, b4 = image[max(y - 4, 0), low:high], image[min(y + 4, height - 1), low:high]
    before, after = low - begin + RADIUS, end + RADIUS - high  # columns beyond the border
    _filter_down(row, a1, b1, a2, b2, a3, b3, a4, b4, smooth, slope, across[before:], along[before:])
    last = before + high - low
    across[:before], along[:before] = across[before], along[before]
    across[last : last + after], along[last : last + after] = across[last - 1], along[last - 1]
    _filter_right(across, along, smooth, slope, out[begin:end])


@njit(cache=True, nogil=True)
def _filter_down(row, a1, b1, a2, b2, a3, b3, a4, b4, smooth, slope, across, along):
    # Both filters are symmetric up to sign, so pixels at equal distance are added (or subtracted) as integers first.
    for x in range(row.size):
        across[x] = (
            smooth[0] * row[x]
            + smooth[1] * (np.int32(a1[x]) + np.int32(b1[x]))
            + smooth[2] * (np.int32(a2[x]) + np.int32(b2[x]))
            + smooth[3] * (np.int32(a3[x]) + np.int32(b3[x]))
            + smooth[4] * (np.int32(a4[x]) + np.int32(b4[x]))
        )
        along[x] = (
            slope[1] * (np.int32(b1[x]) - np.int32(a1[x]))
            + slope[2] * (np.int32(b2[x]) - np.int32(a2[x]))
            + slope[3] * (np.int32(b3[x]) - np.int32(a3[x]))
            + slope[4] * (np.int32(b4[x]) - np.int32(a4[x]))
        )


@njit(cache=True, nogil=True)
def _filter_right(across, along, smooth, slope, out):
    for x in range(out.size):
        gx = (
            slope[1] * (across[x + 5] - across[x + 3])
            + slope[2] * (across[x + 6] - across[x + 2])
            + slope[3] * (across[x + 7] - across[x + 1])
            + slope[4] * (across[x + 8] - across[x])
        )
        gy = (
            smooth[0] * along[x + 4]
            + smooth[1] * (along[x + 5] + along[x + 3])
            + smooth[2] * (along[x + 6] + along[x + 2])
            + smooth[3] * (along[x + 7] + along[x + 1])
            + smooth[4] * (along[x + 8] + along[x])
        )
        out[x] = np.sqrt(gx * gx + gy * gy)

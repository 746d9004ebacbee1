"""Shared matting's loops over pixels, compiled: they read scalars of their neighbours, and allocate nothing."""

import math

import numpy as np
from numba import njit

from mattekit.compiling import KERNEL, PART

ANGLES = 4  # rays from each pixel
TILE, PRIME = 8, 99991  # the first ray's angle differs within tiles of 8x8 pixels, in an order without pattern
SMALL = np.float32(1e-5)  # keeps denominators from 0; of single precision, as all that it is added to
FASTMATH = {"arcp", "contract", "nsz", "reassoc"}  # of rounding, not of infinities
PATH = 10  # steps at most along a path whose changes of colour are summed


@njit(**KERNEL)
def expand(image, trimap, within_reach, offsets, farthest, out, top, end):
    """Write to rows top..end of `out` a trimap whose unknown pixels join the nearest known one of nearly their colour.

    within_reach : (H, W) bool, whether anything known is. offsets : (K, 2), rows and columns, nearest first.
    farthest : largest distance of two colours.
    """
    height, width = trimap.shape
    for y in range(top, end):
        for x in range(width):
            out[y, x] = trimap[y, x]
            if trimap[y, x] != 0.5 or not within_reach[y, x]:
                continue
            for k in range(len(offsets)):
                v, u = y + offsets[k, 0], x + offsets[k, 1]
                if v < 0 or u < 0 or v >= height or u >= width or trimap[v, u] == 0.5:
                    continue
                r, g = image[y, x, 0] - image[v, u, 0], image[y, x, 1] - image[v, u, 1]
                b = image[y, x, 2] - image[v, u, 2]
                if r * r + g * g + b * b <= farthest * farthest:
                    out[y, x] = trimap[v, u]
                    break


@njit(**PART, fastmath=FASTMATH)
def _path(differences, y, x, v, u):
    """Sum of the changes of colour on the way from one pixel to another."""
    dy, dx = v - y, u - x
    squared = dx * dx + dy * dy
    if squared == 0:
        return np.float32(0)
    steps = max(1, min(PATH, int(math.ceil(math.sqrt(squared)))))
    sy, sx, total = dy / steps, dx / steps, np.float32(0)
    half_y, half_x = np.float32(sy / 2), np.float32(sx / 2)
    for i in range(steps + 1):
        difference = differences[int(y + i * sy), int(x + i * sx)]
        r, g = half_x * difference[0] + half_y * difference[3], half_x * difference[1] + half_y * difference[4]
        b = half_x * difference[2] + half_y * difference[5]
        total += math.sqrt(r * r + g * g + b * b)
    return total


@njit(**PART, inline="always", fastmath=FASTMATH)
def _misfit(r, g, b, fr, fg, fb, br, bg, bb):
    """Squared distance of a colour from the line between two."""
    dr, dg, db = fr - br, fg - bg, fb - bb
    a = ((r - br) * dr + (g - bg) * dg + (b - bb) * db) / (dr * dr + dg * dg + db * db + SMALL)
    a = max(np.float32(0), min(np.float32(1), a))
    r, g, b = a * dr + br - r, a * dg + bg - g, a * db + bb - b
    return r * r + g * g + b * b


@njit(**PART, fastmath=FASTMATH)
def _misfits(neighbours, fr, fg, fb, br, bg, bb):
    """Sum of the squared distances of nine colours (3, 9) from the line between two, and the middle one's alpha."""
    dr, dg, db = fr - br, fg - bg, fb - bb
    scale = np.float32(1) / (dr * dr + dg * dg + db * db + SMALL)
    total, middle = np.float32(0), np.float32(0)
    for k in range(9):
        r, g, b = neighbours[0, k] - br, neighbours[1, k] - bg, neighbours[2, k] - bb
        a = max(np.float32(0), min(np.float32(1), (r * dr + g * dg + b * db) * scale))
        r, g, b = a * dr - r, a * dg - g, a * db - b
        total += r * r + g * g + b * b
        middle = a if k == 4 else middle
    return total, middle


@njit(**PART)
def _neighbourhood(image, y, x, neighbours):
    """Write the colours of a pixel and its eight neighbours to neighbours (3, 9)."""
    height, width = image.shape[:2]
    for dy in range(3):
        v = max(0, min(height - 1, y + dy - 1))
        for dx in range(3):
            u = max(0, min(width - 1, x + dx - 1))
            for c in range(3):
                neighbours[c, 3 * dy + dx] = image[v, u, c]


@njit(**PART)
def _cast_ray(safe_steps, y, x, angle, hits, k):
    """Write to hits[:, k] the rows and columns where a ray first meets foreground and background; -1 if it does not."""
    height, width = safe_steps.shape[:2]
    c, s = math.cos(angle), math.sin(angle)
    hits[0, k, 0], hits[1, k, 0] = -1, -1
    step = 0
    while True:
        u, v = int(x + step * c), int(y + step * s)
        if u < 0 or v < 0 or u >= width or v >= height:
            return
        to_fg, to_bg = safe_steps[v, u, 0], safe_steps[v, u, 1]
        if hits[0, k, 0] < 0 and to_fg == 0:
            hits[0, k, 0], hits[0, k, 1] = v, u
        elif hits[1, k, 0] < 0 and to_bg == 0:
            hits[1, k, 0], hits[1, k, 1] = v, u
        if hits[0, k, 0] < 0:
            step += to_fg if hits[1, k, 0] >= 0 else min(to_fg, to_bg)
        elif hits[1, k, 0] < 0:
            step += to_bg
        else:
            return


@njit(**PART)
def _best_pair(image, differences, safe_steps, y, x, hits, neighbours, fg_found, bg_found, fg, bg):
    """Leave in fg[y, x] and bg[y, x] the best pair of colours that rays find; the averages there if they find none."""
    start = ((x % TILE + (y % TILE) * TILE) * PRIME) % (TILE * TILE)
    energy_fg, energy_bg, fgs, bgs = np.inf, np.inf, 0, 0
    for k in range(ANGLES):
        _cast_ray(safe_steps, y, x, 2 * math.pi / ANGLES * k + 2 * math.pi / (TILE * TILE) * start, hits, k)
        if hits[0, k, 0] >= 0:
            energy_fg, fgs = min(energy_fg, _path(differences, y, x, hits[0, k, 0], hits[0, k, 1])), fgs + 1
        if hits[1, k, 0] >= 0:
            energy_bg, bgs = min(energy_bg, _path(differences, y, x, hits[1, k, 0], hits[1, k, 1])), bgs + 1
    energy_fg, energy_bg = energy_fg if fgs else 0.0, energy_bg if bgs else 0.0
    fg_probability = energy_bg / (energy_fg + energy_bg + 1e-5)
    _neighbourhood(image, y, x, neighbours)
    fgs = _candidates(image, fg, y, x, hits[0], fg_found)
    bgs = _candidates(image, bg, y, x, hits[1], bg_found)
    lowest, best_fg, best_bg = np.inf, -1, -1
    for i in range(fgs):
        f0, f1, f2 = fg_found[i, 0], fg_found[i, 1], fg_found[i, 2]
        for j in range(bgs):
            b0, b1, b2 = bg_found[j, 0], bg_found[j, 1], bg_found[j, 2]
            misfit, a = _misfits(neighbours, f0, f1, f2, b0, b1, b2)
            probability = fg_probability + (1 - 2 * fg_probability) * a
            cost = misfit**3 * probability**2 * fg_found[i, 3] * bg_found[j, 3] ** 4
            if cost < lowest:
                lowest, best_fg, best_bg = cost, i, j
    if best_fg >= 0:
        for c in range(3):
            fg[y, x, c], bg[y, x, c] = fg_found[best_fg, c], bg_found[best_bg, c]


@njit(**PART)
def _candidates(image, average, y, x, hits, found):
    """Write colours that rays met, and how far away, to found (4, 4); return how many, the average if there is none."""
    count = 0
    for k in range(ANGLES):
        v, u = hits[k, 0], hits[k, 1]
        if v >= 0:
            for c in range(3):
                found[count, c] = image[v, u, c]
            found[count, 3] = math.sqrt((x - u) ** 2 + (y - v) ** 2)
            count += 1
    if count == 0:
        for c in range(3):
            found[0, c] = average[y, x, c]
        found[0, 3] = 0
    return max(1, count)


@njit(**KERNEL)
def gather(image, differences, trimap, safe_steps, fg, bg, top, end):
    """Give unknown pixels the best pair of colours along their rays, in place; fg, bg (H, W, 3) hold averages.

    differences : (H, W, 6), differences of the image's colours to the right and to the left, then below and above.
    safe_steps : (H, W, 2) int32, 0 in foreground and in background; elsewhere steps of one pixel from here, in any
    direction, of which all but the last stay clear of it.
    """
    hits, neighbours = np.empty((2, ANGLES, 2), np.int64), np.empty((3, 9), np.float32)
    fg_found, bg_found = np.empty((ANGLES, 4), np.float32), np.empty((ANGLES, 4), np.float32)
    for y in range(top, end):
        for x in range(trimap.shape[1]):
            if trimap[y, x] == 0.5:
                _best_pair(image, differences, safe_steps, y, x, hits, neighbours, fg_found, bg_found, fg, bg)


@njit(**KERNEL, fastmath=FASTMATH)
def share(image, trimap, fg, bg, radius, out_fg, out_bg, top, end):
    """Write to rows top..end of out_fg, out_bg the mean of the three pairs within `radius` that fit a pixel best."""
    height, width = trimap.shape
    for y in range(top, end):
        for x in range(width):
            if trimap[y, x] != 0.5:
                continue
            r, g, b = image[y, x, 0], image[y, x, 1], image[y, x, 2]
            c0, c1, c2 = np.inf, np.inf, np.inf  # lowest costs, and where
            v0, u0, v1, u1, v2, u2 = y, x, y, x, y, x
            for v in range(max(0, y - radius), min(height, y + radius + 1)):
                for u in range(max(0, x - radius), min(width, x + radius + 1)):
                    cost = _misfit(
                        r, g, b, fg[v, u, 0], fg[v, u, 1], fg[v, u, 2], bg[v, u, 0], bg[v, u, 1], bg[v, u, 2]
                    )
                    if cost < c2:
                        if cost < c0:
                            c0, c1, c2, v0, u0, v1, u1, v2, u2 = cost, c0, c1, v, u, v0, u0, v1, u1
                        elif cost < c1:
                            c1, c2, v1, u1, v2, u2 = cost, c1, v, u, v1, u1
                        else:
                            c2, v2, u2 = cost, v, u
            for c in range(3):
                out_fg[y, x, c] = (fg[v0, u0, c] + fg[v1, u1, c] + fg[v2, u2, c]) / 3
                out_bg[y, x, c] = (bg[v0, u0, c] + bg[v1, u1, c] + bg[v2, u2, c]) / 3


@njit(**KERNEL, fastmath=FASTMATH)
def smooth(trimap, alpha, fg, bg, weights, out_fg, out_bg, top, end):
    """Write to out_fg, out_bg means of the colours around, weighed by distance, difference and size of alpha.

    weights : (2 r + 1, 2 r + 1) float32, of the distance.
    """
    (height, width), radius = trimap.shape, len(weights) // 2
    for y in range(top, end):
        for x in range(width):
            if trimap[y, x] != 0.5:
                continue
            zero, one = np.float32(0), np.float32(1)
            own, sum_fg, sum_bg = alpha[y, x], zero, zero
            f0, f1, f2, b0, b1, b2 = zero, zero, zero, zero, zero, zero
            for v in range(max(0, y - radius), min(height, y + radius + 1)):
                for u in range(max(0, x - radius), min(width, x + radius + 1)):
                    weight = weights[v - y + radius, u - x + radius]
                    if v != y or u != x:
                        weight *= abs(own - alpha[v, u])
                    of_fg, of_bg = max(weight * alpha[v, u], SMALL), max(weight * (one - alpha[v, u]), SMALL)
                    sum_fg, sum_bg = sum_fg + of_fg, sum_bg + of_bg
                    f0, f1, f2 = f0 + of_fg * fg[v, u, 0], f1 + of_fg * fg[v, u, 1], f2 + of_fg * fg[v, u, 2]
                    b0, b1, b2 = b0 + of_bg * bg[v, u, 0], b1 + of_bg * bg[v, u, 1], b2 + of_bg * bg[v, u, 2]
            out_fg[y, x, 0], out_fg[y, x, 1], out_fg[y, x, 2] = f0 / sum_fg, f1 / sum_fg, f2 / sum_fg
            out_bg[y, x, 0], out_bg[y, x, 1], out_bg[y, x, 2] = b0 / sum_bg, b1 / sum_bg, b2 / sum_bg

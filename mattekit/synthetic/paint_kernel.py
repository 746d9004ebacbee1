"""Compiled loops that paint strands at several times the resolution."""

import math

import numpy as np
from numba import njit

ROWS = 64  # rows of the picture that are painted together; their enlarged canvas fits in a core's cache
EMPTY = np.float32(0.002)  # a smaller remaining transparency changes no 8-bit level
FAR = np.float32(1e6)  # beyond any picture


@njit(cache=True)
def paint(points, radius, colour, opacity, shading, front, scale):
    """Paint strands behind a layer, later ones in front of earlier ones, and average the canvas over the pixels.

    points (n, k, 2) x and y, radius (n, k), colour (n, k, 3), opacity (n,), shading (2,): see `strands.paint`.
    front (H, W, 4) and the result (H, W, 4): premultiplied RGB and alpha.
    """
    height, width = front.shape[:2]
    count, joints = radius.shape
    top, bottom = _extents(points, radius)
    tangents = _tangents(points)
    out = np.empty((height, width, 4), np.float32)
    canvas = np.empty((ROWS * scale, width * scale, 4), np.float32)
    factor = np.float32(scale)
    for start in range(0, height, ROWS):
        rows, first = min(ROWS, height - start), np.float32(start * scale)
        _enlarge(front, canvas, start, rows, scale)
        for i in range(count - 1, -1, -1):  # from front to back: hidden parts cost one look each
            if bottom[i] < start or top[i] > start + rows or opacity[i] <= 0:
                continue
            for j in range(joints - 1):
                _segment(
                    canvas, rows * scale, first, factor, points, tangents, radius, colour, opacity[i], shading, i, j
                )
        _average(canvas, out, start, rows, scale)
    return out


@njit(cache=True)
def _extents(points, radius):
    count, joints = radius.shape
    top, bottom = np.empty(count, np.float32), np.empty(count, np.float32)
    for i in range(count):
        top[i], bottom[i] = np.inf, -np.inf
        for j in range(joints):
            top[i] = min(top[i], points[i, j, 1] - radius[i, j] - 1)
            bottom[i] = max(bottom[i], points[i, j, 1] + radius[i, j] + 1)
    return top, bottom


@njit(cache=True)
def _tangents(points):
    """Return unit directions at all joints, averaged over both segments, at which segments are cut."""
    count, joints = points.shape[:2]
    out = np.empty((count, joints, 2), np.float32)
    for i in range(count):
        for j in range(joints):
            a, b = max(j - 1, 0), min(j + 1, joints - 1)
            x, y = points[i, b, 0] - points[i, a, 0], points[i, b, 1] - points[i, a, 1]
            length = max(math.sqrt(x * x + y * y), 1e-6)
            out[i, j, 0], out[i, j, 1] = x / length, y / length
    return out


@njit(cache=True, error_model="numpy")
def _segment(canvas, rows, first, scale, points, tangents, radius, colour, opacity, shading, i, j):
    """Paint segment j of strand i behind what is on the canvas; pixel centres lie at half numbers."""
    half, one = np.float32(0.5), np.float32(1)
    x0, y0 = points[i, j, 0] * scale, points[i, j, 1] * scale - first
    dx, dy = points[i, j + 1, 0] * scale - x0, points[i, j + 1, 1] * scale - first - y0
    r0, r1 = radius[i, j] * scale, radius[i, j + 1] * scale
    reach, wider, square = max(r0, r1) + half, r1 - r0, dx * dx + dy * dy
    highest, lowest = min(y0, y0 + dy) - reach, max(y0, y0 + dy) + reach
    if square < np.float32(1e-6) or lowest < 0 or highest > rows:
        return
    low, high = max(0, int(highest)), min(rows, int(lowest) + 1)
    norm, thin = one / np.float32(math.sqrt(square)), one / max(half * (r0 + r1), half)
    red, green, blue = colour[i, j, 0], colour[i, j, 1], colour[i, j, 2]
    redder, greener = colour[i, j + 1, 0] - red, colour[i, j + 1, 1] - green
    bluer = colour[i, j + 1, 2] - blue
    near, far = _sides(dx, dy, reach / norm)
    start = _mitre(tangents[i, j, 0], tangents[i, j, 1])
    end = _mitre(-tangents[i, j + 1, 0], -tangents[i, j + 1, 1])
    width, across_x, along_x = canvas.shape[1], -dy * norm, dx * norm * norm
    for y in range(low, high):
        v = np.float32(y) + half - y0
        w = v - dy
        left = max(near[0] + near[1] * v, start[0] + start[1] * v, dx + end[0] + end[1] * w) + x0 - half
        right = min(far[0] + far[1] * v, start[2] + start[3] * v, dx + end[2] + end[3] * w) + x0 - half
        k = np.uint32(y)  # known not to be negative: no wrapping around to test for
        across_0, along_0 = v * dx * norm + across_x * (half - x0), v * dy * norm * norm + along_x * (half - x0)
        for x in range(max(0, math.ceil(left)), min(width, math.ceil(right))):
            m = np.uint32(x)
            remaining = one - canvas[k, m, 3]
            if remaining < EMPTY:
                continue
            across = across_0 + across_x * np.float32(x)
            along = min(max(along_0 + along_x * np.float32(x), np.float32(0)), one)
            r = r0 + along * wider
            # Overlap of the strand's cross-section with the pixel's unit width: right for hairs thinner than that too.
            part = min(half, across + r) - max(-half, across - r)
            if part <= 0:
                continue
            side = min(max(across * thin, -one), one)
            alpha = opacity * min(part, one) * remaining
            light = alpha * (one + shading[0] * side - shading[1] * side * side)
            canvas[k, m, 0] += light * (red + along * redder)
            canvas[k, m, 1] += light * (green + along * greener)
            canvas[k, m, 2] += light * (blue + along * bluer)
            canvas[k, m, 3] += alpha


@njit(cache=True, error_model="numpy")
def _sides(dx, dy, width):
    """Return left and right side of a segment as (u at its start's row, change of u per row); far away if level."""
    if abs(dy) < np.float32(1e-3):
        return (-FAR, np.float32(0)), (FAR, np.float32(0))
    slope, half = dx / dy, width / abs(dy)
    return (-half, slope), (half, slope)


@njit(cache=True, error_model="numpy")
def _mitre(x, y):
    """Return the half-plane on the side of a joint that (x, y) points to, as (lower, per row, upper, per row) for u."""
    if abs(x) < np.float32(1e-4):
        x = np.float32(1e-4)
    none = np.float32(0)
    return (none, -y / x, FAR, none) if x > 0 else (-FAR, none, none, -y / x)


@njit(cache=True)
def _enlarge(layer, canvas, start, rows, scale):
    for y in range(rows * scale):
        for x in range(canvas.shape[1]):
            for c in range(4):
                canvas[y, x, c] = layer[start + y // scale, x // scale, c]


@njit(cache=True)
def _average(canvas, out, start, rows, scale):
    """Average the canvas over each pixel; colours are clipped to alpha."""
    share = np.float32(1.0 / (scale * scale))
    for y in range(rows):
        for x in range(out.shape[1]):
            red = green = blue = alpha = np.float32(0)
            for i in range(y * scale, (y + 1) * scale):
                for k in range(x * scale, (x + 1) * scale):
                    red += canvas[i, k, 0]
                    green += canvas[i, k, 1]
                    blue += canvas[i, k, 2]
                    alpha += canvas[i, k, 3]
            out[start + y, x, 0] = min(red, alpha) * share
            out[start + y, x, 1] = min(green, alpha) * share
            out[start + y, x, 2] = min(blue, alpha) * share
            out[start + y, x, 3] = alpha * share

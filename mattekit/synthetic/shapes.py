"""Outlines of bodies as signed distances in pixels: positive inside, nearly exact close to the outline."""

import cv2
import numpy as np

from mattekit.synthetic.noise import Size, coordinates, direction, octaves, unit


def coverage(distance: np.ndarray) -> np.ndarray:
    """Return the alpha (H, W) of a body with a sharp outline."""
    return np.clip(distance + np.float32(0.5), 0, 1)


def relief(rng: np.random.Generator, distance: np.ndarray, strength: float = 0.5) -> np.ndarray:
    """Draw a factor (H, W, 1) around 1 that shades a body as if it bulged towards the viewer."""
    height, width = distance.shape
    small = cv2.resize(distance, ((width + 3) // 4, (height + 3) // 4), interpolation=cv2.INTER_AREA)
    depth = np.maximum(cv2.GaussianBlur(small, (0, 0), 4), 0)
    bulge = np.sqrt(depth * (2 * depth.max() - depth) + 1)  # a dome: level in its centre, steep at its rim
    c, s = direction(rng)
    slope = (c * cv2.Sobel(bulge, cv2.CV_32F, 1, 0) + s * cv2.Sobel(bulge, cv2.CV_32F, 0, 1)) / 8
    slope = cv2.GaussianBlur(slope, (0, 0), 6)
    shade = 1 + strength * slope / (1 + np.abs(slope))
    return cv2.resize(shade, (width, height), interpolation=cv2.INTER_LINEAR)[..., None].astype(np.float32)


def ellipse(size: Size, centre: tuple[float, float], radii: tuple[float, float], angle: float) -> np.ndarray:
    """Return the signed distance of an ellipse about `centre` (x, y), `radii` in pixels, rotated by `angle` radians."""
    y, x = coordinates(size)
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
    u = (c * dx + s * dy) * np.float32(1 / radii[0])
    v = (c * dy - s * dx) * np.float32(1 / radii[1])
    norm = np.sqrt(u * u + v * v) + np.float32(1e-3)
    slope = np.sqrt(u * u / np.float32(radii[0] ** 2) + v * v / np.float32(radii[1] ** 2)) / norm + np.float32(1e-6)
    return (1 - norm) / slope


def _centre(rng: np.random.Generator, size: Size) -> tuple[float, float]:
    return size[1] * rng.uniform(0.3, 0.7), size[0] * rng.uniform(0.35, 0.75)


def blob(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw a rounded outline with a few lobes."""
    y, x = coordinates(size)
    cx, cy = _centre(rng, size)
    dx, dy = x - np.float32(cx), y - np.float32(cy)
    distance, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
    lobes = sum(
        np.float32(rng.normal(0, 0.35 / k)) * np.cos(k * angle + np.float32(rng.uniform(0, 6.3))) for k in range(2, 7)
    )
    radius = np.float32(rng.uniform(90, 230) * unit(size))
    return radius * (1 + 0.6 * np.tanh(lobes)) - distance


def figure(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw a doll or plush animal: trunk, head, ears and arms, each an ellipse."""
    scale, cx = rng.uniform(0.7, 1.7) * unit(size), size[1] * rng.uniform(0.3, 0.7)
    base = size[0] * rng.uniform(0.85, 1.15)
    trunk, head = rng.uniform(90, 140) * scale, rng.uniform(70, 110) * scale
    top = base - 1.3 * trunk
    parts = [((cx, base - 0.3 * trunk), (trunk, 1.25 * trunk)), ((cx, top - 0.5 * head), (head, head * 0.95))]
    for side in (-1, 1):
        ear = rng.uniform(0.25, 0.5) * head
        lean = rng.uniform(0.5, 1.0)
        parts.append(((cx + side * lean * head, top - (1.4 - 0.4 * lean) * head), (ear, ear * rng.uniform(0.8, 1.8))))
        arm = rng.uniform(0.3, 0.4) * trunk
        parts.append(((cx + side * trunk * 1.1, top + rng.uniform(0.1, 0.8) * trunk), (arm, arm * 2)))
    return np.maximum.reduce([ellipse(size, *part, rng.normal(0, 0.3)) for part in parts])


def polygon(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw a box or another convex polygon."""
    y, x = coordinates(size)
    cx, cy = _centre(rng, size)
    corners = int(rng.integers(3, 8))
    angles = (np.arange(corners) + rng.uniform(-0.25, 0.25, corners)) * 2 * np.pi / corners + rng.uniform(0, 6.3)
    reach = rng.uniform(80, 180, corners) * unit(size)
    planes = [
        np.float32(r) - np.float32(np.cos(a)) * (x - np.float32(cx)) - np.float32(np.sin(a)) * (y - np.float32(cy))
        for a, r in zip(angles, reach, strict=True)
    ]
    return np.minimum.reduce(planes)


def vessel(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw a bottle, vase or lamp, symmetric about an upright axis."""
    y, x = coordinates(size)
    height = size[0]
    bottom, top = height * rng.uniform(0.8, 1.05), height * rng.uniform(0.08, 0.35)
    knots = rng.uniform(25, 120, 6) * unit(size)
    where = np.linspace(top, bottom, 6)
    smooth = np.interp(y[:, 0], where, knots)
    smooth = cv2.GaussianBlur(smooth[:, None], (1, 0), 0, sigmaY=height / 20).astype(np.float32)
    side = smooth - np.abs(x - np.float32(size[1] * rng.uniform(0.35, 0.65)))
    return np.minimum(side, np.minimum(y - np.float32(top), np.float32(bottom) - y))


def ring(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw a ring or handle, seen at an angle."""
    outer = rng.uniform(110, 200) * unit(size)
    radii = (outer, outer * rng.uniform(0.5, 1))
    distance = ellipse(size, _centre(rng, size), radii, rng.uniform(0, np.pi))
    return np.minimum(distance, np.float32(rng.uniform(0.2, 0.7) * radii[1]) - distance)


BODIES = (figure, figure, blob, polygon, vessel, ring)


def body(rng: np.random.Generator, size: Size, bodies: tuple = BODIES) -> np.ndarray:
    """Draw one of the outlines, sometimes with a rough edge."""
    distance = bodies[int(rng.integers(len(bodies)))](rng, size)
    if rng.random() < 0.4:
        rough = octaves(rng, size, rng.uniform(8, 50) * unit(size), finest=3.0)
        distance = distance + np.float32(rng.uniform(1, 8)) * rough
    return distance

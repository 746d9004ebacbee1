"""Solid textured bodies: in focus, out of focus, or blurred by motion."""

import cv2
import numpy as np

from mattekit.synthetic import layers, shapes
from mattekit.synthetic.noise import Size, log_uniform, octaves, step, unit
from mattekit.synthetic.texture import shading, texture


def defocused(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw a body blurred by a disc, in some parts more than in others; a layer (H, W, 4)."""
    solid = _solid(rng, size)
    largest = log_uniform(rng, 0.7, 14) * unit(size)
    blurred = cv2.filter2D(solid, -1, disc(largest), borderType=cv2.BORDER_REPLICATE)
    if rng.random() < 0.5:
        return blurred
    nearer = cv2.filter2D(solid, -1, disc(0.4 * largest), borderType=cv2.BORDER_REPLICATE)
    where = step(octaves(rng, size, 250 * unit(size)), -0.3, 0.3)[..., None]
    return nearer + where * (blurred - nearer)


def moving(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw a body blurred along a line or an arc; a layer (H, W, 4)."""
    solid = _solid(rng, size)
    length = log_uniform(rng, 3, 45) * unit(size)
    if rng.random() < 0.7:
        return cv2.filter2D(solid, -1, line(length, rng.uniform(0, np.pi)), borderType=cv2.BORDER_REPLICATE)
    return _blur_by_rotation(solid, rng.uniform(0, 1, 2) * [size[1], size[0]], length / (0.4 * max(size)))


def sharp(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw a body with a sharp outline and details that stick out of it; a layer (H, W, 4)."""
    layer = _solid(rng, size)
    for _ in range(rng.integers(0, 4)):
        distance = shapes.body(rng, size)
        shift = rng.uniform(-0.4, 0.4, 2) * [size[1], size[0]]
        shrunk = rng.uniform(0.15, 0.6)
        middle = np.array([size[1], size[0]]) / 2
        matrix = np.array([[shrunk, 0, 0], [0, shrunk, 0]])
        matrix[:, 2] = middle * (1 - shrunk) + shift
        distance = cv2.warpAffine(distance, matrix, size[::-1], borderMode=cv2.BORDER_REPLICATE) * np.float32(shrunk)
        part = layers.fill(texture(rng, size) * shading(rng, size), shapes.coverage(distance))
        layer = layers.over(part, layer) if rng.random() < 0.5 else layers.over(layer, part)
    layer[..., :3] = np.clip(layer[..., :3], 0, layer[..., 3:])
    return layer


def _solid(rng: np.random.Generator, size: Size) -> np.ndarray:
    distance = shapes.body(rng, size)
    colour = texture(rng, size)
    if rng.random() < 0.5:  # of two textures
        part = shapes.coverage(shapes.body(rng, size))[..., None]
        colour = colour + part * (texture(rng, size) - colour)
    colour = colour * shapes.relief(rng, distance, rng.uniform(0.2, 0.8)) * shading(rng, size)
    return layers.fill(np.clip(colour, 0, 1), shapes.coverage(distance))


def disc(radius: float) -> np.ndarray:
    """Return the kernel of a defocused lens: a disc of `radius` pixels with a soft rim, sum 1."""
    reach = int(np.ceil(radius + 0.5))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return kernel / kernel.sum()


def line(length: float, angle: float) -> np.ndarray:
    """Return the kernel of uniform motion by `length` pixels in the direction `angle`, sum 1."""
    reach = int(np.ceil(length / 2 + 0.5))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    kernel = np.clip(1 - np.abs(across), 0, 1) * np.clip(length / 2 + 0.5 - np.abs(along), 0, 1)
    return (kernel / kernel.sum()).astype(np.float32)


def _blur_by_rotation(layer: np.ndarray, centre: np.ndarray, angle: float) -> np.ndarray:
    """Average over a rotation by `angle` radians about `centre`; each pass doubles the number of positions."""
    size = layer.shape[1::-1]
    for part in range(4):  # 16 positions
        degrees = float(np.degrees(angle)) / 2 ** (part + 1)
        matrix = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), degrees, 1)
        moved = cv2.warpAffine(layer, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        layer = 0.5 * (layer + moved)
    return layer

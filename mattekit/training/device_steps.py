"""Steps of `data.augment` on tensors, for the device that trains: same draws, same pictures but for rounding.

Each is a function (pictures, rng, arguments) -> pictures of one sample: "alpha" (1, h, w), "fg" and "bg" (3, h, w),
float32 in 0..1, and "trimap" and "image" once they are made. What a step means and where it is from, the step of that
name in `data.augment` tells.
"""

from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mattekit.imaging.trimap import TOLERANCE
from mattekit.imaging.trimap_random import RULES, random_widths

Pictures = dict[str, Tensor]
GREY = (0.299, 0.587, 0.114)  # OpenCV's weights of RGB


def flip(pictures: Pictures, rng: np.random.Generator, *, of: str = "all", axis: str = "horizontal") -> Pictures:
    """Mirror."""
    names = {"foreground": ["alpha", "fg", "trimap"], "background": ["bg"]}.get(of, list(pictures))
    side = -1 if axis == "horizontal" else -2
    return pictures | {name: pictures[name].flip(side) for name in names if name in pictures}


def gamma(pictures: Pictures, rng: np.random.Generator, *, ranges: tuple = ((0.5, 1.0), (1.0, 2.0))) -> Pictures:
    """Make soft alphas softer or harder."""
    low, high = ranges[rng.integers(len(ranges))]
    power, from_above = float(np.float32(rng.uniform(low, high))), rng.random() < 0.5
    alpha = pictures["alpha"]
    return pictures | {"alpha": 1 - (1 - alpha) ** power if from_above else alpha**power}


def fade(pictures: Pictures, rng: np.random.Generator, *, per: str = "image", of: str = "foreground") -> Pictures:
    """Mix the colours with one random colour."""

    def mix(colours: Tensor) -> Tensor:
        colour, weight = rng.random(3, np.float32), rng.random(1 if per == "image" else 3, np.float32)
        return _column(weight, colours) * colours + _column((1 - weight) * colour, colours)

    return _recolour(pictures, mix, of)


def invert(pictures: Pictures, rng: np.random.Generator, *, of: str = "foreground") -> Pictures:
    """Take the negative."""
    return _recolour(pictures, lambda colours: 1 - colours, of)


def permute(pictures: Pictures, rng: np.random.Generator, *, of: str = "foreground") -> Pictures:
    """Put the channels in a random order."""
    return _recolour(pictures, lambda colours: colours[rng.permutation(3).tolist()], of)


def jitter(
    pictures: Pictures,
    rng: np.random.Generator,
    *,
    brightness: float = 0.2,
    contrast: float = 0.2,
    saturation: float = 0.2,
    of: str = "both",
) -> Pictures:
    """Change brightness, contrast and saturation."""
    around = (lambda colours: 0.0, lambda colours: _grey(colours).mean(), _grey)

    def change(colours: Tensor) -> Tensor:
        factors = [float(np.float32(rng.uniform(1 - s, 1 + s))) for s in (brightness, contrast, saturation)]
        for kind in rng.permutation(3):
            centre = around[kind](colours)
            colours = (centre + factors[kind] * (colours - centre)).clamp(0, 1)
        return colours

    return _recolour(pictures, change, of)


def hsv(
    pictures: Pictures, rng: np.random.Generator, *, hue: int = 40, strength: float = 0.1, of: str = "foreground"
) -> Pictures:
    """Turn the hue, and shift saturation and value."""
    visible = pictures["alpha"][0] > 0

    def jitter(colours: Tensor) -> Tensor:
        turned, *shifts = rng.integers(-hue, hue, endpoint=True), *rng.uniform(-strength, strength, 2)
        angle, *planes = _to_hsv(colours)
        for i, shift in enumerate(shifts):
            mean = (planes[i] * visible).sum() / visible.sum().clamp(min=1)
            planes[i] = (planes[i] + float(shift) * (1.1 - mean)).abs()
            planes[i] = torch.minimum(planes[i], 2 - planes[i])
        return _to_rgb((angle + int(turned)) % 360, *planes)

    return _recolour(pictures, jitter, of)


def trimap(pictures: Pictures, rng: np.random.Generator, *, rule: str = "indexnet") -> Pictures:
    """Make a trimap by a paper's rule; one that is there is kept."""
    if "trimap" in pictures:
        return pictures
    alpha, kernels = pictures["alpha"], RULES[rule].shape == "kernel"
    widths = random_widths(rng, rule)
    known = [alpha <= TOLERANCE, alpha >= 1 - TOLERANCE]
    soft = ~(known[0] | known[1])
    bg, fg = (
        mask & ~dilate(~mask if kernels else soft, _ellipse(width) if kernels else _disc(width))
        for mask, width in zip(known, widths, strict=True)
    )
    return pictures | {"trimap": 0.5 + 0.5 * (fg.to(alpha.dtype) - bg.to(alpha.dtype))}


def compose(pictures: Pictures, rng: np.random.Generator, *, gamma: tuple[float, float] = (1.0, 1.0)) -> Pictures:
    """Make the image, alpha F + (1 - alpha) B, of colours raised to an exponent drawn from `gamma`."""
    alpha, fg, bg = (pictures[name] for name in ("alpha", "fg", "bg"))
    exponent = 1.0 if gamma == (1.0, 1.0) else float(np.float32(rng.uniform(*gamma)))
    mixed = alpha * fg**exponent + (1 - alpha) * bg**exponent
    return pictures | {"image": mixed ** (1 / exponent)}


STEPS: dict[str, Callable[..., Pictures]] = {
    step.__name__: step for step in (flip, gamma, fade, invert, permute, jitter, hsv, trimap, compose)
}


def dilate(mask: Tensor, rows: list[tuple[int, int, int]]) -> Tensor:
    """Widen a mask (1, h, w) by a neighbourhood without holes in its rows.

    Parameters
    ----------
    mask : bool
    rows : (down, left, right) of each row of offsets: pixels `down` above, and from `left` to `right` beside, reach a
        pixel.

    Returns
    -------
    (1, h, w) bool
        Where the mask has a pixel in the neighbourhood; beyond the border it has none.
    """
    height, width = mask.shape[-2:]
    down, left, right = (max(abs(row[i]) for row in rows) for i in range(3))
    padded = F.pad(mask.float(), (left, right, down, down))
    out = torch.zeros_like(mask)
    for shift, first, last in rows:  # a row of neighbours is a maximum along the line; rows join by "or"
        line = padded[:, down + shift : down + shift + height, left + first : left + last + width]
        out |= F.max_pool1d(line, last - first + 1, 1) > 0
    return out


def _disc(radius: int) -> list[tuple[int, int, int]]:
    return [(y, -x, x) for y in range(-radius, radius + 1) for x in [int((radius**2 - y**2) ** 0.5)]]


def _ellipse(side: int) -> list[tuple[int, int, int]]:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    places = [(y - side // 2, np.flatnonzero(row) - side // 2) for y, row in enumerate(kernel) if row.any()]
    return [(y, int(x[0]), int(x[-1])) for y, x in places]


def _recolour(pictures: Pictures, function: Callable[[Tensor], Tensor], of: str) -> Pictures:
    names = {"foreground": ["fg"], "background": ["bg"], "both": ["fg", "bg"]}[of]
    names = ["image"] if "image" in pictures else names
    return pictures | {name: function(pictures[name]).clamp(0, 1) for name in names}


def _column(values: np.ndarray, like: Tensor) -> Tensor:
    return torch.from_numpy(values).to(like.device).view(-1, 1, 1)


def _grey(colours: Tensor) -> Tensor:
    return sum(weight * plane for weight, plane in zip(GREY, colours, strict=True))


def _to_hsv(colours: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(3, h, w) in 0..1 -> hue in degrees, saturation and value, each (h, w)."""
    red, green, blue = colours
    value, low = colours.amax(0), colours.amin(0)
    spread = value - low
    scale = 60 / spread.clamp(min=1e-12)
    hue = torch.where(
        value == red,
        (green - blue) * scale,
        torch.where(value == green, 120 + (blue - red) * scale, 240 + (red - green) * scale),
    )
    return torch.where(spread > 0, hue % 360, 0.0), spread / value.clamp(min=1e-12), value


def _to_rgb(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """The way back, to (3, h, w)."""
    planes = []
    for offset in (5, 3, 1):
        k = (offset + hue / 60) % 6
        planes.append(value - value * saturation * torch.minimum(k, 4 - k).clamp(0, 1))
    return torch.stack(planes)

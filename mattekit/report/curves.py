"""Curves of a training run as paths of an SVG, with the ticks of their axes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, LEFT = 360, 150, 48  # of a chart, and of the space for the labels of its vertical axis
MOST = 400  # points of a curve; more are averaged


@dataclass(frozen=True)
class Curve:
    """A chart: its title, the last value as text, the path, and ticks (place, label) of both axes."""

    title: str
    last: str
    path: str
    across: list[tuple[float, str]]
    up: list[tuple[float, str]]


def curve(title: str, points: Sequence[tuple[float, float]]) -> Curve | None:
    """Draw values over steps, by logarithm if they span more than a decade; None if there are none."""
    points = thinned([(x, y) for x, y in points if y is not None and math.isfinite(y)])
    if not points:
        return None
    values = [y for _, y in points]
    logarithmic = min(values) > 0 and max(values) > 10 * min(values)
    shown = math.log10 if logarithmic else float
    low, high = min(map(shown, values)), max(map(shown, values))
    last_step = max(x for x, _ in points) or 1
    height = (high - low) or 1

    def across(x: float) -> float:
        return round(LEFT + (WIDTH - LEFT) * x / last_step, 1)

    def up(y: float) -> float:
        return round(HEIGHT - 8 - (HEIGHT - 16) * (shown(y) - low) / height, 1)

    path = "M" + "L".join(f"{across(x)} {up(y)}" for x, y in points)
    marks = sorted({min(values), max(values)})
    return Curve(
        title, f"{values[-1]:.4g}", path + "h0",  # a single point is drawn as a dot
        [(across(x), f"{x:g}") for x in (0, last_step)], [(up(y), f"{y:.3g}") for y in marks],
    )  # fmt: skip


def thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Average neighbours so that at most MOST points are left."""
    size = math.ceil(len(points) / MOST)
    groups = [points[i : i + size] for i in range(0, len(points), size)] if size > 1 else [[p] for p in points]
    return [tuple(math.fsum(column) / len(column) for column in zip(*group, strict=True)) for group in groups]

"""Checks and repairs of a stored trimap: wrong grey values, missing classes, stray pixels."""

from dataclasses import dataclass

import cv2
import numpy as np

from mattekit.errors import InputError

LEVELS = {"background": 0, "unknown": 128, "foreground": 255}
STRAY = 4
APART = 32  # noise and compression move a level by less


@dataclass(frozen=True)
class Report:
    """Contents of a trimap.

    size: height and width.
    levels: grey value -> number of pixels, in order of value.
    shares: class -> share of the picture, 0..1; the unknown band is everything that is neither 0 nor 255.
    strays: number of stray islands; stray_pixels: how many pixels these have.
    problems: one phrase for everything that is wrong; empty for a good trimap.
    notes: one phrase for everything that is unusual, though it may be right.
    """

    size: tuple[int, int]
    levels: dict[int, int]
    shares: dict[str, float]
    strays: int
    stray_pixels: int
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()


def check(levels: np.ndarray, *, stray: int = STRAY) -> Report:
    """Check the grey levels of a trimap.

    A trimap is at fault if it lacks a class or has other values than 0, 128 and 255, as the official scorer counts
    only 128 as unknown. Strays, which are 8-connected islands of foreground or background of at most `stray` pixels,
    are noted only: trimaps drawn by hand have some, those of alphamatting.com too, and they may be meant.

    Parameters
    ----------
    levels : (H, W) uint8
    stray : int >= 0
        Largest area of a stray, in pixels; 0 looks for none.

    Raises
    ------
    InputError
        If `levels` is not two-dimensional uint8.
    """
    _require_levels(levels)
    counts = _histogram(levels)
    in_classes = shares(levels)
    strays = [_islands(levels == LEVELS[name], stray) for name in ("background", "foreground")]
    number, area = (sum(column) for column in zip(*[(n, int(mask.sum())) for n, mask in strays], strict=True))
    problems = [f"no {name} pixel" for name, share in in_classes.items() if not share]
    problems += _other_values(counts)
    return Report(
        size=levels.shape,
        levels={int(value): int(counts[value]) for value in np.flatnonzero(counts)},
        shares=in_classes,
        strays=number,
        stray_pixels=area,
        problems=tuple(problems),
        notes=tuple(_notes(levels, number, area)),
    )


def looks_swapped(levels: np.ndarray) -> bool:
    """Whether most of the border of levels (H, W) uint8 is foreground, and most that is known in the middle background.

    The middle is the middle third of each side.
    """
    (height, width), (bg, fg) = levels.shape, (LEVELS["background"], LEVELS["foreground"])
    inner = levels[height // 3 : -(height // 3) or None, width // 3 : -(width // 3) or None]
    border = np.concatenate([levels[[0, -1]].ravel(), levels[:, [0, -1]].ravel()])
    return np.count_nonzero(border == fg) > border.size / 2 and (inner == bg).sum() > (inner == fg).sum()


def shares(levels: np.ndarray) -> dict[str, float]:
    """Share of the picture (0..1) that is background (0), unknown and foreground (255), of levels (H, W) uint8."""
    bg, fg = (int(np.count_nonzero(levels == value)) for value in (0, 255))
    counts = {"background": bg, "unknown": levels.size - bg - fg, "foreground": fg}
    return {name: count / max(1, levels.size) for name, count in counts.items()}


def fix(levels: np.ndarray, *, remove_strays: int = 0) -> np.ndarray:
    """Snap the levels (H, W) uint8 to the nearest of 0, 128 and 255.

    Islands of foreground or background of at most `remove_strays` pixels become unknown; 0 leaves all.

    Raises
    ------
    InputError
        If snapping would make one of levels that lie far apart: of three or fewer levels each means a class.
    """
    _require_levels(levels)
    fixed = np.full(levels.shape, 128, np.uint8)
    fixed[levels < 64] = 0
    fixed[levels > 191] = 255
    _require_distinct(np.flatnonzero(_histogram(levels)))
    if remove_strays:
        strays = [_islands(fixed == value, remove_strays)[1] for value in (0, 255)]
        fixed[strays[0] | strays[1]] = 128
    return fixed


def _histogram(levels: np.ndarray) -> np.ndarray:
    """Count the pixels of each level 0..255, some rows at a time, as np.bincount takes 8 bytes a pixel."""
    rows = np.array_split(levels, max(1, levels.size >> 22))
    return sum(np.bincount(each.ravel(), minlength=256) for each in rows)


def _require_levels(levels: np.ndarray) -> None:
    if levels.ndim != 2 or levels.dtype != np.uint8:
        raise InputError(f"trimap levels: {levels.shape} {levels.dtype}, wanted (H, W) uint8. Convert them.")


def _require_distinct(values: np.ndarray) -> None:
    classes = np.digitize(values, (64, 192))
    merged = (np.diff(classes) == 0) & (np.diff(values) > APART)
    if len(values) <= len(LEVELS) and merged.any():
        found = ", ".join(map(str, values))
        raise InputError(f"trimap levels {found}: wanted 0, 128 and 255, and the nearest would make one class of two.")


def _other_values(counts: np.ndarray) -> list[str]:
    others = [int(v) for v in np.flatnonzero(counts) if v not in LEVELS.values()]
    if not others:
        return []
    number = int(counts[others].sum())
    values = ", ".join(map(str, others)) if len(others) <= 4 else f"{len(others)} of them, {others[0]} to {others[-1]}"
    return [f"values other than 0, 128 and 255: {values} ({number} pixels)"]


def _notes(levels: np.ndarray, strays: int, area: int) -> list[str]:
    found = [f"{_count(area, 'stray pixel')} in {_count(strays, 'island')}"] if strays else []
    return found + (["foreground and background look swapped"] if looks_swapped(levels) else [])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _islands(mask: np.ndarray, largest: int) -> tuple[int, np.ndarray]:
    """Count the 8-connected components of at most `largest` pixels, and mark them (H, W)."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    small = stats[:, cv2.CC_STAT_AREA] <= largest
    small[0] = False  # label 0 is what the mask leaves out
    return int(small.sum()), small[labels]

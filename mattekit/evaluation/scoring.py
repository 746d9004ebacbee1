"""Scoring predictions: reading 8-bit mattes and regions as the official scorer does, ahead of the scoring itself.

Truths are decoded once per group of composites.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Literal

import numpy as np

from mattekit import parallel
from mattekit.errors import InputError, MattekitError
from mattekit.evaluation.items import Item
from mattekit.imaging import io, pixel_values
from mattekit.imaging.io import MAX_MEGAPIXELS
from mattekit.metrics import METRICS, TEMPORAL, EmptyLevels, Frame, score, score_pair

Region = Literal["unknown", "all", "foreground", "background"]
UnknownValue = Literal["128", "any"]

COUNT_AS_UNKNOWN = "the trimap holds other values than 0, 128 and 255, which count as unknown"
COUNT_AS_KNOWN = "the trimap holds other values than 0, 128 and 255, which count as known, as officially"
REMEDIES = {COUNT_AS_KNOWN: "unknown-value"}
COLOUR = 8 / 255  # channels of a grey picture differ by less, even after lossy compression


def read_matte(path: Path, max_megapixels: float = io.MAX_MEGAPIXELS) -> tuple[np.ndarray, list[str]]:
    """Read a matte as (H, W) uint8, with notes on what was converted.

    8-bit grey values are taken as they are. 16-bit and float values are rounded, never truncated; of a file whose
    alpha is not opaque everywhere the alpha is taken, of other colour files the first channel, as officially.
    Raises InputError for a picture that is not grey, and as `io.read_raw`.
    """
    pixels = io.read_raw(path, max_megapixels=max_megapixels).pixels
    notes = []
    if pixels.ndim == 3 and pixels.shape[2] == 4 and (pixels[..., 3] != _full(pixels)).any():
        pixels = pixels[..., 3]
        notes.append("the alpha channel of an RGBA file is scored")
    elif pixels.ndim == 3:
        pixels = _first_channel(path, pixels, "matte")
        notes.append("the first channel of a colour file is scored")
    if pixels.dtype != np.uint8:
        notes.append(f"{'float' if pixels.dtype.kind == 'f' else '16-bit'} values are rounded to 8 bits")
    return _eight_bits(path, pixels), notes


def read_region(
    path: Path, region: Region, unknown_value: UnknownValue = "128", max_megapixels: float = io.MAX_MEGAPIXELS
) -> tuple[np.ndarray, list[str]]:
    """Read the pixels that count from a trimap file as (H, W) bool, with notes.

    region : "unknown", "foreground" (255) or "background" (0)
    unknown_value : "128" takes exactly that as unknown, as officially; "any" everything between 0 and 255
    """
    pixels = io.read_raw(path, max_megapixels=max_megapixels).pixels
    notes = []
    if pixels.ndim == 3:
        pixels = _first_channel(path, pixels, "trimap")
    if pixels.dtype != np.uint8:
        notes.append("the trimap's values are rounded to 8 bits")
    trimap = _eight_bits(path, pixels)
    between = (trimap != 0) & (trimap != 255)
    if np.any(between & (trimap != 128)):
        notes.append(COUNT_AS_UNKNOWN if unknown_value == "any" else COUNT_AS_KNOWN)
    if region == "unknown":
        mask = between if unknown_value == "any" else trimap == 128
    else:
        mask = trimap == {"foreground": 255, "background": 0}[region]
    if not mask.any():
        notes.append(f"no {region} pixel: MSE and MAD are undefined and left out of their means")
    return mask, notes


def _full(pixels: np.ndarray) -> float:
    return np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1.0


def _first_channel(path: Path, pixels: np.ndarray, wanted: str) -> np.ndarray:
    spread = pixels[..., :3].max(axis=2) - pixels[..., :3].min(axis=2)
    if spread.max() > COLOUR * _full(pixels):
        raise InputError(f"{path}: a colour picture, wanted a grey {wanted}. Check that this is the right file.")
    return np.ascontiguousarray(pixels[..., 0])


def _eight_bits(path: Path, pixels: np.ndarray) -> np.ndarray:
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    if pixels.dtype == np.uint16:
        return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.rint(pixel_values.alpha_of(str(path), pixels) * 255).astype(np.uint8)


@dataclass(frozen=True)
class Rules:
    """Rules of scoring: the pixels that count, the metrics, the policy of Conn, the largest picture that is read.

    With `temporal`, items are frames, and metrics of steadiness are among their scores.
    """

    region: Region = "unknown"
    unknown_value: UnknownValue = "128"
    metrics: tuple[str, ...] = field(default_factory=lambda: tuple(METRICS))
    empty_levels: EmptyLevels = "continue"
    max_megapixels: float = MAX_MEGAPIXELS
    temporal: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all metrics, those of steadiness last."""
        return (*self.metrics, *(TEMPORAL if self.temporal else ()))


def by_truth(work: Callable[[Sequence[Item]], list], items: Sequence[Item], jobs: int = 1) -> Iterator[parallel.Result]:
    """Yield a result per item as `parallel.run` does, but pass `work` all items of one truth at a time.

    `work` returns, per item, a value or the exception that stopped it.
    """
    ordered = sorted(items, key=lambda item: (item.truth, str(item.trimap)))
    groups = [list(group) for _, group in groupby(ordered, key=lambda item: item.truth)]
    for result in parallel.run(work, groups, jobs):
        outcomes = [result.error] * len(result.item) if result.error else result.value
        logged = result.logged
        for item, outcome in zip(result.item, outcomes, strict=True):
            failed = isinstance(outcome, Exception)
            yield parallel.Result(item, None if failed else outcome, outcome if failed else None, logged)
            logged = []


def score_group(group: Sequence[Item], rules: Rules) -> list[dict | Exception]:
    """Score predictions of one truth.

    Returns
    -------
    list
        Per item, in order, the exception that stopped it or a dictionary: "method", "region", each metric's value
        (None where it is undefined), and under "notes" conversions and other remarks.
    """
    outcomes: list[dict | Exception] = []
    with ThreadPoolExecutor(2) as pool:  # decoding and the compiled metrics leave the interpreter's lock alone
        truth = pool.submit(read_matte, group[0].truth, rules.max_megapixels)
        for item, prediction, mask in _read_ahead(pool, group, rules):
            try:
                outcomes.append(_score(item, prediction.result(), truth.result(), mask and mask.result(), rules))
            except (MattekitError, OSError, MemoryError) as error:
                outcomes.append(error)
    return outcomes


def compile_metrics(rules: Rules) -> None:
    """Compile the metrics in this process, so that worker processes find them in the cache."""
    dot = np.zeros((1, 1), np.uint8)
    score(dot, dot, metrics=rules.metrics)


def _read_ahead(
    pool: ThreadPoolExecutor, group: Sequence[Item], rules: Rules
) -> Iterator[tuple[Item, Future, Future | None]]:
    """Yield each item with futures of its files; only the next item's files are read ahead, to spare memory."""
    waiting: deque = deque()
    trimap, mask = None, None
    for item in group:
        if item.trimap != trimap and rules.region != "all":
            trimap = item.trimap
            mask = pool.submit(read_region, trimap, rules.region, rules.unknown_value, rules.max_megapixels)
        waiting.append((item, pool.submit(read_matte, item.prediction, rules.max_megapixels), mask))
        if len(waiting) > 1:
            yield waiting.popleft()
    yield from waiting


def _score(item: Item, prediction: tuple, truth: tuple, mask: tuple | None, rules: Rules) -> dict:
    alpha, notes = prediction
    notes = [*notes, *(f"truth: {note}" for note in truth[1]), *(mask[1] if mask else [])]
    _same_size(item.prediction, alpha, item.truth, truth[0])
    if mask:
        _same_size(item.trimap, mask[0], item.truth, truth[0])
    values = score(alpha, truth[0], mask[0] if mask else None, metrics=rules.metrics, empty_levels=rules.empty_levels)
    if rules.temporal:
        steadiness, more = _steadiness(item, Frame(alpha, truth[0], mask[0] if mask else None), rules)
        values, notes = values | steadiness, [*notes, *more]
    defined = {name: None if np.isnan(value) else value for name, value in values.items()}
    return {"method": item.method, "region": rules.region, **defined, "notes": notes}


def _steadiness(item: Item, now: Frame, rules: Rules) -> tuple[dict[str, float], list[str]]:
    """Return the metrics of a frame and the one before it, and notes; undefined without a frame that can be used."""
    undefined = dict.fromkeys(TEMPORAL, np.nan)
    if item.before is None:
        return undefined, []
    try:
        return score_pair(now, _before(item, now, rules)), []
    except (MattekitError, OSError):  # told where that frame is scored itself
        return undefined, ["the frame before it cannot be used: steadiness is undefined and left out of the means"]


def _before(item: Item, now: Frame, rules: Rules) -> Frame:
    """Read the frame before an item's, of its size."""
    path, truth, trimap = item.before
    alpha, true = (read_matte(each, rules.max_megapixels)[0] for each in (path, truth))
    mask = None
    if trimap and rules.region != "all":
        mask, _ = read_region(trimap, rules.region, rules.unknown_value, rules.max_megapixels)
    for name, pixels in ((path, alpha), (truth, true), (trimap, mask)):
        if pixels is not None:
            _same_size(name, pixels, item.prediction, now.alpha)
    return Frame(alpha, true, mask)


def _same_size(path: Path, pixels: np.ndarray, truth_path: Path, truth: np.ndarray) -> None:
    if pixels.shape != truth.shape:
        size, wanted = (f"{p.shape[1]}x{p.shape[0]}" for p in (pixels, truth))
        raise InputError(f"{path}: {size}, but {truth_path} is {wanted}. Nothing is resized here; check the pairing.")

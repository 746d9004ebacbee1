"""Jobs of `mattekit predict` on the frames of shots: alphas, each steadied by the frames around it.

The frames of a window are held, and a frame is written as soon as the last of its window has been read. Nothing else
goes from frame to frame: a run that goes on, or has a share of the frames, makes the same files as one that makes all.
"""

import re
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from mattekit import interrupts
from mattekit.baselines import DEFAULT_FOREGROUND
from mattekit.errors import InputError
from mattekit.imaging import io
from mattekit.imaging.transfer import bounded
from mattekit.imaging.trimap import to_levels
from mattekit.jobs.matte import OWN_FOREGROUND
from mattekit.jobs.predict import PredictJob
from mattekit.jobs.staged import Inputs
from mattekit.parallel import Result
from mattekit.sequences.layer_motion import LayerMotion, View, between, view
from mattekit.sequences.steadying import HOP, REACH, Shown, steadied

NUMBER = re.compile(r"(.*?)(\d+)(\D*)$")


def shots(jobs: Sequence[PredictJob]) -> list[list[PredictJob]]:
    """Return jobs by shot, in the order of their frames: names that differ in the last number alone, without a gap.

    Raises
    ------
    InputError
        If no two are frames of one shot.
    """
    series: dict[tuple, list[tuple[int, PredictJob]]] = {}
    for job in jobs:
        match = NUMBER.match(job.name)
        key = (job.image.parent, match[1], match[3]) if match else (job.name,)
        series.setdefault(key, []).append((int(match[2]) if match else 0, job))
    found: list[list[PredictJob]] = []
    for frames in series.values():
        frames.sort(key=lambda frame: frame[0])
        step = min((b[0] - a[0] for a, b in pairwise(frames)), default=1)
        for i, (number, job) in enumerate(frames):
            if i and number - frames[i - 1][0] == step:
                found[-1].append(job)
            else:
                found.append([job])
    if jobs and len(found) == len(jobs) > 1:
        raise InputError("no two images are frames of one shot. Number them, as in shot.0001.png.")
    return found


def run(all_shots: Sequence[Sequence[PredictJob]], todo: Collection[PredictJob]) -> Iterator[Result]:
    """Do those jobs of shots that are to do; yield a Result for each.

    Frames within `REACH` of these are read and matted, too. One that cannot be read ends the shot for the others.
    """
    wanted = set(map(id, todo))
    for shot in all_shots:
        yield from _Shot(shot, {i for i, job in enumerate(shot) if id(job) in wanted}).run()


class _Frame(NamedTuple):
    shown: Shown
    view: View
    facts: dict[str, Any] | None
    seconds: float


class _Shot:
    """The frames of one shot under way, by position, and what was found of them."""

    def __init__(self, jobs: Sequence[PredictJob], wanted: set[int]) -> None:
        self.jobs, self.waiting = jobs, sorted(wanted)
        self.frames: dict[int, _Frame] = {}
        self.motions: dict[tuple[int, int], LayerMotion] = {}

    def run(self) -> Iterator[Result]:
        needed = sorted({q for t in self.waiting for q in range(t - REACH, t + REACH + 1)} & set(range(len(self.jobs))))
        for position in needed:
            yield from self._finished(position)
            try:
                with interrupts.surfaced():
                    self._take(position)
            except Exception as error:
                if position in self.waiting:
                    self.waiting.remove(position)
                    yield Result(self.jobs[position], error=error)
        yield from self._finished(len(self.jobs) + REACH + 1)

    def _take(self, position: int) -> None:
        """Read a frame, and find its own alpha and the motion from and to earlier ones."""
        start, job = time.perf_counter(), self.jobs[position]
        job.check_targets()
        inputs = job.load()
        image = bounded(inputs.source.pixels, job.transfer)
        alpha, _ = job.alpha(job.model, inputs)
        trimap = to_levels(inputs.trimap)
        shown = Shown(np.rint(image * np.float32(65535)).astype(np.uint16), trimap, alpha)
        seen = view(image, alpha, trimap)
        for other in (position - 1, position - HOP):
            earlier = self.frames.get(other)
            if earlier and (found := between(earlier.view, seen)):
                self.motions[other, position], self.motions[position, other] = found
        self.frames[position] = _Frame(shown, seen, inputs.facts, time.perf_counter() - start)

    def _finished(self, position: int) -> Iterator[Result]:
        """Write the frames whose window ends before a position, and forget those that no window needs any more."""
        while self.waiting and self.waiting[0] + REACH < position:
            job = self.jobs[t := self.waiting.pop(0)]
            try:
                with interrupts.surfaced():
                    value = self._written(job, t)
            except Exception as error:
                yield Result(job, error=error)
            else:
                yield Result(job, value)
        first = self.waiting[0] - REACH if self.waiting else position
        self.frames = {q: frame for q, frame in self.frames.items() if q >= first}
        self.motions = {pair: found for pair, found in self.motions.items() if min(pair) >= first}

    def _written(self, job: PredictJob, t: int) -> dict:
        start, frame = time.perf_counter(), self.frames[t]
        alpha = steadied({q: each.shown for q, each in self.frames.items()}, self.motions, t)
        source = io.read_image(job.image, max_megapixels=job.max_megapixels, layer=job.layer)
        inputs = Inputs(source, (np.rint(frame.shown.trimap / 127.5) / 2).astype(np.float32), facts=frame.facts)
        if job.foreground_method == OWN_FOREGROUND:  # a model's own belongs to its own alpha
            job = replace(job, foreground_method=DEFAULT_FOREGROUND)
        facts = job.write(inputs, job.solve(inputs, alpha))
        return {**facts, "seconds": round(frame.seconds + time.perf_counter() - start, 3)}

"""Jobs of `mattekit predict` on the frames of shots: alphas, each steadied by the frames around it.

The frames of a window are held, and a frame is written as soon as the last of its window has been read. Nothing else
goes from frame to frame: a run that goes on, or has a share of the frames, makes the same files as one that makes all.
"""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from mattekit.baselines import DEFAULT_FOREGROUND
from mattekit.errors import InputError
from mattekit.imaging import io
from mattekit.imaging.transfer import bounded
from mattekit.imaging.trimap import to_levels
from mattekit.jobs.matte import OWN_FOREGROUND
from mattekit.jobs.predict import PredictJob
from mattekit.jobs.staged import Inputs
from mattekit.parallel import Result, call
from mattekit.sequences.frame_order import consecutive
from mattekit.sequences.layer_motion import LayerMotion, View, motion_between, view
from mattekit.sequences.stabilisation import HOP, REACH, MattedFrame, stabilised


def shots(jobs: Sequence[PredictJob]) -> list[list[PredictJob]]:
    """Return jobs by shot, in the order of their frames: names that differ in the last number alone, without a gap.

    Raises
    ------
    InputError
        If no two are frames of one shot.
    """
    found = consecutive(jobs, lambda job: (job.image.parent, job.name))
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
    shown: MattedFrame
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
            taken = call(self._take, position)
            if taken.error is not None and position in self.waiting:
                self.waiting.remove(position)
                yield Result(self.jobs[position], error=taken.error)
        yield from self._finished(len(self.jobs) + REACH + 1)

    def _take(self, position: int) -> None:
        """Read a frame, and find its own alpha and the motion from and to earlier ones."""
        start, job = time.perf_counter(), self.jobs[position]
        job.check_targets()
        inputs = job.load()
        image = bounded(inputs.source.pixels, job.transfer)
        alpha, _ = job.alpha(job.model, inputs)
        trimap = to_levels(inputs.trimap)
        shown = MattedFrame(np.rint(image * np.float32(65535)).astype(np.uint16), trimap, alpha)
        seen = view(image, alpha, trimap)
        for other in (position - 1, position - HOP):
            earlier = self.frames.get(other)
            if earlier and (found := motion_between(earlier.view, seen)):
                self.motions[other, position], self.motions[position, other] = found
        self.frames[position] = _Frame(shown, seen, inputs.facts, time.perf_counter() - start)

    def _finished(self, position: int) -> Iterator[Result]:
        """Write the frames whose window ends before a position, and forget those that no window needs any more."""
        while self.waiting and self.waiting[0] + REACH < position:
            t = self.waiting.pop(0)
            yield call(partial(self._written, t=t), self.jobs[t])
        first = self.waiting[0] - REACH if self.waiting else position
        self.frames = {q: frame for q, frame in self.frames.items() if q >= first}
        self.motions = {pair: found for pair, found in self.motions.items() if min(pair) >= first}

    def _written(self, job: PredictJob, t: int) -> dict:
        start, frame = time.perf_counter(), self.frames[t]
        alpha = stabilised({q: each.shown for q, each in self.frames.items()}, self.motions, t)
        source = io.read_image(job.image, max_megapixels=job.max_megapixels, layer=job.layer)
        inputs = Inputs(source, (np.rint(frame.shown.trimap / 127.5) / 2).astype(np.float32), facts=frame.facts)
        if job.foreground_method == OWN_FOREGROUND:  # a model's own belongs to its own alpha
            job = replace(job, foreground_method=DEFAULT_FOREGROUND)
        facts = job.write(inputs, job.solve(inputs, alpha))
        return {**facts, "seconds": round(frame.seconds + time.perf_counter() - start, 3)}

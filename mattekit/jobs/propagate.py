"""Trimaps of all frames of a shot from those of a few key frames.

Frames between two keys are reached from both. What the forward pass found waits in a temporary folder for the backward
pass, so that memory does not depend on the length of a shot. A frame that cannot be read is left out and stepped over.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mattekit.errors import InputError
from mattekit.frames import Shot, spans
from mattekit.imaging import io
from mattekit.imaging.transfer import bounded
from mattekit.imaging.trimap import to_levels
from mattekit.jobs.base import Job
from mattekit.parallel import Result, call
from mattekit.sequences import flow
from mattekit.sequences.propagation import FlowToKey, confidence, merged, warped, widened

log = logging.getLogger("mattekit")


@dataclass(frozen=True, kw_only=True)
class FrameJob(Job):
    """A frame of a shot in, its trimap out."""

    number: int
    image: Path

    @property
    def inputs(self) -> list[Path]:
        """Files that no output may overwrite."""
        return [self.image]


def keys_of(shot: Sequence[FrameJob], keys: Shot) -> dict[int, Path]:
    """Return the trimaps of key frames that are in a shot, by frame number, ascending.

    Raises
    ------
    InputError
        If there is none; keys outside the shot are told in a line.
    """
    numbers = {job.number for job in shot}
    if other := sorted(keys.files.keys() - numbers):
        log.warning("key frames %s are not in the shot.", spans(other))
    found = {number: path for number, path in sorted(keys.files.items()) if number in numbers}
    if not found:
        raise InputError(f"no key frame: the shot has frames {spans(numbers)}. Name a trimap by one of these numbers.")
    return found


def run(shot: Sequence[FrameJob], keys: Mapping[int, Path], todo: Sequence[FrameJob]) -> Iterator[Result]:
    """Make the trimaps of frames, and yield a Result for each: outputs, size, confidence 0..1 and the keys it is from.

    A key frame that cannot be used fails alone; the frames about it are reached from the other keys.

    Parameters
    ----------
    shot : all frames, ascending
    keys : frame number -> file of a trimap, at least one
    todo : the frames whose trimaps are wanted

    Raises
    ------
    InputError
        If no key frame can be used, after the Results that say why not.
    """
    wanted, sound = {job.number for job in todo}, {}
    for job in (job for job in shot if job.number in keys):
        result = call(partial(_key_frame, keys=keys, wanted=job.number in wanted), job)
        if result.error is None:
            sound[job.number] = keys[job.number]
        if result.error is not None or job.number in wanted:
            yield result
    wanted -= keys.keys()
    places = [i for i, job in enumerate(shot) if job.number in sound]
    if not wanted:
        return
    if not places:
        raise InputError("no key frame can be used: nothing leads to the other frames. Mend one, or add another.")
    for first, last in [(None, places[0]), *pairwise(places), (places[-1], None)]:
        between = shot[0 if first is None else first : None if last is None else last + 1]
        if any(job.number in wanted for job in between):
            yield from _between(between, sound, wanted, ahead=first is not None, back=last is not None)


def _between(
    frames: Sequence[FrameJob], keys: Mapping[int, Path], wanted: set[int], *, ahead: bool, back: bool
) -> Iterator[Result]:
    """Make the trimaps of frames after a key, before a key, or both; the keys are among them, at the ends."""
    ends = [frames[0].number] * ahead + [frames[-1].number] * back
    with TemporaryDirectory(prefix="mattekit-") as folder:
        kept = Path(folder)
        if ahead and back:
            for job, found in _along(frames, keys):
                if isinstance(found, tuple):
                    levels, uncertainty = (part.astype(np.float16) for part in found)
                    np.savez(kept / f"{job.number}.npz", levels=levels, uncertainty=uncertainty)
        for job, found in _along(frames[::-1] if back else frames, keys):
            if job.number not in wanted:
                continue
            if isinstance(found, Exception):
                yield Result(job, error=found)
                continue
            if (other := kept / f"{job.number}.npz").exists():
                with np.load(other) as stored:
                    found = merged(*(stored[part].astype(np.float32) for part in ("levels", "uncertainty")), *found)
            yield call(partial(_write_warped, levels=found[0], uncertainty=found[1], ends=ends), job)


def _along(
    frames: Sequence[FrameJob], keys: Mapping[int, Path]
) -> Iterator[tuple[FrameJob, tuple[np.ndarray, np.ndarray] | Exception]]:
    """Go from a key, the first frame, and yield each frame with its warped levels and uncertainty, or its error."""
    key, before, to_key = None, None, None
    for job in frames:
        try:
            image = io.read_image(job.image, max_megapixels=job.max_megapixels, layer=job.layer)
            picture = flow.grey(bounded(image.pixels))
            if key is None:
                key, to_key = _key(job, keys), FlowToKey.of_key(picture.shape)
                io.require_same_size(str(keys[job.number]), key.shape, str(job.image), picture.shape)
            else:
                io.require_same_size(str(job.image), picture.shape, str(keys[frames[0].number]), key.shape)
                to_key = to_key.extended(flow.motion(picture, before))
            before = picture
        except Exception as error:
            if key is None or before is None:  # without its key nothing of a shot can be made
                raise
            yield job, error
            continue
        yield job, (warped(key, to_key), to_key.uncertainty)


def _key(job: FrameJob, keys: Mapping[int, Path]) -> np.ndarray:
    return io.read_trimap(keys[job.number], max_megapixels=job.max_megapixels, require_classes=False)


def _key_frame(job: FrameJob, keys: Mapping[int, Path], wanted: bool) -> dict:
    """Check that a key frame and its trimap can be used, and write the trimap where it is wanted."""
    image = io.read_image(job.image, max_megapixels=job.max_megapixels, layer=job.layer)
    trimap = _key(job, keys)
    io.require_same_size(str(keys[job.number]), trimap.shape, str(job.image), image.pixels.shape[:2])
    return _write(job, trimap, [job.number], 1.0) if wanted else {}


def _write_warped(job: FrameJob, levels: np.ndarray, uncertainty: np.ndarray, ends: list[int]) -> dict:
    trimap = widened(levels, uncertainty)
    return _write(job, trimap, ends, confidence(trimap, uncertainty))


def _write(job: FrameJob, trimap: np.ndarray, ends: list[int], sure: float) -> dict:
    job.check_targets()
    io.write_raw(job.targets["trimap"], to_levels(trimap), suffix=job.format)
    return job.outcome(trimap.shape, confidence=round(sure, 3), keys=ends)

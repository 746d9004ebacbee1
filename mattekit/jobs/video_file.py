"""A video made of the pictures of a shot: they wait in a hidden folder beside it until all are there.

Pictures are kept as PNG files, so that a run that was killed goes on where it was; the video is encoded of them at the
end, into a temporary file that takes its name when it is whole.
"""

import dataclasses
import logging
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from mattekit import __version__, files, frames
from mattekit.imaging import io
from mattekit.jobs.base import Job
from mattekit.video import encoder, index, names
from mattekit.video.sound import Sound

log = logging.getLogger("mattekit")

SETTINGS = "settings.txt"  # in the folder of the pictures: how they were made
CHANNELS = {"alpha": 1, "trimap": 1, "cutout": 4, "matte-in-source": 4}  # of kinds of pictures; others have 3
RATE = Fraction(24)  # frames a second of pictures, which tell none


@dataclass(frozen=True)
class VideoFile:
    """A video file of one kind of picture of a shot.

    Attributes
    ----------
    target : Path
    kind : str
    shot : Path
        The video or the pattern of the frames it is made from.
    """

    target: Path
    kind: str
    shot: Path

    @property
    def folder(self) -> Path:
        """The folder in which the pictures wait."""
        return self.target.with_name(f".{self.target.name}.frames")

    @property
    def depth(self) -> str:
        """Bits of the pictures; "auto" for those of the shot."""
        return encoder.CODECS[self.target.suffix.lower()].depth

    def part(self, name: str) -> Path:
        """Return the file of the picture of one frame."""
        return self.folder / f"{name}.png"

    def check(self, size: tuple[int, int]) -> None:
        """Raise InputError if the video cannot hold such pictures, before any is made."""
        names.library(self.target)
        encoder.form_of(self.target, CHANNELS.get(self.kind, 3), size)

    def prepare(self, jobs: Sequence[Job]) -> None:
        """Make the folder, and remove pictures of other settings, and those whose inputs have changed since.

        Raises
        ------
        InputError
            If the video would replace an input.
        """
        for source in {names.file_of(path) for job in jobs for path in job.inputs}:
            files.refuse_overwriting(self.target, [source])
        settings, noted = _settings(jobs[0]), self.folder / SETTINGS
        if self.folder.exists() and not (noted.exists() and noted.read_text() == settings):
            log.warning("%s: pictures of an earlier run with other settings are removed.", self.folder)
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        files.write_bytes(noted, settings.encode())
        for job in jobs:
            part = self.part(job.name)
            if part.exists() and part.stat().st_mtime_ns < max(map(_changed, job.inputs)):
                part.unlink()

    def join(self, advance: Callable[[], None] = lambda: None) -> list[int]:
        """Encode the video of the pictures that are there, and remove their folder; return the frames' numbers.

        Raises
        ------
        InputError
            If pictures differ in size, or PyAV lacks the codec.
        """
        chosen = {n: self.part(path.stem) for n, path in frames.find(self.shot).files.items()}
        chosen = {number: part for number, part in chosen.items() if part.exists()}
        timing, sound = self._timing(list(chosen))
        with files.replacing(self.target) as part, sound as opened:
            encoder.write(part, self.target.suffix.lower(), _pictures(chosen.values(), advance), timing, opened)
        shutil.rmtree(self.folder)
        return list(chosen)

    def _timing(self, numbers: list[int]) -> tuple[encoder.Timing, Any]:
        """Return the times of frames, and the sound beside them: those of a video, or frames of one duration."""
        video = self.shot if names.is_video(self.shot) else self.shot.parent
        if not names.is_video(video):
            log.warning("%s: pictures tell no frame rate; %s has %s a second.", self.shot, self.target, RATE)
            return encoder.Timing(range(len(numbers)), [1] * len(numbers), 1 / RATE, RATE), nullcontext()
        found = index.read(video)
        times = [*found.times, found.times[-1] + found.last]
        # A list of frames that leaves out the first begins at 0; a whole video keeps its own beginning.
        offset = times[numbers[0] - 1] if numbers[0] > 1 else min(0, times[0])
        shown = [times[n - 1] - offset for n in numbers]
        lasting = [later - sooner for sooner, later in zip(shown, shown[1:], strict=False)]
        lasting.append(times[numbers[-1]] - times[numbers[-1] - 1])
        look = (value if value != 2 else 1 for value in (found.primaries, found.transfer))
        seconds = offset * found.time_base
        sound = Sound(video, seconds if numbers[0] > 1 else Fraction(-1), seconds)
        return encoder.Timing(shown, lasting, found.time_base, found.rate, *look), sound


def _pictures(parts: Any, advance: Callable[[], None]) -> Iterator[np.ndarray]:
    for part in parts:
        yield io.read_raw(part).pixels
        advance()


def _changed(path: Path) -> int:
    file = names.file_of(path)
    return file.stat().st_mtime_ns if file.exists() else 0


def _settings(job: Job) -> str:
    """Describe how a picture is made, alike for all frames of a shot."""
    fields = {field.name: getattr(job, field.name) for field in dataclasses.fields(job)}
    lines = [f"{name}: {_described(value)}" for name, value in fields.items() if name not in ("name", "targets")]
    return "\n".join([f"mattekit {__version__}", *lines, *sorted(job.targets)])


def _described(value: Any) -> str:
    if isinstance(value, Path):
        return re.sub(r"\d+", "#", str(names.file_of(value)))
    if isinstance(value, str) and Path(value).is_file():  # weights, a background
        return str(files.state(Path(value)))
    if isinstance(value, dict):
        return ", ".join(f"{name}={_described(part)}" for name, part in value.items())
    if dataclasses.is_dataclass(value):
        return _described({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
    return repr(value)

"""The frames of a video file, found without decoding: their times, which of them stand alone, and how many are lost."""

import functools
import logging
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from mattekit import files
from mattekit.errors import InputError
from mattekit.video import names

log = logging.getLogger("mattekit")


@dataclass(frozen=True)
class Index:
    """Facts that a video's packets tell.

    Attributes
    ----------
    times : tuple of int
        Of each frame, ascending, in units of `time_base` seconds.
    keys : tuple of int
        Numbers, from 1, of frames from which decoding can start, ascending.
    size : (int, int)
        Height and width of frames as stored, and not yet turned.
    rate : Fraction
        Frames a second on average.
    last : int
        Duration of the last frame.
    lost : int
        Frames that the file speaks of and does not hold, at its end; an estimate for Matroska.
    primaries, transfer : int
        Colour primaries and transfer characteristics, by their numbers in H.273; 2 is unspecified.
    """

    times: tuple[int, ...]
    keys: tuple[int, ...]
    time_base: Fraction
    size: tuple[int, int]
    rate: Fraction
    last: int
    lost: int
    primaries: int = 2
    transfer: int = 2

    @property
    def count(self) -> int:
        """The number of frames."""
        return len(self.times)

    def key_before(self, number: int) -> int:
        """Return the last frame up to `number` from which decoding can start; 1 if none is marked."""
        place = bisect_right(self.keys, number)
        return self.keys[place - 1] if place else 1


def read(video: Path) -> Index:
    """Return the index of a video file, kept until the file changes.

    Raises
    ------
    MissingFileError, InputError
        If the file cannot be read, is damaged, or has no video stream or no frame.
    MissingExtraError
        Without the extra `mattekit[video]`.
    """
    with files.open_regular(video):
        return _of_state(files.state(video), video)


@functools.lru_cache(maxsize=64)
def _of_state(state: tuple, video: Path) -> Index:
    with opened(video) as container:
        return _parse(container, stream_of(container, video), video)


def opened(video: Path) -> Any:
    """Open a video file with PyAV; raise InputError in one line if it is none."""
    av = names.library(video)
    try:
        return av.open(str(video))
    except av.error.FFmpegError as error:
        raise InputError(
            f"{video}: no video that can be read ({error.strerror}): damaged, or cut off before its index. "
            "Copy or record it again."
        ) from None


def stream_of(container: Any, video: Path) -> Any:
    """Return the first stream of moving pictures; raise InputError if there is none."""
    av = names.library(video)
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            if stream.codec_context is None:
                raise InputError(f"{video}: PyAV has no decoder for this video. Convert it.")
            return stream
    held = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
    raise InputError(f"{video}: no video stream ({held} alone). Check the path.")


def _parse(container: Any, stream: Any, video: Path) -> Index:
    found, whole = _packets(container, stream)
    times = sorted(found)
    if not times:
        raise InputError(f"{video}: no whole frame. It is cut off or damaged; copy or record it again.")
    number = {time: place for place, time in enumerate(times, 1)}
    keys = sorted(number[time] for time, (_, is_key) in found.items() if is_key)
    rate = Fraction(stream.average_rate or stream.guessed_rate or 24)
    last = found[times[-1]][0] or _typical(times) or max(1, round(1 / (rate * stream.time_base)))
    lost = max(0, stream.frames - whole) if stream.frames else _missing_at_end(container, stream, times, last, rate)
    codec = stream.codec_context
    more = (codec.height, codec.width), rate, last, lost, int(codec.color_primaries), int(codec.color_trc)
    return Index(tuple(times), tuple(keys), Fraction(stream.time_base), *more)


def _packets(container: Any, stream: Any) -> tuple[dict[int, tuple[int, bool]], int]:
    """Return time -> (duration, whether decoding can start there) of all frames, and the number of whole packets."""
    av = names.library(Path(container.name))
    found, whole = {}, 0
    try:
        for packet in container.demux(stream):
            if not packet.size or packet.is_corrupt:
                continue
            whole += 1
            time = packet.dts if packet.pts is None else packet.pts
            if time is not None and not packet.is_discard:
                found[time] = (packet.duration or 0, packet.is_keyframe)
    except av.error.FFmpegError as error:
        log.info("%s: %s after %d packets.", container.name, error.strerror, whole)
    return found, whole


def _typical(times: Sequence[int]) -> int:
    steps = sorted(later - sooner for sooner, later in zip(times, times[1:], strict=False))
    return steps[len(steps) // 2] if steps else 0


def _missing_at_end(container: Any, stream: Any, times: Sequence[int], last: int, rate: Fraction) -> int:
    """Estimate lost frames of a file that tells its duration, not their number."""
    stated = _seconds(stream.metadata.get("DURATION", ""))
    if stated is None and container.duration and len(container.streams) == 1:
        stated = container.duration / 1e6 + (container.start_time or 0) / 1e6
    if stated is None:
        return 0
    steps = [later - sooner for sooner, later in zip(times, times[1:], strict=False)]
    missing = stated - float((times[-1] + last) * stream.time_base)
    return round(missing * rate) if missing > 2 * float(max([*steps, last]) * stream.time_base) else 0


def _seconds(clock: str) -> float | None:
    parts = clock.split(":")
    try:
        return sum(float(part) * unit for part, unit in zip(parts, (3600, 60, 1), strict=True))
    except ValueError:
        return None

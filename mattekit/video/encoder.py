"""Video files written of pictures: the codec follows from the suffix, times and sound are kept."""

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from mattekit.errors import InputError
from mattekit.video import colours, names
from mattekit.video.rgb_to_frame import frame_of
from mattekit.video.sound import Sound

log = logging.getLogger("mattekit")

MOST_THREADS = 8  # each holds frames of its own


@dataclass(frozen=True)
class Codec:
    """A suffix and how it is written.

    Attributes
    ----------
    container, name : str
        Of FFmpeg.
    depth : str
        Of the pictures that it takes; "auto" takes 8 and 16 bits as they are.
    formats : dict
        Number of channels -> format of pixels; for "auto" with the depth.
    """

    container: str
    name: str
    depth: str
    formats: dict
    options: dict[str, str] = field(default_factory=dict)


CODECS = {
    ".mov": Codec(
        "mov", "prores_ks", "16", {1: "yuv444p10le", 3: "yuv444p10le", 4: "yuva444p10le"},
        {"profile": "4444", "alpha_bits": "16", "vendor": "apl0"},
    ),
    ".webm": Codec(
        "webm", "libvpx-vp9", "8", {1: "yuv420p", 3: "yuv420p", 4: "yuva420p"},
        {"crf": "12", "b:v": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1", "auto-alt-ref": "0"},
    ),
    ".mkv": Codec(
        "matroska", "ffv1", "auto",
        {
            (1, 8): "gray", (3, 8): "bgr0", (4, 8): "bgra",
            (1, 16): "gray16le", (3, 16): "gbrp16le", (4, 16): "gbrap16le",
        },
        {"level": "3", "g": "1", "slices": "4", "slicecrc": "1"},
    ),
    ".mp4": Codec("mp4", "libx264", "8", {1: "yuv420p", 3: "yuv420p"}, {"crf": "10"}),
}  # fmt: skip


@dataclass(frozen=True)
class Timing:
    """Times of frames, and what their colours mean.

    Attributes
    ----------
    times, durations : sequence of int
        In units of `base` seconds.
    rate : Fraction
        Frames a second on average.
    primaries, transfer : int
        Numbers of H.273.
    """

    times: Sequence[int]
    durations: Sequence[int]
    base: Fraction
    rate: Fraction
    primaries: int = 1
    transfer: int = 1


def form_of(target: Path, channels: int, size: tuple[int, int], bits: int = 8) -> str:
    """Return the format of pixels in which a video takes pictures of so many channels; raise InputError if none."""
    suffix = Path(target).suffix.lower()
    if suffix not in CODECS:
        raise InputError(f"{target}: {suffix}, wanted one of {' '.join(CODECS)} for a video. Name it so.")
    formats = CODECS[suffix].formats
    form = formats.get((channels, bits)) or formats.get(channels)
    if form is None:
        raise InputError(f"{target}: H.264 holds no transparency. Write .mov, .webm or .mkv.")
    if suffix == ".mp4" and (size[0] % 2 or size[1] % 2):
        if channels == 1:
            return "gray"  # without chroma, which two by two pixels share, any size will do
        found = f"{size[1]}x{size[0]} pixels, but H.264 wants even sides"
        raise InputError(f"{target}: {found}. Write .mov, .webm or .mkv.")
    return form


def write(
    target: Path, suffix: str, pictures: Iterable[np.ndarray], timing: Timing, sound: Sound | None = None
) -> None:
    """Encode pictures (H, W), (H, W, 3) or (H, W, 4), uint8 or uint16, of one size, into a video file.

    Parameters
    ----------
    target : the file, of any name.
    suffix : one of CODECS, which says how.
    sound : copied along, where the container holds it.

    Raises
    ------
    InputError
        If the codec is missing or cannot hold such pictures, or sizes differ.
    """
    av = names.library(target)
    with av.open(str(target), "w", format=CODECS[suffix].container) as container:
        stream, matrix = None, 9 if timing.primaries == 9 else colours.BT709
        for number, pixels in enumerate(pictures):
            if stream is None:
                stream = _stream(av, container, target.with_suffix(suffix), pixels, timing, matrix)
                if sound:
                    sound.join(container, suffix)
            _require_same(target, pixels, stream)
            frame = frame_of(av, pixels, stream.codec_context.pix_fmt, matrix)
            frame.color_primaries, frame.color_trc = timing.primaries, timing.transfer
            frame.pts, frame.time_base = timing.times[number], timing.base
            for packet in sound.until(timing.times[number] * timing.base) if sound else ():
                container.mux(packet)
            container.mux(_timed(stream.encode(frame), timing))
        container.mux(_timed(stream.encode(None), timing))
        end = timing.times[-1] + timing.durations[-1]
        for packet in sound.until(end * timing.base) if sound else ():
            container.mux(packet)


def _stream(av: Any, container: Any, target: Path, pixels: np.ndarray, timing: Timing, matrix: int) -> Any:
    codec, channels = CODECS[target.suffix], 1 if pixels.ndim == 2 else pixels.shape[2]
    form = form_of(target, channels, pixels.shape[:2], pixels.dtype.itemsize * 8)
    try:
        stream = container.add_stream(codec.name, rate=timing.rate, options=dict(codec.options))
    except (ValueError, av.error.FFmpegError):
        raise InputError(f"{target}: this PyAV has no encoder {codec.name}. Choose another suffix.") from None
    stream.height, stream.width, stream.pix_fmt = *pixels.shape[:2], form
    context = stream.codec_context
    context.time_base = stream.time_base = timing.base
    context.thread_count = min(MOST_THREADS, os.cpu_count() or 1)
    coded = form.startswith("yuv")
    context.color_range = colours.LIMITED if coded or form == "gray" and codec.name == "libx264" else colours.FULL
    if coded:
        context.colorspace = matrix
    context.color_primaries, context.color_trc = timing.primaries, timing.transfer
    return stream


def _timed(packets: Iterable[Any], timing: Timing) -> Iterator[Any]:
    """Give packets the durations of their frames, which encoders forget."""
    durations = dict(zip(timing.times, timing.durations, strict=True))
    for packet in packets:
        if packet.time_base == timing.base and packet.pts in durations:
            packet.duration = durations[packet.pts]
        yield packet


def _require_same(target: Path, pixels: np.ndarray, stream: Any) -> None:
    if pixels.shape[:2] != (stream.height, stream.width):
        found = f"{pixels.shape[1]}x{pixels.shape[0]} after {stream.width}x{stream.height}"
        raise InputError(f"{target}: frames of {found}, wanted one size in a video. Write frames into a folder.")

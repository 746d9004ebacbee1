"""Frames of a video by number: decoded one after the other, from a key frame where a number is out of order."""

import functools
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mattekit import files
from mattekit.errors import InputError
from mattekit.video import frame_to_rgb, index, names

log = logging.getLogger("mattekit")

KEPT_BYTES = 96 << 20  # of frames that were decoded last; going backwards, each decoding from a key frame serves many
OPEN_FILES = 4
EXACT = {"ffv1", "png", "qtrle", "rawvideo", "huffyuv", "ffvhuff", "utvideo", "v210", "exr", "tiff"}


class LostFrameError(InputError):
    """A frame cannot be decoded: its part of the video file is damaged or missing."""


class Decoder:
    """An open video file that gives frames by number; one thread at a time decodes."""

    def __init__(self, video: Path) -> None:
        self.video, self.index = video, index.read(video)
        self.numbers = {time: number for number, time in enumerate(self.index.times, 1)}
        self.kept: OrderedDict[int, Any] = OrderedDict()
        self.lock, self.interlaced = threading.Lock(), False
        self._open()

    @property
    def exact(self) -> bool:
        """Whether decoded values are those that were encoded."""
        return self.codec in EXACT

    def frame(self, number: int) -> Any:
        """Return a frame, 1 the first.

        Raises
        ------
        LostFrameError
            If it cannot be decoded.
        """
        with self.lock:
            if number not in self.kept:
                self._decode(number)
            if number not in self.kept:
                raise LostFrameError(f"{self.video}: frame {number} cannot be decoded. The file is damaged there.")
            return self.kept[number]

    def _decode(self, number: int) -> None:
        """Decode up to a frame, with another try from the start where a jump has missed it."""
        key = self.index.key_before(number)
        if not self.next <= number or key > self.next:
            self._seek(key)
        if self._advance(number) > number and key > 1:
            self._open()
            self._advance(number)

    def _advance(self, number: int) -> int:
        """Decode up to a frame or the first one after it; return the number of the first frame that came."""
        first = None
        for frame in self.frames:
            found = self.numbers.get(frame.pts if frame.pts is not None else frame.dts)
            if found is None:
                continue
            first, self.next = first or found, found + 1
            self._keep(found, frame)
            if found >= number:
                break
        return first or 0

    def _keep(self, number: int, frame: Any) -> None:
        if frame.interlaced_frame and not self.interlaced:
            log.warning("%s: interlaced; both fields of a frame are taken as one picture.", self.video)
            self.interlaced = True
        self.kept[number] = frame
        size = sum(plane.buffer_size for plane in frame.planes)
        while len(self.kept) > max(3, KEPT_BYTES // max(1, size)):
            self.kept.popitem(last=False)

    def _open(self) -> None:
        self.close()
        self.container = index.opened(self.video)
        self.stream = index.stream_of(self.container, self.video)
        self.stream.thread_type = "AUTO"
        self.codec = self.stream.codec_context.name
        self.next, self.frames = 1, self._frames(_with_alpha(self.stream, self.video))

    def _seek(self, key: int) -> None:
        av = names.library(self.video)
        if key == 1:
            return self._open()
        try:
            self.container.seek(self.index.times[key - 1], stream=self.stream)
        except av.error.FFmpegError:
            return self._open()
        self.next, self.frames = key, self._frames(_with_alpha(self.stream, self.video))

    def _frames(self, other: Any) -> Iterator[Any]:
        """Yield frames from here on, by `other` in place of the stream's own decoder; stop where the file ends."""
        av = names.library(self.video)
        packets = self.container.demux(self.stream)
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError:
                packet = None
            ended = packet is None or not packet.size
            if not ended and packet.is_corrupt:
                continue
            try:
                decode = other or self.stream.codec_context
                yield from decode.decode(None if ended else packet)
            except (av.error.InvalidDataError, av.error.EOFError):
                pass
            if ended:
                return

    def close(self) -> None:
        """Close the file."""
        if container := getattr(self, "container", None):
            container.close()


def _with_alpha(stream: Any, video: Path) -> Any:
    """Return the decoder that VP8 and VP9 with alpha need; None for others, whose own serves."""
    own = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(stream.codec_context.name)
    if own is None or stream.metadata.get("alpha_mode", stream.metadata.get("ALPHA_MODE")) != "1":
        return None
    return names.library(video).codec.CodecContext.create(own, "r")


@functools.lru_cache(maxsize=OPEN_FILES)
def _decoder(state: tuple, video: Path) -> Decoder:
    return Decoder(video)


_opening = threading.Lock()


def decoder_of(video: Path) -> Decoder:
    """Return the decoder of a video file, which stays open until it changes or several others were read."""
    with _opening, files.open_regular(video):
        return _decoder(files.state(video), video)


def read(frame: Path) -> tuple[np.ndarray, bool]:
    """Return the pixels of a frame by its path, as `frame_to_rgb.pixels_of` gives them, and whether its codec is lossy.

    Raises
    ------
    InputError
        If the frame cannot be decoded or is of an unsupported kind; see `index.read` for the rest.
    """
    video = names.file_of(frame)
    decoder = decoder_of(video)
    decoded = decoder.frame(names.number_of(frame))
    plain = decoded.format.name.startswith(("gbr", "gray", "rgb", "bgr", "pal"))
    return frame_to_rgb.pixels_of(decoded, str(frame)), not (decoder.exact and plain)


def size(frame: Path) -> tuple[int, int]:
    """Return height and width of a frame's upright picture; the first of the video tells how it is turned."""
    decoder = decoder_of(names.file_of(frame))
    height, width = decoder.index.size
    return (width, height) if frame_to_rgb.is_turned(decoder.frame(1).rotation) else (height, width)

"""Sound of a video, copied without decoding beside the frames that are kept of it."""

import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

from mattekit.video import index, names

log = logging.getLogger("mattekit")


class Sound:
    """The sound streams of a video, whose packets are given in the order of their times.

    Parameters
    ----------
    video : Path
    start, offset : Fraction
        Seconds in the video from which on sound is wanted, and of which the new video's 0 is.
    """

    def __init__(self, video: Path, start: Fraction = Fraction(0), offset: Fraction = Fraction(0)) -> None:
        self.video, self.start, self.offset = video, start, offset
        self.container = index.opened(video)
        self.streams: dict[int, Any] = {}  # number in the video -> stream of the new one
        self.packets: Iterator[tuple[Any, Fraction]] = iter(())
        self.waiting: tuple[Any, Fraction] | None = None

    def join(self, container: Any, suffix: str) -> None:
        """Add the streams to a new video; a note tells of those that it cannot hold."""
        av = names.library(self.video)
        for stream in self.container.streams.audio:
            try:
                self.streams[stream.index] = container.add_stream_from_template(stream)
            except (ValueError, av.error.FFmpegError):
                name = stream.codec_context.name
                log.warning("%s: its sound (%s) is left out, as %s cannot hold it.", self.video, name, suffix)
        self.packets = self._read()

    def until(self, end: Fraction) -> Iterator[Any]:
        """Yield the packets that begin before `end` seconds of the new video, with their streams and times in it."""
        while True:
            self.waiting = self.waiting or next(self.packets, None)
            if self.waiting is None or self.waiting[1] >= end:
                return
            packet, self.waiting = self.waiting[0], None
            yield packet

    def _read(self) -> Iterator[tuple[Any, Fraction]]:
        av = names.library(self.video)
        if not self.streams:
            return
        try:
            for packet in self.container.demux(*[self.container.streams[number] for number in self.streams]):
                if packet.dts is None or not packet.size or packet.is_corrupt:
                    continue
                time = packet.dts * packet.time_base
                if time < self.start:
                    continue
                shift = round(self.offset / packet.time_base)
                packet.dts -= shift
                packet.pts = packet.dts if packet.pts is None else packet.pts - shift
                packet.stream = self.streams[packet.stream.index]
                yield packet, time - self.offset
        except av.error.FFmpegError as error:
            log.warning("%s: its sound ends early (%s).", self.video, error.strerror)

    def __enter__(self) -> "Sound":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.container.close()

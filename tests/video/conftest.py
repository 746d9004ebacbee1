"""Tiny videos, made with PyAV; tests skip without it."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av", reason="videos need PyAV: pip install mattekit[video]")


def fill(frame, planes: Sequence[np.ndarray]) -> None:
    """Put values into the planes of a frame."""
    for plane, values in zip(frame.planes, planes, strict=True):
        rows = np.frombuffer(plane, values.dtype).reshape(-1, plane.line_size // values.dtype.itemsize)
        rows[: values.shape[0], : values.shape[1]] = values


@pytest.fixture
def write_video() -> Callable[..., Path]:
    """A function that encodes planes of frames; `times` are in 1/600 s."""

    def write(path, codec, form, frames, *, times=None, options=None, sound=None, mux=None, **context):
        times = times or [25 * i for i in range(len(frames))]
        with av.open(str(path), "w", options=mux or {}) as container:
            stream = container.add_stream(codec, rate=24, options=options or {})
            stream.pix_fmt = form
            stream.height, stream.width = frames[0][0].shape[:2]
            stream.codec_context.time_base = stream.time_base = Fraction(1, 600)
            for name, value in context.items():
                setattr(stream.codec_context, name, value)
            noise = _add_sound(container, sound) if sound else []
            for time, planes in zip(times, frames, strict=True):
                frame = av.VideoFrame(planes[0].shape[1], planes[0].shape[0], form)
                fill(frame, planes)
                frame.pts, frame.time_base = time, Fraction(1, 600)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
            for packet in noise:
                container.mux(packet)
        return Path(path)

    return write


def _add_sound(container, codec: str) -> list:
    """Encode half a second of a tone."""
    stream = container.add_stream(codec, rate=48000, layout="mono")
    tone = (8000 * np.sin(np.arange(24000) / 10)).astype(np.int16)[None]
    frame = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
    frame.sample_rate, frame.pts = 48000, 0
    return [*stream.encode(frame), *stream.encode(None)]


@pytest.fixture
def grey_frames() -> Callable[..., list]:
    """A function that makes 4:2:0 frames whose luma is 40 + 3 times their number, from 1."""

    def make(count, size=(32, 48), step=3):
        chroma = [np.full((size[0] // 2, size[1] // 2), 128, np.uint8)] * 2
        return [[np.full(size, 40 + step * i, np.uint8), *chroma] for i in range(1, count + 1)]

    return make

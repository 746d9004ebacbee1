"""Pictures to frames for encoders: planes of luma and chroma, or of the colours themselves."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from mattekit.video import colours
from mattekit.video.frame_to_rgb import CODES


def frame_of(av: Any, pixels: np.ndarray, form: str, matrix: int) -> Any:
    """Make a frame of a format of `encoder.CODECS`.

    Parameters
    ----------
    pixels : (H, W), (H, W, 3) or (H, W, 4) uint8 or uint16
        Grey, RGB, or RGB with straight alpha, which the format must have a place for.
    matrix : int
        Of `colours.WEIGHTS`, for formats of luma and chroma, which get the limited range.
    """
    frame = av.VideoFrame(pixels.shape[1], pixels.shape[0], form)
    if form.startswith("yuv"):
        frame.colorspace, frame.color_range = matrix, colours.LIMITED
    bits = frame.format.components[0].bits
    if form.startswith("gray"):
        planes = [_scaled(pixels, bits)]
    elif form in ("bgr0", "bgra"):
        planes = [_packed(_scaled(pixels, bits))]
    elif form.startswith("gbr"):
        planes = [_scaled(pixels, bits)[..., i] for i in (1, 2, 0, 3)[: pixels.shape[2]]]
    else:
        planes = _mixed(pixels, frame.format, matrix)
    _fill(frame, planes)
    return frame


def _fill(frame: Any, planes: Sequence[np.ndarray]) -> None:
    for plane, values in zip(frame.planes, planes, strict=True):
        rows = np.frombuffer(plane, values.dtype).reshape(-1, plane.line_size // values.dtype.itemsize)
        rows[: values.shape[0], : values.shape[1]] = values


def _scaled(pixels: np.ndarray, bits: int) -> np.ndarray:
    """Take full-range values to those of `bits` bits."""
    full, stored = np.iinfo(pixels.dtype).max, CODES[8 if bits <= 8 else 16]
    if pixels.dtype == stored[0] and full == 2**bits - 1:
        return pixels
    flat = np.ascontiguousarray(pixels).reshape(pixels.shape[0], -1)
    return cv2.multiply(flat, (2**bits - 1) / full, dtype=stored[1]).reshape(pixels.shape)


def _packed(pixels: np.ndarray) -> np.ndarray:
    alpha = pixels[..., 3] if pixels.shape[2] == 4 else np.zeros(pixels.shape[:2], np.uint8)
    return np.dstack([pixels[..., 2::-1], alpha]).reshape(pixels.shape[0], -1)


def _mixed(pixels: np.ndarray, form: Any, matrix: int) -> list[np.ndarray]:
    """Return the planes of luma, chroma and perhaps alpha, which has the full range."""
    bits, code = form.components[0].bits, CODES[8 if form.components[0].bits <= 8 else 16][1]
    full = np.iinfo(pixels.dtype).max
    rgb = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB) if pixels.ndim == 2 else pixels[..., :3]
    weights = colours.from_rgb(matrix, bits, False)
    weights[:, :3] /= full
    luma, *chroma = cv2.split(cv2.transform(rgb.astype(np.float32), weights))
    down = [subsample_chroma(plane, form.chroma_height(64) == 32, form.chroma_width(64) == 32) for plane in chroma]
    planes = [cv2.multiply(plane, 1.0, dtype=code) for plane in (luma, *down)]
    if form.components[-1].is_alpha:
        opaque = np.full(pixels.shape[:2], full, pixels.dtype)
        planes.append(_scaled(pixels[..., 3] if pixels.ndim == 3 and pixels.shape[2] == 4 else opaque, bits))
    return planes


def subsample_chroma(chroma: np.ndarray, halve_rows: bool, halve_columns: bool) -> np.ndarray:
    """Average a chroma plane about the places where `frame_to_rgb.upsample_chroma` takes its samples to lie."""
    down = np.array([0, 0.5, 0.5] if halve_rows else [0, 1, 0])
    across = np.array([0.25, 0.5, 0.25] if halve_columns else [0, 1, 0])
    if not (halve_rows or halve_columns):
        return chroma
    smooth = cv2.sepFilter2D(chroma, -1, across, down, borderType=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(smooth[:: 1 + halve_rows, :: 1 + halve_columns])

"""Answers: pictures as bytes of a format, JSON with pictures inside, errors, and the status that each one has."""

import base64
import json
from typing import Any

from starlette.responses import JSONResponse, Response

from mattekit.errors import InputError, MattekitError, MissingExtraError, is_out_of_memory, printable
from mattekit.imaging.codecs.encode import encode_image, encode_raw, output_depth
from mattekit.imaging.io import Picture
from mattekit.imaging.trimap import to_levels
from mattekit.inference.pictures import COLOURS
from mattekit.web.workers import Busy

MEDIA = {".png": "image/png", ".webp": "image/webp", ".tif": "image/tiff", ".exr": "image/x-exr"}
FORMATS = {"png": ".png", "webp": ".webp", "tiff": ".tif", "exr": ".exr"}


class TooLarge(MattekitError):
    """A request holds too many bytes or pixels."""


class NotFound(MattekitError):
    """There is no picture of that name, or it is not kept any more."""


class TooSlow(MattekitError):
    """A client sends its request too slowly."""


def encoded(kind: str, pixels: Any, suffix: str, depth: str, source: Picture) -> bytes:
    """Return the bytes of a file of one kind of picture (H, W), (H, W, 3) or (H, W, 4) float32.

    A trimap has 0, 128 and 255; others the depth that is wanted, "auto" for that of the source, and its profile.
    Raises InputError if the format cannot hold it.
    """
    if kind == "trimap":
        if suffix == ".exr":
            return encode_image("the answer", pixels, "16", suffix)
        return encode_raw("the answer", to_levels(pixels), suffix)
    written = output_depth(depth, source.depth, suffix)
    light = source.light is not None and kind in COLOURS
    return encode_image("the answer", pixels, written, suffix, icc=source.icc, fast=True, light=light)


def picture(data: bytes, suffix: str, name: str | None = None) -> Response:
    """Return an answer of a file's bytes; with a name browsers save it under that."""
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quoted(name)}"} if name else {}
    return Response(data, media_type=MEDIA[suffix], headers=headers)


def quoted(text: str) -> str:
    """Return text for a header's extended parameter (RFC 8187)."""
    from urllib.parse import quote

    return quote(text.encode("utf-8", "replace"), safe="")


def inlined(data: bytes, suffix: str) -> dict[str, str]:
    """Return a file for JSON: its media type and its bytes in base64."""
    return {"type": MEDIA[suffix], "data": base64.b64encode(data).decode()}


def problem(status: int, message: str, **headers: str) -> Response:
    """Return a JSON answer that tells what is wrong, in one line."""
    return JSONResponse({"error": printable(" ".join(message.split()))}, status, headers=headers)


def of_error(error: BaseException) -> Response:
    """Return the answer to an error: its message, and the status of its kind."""
    if isinstance(error, Busy):
        return problem(503, str(error), **{"retry-after": str(error.seconds)})
    if is_out_of_memory(error):
        return problem(503, "out of memory. Send a smaller picture.", **{"retry-after": "30"})
    return problem(status_of(error), str(error) if isinstance(error, MattekitError) else "a fault of the server's own.")


def status_of(error: BaseException) -> int:
    """Return the HTTP status of an error that is neither of load nor of memory."""
    if isinstance(error, TooLarge) or getattr(error, "remedy", "") == "max-pixels":
        return 413
    if isinstance(error, TooSlow):
        return 408
    if isinstance(error, MissingExtraError):
        return 501
    if isinstance(error, NotFound):
        return 404
    return 422 if isinstance(error, InputError) else 400 if isinstance(error, MattekitError) else 500


def event(name: str, value: Any) -> bytes:
    """Return a server-sent event with a JSON value."""
    return f"event: {name}\ndata: {json.dumps(value)}\n\n".encode()

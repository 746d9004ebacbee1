"""Table of picture formats: suffixes, first bytes, the depths that are written, and the extra that a format needs."""

import re
from importlib.util import find_spec
from typing import NamedTuple

VFX = "vfx"  # the extra with OpenImageIO
PACKAGES = {"exr": "OpenEXR", VFX: "OpenImageIO"}  # extra -> module that it is for


class Format(NamedTuple):
    """One format. suffixes: the first is that of new files. signature: pattern of the first bytes.

    depths: that files are written with, the best last; none of formats that are only read. extra: what it needs.
    """

    name: str
    suffixes: tuple[str, ...]
    signature: bytes
    depths: tuple[str, ...] = ()
    extra: str = ""


FORMATS = (
    Format("PNG", (".png",), rb"\x89PNG\r\n\x1a\n", ("8", "16")),
    Format("JPEG", (".jpg", ".jpeg"), rb"\xff\xd8\xff", ("8",)),
    Format("TIFF", (".tif", ".tiff"), rb"II[*+]\x00|MM\x00[*+]", ("8", "16", "float")),  # + is BigTIFF's
    Format("WEBP", (".webp",), rb"RIFF....WEBP", ("8",)),
    Format("BMP", (".bmp",), rb"BM", ("8",)),
    Format("EXR", (".exr",), rb"\x76\x2f\x31\x01", ("8", "16", "float"), "exr"),  # half floats unless "float"
    Format("DPX", (".dpx",), rb"SDPX|XPDS", ("8", "16"), VFX),
    Format("Cineon", (".cin",), rb"\x80\x2a\x5f\xd7|\xd7\x5f\x2a\x80", (), VFX),
    Format("PSD", (".psd", ".psb"), rb"8BPS", (), VFX),
    # libjxl 0.12 fails on negative floats without loss.
    Format("JPEG-XL", (".jxl",), rb"\xff\x0a|\x00\x00\x00\x0cJXL \r\n\x87\n", ("8", "16"), VFX),
)
BY_NAME = {form.name: form for form in FORMATS}
BY_SUFFIX = {suffix: form for form in FORMATS for suffix in form.suffixes}
DEPTHS = {suffix: form.depths for suffix, form in BY_SUFFIX.items() if form.depths}
PLAIN = frozenset(suffix for suffix, form in BY_SUFFIX.items() if form.extra != VFX)  # that data sets are made of


def format_of(data: bytes) -> str | None:
    """Name of the format by the first bytes of a file, or None."""
    return next((form.name for form in FORMATS if re.match(form.signature, data, re.DOTALL)), None)


def with_alpha(suffix: str) -> str:
    """Return the suffix of files that hold the values of one of `suffix`, and an alpha channel beside them."""
    if suffix in DEPTHS and BY_SUFFIX[suffix].name not in ("JPEG", "BMP"):
        return suffix
    return {".cin": ".dpx", ".psd": ".tif", ".psb": ".tif"}.get(suffix, ".png")


def is_picture(suffix: str) -> bool:
    """Whether files of a suffix, in small letters, are pictures that are read here, with the extras installed."""
    return suffix in PLAIN or (suffix in BY_SUFFIX and find_spec(PACKAGES[VFX]) is not None)

"""Bit depth and format of outputs: those of the input, unless the user or the file format says otherwise."""

from pathlib import Path

from mattekit.errors import MattekitError
from mattekit.imaging.codecs import tiff
from mattekit.imaging.codecs.encode import DEPTHS
from mattekit.imaging.codecs.header import read_header
from mattekit.imaging.codecs.limits import read_bytes

CHOICES = ("auto", "8", "16", "float")


def output_depth(wanted: str, source: str, suffix: str) -> str:
    """Depth to write: `wanted`, or with "auto" the nearest to that of the `source` that the format can hold."""
    if wanted != "auto":
        return wanted
    holds = DEPTHS.get(suffix, ("8",))
    return source if source in holds else holds[-1]


def output_suffix(wanted: str, source: Path) -> str:
    """Extension of an output nobody named: .png, except where that would lose depth of the source or `wanted`."""
    suffix = source.suffix.lower()
    if suffix == ".exr" and wanted in ("auto", "float"):
        return ".exr"
    floating = wanted == "float" or (wanted == "auto" and suffix in (".tif", ".tiff") and _is_float_tiff(source))
    return ".tif" if floating else ".png"


def _is_float_tiff(source: Path) -> bool:
    try:
        return tiff.FLOAT in read_header(str(source), read_bytes(source)).tags.get(tiff.Tag.SAMPLE_FORMAT, ())
    except MattekitError:
        return False  # reading its pixels will say what is wrong

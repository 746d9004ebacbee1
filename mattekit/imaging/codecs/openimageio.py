"""Files that OpenImageIO reads and writes: DPX, Cineon, PSD, JPEG XL, and TIFF of kinds that OpenCV does not know.

The package opens files by name alone, so that bytes pass through a temporary file.
"""

import atexit
import gc
import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from types import ModuleType
from typing import Any

import numpy as np

from mattekit.errors import InputError, MissingExtraError
from mattekit.formats import BY_NAME, BY_SUFFIX
from mattekit.imaging.codecs import alpha_mode, jxl_size
from mattekit.imaging.codecs.header import BYTES_PER_PIXEL, MAX_MEGAPIXELS, Header, refuse_large
from mattekit.imaging.codecs.silence import silent_libraries

MOST_PIXEL_BYTES = 8  # of RGBA with 16 bits
SHORTEST = 128  # bytes; the package takes shorter JPEG XL files for damaged
WHOLE_NUMBERS = {"uint8": np.uint8, "uint16": np.uint16}  # types that stay; all others are read as float
STORED = {np.dtype(np.uint8): "uint8", np.dtype(np.uint16): "uint16", np.dtype(np.float32): "float"}
COLOUR_SPACES = {"srgb": "srgb_rec709_scene", "linear": "lin_rec709_scene", "log": "KodakLog"}
MERGED = b"8BIM\x04\x21\0\0"  # a resource of PSD (id 1057): behind its length and version, whether layers are merged


def read_header(name: str, form: str, data: bytes) -> Header:
    """Read the header of a file of a format; of JPEG XL the size alone, as if it had alpha.

    Raises
    ------
    InputError
        If it is damaged, truncated or too large.
    MissingExtraError
        Without the package OpenImageIO.
    """
    if form == "JPEG-XL" and (size := jxl_size.read(data)):
        _library(name, form)
        return Header(form, size, MOST_PIXEL_BYTES, alpha=True)
    with _opened(name, form, data, MAX_MEGAPIXELS) as source:
        return _header(name, form, source.spec())


def decode(name: str, form: str, data: bytes, max_megapixels: float) -> tuple[np.ndarray, Header]:
    """Decode a file of a format; see `decode.decode`, and `read_header` for errors."""
    if form == "PSD" and (at := data.find(MERGED)) >= 0 and data[at + 16 : at + 17] == b"\0":
        raise InputError(f"{name}: a PSD without its layers merged. Save it with maximised compatibility.")
    if form == "Cineon" and len(data) < max(struct.unpack_from(">I" if data[0] == 0x80 else "<I", data.ljust(24), 20)):
        raise _damaged(name, form)  # the package fills what is missing
    if form == "JPEG-XL" and (size := jxl_size.read(data)):
        refuse_large(name, size, 1, max_megapixels)
    with _opened(name, form, data, max_megapixels) as source:
        spec = source.spec()
        header = _header(name, form, spec)
        refuse_large(name, header.size, header.pixel_bytes, max_megapixels)
        with silent_libraries():
            pixels = source.read_image(0, 0, 0, spec.nchannels, _read_as(spec))
        if pixels is None:
            source.geterror()
            raise _damaged(name, form)
    pixels = _channels(pixels.reshape(*header.size, spec.nchannels), spec)
    if pixels.ndim == 3 and pixels.shape[2] == 4 and _is_premultiplied(form, spec):
        pixels = alpha_mode.straight(pixels)
    return pixels, header


def encode(name: str, pixels: np.ndarray, suffix: str, *, icc: bytes | None, fast: bool, curve: str = "srgb") -> bytes:
    """Return the bytes of a file of uint8, uint16 or float32 pixels in RGB order, straight alpha, without loss.

    `curve`, a name of `curves.CURVES`, is what the file says of its values.
    """
    library, form = _library(name, BY_SUFFIX[suffix].name), BY_SUFFIX[suffix].name
    height, width = pixels.shape[:2]
    pixels = np.ascontiguousarray(pixels).reshape(height, width, -1)
    spec = library.ImageSpec(width, height, pixels.shape[2], STORED[pixels.dtype])
    for key, value in _attributes(curve, fast).items():
        spec.attribute(key, value)
    if icc:
        spec.attribute("ICCProfile", library.TypeDesc(f"uint8[{len(icc)}]"), np.frombuffer(icc, np.uint8))
    elif pixels.shape[2] > 1:  # the package makes bad files of grey JPEG XL with a colour space, or of both
        spec.attribute("oiio:ColorSpace", COLOUR_SPACES[curve])
    with _temporary(suffix) as path, silent_libraries():
        out = library.ImageOutput.create(str(path))
        done = out.open(str(path), spec) and out.write_image(pixels)
        done = out.close() and done
        out.geterror()
        if not done:
            raise InputError(f"{name}: cannot store {width}x{height} pixels as {form}. Write .png or .tif.")
        return path.read_bytes()


def _attributes(curve: str, fast: bool) -> dict[str, Any]:
    return {
        "oiio:UnassociatedAlpha": 1,
        "dpx:Transfer": {"log": "Logarithmic", "linear": "Linear"}.get(curve, "User defined"),
        "compression": "jpegxl:100",  # without loss
        "jpegxl:effort": 1 if fast else 3,
    }


@contextmanager
def _opened(name: str, form: str, data: bytes, max_megapixels: float) -> Iterator[Any]:
    """Yield the package's reader of bytes, closed afterwards."""
    library = _library(name, form)
    # JPEG XL is decoded as it is opened, so that the limit of bytes must be known before.
    most = max(1, math.ceil(max_megapixels * BYTES_PER_PIXEL))
    with _temporary(BY_NAME[form].suffixes[0]) as path:
        path.write_bytes(data.ljust(SHORTEST, b"\0"))
        with silent_libraries():
            library.attribute("limits:imagesize_MB", most)
            config = library.ImageSpec()
            config.attribute("oiio:UnassociatedAlpha", 1)
            source = library.ImageInput.open(str(path), config)
        if source is None:
            raise _refused(name, form, library.geterror(), most)
        try:
            yield source
        finally:
            source.close()


@contextmanager
def _temporary(suffix: str) -> Iterator[Path]:
    """Yield the path of a file to be, in a folder that goes with the block."""
    try:
        with TemporaryDirectory(prefix="mattekit-", ignore_cleanup_errors=True) as folder:
            yield Path(folder, f"picture{suffix}")
    except OSError as error:
        where = f"temporary folder: {gettempdir()} cannot be used ({error.strerror})"
        raise InputError(f"{where}. Free some room, or name another with TMPDIR.") from None


def _library(name: str, form: str) -> ModuleType:
    try:
        import OpenImageIO
    except ImportError:
        raise MissingExtraError(f'{name}: {form} needs another package: pip install "mattekit[vfx]".') from None
    atexit.unregister(gc.freeze)  # of `parallel.collect_seldom`: the package lists at exit all that is not freed
    return OpenImageIO


def _refused(name: str, form: str, problem: str, most: int) -> InputError:
    """Return the error of a file that the package does not open."""
    if "exceeds the" in problem or "resolution" in problem:
        return InputError(f"{name}: more than {most} MB of pixels. Make it smaller.", remedy="max-pixels")
    return _damaged(name, form)


def _damaged(name: str, form: str) -> InputError:
    return InputError(f"{name}: damaged or truncated {form} data, or of a kind not supported. Convert it.")


def _header(name: str, form: str, spec: Any) -> Header:
    if min(spec.width, spec.height, spec.nchannels) < 1 or spec.depth > 1:
        raise _damaged(name, form)
    icc, orientation = spec.getattribute("ICCProfile"), spec.get_int_attribute("Orientation", 1)
    return Header(
        form,
        (spec.height, spec.width),
        spec.nchannels * {"uint8": 1, "uint16": 2}.get(_read_as(spec), 4),
        orientation=orientation if orientation in range(1, 9) else 1,
        icc=None if icc is None else bytes(np.asarray(icc, np.uint8)),
        depth={"uint8": "8", "uint16": "16"}.get(_read_as(spec), "float"),
        curve=_curve(form, spec),
        alpha=spec.alpha_channel >= 0,
    )


def _read_as(spec: Any) -> str:
    return str(spec.format) if str(spec.format) in WHOLE_NUMBERS else "float"


def _curve(form: str, spec: Any) -> str:
    """Return what stored values are, a name of `curves.CURVES`."""
    space = spec.get_string_attribute("oiio:ColorSpace").casefold()
    if form == "Cineon" or space == "kodaklog":
        return "log"
    return "linear" if form in ("DPX", "JPEG-XL") and space.startswith("lin") else "srgb"


def _channels(pixels: np.ndarray, spec: Any) -> np.ndarray:
    """Choose grey, RGB or RGBA among all channels (H, W, C)."""
    names, alpha = list(spec.channelnames), spec.alpha_channel
    colours = [names.index(letter) for letter in "RGB"] if set("RGB") <= set(names) else []
    if not colours:
        first = next((i for i in range(len(names)) if i != alpha), 0)
        colours = [first] if alpha < 0 else [first] * 3
    chosen = colours + ([alpha] if alpha >= 0 and len(colours) == 3 else [])
    return np.ascontiguousarray(pixels[..., chosen[0]] if len(chosen) == 1 else pixels[..., chosen])


def _is_premultiplied(form: str, spec: Any) -> bool:
    return form == "TIFF" and not spec.get_int_attribute("oiio:UnassociatedAlpha", 0)

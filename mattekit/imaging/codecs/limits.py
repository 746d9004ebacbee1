"""Limits of size: of files before they are read, and of pictures before they are decoded."""

import os
import sys
from pathlib import Path
from typing import BinaryIO

from mattekit.errors import InputError
from mattekit.files import open_regular
from mattekit.imaging.codecs.header import format_of

STANDARD = Path("-")
MAX_MEGAPIXELS = 256.0
BYTES_PER_PIXEL = 4  # that a picture of the most pixels may take decoded (1 GB); deeper ones must be smaller
METADATA = 1 << 24  # bytes that a file may have besides its pixels
HEAD = 16  # bytes that tell the format


def read_bytes(source: Path, max_megapixels: float = MAX_MEGAPIXELS) -> bytes:
    """Read an encoded picture from a regular file, or from standard input for Path("-").

    Of anything else than a picture only the start is returned, so that reading its header says what is wrong.

    Raises
    ------
    MissingFileError, InputError
        If there is no such file, it is no regular one, or it is larger than a picture of so many megapixels.
    """
    if Path(source) == STANDARD:
        return _read_stream(sys.stdin.buffer, max_megapixels)
    with open_regular(Path(source)) as file:
        if format_of(head := file.read(HEAD)) is None:
            return head
        _refuse_large_file(str(source), os.fstat(file.fileno()).st_size, max_megapixels)
        file.seek(0)
        return file.read()


def refuse_large(name: str, size: tuple[int, int], pixel_bytes: int, max_megapixels: float) -> None:
    """Raise InputError if a picture of (height, width) has too many pixels, or takes too much memory decoded."""
    height, width = size
    megapixels, megabytes = height * width / 1e6, height * width * pixel_bytes / 1e6
    if megapixels > max_megapixels:
        found, most = f"{width}x{height} is {megapixels:.4g} megapixels", f"{max_megapixels:g}"
    elif megabytes > max_megapixels * BYTES_PER_PIXEL:
        found = f"{width}x{height} pixels of {pixel_bytes} bytes are {megabytes:.4g} MB"
        most = f"{max_megapixels * BYTES_PER_PIXEL:g} MB"
    else:
        return
    raise InputError(f"{name}: {found}, wanted at most {most}. Make it smaller.", remedy="max-pixels")


def _read_stream(stream: BinaryIO, max_megapixels: float) -> bytes:
    chunks, size = [], 0
    while chunk := stream.read(1 << 20):
        chunks.append(chunk)
        size += len(chunk)
        if format_of(chunks[0]) is None:
            break
        _refuse_large_file("standard input", size, max_megapixels)
    return b"".join(chunks)


def _refuse_large_file(name: str, size: int, max_megapixels: float) -> None:
    largest = max_megapixels * 1e6 * BYTES_PER_PIXEL + METADATA
    if size > largest:
        found = f"a file of more than {largest / 1e6:.0f} MB, too large for a picture"
        raise InputError(f"{name}: {found}. Make it smaller.", remedy="max-pixels")

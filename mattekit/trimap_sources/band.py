"""Widths of the unknown band as they are given: "auto", pixels, or a percentage of the short side."""

import re

from mattekit.errors import InputError

Band = str | int  # "auto", "30" or 30 pixels, "3%"


def width_of(band: Band, size: tuple[int, int]) -> int | None:
    """Return the width in pixels of a band on a picture of `size` (height, width); None for "auto".

    Parameters
    ----------
    band : "auto", "PX", PX or "PERCENT%"
        Whole pixels from 0 on, or more than 0 and at most 100 percent of the short side, which is at least 1 pixel.
    size : (int, int)

    Raises
    ------
    InputError
        For anything else.
    """
    text = str(band).strip()
    if text == "auto":
        return None
    if re.fullmatch(r"\d+", text):
        return int(text)
    if re.fullmatch(r"\d*\.?\d+%", text) and 0 < float(text[:-1]) <= 100:
        return max(1, round(float(text[:-1]) / 100 * min(size)))
    raise InputError(f"band {band}: wanted auto, whole pixels such as 30, or a percentage such as 3%.")

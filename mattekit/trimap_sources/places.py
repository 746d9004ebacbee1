"""Boxes and points in text, as command lines and requests give them."""

import re

from mattekit.errors import InputError


def parse_box(text: str) -> tuple[int, int, int, int]:
    """Parse "X,Y,W,H": column and row of the first pixel, width and height; InputError for anything else."""
    if not re.fullmatch(r"[0-9]{1,9}(,[0-9]{1,9}){3}", text.replace(" ", "")):
        raise InputError(f"box {text}: wanted X,Y,W,H in whole pixels, such as 40,30,200,150.")
    x, y, width, height = map(int, text.split(","))
    return x, y, width, height


def parse_points(text: str) -> tuple[tuple[int, int, bool], ...]:
    """Parse "+X,Y -X,Y" to (x, y, whether it is foreground) for each; InputError for anything else."""
    found = [re.fullmatch(r"([+-]?)([0-9]{1,9}),([0-9]{1,9})", word) for word in text.split()]
    if not found or not all(found):
        raise InputError(f'points {text}: wanted "+X,Y -X,Y" in whole pixels: + on the subject, - off it.')
    return tuple((int(one[2]), int(one[3]), one[1] != "-") for one in found if one)

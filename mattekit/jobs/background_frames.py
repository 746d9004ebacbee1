"""The choice of the frame of a background that goes behind each frame of a foreground."""

import logging
import re
from collections.abc import Sequence
from pathlib import Path

from mattekit import frames
from mattekit.errors import InputError
from mattekit.frames import spans
from mattekit.video import names

log = logging.getLogger("mattekit")

ENDS = ("fail", "repeat", "stop")
COLOUR = re.compile("#[0-9a-fA-F]{3,8}")  # a place for a frame's number has nothing but # in it


def pair_backgrounds(numbers: Sequence[int], background: str, end: str = "fail") -> tuple[dict[int, str], list[int]]:
    """Pair frames with those of a background by number.

    A background whose numbers are all others begins behind the first frame.

    Parameters
    ----------
    numbers : of the foreground's frames, ascending, at least one
    background : a colour or a file, which serve all, or a pattern, a folder of frames or a video
    end : where the background ends before the foreground: "fail", "repeat" it from its first frame, or "stop" there

    Returns
    -------
    backgrounds : frame -> colour or file
    missing : frames whose number the background leaves out in its middle

    Raises
    ------
    InputError
        If the background ends too early and `end` is "fail".
    MissingFileError
        If it has no frame.
    """
    if COLOUR.fullmatch(background) or not frames.is_many(Path(background)):
        return dict.fromkeys(numbers, background), []
    found = frames.find(Path(background)).files
    first, last = min(found), max(found)
    shift = 0 if found.keys() & set(numbers) else first - numbers[0]
    if shift:
        log.warning("%s: frames %s are put behind %s in their order.", background, spans(found), spans(numbers))
    paired, missing = {}, []
    for number in numbers:
        wanted = number + shift
        if wanted > last and end == "stop":
            break
        if wanted > last and end == "fail":
            name = names.file_of(Path(background))
            line = f"{name}: ends with frame {last}, but the foreground has {numbers[-1] + shift - last} more."
            raise InputError(line, remedy="short-background")
        wanted = first + (wanted - first) % (last - first + 1) if end == "repeat" else wanted
        if wanted in found:
            paired[number] = str(found[wanted])
        else:
            missing.append(number)
    return paired, missing

"""The frames of a shot, by number: files of a pattern such as `shot.####.exr` or `shot_[0001-0120].exr`, or a video.

A video is read as a folder of its frames; `video.names` says how they are called.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mattekit.errors import InputError, MissingFileError
from mattekit.files import missing
from mattekit.formats import BY_SUFFIX
from mattekit.video import names

log = logging.getLogger("mattekit")

# "####" and "%04d" stand for a number of at least so many digits, "[0001-0120x2]" for those of a list.
PLACE = re.compile(r"(?P<hashes>#+)|%(?:0(?P<digits>[1-9]))?d|\[(?P<list>\d[\dx,-]*)\]")
PART = re.compile(r"(\d+)(?:-(\d+)(?:x(\d+))?)?")
LAST_NUMBER = re.compile(r"(\d+)(?!.*\d)")
PLAIN = str.maketrans("#%[]", "____")  # a video's own name is no pattern
MOST = 1_000_000  # frames in a list; eleven hours


@dataclass
class Shot:
    """Files by frame number, ascending.

    duplicates: numbers that several files have. wanted: numbers that a pattern lists; None if it takes all.
    lost: frames at its end that a video speaks of and does not hold.
    """

    files: dict[int, Path]
    duplicates: dict[int, list[Path]] = field(default_factory=dict)
    wanted: tuple[int, ...] | None = None
    lost: int = 0


def is_pattern(path: Path) -> bool:
    """Whether a path stands for the frames of a shot: its name has one place for a number, and no such file exists."""
    return PLACE.search(Path(path).name) is not None and not Path(path).exists()


def is_many(path: Path) -> bool:
    """Whether a path stands for several pictures: a folder, or the frames of a shot."""
    return Path(path).is_dir() or is_shot(path)


def is_shot(path: Path) -> bool:
    """Whether a path stands for numbered frames: a pattern or a video."""
    return is_pattern(path) or names.is_video(path)


def is_video(path: Path) -> bool:
    """Whether a path stands for frames of a video: the file, or a list of its frames."""
    return names.is_video(path.parent if names.is_frame(path) else path)


def numbers(text: str) -> tuple[int, ...]:
    """Frame numbers of a list such as "1-120x2" or "1,5,9-12", ascending.

    Raises
    ------
    InputError
        If the text is no such list, or names no frame or more than a million.
    """
    found: set[int] = set()
    for part in text.split(","):
        match = PART.fullmatch(part.strip())
        if not match:
            raise InputError(f"frames {text!r}: wanted numbers and ranges, such as 1-120, 1-120x2 or 1,5,9-12.")
        first, last, step = int(match[1]), int(match[2] or match[1]), int(match[3] or 1)
        if last < first or step < 1 or len(found) + (last - first) // step >= MOST:
            raise InputError(
                f"frames {text!r}: {part} is none, or more than {MOST}. Write FIRST-LAST or FIRST-LASTxSTEP."
            )
        found.update(range(first, last + 1, step))
    return tuple(sorted(found))


def restricted(pattern: Path, text: str) -> Path:
    """Return a pattern that stands for the frames of a list alone, of a pattern or a video. Raises as `numbers`."""
    numbers(text)
    if names.is_video(pattern):
        return pattern / f"{pattern.stem.translate(PLAIN)}.[{text.replace(' ', '')}]{names.FRAME}"
    match = _place(pattern)
    listed = re.sub(r"\d+", lambda number: number[0].zfill(_digits(match)), text.replace(" ", ""), count=1)
    return pattern.with_name(f"{pattern.name[: match.start()]}[{listed}]{pattern.name[match.end() :]}")


def find(path: Path) -> Shot:
    """Find the frames of a pattern or video, or those of a folder or file, whose numbers are the last in their names.

    Raises
    ------
    MissingFileError
        If there is no such folder, or no frame.
    InputError
        If a name has several places for numbers.
    """
    if is_video(path):
        shot = _of_video(path)
    elif is_pattern(path):
        shot = _of_pattern(Path(path))
    elif path.is_file():
        shot = _shot((int(match[1]), path) for match in LAST_NUMBER.finditer(path.stem))
    elif path.is_dir():
        paths = [p for p in path.iterdir() if p.suffix.lower() in BY_SUFFIX and not p.name.startswith(".")]
        shot = _shot((int(match[1]), p) for p in paths if (match := LAST_NUMBER.search(p.stem)))
    else:
        raise missing(path, "folder")
    if not shot.files and not shot.duplicates:
        raise MissingFileError(f"{path}: no frame found. Check the path and the number of digits.")
    return shot


def gaps(frames: Iterable[int]) -> list[int]:
    """Return the numbers that are missing between the first and the last frame, given ascending steps of one size.

    The size is the smallest step: frames 1, 3, 5, 9 lack 7.
    """
    frames = sorted(frames)
    steps = [later - sooner for sooner, later in zip(frames, frames[1:], strict=False)]
    return sorted(set(range(frames[0], frames[-1], min(steps))) - set(frames)) if steps else []


def spans(frames: Iterable[int]) -> str:
    """Write numbers as a short list: 1-3, 7."""
    runs: list[list[int]] = []
    for frame in sorted(frames):
        if runs and frame == runs[-1][1] + 1:
            runs[-1][1] = frame
        else:
            runs.append([frame, frame])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def _of_video(path: Path) -> Shot:
    from mattekit.video import index

    video = path if names.is_video(path) else path.parent
    found = index.read(video)
    wanted = None if video == path else numbers(_place(path)["list"] or f"1-{found.count}")
    chosen = range(1, found.count + 1) if wanted is None else [n for n in wanted if 1 <= n <= found.count]
    return Shot({n: names.frame(video, n, found.count) for n in chosen}, wanted=wanted, lost=found.lost)


def _of_pattern(pattern: Path) -> Shot:
    match = _place(pattern)
    before, after = pattern.name[: match.start()], pattern.name[match.end() :]
    wanted = numbers(match["list"]) if match["list"] else None
    name = re.compile(re.escape(before) + r"(\d+)" + re.escape(after))
    digits, found = _digits(match), []
    for path in sorted(pattern.parent.iterdir()) if pattern.parent.is_dir() else []:
        own = name.fullmatch(path.name)
        # More digits than the pattern has are those of a number that needs them; one place takes any.
        if own and (digits == 1 or len(own[1]) == digits or len(own[1]) == len(str(int(own[1]))) > digits):
            found.append((int(own[1]), path))
    chosen = None if wanted is None else set(wanted)
    shot = _shot((frame, path) for frame, path in found if chosen is None or frame in chosen)
    shot.wanted = wanted
    return shot


def _shot(found: Iterable[tuple[int, Path]]) -> Shot:
    by_number: dict[int, list[Path]] = {}
    for frame, path in found:
        by_number.setdefault(frame, []).append(path)
    files = {frame: paths[0] for frame, paths in sorted(by_number.items()) if len(paths) == 1}
    return Shot(files, {frame: sorted(paths) for frame, paths in sorted(by_number.items()) if len(paths) > 1})


def _place(pattern: Path) -> re.Match:
    places = list(PLACE.finditer(pattern.name))
    if len(places) != 1:
        raise InputError(f"{pattern}: {len(places)} places for a frame number, wanted one, such as shot.####.exr.")
    return places[0]


def _digits(match: re.Match) -> int:
    if match["hashes"]:
        return len(match["hashes"])
    return len(PART.match(match["list"])[1]) if match["list"] else int(match["digits"] or 1)


def pair(places: Mapping[str, Path]) -> tuple[dict[int, dict[str, Path]], list[tuple[str, str]], dict[str, list[int]]]:
    """Pair the frames of shots by number, whatever their names and digits; a file serves every frame.

    Parameters
    ----------
    places : role -> pattern, folder or file; the first role leads.

    Returns
    -------
    groups : frame -> role -> file, ascending
    problems : (name, line) of frames that lack a file or have two
    unused : role -> numbers, of those that the leader's list names, which the leader has not
    """
    leader, *followers = places
    shots = {role: find(place) for role, place in places.items() if is_shot(place) or not place.is_file()}
    leading = shots[leader]
    if leading.wanted is None and (missing := gaps(leading.files)):
        log.warning("%s: frames %s are missing.", places[leader], spans(missing))
    groups: dict[int, dict[str, Path]] = {}
    place = names.file_of(places[leader])
    problems = _ends_early(place, leading)
    problems += [(str(n), f"{place}: no frame {n}. Add it, or change the list.") for n in _absent(leading)]
    for frame, path in leading.files.items():
        group, name = {leader: path}, path.stem
        lines = []
        for role in followers:
            shot = shots.get(role)
            if shot is None:
                group[role] = places[role]
            elif frame in shot.files:
                group[role] = shot.files[frame]
            elif frame not in shot.duplicates:
                lines.append(f"{path}: no {role} of frame {frame} in {places[role]}. Add it, or check the pattern.")
            else:
                lines.append(_twice(frame, shot.duplicates[frame]))
        problems += [(name, line) for line in lines]
        if not lines:
            groups[frame] = group
    problems += [(str(frame), _twice(frame, paths)) for frame, paths in leading.duplicates.items()]
    return groups, problems, {role: _unused(shots.get(role), leading) for role in followers}


def _unused(shot: Shot | None, leading: Shot) -> list[int]:
    """List the frames that a leader has not, though it may have them by its list."""
    more = shot.files.keys() - leading.files.keys() if shot else set()
    return sorted(more if leading.wanted is None else more.intersection(leading.wanted))


def _ends_early(place: Path, shot: Shot) -> list[tuple[str, str]]:
    """List that a video is cut off, if all of it is wanted."""
    if not shot.lost or shot.wanted is not None:
        return []
    end = max(shot.files)
    line = f"{place}: cut off after frame {end}, about {shot.lost} more are lost. Copy or record it again."
    return [(place.stem, line)]


def _absent(shot: Shot) -> list[int]:
    return [n for n in shot.wanted or () if n not in shot.files and n not in shot.duplicates]


def _twice(frame: int, paths: list[Path]) -> str:
    return f"{paths[0].parent}: {' and '.join(path.name for path in paths)} are both frame {frame}. Keep one of them."

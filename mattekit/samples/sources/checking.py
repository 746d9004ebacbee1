"""Probe at every file of a source before training starts, so that it does not stop at a bad one hours later."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from mattekit.errors import InputError, MattekitError
from mattekit.imaging import io
from mattekit.imaging.codecs.probe import Probe, probe
from mattekit.samples.sources.item import Item

THREADS = 8  # mostly waiting for the disk


def problems(items: Sequence[Item], backgrounds: Iterable[Path] = ()) -> list[str]:
    """A line for each file that is missing, damaged, truncated, of another size than its partner or without alpha.

    Headers are understood and ends looked for; pixels are not decoded, and of large files not read.
    """
    cached = lru_cache(maxsize=None)(_probe)  # one alpha may serve many images

    def look(item: Item | Path) -> list[str]:
        if isinstance(item, Item):
            return _problems(item, cached)
        _, problem = cached(item)
        return [problem] if problem else []

    with ThreadPoolExecutor(THREADS) as pool:
        found = [line for lines in pool.map(look, [*items, *backgrounds]) for line in lines]
    return list(dict.fromkeys(found))


def _problems(item: Item, probe: Callable[[Path], tuple[Probe | None, str]]) -> list[str]:
    looks = {role: probe(path) for role, path in item.files.items()}
    if found := [problem for _, problem in looks.values() if problem]:
        return found
    leader = "image" if item.composed else "fg"
    size = {role: look.size for role, (look, _) in looks.items()}
    first = item.files[leader]
    for role, path in item.files.items():
        if role != "bg" and size[role] != size[leader]:  # or one lies on its side, which may be told behind the pixels
            try:
                io.require_same_size(str(path), io.read_size(path), str(first), io.read_size(first))
            except InputError as error:
                found.append(str(error))
    if "alpha" not in item.files and not looks["fg"][0].alpha:
        found.append(f"{item.files['fg']}: no alpha channel, and no alpha beside it. Give the folder of its alpha.")
    return found


def _probe(path: Path) -> tuple[Probe | None, str]:
    try:
        return probe(path), ""
    except MattekitError as error:
        return None, str(error)

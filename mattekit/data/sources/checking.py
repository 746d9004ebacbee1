"""Look at every file of a source before training starts, so that it does not stop at a bad one hours later."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from mattekit.data.sources.item import Item
from mattekit.errors import InputError, MattekitError
from mattekit.imaging import io

THREADS = 8  # mostly waiting for the disk


def problems(items: Sequence[Item], backgrounds: Iterable[Path] = ()) -> list[str]:
    """A line for each file that is missing, damaged, truncated, of another size than its partner or without alpha.

    Files are read and their headers understood; pixels are not decoded.
    """
    size = lru_cache(maxsize=None)(_size)  # one alpha may serve many images

    def look(item: Item | Path) -> list[str]:
        return _problems(item, size) if isinstance(item, Item) else [found] if (found := size(item)[1]) else []

    with ThreadPoolExecutor(THREADS) as pool:
        found = [line for lines in pool.map(look, [*items, *backgrounds]) for line in lines]
    return list(dict.fromkeys(found))


def _problems(item: Item, size: object) -> list[str]:
    sizes = {role: size(path) for role, path in item.files.items()}
    found = [problem for _, problem in sizes.values() if problem]
    leader = "image" if item.composed else "fg"
    for role, path in item.files.items():
        if role in (leader, "bg") or found:
            continue
        try:
            io.require_same_size(str(path), sizes[role][0], str(item.files[leader]), sizes[leader][0])
        except InputError as error:
            found.append(str(error))
    if not found and not item.composed and "alpha" not in item.files and not io.has_alpha(item.files["fg"]):
        found.append(f"{item.files['fg']}: no alpha channel, and no alpha beside it. Give the folder of its alpha.")
    return found


def _size(path: Path) -> tuple[tuple[int, int] | None, str]:
    try:
        return io.read_size(path), ""
    except MattekitError as error:
        return None, str(error)

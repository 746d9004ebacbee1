"""The pictures that can be painted: one's own files with autosave, or uploads that are kept in memory for a while."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mattekit.errors import MattekitError
from mattekit.imaging import io, pixel_values
from mattekit.imaging.trimap import to_levels
from mattekit.web.answers import NotFound
from mattekit.web.autosave import Autosave
from mattekit.web.matting import require_pixels
from mattekit.web.painting import Painting

KEPT = 3  # pictures of a folder that stay open
NAME_LENGTH = 200  # characters that are kept of an upload's name


class Album(Protocol):
    """Pictures by their identifiers, which are never paths.

    Attributes
    ----------
    takes_uploads : bool
    """

    takes_uploads: bool

    def listed(self) -> list[dict[str, Any]]:
        """Return "id", "name" and "saved" of each picture that is offered to everyone."""

    def open(self, identifier: str) -> Painting:
        """Return a painting; raises NotFound, and MattekitError if its files cannot be used."""

    def name(self, identifier: str) -> str:
        """Return the name of a picture; raises NotFound."""

    def changed(self, identifier: str) -> None:
        """Tell that the trimap of a picture has changed."""

    def saved(self, identifier: str) -> dict[str, Any] | None:
        """Return the "revision" in the picture's file and the "error" of the last try; None if there is no file."""

    def close(self) -> None:
        """End, with all saved."""


@dataclass(frozen=True)
class Entry:
    """A picture's file, that of its trimap, and one to start with, if there is one."""

    name: str
    image: Path
    target: Path
    start: Path | None = None


class Files:
    """An album of files. A trimap that exists at an entry's target is gone on with.

    Parameters
    ----------
    entries : sequence of Entry
    model : str
    megapixels : float
        Larger pictures are refused.
    """

    takes_uploads = False

    def __init__(self, entries: Sequence[Entry], model: str, megapixels: float):
        self.entries, self.model, self.megapixels = list(entries), model, megapixels
        self._open: OrderedDict[int, Painting] = OrderedDict()
        self._lock, self._autosave = threading.Lock(), Autosave()

    def listed(self) -> list[dict[str, Any]]:
        """Return "id", "name" and "saved" (whether its trimap has a file) of each picture."""
        return [
            {"id": str(index), "name": entry.name, "saved": entry.target.exists()}
            for index, entry in enumerate(self.entries)
        ]

    def open(self, identifier: str) -> Painting:
        """Return a painting, read from its files the first time; see `Album.open`."""
        index = self._index(identifier)
        with self._lock:
            if index not in self._open:
                self._open[index] = self._read(self.entries[index])
            self._open.move_to_end(index)
            if len(self._open) > KEPT:
                self._autosave.flush()
                self._open.popitem(last=False)
            return self._open[index]

    def name(self, identifier: str) -> str:
        """Return the name of a picture; raises NotFound."""
        return self.entries[self._index(identifier)].name

    def changed(self, identifier: str) -> None:
        """Let the trimap be saved soon."""
        self._autosave.changed(self.open(identifier), self.entries[self._index(identifier)].target)

    def saved(self, identifier: str) -> dict[str, Any]:
        """Return the state of the picture's file."""
        state = self._autosave.state(self.entries[self._index(identifier)].target)
        return {"revision": state.revision, "error": state.error}

    def close(self) -> None:
        """Save what is due."""
        self._autosave.close()

    def _index(self, identifier: str) -> int:
        if not (identifier.isascii() and identifier.isdecimal() and int(identifier[:9]) < len(self.entries)):
            raise NotFound("picture: no such one. Open the list again.")
        return int(identifier[:9])

    def _read(self, entry: Entry) -> Painting:
        picture = io.read_image(entry.image, max_megapixels=self.megapixels)
        start = entry.target if entry.target.exists() else entry.start
        try:
            return Painting(picture, None if start is None else self._levels(start), self.model)
        except MattekitError as error:
            raise type(error)(f"{start or entry.image}: {error}") from error

    def _levels(self, path: Path) -> Any:
        return to_levels(io.read_trimap(path, max_megapixels=self.megapixels, require_classes=False))


class Uploads:
    """An album of uploads, of which those used last are kept, known only to who sent them.

    Parameters
    ----------
    model : str
    megapixels : float
        Of one picture, and of all that are kept.
    """

    takes_uploads = True

    def __init__(self, model: str, megapixels: float):
        self.model, self.megapixels = model, megapixels
        self._kept: OrderedDict[str, tuple[str, Painting]] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, name: str, image: bytes, trimap: bytes | None = None) -> str:
        """Decode an upload, perhaps with its trimap, and return its identifier.

        Raises
        ------
        TooLarge
            Beyond the limit of pixels, before decoding.
        MattekitError
            If a file cannot be used.
        """
        most, levels = self.megapixels, None
        require_pixels("image", image, most)
        picture = io.image_of("image", io.decode_raw("image", image, max_megapixels=most))
        if trimap is not None:
            require_pixels("trimap", trimap, most)
            raw = io.decode_raw("trimap", trimap, max_megapixels=most)
            levels = to_levels(pixel_values.trimap_of("trimap", raw.pixels, lossy=raw.lossy))
        painting = Painting(picture, levels, self.model)
        identifier = secrets.token_urlsafe(18)
        with self._lock:
            self._kept[identifier] = name[:NAME_LENGTH], painting
            while sum(kept.levels.size for _, kept in self._kept.values()) > most * 1e6 and len(self._kept) > 1:
                self._kept.popitem(last=False)
        return identifier

    def listed(self) -> list[dict[str, Any]]:
        """Return nothing: uploads are their senders' own."""
        return []

    def open(self, identifier: str) -> Painting:
        """Return a painting; raises NotFound for one that is not kept any more."""
        return self._find(identifier)[1]

    def name(self, identifier: str) -> str:
        """Return the name of a picture; raises NotFound."""
        return self._find(identifier)[0]

    def changed(self, identifier: str) -> None:
        """Do nothing: uploads have no file."""

    def saved(self, identifier: str) -> None:
        """Return None: uploads have no file."""

    def close(self) -> None:
        """Forget all."""
        self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)

    def _find(self, identifier: str) -> tuple[str, Painting]:
        with self._lock:
            if identifier not in self._kept:
                raise NotFound("picture: not kept any more. Upload it again.")
            self._kept.move_to_end(identifier)
            return self._kept[identifier]

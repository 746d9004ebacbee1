"""The folder of pictures beside a page, which changes together with the page.

A page `report.html` names one folder in `report_files/` by the hash of what is in it. A new one is made whole before
the page that names it replaces the old page, and only then does the old folder go: at every moment the page that is
there finds its pictures.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mattekit import files

OURS = re.compile(r"\d+\.(js|jpg)")


@contextmanager
def staging(parent: Path) -> Iterator[Path]:
    """Make a temporary folder in `parent`, and remove it at the end with what is still in it."""
    parent.mkdir(parents=True, exist_ok=True)
    _remove(path for path in parent.glob(".*.part") if files.abandoned(path))
    path = parent / files.part_name("pictures")
    path.mkdir()
    try:
        with files.naming(path):
            yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if not any(parent.iterdir()):
            parent.rmdir()


def publish(staged: Path) -> Path:
    """Rename a temporary folder to the hash of its files; the same files may be there already, of an earlier run."""
    digest = hashlib.sha256()
    for path in sorted(staged.iterdir()):
        digest.update(f"{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    final = staged.parent / digest.hexdigest()[:16]
    if not final.exists():
        os.replace(staged, final)
    return final


def remove_others(parent: Path, kept: Path | None) -> None:
    """Remove the folders of earlier runs in `parent`, those that hold nothing but what a report writes."""
    _remove(path for path in parent.iterdir() if path != kept and re.fullmatch(r"[0-9a-f]{16}", path.name))


def _remove(folders: Iterator[Path]) -> None:
    for path in list(folders):
        if path.is_dir() and not path.is_symlink() and all(OURS.fullmatch(inner.name) for inner in path.iterdir()):
            shutil.rmtree(path, ignore_errors=True)

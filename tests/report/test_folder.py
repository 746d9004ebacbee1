"""The page that is there always finds its pictures, whatever becomes of a later run."""

import os
import subprocess

import pytest

from mattekit import files
from mattekit.report import page as pages


def shown(page, path):
    """The files that a page names, which must all be there."""
    data = page(path).data
    folder = path.parent / data["folder"]
    assert {f"{i}.js" for i in range(len(data["pictures"]))} <= {p.name for p in folder.iterdir()}
    return folder


def test_a_new_page_replaces_the_old_pictures(folders, run, page):
    out = folders / "page.html"
    run("-o", out)
    old = shown(page, out)
    (folders / "worse/cat.png").write_bytes((folders / "good/cat.png").read_bytes())
    (old.parent / "mine").mkdir()
    (old.parent / "0123456789abcdef").mkdir()
    (old.parent / "0123456789abcdef" / "notes.txt").write_text("mine")
    run("-o", out)
    new = shown(page, out)
    assert new != old and not old.exists()
    assert {p.name for p in new.parent.iterdir()} == {new.name, "mine", "0123456789abcdef"}


@pytest.mark.parametrize("broken", ["publish", "_write_page"])
def test_a_run_that_fails_leaves_the_old_page_with_its_pictures(folders, run, page, monkeypatch, broken):
    out = folders / "page.html"
    run("-o", out)
    before, folder = out.read_bytes(), shown(page, out)
    (folders / "worse/cat.png").write_bytes((folders / "good/cat.png").read_bytes())

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pages if broken == "_write_page" else pages.folder, broken, fail)
    run("-o", out, code=1)
    assert out.read_bytes() == before and shown(page, out) == folder
    assert not [p for p in folders.rglob("*.part")]


def test_a_first_run_that_fails_leaves_nothing(folders, run, monkeypatch):
    monkeypatch.setattr(pages.folder, "publish", lambda staged: 1 / 0)
    before = sorted(folders.iterdir())
    run("-o", folders / "page.html", code=1)
    assert sorted(folders.iterdir()) == before


def test_what_a_killed_run_left_goes_with_the_next(folders, run, page):
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = folders / "page_files" / files.part_name("pictures").replace(f".{os.getpid()}@", f".{ended.pid}@")
    left.mkdir(parents=True)
    (left / "0.js").write_text("half")
    run("-o", folders / "page.html")
    assert not left.exists() and shown(page, folders / "page.html")

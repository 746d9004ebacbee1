"""A few tiny pictures, two methods' mattes of them, and the page that `mattekit eval` makes of these."""

import json
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app

NAMES = ("b10", "b9", "cat")


def write_picture(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)
    return path


@pytest.fixture
def folders(tmp_path):
    """Folders image, trimap and truth, and methods "good" and "worse"."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:30, :44]
    for i, name in enumerate(NAMES):
        truth = (255 * np.clip((11 + i - np.hypot(y - 15, x - 22)) / 5, 0, 1)).astype(np.uint8)
        write_picture(tmp_path / "truth" / f"{name}.png", truth)
        write_picture(tmp_path / "trimap" / f"{name}.png", np.where((truth > 0) & (truth < 255), 128, truth))
        write_picture(tmp_path / "image" / f"{name}.jpg", rng.integers(0, 255, (30, 44, 3), np.uint8))
        for method, noise in (("good", 9), ("worse", 60)):
            alpha = np.clip(truth + rng.integers(-noise, noise, truth.shape), 0, 255).astype(np.uint8)
            write_picture(tmp_path / method / f"{name}.png", alpha)
    return tmp_path


@pytest.fixture
def run(folders):
    """Run `mattekit eval` on the folders of the methods that are named, with more options."""

    def run(*words, methods=("good", "worse"), code=0):
        paths = [str(folders / name) for name in (*methods, "truth")]
        result = CliRunner().invoke(app, ["eval", *paths, "--trimaps", str(folders / "trimap"), *map(str, words)])
        assert result.exit_code == code, (result.output, result.stderr, result.exception)
        return result

    return run


class Page(HTMLParser):
    """A page's elements: (tag, attributes) in order, and the text of its scripts by their id."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.scripts, self.words, self._id = [], {}, [], None
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)
        self.data = json.loads(self.scripts["data"])

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._id = dict(attributes).get("id", tag) if tag in ("script", "style") else None

    def handle_endtag(self, tag):
        self._id = None

    def handle_data(self, data):
        if self._id is None:
            self.words.append(data)
        else:
            self.scripts[self._id] = self.scripts.get(self._id, "") + data

    def addresses(self):
        """Everything that the elements name to be loaded or followed."""
        return [value for _, given in self.elements for name, value in given.items() if name in ("src", "href")]


@pytest.fixture
def page():
    return Page


@pytest.fixture
def pack():
    """Read a pack that the page loads as a script."""

    def pack(path):
        index, text = re.fullmatch(r"mattekitPicture\((\d+), (.*)\);\n", path.read_text(), re.DOTALL).groups()
        assert path.name == f"{index}.js"
        return json.loads(text)

    return pack

"""An installed package adds a model by an entry point of the group `mattekit.models`; a broken one does no harm."""

import logging
from importlib.metadata import EntryPoint

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit import plugins
from mattekit.cli import app
from mattekit.errors import InputError, WeightsError
from mattekit.models import registry
from mattekit.models.model import Capabilities, Model

pytestmark = pytest.mark.usefixtures("caches")


class Grey(Model):
    """The mean of the colours of unknown pixels."""

    kind, capabilities = "plug-in model", Capabilities(views=False)

    def __init__(self, name, level=None):
        self.name, self.level = name, level

    def alpha(self, image, trimap):
        return np.where(trimap == 0.5, image.mean(axis=2), trimap)


def factory(name, **options):
    """One name, and files of one kind."""
    if name.endswith(".grey"):
        raise WeightsError(f"{name}: no grey, wanted one.")
    return Grey(name) if name == "fake" else None


def fails(name, **options):
    raise ZeroDivisionError("no model\nat all")


def other(name, **options):
    return "no model"


@pytest.fixture
def caches():
    yield
    for cache in (registry._resolve, plugins.load, plugins._warn_once):
        cache.cache_clear()


@pytest.fixture
def install(monkeypatch):
    """A function of (name, value) pairs: what is installed."""

    def make(*points):
        made = [EntryPoint(name, value, registry.GROUP) for name, value in points]
        monkeypatch.setattr(plugins, "entry_points", lambda group: made if group == registry.GROUP else [])

    return make


@pytest.fixture
def scene(tmp_path):
    random = np.random.default_rng(0)
    levels = np.full((20, 30), 128, np.uint8)
    levels[:5], levels[15:] = 0, 255
    cv2.imwrite(str(tmp_path / "a.png"), random.integers(0, 256, (20, 30, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "a_trimap.png"), levels)
    return tmp_path / "a.png", tmp_path / "a_trimap.png"


def run(*words, code=0):
    result = CliRunner().invoke(app, list(map(str, words)))
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


def test_a_plug_in_is_a_model_like_others(install, scene, tmp_path):
    install(("fake", f"{__name__}:factory"))
    assert "fake" in registry.names() and registry.resolve("fake") is registry.resolve("fake")
    run("predict", *scene, "-m", "fake", "-o", tmp_path / "out.png")
    image, trimap, alpha = (cv2.imread(str(path), -1) for path in (*scene, tmp_path / "out.png"))
    wanted = np.where(trimap == 128, np.rint(image.mean(axis=2)), trimap)
    assert np.abs(alpha - wanted).max() <= 1
    run("predict", *scene, "--compare", "fake,rw", "-o", tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").is_file()


def test_a_plug_in_is_asked_for_no_more_than_it_can(install, scene, tmp_path):
    install(("fake", f"{__name__}:factory"))
    words = "predict", *scene, "-m", "fake", "-o", tmp_path / "out.png"
    assert "fake: a plug-in model, wanted a network's file of weights" in run(*words, "--refine", 3, code=1).stderr
    assert "takes no views" in run(*words, "--tta", "flip", code=1).stderr
    assert "fake works on whole images" in run(*words, "--tile", 512).stderr


def test_a_plug_in_says_what_is_wrong_with_a_file_of_its_own(install):
    install(("fake", f"{__name__}:factory"))
    with pytest.raises(WeightsError, match="no grey, wanted one"):
        registry.resolve("a.grey")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("no_such_package:factory", "ModuleNotFoundError: No module named 'no_such_package'"),
        (f"{__name__}:missing", "AttributeError"),
        (f"{__name__}:fails", "ZeroDivisionError: no model at all"),
        (f"{__name__}:other", "TypeError: its factory returned str"),
    ],
)
def test_a_broken_plug_in_is_one_warning(install, caplog, value, reason):
    install(("bad", value), ("fake", f"{__name__}:factory"))
    with caplog.at_level(logging.WARNING, "mattekit"):
        assert registry.resolve("fake").name == "fake"
        with pytest.raises(InputError, match="no such model. Use one of default, .*fake"):
            registry.resolve("neither")
    assert [record.getMessage() for record in caplog.records if reason in record.getMessage()] == caplog.messages
    assert len(caplog.messages) == 1 and caplog.messages[0].startswith(f"plug-in bad ({value}) left out: ")


def test_plug_ins_are_read_for_unknown_names_alone(monkeypatch, weights_file):
    monkeypatch.setattr(plugins, "entry_points", lambda group: pytest.fail("plug-ins are read"))
    for name in ("closed-form", "default", weights_file):
        registry.resolve(name)

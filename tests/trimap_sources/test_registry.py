"""Sources of trimaps by name: the table, plug-ins by entry points, and what a source may return."""

from importlib.metadata import EntryPoint

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit import plugins
from mattekit.cli import app
from mattekit.errors import InputError, MattekitError
from mattekit.trimap_sources import registry
from mattekit.trimap_sources.source import SourcedTrimap, checked

IMAGE = np.zeros((6, 8, 3), np.float32)


class Halves:
    """Foreground is what is brighter than a level; the column beside the middle stays unknown."""

    name = "halves"

    def __init__(self, level):
        self.level = level

    def __call__(self, image):
        trimap = (image.mean(axis=2) > self.level).astype(np.float32)
        trimap[:, trimap.shape[1] // 2] = 0.5
        reasons = np.where(trimap == 0.5, 1, 0).astype(np.uint8)
        return SourcedTrimap(trimap, None, reasons, ("level", "middle"), {"level": self.level})


def factory(level="0.5"):
    return Halves(float(level))


def broken(**options):
    raise ZeroDivisionError("no source\nat all")


@pytest.fixture
def install(monkeypatch):
    """A function of (name, value) pairs: what is installed."""

    def make(*points):
        made = [EntryPoint(name, value, registry.GROUP) for name, value in points]
        monkeypatch.setattr(plugins, "entry_points", lambda group: made if group == registry.GROUP else [])

    yield make
    registry._loaded.cache_clear()


@pytest.fixture
def photo(tmp_path):
    """A photograph, dark on the left and bright on the right."""
    pixels = np.random.default_rng(0).integers(0, 60, (24, 32, 3), np.uint8)
    pixels[:, 16:] += 180
    assert cv2.imwrite(str(tmp_path / "photo.png"), pixels)
    return tmp_path / "photo.png"


def run(*words, code=0):
    result = CliRunner().invoke(app, [*map(str, words)])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


def test_an_installed_source_makes_trimaps_and_alphas_by_its_name(install, photo, tmp_path):
    install(("halves", f"{__name__}:factory"))
    assert registry.names()[-1] == "halves"
    run("trimap", photo, "--source", "halves:level=0.4", "-o", tmp_path / "t.png")
    levels = cv2.imread(str(tmp_path / "t.png"), cv2.IMREAD_UNCHANGED)
    assert (levels[:, :16] == 0).all() and (levels[:, 16] == 128).all() and (levels[:, 17:] == 255).all()
    told = run("predict", photo, "--source", "halves", "-m", "closed-form", "-o", tmp_path / "a.png", "--json").stdout
    assert '"source": "halves"' in told and '"facts": {"level": 0.5}' in told
    alpha = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)
    assert (alpha[levels == 0] == 0).all() and (alpha[levels == 255] == 255).all()


def test_settings_that_a_source_does_not_take_are_told(install, photo):
    install(("halves", f"{__name__}:factory"))
    assert "unexpected keyword argument 'width'" in run("trimap", photo, "--source", "halves:width=3", code=1).stderr
    assert "wanted halves:KEY=VALUE" in run("trimap", photo, "--source", "halves:3", code=2).stderr
    assert "use one of mask" in run("trimap", photo, "--source", "thirds", code=2).stderr


def test_a_broken_plug_in_is_one_line(install, photo):
    install(("bad", "no_such_package:factory"))
    error = run("trimap", photo, "--source", "bad", code=1).stderr
    assert "plug-in bad (no_such_package:factory): cannot be used, ModuleNotFoundError" in error
    install(("worse", f"{__name__}:broken"))
    assert "no source at all" in run("trimap", photo, "--source", "worse", code=1).stderr


def test_plug_ins_are_read_for_names_alone_that_are_none_of_the_table(monkeypatch):
    monkeypatch.setattr(plugins, "entry_points", lambda group: pytest.fail("plug-ins are read"))
    registry.make("mask", mask=np.eye(4, dtype=np.float32))


def test_an_unknown_name_lists_the_sources(install):
    install()
    with pytest.raises(InputError, match="no such source of trimaps. Use one of mask, segment, "):
        registry.make("nonesuch")


@pytest.mark.parametrize("name", registry.SOURCES)
def test_every_row_of_the_table_is_there(name):
    assert callable(registry._own(name))


GOOD = SourcedTrimap(np.zeros((6, 8), np.float32), None, np.zeros((6, 8), np.uint8), ("all",))


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ("a trimap", "returned str"),
        (GOOD.__class__(np.zeros((3, 8), np.float32), None, GOOD.reasons, ("all",)), r"trimap of shape \(3, 8\)"),
        (GOOD.__class__(np.full((6, 8), 0.3, np.float32), None, GOOD.reasons, ("all",)), "other values than 0"),
        (GOOD.__class__(np.full((6, 8), np.nan, np.float32), None, GOOD.reasons, ("all",)), "other values than 0"),
        (GOOD.__class__(GOOD.trimap, None, np.ones((6, 8), np.uint8), ("all",)), "reasons without a name"),
        (GOOD.__class__(GOOD.trimap, np.zeros((6, 9)), GOOD.reasons, ("all",)), "probability of shape"),
    ],
)
def test_what_a_plug_in_returns_is_checked(made, message):
    with pytest.raises(MattekitError, match=f"source odd: .*{message}"):
        checked("odd", made, (6, 8))


def test_shares_of_reasons_add_up():
    reasons = np.zeros((6, 8), np.uint8)
    reasons[0] = 2
    made = SourcedTrimap(GOOD.trimap, None, reasons, ("first", "second", "third"))
    assert checked("mine", made, (6, 8)) is made
    assert made.reason_shares() == pytest.approx({"first": 5 / 6, "second": 0, "third": 1 / 6})

"""Tables take rows of other packages; what cannot be loaded is one warning; the example installs into a folder."""

import json
import logging
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mattekit import plugins
from mattekit.cli import app
from mattekit.metrics import METRICS, Metric
from mattekit.networks import NETWORKS, Row
from mattekit.operators import OPERATORS

EXAMPLE = Path(__file__).resolve().parent.parent / "examples/plugin"
GROUP = "mattekit.metrics"
ROW = Metric(max, "Row", "of nothing", 1)
WORD = "no row"


@pytest.fixture
def install(monkeypatch):
    """A function of (name, value) pairs: what is installed in the group of metrics."""
    plugins.load.cache_clear(), plugins._warn_once.cache_clear()

    def make(*pairs):
        made = [EntryPoint(*pair, GROUP) for pair in pairs]
        monkeypatch.setattr(plugins, "entry_points", lambda group: made if group == GROUP else [])
        return plugins.Table({"own": METRICS["sad"]}, GROUP, Metric)

    yield make
    plugins.load.cache_clear(), plugins._warn_once.cache_clear()


def test_rows_are_added_when_a_name_is_not_found_or_all_are_listed(install, monkeypatch):
    table = install(("row", f"{__name__}:ROW"))
    assert "own" in table and table["own"] and not table.complete
    assert table["row"] is ROW and list(table) == ["own", "row"] and len(table) == 2 and dict(**table) == table.data
    with pytest.raises(KeyError):
        table["none"]
    monkeypatch.setitem(table, "mine", ROW)
    assert list(table) == ["own", "row", "mine"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("bad", "no_such_package:row", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("bad", f"{__name__}:missing", "AttributeError"),
        ("bad", f"{__name__}:WORD", "TypeError: a str, wanted Metric"),
        ("own", f"{__name__}:ROW", "ValueError: mattekit has a row of that name"),
    ],
)
def test_a_broken_plug_in_is_one_warning(install, caplog, name, value, message):
    table = install((name, value), ("row", f"{__name__}:ROW"))
    with caplog.at_level(logging.WARNING, "mattekit"):
        assert list(table) == ["own", "row"] and table["own"] is METRICS["sad"] and "none" not in table
    (told,) = caplog.messages
    assert told.startswith(f"plug-in {name} ({value}) left out: {message}")


def test_info_tells_what_failed_and_why(install):
    install(("bad", "no_such_package:row"), ("row", f"{__name__}:ROW"))
    found = json.loads(CliRunner().invoke(app, ["info", "--json"]).stdout)["plug-ins"]
    assert found["row (metrics)"] == "of no package"
    assert "left out: ModuleNotFoundError: No module named 'no_such_package'" in found["bad (metrics)"]


def test_a_network_that_cannot_be_built_is_left_out_of_the_list(monkeypatch, caplog):
    from mattekit.networks.summary import summaries

    own = {"lsa": NETWORKS["lsa"], "broken": Row(lambda: 1 / 0, {}, "a test", "reflect-16")}
    monkeypatch.setattr(NETWORKS, "data", own)
    with caplog.at_level(logging.WARNING, "mattekit"):
        assert [row["name"] for row in summaries()] == ["lsa"]
    assert caplog.messages == ["network broken, of a plug-in, left out: ZeroDivisionError: division by zero"]


def test_rows_of_all_tables_are_their_own():
    assert {table.group for table in (NETWORKS, OPERATORS, METRICS)} < set(plugins.GROUPS)
    assert NETWORKS.kind is Row and METRICS.kind is Metric and OPERATORS.kind is None


SESSION = """
import json, sys
from typer.testing import CliRunner
from mattekit.cli import app

def run(*words):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, (words, result.output, result.exception)
    return result.stdout

import cv2, numpy as np
from mattekit.networks import build
from mattekit.networks.header import header_of
from mattekit.networks.safetensors_file import save_network
from mattekit.training import recipe

network = build("example-tiny", width=4)
save_network("tiny.safetensors", network, header_of(network))
picture = np.random.default_rng(0).integers(0, 256, (20, 24, 3), np.uint8)
trimap = np.full((20, 24), 128, np.uint8)
trimap[:4], trimap[-4:] = 0, 255
for name, pixels in (("a.png", picture), ("t.png", trimap), ("truth.png", picture[..., 0])):
    cv2.imwrite(name, pixels)
run("predict", "a.png", "t.png", "-m", "tiny.safetensors", "-o", "alpha.png")
scores = json.loads(run("eval", "alpha.png", "truth.png", "--trimaps", "t.png", "--format", "json"))["images"][0]
errors = np.abs(cv2.imread("alpha.png", 0).astype(int) - picture[..., 0])[trimap == 128]
assert abs(scores["worst"] - errors.max() / 255) < 1e-6 and "sad" in scores, scores
assert recipe.read("a2u", ["network.name=example-tiny"]).network.name == "example-tiny"
print(json.dumps({"info": json.loads(run("info", "--json"))["plug-ins"], "models": run("models", "example-tiny")}))
"""


def test_the_example_adds_a_network_and_a_metric(tmp_path):
    """Installed by pip into a folder of its own, which one process imports from."""
    pytest.importorskip("setuptools", reason="the example is built by setuptools")
    site, source = tmp_path / "site", tmp_path / "plugin"
    subprocess.run(["cp", "-r", EXAMPLE, source], check=True)  # a build leaves folders in the source
    options = "--quiet --no-deps --no-build-isolation --no-index --disable-pip-version-check".split()
    subprocess.run([sys.executable, "-m", "pip", "install", *options, "--target", site, source], check=True)
    path = os.pathsep.join([str(site), str(EXAMPLE.parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", SESSION], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["info"] == {
        "example-tiny (networks)": "mattekit-example 1.0",
        "worst (metrics)": "mattekit-example 1.0",
    }
    assert "arguments for --set: width=8" in told["models"]

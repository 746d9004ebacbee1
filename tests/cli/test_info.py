"""`mattekit info`: what a bug report needs."""

import json
import re
import tomllib

from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.cli import info as command


def info(*words):
    result = CliRunner().invoke(app, ["info", *words])
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_every_extra_of_the_package_is_listed_with_all_that_it_installs(request):
    project = tomllib.loads((request.config.rootpath / "pyproject.toml").read_text())["project"]
    extras = {
        name: tuple(re.match(r"[\w.-]+", requirement)[0] for requirement in requirements)
        for name, requirements in project["optional-dependencies"].items()
        if name != "test"
    }
    assert extras == command.EXTRAS
    assert set(json.loads(info("--json"))["extras"]) == {f"mattekit[{name}]" for name in extras}


def test_an_extra_that_lacks_a_package_is_not_installed(monkeypatch):
    monkeypatch.setattr(command, "_version_of", lambda name: None if name == "onnxscript" else "1.2")
    text = info()
    assert re.search(r"mattekit\[onnx\] +not installed", text) and "None" not in text
    assert re.search(r"mattekit\[exr\] +OpenEXR 1\.2", text)
    assert json.loads(info("--json"))["extras"]["mattekit[onnx]"] is None

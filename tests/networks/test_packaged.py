import json
import tomllib

import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.errors import InputError
from mattekit.models import registry
from mattekit.networks import packaged
from mattekit.networks.safetensors_file import load_network


def test_the_weights_in_the_package_load_and_are_small():
    files = packaged.packaged()
    assert packaged.DEFAULT in files
    for path in files.values():
        assert path.stat().st_size < 20e6
        assert load_network(path).header.licence != "unknown"


def test_their_facts_name_licence_material_and_scores():
    for name in packaged.packaged():
        known = packaged.facts(name)
        assert known["licence"] and known["summary"] and known["measured"]
        assert all(item["what"] and item["licence"] for item in known["material"]) and known["material"]
        assert all({"on", "sad", "mse", "grad", "conn"} <= row.keys() for row in known["scores"]) and known["scores"]


def test_list_shows_them():
    result = CliRunner().invoke(app, ["weights", "list"])
    assert result.exit_code == 0 and "default" in result.stdout and "licence" in result.stdout
    rows = [json.loads(line) for line in CliRunner().invoke(app, ["weights", "list", "--json"]).stdout.splitlines()]
    assert [row["name"] for row in rows] == list(packaged.packaged())
    assert rows[0]["material"] == tomllib.loads((packaged.FOLDER / f"{rows[0]['name']}.toml").read_text())["material"]


def test_without_them_closed_form_is_used_and_said(monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(packaged, "FOLDER", tmp_path)
    assert registry.default_name() == "closed-form"
    assert "not installed" in caplog.text


def test_they_are_found_by_name():
    assert registry.resolve("default").path.name == "default.safetensors"
    with pytest.raises(InputError, match="no such model. Use one of default, "):
        registry.resolve("defualt")


def test_commands_on_files_of_weights_know_them_by_name(tmp_path):
    shown = CliRunner().invoke(app, ["weights", "show", "default", "--json"])
    assert shown.exit_code == 0 and json.loads(shown.stdout)["network"] == "mixing"
    exported = CliRunner().invoke(app, ["export", "default", "-o", str(tmp_path / "d.onnx")])
    assert exported.exit_code == 0 and (tmp_path / "d.onnx").is_file(), exported.stderr
    unknown = CliRunner().invoke(app, ["weights", "show", "defualt"])
    assert unknown.exit_code == 1 and "defualt: no such file. Check the path." in unknown.stderr


def test_no_model_named_means_them(tmp_path, caplog):
    import cv2

    image = np.full((40, 60, 3), 200, np.uint8)
    image[:, 30:] = (20, 90, 30)
    trimap = np.full((40, 60), 128, np.uint8)
    trimap[:, :20], trimap[:, 40:] = 0, 255
    cv2.imwrite(str(tmp_path / "a.png"), image)
    cv2.imwrite(str(tmp_path / "t.png"), trimap)
    words = ["predict", str(tmp_path / "a.png"), str(tmp_path / "t.png"), "-o"]
    for name, more in (("one.png", []), ("two.png", ["-m", "default"])):
        result = CliRunner().invoke(app, [*words, str(tmp_path / name), *more])
        assert result.exit_code == 0, result.stderr
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()

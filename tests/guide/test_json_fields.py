"""The guide's page on JSON: each field that a command prints is explained, and each field explained is printed."""

import json
import re
import shlex
import shutil

import pytest
from typer.testing import CliRunner

from mattekit import guide
from mattekit.cli import app
from mattekit.training import dry_run

TINY = (
    "--arch indexnet --data cutouts --validate test --workers 0 --set network.name=indexnet-b11 "
    "--set network.width=0.25 --set data.crop=64 --set run.batch=2 --set run.steps_per_epoch=1 --set run.epochs=1 -o r"
)
PARTS = "--foregrounds photos --alphas truth --backgrounds backgrounds"
CALLS = {  # heading -> calls that together print every field
    "Items of folders": [
        "predict photos trimaps -o o -m shared",
        "predict photos trimaps -o o -m shared --skip-existing",
        "predict photos plates -o p -m shared",
        "predict shot/frame.####.jpg shot/trimap.%02d.png -o film.mkv -m shared",
    ],
    "predict and refine": [
        "predict photo.jpg --mask rough.png --refine 2",
        "refine photo.jpg all_unknown.png --steps 2",
        "predict photo.jpg trimap.png --compare shared --truth alpha.png -o sheet.png",
    ],
    "trimap": [
        "trimap photo.jpg --mask rough.png",
        "trimap alpha.png --band 2",
        "trimap alpha.png --random",
        "trimap trimap.png --fix -o fixed.png",
        "trimap trimap.png --check",
        "trimap --propagate shot/frame.####.jpg --keys shot/trimap.01.png -o carried",
    ],
    "key": ["key plate.png"],
    "foreground": ["foreground photo.jpg alpha.png --also-background -o colours"],
    "composite": [
        "composite photo.jpg alpha.png white -o c.png",
        f"composite --preset custom {PARTS} --per-foreground 1 -o s",
        "composite --synthetic 1 --size 48 --kinds glass --per-foreground 1 -o drawn",
        "composite --verify -o s",
    ],
    "eval": ["eval ours theirs truth --trimaps trimaps", "eval shot/ours.##.png shot/truth.##.png --sequence"],
    "train": [f"train {TINY}", f"train {TINY} --dry-run"],
    "models": ["models indexnet-b11"],
    "weights": ["weights list", "weights show indexnet.safetensors"],
    "weights adopt": ["weights adopt net.onnx --inputs image+trimap --activation sigmoid"],
    "info": ["info"],
}
OPEN = {"recipe", "arguments"}  # explained as a whole


def sections():
    """Return heading -> the fields of its tables, as patterns, in which a word in capitals stands for any name."""
    found = {}
    for part in guide.read("json").split("\n## ")[1:]:
        heading, _, text = part.partition("\n")
        rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
        found[heading] = [name for row in rows for name in re.findall(r"`(.*?)`", row)]
    return found


def fields(value, path=""):
    """Yield the paths of the fields of an object."""
    for key, inner in value.items():
        here = f"{path}.{key}" if path else key
        if isinstance(inner, dict) and key not in OPEN:
            yield from fields(inner, here)
        else:
            yield here


def pattern(field):
    return re.compile(re.sub(r"\b[A-Z]+\b", r"[^.]+(?:\\.[a-z]+)*?", field.replace(".", r"\.")) + r"(\.[^.]+)?$")


@pytest.mark.parametrize("heading", CALLS)
def test_each_field_is_explained_and_each_explained_field_is_printed(heading, studio, network, tmp_path, monkeypatch):
    if "adopt" in heading:
        network(shape=("n", 4, "h", "w"))
    shutil.copytree(studio, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dry_run, "SECONDS", 0.1)
    printed = set()
    for call in CALLS[heading]:
        result = CliRunner().invoke(app, [*shlex.split(call), "--json"])
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        assert lines and result.exit_code in (0, 3), (call, result.output)
        for line in lines:
            if heading == "Items of folders":
                line = {key: line[key] for key in ("name", "error", "skipped", "frames") if key in line}
            printed |= set(fields(line))
    explained = sections()[heading]
    patterns = {field: pattern(field) for field in explained}
    assert not [one for one in printed if not any(known.match(one) for known in patterns.values())]
    assert not [field for field, known in patterns.items() if not any(known.match(one) for one in printed)]


def test_every_command_that_has_json_has_a_section():
    heads = " ".join(sections())
    for command in app.registered_commands:
        name = command.callback.__name__
        if "json" in command.callback.__annotations__:
            assert re.search(rf"\b{name}\b", heads), name

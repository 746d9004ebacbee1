"""Manifests, journals and settings that others have written, or damaged: one clear line, and no file outside."""

import copy
import json
import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mattekit.datasets import records, verify
from mattekit.datasets.manifest import JOURNAL, Journal, claim, finished_records
from mattekit.datasets.records import MANIFEST, SETTINGS, Record
from mattekit.errors import InputError, MattekitError
from mattekit.ranks import Rank
from mattekit.samples.sources import layouts

BUDGET = 400  # damaged manifests
GOOD = {
    "name": "cat_0",
    "parts": {"foreground": "cat.png", "background": "sea.jpg"},
    "outputs": {"image": "merged/cat_0.png", "alpha": "alpha/cat.png"},
    "size": [4, 5],
    "background_size": [6, 7],
    "sha256": {
        "parts": {"foreground": "0" * 64, "background": "1" * 64},
        "outputs": {"image": "2" * 64, "alpha": "3" * 64},
    },
}
NOT_PATHS = [
    "../a.png",
    "/etc/passwd",
    "merged/../../a.png",
    "C:\\a.png",
    "\\\\host\\a.png",
    "..\\a.png",
    "",
    ".",
    "a\0",
]


def write(folder, *lines, settings='{"images": 1}'):
    (folder / MANIFEST).write_bytes(b"".join(line if isinstance(line, bytes) else line.encode() for line in lines))
    (folder / SETTINGS).write_text(settings)


def uses(folder):
    """Everything that reads a manifest."""
    return [
        lambda: layouts.manifest_items(folder, {}),
        lambda: layouts.manifest_items(folder, {"foreground": [folder]}),
        lambda: [verify.check(task) for task in verify.checks(folder, {})[0]],
        lambda: (finished_records(folder), Journal(folder, Rank()).finish(["cat_0"])),
        lambda: claim(folder, {"images": 1}),
    ]


def test_a_good_line_is_read(tmp_path):
    write(tmp_path, json.dumps(GOOD))
    (line,) = records.read(tmp_path)
    assert line.outputs["image"] == "merged/cat_0.png" and line.size == (4, 5)
    assert json.loads(line.model_dump_json(exclude_none=True)) == GOOD


@pytest.mark.parametrize("path", NOT_PATHS)
def test_paths_that_leave_the_folder_are_refused(tmp_path, path):
    write(tmp_path, json.dumps(GOOD | {"outputs": GOOD["outputs"] | {"image": path}}))
    with pytest.raises(InputError, match="manifest.jsonl: line 1: outputs.image: ") as caught:
        records.read(tmp_path)
    assert str(caught.value).isprintable()


@given(st.text())
def test_whatever_path_is_accepted_stays_inside(path):
    try:
        line = Record.model_validate(GOOD | {"outputs": GOOD["outputs"] | {"image": path}}, strict=False)
    except ValidationError:
        return
    inside = os.path.normpath(os.path.join("/data/set", line.outputs["image"]))
    assert inside.startswith("/data/set/")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"\xff\xfe\n", "line 1: Invalid JSON"),
        (b"[" * 60_000 + b"\n", "line 1: Invalid JSON: recursion limit exceeded"),
        (b"1" * 70_000, "a line of more than 65536 bytes"),
        (b"null\n", "line 1: Input should be an object"),
        (b'{"name": "a"}\n', "line 1: parts: Field required"),
        (json.dumps(GOOD | {"name": 7}).encode(), "line 1: name: Input should be a valid string"),
        (json.dumps(GOOD | {"name": "a/b"}).encode(), "line 1: name: String should match pattern"),
        (json.dumps(GOOD | {"parts": None}).encode(), "line 1: parts: Input should be "),
        (json.dumps(GOOD | {"size": [4]}).encode(), "line 1: size.1: Field required"),
        (json.dumps(GOOD | {"size": [4, -1]}).encode(), "line 1: size.1: Input should be greater than"),
        (json.dumps(GOOD | {"more": 1}).encode(), "line 1: more: Extra inputs are not permitted"),
        (json.dumps(GOOD | {"parts": {}}).encode(), "line 1: sha256 is not of the same files as parts and outputs"),
        (json.dumps(GOOD).encode() + b"\n\n", "line 2: Invalid JSON"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, told):
    write(tmp_path, text)
    with pytest.raises(InputError, match=f"^{tmp_path}/manifest.jsonl: {told}") as caught:
        records.read(tmp_path)
    assert "\n" not in str(caught.value)


def damaged(rng):
    """A manifest with fields left out, of other types, or bytes changed."""
    line = copy.deepcopy(GOOD)
    where = rng.choice([line, line["parts"], line["outputs"], line["sha256"], line["sha256"]["outputs"]])
    others = [None, 0, -1, 10**30, 1.5, float("nan"), "", "\n", "\ud800", "../x", "/dev/zero", [], {}, [[]], True, GOOD]
    for _ in range(rng.randrange(1, 3)):
        key = rng.choice([*where, "new"])
        if rng.random() < 0.4:
            where.pop(key, None)
        else:
            where[key] = rng.choice(others)
    data = bytearray(json.dumps(line).encode())
    for _ in range(rng.choice([0, 0, 1, 5])):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data[: rng.choice([len(data), len(data), rng.randrange(len(data))])])


def test_damaged_manifests_journals_and_settings_are_one_line_for_all_that_read_them(tmp_path):
    rng, refused = random.Random(0), 0
    for _ in range(BUDGET):
        data = damaged(rng)
        write(tmp_path, data, settings=rng.choice(['{"images": 1}', "null", "[", '{"images": "x"}', '{"a": {"b": 1}}']))
        (tmp_path / JOURNAL).write_bytes(damaged(rng))
        for use in uses(tmp_path):
            try:
                use()
            except MattekitError as error:
                refused += 1
                assert "\n" not in str(error)
    assert refused > BUDGET


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
@pytest.mark.parametrize("linked", ["merged/cat_0.png", "merged"])
def test_links_out_of_the_folder_are_refused_and_links_inside_are_followed(tmp_path, linked):
    """An archive that is unpacked may bring them, to whatever the user can read."""
    folder, elsewhere = tmp_path / "set", tmp_path / "elsewhere"
    for each in (folder, elsewhere):
        (each / "merged").mkdir(parents=True)
        (each / "merged/cat_0.png").write_bytes(b"a picture")
    (folder / "alpha").mkdir()
    (folder / "alpha/cat.png").write_bytes(b"an alpha")
    write(folder, json.dumps(GOOD))
    (folder / linked).rename(folder / "moved")
    for target, refused in ((elsewhere / linked, True), (folder / "moved", False)):
        (folder / linked).symlink_to(target)
        tasks, verified = verify.checks(folder, {})
        items, opened = layouts.manifest_items(folder, {})
        assert (not tasks) == (not items) == refused
        for problem in (*verified, *opened):
            assert "merged/cat_0.png: a link that leaves the folder of the data set" in str(problem)
        assert bool(verified) == bool(opened) == refused
        (folder / linked).unlink()


@pytest.mark.skipif(os.name != "posix", reason="pipes are a matter of POSIX")
def test_pipes_in_the_place_of_files_do_not_hang(tmp_path):
    write(tmp_path, json.dumps(GOOD))
    (tmp_path / "merged").mkdir()
    os.mkfifo(tmp_path / "merged" / "cat_0.png")
    (task,), _ = verify.checks(tmp_path, {})
    with pytest.raises(InputError, match="merged/cat_0.png: a pipe, wanted a regular file"):
        verify.check(task)
    for name in (MANIFEST, SETTINGS):
        (tmp_path / name).unlink()
        os.mkfifo(tmp_path / name)
    for use in (records.read, records.read_settings):
        with pytest.raises(InputError, match="a pipe, wanted a regular file"):
            use(tmp_path)

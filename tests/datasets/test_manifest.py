import json

import numpy as np
import pytest

from mattekit.datasets import manifest
from mattekit.datasets.records import MANIFEST, SETTINGS, Record, read
from mattekit.errors import InputError, MissingFileError
from mattekit.imaging import io
from mattekit.ranks import Rank


def line(name):
    return Record(
        name=name, parts={}, outputs={}, size=(4, 5), background_size=(6, 7), sha256={"parts": {}, "outputs": {}}
    )


def test_facts_are_hash_and_upright_size_and_follow_a_changed_file(tmp_path):
    path = tmp_path / "a.png"
    io.write_raw(path, np.zeros((3, 5), np.uint8))
    first = manifest.facts(path)
    assert first == (manifest.sha256(path), (3, 5))
    io.write_raw(path, np.zeros((4, 7, 3), np.uint8))
    assert manifest.facts(path) == (manifest.sha256(path), (4, 7)) != first
    with pytest.raises(MissingFileError, match="b.png: no such file"):
        manifest.facts(tmp_path / "b.png")


def test_a_journal_survives_a_kill_in_the_middle_of_a_line(tmp_path):
    journal = manifest.Journal(tmp_path, Rank())
    for name in ("b", "a"):
        journal.add(line(name))
    with (tmp_path / manifest.JOURNAL).open("a") as stream:
        stream.write('{"name": "c"')
    assert list(manifest.finished_records(tmp_path)) == ["b", "a"]
    again = manifest.Journal(tmp_path, Rank())
    again.add(line("c"))
    assert list(manifest.finished_records(tmp_path)) == ["b", "a", "c"]


def test_the_manifest_has_the_order_asked_for_and_ends_the_journal(tmp_path):
    journal = manifest.Journal(tmp_path, Rank())
    for name in ("b", "c", "a"):
        journal.add(line(name))
    assert not journal.finish(["a", "b", "broken", "c"])
    journal.fail("broken")
    assert journal.finish(["a", "b", "broken", "c"])
    assert [each.name for each in read(tmp_path)] == ["a", "b", "c"]
    assert [p.name for p in tmp_path.iterdir()] == [MANIFEST]
    assert list(manifest.finished_records(tmp_path)) == ["a", "b", "c"]
    assert manifest.finished_records(tmp_path, complete=False) == {}


def test_the_last_of_several_ranks_writes_the_manifest_and_what_failed_is_tried_again(tmp_path):
    names = ["a", "b", "c", "d"]
    first, second = (manifest.Journal(tmp_path, Rank(i, 2)) for i in range(2))
    first.add(line("c"))
    second.add(line("b"))
    second.add(line("d"))
    assert not second.finish(names) and not (tmp_path / MANIFEST).exists()
    first.fail("a")
    assert sorted(manifest.finished_records(tmp_path)) == ["b", "c", "d"]
    assert first.finish(names)
    assert [each.name for each in read(tmp_path)] == ["b", "c", "d"]
    assert [p.name for p in tmp_path.iterdir()] == [MANIFEST]
    again = manifest.Journal(tmp_path, Rank(0, 3))
    assert not again.finish(names)
    again.add(line("a"))
    assert again.finish(names) and [each.name for each in read(tmp_path)] == names


def test_a_damaged_manifest_names_the_line(tmp_path):
    with pytest.raises(MissingFileError, match="manifest.jsonl: no such file"):
        read(tmp_path)
    (tmp_path / MANIFEST).write_text(line("a").model_dump_json() + '\n{"name": \n')
    with pytest.raises(InputError, match="manifest.jsonl: line 2: Invalid JSON"):
        read(tmp_path)


def test_a_folder_is_claimed_once_and_for_the_same_settings_only(tmp_path):
    out = tmp_path / "out"
    manifest.claim(out, {"seed": 1, "preset": "aim"})
    manifest.claim(out, {"seed": 1, "preset": "aim"})
    with pytest.raises(InputError, match="made with seed 1, but now it is 2"):
        manifest.claim(out, {"seed": 2, "preset": "aim"})
    assert json.loads((out / SETTINGS).read_text()) == {"seed": 1, "preset": "aim"}
    (tmp_path / "photos" / "merged").mkdir(parents=True)
    (tmp_path / "photos" / "merged" / "mine.png").touch()
    with pytest.raises(InputError, match="merged: not empty, and not made by this command"):
        manifest.claim(tmp_path / "photos", {})

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.imaging import io
from mattekit.imaging.trimap_random import generator
from mattekit.samples.sources import open_sources
from mattekit.synthetic import foreground

SIZE = (48, 64)


def run(*arguments):
    return CliRunner().invoke(app, ["composite", *map(str, arguments)])


def make(output, *arguments, count=5, seed=3):
    result = run("--synthetic", count, "--size", "48x64", "--seed", seed, "-o", output, *arguments)
    assert result.exit_code == 0, result.output
    return output


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def records(folder):
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for i in range(4):
        io.write_raw(tmp_path / "photos" / f"{i}.png", rng.integers(0, 256, (60, 70, 3), np.uint8))
    return tmp_path / "photos"


def test_foreground_and_alpha_are_those_of_the_seed_and_the_name(tmp_path):
    out = make(tmp_path / "out")
    for record in records(out):
        group = record["name"].rpartition("_")[0]
        fg, alpha = foreground(generator(3, group), SIZE, record["kind"])
        assert group.endswith(record["kind"])
        assert (io.read_raw(out / record["outputs"]["foreground"]).pixels == np.rint(fg * 255)).all()
        assert (io.read_raw(out / record["outputs"]["alpha"]).pixels == np.rint(alpha * 255)).all()


def test_images_are_composed_of_the_files_that_are_kept(tmp_path, photos):
    out = make(tmp_path / "out", "--backgrounds", photos, "--per-foreground", 3)
    assert len(records(out)) == 15
    for record in records(out):
        image, fg = (
            io.read_raw(out / record["outputs"][role]).pixels.astype(float) for role in ("image", "foreground")
        )
        alpha = io.read_raw(out / record["outputs"]["alpha"]).pixels[..., None] / 255
        bg = io.read_raw(photos / record["parts"]["background"]).pixels[: SIZE[0], : SIZE[1]]
        assert np.abs(alpha * fg + (1 - alpha) * bg - image).max() <= 0.5 + 1e-9


def test_trimaps_are_right_for_their_alpha(tmp_path):
    out = make(tmp_path / "out", "--trimap-rule", "lsa")
    for record in records(out):
        trimap = io.read_raw(out / record["outputs"]["trimap"]).pixels
        alpha = io.read_raw(out / record["outputs"]["alpha"]).pixels
        assert (alpha[trimap == 255] == 255).all() and (alpha[trimap == 0] == 0).all()
    assert not (make(tmp_path / "none", "--trimap-rule", "none") / "trimaps").exists()


def test_jobs_interruptions_and_repetition_change_no_byte(tmp_path):
    whole = contents(make(tmp_path / "whole"))
    assert contents(make(tmp_path / "jobs", "-j", 2)) == whole
    cut = make(tmp_path / "cut")
    (cut / "manifest.jsonl").unlink()
    for name in ("merged", "fg"):
        next((cut / name).iterdir()).unlink()
    assert contents(make(cut)) == whole
    assert contents(make(tmp_path / "longer", count=6)).items() > {
        (name, data) for name, data in whole.items() if name.endswith("png")
    }


def test_ranks_share_the_work(tmp_path):
    whole = contents(make(tmp_path / "whole"))
    shared = tmp_path / "shared"
    for share in ("1/2", "2/2"):
        make(shared, "--shard", share)
    assert contents(shared) == whole


def test_kinds_and_seed_are_asked_for_and_noted(tmp_path):
    out = make(tmp_path / "out", "--kinds", "net,smoke", count=8)
    assert {record["kind"] for record in records(out)} == {"net", "smoke"}
    result = run("--synthetic", 8, "--size", "48x64", "--seed", 4, "--kinds", "net,smoke", "-o", out)
    assert result.exit_code == 1 and "made with seed 3, but now it is 4" in result.stderr
    other = make(tmp_path / "other", "--kinds", "net,smoke", count=8, seed=4)
    assert set(contents(other / "fg").values()).isdisjoint(contents(out / "fg").values())


def test_verify_finds_a_changed_file_and_a_strange_one(tmp_path, photos):
    out = make(tmp_path / "out", "--backgrounds", photos)
    assert run("--verify", "-o", out, "--backgrounds", photos).exit_code == 0
    changed = sorted((out / "fg").iterdir())[0]
    changed.write_bytes(changed.read_bytes()[:-1])
    (out / "fg" / "mine.png").write_bytes(b"")
    result = run("--verify", "-o", out)
    assert result.exit_code == 3
    assert changed.name in result.stderr and "mine.png: no line of the manifest names it" in result.stderr


def test_training_reads_the_foregrounds_of_such_a_set(tmp_path, photos):
    sources = open_sources([str(make(tmp_path / "out"))], backgrounds=[photos])
    sample = sources.draw(np.random.default_rng(0))
    assert sample.fg is not None and np.asarray(sample.fg).shape == (*SIZE, 3)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--preset", "aim"], "--synthetic takes --size"),
        (["a.png", "b.png"], "--synthetic takes --size"),
        (["--manifest-only"], "--synthetic takes --size"),
        (["--size", "axb"], "--size axb: wanted pixels"),
        (["--kinds", "hair,feathers"], "--kinds feathers: use one of hair, fur"),
        (["--trimap-rule", "mine"], "--trimap-rule mine: use one of"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(tmp_path, arguments, text):
    result = run("--synthetic", 2, "-o", tmp_path / "out", *arguments)
    assert result.exit_code == 2 and text in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_size_needs_synthetic_and_must_be_large_enough(tmp_path):
    assert run("--size", 64, "a.png", "b.png").exit_code == 2
    result = run("--synthetic", 2, "--size", 8, "-o", tmp_path / "out")
    assert result.exit_code == 1 and "size 8x8: wanted 16 pixels or more a side" in result.stderr

"""`mattekit predict` as a user runs it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(*words, code=0):
    result = CliRunner().invoke(app, ["predict", *map(str, words)])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


def scene(folder, name="cat", *, size=(24, 32), dtype=np.uint8):
    """A white square on black, its trimap beside it; returns both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    top = np.iinfo(dtype).max
    image = np.zeros((*size, 3), dtype)
    image[6:18, 8:24] = top
    image[..., 1] += np.arange(size[1], dtype=dtype)  # no two columns alike: a constant image is a singular problem
    trimap = np.full(size, 128, np.uint8)
    trimap[:4], trimap[9:15, 11:21] = 0, 255
    cv2.imwrite(str(folder / f"{name}.png"), image)
    cv2.imwrite(str(folder / f"{name}_trimap.png"), trimap)
    return folder / f"{name}.png", folder / f"{name}_trimap.png"


def read(path):
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image is not None, path
    return image


def test_the_default_output_lies_beside_the_image_and_known_pixels_are_exact(tmp_path):
    image, trimap = scene(tmp_path)
    run(image, trimap)
    alpha, levels = read(tmp_path / "cat_alpha.png"), read(trimap)
    assert alpha.dtype == np.uint8 and alpha.shape == levels.shape
    assert (alpha[levels == 0] == 0).all() and (alpha[levels == 255] == 255).all()


@pytest.mark.parametrize("model", ["closed-form", "knn", "lbdm", "lkm", "rw", "shared"])
def test_every_classical_model_mattes(tmp_path, model):
    image, trimap = scene(tmp_path)
    run(image, trimap, "-m", model, "-o", tmp_path / "a.png")
    assert read(tmp_path / "a.png").shape == (24, 32)


def test_all_kinds_are_saved_at_the_depth_of_the_input(tmp_path):
    image, trimap = scene(tmp_path, dtype=np.uint16)
    run(image, trimap, "--save", "alpha,foreground,cutout,composite,preview", "-o", f"{tmp_path}/out/")
    made = {path.name: read(path) for path in (tmp_path / "out").iterdir()}
    assert set(made) == {f"cat_{kind}.png" for kind in ("alpha", "foreground", "cutout", "composite", "preview")}
    assert made["cat_cutout.png"].shape == (24, 32, 4) and made["cat_alpha.png"].ndim == 2
    assert {name: picture.dtype.name for name, picture in made.items()} == {
        **dict.fromkeys(made, "uint16"),
        "cat_preview.png": "uint8",
    }


def test_depth_can_be_chosen(tmp_path):
    image, trimap = scene(tmp_path)
    run(image, trimap, "--depth", "16", "-o", tmp_path / "a.png")
    assert read(tmp_path / "a.png").dtype == np.uint16
    run(image, trimap, "--depth", "float")
    assert read(tmp_path / "cat_alpha.tif").dtype == np.float32


def test_a_composite_over_a_colour_shows_it_where_the_background_was(tmp_path):
    image, trimap = scene(tmp_path)
    run(image, trimap, "--save", "composite", "--background", "#ff0080", "-o", tmp_path / "c.png")
    assert (read(tmp_path / "c.png")[0, 0] == (128, 0, 255)).all()


def test_max_size_works_small_and_gives_full_size(tmp_path):
    image, trimap = scene(tmp_path, size=(48, 64))
    run(image, trimap, "--max-size", "32", "-o", tmp_path / "a.png")
    alpha, levels = read(tmp_path / "a.png"), read(trimap)
    assert alpha.shape == (48, 64) and (alpha[levels == 255] == 255).all()


def test_stdin_gives_stdout(tmp_path):
    image, trimap = scene(tmp_path)
    words = [sys.executable, "-m", "mattekit", "predict", "-", str(trimap), "-o", "-"]
    done = subprocess.run(words, input=image.read_bytes(), capture_output=True, check=True)
    assert done.stdout.startswith(b"\x89PNG\r\n")
    assert cv2.imdecode(np.frombuffer(done.stdout, np.uint8), cv2.IMREAD_UNCHANGED).shape == (24, 32)


def test_json_names_the_outputs(tmp_path):
    image, trimap = scene(tmp_path)
    row = json.loads(run(image, trimap, "--json").stdout)
    assert row["outputs"]["alpha"] == str(tmp_path / "cat_alpha.png") and row["model"] == "default"


def test_the_model_can_come_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("MATTEKIT_MODEL", "closed-form")
    image, trimap = scene(tmp_path)
    assert json.loads(run(image, trimap, "--json").stdout)["model"] == "closed-form"


def test_without_an_unknown_pixel_the_trimap_comes_back_with_a_note_where_that_is_wanted(tmp_path):
    image, trimap = scene(tmp_path)
    levels = np.where(read(trimap) == 128, 0, read(trimap)).astype(np.uint8)
    cv2.imwrite(str(trimap), levels)
    assert "no unknown" in run(image, trimap, "--band", 0, "-o", tmp_path / "a.png").stderr
    assert (read(tmp_path / "a.png") == levels).all()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["-m", "magic"], "shared"),
        (["--save", "alpha,hologram"], "hologram"),
        (["--save", "alpha,cutout", "-o", "x.png"], "alpha and cutout"),
        (["--depth", "12"], "auto, 8, 16"),
        (["--tri_map", "x"], "--tri_map"),
        (["--background", "no-such-colour"], "neither"),
    ],
)
def test_misuse_is_one_line_and_writes_nothing(tmp_path, words, text):
    image, trimap = scene(tmp_path)
    result = CliRunner().invoke(app, ["predict", str(image), str(trimap), *words])
    assert result.exit_code in (1, 2) and text in result.stderr and "Traceback" not in result.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cat.png", "cat_trimap.png"]


def test_a_folder_beside_what_is_no_folder_is_told_by_what_that_is(tmp_path):
    image, trimap = scene(tmp_path)
    assert "is a folder but" in run(image, tmp_path, code=2).stderr
    missing = tmp_path / "images"
    assert f"error: {missing}: no such file or folder. Check the path." in run(missing, tmp_path, code=1).stderr


def test_sizes_that_differ_are_named_with_both_sizes(tmp_path):
    image, trimap = scene(tmp_path)
    cv2.imwrite(str(trimap), read(trimap)[:, :31])
    text = run(image, trimap, code=1).stderr
    assert "31x24" in text and "32x24" in text and text.count("\n") == 1


def test_an_input_is_never_overwritten(tmp_path):
    image, trimap = scene(tmp_path)
    before = image.read_bytes()
    assert "also an input" in run(image, trimap, "-o", image, code=1).stderr
    assert image.read_bytes() == before


def test_jpeg_is_refused_for_a_cutout(tmp_path):
    image, trimap = scene(tmp_path)
    assert "alpha channel" in run(image, trimap, "--save", "cutout", "-o", tmp_path / "c.jpg", code=1).stderr
    assert not (tmp_path / "c.jpg").exists()


def folder_scene(tmp_path, names):
    for name in names:
        image, trimap = scene(tmp_path / "scratch", "one")
        for source, kind in ((image, "images"), (trimap, "trimaps")):
            target = tmp_path / kind / f"{name}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
    return tmp_path / "images", tmp_path / "trimaps"


def test_folders_go_by_stem_and_sub_folder_and_one_bad_file_does_not_stop_the_rest(tmp_path):
    images, trimaps = folder_scene(tmp_path, ["a", "sub/a", "b", "lonely"])
    (images / "b.png").write_bytes(b"not a picture")
    (trimaps / "lonely.png").unlink()
    result = run(images, trimaps, "-r", "-o", tmp_path / "out", "--jobs", "2", code=3)
    made = sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.png"))
    assert made == ["a.png", "sub/a.png"]
    assert "lonely" in result.stderr and "b.png" in result.stderr and "2 images done" in result.stderr


def test_several_kinds_of_a_folder_get_a_folder_each(tmp_path):
    images, trimaps = folder_scene(tmp_path, ["a"])
    run(images, trimaps, "-o", tmp_path / "out", "--save", "alpha,cutout")
    assert (tmp_path / "out/alpha/a.png").exists() and (tmp_path / "out/cutout/a.png").exists()


def test_skip_existing_leaves_finished_items_alone(tmp_path):
    images, trimaps = folder_scene(tmp_path, ["a", "b"])
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.png").write_bytes(b"mine")
    result = run(images, trimaps, "-o", tmp_path / "out", "--skip-existing")
    assert (tmp_path / "out/a.png").read_bytes() == b"mine" and (tmp_path / "out/b.png").exists()
    assert "1 skipped" in result.stderr


def test_numbered_images_share_one_trimap_when_told(tmp_path):
    images, trimaps = folder_scene(tmp_path, ["dog_0", "dog_1"])
    (trimaps / "dog_0.png").replace(trimaps / "dog.png")
    (trimaps / "dog_1.png").unlink()
    run(images, trimaps, "-o", tmp_path / "out", "--numbered")
    assert len(list((tmp_path / "out").iterdir())) == 2
    run(images, trimaps, "-o", tmp_path / "none", code=1)


def test_results_do_not_depend_on_the_number_of_jobs(tmp_path):
    images, trimaps = folder_scene(tmp_path, ["a", "b", "c"])
    run(images, trimaps, "-o", tmp_path / "one")
    run(images, trimaps, "-o", tmp_path / "two", "-j", "2")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_a_killed_run_leaves_no_half_file_and_a_second_run_finishes_it(tmp_path):
    names = [f"n{i:02}" for i in range(40)]
    images, trimaps = folder_scene(tmp_path, names)
    out = tmp_path / "out"
    words = ["predict", str(images), str(trimaps), "-o", str(out), "-m", "closed-form", "-j", "2"]
    process = subprocess.Popen([sys.executable, "-m", "mattekit", *words], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not (out.is_dir() and len(list(out.glob("*.png"))) >= 3):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = {p.name: p.stat().st_mtime_ns for p in out.glob("*.png")}
    for name in finished:
        read(out / name)
    time.sleep(1)  # orphaned workers notice that their parent is gone
    result = CliRunner().invoke(app, [*words, "--skip-existing"])
    assert result.exit_code == 0, result.stderr
    assert sorted(p.name for p in out.iterdir()) == [f"{name}.png" for name in names]  # and nothing hidden beside
    unchanged = [name for name, when in finished.items() if (out / name).stat().st_mtime_ns == when]
    assert unchanged == list(finished)


def test_the_shipped_example_is_matted_well(tmp_path):
    run(EXAMPLES / "images/plume.jpg", EXAMPLES / "trimaps/plume.png", "-o", tmp_path / "a.png")
    error = np.abs(read(tmp_path / "a.png").astype(float) - read(EXAMPLES / "alphas/plume.png")) / 255
    assert error[read(EXAMPLES / "trimaps/plume.png") == 128].mean() < 0.12


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--tile", "some"], "auto, off or a number of pixels"),
        (["--tile", "0"], "auto, off or a number of pixels"),
        (["--tile", "64", "--overlap", "64"], "less than the tiles' 64 pixels"),
    ],
)
def test_tiles_that_cannot_be_are_refused_before_anything_is_read(tmp_path, words, text):
    result = run(tmp_path / "none.png", tmp_path / "none.png", *words, code=2)
    assert text in " ".join(result.stderr.replace("│", " ").split())


def test_classical_methods_say_that_they_work_on_whole_images(tmp_path):
    image, trimap = scene(tmp_path)
    assert "shared works on whole images" in run(image, trimap, "-m", "shared", "--tile", "16").stderr


def test_a_network_runs_in_tiles(tmp_path):
    from mattekit.networks import build
    from mattekit.networks.safetensors_file import header_of, save_network

    image, trimap = scene(tmp_path, size=(48, 128))
    network = build("indexnet-b10", width=0.25).eval()
    save_network(tmp_path / "n.safetensors", network, header_of(network))
    result = run(image, trimap, "-m", tmp_path / "n.safetensors", "--tile", "64", "--overlap", "32", "-v")
    alpha, levels = read(tmp_path / "cat_alpha.png"), read(trimap)
    assert "tiles have unknown pixels" in result.stderr
    assert (alpha[levels == 0] == 0).all() and (alpha[levels == 255] == 255).all()


def test_a_folder_with_trimaps_of_one_class_is_done_by_the_default_and_in_part_by_classical_methods(tmp_path):
    """As many of Composition-1k are: the items that a method cannot do fail one by one, with the reason."""
    for name, absent in (("both", []), ("no_bg", [0]), ("no_fg", [255]), ("none", [0, 255])):
        image, trimap = scene(tmp_path / "in", name)
        levels = read(trimap)
        levels[np.isin(levels, absent)] = 128
        (tmp_path / "trimaps").mkdir(exist_ok=True)
        trimap.unlink()
        cv2.imwrite(str(tmp_path / "trimaps" / f"{name}.png"), levels)
    done = run(tmp_path / "in", tmp_path / "trimaps", "-o", tmp_path / "default", "--json")
    assert len(list((tmp_path / "default").rglob("*.png"))) == 4 and "left out" in done.stderr
    for name, reason in (("no_bg", "no background pixel"), ("no_fg", "no foreground pixel"), ("none", "no background")):
        assert re.search(f"note: .*{name}.png: {reason}", done.stderr), done.stderr
    some = run(tmp_path / "in", tmp_path / "trimaps", "-m", "closed-form", "-o", tmp_path / "classical", code=3)
    assert [path.stem for path in (tmp_path / "classical").rglob("*.png")] == ["both"]
    reasons = {
        "no_bg": "no background pixel",
        "no_fg": "no foreground pixel",
        "none": "no background and no foreground",
    }
    for name, reason in reasons.items():
        assert any(name in line and reason in line for line in some.stderr.splitlines()), some.stderr

"""`mattekit foreground` as a user runs it."""

import json
import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.imaging import io
from mattekit.imaging.lsa_foreground import cost, multigrid_foreground, multiscale_foreground
from mattekit.imaging.multilevel_foreground import multilevel_foreground

RED = np.array([0.9, 0.1, 0.1])


def run(*words, code=0):
    result = CliRunner().invoke(app, ["foreground", *map(str, words)])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


def scene(folder, name="cat", *, alpha_name=None, size=(24, 32), dtype=np.uint8):
    """A soft red disc before blue stripes and its alpha; returns both paths."""
    height, width = size
    y, x = np.mgrid[:height, :width]
    alpha = np.clip(2.2 - np.hypot(y - height / 2, x - width / 2) / 5, 0, 1)
    stripes = np.stack([0.6 + 0.4 * np.sin(x), 0.3 + 0 * x, 0 * x], 2)
    bgr = alpha[..., None] * RED[::-1] + (1 - alpha[..., None]) * stripes
    top = np.iinfo(dtype).max
    folder.mkdir(parents=True, exist_ok=True)
    image_path, alpha_path = folder / f"{name}.png", folder / f"{alpha_name or name + '_alpha'}.png"
    cv2.imwrite(str(image_path), np.round(bgr * top).astype(dtype))
    cv2.imwrite(str(alpha_path), np.round(alpha * 255).astype(np.uint8))
    return image_path, alpha_path


def folders(tmp_path, names):
    for name in names:
        image, alpha = scene(tmp_path / "images", name)
        (tmp_path / "alphas").mkdir(exist_ok=True)
        alpha.rename(tmp_path / "alphas" / f"{name}.png")
    return tmp_path / "images", tmp_path / "alphas", tmp_path / "out"


def pixels(path):
    assert path.is_file(), path
    return io.read_raw(path).pixels


def wrong(path, alpha):
    """Mean distance of the half-clear pixels from the disc's true colour."""
    soft = (pixels(alpha) > 20) & (pixels(alpha) < 230)
    return np.abs(pixels(path)[soft] / 255 - RED).mean()


def test_the_command_gives_the_authors_picture(shared, tmp_path):
    """Within one level of the 8-bit file that the released code writes."""
    oracle = np.load(shared / "oracle" / "networks" / "lsa_foreground_refine.npz")
    cv2.imwrite(str(tmp_path / "fg.png"), oracle["odd/fg_bgr"])
    cv2.imwrite(str(tmp_path / "alpha.png"), oracle["odd/alpha"])
    run(tmp_path / "fg.png", tmp_path / "alpha.png", "--method", "multiscale")
    found = pixels(tmp_path / "fg_foreground.png")[..., ::-1].astype(int)
    assert np.abs(found - oracle["odd/out_u8"]).max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_output_lies_beside_the_image_has_its_depth_and_is_the_functions_answer(tmp_path, dtype):
    image, alpha = scene(tmp_path, dtype=dtype)
    run(image, alpha)
    found = pixels(tmp_path / "cat_foreground.png")
    wanted = multilevel_foreground(io.read_image(image).pixels, io.read_alpha(alpha).pixels)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, wanted * np.iinfo(dtype).max, rtol=0, atol=0.51)


def test_a_float_image_gives_a_float_file(tmp_path):
    image, alpha = scene(tmp_path)
    io.write_image(tmp_path / "deep.tif", io.read_image(image).pixels, depth="float")
    run(tmp_path / "deep.tif", alpha)
    assert pixels(tmp_path / "deep_foreground.tif").dtype == np.float32
    run(tmp_path / "deep.tif", alpha, "--depth", "16", "-o", tmp_path / "low.png")
    assert pixels(tmp_path / "low.png").dtype == np.uint16


def test_the_profile_is_carried(tmp_path):
    from PIL import ImageCms

    image, alpha = scene(tmp_path)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    io.write_image(image, io.read_image(image).pixels, icc=profile)
    run(image, alpha)
    assert io.read_raw(tmp_path / "cat_foreground.png").icc == profile


def test_settings_reach_the_method(tmp_path):
    image, alpha = scene(tmp_path)
    colours, opacity = io.read_image(image).pixels, io.read_alpha(alpha).pixels
    run(
        image,
        alpha,
        "--method",
        "multiscale",
        "--scales",
        2,
        "--kappa",
        0.3,
        "--iterations",
        3,
        "-o",
        tmp_path / "a.png",
    )
    run(image, alpha, "--method", "multigrid", "--kappa", 5, "--iterations", 4, "-o", tmp_path / "b.png")
    plain = multiscale_foreground(colours, opacity, scales=2, kappa=0.3, iterations=3)
    multigrid = multigrid_foreground(colours, opacity, kappa=5, iterations=4)
    for name, wanted in (("a", plain), ("b", multigrid)):
        np.testing.assert_array_equal(pixels(tmp_path / f"{name}.png"), np.round(wanted * 255))


@pytest.mark.parametrize("method", ["multilevel", "closed-form"])
def test_hidden_colours_are_found_with_a_clean_stdout(tmp_path, method):
    image, alpha = scene(tmp_path)
    assert run(image, alpha, "--method", method).stdout == ""
    assert wrong(tmp_path / "cat_foreground.png", alpha) < 0.5 * wrong(image, alpha)


def test_an_initial_foreground_takes_the_old_background_out(tmp_path):
    """Smoothing the image leaves much of the stripes in the soft edge; smoothing a first foreground leaves little."""
    image, alpha = scene(tmp_path)
    run(image, alpha, "--method", "multiscale", "-o", tmp_path / "plain.png")
    run(image, alpha, "--method", "multiscale", "--initial", "multilevel", "-o", tmp_path / "clean.png")
    assert wrong(tmp_path / "plain.png", alpha) < 0.7 * wrong(image, alpha)
    assert wrong(tmp_path / "clean.png", alpha) < 0.2 * wrong(tmp_path / "plain.png", alpha)


def test_the_background_is_the_same_with_alpha_reversed(tmp_path):
    image, alpha = scene(tmp_path)
    run(image, alpha, "--also-background", "-o", tmp_path / "out")
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"cat_foreground.png", "cat_background.png"}
    wanted = multilevel_foreground(io.read_image(image).pixels, 1 - io.read_alpha(alpha).pixels)
    np.testing.assert_array_equal(pixels(tmp_path / "out" / "cat_background.png"), np.round(wanted * 255))


def test_verbose_and_json_tell_the_cost_before_and_after(tmp_path):
    image, alpha = scene(tmp_path)
    colours, opacity = io.read_image(image).pixels, io.read_alpha(alpha).pixels
    before = cost(colours, colours, opacity, kappa=2)
    after = cost(multiscale_foreground(colours, opacity, kappa=2), colours, opacity, kappa=2)
    said = run(image, alpha, "-v", "--method", "multiscale", "--kappa", 2).stderr
    assert f"cost C of the foreground {before:.6g} before, {after:.6g} after (kappa 2)" in said
    answer = json.loads(run(image, alpha, "--json", "--method", "multiscale", "--kappa", 2).stdout)
    assert answer["cost"]["foreground"] == pytest.approx({"before": before, "after": after})
    assert answer["outputs"] == {"foreground": str(tmp_path / "cat_foreground.png")}
    assert (answer["name"], answer["height"], answer["width"]) == ("cat", 24, 32)


def test_a_folder_is_paired_by_name_and_two_jobs_give_the_same_files(tmp_path):
    images, alphas, out = folders(tmp_path, ["a", "b", "c"])
    run(images, alphas, "-o", out)
    run(images, alphas, "-o", tmp_path / "two", "--jobs", 2)
    assert {p.name for p in out.iterdir()} == {"a.png", "b.png", "c.png"}
    for name in "abc":
        assert (out / f"{name}.png").read_bytes() == (tmp_path / "two" / f"{name}.png").read_bytes()


def test_one_bad_file_fails_alone(tmp_path):
    images, alphas, out = folders(tmp_path, ["a", "b", "c", "d"])
    (images / "b.png").write_bytes(b"no picture")
    (alphas / "c.png").unlink()
    said = run(images, alphas, "-o", out, code=3).stderr
    assert "b.png" in said and "no alpha named c" in said
    assert {p.name for p in out.iterdir()} == {"a.png", "d.png"}
    run(images, alphas, "-o", tmp_path / "fast", "--fail-fast", code=1)


def test_existing_outputs_are_skipped(tmp_path):
    images, alphas, out = folders(tmp_path, ["a", "b"])
    out.mkdir()
    (out / "a.png").write_bytes(b"kept")
    assert "1 skipped" in run(images, alphas, "-o", out, "--skip-existing").stderr
    assert (out / "a.png").read_bytes() == b"kept" and (out / "b.png").is_file()


def test_composition_1k_numbers_share_an_alpha(tmp_path):
    images, alphas, out = folders(tmp_path, ["a"])
    for i in (0, 1):
        (images / f"a_{i}.png").write_bytes((images / "a.png").read_bytes())
    (images / "a.png").unlink()
    run(images, alphas, "-o", out, "--numbered")
    assert {p.name for p in out.iterdir()} == {"a_0.png", "a_1.png"}


def test_sub_folders_and_several_kinds_keep_their_places(tmp_path):
    images, alphas, out = folders(tmp_path, ["a"])
    for folder in (images, alphas):
        (folder / "sub").mkdir()
        (folder / "a.png").rename(folder / "sub" / "a.png")
    run(images, alphas, "-o", out, "-r", "--also-background", "-q")
    assert (out / "foreground" / "sub" / "a.png").is_file() and (out / "background" / "sub" / "a.png").is_file()


def test_a_pipe_carries_the_picture(tmp_path):
    image, alpha = scene(tmp_path)
    with open(image, "rb") as stdin:
        command = [sys.executable, "-m", "mattekit", "foreground", "-", str(alpha)]
        done = subprocess.run(command, stdin=stdin, capture_output=True, check=True)
    run(image, alpha)
    assert done.stdout == (tmp_path / "cat_foreground.png").read_bytes()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--method", "magic"], "multilevel, multiscale, multigrid, closed-form"),
        (["--method", "multigrid", "--scales", "3"], "--scales does not apply"),
        (["--method", "multilevel", "--kappa", "3"], "--kappa does not apply"),
        (["--method", "multilevel", "--initial", "multilevel"], "--initial multilevel does not apply"),
        (["--initial", "magic"], "image, multilevel, closed-form"),
        (["--also-background", "-o", "one.png"], "foreground and background"),
        (["--method", "multiscale", "--kappa", "0"], "kappa"),
        (["--kappa", "3"], "--kappa does not apply"),
    ],
)
def test_misuse_is_told_before_any_work(tmp_path, words, text):
    image, alpha = scene(tmp_path)
    assert text in run(image, alpha, *words, code=2).stderr
    assert not (tmp_path / "cat_foreground.png").exists()


def test_inputs_that_cannot_be_used_are_named(tmp_path):
    image, alpha = scene(tmp_path)
    _, small = scene(tmp_path, "dog", size=(24, 30))
    assert "30x24" in run(image, small, code=1).stderr
    assert "no such file" in run(tmp_path / "none.png", alpha, code=1).stderr
    assert "also an input" in run(image, alpha, "-o", alpha, code=1).stderr
    assert "folder for the outputs" in run(tmp_path, tmp_path, code=2).stderr


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_a_killed_folder_run_is_finished_by_skip_existing(tmp_path):
    images, alphas, out = folders(tmp_path, [f"i{n:03d}" for n in range(60)])
    words = ["foreground", str(images), str(alphas), "-o", str(out), "--skip-existing"]
    process = subprocess.Popen([sys.executable, "-m", "mattekit", *words], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (out.is_dir() and len(list(out.glob("[!.]*.png"))) >= 2) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = list(out.glob("[!.]*.png"))
    assert 2 <= len(done) < 60
    assert all(pixels(path).shape == (24, 32, 3) for path in done)
    said = run(images, alphas, "-o", out, "--skip-existing").stderr
    assert f"{len(done)} skipped" in said
    assert len([p for p in out.iterdir() if p.suffix == ".png" and not p.name.startswith(".")]) == 60
    assert all(pixels(path).shape == (24, 32, 3) for path in out.glob("[!.]*.png"))

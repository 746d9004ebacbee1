import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.datasets.manifest import JOURNAL
from mattekit.imaging import io
from mattekit.imaging.background import cover, plain
from mattekit.imaging.composite import composite


def run(*arguments):
    return CliRunner().invoke(app, ["composite", *map(str, arguments)])


def lines_of(folder):
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def save(path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    io.write_raw(path, pixels, **options)
    return path


def soft_alpha(rng, size, dtype=np.uint8):
    full = np.iinfo(dtype).max
    alpha = np.clip(rng.normal(0.5, 0.7, size), 0, 1)
    alpha[: size[0] // 3], alpha[-size[0] // 3 :] = 0, 1
    return np.rint(cv2.blur(alpha, (5, 5)) * full).astype(dtype)


def colours(rng, size, dtype=np.uint8):
    return rng.integers(0, np.iinfo(dtype).max, (*size, 3), dtype, endpoint=True)


class Material:
    """Folders of a small data set, and the arguments that name them."""

    def __init__(self, root, foregrounds=3, backgrounds=6, size=(40, 48)):
        rng = np.random.default_rng(1)
        self.root, self.out = root, root / "out"
        for i in range(foregrounds):
            save(root / "fg" / f"object {i}.png", colours(rng, size))
            save(root / "alpha" / f"object {i}.png", soft_alpha(rng, size))
        for i in range(backgrounds):
            save(root / "bg" / f"{i}.png", colours(rng, (30 + 5 * i, 60)))
        self.folders = [
            x for role, name in (("fore", "fg"), ("back", "bg")) for x in (f"--{role}grounds", root / name)
        ] + ["--alphas", root / "alpha"]

    def run(self, *arguments, preset="custom", out=None):
        counted = () if "--per-foreground" in arguments else ("--per-foreground", 2)
        return run("--preset", preset, *self.folders, "-o", out or self.out, *counted, *arguments)

    def verify(self, *arguments):
        return run("--verify", "-o", self.out, *self.folders, *arguments)


@pytest.fixture
def material(tmp_path):
    return Material(tmp_path)


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# One picture


@pytest.mark.parametrize(("dtype", "suffix"), [(np.uint8, ".png"), (np.uint16, ".png"), (np.uint16, ".tif")])
def test_one_picture_is_the_matting_equation_at_the_depth_of_the_foreground(tmp_path, dtype, suffix):
    rng, full = np.random.default_rng(0), np.iinfo(dtype).max
    fg, alpha, bg = colours(rng, (20, 30), dtype), soft_alpha(rng, (20, 30), dtype), colours(rng, (20, 30))
    paths = [save(tmp_path / f"fg{suffix}", fg), save(tmp_path / "alpha.png", alpha), save(tmp_path / "bg.png", bg)]
    result = run(*paths, "-o", tmp_path / f"out{suffix}")
    assert result.exit_code == 0, result.output
    found = io.read_raw(tmp_path / f"out{suffix}").pixels
    opacity = alpha[..., None] / full
    assert found.dtype == dtype
    assert np.abs(found - (opacity * fg + (1 - opacity) * (bg / 255 * full))).max() <= 0.5 + 1e-7 * full


def test_a_cutout_brings_its_own_alpha_and_a_colour_its_name(tmp_path):
    rng = np.random.default_rng(0)
    rgba = np.dstack([colours(rng, (20, 30)), soft_alpha(rng, (20, 30))])
    cutout = save(tmp_path / "cat.png", rgba)
    result = run(cutout, "#ff8000")
    assert result.exit_code == 0, result.output
    wanted = composite(rgba[..., :3] / 255, plain("#ff8000", (20, 30)), rgba[..., 3] / 255)
    found = io.read_raw(tmp_path / "cat_composite.png").pixels
    assert np.abs(found - wanted * 255).max() <= 0.5 + 1e-4
    assert "alpha channel is not used" not in result.stderr


def test_the_background_is_scaled_to_cover_without_distortion(tmp_path):
    rng = np.random.default_rng(0)
    rgba = np.dstack([colours(rng, (20, 30)), np.zeros((20, 30), np.uint8)])
    bg = save(tmp_path / "bg.png", cv2.resize(colours(rng, (5, 5)), (100, 100), interpolation=cv2.INTER_CUBIC))
    assert run(save(tmp_path / "cat.png", rgba), bg, "-o", tmp_path / "out.png").exit_code == 0
    found = io.read_image(tmp_path / "out.png").pixels
    assert np.abs(found - cover(io.read_image(bg).pixels, (20, 30))).max() <= 0.5 / 255 + 1e-6


def test_the_profile_of_the_foreground_goes_along_and_another_one_behind_is_told(tmp_path):
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    other = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + bytes(4)
    rng = np.random.default_rng(0)
    fg = save(tmp_path / "fg.png", colours(rng, (20, 30)), icc=profile)
    alpha = save(tmp_path / "alpha.png", soft_alpha(rng, (20, 30)))
    bg = save(tmp_path / "bg.png", colours(rng, (20, 30)), icc=other)
    result = run(fg, alpha, bg, "-o", tmp_path / "out.png")
    assert io.read_raw(tmp_path / "out.png").icc == profile
    assert "colour profile is not that of" in result.stderr


def test_json_prints_one_object_and_stdout_takes_a_png(tmp_path):
    rng = np.random.default_rng(0)
    cutout = save(tmp_path / "cat.png", np.dstack([colours(rng, (20, 30)), soft_alpha(rng, (20, 30))]))
    result = run(cutout, "white", "-o", tmp_path / "out.png", "--json")
    assert json.loads(result.stdout) == {
        "name": "cat",
        "outputs": {"composite": str(tmp_path / "out.png")},
        "height": 20,
        "width": 30,
    }
    assert run(cutout, "white", "-o", "-").stdout_bytes == (tmp_path / "out.png").read_bytes()


def test_mistakes_with_one_picture_are_told_in_one_line(tmp_path):
    rng = np.random.default_rng(0)
    fg = save(tmp_path / "fg.png", colours(rng, (20, 30)))
    alpha = save(tmp_path / "alpha.png", soft_alpha(rng, (20, 30)))
    narrow = save(tmp_path / "narrow.png", soft_alpha(rng, (20, 29)))
    cases = {
        (fg, "white"): (1, "fg.png: no alpha channel, wanted a cut-out, or"),
        (fg, narrow, "white"): (1, "narrow.png: 29x20, but"),
        (fg, alpha, "nosuch"): (1, "nosuch: neither an image file nor a colour"),
        (fg, alpha, "nosuch.jpg"): (1, "nosuch.jpg: no such file"),
        (fg, alpha, fg, "-o", fg): (1, "the output is also an input"),
        (fg,): (2, "wanted FOREGROUND ALPHA BACKGROUND, or CUTOUT BACKGROUND"),
        (tmp_path, tmp_path, "white"): (2, "for folders use --preset custom"),
        ("--preset", "custom", "-o", tmp_path / "out"): (2, "--preset needs --foregrounds DIR"),
        ("--preset", "coco", "-o", tmp_path / "out"): (2, "use one of aim, composition-1k"),
        ("--preset", "aim"): (2, "a data set needs a folder"),
    }
    before = contents(tmp_path)
    for arguments, (code, text) in cases.items():
        if "--preset" not in arguments and "-o" not in arguments:
            arguments = (*arguments, "-o", tmp_path / "out.png")
        if "coco" in arguments:
            arguments = (*arguments, "--foregrounds", tmp_path, "--backgrounds", tmp_path)
        result = run(*arguments)
        assert result.exit_code == code and text in result.stderr, (arguments, result.output)
        assert len([line for line in result.stderr.splitlines() if line.startswith("error:")]) == 1
    assert contents(tmp_path) == before


# Data sets


def test_lists_give_the_order_and_images_follow_the_published_rule(tmp_path):
    """Foreground i of the list lies before backgrounds i N .. i N + N - 1 of the other list."""
    material = Material(tmp_path)
    (tmp_path / "fg.txt").write_text("object 2.png\nobject 0.png\n")
    (tmp_path / "bg.txt").write_text("5.png\n0.png\n3.png\n1.png\n")
    lists = ("--foreground-list", tmp_path / "fg.txt", "--background-list", tmp_path / "bg.txt")
    result = material.run(*lists, preset="composition-1k")
    assert result.exit_code == 0, result.output
    assert "2 foregrounds; the published set has 50" in result.stderr
    assert "comes with trimaps" in result.stderr
    order = [("object 2", 0, 5), ("object 2", 1, 0), ("object 0", 0, 3), ("object 0", 1, 1)]
    assert [line["name"] for line in lines_of(material.out)] == [f"{name}_{k}" for name, k, _ in order]
    for name, k, bg in order:
        fg = np.asarray(Image.open(tmp_path / "fg" / f"{name}.png"))
        alpha = np.asarray(Image.open(tmp_path / "alpha" / f"{name}.png")) / 255
        behind = Image.open(tmp_path / "bg" / f"{bg}.png")
        ratio = max(fg.shape[1] / behind.width, fg.shape[0] / behind.height)
        if ratio > 1:
            behind = behind.resize(
                [int(np.ceil(side * ratio)) for side in behind.size], resample=Image.Resampling.BICUBIC
            )
        behind = np.asarray(behind)[: fg.shape[0], : fg.shape[1]]
        wanted = np.where(alpha[..., None] == 1, fg, alpha[..., None] * fg + (1 - alpha[..., None]) * behind)
        assert np.array_equal(np.asarray(Image.open(material.out / "merged" / f"{name}_{k}.png")), wanted.astype(int))


def test_a_foreground_without_alpha_is_told_once_and_before_any_work(material):
    del material.folders[4:]
    found = material.run()
    assert found.exit_code == 1 and not (material.out / "merged").exists()
    assert len(found.stderr.splitlines()) == 3
    rng = np.random.default_rng(0)
    save(material.root / "fg" / "object 1.png", np.dstack([colours(rng, (20, 30)), soft_alpha(rng, (20, 30))]))
    found = material.run()
    assert found.exit_code == 3 and len(list((material.out / "merged").iterdir())) == 2
    assert [line.rpartition("/")[2] for line in found.stderr.splitlines() if line.startswith("error: ")] == [
        f"object {i}.png: no alpha channel. Give the folder of its alpha with --alphas." for i in (0, 2)
    ]


@pytest.mark.parametrize("role", ["foregrounds", "backgrounds"])
def test_a_folder_without_images_is_named(material, role):
    (material.root / "none").mkdir()
    material.folders[material.folders.index(f"--{role}") + 1] = material.root / "none"
    assert f"{material.root}/none: no images found. Check the path." in material.run().stderr


def test_the_manifest_tells_parts_sizes_and_hashes(material):
    assert material.run("--jobs", 2).exit_code == 0
    lines = lines_of(material.out)
    assert [line["name"] for line in lines] == [f"object {i}_{k}" for i in range(3) for k in range(2)]
    roots = {"foreground": "fg", "alpha": "alpha", "background": "bg"}
    for line in lines:
        for role, name in line["parts"].items():
            path = material.root / roots[role] / name
            assert line["sha256"]["parts"][role] == hashlib.sha256(path.read_bytes()).hexdigest()
        for role, name in line["outputs"].items():
            assert line["sha256"]["outputs"][role] == hashlib.sha256((material.out / name).read_bytes()).hexdigest()
        assert line["size"] == [40, 48]
        assert line["background_size"] == list(io.read_size(material.root / "bg" / line["parts"]["background"]))
    assert len(list((material.out / "alpha").iterdir())) == 3
    assert len({line["sha256"]["outputs"]["image"] for line in lines}) == 6


def test_the_same_call_gives_the_same_bytes_whatever_the_jobs_and_another_seed_others(material):
    assert material.run().exit_code == 0
    assert material.run("--jobs", 2, out=material.root / "two").exit_code == 0
    assert contents(material.out) == contents(material.root / "two")
    assert material.run("--seed", 1, out=material.root / "seed").exit_code == 0
    backgrounds = [[x["parts"]["background"] for x in lines_of(material.root / o)] for o in ("out", "seed")]
    assert backgrounds[0] != backgrounds[1]


def test_written_alphas_are_the_given_ones_and_trimaps_are_certain(tmp_path):
    material = Material(tmp_path, size=(120, 100))
    assert material.run().exit_code == 0
    for line in lines_of(material.out):
        alpha = io.read_raw(material.out / line["outputs"]["alpha"]).pixels
        assert np.array_equal(alpha, io.read_raw(material.root / "alpha" / line["parts"]["alpha"]).pixels)
        trimap = io.read_raw(material.out / line["outputs"]["trimap"]).pixels
        assert set(np.unique(trimap)) == {0, 128, 255}
        assert (alpha[trimap == 0] == 0).all() and (alpha[trimap == 255] == 255).all()


def test_given_trimaps_are_copied_byte_for_byte(material):
    for i in range(3):
        save(material.root / "trimaps" / f"object {i}.png", np.full((40, 48), 128, np.uint8))
    save(material.root / "trimaps" / "object 1_1.png", np.full((40, 48), 255, np.uint8))
    assert material.run("--trimaps", material.root / "trimaps").exit_code == 0
    for line in lines_of(material.out):
        part = "object 1_1.png" if line["name"] == "object 1_1" else f"{line['name'][:8]}.png"
        assert line["parts"]["trimap"] == part
        copied = material.out / line["outputs"]["trimap"]
        assert copied.read_bytes() == (material.root / "trimaps" / part).read_bytes()


def test_cutouts_need_no_alphas_and_keep_sixteen_bits(tmp_path):
    rng = np.random.default_rng(0)
    rgba = np.dstack([colours(rng, (20, 30), np.uint16), soft_alpha(rng, (20, 30), np.uint16)])
    save(tmp_path / "fg" / "cat.png", rgba)
    bg = save(tmp_path / "bg" / "a.png", colours(rng, (25, 30)))
    folders = ("--foregrounds", tmp_path / "fg", "--backgrounds", bg.parent, "--per-foreground", 1)
    result = run("--preset", "custom", *folders, "--trimap-rule", "none", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert np.array_equal(io.read_raw(tmp_path / "out" / "alpha" / "cat.png").pixels, rgba[..., 3])
    assert not (tmp_path / "out" / "trimaps").exists()
    opacity = rgba[..., 3:] / 65535
    behind = io.read_raw(bg).pixels[:20].astype(float) * 257
    found = io.read_raw(tmp_path / "out" / "merged" / "cat_0.png").pixels
    assert np.abs(found - (opacity * rgba[..., :3] + (1 - opacity) * behind)).max() <= 0.5 + 1e-9


def test_manifest_only_names_the_same_parts_and_writes_no_pixels(material):
    assert material.run().exit_code == 0
    bare = material.root / "bare"
    assert material.run("--manifest-only", out=bare).exit_code == 0
    assert sorted(p.name for p in bare.iterdir()) == ["manifest.jsonl", "settings.json"]
    for full, line in zip(lines_of(material.out), lines_of(bare), strict=True):
        assert line["outputs"] == {} and line["sha256"]["outputs"] == {}
        assert {k: line[k] for k in ("name", "parts", "size", "background_size")} == {
            k: full[k] for k in ("name", "parts", "size", "background_size")
        }
        assert line["sha256"]["parts"] == full["sha256"]["parts"]


def test_missing_and_unfit_parts_are_named_before_work_and_the_rest_is_composed(material):
    """A second run after the repair adds what was missing and touches nothing else."""
    (material.root / "fg.txt").write_text("object 0.png\nobject 1.png\nobject 7.png\nobject 2.png\n")
    (material.root / "bg.txt").write_text("0.png\n1.png\n2.png\nvoc_9.png\n4.png\n5.png\n0.png\n1.png\n")
    rng = np.random.default_rng(8)
    save(material.root / "alpha" / "object 2.png", soft_alpha(rng, (40, 47)))
    lists = (
        "--foreground-list", material.root / "fg.txt", "--background-list", material.root / "bg.txt",
    )  # fmt: skip
    result = material.run(*lists)
    assert result.exit_code == 3
    errors = [line for line in result.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 4
    assert "background voc_9.png: not in" in errors[0]
    assert "foreground object 7.png: not in" in errors[1] and "alpha object 7: not in" in errors[2]
    assert "47x40" in errors[-1] and "48x40" in errors[-1]
    done = [line["name"] for line in lines_of(material.out)]
    assert done == ["object 0_0", "object 0_1", "object 1_0"]
    stamps = {name: (material.out / "merged" / f"{name}.png").stat().st_mtime_ns for name in done}

    save(material.root / "bg" / "voc_9.png", colours(rng, (50, 50)))
    save(material.root / "fg" / "object 7.png", colours(rng, (40, 48)))
    for name in ("object 2.png", "object 7.png"):
        save(material.root / "alpha" / name, soft_alpha(rng, (40, 48)))
    result = material.run(*lists)
    assert result.exit_code == 0 and "3 skipped" in result.stderr, result.output
    assert len(lines_of(material.out)) == 8
    assert stamps == {name: (material.out / "merged" / f"{name}.png").stat().st_mtime_ns for name in done}


def test_a_broken_background_fails_its_images_alone(material):
    (material.root / "bg" / "3.png").write_bytes((material.root / "bg" / "3.png").read_bytes()[:500])
    result = material.run("--per-foreground", 6)
    assert result.exit_code == 3
    assert len(lines_of(material.out)) == 15
    assert all(f"failed: object {i}_" in result.stderr for i in range(3))


def test_a_folder_of_another_data_set_or_of_other_files_is_refused(material):
    assert material.run().exit_code == 0
    result = material.run("--seed", 5)
    assert result.exit_code == 1 and "made with seed 0, but now it is 5" in result.stderr
    result = material.run(out=material.root / "alpha" / "..")  # its alpha/ is an input
    assert result.exit_code == 1 and "not made by this command" in result.stderr


def test_too_few_backgrounds_for_a_published_order_are_counted(material):
    result = material.run("--per-foreground", 3, preset="aim")
    assert result.exit_code == 1
    assert "6 backgrounds: 3 foregrounds with 3 each want 9" in result.stderr


def test_a_newer_part_is_composed_again(material):
    assert material.run().exit_code == 0
    save(material.root / "alpha" / "object 1.png", soft_alpha(np.random.default_rng(9), (40, 48)))
    result = material.run()
    assert result.exit_code == 0 and "2 images done, 4 skipped" in result.stderr
    assert material.verify().exit_code == 0


def test_verify_passes_an_untouched_set_and_names_each_bad_file(material):
    assert material.run().exit_code == 0
    assert material.verify("--jobs", 2).exit_code == 0
    image, trimap = material.out / "merged" / "object 1_0.png", material.out / "trimaps" / "object 2_1.png"
    flipped = bytearray(image.read_bytes())
    flipped[len(flipped) // 2] ^= 1
    image.write_bytes(flipped)
    trimap.unlink()
    (material.out / "merged" / "extra.png").touch()
    changed = lines_of(material.out)[0]["parts"]["background"]
    users = [x["name"] for x in lines_of(material.out) if x["parts"]["background"] == changed]
    save(material.root / "bg" / changed, np.zeros((9, 9, 3), np.uint8))
    result = material.verify()
    assert result.exit_code == 3
    failed = [line for line in result.stderr.splitlines() if line.startswith("  failed:")]
    assert {line.split(":")[1].strip() for line in failed} == {"object 1_0", "object 2_1", *users}
    assert "object 1_0.png: SHA-256" in result.stderr and "object 2_1.png: missing" in result.stderr
    assert "extra.png: no line of the manifest names it. Add --strict" in result.stderr


def test_files_that_the_manifest_does_not_name_are_failures_where_they_are_asked_for(material):
    assert material.run().exit_code == 0 and material.verify("--strict").exit_code == 0
    (material.out / "merged" / "extra.png").touch()
    assert material.verify().exit_code == 0
    result = material.verify("--strict", "--json")
    assert result.exit_code == 3
    assert f"error: {material.out}/merged/extra.png: no line of the manifest names it.\n" in result.stderr
    assert {"extra"} == {line["name"] for line in map(json.loads, result.stdout.splitlines()) if "error" in line}
    assert run("--strict", "a.png", "b.png", "red").exit_code == 2


def test_verify_tells_missing_parts_unfinished_sets_and_unchecked_folders(material):
    assert run("--verify", "-o", material.root).exit_code == 1
    (material.root / "bg" / "5.png").unlink()
    assert material.run("--per-foreground", 5).exit_code == 0
    (material.root / "bg" / "0.png").unlink()
    result = material.verify()
    assert result.exit_code == 3 and "0.png: not in" in result.stderr
    result = run("--verify", "-o", material.out)
    assert result.exit_code == 0 and "without their folders: --alphas, --backgrounds, --foregrounds" in result.stderr
    lines = (material.out / "manifest.jsonl").read_text().splitlines(keepends=True)
    (material.out / "manifest.jsonl").write_text("".join(lines[:-1]))
    result = run("--verify", "-o", material.out)
    assert result.exit_code == 3 and "14 of 15 images are finished" in result.stderr


def test_json_prints_the_line_of_every_image(material):
    result = material.run("--json", "--jobs", 2)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert sorted(lines, key=lambda x: x["name"]) == lines_of(material.out)


def test_a_killed_run_is_finished_by_the_same_command_to_the_same_bytes(tmp_path):
    """SIGKILL in the middle: nothing finished is made again, and no half or temporary file stays."""
    material = Material(tmp_path, foregrounds=4, backgrounds=12, size=(300, 400))
    arguments = ["--per-foreground", 12, "--jobs", 2]
    assert material.run(*arguments, out=tmp_path / "whole").exit_code == 0

    command = [sys.executable, "-m", "mattekit", "composite", "--preset", "custom", *material.folders]
    process = subprocess.Popen([*map(str, command), "-o", str(material.out), *map(str, arguments)])
    deadline = time.monotonic() + 60
    while len(list(material.out.glob("merged/*.png"))) < 5 and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.5)  # its workers notice and end
    merged = material.out / "merged"
    # What a kill in the middle of a write leaves; process 4194305 is beyond the largest number Linux gives.
    (merged / ".object 3_2.png.4194305.part").write_bytes(b"half")
    (material.out / "alpha" / ".object 0.png.4194305.part").write_bytes(b"half")
    with (material.out / JOURNAL).open("a") as journal:
        journal.write('{"name": "object 0')
    finished = {p: p.stat().st_mtime_ns for p in merged.glob("[!.]*.png")}
    assert 5 <= len(finished) < 48, "the run was not killed in the middle"

    result = material.run(*arguments)
    assert result.exit_code == 0, result.output
    assert contents(material.out) == contents(tmp_path / "whole")
    kept = [path for path, stamp in finished.items() if path.stat().st_mtime_ns == stamp]
    assert len(kept) >= len(finished) - 2  # an image whose run ended before its trimap was there is made again

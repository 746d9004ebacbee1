"""`mattekit trimap` as a user runs it."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from typer.testing import CliRunner

from mattekit.cli import app


def run(*words, code=0, stdin=None):
    result = CliRunner().invoke(app, ["trimap", *map(str, words)], input=stdin)
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)
    return path


def read(path):
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert pixels is not None, path
    return pixels


def soft(size=(60, 80), dtype=np.uint8):
    y, x = np.ogrid[: size[0], : size[1]]
    alpha = np.clip((18 - np.hypot(y - 30, x - 40)) / 6 + 0.5, 0, 1)
    return np.rint(alpha * np.iinfo(dtype).max).astype(dtype)


def expected(alpha, erode, dilate):
    """The trimap by plain Euclidean distances."""
    full = np.iinfo(alpha.dtype).max
    levels = np.full(alpha.shape, 128, np.uint8)
    levels[distance_transform_edt(alpha == 0) > dilate] = 0
    levels[distance_transform_edt(alpha == full) > erode] = 255
    return levels


@pytest.fixture
def cat(tmp_path):
    return write(tmp_path / "cat.png", soft())


def test_the_default_lies_beside_the_source_with_three_levels_and_every_soft_pixel_unknown(cat):
    run(cat)
    levels = read(cat.with_name("cat_trimap.png"))
    assert levels.dtype == np.uint8 and set(np.unique(levels)) == {0, 128, 255}
    alpha = soft()
    assert (levels[(alpha > 0) & (alpha < 255)] == 128).all()
    np.testing.assert_array_equal(read(cat), alpha)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_erode_and_dilate_are_pixels(tmp_path, dtype):
    source = write(tmp_path / "a.png", soft(dtype=dtype))
    run(source, "--erode", 3, "--dilate", 8, "--shape", "distance", "-o", tmp_path / "new" / "t.png")
    np.testing.assert_array_equal(read(tmp_path / "new" / "t.png"), expected(soft(dtype=dtype), 3, 8))


def test_a_band_is_a_percentage_of_the_short_side(cat, tmp_path):
    result = run(cat, "--band", 5, "--shape", "distance", "-o", tmp_path / "t.png", "--json")
    np.testing.assert_array_equal(read(tmp_path / "t.png"), expected(soft(), 3, 3))
    facts = json.loads(result.stdout)
    assert (facts["erode"], facts["dilate"], facts["height"], facts["width"]) == (3, 3, 60, 80)
    assert facts["outputs"] == {"trimap": str(tmp_path / "t.png")}
    assert sum(facts["shares"].values()) == pytest.approx(1)


def test_a_cut_out_gives_its_alpha_and_a_one_bit_mask_works(tmp_path):
    from PIL import Image

    rgba = np.dstack([np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8), soft()])
    run(write(tmp_path / "cut.png", rgba), "--shape", "distance", "--erode", 2, "--dilate", 2)
    np.testing.assert_array_equal(read(tmp_path / "cut_trimap.png"), expected(soft(), 2, 2))
    mask = soft() > 127
    Image.fromarray(mask).save(tmp_path / "mask.png", bits=1)
    run(tmp_path / "mask.png", "--shape", "distance", "--erode", 2, "--dilate", 2)
    np.testing.assert_array_equal(read(tmp_path / "mask_trimap.png"), expected(mask.astype(np.uint8) * 255, 2, 2))


def test_thresholds_rescue_a_noisy_alpha_and_the_note_says_so(tmp_path):
    noisy = np.clip(soft().astype(int) + np.random.default_rng(0).integers(1, 4, (60, 80)), 0, 255).astype(np.uint8)
    source = write(tmp_path / "n.png", noisy)
    result = run(source)
    assert "the trimap has no background pixel" in result.stderr and "--low 0.05" in result.stderr
    result = run(source, "--low", 0.05)
    assert "no background" not in result.stderr
    assert (read(tmp_path / "n_trimap.png") == 0).any()


def test_small_islands_go_by_default_so_that_the_result_passes_its_own_check(tmp_path):
    alpha = soft()
    alpha[:, :12] = 90
    alpha[26:29, 5:8] = 0  # after a band of 1, one pixel is left of it
    source = write(tmp_path / "a.png", alpha)
    run(source, "--erode", 1, "--dilate", 1, "--shape", "distance")
    run(tmp_path / "a_trimap.png", "--check")
    run(source, "--erode", 1, "--dilate", 1, "--shape", "distance", "--remove-strays", 0)
    np.testing.assert_array_equal(read(tmp_path / "a_trimap.png"), expected(alpha, 1, 1))
    assert "note: 1 stray pixel in 1 island" in run(tmp_path / "a_trimap.png", "--check").stdout


@pytest.fixture
def folder(tmp_path):
    for k, name in enumerate(["a", "b", "deep/c"]):
        write(tmp_path / "in" / f"{name}.png", np.roll(soft(), 3 * k, axis=1))
    return tmp_path / "in"


def test_folders_keep_names_and_sub_folders(folder, tmp_path):
    run(folder, "-o", tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").rglob("*.*")) == ["a.png", "b.png"]
    run(folder, "-o", tmp_path / "out", "-r")
    assert (tmp_path / "out" / "deep" / "c.png").is_file()


@pytest.mark.parametrize("rule", ["indexnet", "a2u", "lsa", "dim"])
def test_random_trimaps_depend_on_the_seed_and_the_name_alone(folder, tmp_path, rule):
    def draw(where, *words, source=folder):
        run(source, "--random", "--rule", rule, *words, "-o", tmp_path / where)

    draw("one", "--seed", 5, "-r")
    draw("two.png", "--seed", 5, source=folder / "b.png")
    np.testing.assert_array_equal(read(tmp_path / "one" / "b.png"), read(tmp_path / "two.png"))
    others = []
    for seed in range(6, 12):
        draw("other.png", "--seed", seed, source=folder / "b.png")
        others.append(read(tmp_path / "other.png"))
    assert any((other != read(tmp_path / "two.png")).any() for other in others)


def test_two_jobs_give_what_one_gives(folder, tmp_path):
    run(folder, "--random", "-r", "-o", tmp_path / "one")
    run(folder, "--random", "-r", "-o", tmp_path / "two", "--jobs", 2)
    for path in sorted((tmp_path / "one").rglob("*.png")):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()


def test_one_bad_file_fails_alone_and_existing_outputs_are_skipped(folder, tmp_path):
    (folder / "bad.png").write_bytes(b"not an image")
    result = run(folder, "-o", tmp_path / "out", code=3)
    assert "bad" in result.stderr and "2 trimaps done, 1 failed" in result.stderr
    (tmp_path / "out" / "a.png").write_bytes(b"mine")
    result = run(folder, "-o", tmp_path / "out", "--skip-existing", code=3)
    assert "2 skipped" in result.stderr and (tmp_path / "out" / "a.png").read_bytes() == b"mine"
    run(folder, "-o", tmp_path / "out", "--fail-fast", code=1)


def test_an_input_is_never_overwritten(folder, cat):
    before = cat.read_bytes()
    assert "the output is also an input" in run(cat, "-o", cat, code=1).stderr
    run(folder, "-o", folder, code=3)
    assert cat.read_bytes() == before
    np.testing.assert_array_equal(read(folder / "a.png"), soft())


def test_standard_input_and_output(cat, tmp_path):
    result = run("-", "--erode", 2, stdin=cat.read_bytes())
    run(cat, "--erode", 2)
    assert result.stdout_bytes == cat.with_name("cat_trimap.png").read_bytes()


def scribbled():
    photo = np.random.default_rng(0).integers(30, 220, (20, 30, 3), dtype=np.uint8)
    photo[0], photo[:, 0] = 255, 0
    strokes = photo.copy()
    strokes[5, 4:20], strokes[15, 6:25] = 255, 0
    levels = np.full((20, 30), 128, np.uint8)
    levels[5, 4:20], levels[15, 6:25] = 255, 0
    return photo, strokes, levels


def test_scribbles_over_a_photo(tmp_path):
    photo, strokes, levels = scribbled()
    write(tmp_path / "photo" / "x.png", photo)
    write(tmp_path / "strokes" / "x.png", strokes)
    run(
        tmp_path / "strokes" / "x.png", "--scribbles", "--image", tmp_path / "photo" / "x.png", "-o", tmp_path / "t.png"
    )
    np.testing.assert_array_equal(read(tmp_path / "t.png"), levels)
    run(tmp_path / "strokes", "--scribbles", "--image", tmp_path / "photo", "-o", tmp_path / "out")
    np.testing.assert_array_equal(read(tmp_path / "out" / "x.png"), levels)
    assert "name it with --image" in run(tmp_path / "strokes" / "x.png", "--scribbles").stderr
    write(tmp_path / "photo" / "x.png", photo[:, :-1])
    result = run(tmp_path / "strokes" / "x.png", "--scribbles", "--image", tmp_path / "photo" / "x.png", code=1)
    assert "30x20" in result.stderr and "29x20" in result.stderr


def test_scribbles_on_a_plain_sheet_and_on_a_layer(tmp_path):
    *_, levels = scribbled()
    run(write(tmp_path / "s.png", levels), "--scribbles")
    np.testing.assert_array_equal(read(tmp_path / "s_trimap.png"), levels)
    layer = np.dstack([levels] * 3 + [np.where(levels == 128, 0, 255).astype(np.uint8)])
    layer[levels == 128] = 0
    run(write(tmp_path / "l.png", layer), "--scribbles")
    np.testing.assert_array_equal(read(tmp_path / "l_trimap.png"), levels)


def test_check_prints_a_line_or_an_object_per_trimap_and_exits_with_3_if_one_is_bad(tmp_path):
    *_, levels = scribbled()
    write(tmp_path / "in" / "good.png", levels)
    assert run(tmp_path / "in", "--check").stdout.startswith("good: ok (30x20, levels 0, 128, 255, background 3.2%")
    bad = levels.copy()
    bad[bad == 255] = 127
    write(tmp_path / "in" / "bad.png", bad)
    before = sorted((p, p.read_bytes()) for p in tmp_path.rglob("*.png"))
    result = run(tmp_path / "in", "--check", code=3)
    assert "bad: bad: no foreground pixel; values other than 0, 128 and 255: 127 (16 pixels)" in result.stdout
    assert "good: ok" in result.stdout and "error: bad: no foreground pixel" in result.stderr
    rows = [json.loads(line) for line in run(tmp_path / "in", "--check", "--json", code=3).stdout.splitlines()]
    assert [(row["name"], row["ok"]) for row in rows] == [("bad", False), ("good", True)]
    assert rows[0]["levels"] == {"0": 19, "127": 16, "128": 565} and rows[0]["problems"][0] == "no foreground pixel"
    assert run(tmp_path / "in", "--check", "--fail-fast", code=3).stdout.count("\n") == 1
    assert sorted((p, p.read_bytes()) for p in tmp_path.rglob("*.png")) == before


@pytest.mark.parametrize("kind", ["rgb", "16-bit", "rgba"])
def test_check_reads_the_levels_of_every_kind_of_file(tmp_path, kind):
    *_, levels = scribbled()
    stored = {
        "rgb": np.dstack([levels] * 3),
        "16-bit": np.where(levels == 128, 32768, levels.astype(int) * 257).astype(np.uint16),
        "rgba": np.dstack([levels] * 3 + [np.where(levels == 128, 0, 255).astype(np.uint8)]),
    }[kind]
    run(write(tmp_path / "t.png", stored), "--check")
    run(tmp_path / "t.png", "--fix", "-o", tmp_path / "fixed.png")
    np.testing.assert_array_equal(read(tmp_path / "fixed.png"), levels)


def test_a_value_just_off_full_scale_is_no_foreground_even_in_16_bits(tmp_path):
    *_, levels = scribbled()
    stored = np.where(levels == 128, 32768, levels.astype(int) * 257).astype(np.uint16)
    stored[stored == 65535] = 65534
    assert "no foreground pixel" in run(write(tmp_path / "t.png", stored), "--check", code=3).stdout


def test_fix_repairs_what_the_check_finds(tmp_path):
    *_, levels = scribbled()
    noisy = np.clip(levels + np.random.default_rng(0).integers(-9, 10, levels.shape), 0, 255).astype(np.uint8)
    noisy[18, 3] = 251
    source = write(tmp_path / "t.png", noisy)
    run(source, "--check", code=3)
    result = run(source, "--fix", "--remove-strays", 3, "-o", tmp_path / "fixed.png", "--json")
    assert json.loads(result.stdout)["changed_pixels"] == (noisy != levels).sum()
    np.testing.assert_array_equal(read(tmp_path / "fixed.png"), levels)
    run(tmp_path / "fixed.png", "--check")


@pytest.mark.parametrize(("kind", "words"), [
    ("indices", "indices 0, 1 and 2"), ("indices in 16 bits", "indices 0, 1 and 2"),
    ("indices in rgb", "indices 0, 1 and 2"), ("8 bits in 16", "values up to 255 in a 16-bit file"),
])  # fmt: skip
def test_fix_translates_trimaps_that_are_stored_as_indices_or_in_wider_types(tmp_path, kind, words):
    *_, levels = scribbled()
    indices = np.digitize(levels, (64, 192)).astype(np.uint8)
    stored = {
        "indices": indices, "indices in 16 bits": indices.astype(np.uint16), "indices in rgb": np.dstack([indices] * 3),
        "8 bits in 16": levels.astype(np.uint16),
    }[kind]  # fmt: skip
    source, image = write(tmp_path / "t.png", stored), write(tmp_path / "image.png", np.dstack([levels] * 3))
    assert words in run(source, "--check", code=3).stdout
    predicted = CliRunner().invoke(
        app, ["predict", str(image), str(source), "-m", "shared", "-o", str(tmp_path / "a.png")]
    )
    assert predicted.exit_code == 1 and words in predicted.stderr and "mattekit trimap --fix" in predicted.stderr
    result = run(source, "--fix", "-o", tmp_path / "fixed.png")
    assert words in result.stderr
    np.testing.assert_array_equal(read(tmp_path / "fixed.png"), levels)


@pytest.mark.parametrize("values", [(0, 1), (1, 1), (0, 64, 128), (0, 85, 170), (60, 20, 0)])
def test_fix_refuses_levels_of_which_it_would_make_one(tmp_path, values):
    stored = np.repeat(np.uint8(values), 10)[None].repeat(8, 0)
    result = run(write(tmp_path / "t.png", stored), "--fix", "-o", tmp_path / "fixed.png", code=1)
    assert "wanted 0, 128 and 255" in result.stderr and "t.png" in result.stderr
    assert not (tmp_path / "fixed.png").exists()


def test_check_compares_sizes_with_the_images_and_names_what_has_no_partner(tmp_path):
    photo, _, levels = scribbled()
    write(tmp_path / "trimaps" / "a_trimap.png", levels)
    write(tmp_path / "trimaps" / "b.png", levels[:-1])
    write(tmp_path / "trimaps" / "lone.png", levels)
    for name in "abc":
        write(tmp_path / "photos" / f"{name}.png", photo)
    result = run(tmp_path / "trimaps", "--check", "--image", tmp_path / "photos", code=3)
    assert "a: ok" in result.stdout and f"b: bad: 30x19, but {tmp_path}/photos/b.png is 30x20" in result.stdout
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 3 and "no trimap named c" in errors[0] and "no image for trimap lone" in errors[1]
    assert errors[2].startswith("error: b: 30x19")
    one = run(tmp_path / "trimaps" / "b.png", "--check", "--image", tmp_path / "photos" / "b.png", "--json", code=3)
    assert json.loads(one.stdout)["problems"] == [f"30x19, but {tmp_path}/photos/b.png is 30x20"]


def test_check_notes_swapped_foreground_and_background(tmp_path):
    y, x = np.mgrid[:60, :80]
    distance = np.hypot(y - 30, x - 40)
    levels = np.where(distance < 15, 255, np.where(distance < 22, 128, 0)).astype(np.uint8)
    assert "swapped" not in run(write(tmp_path / "t.png", levels), "--check").stdout
    swapped = np.where(levels == 128, 128, 255 - levels).astype(np.uint8)
    result = run(write(tmp_path / "t.png", swapped), "--check")
    assert "t: ok" in result.stdout and "note: foreground and background look swapped" in result.stdout
    assert result.stderr == ""


def test_official_trimaps_pass_the_check_with_notes_on_their_islands(shared):
    """Some of alphamatting.com's own trimaps hold islands of a few pixels, which is no fault."""
    official = shared / "data/alphamatting-dev"
    for folder in ("trimap1", "trimap2"):
        rows = [json.loads(line) for line in run(official / folder, "--check", "--json").stdout.splitlines()]
        assert len(rows) == 9 and all(row["ok"] and not row["problems"] for row in rows)
    noted = {row["name"]: row["notes"] for row in rows if row["notes"]}
    assert noted == {"GT04": ["7 stray pixels in 2 islands"], "GT08": ["1 stray pixel in 1 island"]}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--band", 1, "--erode", 2], "--band and --erode/--dilate exclude each other"),
        (["--check", "--fix"], "--check and --fix exclude each other"),
        (["--random", "--erode", 2], "--erode does not apply with --random"),
        (["--rule", "lsa"], "--rule needs --random"),
        (["--image", "x.png"], "--image needs --scribbles or --check"),
        (["--random", "--rule", "gca"], "--rule gca: use one of indexnet, a2u, lsa, dim"),
        (["--shape", "disc"], "--shape disc: use one of ellipse, distance"),
        (["--low", 0.9, "--high", 0.2], "--low must be smaller than --high"),
        (["--band", 0], "wanted more than 0 and at most 100 percent"),
        (["--check", "-o", "x.png"], "--check writes nothing"),
        (["-o", "t.jpg"], "a trimap keeps its levels in .png"),
        (["-o", "-", "--json"], "both want stdout"),
        (["--erode", -1], "greater than or equal to 0"),
    ],
)
def test_misuse_is_a_usage_error(cat, words, message):
    assert message in run(cat, *words, code=2).stderr
    assert [path.name for path in cat.parent.iterdir()] == ["cat.png"]


def test_a_folder_needs_an_output_folder(folder):
    assert "-o OUT/" in run(folder, code=2).stderr


def test_a_missing_source_is_named(tmp_path):
    assert "nope.png: no such file" in run(tmp_path / "nope.png", code=1).stderr


def test_the_official_alphas_give_trimaps_that_pass_the_check(shared, tmp_path):
    run(shared / "data/alphamatting-dev/alpha", "-o", tmp_path, "-q")
    assert len(list(tmp_path.glob("*.png"))) == 9
    assert run(Path(tmp_path), "--check").stdout.count(": ok (") == 9

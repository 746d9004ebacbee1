"""Trimaps of photos from masks and strokes, as a user asks for them in `trimap` and `predict`."""

import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app

SIZE = (64, 80)
Y, X = np.mgrid[: SIZE[0], : SIZE[1]]
DISC = np.clip(18.5 - np.hypot(Y - 32, X - 40), 0, 1)


def run(*words, code=0, stdin=None):
    result = CliRunner().invoke(app, [*map(str, words)], input=stdin)
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


def picture(seed=0):
    """A disc of one texture before another."""
    rng = np.random.default_rng(seed)
    fg, bg = (rng.integers(0, 40, (*SIZE, 3)) + np.array(colour) for colour in ((30, 90, 200), (180, 120, 10)))
    return np.rint(DISC[..., None] * fg + (1 - DISC[..., None]) * bg).astype(np.uint8)


def rough():
    return (np.hypot(Y - 33, X - 41) < 17).astype(np.uint8) * 255


@pytest.fixture
def photo(tmp_path):
    return write(tmp_path / "photo.png", picture())


@pytest.fixture
def mask(tmp_path):
    return write(tmp_path / "rough.png", rough())


@pytest.fixture
def folders(tmp_path):
    """Three photos, of which one has no mask."""
    for name in ("a", "b", "sub/c", "d"):
        write(tmp_path / "photos" / f"{name}.png", picture(len(name)))
        if name != "d":
            write(tmp_path / "masks" / f"{name}.png", rough())
    return tmp_path / "photos", tmp_path / "masks"


def test_a_mask_gives_a_trimap_whose_band_holds_what_is_mixed(photo, mask):
    facts = json.loads(run("trimap", photo, "--mask", mask, "--json").stdout)
    levels = read(photo.with_name("photo_trimap.png"))
    assert set(np.unique(levels)) == {0, 128, 255} and (levels[(DISC > 0) & (DISC < 1)] == 128).all()
    assert (levels[levels != 128] / 255 == DISC[levels != 128]).all()
    assert facts["source"] == "mask" and facts["facts"] == {"band": "auto"}
    assert facts["shares"]["unknown"] == pytest.approx((levels == 128).mean()) and facts["shares"]["unknown"] < 0.5
    assert sum(facts["reasons"].values()) == pytest.approx(1)
    assert facts["outputs"] == {"trimap": str(photo.with_name("photo_trimap.png"))}


def test_predict_takes_a_mask_and_saves_the_trimap_used(photo, mask, tmp_path):
    words = "--save", "alpha,trimap", "-m", "shared", "-o", tmp_path / "out", "--json"
    told = json.loads(run("predict", photo, "--mask", mask, *words).stdout)
    alpha, levels = read(told["outputs"]["alpha"]), read(told["outputs"]["trimap"])
    assert (alpha[levels == 0] == 0).all() and (alpha[levels == 255] == 255).all() and (levels == 128).any()
    assert np.abs(alpha / 255 - DISC).mean() < 0.7 * np.abs(rough() / 255 - DISC).mean()
    assert told["trimap"]["source"] == "mask" and told["trimap"]["shares"]["unknown"] == (levels == 128).mean()


def test_a_hand_made_trimap_is_saved_as_it_is(photo, tmp_path):
    levels = np.where(DISC > 0.9, 255, np.where(DISC < 0.1, 0, 128)).astype(np.uint8)
    levels[10:50, 10:70] = np.where(levels[10:50, 10:70] == 0, 128, levels[10:50, 10:70])
    given = write(tmp_path / "t.png", levels)
    run("predict", photo, given, "-m", "shared", "--save", "trimap", "-o", tmp_path / "kept.png", "--depth", 16)
    assert read(tmp_path / "kept.png").dtype == np.uint8
    np.testing.assert_array_equal(read(tmp_path / "kept.png"), levels)


def test_a_cut_out_is_a_mask_also_of_itself(photo, tmp_path):
    cutout = write(tmp_path / "cutout.png", np.dstack([picture(), rough()]))
    for image in (photo, cutout):
        run("trimap", image, "--mask", cutout, "-o", tmp_path / f"of_{image.stem}.png")
    np.testing.assert_array_equal(read(tmp_path / "of_photo.png"), read(tmp_path / "of_cutout.png"))


def test_folders_are_paired_and_a_missing_mask_is_one_failure(folders, tmp_path):
    photos, masks = folders
    result = run("trimap", photos, "--mask", masks, "-o", tmp_path / "out", code=3)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "b.png"]
    assert result.stderr.count("d.png: no mask named d in") == 1
    run("trimap", photos, "--mask", masks, "-o", tmp_path / "deep", "-r", code=3)
    assert (tmp_path / "deep" / "sub" / "c.png").is_file()
    again = run("trimap", photos, "--mask", masks, "-o", tmp_path / "out", "--skip-existing", "--json", code=3)
    assert [json.loads(line).get("skipped") for line in again.stdout.splitlines()].count(True) == 2


def test_shares_of_a_folder_join_to_the_whole(folders, tmp_path):
    photos, masks = folders
    (photos / "d.png").unlink()
    for share in ("1/2", "2/2"):
        run("trimap", photos, "--mask", masks, "-o", tmp_path / "out", "--shard", share)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "b.png"]


def test_predict_pairs_folders_and_works_in_processes(folders, tmp_path):
    photos, masks = folders
    words = "--mask", masks, "-m", "shared", "--save", "alpha,trimap", "-o", tmp_path / "out", "-j", 2, "--json"
    lines = [json.loads(line) for line in run("predict", photos, *words, code=3).stdout.splitlines()]
    assert {line["name"] for line in lines if "trimap" in line} == {"a", "b"}
    assert {path.name for path in (tmp_path / "out" / "trimap").iterdir()} == {"a.png", "b.png"}


def test_masks_in_the_folder_of_the_photos_are_named_so_or_are_the_cut_outs_alpha(tmp_path):
    write(tmp_path / "named" / "a.png", picture())
    write(tmp_path / "named" / "a_mask.png", rough())
    run("trimap", tmp_path / "named", "--mask", tmp_path / "named", "-o", tmp_path / "one")
    write(tmp_path / "cutouts" / "a.png", np.dstack([picture(), rough()]))
    run("trimap", tmp_path / "cutouts", "--mask", tmp_path / "cutouts", "-o", tmp_path / "two")
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["a.png"]
    np.testing.assert_array_equal(read(tmp_path / "one" / "a.png"), read(tmp_path / "two" / "a.png"))


def test_one_mask_serves_a_folder_of_one_view(folders, mask, tmp_path):
    run("trimap", folders[0], "--mask", mask, "-o", tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_a_mask_of_another_size_is_one_line_and_fit_resizes_it(photo, tmp_path):
    small = write(tmp_path / "small.png", cv2.resize(rough(), (40, 32), interpolation=cv2.INTER_AREA))
    error = run("trimap", photo, "--mask", small, code=1).stderr
    assert error == f"error: {small}: 40x32, but {photo} is 80x64. Add --fit to resize it.\n"
    result = run("trimap", photo, "--mask", small, "--fit")
    assert "stretched" not in result.stderr and (read(photo.with_name("photo_trimap.png")) == 255).any()
    tall = write(tmp_path / "tall.png", rough()[:, 10:70])
    assert "stretched to 80x64" in run("trimap", photo, "--mask", tall, "--fit").stderr


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros(SIZE, np.uint8), "an empty mask"),
        (np.full(SIZE, 255, np.uint8), "a full mask"),
        (picture(), "a picture of many colours, wanted a mask"),
    ],
)
def test_a_mask_without_an_edge_is_one_line_that_names_its_file(photo, tmp_path, pixels, message):
    bad = write(tmp_path / "bad.png", pixels)
    for command in ("trimap", "predict"):
        error = run(command, photo, "--mask", bad, code=1).stderr
        assert error.startswith(f"error: {bad}: {message}") and error.count("\n") == 1


def test_a_missing_mask_is_one_line(photo, folders, tmp_path):
    assert "no such file" in run("trimap", photo, "--mask", tmp_path / "none.png", code=1).stderr
    words = folders[0], "--mask", tmp_path / "none", "-o", tmp_path / "out"
    assert run("predict", *words, code=1).stderr.count("no such file or folder") == 1


@pytest.mark.parametrize("band", ["7", "11%"])
def test_a_band_of_one_width_is_pixels_or_a_percentage(photo, mask, tmp_path, band):
    run("trimap", photo, "--mask", mask, "--band", band, "-o", tmp_path / "t.png")
    inside = (rough() > 0).astype(np.uint8)
    near = [cv2.distanceTransform(each, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for each in (inside, 1 - inside)]
    expected = np.where(near[0] > 7, 255, np.where(near[1] > 7, 0, 128))
    np.testing.assert_array_equal(read(tmp_path / "t.png"), expected)


def test_a_mask_given_as_trimap_is_told_so_unless_wanted(photo, mask, tmp_path):
    error = run("predict", photo, mask, code=1).stderr
    assert f"{mask}: 0 and 255 alone, which is a mask" in error and "predict IMAGE --mask FILE" in error
    run("predict", photo, mask, "--band", 0, "-m", "shared", "-o", tmp_path / "a.png")
    np.testing.assert_array_equal(read(tmp_path / "a.png"), rough())


def test_a_trimap_of_one_class_is_still_taken(photo, tmp_path):
    plain = write(tmp_path / "t.png", np.full(SIZE, 255, np.uint8))
    assert "no unknown pixel" in run("predict", photo, plain, "-o", tmp_path / "a.png").stderr
    assert (read(tmp_path / "a.png") == 255).all()


def test_a_photograph_is_no_trimap_and_needs_a_source(photo, tmp_path):
    error = run("predict", photo, photo, code=1).stderr
    assert "a picture of many colours, wanted a trimap" in error and "--mask" in error
    error = run("trimap", photo, code=2).stderr
    for way in ("--mask", "--segment", "--box", "--points", "--clean-plate", "--screen", "--source"):
        assert way in error
    assert not photo.with_name("photo_trimap.png").exists()
    write(tmp_path / "photos" / "a.png", picture())
    assert "--mask" in run("trimap", tmp_path / "photos", "-o", tmp_path / "out", code=3).stderr


def test_predict_without_trimap_lists_the_ways(photo):
    error = run("predict", photo, code=2).stderr
    for way in ("--mask", "--segment", "--box", "--points", "--clean-plate", "--screen", "--source"):
        assert way in error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--mask", "m.png", "--box", "1,2,3,4"], "--mask and --box exclude each other"),
        (["--mask", "m.png", "--source", "screen"], "--mask and --source exclude each other"),
        (["--box", "1,2,3"], "wanted X,Y,W,H"),
        (["--points", "1,2 x"], "wanted \"+X,Y -X,Y\""),
        (["--points", "x"], "wanted \"+X,Y -X,Y\""),
        (["--mask", "m.png", "--screen", "auto"], "--mask and --screen exclude each other"),
        (["--screen", "#777777"], "--screen #777777: nearly grey"),
        (["--screen", "greenish"], "--screen greenish: "),
        (["--screen", "green", "--band", "3"], "--band does not apply with --screen"),
        (["--mask", "m.png", "--class", "1"], "--class needs --segment"),
        (["--mask", "m.png", "--band", "wide"], "--band wide: wanted auto, whole pixels"),
        (["--mask", "m.png", "--band", "0%"], "--band 0%: wanted auto"),
        (["--box", "1,2,3,4", "--fit"], "--fit does not apply with --box"),
        (["--source", "screen", "--band", "3"], "--band does not apply with --source"),
        (["--fit"], "--fit needs --mask or --clean-plate"),
        (["--mask", "-"], "two inputs cannot both come from stdin"),
    ],
)  # fmt: skip
def test_misuse_is_a_usage_error(photo, words, message):
    for command in ("trimap", "predict"):
        source = "-" if words[-1] == "-" else photo
        trimap = [] if command == "trimap" or "--fit" not in words[:1] else [photo]
        assert message in run(command, source, *trimap, *words, code=2).stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trimap", "--mask", "m.png", "--check"], "--check and --mask exclude each other"),
        (["trimap", "--mask", "m.png", "--erode", 3], "--erode does not apply with a source"),
        (["trimap", "--band", "auto"], "auto and pixels need a source"),
        (["predict", "t.png", "--mask", "m.png"], "t.png is a trimap already; leave it or --mask out"),
        (["predict", "t.png", "--band", "5"], "--band needs a source"),
    ],
)
def test_misuse_of_one_command_is_a_usage_error(photo, words, message):
    command, *rest = words
    assert message in run(command, photo, *rest, code=2).stderr


def test_strokes_are_a_source_of_predict(photo, tmp_path):
    strokes = np.full(SIZE, 128, np.uint8)
    strokes[4:8], strokes[28:36, 36:44] = 0, 255
    given = write(tmp_path / "strokes.png", strokes)
    run("predict", photo, "--scribbles", given, "-m", "closed-form", "--save", "trimap", "-o", tmp_path / "t.png")
    np.testing.assert_array_equal(read(tmp_path / "t.png"), strokes)
    over = picture()
    over[4:8], over[28:36, 36:44] = 0, 255
    run("predict", photo, "--scribbles", write(given, over), "--save", "trimap", "-o", tmp_path / "t.png")
    np.testing.assert_array_equal(read(tmp_path / "t.png"), strokes)
    error = run("predict", photo, "--scribbles", write(given, np.full(SIZE, 128, np.uint8)), code=1).stderr
    assert f"{given}: no white stroke" in error


def test_a_screen_is_a_source_by_the_name_of_its_colour(tmp_path):
    """The same trimap by trimap, predict and the longer form; another colour finds no screen."""
    plate = write(
        tmp_path / "plate.png", np.rint(DISC[..., None] * (40, 60, 190) + (1 - DISC[..., None]) * (64, 177, 0))
    )
    trimaps = []
    for words in (["trimap", "--screen", "auto"], ["trimap", "--screen", "#00b140"], ["trimap", "--source", "screen"],
                  ["predict", "--screen", "green", "-m", "shared", "--save", "trimap"]):  # fmt: skip
        run(words[0], plate, *words[1:], "-o", tmp_path / "t.png")
        trimaps.append(read(tmp_path / "t.png"))
    assert trimaps[0][2, 2] == 0 and trimaps[0][32, 40] == 255
    for other in trimaps[1:]:
        np.testing.assert_array_equal(other, trimaps[0])
    assert "wanted a blue screen" in run("trimap", plate, "--screen", "blue", code=1).stderr


def test_outputs_overwrite_no_input(photo, mask):
    before = mask.read_bytes()
    assert "the output is also an input" in run("trimap", photo, "--mask", mask, "-o", mask, code=1).stderr
    assert "the output is also an input" in run("predict", photo, "--mask", mask, "-o", mask, code=1).stderr
    assert mask.read_bytes() == before


def test_a_comparison_of_models_takes_a_source(photo, mask, tmp_path):
    words = "--compare", "shared,closed-form", "-o", tmp_path / "sheet.png", "--json"
    assert json.loads(run("predict", photo, "--mask", mask, *words).stdout)["trimap"]["source"] == "mask"

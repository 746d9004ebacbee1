"""`mattekit eval` as a user runs it."""

import csv
import io
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app
from mattekit.evaluation.scoring import Rules
from mattekit.evaluation.summary import summarise
from mattekit.evaluation.tables import tables

METRICS = ["sad", "mse", "mad", "grad", "conn"]


def run(*words, code=0):
    result = CliRunner().invoke(app, ["eval", *map(str, words)])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


def report(*words, code=0):
    return json.loads(run(*words, "--format", "json", code=code).stdout)


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)
    return path


def trimap_of(truth, width=4):
    kernel = np.ones((width, width), np.uint8)
    trimap = np.full(truth.shape, 128, np.uint8)
    trimap[cv2.erode(truth, kernel) == 255] = 255
    trimap[cv2.dilate(truth, kernel) == 0] = 0
    return trimap


@pytest.fixture
def folders(tmp_path):
    """Three truths with trimaps, a good and a worse method."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:40, :56]
    for i, name in enumerate(("cat", "dog10", "dog9")):
        truth = (255 * np.clip((12 + 2 * i - np.hypot(y - 20, x - 28)) / 5, 0, 1)).astype(np.uint8)
        write(tmp_path / "truth" / f"{name}.png", truth)
        write(tmp_path / "trimaps" / f"{name}.png", trimap_of(truth))
        for method, noise in (("good", 9), ("worse", 60)):
            alpha = np.clip(truth + rng.integers(-noise, noise, truth.shape), 0, 255).astype(np.uint8)
            write(tmp_path / method / f"{name}.png", alpha)
    return tmp_path


def test_generated_pairs_give_the_official_numbers(tmp_path):
    """All 17 pairs through files and the command; NaN becomes null and is left out of the mean, with a note."""
    data = Path(__file__).resolve().parent.parent / "data" / "metrics"
    pairs = np.load(data / "pairs.npz")
    for name, images in pairs.items():
        for folder, image in zip(("pred", "truth", "trimaps"), images, strict=True):
            write(tmp_path / folder / f"{name}.png", image)
    result = run(tmp_path / "pred", tmp_path / "truth", "--trimaps", tmp_path / "trimaps", "--format", "json")
    found = json.loads(result.stdout)
    with open(data / "official.csv", newline="") as file:
        official = {row["name"]: row for row in csv.DictReader(file) if row["region"] == "unknown"}
    assert [image["name"] for image in found["images"]] == sorted(official)
    for image in found["images"]:
        assert list(image) == ["name", *METRICS]
        row = official[image["name"]]
        for metric, column in (("sad", "sad"), ("mse", "mse"), ("grad", "grad"), ("conn", "conn_continue")):
            value = image[metric] if image[metric] is not None else np.nan
            exact = float(row[f"{column}_f64"])
            assert value == pytest.approx(exact, rel=1e-12, abs=1e-15, nan_ok=True), (image, metric)
    assert found["images"][2]["mse"] is None
    defined = [float(row["mse_f64"]) for row in official.values() if row["mse_f64"] != "NaN"]
    assert found["mean"]["mse"] == pytest.approx(np.mean(defined), rel=1e-12)
    assert "left out of their means: s03_no_unknown." in result.stderr
    assert (found["region"], found["empty_levels"], found["unknown_value"]) == ("unknown", "continue", "128")
    assert found["units"]["conn"] == "thousands" and found["failed"] == []


def test_real_set_gives_the_recorded_numbers(shared, tmp_path):
    """Real pairs from the shared oracle, through files, over the unknown region and over the whole image."""
    oracle = shared / "oracle" / "metrics"
    for region, file in (("unknown", "official_octave.csv"), ("all", "official_octave_whole_image.csv")):
        with open(oracle / file, newline="") as lines:
            for row in csv.DictReader(lines):
                if row["name"].startswith("r"):
                    files = [oracle / "pairs" / f"{row['name']}_{kind}.png" for kind in ("pred", "gt", "trimap")]
                    found = report(*files[:2], "--trimaps", files[2], "--region", region)["mean"]
                    for metric in ("sad", "mse", "grad"):
                        assert found[metric] == pytest.approx(float(row[f"{metric}_f64"]), rel=1e-12)
                    assert found["conn"] == pytest.approx(float(row["conn_continue_f64"]), rel=1e-12)


def test_result_does_not_depend_on_jobs_nor_on_the_order_of_files(folders, monkeypatch):
    words = (folders / "good", folders / "truth", "--trimaps", folders / "trimaps")
    alone = report(*words)
    assert report(*words, "--jobs", 2) == alone
    listed = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda self: iter(sorted(listed(self), reverse=True)))
    assert report(*words) == alone


def test_names_come_in_natural_order_with_unit_region_and_policy(folders):
    lines = run(folders / "good", folders / "truth", "--trimaps", folders / "trimaps").stdout.splitlines()
    assert lines[0] == "3 images, unknown region (trimap = 128); empty levels of Conn: continue"
    assert "SAD (thousands)  MSE (per pixel)  MAD (per pixel)  Grad (thousands)  Conn (thousands)" in lines[1]
    assert [line.split()[0] for line in lines[2:]] == ["cat", "dog9", "dog10", "mean"]


@pytest.mark.parametrize("region", ["unknown", "all", "foreground", "background"])
def test_regions_are_those_of_the_trimap(folders, region):
    alpha, truth, trimap = (cv2.imread(str(folders / k / "cat.png"), 0) for k in ("good", "truth", "trimaps"))
    mask = {"unknown": trimap == 128, "all": trimap >= 0, "foreground": trimap == 255, "background": trimap == 0}
    words = (folders / "good/cat.png", folders / "truth/cat.png", "--trimaps", folders / "trimaps/cat.png")
    found = report(*words, "--region", region)
    wanted = np.abs(alpha.astype(int) - truth)[mask[region]].sum() / 255_000
    assert found["region"] == region
    assert found["mean"]["sad"] == pytest.approx(wanted, rel=1e-12)


def test_without_trimaps_the_whole_image_counts(folders):
    assert report(folders / "good", folders / "truth")["region"] == "all"
    result = run(folders / "good", folders / "truth", "--region", "unknown", code=2)
    assert "--region unknown needs --trimaps" in result.stderr


def test_other_grey_values_are_known_unless_any_value_is_asked_for(folders):
    """A trimap with 102 for unknown (pymatting's lemur) has no unknown pixel for the official scorer."""
    path = folders / "trimaps" / "cat.png"
    trimap = cv2.imread(str(path), 0)
    before = report(folders / "good/cat.png", folders / "truth/cat.png", "--trimaps", path)["mean"]
    write(path, np.where(trimap == 128, 102, trimap).astype(np.uint8))
    words = (folders / "good/cat.png", folders / "truth/cat.png", "--trimaps", path)
    result = run(*words, "--format", "json")
    assert json.loads(result.stdout)["mean"]["mse"] is None
    assert "values than 0, 128 and 255, which count as known" in result.stderr
    assert report(*words, "--unknown-value", "any")["mean"] == before


def test_composites_share_a_truth_and_trimaps_have_either_name(folders):
    """Composition-1k: truth `cat.png` serves cat_0 ... cat_11; so does its trimap, or each has its own."""
    alpha = cv2.imread(str(folders / "good/cat.png"), 0)
    for k in range(12):
        write(folders / "merged" / f"cat_{k}.png", alpha // 12 * k)
    words = (folders / "merged", folders / "truth", "--allow-missing", "--trimaps")
    shared_trimap = report(*words, folders / "trimaps")
    assert [image["name"] for image in shared_trimap["images"]] == [f"cat_{k}" for k in range(12)]
    for k in range(12):
        write(folders / "own" / f"cat_{k}.png", cv2.imread(str(folders / "trimaps/cat.png"), 0))
    assert report(*words, folders / "own")["images"] == shared_trimap["images"]


def test_a_composite_that_was_not_predicted_is_named(folders):
    trimap = cv2.imread(str(folders / "trimaps/cat.png"), 0)
    for k in range(3):
        write(folders / "own" / f"cat_{k}.png", trimap)
    write(folders / "merged" / "cat_0.png", trimap)
    write(folders / "merged" / "cat_2.png", trimap)
    (folders / "truth/dog9.png").unlink()
    (folders / "truth/dog10.png").unlink()
    result = run(folders / "merged", folders / "truth", "--trimaps", folders / "own", code=3)
    assert result.stderr.count("no prediction for") == 1
    assert "no prediction for cat_1." in result.stderr


def test_truths_are_decoded_once_per_group(folders, monkeypatch):
    from mattekit.evaluation import scoring

    for k in range(5):
        write(folders / "merged" / f"cat_{k}.png", cv2.imread(str(folders / "good/cat.png"), 0))
    decoded = []
    read = scoring.io.read_raw
    monkeypatch.setattr(scoring.io, "read_raw", lambda path, **kw: (decoded.append(str(path)), read(path, **kw))[1])
    run(folders / "merged", folders / "truth", "--trimaps", folders / "trimaps", "--allow-missing")
    assert decoded.count(str(folders / "truth/cat.png")) == 1
    assert decoded.count(str(folders / "trimaps/cat.png")) == 1
    assert len(decoded) == 7


def test_missing_extra_mis_sized_and_mis_typed_files_are_named_and_the_rest_is_scored(folders):
    (folders / "good/dog9.png").unlink()
    write(folders / "good/mouse.png", np.zeros((4, 4), np.uint8))
    write(folders / "good/dog10.png", np.zeros((39, 56), np.uint8))
    write(folders / "good/cow.png", np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8))
    write(folders / "truth/cow.png", np.zeros((8, 9), np.uint8))
    (folders / "good/text.png").write_text("no picture")
    write(folders / "truth/text.png", np.zeros((8, 9), np.uint8))
    result = run(folders / "good", folders / "truth", "--format", "json", code=3)
    for words in (
        "good: no prediction for dog9.",
        "mouse.png: no alpha named mouse",
        "dog10.png: 56x39, but",
        "is 56x40. Nothing is resized here",
        "cow.png: a colour picture, wanted a grey matte",
        "text.png",
        "1 predictions done, 5 failed",
    ):
        assert words in result.stderr, words
    found = json.loads(result.stdout)
    assert [image["name"] for image in found["images"]] == ["cat"]
    assert len(found["failed"]) == 5


def test_a_trimap_of_another_size_is_named(folders):
    write(folders / "trimaps/cat.png", np.full((40, 55), 128, np.uint8))
    result = run(folders / "good", folders / "truth", "--trimaps", folders / "trimaps", code=3)
    assert "trimaps/cat.png: 55x40, but" in result.stderr
    assert "trimaps/cat.png" not in run(folders / "good", folders / "truth", "--trimaps", folders / "trimaps",
                                        "--region", "all").stderr  # fmt: skip


def test_sub_folders_are_part_of_the_names(folders):
    for folder in ("good", "truth"):
        (folders / folder / "deep").mkdir()
        (folders / folder / "cat.png").rename(folders / folder / "deep" / "cat.png")
    found = report(folders / "good", folders / "truth", "-r")
    assert [image["name"] for image in found["images"]] == ["deep/cat", "dog9", "dog10"]


def test_missing_files_are_notes_with_allow_missing(folders):
    (folders / "good/dog9.png").unlink()
    write(folders / "good/mouse.png", np.zeros((4, 4), np.uint8))
    result = run(folders / "good", folders / "truth", "--allow-missing")
    assert "note: " in result.stderr and "no prediction for dog9." in result.stderr
    assert "mouse" in result.stderr


def test_other_depths_and_channels_are_converted_on_purpose_and_said_so(folders):
    """Each holds the same matte, so each scores the same."""
    alpha = cv2.imread(str(folders / "good/cat.png"), 0)
    rgba = np.dstack([np.full_like(alpha, 7)] * 3 + [alpha])
    kinds = {
        "deep.png": (alpha.astype(np.uint16) * 257 + (alpha < 255) * 100, "16-bit values are rounded to 8 bits"),
        "float.tif": (alpha.astype(np.float32) / 255 + (alpha < 255) * 0.0015, "float values are rounded to 8 bits"),
        "rgb.png": (np.dstack([alpha] * 3), "the first channel of a colour file is scored"),
        "rgba.png": (rgba, "the alpha channel of an RGBA file is scored"),
    }
    plain = report(folders / "good/cat.png", folders / "truth/cat.png")["mean"]
    for name, (pixels, note) in kinds.items():
        dtype = pixels.dtype if pixels.dtype != np.int64 else np.uint16
        dtype = np.float32 if name.startswith("float") else dtype
        result = run(write(folders / name, pixels.astype(dtype)), folders / "truth/cat.png", "--format", "json")
        assert json.loads(result.stdout)["mean"] == plain, name
        assert note in result.stderr, name


def test_several_methods_are_compared_with_average_ranks(folders):
    words = (folders / "worse", folders / "good", folders / "truth", "--trimaps", folders / "trimaps")
    found = report(*words)
    assert [method["method"] for method in found["methods"]] == ["worse", "good"]
    assert found["compared"] == ["cat", "dog9", "dog10"]
    worse, good = found["methods"]
    assert good["rank"]["sad"] == 1 and worse["rank"]["sad"] == 2
    single = report(folders / "good", folders / "truth", "--trimaps", folders / "trimaps")
    assert good["mean"] == single["mean"] and good["images"] == single["images"]
    rows = run(*words, "--metrics", "sad", "--format", "markdown").stdout.splitlines()
    assert rows[4].startswith("| good | **") and rows[5].startswith("| worse | ")  # the better one first
    assert rows[9] == "| image | worse | good |"
    assert rows[11].startswith("| cat | ") and rows[11].count("**") == 2 and rows[11].endswith("** |")
    assert r"\textbf{1.00}" in run(*words, "--metrics", "sad", "--format", "latex").stdout


def test_a_method_that_lacks_an_image_is_named_and_the_others_decide_the_ranks(folders):
    (folders / "worse/cat.png").unlink()
    result = run(folders / "worse", folders / "good", folders / "truth", "--format", "json", code=3)
    assert "worse: no prediction for cat." in result.stderr
    found = json.loads(result.stdout)
    assert found["compared"] == ["dog9", "dog10"]
    good = found["methods"][1]
    assert good["mean"]["sad"] == pytest.approx(sum(i["sad"] for i in good["images"][1:]) / 2, rel=1e-14)


def test_groups_are_named_by_the_first_capture_group(folders):
    words = (folders / "good", folders / "truth", "--metrics", "sad", "--group-by", r"^([a-z]+?)\d")
    found = report(*words)
    sads = {image["name"]: image["sad"] for image in found["images"]}
    groups = {group["group"]: group for group in found["groups"]}
    assert {name: group["count"] for name, group in groups.items()} == {"dog": 2, "(other)": 1}
    assert groups["dog"]["mean"]["sad"] == pytest.approx((sads["dog9"] + sads["dog10"]) / 2, rel=1e-14)
    assert "means per group" in run(*words).stdout
    assert "not a regular expression" in run(*words[:-1], "(", code=2).stderr


def test_worst_lists_the_highest_errors_first_and_the_mean_is_still_of_all(folders):
    words = (folders / "good", folders / "truth", "--metrics", "mad,sad")
    found = report(*words, "--worst", 2)
    order = sorted(found["images"], key=lambda image: -image["mad"])
    assert found["worst"] == [image["name"] for image in order[:2]]
    assert found["mean"] == report(*words)["mean"]
    lines = run(*words, "--worst", 2).stdout.splitlines()
    assert "the 2 worst by MAD of 3 images" in lines[0]
    assert [line.split()[0] for line in lines[2:]] == [*found["worst"], "mean"]


@pytest.fixture
def many():
    """Two methods' scores of 31 images, one more than are listed unasked."""
    names = [f"p{i}" for i in range(31)]
    return {
        method: {name: {"sad": float(i * factor), "mse": 0.01 * factor} for i, name in enumerate(names)}
        for method, factor in (("a", 1), ("b", 2))
    }


def test_tables_list_few_images_and_many_only_if_asked(many):
    rules = Rules("all", metrics=("sad", "mse"))

    def titles(scores, **wanted):
        return [table.title.split(",")[0] for table in tables(summarise(scores, rules.metrics), rules, **wanted)]

    few = {method: dict(list(images.items())[:30]) for method, images in many.items()}
    assert [title[:5] for title in titles(few)] == ["means", "SAD (", "MSE ("]
    assert titles(many) == ["means and average ranks over 31 images that all methods have"]
    assert len(titles(many, per_image=True)) == 3
    (one,) = tables(summarise({"a": many["a"]}, rules.metrics), rules)
    assert [row[0] for row in one.rows] == ["mean"]
    (one,) = tables(summarise({"a": many["a"]}, rules.metrics), rules, per_image=True)
    assert len(one.rows) == 32


def test_worst_of_several_methods_are_listed_alone_from_the_worst_on(many):
    many["a"]["p3"]["sad"] = 100.0  # b's worst is 60
    rules = Rules("all", metrics=("sad", "mse"))
    found = tables(summarise(many, rules.metrics, worst=3), rules)
    assert [[row[0] for row in table.rows] for table in found] == [["p3", "p30", "p29", "mean", "average rank"]] * 2


def test_a_table_for_a_paper_has_means_alone_the_best_bold(folders):
    words = (folders / "worse", folders / "good", folders / "truth", "--metrics", "sad,mse")
    run(*words, "--latex-style", "paper", "-o", folders / "t.tex")
    text = (folders / "t.tex").read_text()
    good = report(*words)["methods"][1]["mean"]
    assert rf"good & \textbf{{{good['sad']:.2f}}} & \textbf{{{1000 * good['mse']:.2f}}} \\" in text.splitlines()
    assert r"Method & SAD $\downarrow$ & MSE ($\times 10^{-3}$) $\downarrow$ \\" in text.splitlines()
    assert "cat" not in text and "rank" not in text and r"\label{tab:matting}" in text
    assert [line for line in text.splitlines() if "rule" in line] == [r"\toprule", r"\midrule", r"\bottomrule"]


def test_csv_has_a_line_per_image_and_the_mean_at_full_precision(folders):
    words = (folders / "good", folders / "truth", "--trimaps", folders / "trimaps", "--empty-levels", "update")
    rows = list(csv.DictReader(io.StringIO(run(*words, "--format", "csv").stdout)))
    found = report(*words)
    assert [(row["kind"], row["name"]) for row in rows][-1] == ("mean", "all")
    for row, image in zip(rows, [*found["images"], found["mean"]], strict=True):
        assert float(row["conn_update_thousands"]) == image["conn"]
        assert float(row["mse_per_pixel"]) == image["mse"]
        assert row["region"] == "unknown"


def test_report_goes_to_a_file_whose_name_tells_the_format(folders):
    words = (folders / "good", folders / "truth")
    assert run(*words, "-o", folders / "scores.json").stdout == ""
    assert json.loads((folders / "scores.json").read_text()) == report(*words)
    run(*words, "-o", folders / "scores.tex")
    assert (folders / "scores.tex").read_text().startswith(r"\begin{table}")
    run(*words, "--format", "csv", "-o", folders / "scores")
    assert (folders / "scores").read_text().startswith("kind,name")
    before = (folders / "truth/cat.png").read_bytes()
    result = run(*words, "--format", "table", "-o", folders / "truth/cat.png", code=1)
    assert "the output is also an input" in result.stderr
    assert (folders / "truth/cat.png").read_bytes() == before


def test_json_prints_an_object_per_image(folders):
    lines = [json.loads(line) for line in run(folders / "good", folders / "truth", "--json").stdout.splitlines()]
    images = {image["name"]: image for image in report(folders / "good", folders / "truth")["images"]}
    assert len(lines) == 3
    for line in lines:
        assert {name: line[name] for name in METRICS} == {name: images[line["name"]][name] for name in METRICS}
        assert line["region"] == "all"
    assert "--json prints a line" in run(folders / "good", folders / "truth", "--json", "-o", "-", code=2).stderr


def test_policies_for_empty_levels_differ_where_nothing_is_opaque(tmp_path):
    zero = write(tmp_path / "zero.png", np.zeros((40, 40), np.uint8))
    full = write(tmp_path / "full.png", np.full((40, 40), 255, np.uint8))
    assert report(zero, full)["mean"]["conn"] == 0
    assert report(zero, full, "--empty-levels", "update")["mean"]["conn"] == 1.6


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["good"], "wanted PREDICTIONS and TRUTH"),
        (["good", "truth/cat.png"], "give files or folders, not both"),
        (["good", "good", "truth"], "named twice"),
        (["good", "truth", "--metrics", "sda"], "--metrics sda: use one of sad, mse"),
        (["good", "truth", "--metrics", ","], "name one or more"),
        (["good", "truth", "--region", "fg"], "--region fg: use one of unknown, all"),
        (["good", "truth", "--unknown-value", "127"], "--unknown-value 127"),
        (["good", "truth", "--empty-levels", "skip"], "--empty-levels skip"),
        (["good", "truth", "--format", "xml"], "--format xml"),
        (["good", "truth", "-o", "truth"], "truth is a folder"),
        (["good", "truth", "-o", "scores.xlsx"], "wanted one of .txt, .csv, .json, .md, .tex"),
        (["good", "truth", "-o", "scores"], "-o scores: wanted one of .txt, .csv"),
        (["good", "truth", "-o", ".csv"], "-o .csv: wanted one of .txt, .csv"),
        (["good", "truth", "-o", "scores.csvx"], "wanted one of .txt, .csv, .json, .md, .tex"),
        (["good", "truth", "--latex-style", "paper"], "--latex-style needs --format latex"),
        (["good", "truth", "--worst", 3, "--per-image"], "--per-image and --worst exclude each other"),
    ],
)
def test_misuse_exits_with_2_and_says_what_is_wanted(folders, monkeypatch, words, message):
    monkeypatch.chdir(folders)
    assert message in run(*words, code=2).stderr


def test_missing_paths_and_a_single_bad_file_exit_with_1(folders):
    assert "nowhere: no such file or folder" in run(folders / "nowhere", folders / "truth", code=1).stderr
    small = write(folders / "small.png", np.zeros((4, 4), np.uint8))
    assert "4x4, but" in run(small, folders / "truth/cat.png", code=1).stderr


HOSTILE = "\x1b]0;owned\x07a|&$\nb\x9b\u202e"


@pytest.mark.parametrize("form", ["table", "csv", "markdown", "latex", "json"])
def test_names_with_control_characters_break_no_report(folders, form):
    """Nor does a file name that is no text: Linux allows any bytes."""
    names = [HOSTILE, "not\udcff\udcfeutf8"]
    for old, new in zip(("cat", "dog9"), names, strict=True):
        for role in ("good", "truth"):
            (folders / role / f"{old}.png").rename(folders / role / f"{new}.png")
    out = folders / "report"
    words = [folders / "good", folders / "truth", "--format", form, "--group-by", "(?s)(.*)"]
    printed = run(*words).stdout
    run(*words, "-o", out)
    text = out.read_text()
    assert printed == text and all(line.isprintable() for line in text.splitlines())
    if form == "json":
        assert {image["name"] for image in json.loads(text)["images"]} == {"dog10", *names}
    else:
        assert len(text.splitlines()) == len(run(folders / "worse", folders / "worse", *words[2:]).stdout.splitlines())


def test_what_is_wrong_with_hostile_names_is_one_line_each(folders):
    (folders / "good" / f"{HOSTILE}.png").write_bytes(b"\x1b[31m no picture")
    (folders / "truth" / f"{HOSTILE}.png").write_bytes(b"\x1b[31m no picture")
    result = run(folders / "good", folders / "truth", "--json", code=3)
    assert len(result.stdout.splitlines()) == 4 and all(map(str.isprintable, result.stdout.splitlines()))
    assert all(map(str.isprintable, result.stderr.splitlines()))
    assert len([line for line in result.stderr.splitlines() if line.startswith("error: ")]) == 1


@pytest.mark.skipif(os.name != "posix", reason="symbolic links")
def test_a_loop_of_links_is_a_missing_file(folders):
    (folders / "loop").symlink_to("loop")
    assert "loop: a link to a file that does not exist" in run(folders / "loop", folders / "truth", code=1).stderr
    (folders / "good" / "cat.png").unlink()
    (folders / "good" / "cat.png").symlink_to("cat.png")
    assert "good/cat.png: a link" in run(folders / "good", folders / "truth", code=3).stderr

"""The page that `mattekit eval -o FILE.html` writes, read without a browser."""

import base64
import hashlib
import json
import re

import cv2
import numpy as np
import pytest

from mattekit.evaluation.scoring import Rules
from mattekit.evaluation.summary import summarise
from mattekit.metrics import METRICS
from mattekit.report import page as pages
from mattekit.report.content import Report
from mattekit.report.material import Picture

HOSTILE = "<img src=x onerror=alert(1)>&amp;'\"<!--<script>alert(2)<"


def decoded(address):
    data = base64.b64decode(address.split(",")[1])
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def test_its_numbers_are_those_of_the_json_report(folders, run, page):
    out = folders / "page.html"
    words = ("--images", folders / "image", "--group-by", "^[a-z]+")
    run(*words, "-o", out)
    found = page(out)
    assert found.data["scores"] == json.loads(run(*words[2:], "--format", "json").stdout)
    assert found.data["methods"] == ["good", "worse"]
    assert [picture["name"] for picture in found.data["pictures"]] == ["b9", "b10", "cat"]
    assert [picture["group"] for picture in found.data["pictures"]] == ["b", "b", "cat"]
    means = found.data["scores"]["methods"][1]["mean"]
    text = "".join(found.words)
    assert all(f"{means[metric]:.{METRICS[metric].digits}f}" in text for metric in means)
    assert "unknown region (trimap = 128); empty levels of Conn: continue" in text
    assert hashlib.sha256(b"".join(_hashed(folders / "truth"))).hexdigest() in text


def _hashed(folder):
    lines = (f"{p.stem}\0{hashlib.sha256(p.read_bytes()).hexdigest()}\n" for p in folder.iterdir())
    return (line.encode() for line in sorted(lines))


def test_one_method_and_no_image_make_a_page_too(folders, run, page):
    run("-o", folders / "page.html", methods=("good",))
    found = page(folders / "page.html")
    assert found.data["scores"] == json.loads(run("--format", "json", methods=("good",)).stdout)
    assert found.data["differences"] == {} and not found.data["pictures"][0]["image"]


def test_packs_hold_the_very_pixels(folders, run, page, pack):
    run("--images", folders / "image", "-o", folders / "page.html")
    folder = folders / page(folders / "page.html").data["folder"]
    held = pack(folder / "2.js")  # cat comes last
    files = {"truth": "truth", "trimap": "trimap"}
    pixels = {role: decoded(held[role]) for role in files} | {i: decoded(a) for i, a in held["alphas"].items()}
    for role, name in (files | {"0": "good", "1": "worse"}).items():
        np.testing.assert_array_equal(pixels[role], cv2.imread(str(folders / name / "cat.png"), 0))
    image = cv2.imread(str(folders / "image/cat.jpg"))
    assert np.abs(decoded(held["image"]).astype(int) - image).mean() < 3
    assert decoded(held["colours"]).shape == image.shape
    strip = cv2.imread(str(folder / "2.jpg"))
    assert strip.shape == (123, 3 * 180, 3)  # the image and two methods' errors, of 30x44 pixels


def test_nothing_is_loaded_from_elsewhere(folders, run, page):
    run("-o", folders / "page.html")
    found = page(folders / "page.html")
    assert found.addresses() == ["data:,"]  # no icon
    (policy,) = (a["content"] for tag, a in found.elements if tag == "meta" and "http-equiv" in a)
    assert policy.startswith("default-src 'none'; ")
    digest = base64.b64encode(hashlib.sha256(found.scripts["script"].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy  # of the only script that runs
    assert [a.get("type") for tag, a in found.elements if tag == "script"] == ["application/json", "module"]
    assert not re.search(r"(https?:)?//(?!www\.w3\.org/)[\w.-]+\.\w+/", found.text)


@pytest.mark.parametrize("beside", [True, False])
def test_names_are_text_wherever_they_stand(folders, run, page, beside):
    for role in ("good", "worse", "truth", "trimap"):
        (folders / role / "cat.png").rename(folders / role / f"{HOSTILE}.png")
    (folders / "worse").rename(folders / HOSTILE)
    (folders / HOSTILE / "b9.png").write_bytes(b"<script>alert(3)</script>")
    words = ["--group-by", "(.*)", "-o", folders / "page.html", *([] if beside else ["--single-file"])]
    run(*words, methods=("good", HOSTILE), code=3)
    found = page(folders / "page.html")
    assert HOSTILE in found.data["methods"] and HOSTILE in [p["name"] for p in found.data["pictures"]]
    assert HOSTILE in "".join(found.words)  # as text
    tags = {tag for tag, _ in found.elements}
    assert "img" not in tags and all("onerror" not in attributes for _, attributes in found.elements)
    data = [a for tag, a in found.elements if tag == "script"]
    assert [a["type"] for a in data if a["type"] == "module"] == ["module"]
    assert {a["type"] for a in data} <= {"application/json", "text/plain", "module"}


def test_the_script_makes_no_html_of_text():
    script = "\n".join(path.read_text() for path in (pages.template.PAGE / "script").iterdir())
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(|fetch\(", script)


def test_a_single_file_holds_all_pictures(folders, run, page):
    run("--images", folders / "image", "-o", folders / "page.html")
    run("--images", folders / "image", "-o", folders / "single.html", "--single-file")
    assert not (folders / "single_files").exists()
    beside, single = page(folders / "page.html"), page(folders / "single.html")
    assert single.data == beside.data | {"folder": None}
    for i in range(3):
        assert set(json.loads(single.scripts[f"picture-{i}"])) == {"truth", "trimap", "alphas", "image", "colours"}
        assert decoded(single.scripts[f"thumbnail-{i}"]).shape[1] == 3 * 180
    run("--images", folders / "image", "-o", folders / "page.html", "--single-file")
    assert not (folders / "page_files").exists()  # of the page that was there


def test_the_same_input_makes_the_same_bytes(folders, run, monkeypatch):
    monkeypatch.setattr("sys.argv", ["mattekit", "eval"])
    for name in "ab":
        run("--images", folders / "image", "-o", folders / name / "page.html")
    texts = [(folders / name / "page.html").read_bytes() for name in "ab"]
    assert texts[0] == texts[1]
    first, second = (sorted((folders / name / "page_files").rglob("*.*")) for name in "ab")
    assert len(first) == 6 and [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_images_that_do_not_fit_are_noted_and_left_out(folders, run, page):
    (folders / "image/b9.jpg").unlink()
    cv2.imwrite(str(folders / "image/b10.jpg"), np.zeros((4, 4, 3), np.uint8))
    result = run("--images", folders / "image", "-o", folders / "page.html")
    assert "no image for b9." in result.stderr and "b10.jpg: 4x4, but" in result.stderr
    assert [p["image"] for p in page(folders / "page.html").data["pictures"]] == [False, False, True]


def as_the_first(make):
    """Make packs that are copies of the first one: their number counts here, not their pixels."""
    first = {}

    def copied(task, methods, folder, max_megapixels):
        if not first:
            first["facts"] = make(task, methods, folder, max_megapixels)
        for suffix in (".js", ".jpg"):
            (folder / f"{task[0]}{suffix}").write_bytes((folder / f"0{suffix}").read_bytes())
        return first["facts"]

    return copied


def test_a_thousand_pictures_of_six_methods_stay_below_five_megabytes(tmp_path, page, monkeypatch):
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.tile(np.uint8([0, 90, 255]), (3, 1)))
    rng, metrics = np.random.default_rng(0), tuple(METRICS)
    names, methods = [f"picture_{i:04}_of_a_set" for i in range(1000)], [f"method {m}" for m in range(6)]
    scores = {
        m: {n: dict(zip(metrics, rng.gamma(2, 5, len(metrics)).tolist(), strict=True)) for n in names} for m in methods
    }
    monkeypatch.setattr(pages.packs, "make", as_the_first(pages.packs.make))
    report = Report(
        scores=scores, summary=summarise(scores, metrics), rules=Rules(), failed=(), sources={},
        pictures=[Picture(name, path, path, None, dict.fromkeys(methods, path)) for name in names],
    )  # fmt: skip
    assert pages.write(tmp_path / "page.html", report) == []
    assert (tmp_path / "page.html").stat().st_size < 2_500_000
    found = page(tmp_path / "page.html")
    assert len(found.data["pictures"]) == 1000 and len(list((tmp_path / found.data["folder"]).iterdir())) == 2000
    assert found.data["scores"]["methods"][5]["images"][999] == {"name": names[999], **scores[methods[5]][names[999]]}


def test_a_single_file_too_large_for_browsers_is_refused(folders, run, monkeypatch):
    monkeypatch.setattr(pages, "LARGEST_SINGLE", 1000)
    result = run("-o", folders / "page.html", "--single-file", code=1)
    assert "MB of pictures" in result.stderr and "Leave out --single-file." in result.stderr
    assert not (folders / "page.html").exists() and not (folders / "page_files").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--images", "image"], "--images is for the page that -o FILE.html names"),
        (["--single-file", "-o", "x.json"], "--single-file is for the page"),
        (["--format", "html"], "--format html needs -o FILE.html"),
        (["--format", "html", "-o", "x.txt"], "--format html needs -o FILE.html"),
    ],
)
def test_misuse_exits_with_2_and_says_what_is_wanted(folders, run, monkeypatch, words, message):
    monkeypatch.chdir(folders)
    assert message in run(*words, code=2).stderr

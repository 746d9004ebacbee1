"""The page that `mattekit predict --report FILE.html` writes."""

import json

import cv2
import pytest
from typer.testing import CliRunner

from mattekit.cli import app


@pytest.fixture
def predict(folders):
    """Run `mattekit predict` on the folders by the fastest model, with more options."""

    def predict(*words, code=0):
        paths = [str(folders / name) for name in ("image", "trimap")]
        result = CliRunner().invoke(app, ["predict", *paths, "-m", "shared", *map(str, words)])
        assert result.exit_code == code, (result.output, result.stderr, result.exception)
        return result

    return predict


def test_it_shows_every_alpha_with_its_time(folders, predict, page, pack):
    out = folders / "page.html"
    told = predict("-o", folders / "out", "--report", out, "--json").stdout
    seconds = {row["name"]: row["seconds"] for row in map(json.loads, told.splitlines())}
    found = page(out)
    assert {image["name"]: image["seconds"] for image in found.data["scores"]["images"]} == seconds
    assert [picture["name"] for picture in found.data["pictures"]] == ["b10", "b9", "cat"]
    held = pack(folders / found.data["folder"] / "2.js")
    assert set(held) == {"image", "trimap", "alphas", "colours"}  # and no truth
    assert cv2.imread(str(folders / found.data["folder"] / "2.jpg")).shape == (123, 2 * 180, 3)
    assert "shared on 3 pictures" in " ".join("".join(found.words).split())


def test_what_failed_is_named_and_the_others_are_shown(folders, predict, page):
    (folders / "trimap/b9.png").write_bytes(b"no picture")
    predict("-o", folders / "out", "--report", folders / "page.html", code=3)
    found = page(folders / "page.html")
    assert [picture["name"] for picture in found.data["pictures"]] == ["b10", "cat"]
    assert "b9: no alpha" in found.words


def test_alphas_of_an_earlier_run_are_shown_without_a_time(folders, predict, page):
    predict("-o", folders / "out")
    predict("-o", folders / "out", "--skip-existing", "--report", folders / "page.html")
    images = page(folders / "page.html").data["scores"]["images"]
    assert len(images) == 3 and all(image["seconds"] is None for image in images)


def test_cut_outs_are_shown_by_their_alphas(folders, predict, page, pack):
    predict("-o", folders / "out", "--report", folders / "alphas.html")
    predict("-o", folders / "cut", "--save", "cutout", "--report", folders / "cut.html")
    found = [page(folders / name) for name in ("alphas.html", "cut.html")]
    held = [pack(folders / one.data["folder"] / "2.js") for one in found]
    assert held[0]["alphas"] == held[1]["alphas"] and held[0]["image"] == held[1]["image"]


def test_shares_are_shown_together_once_all_are_done(folders, predict, page):
    for share in ("1/2", "2/2"):
        predict("-o", folders / "out", "--shard", share)
    predict("-o", folders / "out", "--skip-existing", "--report", folders / "page.html")
    assert [picture["name"] for picture in page(folders / "page.html").data["pictures"]] == ["b10", "b9", "cat"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--report", "x.txt"], "wanted a name that ends in .html"),
        (["--report", "x.html", "--save", "composite"], "Name alpha or cutout in --save"),
        (["--report", "x.html", "--shard", "1/2"], "without --shard or a launcher and with --skip-existing"),
    ],
)
def test_misuse_exits_with_2_and_says_what_is_wanted(folders, predict, words, message):
    assert message in predict("-o", folders / "out", *words, code=2).stderr

"""The page in a real browser: it sorts, filters, shows pixels, and asks for nothing that is not its own."""

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app


@pytest.fixture
def opened(tab, folders):
    """Open a page as a file; at the end there must have been no complaint and no request off its folder."""

    def opened(path, **given):
        page = tab(folders.as_uri(), **given)
        page.goto(path.as_uri())
        page.wait_for_selector("#pictures tbody tr:nth-child(2)")
        return page

    return opened


def names(tab):
    return tab.locator("#pictures tbody bdi").all_text_contents()


def test_the_list_is_sorted_and_filtered(folders, run, opened):
    run("--group-by", "^[a-z]+", "-o", folders / "page.html")
    tab = opened(folders / "page.html")
    shown = list(map(float, tab.locator("#pictures tr:not(.means) td:last-child").all_inner_texts()))
    assert shown == sorted(shown, reverse=True)  # the worst of the worse method first
    tab.get_by_label("Order").select_option("name")
    assert names(tab) == ["b9", "b10", "cat"]
    tab.get_by_role("button", name="Picture", exact=True).click()
    assert names(tab) == ["cat", "b10", "b9"]
    tab.get_by_label("Find").fill("B")
    assert names(tab) == ["b10", "b9"] and "2 of 3 pictures" in tab.locator("#count").inner_text()
    tab.get_by_label("Find").fill("")
    tab.locator("#groups").get_by_role("button", name="cat").click()
    assert names(tab) == ["cat"]
    tab.locator("#methods").get_by_role("button", name="SAD").click()
    assert tab.locator("#methods tbody th bdi").all_text_contents() == ["good", "worse"]
    tab.locator("#methods").get_by_role("button", name="SAD").click()
    assert tab.locator("#methods tbody th bdi").all_text_contents() == ["worse", "good"]
    tab.get_by_text("Grad", exact=True).nth(1).click()
    assert "Grad (thousands) of 1 picture" in tab.locator("#histogram-title").inner_text()


@pytest.mark.parametrize("single", [False, True], ids=["beside", "single"])
def test_the_viewer_shows_the_very_pixels(folders, run, opened, single):
    run("--images", folders / "image", "-o", folders / "page.html", *(["--single-file"] if single else []))
    tab = opened(folders / "page.html")
    tab.get_by_label("Order").select_option("name")
    tab.get_by_role("button", name="b10").click()
    tab.wait_for_selector("#stage .pane")
    assert tab.locator("#stage bdi").all_text_contents() == ["image", "trimap", "truth", "good", "worse"]
    tab.keyboard.press("1")  # one pixel to one
    box = tab.locator("#stage canvas").nth(2).bounding_box()
    tab.mouse.move(box["x"] + box["width"] / 2 - 6.5, box["y"] + box["height"] / 2 - 5.5)
    place = tab.locator("#viewer-note").inner_text()
    x, y = (int(part.split()[1]) for part in place.split(", "))
    read = {role: int(cv2.imread(str(folders / role / "b10.png"), 0)[y, x]) for role in ("truth", "good", "worse")}
    assert 0 < read["truth"] < 255  # on the soft edge
    values = tab.locator("#stage .value").all_text_contents()
    assert values[2:] == [f"{read[role] / 255:.3f}" for role in ("truth", "good", "worse")]
    tab.keyboard.press("e")
    tab.mouse.move(box["x"] + box["width"] / 2 - 6.5, box["y"] + box["height"] / 2 - 5.4)
    errors = [value.replace("−", "-") for value in tab.locator("#stage .value").all_text_contents()[3:]]
    assert [float(error) for error in errors] == [
        pytest.approx((read[role] - read["truth"]) / 255, abs=6e-4) for role in ("good", "worse")
    ]
    tab.keyboard.press("ArrowRight")
    tab.locator("#viewer-title", has_not_text="b10").wait_for()
    tab.keyboard.press("Escape")
    assert not tab.locator("#viewer").is_visible()


def colour(tab, x, y):
    """What the only pane shows at a place, in shares of its size."""
    tab.wait_for_timeout(100)  # drawn with the next frame
    box = tab.locator("#stage canvas").bounding_box()
    shot = cv2.imdecode(np.frombuffer(tab.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    return shot[int(box["y"] + y * box["height"]), int(box["x"] + x * box["width"])][::-1].tolist()


def test_the_slider_divides_two_composites_over_any_colour(folders, run, opened):
    run("--images", folders / "image", "-o", folders / "page.html")
    tab = opened(folders / "page.html", color_scheme="dark")
    tab.locator("#pictures tbody tr").nth(1).click()
    tab.wait_for_selector("#stage .pane")
    tab.keyboard.press("s")
    assert tab.locator("#left").input_value() == "truth -1"
    tab.locator("#left").select_option("composite -1")
    tab.locator("#right").select_option("trimap -1")
    tab.locator("#behind").fill("#20c0e0")
    assert colour(tab, 0.37, 0.34) == [0x20, 0xC0, 0xE0]  # the corners of the pictures are background
    assert colour(tab, 0.63, 0.34) == [0, 0, 0]
    divider = tab.get_by_role("slider")
    box = divider.bounding_box()
    tab.mouse.move(box["x"] + 12, box["y"] + 300)
    tab.mouse.down()
    tab.mouse.move(60, box["y"] + 300)
    tab.mouse.up()
    assert colour(tab, 0.37, 0.34) == [0, 0, 0] and int(divider.get_attribute("aria-valuenow")) < 10
    divider.press("End")
    assert divider.get_attribute("aria-valuenow") == "100" and colour(tab, 0.63, 0.34) == [0x20, 0xC0, 0xE0]


def test_a_hostile_name_runs_nothing(folders, run, opened):
    name = "<img src=x onerror=alert(1)><script>alert(2)<"
    for role in ("good", "worse", "truth", "trimap"):
        (folders / role / "cat.png").rename(folders / role / f"{name}.png")
    run("-o", folders / "p #1?.html")
    tab = opened(folders / "p #1?.html")
    tab.on("dialog", lambda dialog: pytest.fail("a name ran as a script"))
    assert name in names(tab)
    tab.get_by_role("button", name="<img").click()
    tab.wait_for_selector("#stage .pane")
    assert tab.locator("#viewer-title").inner_text() == name and tab.locator("#viewer img").count() == 0


def test_a_page_of_predictions_opens_too(folders, opened):
    paths = [str(folders / name) for name in ("image", "trimap")]
    result = CliRunner().invoke(
        app, ["predict", *paths, "-m", "shared", "-o", str(folders / "out"), "--report", str(folders / "p.html")]
    )
    assert result.exit_code == 0, result.stderr
    tab = opened(folders / "p.html")
    assert names(tab) == ["b10", "b9", "cat"] and not tab.locator("#methods").is_visible()
    tab.get_by_role("button", name="cat").click()
    tab.wait_for_selector("#stage .pane")
    assert tab.locator("#stage bdi").all_text_contents() == ["image", "trimap", "alpha", "cut-out"]
    tab.keyboard.press("s")
    assert tab.locator("#left").input_value() == "alpha 0"

"""The page in a real browser: strokes change the trimap, its file and the alpha; everything can be reached by keys."""

import json

import cv2
import numpy as np
import pytest

import mattekit

HOLE = np.s_[60:86, 84:116]  # a part of the foreground that the trimap at first takes for background


@pytest.fixture
def photos(tmp_path, scene, encode):
    """Two pictures, and a trimap of the first with a mistake."""
    wrong = scene.levels.copy()
    wrong[HOLE] = 0
    for name in "ab":
        (tmp_path / f"{name}.png").write_bytes(encode(scene.image))
    (tmp_path / "start.png").write_bytes(encode(wrong))
    return tmp_path


@pytest.fixture
def paint(photos, make_site, serving, tab):
    """Open the page on the pictures, as `mattekit paint` serves them; wait until all of the alpha is fine."""

    def paint(**given):
        from mattekit.web.album import Entry, Files

        starts = {"a": photos / "start.png", "b": None}
        entries = [Entry(name, photos / f"{name}.png", photos / f"out/{name}.png", starts[name]) for name in "ab"]
        address = serving(make_site(Files(entries, "closed-form", 1)), token="a-secret-of-the-test")
        page = tab(address.partition("?")[0], **given)
        page.goto(address)
        settled(page)
        assert "token" not in page.url
        return page

    return paint


def settled(page):
    """Wait until nothing is solved or saved any more."""
    page.locator("body[data-state=ready]").wait_for(state="attached")
    page.locator("#saved").filter(has_not_text="Saving").wait_for(state="attached")


def on_screen(page, x, y, pane="trimap"):
    """Place on the screen of a pixel of the picture, which is fitted into the pane with a margin."""
    box = page.locator(f"#pane-{pane} canvas").bounding_box()
    scale = min((box["width"] - 48) / 200, (box["height"] - 48) / 150)
    left, top = (box["width"] - 200 * scale) / 2, (box["height"] - 150 * scale) / 2
    return box["x"] + left + x * scale, box["y"] + top + y * scale


def drag(page, *places, pane="trimap"):
    page.mouse.move(*on_screen(page, *places[0], pane))
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*on_screen(page, *place, pane), steps=8)
    page.mouse.up()
    settled(page)


def saved(photos, name="a"):
    return cv2.imread(str(photos / f"out/{name}.png"), cv2.IMREAD_UNCHANGED)


def shown(page, x, y, pane):
    """Colour on the screen at a pixel of the picture."""
    page.mouse.move(5, 5)
    page.wait_for_timeout(100)
    shot = cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    column, row = on_screen(page, x + 0.5, y + 0.5, pane)
    return shot[int(row), int(column)][::-1].tolist()


def sad(alpha, truth):
    return float(np.abs(alpha - truth).sum()) / 1000


def test_strokes_mend_the_trimap_its_file_and_the_alpha(paint, photos, scene, tmp_path):
    page = paint()
    page.get_by_role("radio", name="Alpha").check()
    assert shown(page, 100, 73, "result") == [0, 0, 0]
    page.keyboard.press("f")
    page.locator("#size").fill("170")  # about 19 pixels
    drag(page, (88, 66), (112, 66), (112, 80), (88, 80), (100, 73))
    assert shown(page, 100, 73, "result") == [255, 255, 255]
    assert page.locator("#saved").inner_text() == "Saved" and int(page.evaluate("document.body.dataset.stroke")) > 0
    levels, start = saved(photos), cv2.imread(str(photos / "start.png"), cv2.IMREAD_UNCHANGED)
    assert (levels[HOLE] == 255).mean() > 0.95
    outside = np.ones(levels.shape, bool)
    outside[45:101, 69:131] = False
    assert (levels[outside] == start[outside]).all() and set(np.unique(levels)) == {0, 128, 255}
    page.locator("#download summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Alpha of").click()
    assert download.value.suggested_filename == "a_alpha.png"
    download.value.save_as(tmp_path / "alpha.png")
    alpha = mattekit.read_alpha(tmp_path / "alpha.png")
    before = mattekit.predict(photos / "a.png", photos / "start.png", "closed-form")
    assert sad(alpha, scene.alpha) < 0.35 * sad(before, scene.alpha)
    again = mattekit.predict(photos / "a.png", photos / "out/a.png", "closed-form")
    assert np.abs(alpha - again).max() < 0.51 / 255
    page.keyboard.press("Control+z")
    settled(page)
    assert (saved(photos) == start).all() and shown(page, 100, 73, "result") == [0, 0, 0]
    page.keyboard.press("Control+Shift+z")
    settled(page)
    assert (saved(photos) == levels).all()


def test_brushes_fill_and_eraser_do_what_they_say(paint, photos, scene):
    page = paint()
    page.locator("#size").fill("240")  # about 63 pixels
    page.keyboard.press("b")
    drag(page, (62, 75), (62, 76))  # over the blob's left edge
    assert (saved(photos)[55:96, 40:84] == 0).all()
    page.locator("#size").fill("199")  # about 31
    page.get_by_role("radio", name="Band").click()
    drag(page, (62, 75), (62, 76))
    y, x = np.mgrid[:150, :200]
    distance, unknown = np.hypot(y + 0.5 - 75, x + 0.5 - 62), saved(photos) == 128
    outside = (distance > 7.5) & (distance < 14)
    soft = (scene.alpha > 0.05) & (scene.alpha < 0.95)
    flat = cv2.dilate(soft.astype(np.uint8), np.ones((13, 13))) == 0
    assert unknown[distance < 5].all() and unknown[outside & soft].mean() > 0.8 > 0.2 > unknown[outside & flat].mean()
    page.keyboard.press("e")
    page.locator("#size").fill("260")
    drag(page, (62, 75), (62, 76))
    start = cv2.imread(str(photos / "start.png"), cv2.IMREAD_UNCHANGED)
    assert (saved(photos)[:, :84] == start[:, :84]).all()
    page.keyboard.press("f")
    page.keyboard.press("g")
    page.mouse.click(*on_screen(page, 100, 73))
    settled(page)
    assert (saved(photos)[HOLE] == 255).all()
    page.keyboard.press("Control+z")
    settled(page)
    page.locator("#size").fill("240")  # about 63 pixels, whose disc is larger than the hole
    page.get_by_role("button", name="Fill holes").click()
    settled(page)
    assert (saved(photos)[HOLE] == 255).all() and (saved(photos)[:20] == 0).all()


def test_a_pen_s_pressure_widens_the_brush(paint, photos):
    page = paint()
    page.keyboard.press("u")
    page.locator("#size").fill("220")  # about 45 pixels
    widths = []
    for x, pressure in ((30, 0.2), (170, 0.9)):
        left, top = on_screen(page, x, 20)
        page.locator("#pane-trimap canvas").evaluate(PEN, [left, top, pressure])
        settled(page)
        widths.append(int((saved(photos)[20, x - 30 : x + 30] == 128).sum()))
    assert 14 <= widths[0] <= 22 and 38 <= widths[1] <= 46


PEN = """(canvas, [clientX, clientY, pressure]) => {
  const given = { pointerType: "pen", pointerId: 1, button: 0, clientX, clientY, pressure, bubbles: true };
  canvas.setPointerCapture = () => {};
  for (const kind of ["pointerdown", "pointermove", "pointerup"]) canvas.dispatchEvent(new PointerEvent(kind, given));
}"""


def test_everything_can_be_done_by_keys(paint, photos):
    page = paint()
    canvas = page.locator("#pane-trimap canvas")
    canvas.focus()
    page.keyboard.press("b")
    assert page.get_by_role("radio", name="Background").get_attribute("aria-checked") == "true"
    for key in ("[", "[", "ArrowRight", "Shift+ArrowDown", "Enter"):
        page.keyboard.press(key)
    settled(page)
    assert (saved(photos) != cv2.imread(str(photos / "start.png"), cv2.IMREAD_UNCHANGED)).any()
    page.keyboard.press("1")
    page.locator("#zoom-level").filter(has_text="100 %").wait_for()
    page.keyboard.press("+")
    page.locator("#zoom-level").filter(has_text="125 %").wait_for()
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Enter")
    assert not page.get_by_role("dialog").is_visible()
    page.keyboard.press("PageDown")
    settled(page)
    assert page.title().startswith("b –") and page.locator("#chooser").input_value() == "1"
    page.get_by_role("radio", name="Background").focus()
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.dataset.tool") == "fg"
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button, summary, input:not([hidden]), select')]"
        ".filter((e) => !(e.textContent.trim() || e.ariaLabel || e.labels?.[0]?.textContent.trim()))"
        ".map((e) => e.outerHTML)"
    )
    assert unnamed == []


def test_an_upload_is_started_from_a_box_and_a_mask(make_site, serving, tab, photos, scene, encode):
    address = serving(make_site())
    page = tab(address)
    page.goto(address)
    page.locator("#upload").set_input_files(str(photos / "a.png"))
    settled(page)
    assert page.locator("#name").inner_text() == "a"
    page.locator("#start summary").click()
    page.get_by_text("A box", exact=True).click()
    drag(page, (42, 15), (160, 138))
    page.locator("#undo:enabled").wait_for()
    settled(page)
    (photos / "mask.png").write_bytes(encode((scene.alpha > 0.5).astype(np.float32)))
    page.locator("#start summary").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_text("A mask …").click()
    with page.expect_response(lambda answer: answer.url.endswith("/start")) as answer:
        chooser.value.set_files(str(photos / "mask.png"))
    levels = np.frombuffer(answer.value.body(), np.uint8).reshape(150, 200)
    known = levels != 128
    assert (levels[known] / 255 == (scene.alpha[known] > 0.5)).all()
    settled(page)
    page.get_by_role("radio", name="Alpha").check()
    for x, y, value in ((100, 75, 255), (4, 4, 0), (4, 145, 0), (195, 75, 0)):  # near and far
        assert shown(page, x, y, "result") == [value] * 3
    page.get_by_role("radio", name="Cut-out").check()
    page.get_by_role("radio", name="White").check()
    assert shown(page, 4, 4, "result") == [255, 255, 255]
    page.locator("#colour").fill("#20c0e0")
    assert shown(page, 4, 4, "result") == [0x20, 0xC0, 0xE0]
    (photos / "scene.png").write_bytes(encode(np.broadcast_to(np.uint8([200, 40, 90]), (20, 30, 3)).copy()))
    with page.expect_file_chooser() as chooser:
        page.get_by_role("radio", name="A picture").check()
    chooser.value.set_files(str(photos / "scene.png"))
    page.wait_for_timeout(200)
    assert shown(page, 4, 4, "result") == [200, 40, 90]
    assert max(abs(a - 255 * b) for a, b in zip(shown(page, 100, 75, "result"), scene.image[75, 100], strict=True)) < 9
    page.get_by_role("radio", name="Trimap").check()
    assert shown(page, 100, 75, "trimap") == [255, 255, 255] and shown(page, 4, 4, "trimap") == [0, 0, 0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone(paint, scheme):
    page = paint(viewport={"width": 375, "height": 700}, color_scheme=scheme, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    for name in ("#pane-trimap", "#pane-result", "#tools", "#bar"):
        box = page.locator(name).bounding_box()
        assert box["width"] >= 300 and box["x"] >= 0 and box["y"] + box["height"] <= 700
    page.touchscreen.tap(*on_screen_of_phone(page))
    settled(page)
    assert not page.locator("#undo").is_disabled()
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    light = sum(json.loads(paper.replace("rgb(", "[").replace(")", "]"))) > 384
    assert light == (scheme == "light")


def on_screen_of_phone(page):
    box = page.locator("#pane-trimap canvas").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

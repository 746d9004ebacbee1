"""The page's requests: pictures by index, strokes, the result, starts, downloads, and files that are always whole."""

import json
import time

import cv2
import numpy as np
import pytest

import mattekit
from mattekit.files import write_bytes
from mattekit.web.windows import Window


@pytest.fixture
def folder(tmp_path, scene, encode):
    """Files a.png and b.png, and the trimap of a to start from."""
    for name in "ab":
        write_bytes(tmp_path / f"photos/{name}.png", encode(scene.image))
    write_bytes(tmp_path / "start/a.png", encode(scene.levels))
    return tmp_path


@pytest.fixture
def album(folder, web):
    from mattekit.web.album import Entry, Files

    def album(**changes):
        entries = [
            Entry(
                name,
                folder / f"photos/{name}.png",
                folder / f"out/{name}.png",
                folder / "start/a.png" if name == "a" else None,
            )
            for name in "ab"
        ]
        return Files(entries, "closed-form", 1, **changes)

    return album


@pytest.fixture
def painter(client, make_site, album):
    """A client of a server of the two files, and its site."""
    site = make_site(album())
    with client(site) as one:
        one.site = site
        yield one


PICTURE = "/paint/pictures/0"


def stroke(one, x, y, patch, picture=PICTURE):
    height, width = patch.shape
    return one.post(f"{picture}/strokes?x={x}&y={y}&width={width}&height={height}", content=patch.tobytes())


def pixels_of(answer):
    x, y, width, height = map(int, answer.headers["x-window"].split(","))
    return (slice(y, y + height), slice(x, x + width)), np.frombuffer(answer.content, np.uint8).reshape(
        height, width, 4
    )


def wait_until(true, seconds=10):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def test_pictures_are_listed_and_opened_by_their_number(painter, scene, decode):
    listed = painter.get("/paint/pictures").json()
    assert listed["pictures"] == [{"id": str(n), "name": name, "saved": False} for n, name in enumerate("ab")]
    assert listed["uploads"] is False
    about = painter.get(PICTURE).json()
    assert (about["width"], about["height"], about["depth"], about["name"]) == (200, 150, "8", "a")
    assert (decode(painter.get(f"{PICTURE}/image").content) == np.rint(scene.image * 255)).all()
    assert painter.get(f"{PICTURE}/levels").content == scene.levels.tobytes()
    assert set(painter.get("/paint/pictures/1/levels").content) == {128}
    for wrong in ("2", "-1", "00x", "²", "9" * 40):
        assert painter.get(f"/paint/pictures/{wrong}").status_code == 404


def test_strokes_change_the_result_and_are_refined(painter, scene):
    _, first = pixels_of(painter.get(f"{PICTURE}/result"))
    assert np.abs(first[..., 3] / 255 - scene.alpha).mean() < 0.05
    while painter.post(f"{PICTURE}/refine").status_code == 200:
        pass
    answer = stroke(painter, 60, 50, np.zeros((30, 40), np.uint8))
    place, patch = pixels_of(answer)
    assert (patch[50 - place[0].start :, 60 - place[1].start :][:30, :40, 3] == 0).all()
    order = int(answer.headers["x-order"])
    fine = painter.post(f"{PICTURE}/refine")
    assert fine.status_code == 200 and int(fine.headers["x-order"]) > order
    assert stroke(painter, 60, 50, np.zeros((30, 40), np.uint8)).status_code == 204  # nothing new
    assert painter.post(f"{PICTURE}/finish").status_code == 200
    _, whole = pixels_of(painter.get(f"{PICTURE}/result"))
    levels = np.frombuffer(painter.get(f"{PICTURE}/levels").content, np.uint8).reshape(150, 200)
    image = np.rint(scene.image * 255).astype(np.uint8)
    assert np.abs(whole[..., 3] / 255.0 - mattekit.predict(image, levels, "closed-form")).max() < 0.51 / 255


@pytest.mark.parametrize(
    ("query", "size", "status"),
    [
        ("x=0&y=0&width=2&height=2", 3, 422),
        ("x=0&y=0&width=2&height=2", 5, 422),
        ("x=0&y=0&width=0&height=2", 0, 422),
        ("x=199&y=0&width=2&height=2", 4, 422),
        ("x=-1&y=0&width=2&height=2", 4, 422),
        ("x=0&y=0&width=2", 4, 422),
        ("x=0&y=0&width=99999999999&height=1", 4, 422),
    ],
)
def test_strokes_that_do_not_fit_change_nothing(painter, query, size, status):
    before = painter.get(f"{PICTURE}/levels").content
    assert painter.post(f"{PICTURE}/strokes?{query}", content=b"\0" * size).status_code == status
    assert painter.get(f"{PICTURE}/levels").content == before


def test_every_stroke_is_saved_soon_and_found_again(painter, folder, album, client, make_site):
    target = folder / "out/a.png"
    assert not target.exists()
    stroke(painter, 5, 5, np.full((9, 7), 255, np.uint8))
    wait_until(lambda: painter.get(f"{PICTURE}/saved").json()["saved"]["revision"] == 1)
    levels = cv2.imread(str(target), cv2.IMREAD_UNCHANGED)
    assert levels.tobytes() == painter.get(f"{PICTURE}/levels").content and (levels[5:14, 5:12] == 255).all()
    assert painter.get("/paint/pictures").json()["pictures"][0]["saved"]
    with client(make_site(album())) as again:  # as after a crash
        assert again.get(f"{PICTURE}/levels").content == levels.tobytes()


def test_the_end_saves_what_is_due(client, make_site, album, folder):
    with client(make_site(album())) as one:
        stroke(one, 0, 0, np.full((3, 3), 255, np.uint8))
    assert (cv2.imread(str(folder / "out/a.png"), cv2.IMREAD_UNCHANGED)[:3, :3] == 255).all()


def test_what_cannot_be_saved_is_told_and_saved_later(painter, folder):
    write_bytes(folder / "out", b"in the way")
    stroke(painter, 5, 5, np.full((9, 7), 255, np.uint8))
    wait_until(lambda: painter.get(f"{PICTURE}/saved").json()["saved"]["error"])
    (folder / "out").unlink()
    stroke(painter, 5, 5, np.full((9, 7), 0, np.uint8))
    wait_until(lambda: painter.get(f"{PICTURE}/saved").json()["saved"] == {"revision": 2, "error": ""})


def test_pictures_of_a_folder_stay_open_a_few_at_a_time(folder, scene, encode, web):
    from mattekit.web.album import KEPT, Entry, Files

    entries = [Entry(f"{n}", folder / "photos/a.png", folder / f"out/{n}.png") for n in range(KEPT + 2)]
    album = Files(entries, "shared", 1)
    first = album.open("0")
    first.paint(Window(0, 0, 2, 2), np.zeros((2, 2), np.uint8))
    album.changed("0")
    for n in range(1, KEPT + 2):
        album.open(str(n))
    assert (folder / "out/0.png").exists() and album.open("0") is not first
    assert (album.open("0").levels == first.levels).all()
    album.close()


def test_a_trimap_starts_from_a_source(painter, scene, encode):
    mask = encode((scene.alpha > 0.5).astype(np.float32))
    answer = painter.post("/paint/pictures/1/start", files={"mask": ("m.png", mask)}, data={"band": "5"})
    levels = np.frombuffer(answer.content, np.uint8).reshape(150, 200)
    assert set(np.unique(levels)) == {0, 128, 255} and answer.headers["x-revision"] == "1"
    known = levels != 128
    assert (levels[known] / 255 == (scene.alpha[known] > 0.5)).all()
    answer = painter.post("/paint/pictures/1/start", data={"box": "40,15,120,120"})
    assert answer.status_code == 422  # a form must be multipart
    answer = painter.post("/paint/pictures/1/start", files={"box": (None, "40,15,120,120")})
    assert answer.status_code == 200 and answer.content != levels.tobytes()
    assert painter.post("/paint/pictures/1/start", files={"box": (None, "0,0,900,900")}).status_code == 422


def test_downloads_are_files_of_the_whole_picture(painter, scene, decode):
    answer = painter.get(f"{PICTURE}/download/trimap")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''a_trimap.png"
    assert (decode(answer.content) == scene.levels).all()
    image = np.rint(scene.image * 255).astype(np.uint8)
    alpha = mattekit.predict(image, scene.levels, "closed-form")
    assert np.abs(decode(painter.get(f"{PICTURE}/download/alpha?depth=16").content) / 65535.0 - alpha).max() < 1e-5
    cutout = decode(painter.get(f"{PICTURE}/download/cutout?format=png").content)
    assert np.abs(cutout / 255 - mattekit.cutout(image, alpha)).max() < 0.51 / 255
    for wrong in ("alpha?format=gif", "alpha?depth=12", "everything"):
        assert painter.get(f"{PICTURE}/download/{wrong}").status_code == 422


def test_16_bit_sources_are_shown_in_8_and_saved_untouched(client, scene, encode, decode):
    dark = scene.image * 0.15
    with client() as one:
        files = {"image": encode(dark, depth=np.uint16), "trimap": encode(scene.levels)}
        told = one.post("/paint/pictures", files=files, data={"name": "C:\\x/../é<b>.tif"})
        assert told.status_code == 201 and told.json()["name"] == "é<b>"
        base = f"/paint/pictures/{told.json()['id']}"
        assert "brighter" in one.get(base).json()["note"] and one.get(base).json()["depth"] == "16"
        assert decode(one.get(f"{base}/image").content).max() > 200
        answer = one.get(f"{base}/download/cutout")
        assert answer.headers["content-disposition"].endswith("''%C3%A9%3Cb%3E_cutout.png")
        cutout, opaque = decode(answer.content), scene.levels == 255
        assert cutout.dtype == np.uint16
        assert (cutout[opaque][:, :3] == np.rint(dark * 65535)[opaque]).all()


def test_uploads_are_their_senders_own_and_bounded(client, make_site, scene, encode):
    site = make_site()
    most = int(site.limits.megapixels * 1e6) // scene.levels.size
    with client(site) as one:
        first = one.post("/paint/pictures", files={"image": encode(scene.image)}).json()["id"]
        assert len(first) >= 20 and one.get("/paint/pictures").json() == {"pictures": [], "uploads": True}
        assert one.get(f"/paint/pictures/{first}").json()["saved"] is None
        painting = site.album.open(first)
        for n in range(most):
            site.album._kept[f"other {n}"] = "", painting
        one.post("/paint/pictures", files={"image": encode(scene.image)})
        assert one.get(f"/paint/pictures/{first}").status_code == 404
        assert "mattekit_pictures" in one.get("/metrics").text
        assert one.post("/paint/pictures", files={"trimap": encode(scene.levels)}).status_code == 422


def test_one_s_own_files_take_no_uploads(painter, scene, encode):
    assert painter.post("/paint/pictures", files={"image": encode(scene.image)}).status_code == 422
    assert json.loads(painter.get("/health").content)["status"] == "ok"

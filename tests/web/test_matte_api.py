"""POST /v1/matte: every source, format and way to answer gives what the library gives, and errors say what is wrong."""

import base64
import json
import re

import numpy as np
import pytest

import mattekit
from mattekit.web.workers import Left


@pytest.fixture
def post(client, scene, encode):
    """Post a form of the scene's image with more files and fields."""
    one = client()

    def post(files=None, headers=None, image=None, **fields):
        given = {"image": encode(scene.image) if image is None else image, **(files or {})}
        return one.post("/v1/matte", files={k: (k, v) for k, v in given.items()}, data=fields, headers=headers)

    with one:
        yield post


@pytest.fixture
def trimap(scene, encode):
    return {"trimap": encode(scene.levels)}


def test_an_image_and_a_trimap_give_the_alpha_of_predict(post, trimap, scene, decode, encode):
    answer = post(trimap)
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/png"
    image = decode(encode(scene.image))
    expected = mattekit.predict(image, scene.levels, "closed-form")
    assert np.abs(decode(answer.content) / 255 - expected).max() <= 0.501 / 255


@pytest.mark.parametrize(("name", "media"), [("png", "image/png"), ("webp", "image/webp"), ("tiff", "image/tiff")])
def test_pictures_have_the_format_that_was_asked_for(post, trimap, decode, name, media):
    answer = post(trimap, format=name, save="cutout", model="shared")
    assert answer.headers["content-type"] == media and decode(answer.content).shape == (150, 200, 4)


def test_exr_answers_hold_linear_light(post, trimap, tmp_path):
    pytest.importorskip("OpenEXR", reason="OpenEXR is not installed")
    answer = post(trimap, format="exr", model="shared")
    assert answer.headers["content-type"] == "image/x-exr"
    (tmp_path / "a.exr").write_bytes(answer.content)
    png = post(trimap, depth="16", model="shared").content
    (tmp_path / "a.png").write_bytes(png)
    assert np.abs(mattekit.read_alpha(tmp_path / "a.exr") - mattekit.read_alpha(tmp_path / "a.png")).max() < 1e-3


def test_a_16_bit_source_gives_16_bits_and_its_own_colours(post, trimap, scene, encode, decode):
    answer = post(trimap, image=encode(scene.image, depth=np.uint16), save="cutout", model="shared")
    cutout = decode(answer.content)
    assert cutout.dtype == np.uint16
    opaque = scene.levels == 255
    assert np.abs(cutout[opaque][:, :3] - scene.image[opaque] * 65535.0).max() <= 1


def test_several_pictures_come_as_json(post, trimap, decode):
    answer = post(trimap, save="alpha, cutout,trimap,composite", background="#ff0000", model="shared").json()
    assert (answer["width"], answer["height"], answer["model"]) == (200, 150, "shared") and answer["seconds"] > 0
    pixels = {kind: decode(base64.b64decode(one["data"])) for kind, one in answer["outputs"].items()}
    assert list(pixels) == ["alpha", "cutout", "trimap", "composite"]
    assert set(np.unique(pixels["trimap"])) == {0, 128, 255}
    assert (pixels["composite"][pixels["alpha"] == 0] == (255, 0, 0)).all()


@pytest.mark.parametrize(
    ("files", "fields", "source"),
    [
        (["mask"], {}, "mask"),
        (["mask"], {"band": "6"}, "mask"),
        (["clean_plate"], {}, "clean-plate"),
        (["scribbles"], {}, "scribbles"),
        ([], {"box": "45,20,110,110"}, "box"),
        ([], {"points": "+100,75 +90,60 -5,5 -190,140"}, "points"),
        ([], {"box": "45,20,110,110", "points": "+100,75"}, "box"),
        ([], {"screen": "blue"}, "screen"),
    ],
)
def test_every_source_makes_a_trimap_that_holds_the_truth(post, scene, encode, decode, files, fields, source):
    strokes = np.full(scene.levels.shape, 128, np.uint8)
    strokes[60:90, 80:120], strokes[:10] = 255, 0
    pictures = {
        "mask": encode((scene.alpha > 0.5).astype(np.float32)),
        "clean_plate": encode(np.float32((0.15, 0.3, 0.55)) * np.ones((150, 200, 1), np.float32)),
        "scribbles": encode(strokes),
    }
    image = None
    if source == "screen":
        image = encode(
            (scene.alpha[..., None] * (0.9, 0.6, 0.3) + (1 - scene.alpha[..., None]) * (0.1, 0.2, 0.9)).astype(
                np.float32
            )
        )
    answer = post({name: pictures[name] for name in files}, image=image, save="trimap", answer="json", **fields)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["trimap"]["source"] == source
    made = decode(base64.b64decode(told["outputs"]["trimap"]["data"]))
    known = made != 128
    assert known.mean() > 0.05 and np.abs(made[known] / 255 - scene.alpha[known]).mean() < 0.1


def test_progress_is_streamed(post, trimap, decode):
    answer = post(trimap, headers={"accept": "text/event-stream"}, model="shared")
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [dict(line.split(": ", 1) for line in part.split("\n")) for part in answer.text.strip().split("\n\n")]
    assert [one["event"] for one in events] == ["queued", *["progress"] * 4, "result"]
    steps = [json.loads(one["data"])["step"] for one in events[1:-1]]
    assert steps == ["started", "decoding", "alpha", "encoding"]
    result = json.loads(events[-1]["data"])
    assert decode(base64.b64decode(result["outputs"]["alpha"]["data"])).shape == (150, 200)


def test_an_error_ends_the_stream(post, encode):
    answer = post({"trimap": encode(np.full((10, 10), 128, np.uint8))}, answer="events")
    assert answer.text.count("event: ") == 4 and "200x150" in answer.text.split("event: error")[1]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"model": "/etc/passwd"}, "model"),
        ({"model": "none-such"}, "wanted one of closed-form"),
        ({"save": "everything"}, "save"),
        ({"save": "alpha,cutout", "answer": "picture"}, "json"),
        ({"format": "gif"}, "format"),
        ({"format": "webp", "depth": "16"}, "depth 16"),
        ({"depth": "12"}, "depth"),
        ({"tta": "all"}, "tta"),
        ({"max_size": "-1"}, "max_size"),
        ({"max_size": "٣٢"}, "max_size"),
        ({"background": "no colour"}, "no colour"),
        ({"fit": "yes"}, "fit"),
        ({"foreground_method": "x"}, "foreground_method"),
        ({"box": "1,2,3,4"}, "exclude each other"),
        ({"band": "5"}, "band"),
        ({"colour": "red"}, "no such field"),
    ],
)
def test_what_cannot_be_had_is_refused_before_any_work(post, trimap, fields, told, monkeypatch):
    monkeypatch.setattr("mattekit.web.workers.Workers.do", None)
    answer = post(trimap, **fields)
    assert answer.status_code == 422 and told in answer.json()["error"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"image": b"no picture"}, "image: not an image"),
        ({"image": b""}, "image: an empty file"),
        ({"image": b"\x89PNG\r\n\x1a\n" + b"\0" * 40}, "image: "),
    ],
)
def test_what_is_no_picture_is_refused(post, trimap, given, told):
    answer = post(trimap, **given)
    assert answer.status_code == 422 and answer.json()["error"].startswith(told)


def test_what_a_box_cannot_be_is_told(post):
    assert post(box="1,2,3").status_code == post(box="0,0,0,5").status_code == 422
    assert "outside" in post(box="0,0,900,900").json()["error"]
    assert "no trimap" in post().json()["error"]


def test_a_form_with_a_name_twice_or_no_form_is_refused(client):
    with client() as one:
        twice = one.post("/v1/matte", files=[("image", b"a"), ("image", b"b")])
        assert twice.status_code == 422 and "twice" in twice.json()["error"]
        for body in ({"json": {}}, {"content": b"x", "headers": {"content-type": "multipart/form-data"}}):
            assert one.post("/v1/matte", **body).status_code == 422
        broken = {"content-type": "multipart/form-data; boundary=x"}
        assert one.post("/v1/matte", content=b"--x\r\nrubbish", headers=broken).status_code == 422


def test_a_model_that_needs_both_classes_says_so(post, encode, scene):
    answer = post({"trimap": encode(np.where(scene.levels == 0, 128, scene.levels).astype(np.uint8))})
    assert answer.status_code == 422 and "no background" in answer.json()["error"]


def test_the_server_tells_of_itself(client):
    with client() as one:
        assert one.get("/health").json()["status"] == "ok"
        models = one.get("/v1/models").json()["models"]
        assert models[0] == {"name": "closed-form", "kind": "classical method"}
        one.post("/v1/matte")
        text = one.get("/metrics").text
        assert 'mattekit_requests_total{path="/v1/matte",status="422"} 1' in text
        assert 'mattekit_seconds_bucket{path="/health",le="+Inf"} 1' in text and "\nmattekit_waiting 0\n" in text
        described = one.get("/openapi.json").json()
        assert set(described["paths"]) == {"/v1/matte", "/v1/models", "/health", "/metrics", "/openapi.json"}
        assert one.get("/none").status_code == 404 and one.get("/v1/matte").status_code == 405


def test_every_field_is_described_and_every_described_field_is_taken(client):
    from mattekit.web.matting import PICTURES, SETTINGS
    from mattekit.web.trimaps import FIELDS

    with client() as one:
        body = one.get("/openapi.json").json()["paths"]["/v1/matte"]["post"]["requestBody"]
    fields = body["content"]["multipart/form-data"]["schema"]["properties"]
    assert set(fields) == SETTINGS | PICTURES | set(FIELDS) | {"band"}


def test_the_described_pattern_of_outputs_takes_what_the_server_takes(client):
    with client() as one:
        body = one.get("/openapi.json").json()["paths"]["/v1/matte"]["post"]["requestBody"]
    pattern = re.compile(body["content"]["multipart/form-data"]["schema"]["properties"]["save"]["pattern"])
    assert all(map(pattern.match, ("alpha", "cutout , trimap", "alpha,alpha")))
    assert not any(map(pattern.match, ("", "alpha,", "matte", "alphacutout")))


def test_a_fault_of_the_server_shows_no_traceback(post, trimap, monkeypatch, caplog):
    monkeypatch.setattr("mattekit.jobs.matte.predict_alpha", lambda *given, **more: 1 / 0)
    answer = post(trimap)
    assert answer.status_code == 500 and answer.json() == {"error": "a fault of the server's own."}
    assert "ZeroDivisionError" in caplog.text


def test_work_whose_client_left_stops_at_its_next_part(scene, encode):
    from mattekit.web.body import Form
    from mattekit.web.matting import Settings, matte
    from mattekit.web.workers import Work

    form = Form({}, {"image": encode(scene.image), "trimap": encode(scene.levels)})
    settings = Settings.of(form, ("shared",), 1)
    steps = []
    work = Work(None, lambda step: (steps.append(step), work.left.set()))
    with pytest.raises(Left):
        matte(form, settings, "shared", 1, work)
    assert steps == ["decoding"]


def test_work_whose_client_left_stops_between_views(scene, encode):
    from mattekit.web.body import Form
    from mattekit.web.matting import Settings, matte
    from mattekit.web.workers import Work

    form = Form({"tta": "dihedral"}, {"image": encode(scene.image), "trimap": encode(scene.levels)})
    settings = Settings.of(form, ("shared",), 1)
    steps = []
    work = Work(None, lambda step: (steps.append(step), steps.count("alpha") == 3 and work.left.set()))
    with pytest.raises(Left):
        matte(form, settings, "shared", 1, work)
    assert steps == ["decoding", "alpha", "alpha", "alpha"]
    work = Work(None, steps.append)
    assert matte(form, settings, "shared", 1, work)["width"] == 200 and steps.count("alpha") == 3 + 8


def test_composites_lie_over_a_picture_of_the_form_and_no_file_of_the_server(post, trimap, encode, decode, tmp_path):
    behind = np.full((30, 30, 3), 0.2, np.float32)
    answer = post({**trimap, "background_image": encode(behind)}, save="composite", model="shared")
    assert (decode(answer.content)[0, 0] == 51).all()
    (tmp_path / "secret.png").write_bytes(encode(behind))
    assert post(trimap, save="composite", background=str(tmp_path / "secret.png")).status_code == 422


def test_light_stronger_than_white_comes_back_as_it_was(post, trimap, scene, tmp_path):
    pytest.importorskip("OpenEXR", reason="OpenEXR is not installed")
    from mattekit.imaging import io

    light = (scene.image**2.2 * 3).astype(np.float32)
    io.write_image(tmp_path / "in.exr", light, depth="float", light=True)
    answer = post(trimap, image=(tmp_path / "in.exr").read_bytes(), save="cutout", format="exr", depth="float")
    (tmp_path / "out.exr").write_bytes(answer.content)
    cutout, opaque = io.read_raw(tmp_path / "out.exr").pixels, scene.levels == 255
    assert np.abs(cutout[opaque][:, :3] - light[opaque]).max() < 1e-5 and light[opaque].max() > 1.5

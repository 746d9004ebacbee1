"""A small picture with its true alpha and trimap, servers of it in this process, and clients of those."""

import threading
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from mattekit.imaging.trimap import from_alpha, to_levels

SIZE = (150, 200)  # height and width
MODEL = "closed-form"


def make_scene(size=SIZE, seed=3):
    """Image (H, W, 3) and alpha (H, W) float32 of a blob with a soft edge, over a background of other colours."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]]
    angle = np.arctan2(y - size[0] / 2, x - size[1] / 2)
    radius = min(size) * (0.28 + 0.05 * np.sin(5 * angle))
    alpha = np.clip((radius - np.hypot(y - size[0] / 2, x - size[1] / 2)) / 6 + 0.5, 0, 1).astype(np.float32)

    def texture(colour):
        noise = cv2.GaussianBlur(rng.normal(0, 1, (*size, 1)).astype(np.float32), (0, 0), 3)[..., None]
        return (np.float32(colour) + 0.4 * noise).clip(0, 1)

    image = alpha[..., None] * texture((0.85, 0.55, 0.2)) + (1 - alpha[..., None]) * texture((0.15, 0.3, 0.55))
    return image.astype(np.float32), alpha


@pytest.fixture
def scene():
    """`image` and `alpha` float32, the `levels` of the trimap, and functions that write and measure."""
    image, alpha = make_scene()
    levels = to_levels(from_alpha(alpha, erode=4, dilate=4))
    return SimpleNamespace(image=image, alpha=alpha, levels=levels, make=make_scene)


def as_bytes(pixels, suffix=".png", depth=np.uint8):
    """Bytes of a file of pixels in 0..1, or of integers as they are."""
    if pixels.dtype.kind == "f":
        pixels = np.rint(pixels * np.iinfo(depth).max).astype(depth)
    if pixels.ndim == 3:
        pixels = pixels[..., [2, 1, 0, *range(3, pixels.shape[2])]]
    done, data = cv2.imencode(suffix, pixels)
    assert done
    return data.tobytes()


@pytest.fixture
def encode():
    """A function that makes a file's bytes of pixels."""
    return as_bytes


def from_bytes(data):
    """Pixels of a file as stored, in RGB order."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return pixels if pixels.ndim == 2 else pixels[..., [2, 1, 0, *range(3, pixels.shape[2])]]


@pytest.fixture
def decode():
    """A function that reads the pixels of a file's bytes."""
    return from_bytes


@pytest.fixture
def web():
    """Skip without the packages of the extra `web`."""
    for package in ("starlette", "uvicorn", "python_multipart"):
        pytest.importorskip(package, reason='servers are tested with the packages of pip install "mattekit[test]"')


@pytest.fixture
def make_site(web):
    """A function that makes a `Site` for uploads, or of an album; its threads end with the test."""
    from mattekit.web.album import Uploads
    from mattekit.web.body import Limits
    from mattekit.web.site import Site
    from mattekit.web.workers import Workers

    made = []

    def make_site(album=None, limits=None, **workers):
        limits = limits or Limits(megabytes=8, megapixels=2, seconds=5)
        models = {name: name for name in (MODEL, "shared", "default")}
        made.append(Site(Workers(**workers), album or Uploads(MODEL, limits.megapixels), models, limits))
        return made[-1]

    yield make_site
    for site in made:
        site.workers.close()
        site.album.close()


@pytest.fixture
def client(make_site):
    """A function that makes a client of an application in this process; `door` and `site` as for `application`."""
    from starlette.testclient import TestClient

    from mattekit.web.app import application
    from mattekit.web.guard import Door

    def client(site=None, door=None, **headers):
        app = application(site or make_site(), door or Door())
        return TestClient(app, "http://127.0.0.1:8000", headers=headers, raise_server_exceptions=False)

    return client


@pytest.fixture
def serving(web):
    """A function that serves a site on loopback in a thread, and returns its address."""
    from mattekit.web.app import application
    from mattekit.web.guard import Door
    from mattekit.web.server import listen, server_of

    running = []

    def serving(site, token=None):
        listener = listen("127.0.0.1", 0)
        server = server_of(application(site, Door(token=token)))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        running.append((server, thread, listener))
        return f"http://127.0.0.1:{listener.getsockname()[1]}/" + (f"?token={token}" if token else "")

    yield serving
    for server, thread, listener in running:
        server.should_exit = True
        thread.join(20)
        listener.close()
        assert not thread.is_alive()

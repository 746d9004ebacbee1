"""Bounds: of bytes and pixels before anything is decoded, of time, of what waits; and clients that leave."""

import asyncio
import struct
import threading
import time
import zlib

import pytest

from mattekit.web.workers import Busy, Left, Workers


@pytest.fixture
def workers():
    made = []

    def workers(**given):
        made.append(Workers(**given))
        return made[-1]

    yield workers
    for each in made:
        each.close()


def bomb(width, height):
    """A PNG whose header tells of many pixels, and which has none."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


def test_a_decompression_bomb_is_refused_by_its_header(client, scene, encode, monkeypatch):
    monkeypatch.setattr("mattekit.imaging.io.decode_raw", None)
    with client() as one:
        for files in ({"image": bomb(60000, 60000)}, {"image": encode(scene.image), "trimap": bomb(60000, 60000)}):
            answer = one.post("/v1/matte", files={"trimap": encode(scene.levels), **files})
            assert answer.status_code == 413 and "60000x60000" in answer.json()["error"]
        answer = one.post("/paint/pictures", files={"image": bomb(60000, 60000)})
        assert answer.status_code == 413


def test_a_body_that_says_it_is_too_large_is_not_read(client):
    def endless():
        pytest.fail("the body was read")
        yield b""

    with client() as one:
        answer = one.post("/v1/matte", content=endless(), headers={"content-length": str(1 << 31)})
    assert answer.status_code == 413 and "8 MB" in answer.json()["error"]


def test_a_body_that_grows_too_large_is_dropped(client):
    def growing():
        yield b"--x\r\nContent-Disposition: form-data; name=image; filename=a\r\n\r\n"
        for _ in range(100):
            yield b"x" * (1 << 20)

    headers = {"content-type": "multipart/form-data; boundary=x"}
    with client() as one:
        answer = one.post("/v1/matte", content=growing(), headers=headers)
    assert answer.status_code == 413 and "more than 8 MB" in answer.json()["error"]


class Sender:
    """A request whose body comes as a test says: parts, and seconds before each."""

    def __init__(self, *parts, length=None):
        self.parts = list(parts)
        headers = [] if length is None else [(b"content-length", str(length).encode())]
        self.scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}

    async def __call__(self):
        if not self.parts:
            return {"type": "http.disconnect"}
        seconds, data = self.parts.pop(0)
        await asyncio.sleep(seconds)
        return {"type": "http.request", "body": data, "more_body": bool(self.parts)}


def test_a_slow_client_is_given_up(web):
    from starlette.requests import Request

    from mattekit.web.answers import TooSlow
    from mattekit.web.body import Limits, read_bytes

    def read(*parts, seconds):
        sender = Sender(*parts)
        return asyncio.run(
            read_bytes(Request(sender.scope, sender), Limits(seconds=seconds), sum(len(data) for _, data in parts))
        )

    assert read((0, b"ab"), (0, b"c"), seconds=5) == b"abc"
    with pytest.raises(TooSlow, match="nothing came"):
        read((0, b"a"), (5, b"bc"), seconds=0.05)
    with pytest.raises(TooSlow, match="less than a megabyte"):
        read(*[(0.03, b"a")] * 20, seconds=0.1)


def test_work_that_waits_too_long_a_line_is_told_when_to_come_again(workers):
    queue, go = workers(jobs=1, waiting=2), threading.Event()

    async def scenario():
        running = asyncio.ensure_future(queue.do(lambda work: go.wait(10)))
        while not queue.running:
            await asyncio.sleep(0.01)
        waiting = [asyncio.ensure_future(queue.do(lambda work: 1)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Busy) as busy:
            await queue.do(lambda work: 2)
        assert busy.value.seconds >= 1
        urgent = await queue.do(lambda work: 3, urgent=True)  # strokes do not wait behind mattes
        assert urgent == 3 and queue.running == 1
        go.set()
        assert await asyncio.gather(running, *waiting) == [True, 1, 1]

    asyncio.run(scenario())


def test_work_of_a_client_that_left_is_not_begun(workers):
    queue, go, begun = workers(jobs=1), threading.Event(), []

    async def scenario():
        running = asyncio.ensure_future(queue.do(lambda work: (go.wait(10), work.step("next"))))
        while not queue.running:
            await asyncio.sleep(0.01)
        waiting = asyncio.ensure_future(queue.do(lambda work: begun.append(1)))
        await asyncio.sleep(0)
        assert queue.waiting == 1
        for task in (waiting, running):
            task.cancel()
        await asyncio.gather(waiting, running, return_exceptions=True)
        assert queue.waiting == 0
        go.set()

    asyncio.run(scenario())
    deadline = time.monotonic() + 10
    while queue.running and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not begun and not queue.running


def test_memory_of_requests_is_bounded(workers):
    queue = workers(memory=100)
    with queue.reserved(60):
        with pytest.raises(Busy):
            with queue.reserved(60):
                pass
        with queue.reserved(40):
            assert queue.held == 100
    assert queue.held == 0


def test_a_client_that_leaves_cancels_what_it_waits_for(web):
    from starlette.requests import Request

    from mattekit.web.body import while_there

    ended = []

    async def work():
        try:
            await asyncio.sleep(30)
        finally:
            ended.append(True)

    async def scenario():
        sender = Sender()
        with pytest.raises(Left):
            await while_there(Request(sender.scope, sender), work())

    asyncio.run(scenario())
    assert ended == [True]


def test_a_full_queue_answers_503_with_a_time(client, make_site, scene, encode):
    site = make_site(jobs=1, waiting=1)
    site.workers.most_waiting = 0
    with client(site) as one:
        answer = one.post("/v1/matte", files={"image": encode(scene.image), "trimap": encode(scene.levels)})
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) >= 1

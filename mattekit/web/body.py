"""Bodies of requests: read within limits of bytes and time, multipart forms kept in memory, and clients that leave."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from mattekit.errors import InputError
from mattekit.web.answers import TooLarge, TooSlow
from mattekit.web.workers import Left, Workers

MOST_FIELDS, MOST_FILES = 32, 4
FIELD_BYTES = 1 << 16
T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """Largest requests.

    Attributes
    ----------
    megabytes : float
        Of a body.
    megapixels : float
        Of each picture in it.
    seconds : float
        Between two parts of a body, and for each megabyte of it.
    """

    megabytes: float = 256
    megapixels: float = 100
    seconds: float = 30


@dataclass(frozen=True)
class Form:
    """Fields of a form, and the bytes of its files, by name."""

    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


class InMemory(MultiPartParser):
    """Starlette's parser without its temporary files: the body's own limit bounds them."""

    spool_max_size = 1 << 62


@asynccontextmanager
async def read_form(request: Request, limits: Limits, workers: Workers) -> AsyncIterator[Form]:
    """Read a multipart form, and hold its memory for the block.

    Raises
    ------
    TooLarge, TooSlow, Busy
        By the limits, before more is read than they allow.
    InputError
        If the body is no such form, or a name comes twice.
    """
    with workers.reserved(_announced(request, limits)):
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
            raise InputError("body: wanted multipart/form-data with the file as image.")
        try:
            items = await InMemory(
                request.headers,
                _chunks(request, limits),
                max_files=MOST_FILES,
                max_fields=MOST_FIELDS,
                max_part_size=FIELD_BYTES,
            ).parse()
        except (MultiPartException, UnicodeError) as error:
            raise InputError(f"body: {getattr(error, 'message', 'damaged')} Send multipart/form-data.") from None
        try:
            yield await _form(items.multi_items())
        finally:
            await items.close()


async def _form(items: list[tuple[str, Any]]) -> Form:
    form = Form()
    for name, value in items:
        if name in form.fields or name in form.files:
            raise InputError(f"{name}: given twice, wanted once.")
        if isinstance(value, UploadFile):
            form.files[name] = await value.read()
        else:
            form.fields[name] = value
    return form


async def read_bytes(request: Request, limits: Limits, size: int) -> bytes:
    """Read a body of exactly so many bytes; raises TooLarge, TooSlow, and InputError for another size."""
    _announced(request, limits)
    data = bytearray()
    async for chunk in _chunks(request, limits):
        data += chunk
        if len(data) > size:
            break
    if len(data) != size:
        found = "more" if len(data) > size else str(len(data))
        raise InputError(f"body: {found} bytes, wanted {size}.")
    return bytes(data)


def _announced(request: Request, limits: Limits) -> int:
    """Return the bytes that a request says it has, or else the most that it may; raises TooLarge before any is read."""
    most = int(limits.megabytes * 1e6)
    told = request.headers.get("content-length", "")
    if not told:
        return most
    if not told.isdecimal() or int(told) > most:
        raise TooLarge(f"body: {told[:20]} bytes, wanted at most {limits.megabytes:g} MB. Send a smaller file.")
    return int(told)


async def _chunks(request: Request, limits: Limits) -> AsyncGenerator[bytes, None]:
    """Yield the parts of a body as they come."""
    most, size = int(limits.megabytes * 1e6), 0
    loop = asyncio.get_running_loop()
    start, stream = loop.time(), request.stream().__aiter__()
    while True:
        try:
            chunk = await asyncio.wait_for(anext(stream), limits.seconds)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise TooSlow(f"body: nothing came for {limits.seconds:g} seconds. Send it again.") from None
        size += len(chunk)
        if size > most:
            raise TooLarge(f"body: more than {limits.megabytes:g} MB. Send a smaller file.")
        if loop.time() - start > limits.seconds * (1 + size / 1e6):
            raise TooSlow(f"body: less than a megabyte in {limits.seconds:g} seconds. Send it again.")
        yield chunk


async def while_there(request: Request, wanted: Awaitable[T]) -> T:
    """Await a result while the client is there; cancel it and raise Left when the client leaves. The body is read."""
    work = asyncio.ensure_future(wanted)
    watch = asyncio.ensure_future(left(request))
    try:
        await asyncio.wait((work, watch), return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise Left
        return work.result()
    finally:
        for task in (work, watch):
            task.cancel()
        await asyncio.gather(work, watch, return_exceptions=True)


async def left(request: Request) -> None:
    """Return when the client of a request, whose body is read, has left or been answered."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def number(text: str | None, name: str, least: int, most: int, otherwise: int | None = None) -> int:
    """Return the whole number in a text; InputError unless it is in least..most, or for none without `otherwise`."""
    if text is None and otherwise is not None:
        return otherwise
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > 9 or not least <= int(text) <= most:
        raise InputError(f"{name}: {text or 'nothing'}, wanted a whole number of {least} to {most}.")
    return int(text)

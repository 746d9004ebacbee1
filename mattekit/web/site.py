"""The parts that all routes of a server share, and how a route's errors become answers."""

import functools
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from mattekit.errors import MattekitError, is_out_of_memory
from mattekit.web.album import Album
from mattekit.web.answers import of_error
from mattekit.web.body import Limits
from mattekit.web.counters import Counters
from mattekit.web.workers import Left, Workers

log = logging.getLogger("mattekit")

CLIENT_LEFT = 499  # as nginx counts requests whose client left


@dataclass
class Site:
    """A server's parts.

    Attributes
    ----------
    workers : Workers
    album : Album
        Pictures to paint.
    models : dict of str to str
        What `registry.resolve` takes, by the names that requests may choose, the default first.
    limits : Limits
    counters : Counters
    """

    workers: Workers
    album: Album
    models: dict[str, str]
    limits: Limits = field(default_factory=Limits)
    counters: Counters = field(default_factory=Counters)


def site_of(request: Request) -> Site:
    """Return the parts of the server that a request reached."""
    return request.app.state.site


def answering(route: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Wrap a route: errors become answers, and every answer is counted."""

    @functools.wraps(route)
    async def answered(request: Request) -> Response:
        start = time.monotonic()
        counters, path = site_of(request).counters, request.scope["route"].path
        try:
            answer = await route(request)
        except (Left, ClientDisconnect):
            counters.add("mattekit_left_total")
            answer = Response(status_code=CLIENT_LEFT)
        except HTTPException:
            raise
        except Exception as error:
            if not (isinstance(error, MattekitError) or is_out_of_memory(error)):
                reason = " ".join(str(error).split())
                log.error("%s %s: %s: %s", request.method, path, type(error).__name__, reason, exc_info=error)
            answer = of_error(error)
        counters.answered(path, answer.status_code, time.monotonic() - start)
        return answer

    return answered


def described(error: BaseException) -> dict[str, Any]:
    """Return an error for JSON, as in answers."""
    return {"error": str(error) if isinstance(error, MattekitError) else "a fault of the server's own."}

"""The door of a server: which Host, Origin and token a request needs, and the headers that every answer carries."""

import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mattekit.web.answers import problem

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
OPEN_PATHS = ("/health",)  # without a token
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


@dataclass(frozen=True)
class Door:
    """Rules for the requests that are let in.

    Attributes
    ----------
    hosts : sequence of str
        Names in Host headers, without the port; numeric addresses too if `any_address`.
    any_address : bool
        Take every numeric address as Host, for servers of other addresses than loopback.
    token : str, optional
        That requests carry as `Authorization: Bearer`, in the cookie, or once as `?token=`, which sets the cookie.
    cookie : str
        Its name, which differs between servers of one computer.
    """

    hosts: Sequence[str] = LOOPBACK
    any_address: bool = False
    token: str | None = None
    cookie: str = "mattekit"


class Guard:
    """ASGI middleware that turns away what a `Door` does not let in."""

    def __init__(self, app: ASGIApp, door: Door):
        self.app, self.door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await (self._refusal(scope) or self.app)(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._knows(host):
            return problem(421, "Host: a name that is not this server's. Use the address that it printed.")
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return problem(403, "Origin: another site's. Open this server's own page.")
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and scope["method"] not in ("GET", "HEAD"):
            return problem(403, "Sec-Fetch-Site: another site's. Open this server's own page.")
        if self.door.token is None or scope["path"] in OPEN_PATHS:
            return None
        return self._without_token(scope, headers)

    def _knows(self, host: str) -> bool:
        name = host.lower()
        if not name.endswith("]"):
            name, colon, port = name.rpartition(":") if ":" in name else (name, "", "")
            if colon and not port.isdecimal():
                return False
        return name in self.door.hosts or (self.door.any_address and _is_address(name))

    def _without_token(self, scope: Scope, headers: Headers) -> Response | None:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        given = headers.get("authorization", "").partition(" ")
        bearer = given[2].strip() if given[0].lower() == "bearer" else ""
        cookie = cookie_parser(headers.get("cookie", "")).get(self.door.cookie, "")
        if any(hmac.compare_digest(each.encode(), self.door.token.encode()) for each in (bearer, cookie)):
            return None
        asked = query.pop("token", [""])[0]
        if scope["method"] == "GET" and hmac.compare_digest(asked.encode(), self.door.token.encode()):
            rest = urlencode(query, doseq=True)
            answer = RedirectResponse(scope["path"] + (f"?{rest}" if rest else ""), 303)
            answer.set_cookie(self.door.cookie, self.door.token, httponly=True, samesite="strict", path="/")
            return answer
        answer = problem(401, "Token: missing or wrong. Send Authorization: Bearer, or open /?token=SECRET once.")
        answer.headers["www-authenticate"] = "Bearer"
        return answer


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True

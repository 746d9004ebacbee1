"""The application: routes, the page's files, the guard before them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mattekit.web import matte_routes, paint_routes
from mattekit.web.answers import problem
from mattekit.web.guard import Door, Guard
from mattekit.web.site import Site

PAGE = Path(__file__).parent / "page"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FIRST = "index.html"


def application(site: Site, door: Door) -> Starlette:
    """Return the ASGI application of a server: the API, the page, and what the door lets in."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        site.workers.close()
        site.album.close()

    app = Starlette(
        routes=[*matte_routes.ROUTES, *paint_routes.ROUTES, *_page()],
        middleware=[Middleware(Guard, door=door)],
        exception_handlers={HTTPException: _refused},
        lifespan=lifespan,
    )
    app.state.site = site
    return app


def _page() -> list[Route]:
    """Return a route for each file of the page; they are read now, so that no request names a path."""
    routes = []
    for file in sorted(PAGE.iterdir()):
        if file.suffix in TYPES:
            path = "/" if file.name == FIRST else f"/page/{file.name}"
            routes.append(Route(path, _serving(file.read_bytes(), TYPES[file.suffix])))
    return routes


def _serving(data: bytes, media: str):
    async def serve(request: Request) -> Response:
        return Response(data, media_type=media)

    return serve


async def _refused(request: Request, error: HTTPException) -> Response:
    return problem(error.status_code, f"{request.method} {request.url.path}: {error.detail}.", **(error.headers or {}))

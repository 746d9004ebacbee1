"""Routes of the API: a matte of a form, and what the server tells of itself."""

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from mattekit import __version__
from mattekit.models import registry
from mattekit.web.answers import event, inlined, picture
from mattekit.web.body import Form, left, read_form, while_there
from mattekit.web.matting import Settings, matte
from mattekit.web.openapi import description
from mattekit.web.site import Site, answering, described, site_of
from mattekit.web.workers import Work


@answering
async def post_matte(request: Request) -> Response:
    """Answer a form with an image and a source of its trimap by a matte."""
    site = site_of(request)
    site.workers.require_room()
    async with read_form(request, site.limits, site.workers) as form:
        settings = Settings.of(form, site.models, site.limits.megapixels)
        if settings.answer == "events" or (
            settings.answer == "auto" and "text/event-stream" in request.headers.get("accept", "")
        ):
            return StreamingResponse(_events(request, site, form, settings), media_type="text/event-stream")
        done = await while_there(request, _matted(site, form, settings))
    if settings.as_picture:
        return picture(done["outputs"][settings.save[0]], settings.suffix)
    return JSONResponse(_as_json(done, settings))


async def _matted(site: Site, form: Form, settings: Settings, **told: Any) -> dict[str, Any]:
    work = partial(_counted, site, form, settings)
    return await site.workers.do(work, **told)


def _counted(site: Site, form: Form, settings: Settings, work: Work) -> dict[str, Any]:
    done = matte(form, settings, site.models[settings.model], site.limits.megapixels, work)
    site.counters.add("mattekit_pixels_total", done["width"] * done["height"])
    return done


async def _events(request: Request, site: Site, form: Form, settings: Settings) -> AsyncIterator[bytes]:
    """Yield events: "queued", "progress" for each step, at last "result" or "error"; stop if the client leaves."""
    told: asyncio.Queue[str | None] = asyncio.Queue()
    start = time.monotonic()
    tasks: list[asyncio.Future] = []
    try:
        with site.workers.reserved(sum(map(len, form.files.values()))):
            tasks.append(asyncio.ensure_future(_matted(site, form, settings, told=told.put_nowait)))
            tasks.append(asyncio.ensure_future(left(request)))
            for task in tasks:
                task.add_done_callback(lambda done: told.put_nowait(None))
            yield event("queued", {"waiting": site.workers.waiting})
            while (step := await told.get()) is not None:
                yield event("progress", {"step": step, "seconds": round(time.monotonic() - start, 3)})
            if tasks[0].done():
                yield event("result", _as_json(tasks[0].result(), settings))
    except Exception as error:
        yield event("error", described(error))
    finally:
        for task in tasks:
            task.cancel()


def _as_json(done: dict[str, Any], settings: Settings) -> dict[str, Any]:
    outputs = {kind: inlined(data, settings.suffix) for kind, data in done["outputs"].items()}
    return {**done, "seconds": round(done["seconds"], 3), "outputs": outputs}


@answering
async def get_models(request: Request) -> Response:
    """Tell which models requests may choose, the default first."""
    models = site_of(request).models.items()
    return JSONResponse({"models": [{"name": name, "kind": registry.resolve(own).kind} for name, own in models]})


@answering
async def get_health(request: Request) -> Response:
    """Tell that the server works."""
    return JSONResponse({"status": "ok", "version": __version__})


@answering
async def get_metrics(request: Request) -> Response:
    """Return the counters for Prometheus."""
    site = site_of(request)
    workers = site.workers
    pictures = len(site.album) if site.album.takes_uploads else len(site.album.listed())
    text = site.counters.text(
        waiting=workers.waiting, running=workers.running, held_bytes=workers.held, pictures=pictures
    )
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


@answering
async def get_openapi(request: Request) -> Response:
    """Return the description of the API."""
    site = site_of(request)
    return JSONResponse(description(tuple(site.models), site.limits))


ROUTES = [
    Route("/v1/matte", post_matte, methods=["POST"]),
    Route("/v1/models", get_models),
    Route("/health", get_health),
    Route("/metrics", get_metrics),
    Route("/openapi.json", get_openapi),
]

"""Routes of the page that paints: pictures, strokes and the alpha that follows, starts from sources, and downloads."""

import asyncio
from collections.abc import Callable
from pathlib import PurePosixPath

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mattekit.errors import InputError
from mattekit.imaging.codecs.encode import CHOICES, encode
from mattekit.imaging.trimap import to_levels
from mattekit.inference.pictures import Pictures
from mattekit.web import trimaps
from mattekit.web.answers import FORMATS, encoded, picture
from mattekit.web.body import number, read_bytes, read_form, while_there
from mattekit.web.matting import ONE_SOURCE, choice, require_pixels
from mattekit.web.painting import Painting, Patch
from mattekit.web.site import answering, site_of
from mattekit.web.solution import of_levels
from mattekit.web.windows import Window, whole
from mattekit.web.workers import Work

DOWNLOADS = ("trimap", "alpha", "cutout")
LARGEST_SIDE = 1 << 20


@answering
async def get_pictures(request: Request) -> Response:
    """List the pictures, and whether uploads are taken."""
    album = site_of(request).album
    return JSONResponse({"pictures": album.listed(), "uploads": album.takes_uploads})


@answering
async def post_picture(request: Request) -> Response:
    """Take an upload, of the files image and perhaps trimap, and answer its identifier."""
    site = site_of(request)
    if not site.album.takes_uploads:
        raise InputError("uploads: not taken here, where one's own files are painted.")
    site.workers.require_room()
    async with read_form(request, site.limits, site.workers) as form:
        if "image" not in form.files:
            raise InputError("image: missing, wanted a file.")
        name = PurePosixPath(form.fields.get("name", "picture")).stem or "picture"
        image, trimap = form.files["image"], form.files.get("trimap")
        identifier = await site.workers.do(lambda work: site.album.add(name, image, trimap))
    return JSONResponse({"id": identifier, "name": name}, 201)


@answering
async def get_picture(request: Request) -> Response:
    """Open a picture and tell its size, depth and state."""
    painting = await _opened(request)
    identifier, album = request.path_params["picture"], site_of(request).album
    height, width = painting.size
    return JSONResponse(
        {
            "id": identifier,
            "name": album.name(identifier),
            "width": width,
            "height": height,
            "depth": painting.picture.depth,
            "note": painting.note,
            "model": painting.model,
            "revision": painting.revision,
            "saved": album.saved(identifier),
        }
    )


@answering
async def get_image(request: Request) -> Response:
    """Return the picture as it is shown."""
    painting = await _opened(request)
    data = await asyncio.to_thread(encode, "the answer", painting.shown, ".png", fast=True)
    return picture(data, ".png")


@answering
async def get_levels(request: Request) -> Response:
    """Return the trimap: a byte of 0, 128 or 255 for each pixel."""
    levels, revision = (await _opened(request)).snapshot()
    return Response(levels.tobytes(), media_type="application/octet-stream", headers={"x-revision": str(revision)})


@answering
async def get_result(request: Request) -> Response:
    """Return the present result of the whole picture, solved coarsely where there is none yet."""
    painting = await _opened(request)
    return await _solved(request, lambda work: painting.coarse(whole(painting.size)))


@answering
async def post_stroke(request: Request) -> Response:
    """Put a patch into the trimap, and return the coarse result of what follows it."""
    site, painting, identifier = site_of(request), await _opened(request), request.path_params["picture"]
    (height, width), query = painting.size, request.query_params
    x, y = (number(query.get(name), name, 0, LARGEST_SIDE) for name in ("x", "y"))
    window = Window(
        x, y, number(query.get("width"), "width", 1, width), number(query.get("height"), "height", 1, height)
    )
    data = await read_bytes(request, site.limits, window.area)
    patch = np.frombuffer(data, np.uint8).reshape(window.height, window.width)
    follows = painting.paint(window, patch)
    if follows is None:
        return Response(status_code=204)
    site.album.changed(identifier)
    return await _solved(request, lambda work: painting.coarse(follows))


@answering
async def post_refine(request: Request) -> Response:
    """Solve finely a part of what is coarse, and return it; 204 when nothing is."""
    painting = await _opened(request)
    return await _solved(request, lambda work: painting.fine(), urgent=False)


@answering
async def post_finish(request: Request) -> Response:
    """Solve the whole picture at once, and return the result."""
    painting = await _opened(request)

    def work(work: Work) -> Patch:
        painting.finish(work.step)
        return painting.patch()

    return await _solved(request, work, urgent=False)


@answering
async def post_start(request: Request) -> Response:
    """Replace the trimap by one of a source that a form chooses, and return it as `get_levels`."""
    site, painting, identifier = site_of(request), await _opened(request), request.path_params["picture"]
    async with read_form(request, site.limits, site.workers) as form:
        name = trimaps.chosen(form)
        if name in form.files:
            require_pixels(name, form.files[name], site.limits.megapixels)

        def work(work: Work) -> None:
            with ONE_SOURCE:
                made = trimaps.make(form, painting.picture.pixels, work, site.limits.megapixels, fit=True)
            painting.paint(whole(painting.size), to_levels(made.trimap))

        await while_there(request, site.workers.do(work, urgent=True))
    site.album.changed(identifier)
    return await get_levels(request)


@answering
async def get_saved(request: Request) -> Response:
    """Tell the revision of the trimap, and which one is in its file."""
    painting = await _opened(request)
    saved = site_of(request).album.saved(request.path_params["picture"])
    return JSONResponse({"revision": painting.revision, "saved": saved})


@answering
async def get_download(request: Request) -> Response:
    """Return the trimap, the alpha or the cut-out as a file, the last two of the whole picture solved at once."""
    painting, query = await _opened(request), request.query_params
    kind = choice(request.path_params["kind"], "kind", DOWNLOADS)
    suffix = FORMATS[choice(query.get("format", "png"), "format", tuple(FORMATS))]
    depth = choice(query.get("depth", "auto"), "depth", CHOICES)

    def work(work: Work) -> bytes:
        return _file(painting, kind, suffix, depth, work)

    data = await while_there(request, site_of(request).workers.do(work, urgent=kind == "trimap"))
    stem = PurePosixPath(site_of(request).album.name(request.path_params["picture"])).name
    return picture(data, suffix, f"{stem}_{kind}{suffix}")


def _file(painting: Painting, kind: str, suffix: str, depth: str, work: Work) -> bytes:
    trimap = of_levels(painting.snapshot()[0])
    alpha = trimap if kind == "trimap" else painting.finish(work.step)
    source = painting.picture
    pixels = Pictures(source.pixels, trimap, alpha, light=source.light).make((kind,))[kind]
    return encoded(kind, pixels, suffix, depth, painting.picture)


async def _opened(request: Request) -> Painting:
    return await asyncio.to_thread(site_of(request).album.open, request.path_params["picture"])


async def _solved(request: Request, function: Callable[[Work], Patch | None], urgent: bool = True) -> Response:
    """Answer a patch: its pixels as bytes of straight RGBA, its window and order as headers; 204 for none."""
    patch = await while_there(request, site_of(request).workers.do(function, urgent=urgent))
    if patch is None:
        return Response(status_code=204)
    headers = {"x-window": ",".join(map(str, patch.window)), "x-order": str(patch.order)}
    return Response(patch.pixels.tobytes(), media_type="application/octet-stream", headers=headers)


PICTURE = "/paint/pictures/{picture}"
ROUTES = [
    Route("/paint/pictures", get_pictures, methods=["GET"]),
    Route("/paint/pictures", post_picture, methods=["POST"]),
    Route(PICTURE, get_picture),
    Route(f"{PICTURE}/image", get_image),
    Route(f"{PICTURE}/levels", get_levels),
    Route(f"{PICTURE}/result", get_result),
    Route(f"{PICTURE}/saved", get_saved),
    Route(f"{PICTURE}/strokes", post_stroke, methods=["POST"]),
    Route(f"{PICTURE}/refine", post_refine, methods=["POST"]),
    Route(f"{PICTURE}/finish", post_finish, methods=["POST"]),
    Route(f"{PICTURE}/start", post_start, methods=["POST"]),
    Route(f"{PICTURE}/download/{{kind}}", get_download),
]

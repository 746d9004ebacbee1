"""`mattekit serve`: mattes over HTTP, and a page on which uploads are painted."""

from functools import partial
from typing import Annotated

import typer

from mattekit.cli import console, model_choice, options, serving

LOOPBACK = ("127.0.0.1", "::1", "localhost")
_server = partial(typer.Option, rich_help_panel=serving.PANEL)
_memory = partial(typer.Option, rich_help_panel=options.PANEL_MEMORY)
Host = Annotated[str, _server("--host", metavar="ADDRESS", help="Listen at this address.")]
AllowHost = Annotated[
    list[str] | None,
    _server("--allow-host", metavar="NAME", help="Answer requests for this name too; may be given several times."),
]
Token = Annotated[
    str | None,
    _server(
        "--token",
        envvar="MATTEKIT_TOKEN",
        help="Answer only requests that carry this secret; other addresses than 127.0.0.1 need it.",
    ),
]
Jobs = Annotated[int, _memory("-j", "--jobs", min=1, max=64, help="Matte so many at once.")]
Waiting = Annotated[
    int, _memory("--waiting", metavar="N", min=1, help="Let so many requests wait; more are told when to ask again.")
]
MaxBytes = Annotated[float, _memory("--max-bytes", metavar="MEGABYTES", min=0.001, help="Refuse requests of more.")]
MaxPixels = Annotated[
    float,
    _memory("--max-pixels", metavar="MEGAPIXELS", min=0.001, help="Refuse pictures of more, before they are decoded."),
]
SHORTEST_TOKEN = 8  # characters
REQUESTS_HELD = 4  # requests of the largest size that memory is held for


def serve(
    host: Host = "127.0.0.1",
    port: serving.Port = 8000,
    token: Token = None,
    allow_host: AllowHost = None,
    model: model_choice.Model = None,
    jobs: Jobs = 1,
    waiting: Waiting = 32,
    max_bytes: MaxBytes = 256,
    max_pixels: MaxPixels = 100,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Answer requests for mattes over HTTP, and offer a page that paints trimaps of uploads.

    POST /v1/matte takes a form; /openapi.json describes it. Needs the extra mattekit[web].
    """
    console.setup(quiet=quiet, verbose=verbose)
    _check(host, token)
    serving.require_extra("serve")
    from mattekit.web.album import Uploads
    from mattekit.web.body import Limits
    from mattekit.web.guard import LOOPBACK as LOCAL_NAMES
    from mattekit.web.guard import Door
    from mattekit.web.models import offered, share_cores
    from mattekit.web.server import listen
    from mattekit.web.site import Site
    from mattekit.web.workers import Workers

    with listen(host, port) as listener:
        models = offered(model)
        share_cores(jobs)
        site = Site(
            Workers(jobs, waiting, int(max_bytes * 1e6 * REQUESTS_HELD)),
            Uploads(next(iter(models.values())), max_pixels),
            models,
            Limits(max_bytes, max_pixels),
        )
        names = {*LOCAL_NAMES, *(name.lower() for name in allow_host or ())}
        door = Door(tuple(names), host not in LOOPBACK, token, f"mattekit-{listener.getsockname()[1]}")
        serving.run(site, door, listener, lambda: console.data(serving.address(host, listener, None)))


def _check(host: str, token: str | None) -> None:
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise typer.BadParameter(f"--token: wanted at least {SHORTEST_TOKEN} characters.")
    if token is not None and not (token.isascii() and token.isprintable()):
        raise typer.BadParameter("--token: wanted printable ASCII characters.")
    if host not in LOOPBACK and token is None:
        raise typer.BadParameter(f"--host {host}: others can reach it, so it needs --token.")

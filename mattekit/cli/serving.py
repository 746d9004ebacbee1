"""Options and start of the commands that serve pages: `serve` and `paint`."""

from importlib.util import find_spec
from typing import Annotated, Any

import typer

from mattekit.cli import console
from mattekit.errors import MissingExtraError

PANEL = "Server"
PACKAGES = ("starlette", "uvicorn", "python_multipart")
Port = Annotated[
    int, typer.Option("--port", metavar="N", min=0, max=65535, rich_help_panel=PANEL, help="Listen at this port.")
]


def require_extra(command: str) -> None:
    """Raise MissingExtraError without the packages of the extra `web`."""
    if not all(map(find_spec, PACKAGES)):
        raise MissingExtraError(f'{command}: needs other packages: pip install "mattekit[web]".')


def run(site: Any, door: Any, listener: Any, told: Any) -> None:
    """Serve until SIGTERM or Ctrl-C, calling `told` when connections are taken."""
    from mattekit.web.app import application
    from mattekit.web.server import run as run_server

    run_server(application(site, door), listener, told)
    console.status("ended; what was under way is done.")


def address(host: str, listener: Any, token: str | None) -> str:
    """Return the address that a browser opens."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}/" + (f"?token={token}" if token else "")

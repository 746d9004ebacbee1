"""`mattekit paint`: trimaps painted in a browser, with the alpha that follows the brush."""

import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from mattekit.cli import console, model_choice, options, serving, targets

Source = Annotated[Path, typer.Argument(metavar="IMAGE", help="Image, or folder of images.")]
Start = Annotated[Path | None, typer.Argument(metavar="TRIMAP", help="Trimap to start from, or folder of them.")]
NoBrowser = Annotated[
    bool, typer.Option("--no-browser", rich_help_panel=serving.PANEL, help="Print the address and open no browser.")
]


def paint(
    image: Source,
    trimap: Start = None,
    output: options.Output = None,
    model: model_choice.Model = None,
    port: serving.Port = 0,
    no_browser: NoBrowser = False,
    recursive: options.Recursive = False,
    max_pixels: options.MaxPixels = options.MAX_MEGAPIXELS,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Paint trimaps in a browser while the alpha follows the brush; every stroke is saved at once.

    Writes STEM_trimap.png beside IMAGE, or -o; a trimap that is there is gone on with. Needs the extra mattekit[web].
    """
    console.setup(quiet=quiet, verbose=verbose)
    serving.require_extra("paint")
    entries = _folder(image, trimap, output, recursive) if image.is_dir() else [_single(image, trimap, output)]
    _check(entries)
    from mattekit.web.album import Files
    from mattekit.web.body import Limits
    from mattekit.web.guard import Door
    from mattekit.web.models import offered
    from mattekit.web.server import listen
    from mattekit.web.site import Site
    from mattekit.web.workers import Workers

    with listen("127.0.0.1", port) as listener:
        models = offered(model)
        album = Files(entries, next(iter(models.values())), max_pixels)
        album.open("0")  # what is wrong with the first picture shows here
        token = secrets.token_urlsafe(24)
        site = Site(Workers(polite=True), album, models, Limits(megabytes=max_pixels * 1.1 + 64, megapixels=max_pixels))
        door = Door(token=token, cookie=f"mattekit-{listener.getsockname()[1]}")
        address = serving.address("127.0.0.1", listener, token)
        serving.run(site, door, listener, lambda: _tell(address, len(entries), no_browser))


def _tell(address: str, count: int, no_browser: bool) -> None:
    console.status(f"{count} picture{'s'[: count > 1]} to paint; Ctrl-C ends.")
    console.data(address)
    if not no_browser:
        import webbrowser

        webbrowser.open(address)


def _single(image: Path, trimap: Path | None, output: Path | None) -> Any:
    from mattekit.web.album import Entry

    if str(image) == "-" or str(output) == "-" or str(trimap) == "-":
        raise typer.BadParameter("paint wants files, as it saves while one works.")
    if trimap is not None:
        options.require_no_folder(trimap, image)
    return Entry(image.stem, image, targets.of_file(image, output, {"trimap": ".png"})["trimap"], trimap)


def _folder(image: Path, trimap: Path | None, output: Path | None, recursive: bool) -> list[Any]:
    from mattekit.pairing import pair
    from mattekit.web.album import Entry

    output = targets.folder(output)
    if trimap is not None and not trimap.is_dir():
        raise typer.BadParameter(f"{trimap}: wanted a folder, as {image} is one.")
    found = pair({"image": image}, recursive=recursive, leave_out=output)
    starts = pair({"image": image, "trimap": trimap}, recursive=recursive, leave_out=output).groups if trimap else {}
    for line in found.problems:
        console.logger.warning("%s", line)
    return [
        Entry(
            name,
            files["image"],
            targets.in_folder(output, name, {"trimap": ".png"})["trimap"],
            starts.get(name, {}).get("trimap"),
        )
        for name, files in found.groups.items()
    ]


def _check(entries: list[Any]) -> None:
    """Refuse to write over an input, into a folder that cannot be written to, and to formats with loss."""
    from mattekit.cli.trimap import FORMATS
    from mattekit.files import refuse_overwriting, require_writable

    inputs = [path for entry in entries for path in (entry.image, entry.start) if path]
    for entry in entries:
        if entry.target.suffix.lower() not in FORMATS:
            raise typer.BadParameter(f"-o {entry.target}: a trimap keeps its levels in {', '.join(FORMATS)} only.")
        refuse_overwriting(entry.target, inputs)
        require_writable(entry.target.parent)

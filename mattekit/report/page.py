"""The page: one HTML file with its style, its script and all numbers, written last and as a whole."""

import base64
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from markupsafe import Markup

from mattekit import parallel
from mattekit.errors import InputError, printable_json
from mattekit.report import colours, folder, packs, provenance, template
from mattekit.report.material import Picture

LARGEST_SINGLE = 400_000_000  # bytes; browsers refuse pages somewhat above


class Report(Protocol):
    """Contents of a page: `content.Report` of scores, or `predictions.Predictions`.

    pictures : their files, by method of `methods`; of more than `max_megapixels` they are not shown.
    """

    pictures: Sequence[Picture]

    @property
    def methods(self) -> list[str]:
        """Names of the methods, in the order of the columns."""

    @property
    def max_megapixels(self) -> float:
        """Size of the largest picture that is read."""

    def texts(self, made: Mapping[int, dict]) -> dict[str, Any]:
        """Return what the template sets as text; `made`: index of a picture -> what `packs.make` returned."""

    def data(self, made: Mapping[int, dict]) -> dict[str, Any]:
        """Return what the page's script works on."""


def write(
    output: Path,
    report: Report,
    *,
    single_file: bool = False,
    jobs: int = 1,
    advance: Callable[[], None] = lambda: None,
) -> list[str]:
    """Write the page, and its pictures to the folder `NAME_files` beside it or, with `single_file`, into it.

    Parameters
    ----------
    output : the page, replaced as a whole; the pictures of an earlier page go after that.
    advance : called after each picture.

    Returns
    -------
    list of str
        One line for everything that could not be shown.

    Raises
    ------
    InputError
        If a single file would be too large for a browser.
    """
    beside = output.with_name(f"{output.stem}_files")
    with folder.staging(beside) as staged:
        made, notes = _pictures(report, staged, jobs, advance)
        if single_file:
            _refuse_large(output, staged)
            final = None
            _write_page(output, report, made, staged, None)
        else:
            final = folder.publish(staged)
            _write_page(output, report, made, final, f"{quote(os.fsencode(beside.name))}/{final.name}")
        folder.remove_others(beside, final)
    return notes


def _pictures(
    report: Report, staged: Path, jobs: int, advance: Callable[[], None]
) -> tuple[dict[int, dict], list[str]]:
    work = partial(packs.make, methods=report.methods, folder=staged, max_megapixels=report.max_megapixels)
    made, notes = {}, []
    for result in parallel.run(work, list(enumerate(report.pictures)), jobs):
        index, picture = result.item
        if result.error is None:
            made[index] = result.value
            notes += result.value["notes"]
        else:
            notes.append(f"{picture.name}: not shown ({result.error})")
        advance()
    return dict(sorted(made.items())), notes


def _write_page(output: Path, report: Report, made: Mapping[int, dict], pictures: Path, address: str | None) -> None:
    """Render the page; `address` is where it finds the pictures, None if they are to be in it."""
    script = template.text_of("script")
    hashed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    context = report.texts(made) | {
        "several": len(report.methods) > 1,
        "versions": provenance.versions(),
        "range": colours.RANGE,
        "gradient": colours.gradient(),
        "style": Markup(template.text_of("style")),
        "script": Markup(script),
        "script_hash": Markup(hashed),
        "data": _embedded(report.data(made) | {"folder": address, "stops": colours.STOPS, "range": colours.RANGE}),
        "packs": _inlined(pictures, made) if address is None else (),
        "thumbnails": _thumbnails(pictures, made) if address is None else (),
    }
    template.write(output, "page.html", context)


def _embedded(value: Any) -> Markup:
    r"""Write JSON that may stand in a script element: no name can end it, as `<` is written `\u003c`."""
    return Markup(printable_json(value).replace("<", "\\u003c").replace("&", "\\u0026"))


def _inlined(pictures: Path, made: Mapping[int, dict]) -> Iterator[tuple[int, Markup]]:
    for index in made:
        text = (pictures / f"{index}.js").read_text()
        yield index, Markup(text[text.index("{") : text.rindex("}") + 1])


def _thumbnails(pictures: Path, made: Mapping[int, dict]) -> Iterator[tuple[int, str]]:
    for index in made:
        data = base64.b64encode((pictures / f"{index}.jpg").read_bytes()).decode()
        yield index, f"data:image/jpeg;base64,{data}"


def _refuse_large(output: Path, staged: Path) -> None:
    size = sum(path.stat().st_size for path in staged.iterdir())
    if size > LARGEST_SINGLE:
        raise InputError(
            f"{output}: {size / 1e6:.0f} MB of pictures, wanted at most {LARGEST_SINGLE / 1e6:.0f} in one file, as "
            "browsers open no larger one. Leave the pictures beside it.",
            remedy="single-file",
        )

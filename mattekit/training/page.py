"""The page of a run, report.html, from what its folder holds."""

import logging

from mattekit.report import run
from mattekit.training.job import RunFolder
from mattekit.training.logs import read
from mattekit.training.recipe import FOLDER, Recipe

log = logging.getLogger("mattekit")


def write_page(folder: RunFolder, recipe: Recipe) -> None:
    """Write report.html anew; a run goes on where that cannot be done, with a note."""
    shipped = FOLDER / f"{recipe.name}.toml"
    origin = shipped.read_text(encoding="utf-8") if shipped.is_file() else ""
    pictures = sorted(folder.pictures.glob("[0-9]*.png"))
    try:
        run.write(folder.page, read(folder.jsonl), recipe=recipe.to_toml(), origin=origin, pictures=pictures)
    except OSError as error:
        log.warning("%s: not written (%s).", folder.page, error.strerror or error)

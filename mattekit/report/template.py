"""Templates of pages, with their style sheets and scripts, which go into the pages as they are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from mattekit import files

PAGE = Path(__file__).parent / "page"


def text_of(kind: str) -> str:
    """Return all style sheets ("style") or scripts ("script") as one, in the order of their numbered names."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((PAGE / kind).iterdir()))


def write(output: Path, name: str, context: Mapping[str, Any]) -> None:
    """Write a page by a template, whole or not at all; all texts of `context` but Markup are escaped."""
    environment = Environment(
        loader=PackageLoader("mattekit.report", "page"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    with files.replacing(output) as part, open(part, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(environment.get_template(name).generate(context))

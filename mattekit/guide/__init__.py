"""Pages of `mattekit guide`: Markdown files, one for each topic, in the order in which they are listed."""

from functools import cache
from importlib.resources import files

TOPICS = (
    "first-matte",
    "trimaps",
    "screens",
    "methods",
    "folders",
    "film",
    "data-sets",
    "metrics",
    "measured",
    "training",
    "checkpoints",
    "models",
    "paint-and-serve",
    "other-programs",
    "extending",
    "json",
    "troubleshooting",
)


@cache
def read(topic: str) -> str:
    """Return the Markdown text of a topic's page."""
    return files(__name__).joinpath(f"{topic}.md").read_text(encoding="utf-8")


def title(topic: str) -> str:
    """Return the heading of a topic's page, which says in a line what it explains."""
    return read(topic).partition("\n")[0].removeprefix("# ")

"""Topics of `mattekit guide` that explain a command, shown at the end of its --help."""

from typing import Any

TOPIC_OF = {  # command -> topic
    "predict": "first-matte",
    "foreground": "first-matte",
    "guide": "first-matte",
    "trimap": "trimaps",
    "key": "screens",
    "refine": "methods",
    "composite": "data-sets",
    "eval": "metrics",
    "train": "training",
    "paint": "paint-and-serve",
    "serve": "paint-and-serve",
    "models": "checkpoints",
    "weights": "checkpoints",
    "export": "checkpoints",
    "info": "troubleshooting",
}


def topic_of(ctx: Any) -> str | None:
    """Return the topic of a command or of its group: "" for the program itself, None if there is none."""
    if ctx.parent is None:
        return ""
    while ctx.parent and ctx.parent.parent:
        ctx = ctx.parent
    return TOPIC_OF.get(ctx.command.name)

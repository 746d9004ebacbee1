"""Contents of the page of `predict`: alphas over any colour, with their times and notes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mattekit.errors import printable
from mattekit.evaluation.summary import mean
from mattekit.report.material import Picture

SECONDS = {"key": "seconds", "label": "Time", "unit": "seconds", "digits": 2, "higher": False}


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Alphas of one model.

    model : its name
    pictures : their files
    told : picture's name -> what the job told of it: "seconds", "notes"; pictures of an earlier run have nothing
    failed : names of pictures without an alpha
    command : the command line that makes this page
    max_megapixels : larger pictures are not shown
    """

    model: str
    pictures: Sequence[Picture]
    told: Mapping[str, Mapping[str, Any]]
    failed: Sequence[str]
    command: str
    max_megapixels: float

    @property
    def methods(self) -> list[str]:
        """The model, which is the only one."""
        return [self.model]

    def texts(self, made: Mapping[int, dict]) -> dict[str, Any]:
        """Return what the template sets as text."""
        average = self._document()["mean"]["seconds"]
        text = "-" if average is None else f"{average:.2f}"
        cell = {"mean": text, "value": average, "best": False, "rank": None, "difference": None}
        return {
            "scored": False,
            "metrics": [SECONDS],
            "methods": [{"name": printable(self.model), "overall": {"value": None, "text": ""}, "cells": [cell]}],
            "first": printable(self.model),
            "count": len(self.pictures),
            "failed": [f"{printable(name)}: no alpha" for name in self.failed],
            "sources": [],
            "command": printable(self.command),
            "group_by": None,
        }

    def data(self, made: Mapping[int, dict]) -> dict[str, Any]:
        """Return what the page's script works on."""
        return {
            "scored": False,
            "scores": self._document(),
            "differences": {},
            "metrics": [SECONDS],
            "methods": [printable(self.model)],
            "pictures": [
                {"name": picture.name, "label": printable(picture.name)}
                | (made[index]["shown"] if index in made else {})
                | {"notes": list(map(printable, self.told.get(picture.name, {}).get("notes", [])))}
                for index, picture in enumerate(self.pictures)
            ],
        }

    def _document(self) -> dict[str, Any]:
        names = [picture.name for picture in self.pictures]
        values = {name: {"seconds": self.told.get(name, {}).get("seconds")} for name in names}
        images = [{"name": name, **value} for name, value in values.items()]
        return {"mean": mean(values, names, ("seconds",)), "images": images, "failed": list(self.failed)}

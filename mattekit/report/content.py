"""Contents of a report, as texts for its template and as data for its script."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mattekit.errors import printable
from mattekit.evaluation.report import document
from mattekit.evaluation.scoring import Rules
from mattekit.evaluation.summary import Scores, group
from mattekit.evaluation.tables import describe
from mattekit.report import intervals, methods, provenance
from mattekit.report.material import Picture


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report's content.

    scores : method -> picture -> metric -> value, as they were summarised
    summary, rules, failed : as `evaluation.report.render` takes them
    pictures : their files
    sources : role -> folder or file as it was named; a method's role is its index
    group_by : the expression of the summary's groups, or None
    command : the command line that makes this report
    seed : of the bootstrap
    """

    scores: Mapping[str, Scores]
    summary: Mapping[str, Any]
    rules: Rules
    failed: Sequence[str]
    pictures: Sequence[Picture]
    sources: Mapping[str, Path | None]
    group_by: str | None = None
    command: str = ""
    seed: int = 0

    @property
    def methods(self) -> list[str]:
        """Names of the methods, in the order of the columns."""
        return list(self.scores)

    @property
    def max_megapixels(self) -> float:
        """Larger pictures are refused."""
        return self.rules.max_megapixels

    @cached_property
    def differences(self) -> dict[str, dict[str, intervals.Difference | None]]:
        """Comparison of every method with the first, over the pictures that all have."""
        compared = self.summary.get("compared", ())
        return intervals.differences(self.scores, compared, self.rules.columns, seed=self.seed)

    def texts(self, made: Mapping[int, dict]) -> dict[str, Any]:
        """Return what the template sets as text; `made`: index of a picture -> what `packs.make` returned."""
        metrics = self.rules.columns
        by_name = {self.pictures[index].name: facts for index, facts in made.items()}
        return {
            "scored": True,
            "metrics": [methods.heading(metric) for metric in metrics],
            "methods": methods.rows(self.summary, metrics, self.differences),
            "first": printable(self.methods[0]),
            "count": len(self.pictures),
            "compared": len(self.summary.get("compared", self.pictures)),
            "rules": describe(self.rules, metrics),
            "failed": [printable(line) for line in self.failed],
            "sources": provenance.sources(by_name, self.methods, self.sources),
            "command": printable(self.command),
            "seed": self.seed,
            "resamples": intervals.RESAMPLES,
            "group_by": self.group_by and printable(self.group_by),
        }

    def data(self, made: Mapping[int, dict]) -> dict[str, Any]:
        """Return what the page's script works on; "scores" is the JSON report itself."""
        return {
            "scored": True,
            "scores": document(self.summary, self.rules, self.failed),
            "differences": {
                method: {metric: found and dataclasses.asdict(found) for metric, found in columns.items()}
                for method, columns in self.differences.items()
            },
            "metrics": [methods.heading(metric) for metric in self.rules.columns],
            "methods": list(map(printable, self.methods)),
            "pictures": self._pictures(made),
        }

    def _pictures(self, made: Mapping[int, dict]) -> list[dict[str, Any]]:
        groups = group([picture.name for picture in self.pictures], self.group_by) if self.group_by else {}
        of = {name: title for title, names in groups.items() for name in names}
        return [
            {"name": picture.name, "label": printable(picture.name)}
            | (made[index]["shown"] if index in made else {})
            | ({"group": printable(of[picture.name])} if of else {})
            for index, picture in enumerate(self.pictures)
        ]

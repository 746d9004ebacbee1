"""Contents of a report, as texts for its template and as data for its script."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mattekit.errors import printable
from mattekit.evaluation.report import document
from mattekit.evaluation.scoring import Rules
from mattekit.evaluation.summary import Scores, group
from mattekit.evaluation.tables import describe
from mattekit.report import colours, intervals, methods, provenance
from mattekit.report.material import Picture

Differences = Mapping[str, Mapping[str, intervals.Difference | None]]


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


def texts(report: Report, made: Mapping[int, dict], differences: Differences) -> dict[str, Any]:
    """Return what the template sets as text; `made`: index of a picture -> what `packs.make` returned."""
    names, metrics = list(report.scores), report.rules.metrics
    by_name = {report.pictures[index].name: facts for index, facts in made.items()}
    return {
        "metrics": [methods.heading(metric) for metric in metrics],
        "methods": methods.rows(report.summary, metrics, differences),
        "several": len(names) > 1,
        "first": printable(names[0]),
        "count": len(report.pictures),
        "compared": len(report.summary.get("compared", report.pictures)),
        "rules": describe(report.rules, metrics),
        "failed": [printable(line) for line in report.failed],
        "versions": provenance.versions(),
        "sources": provenance.sources(by_name, names, report.sources),
        "command": printable(report.command),
        "seed": report.seed,
        "resamples": intervals.RESAMPLES,
        "group_by": report.group_by and printable(report.group_by),
        "range": colours.RANGE,
        "gradient": colours.gradient(),
    }


def differences(report: Report) -> Differences:
    """Compare every method with the first over the pictures that all have."""
    compared = report.summary.get("compared", ())
    return intervals.differences(report.scores, compared, report.rules.metrics, seed=report.seed)


def data(report: Report, made: Mapping[int, dict], differences: Differences, address: str | None) -> dict[str, Any]:
    """Return what the page's script works on; "scores" is the JSON report itself."""
    groups = group([picture.name for picture in report.pictures], report.group_by) if report.group_by else {}
    of = {name: title for title, names in groups.items() for name in names}
    pictures = []
    for index, picture in enumerate(report.pictures):
        shown = made[index]["shown"] if index in made else {}
        entry = {"name": picture.name, "label": printable(picture.name), **shown}
        pictures.append(entry | ({"group": printable(of[picture.name])} if of else {}))
    return {
        "scores": document(report.summary, report.rules, report.failed),
        "differences": {
            method: {metric: found and dataclasses.asdict(found) for metric, found in columns.items()}
            for method, columns in differences.items()
        },
        "metrics": [methods.heading(metric) for metric in report.rules.metrics],
        "methods": [printable(name) for name in report.scores],
        "pictures": pictures,
        "folder": address,
        "stops": colours.STOPS,
        "range": colours.RANGE,
    }

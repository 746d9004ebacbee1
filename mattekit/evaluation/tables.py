"""Scores as tables for people: methods, groups and images, each number under its unit, the region in the title."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mattekit.evaluation.scoring import Rules
from mattekit.metrics import ALL_METRICS
from mattekit.pairing import natural

UNDEFINED = "-"
FEW = 30  # images that are listed unasked


@dataclass
class Table:
    """Cells as text. best: (row, column) of the best value among methods."""

    title: str
    header: list[str]
    rows: list[list[str]]
    best: set[tuple[int, int]] = field(default_factory=set)

    def marked(self, cells: Sequence[str], y: int, mark: str) -> list[str]:
        """Put the best of the cells of row `y` into `mark`, as "**{}**"."""
        return [mark.format(cell) if (y, x) in self.best else cell for x, cell in enumerate(cells)]


def describe(rules: Rules, metrics: Sequence[str]) -> str:
    """Name the pixels that count, and the options of metrics such as how Conn treats levels without a pixel."""
    unknown = "= 128" if rules.unknown_value == "128" else "neither 0 nor 255"
    text = {
        "unknown": f"unknown region (trimap {unknown})",
        "all": "whole image",
        "foreground": "foreground region (trimap = 255)",
        "background": "background region (trimap = 0)",
    }[rules.region]
    options = [(option, ALL_METRICS[metric].label) for metric in metrics for option in ALL_METRICS[metric].options]
    return text + "".join(f"; {option.replace('_', ' ')} of {m}: {getattr(rules, option)}" for option, m in options)


def tables(summary: Mapping[str, Any], rules: Rules, *, per_image: bool = False) -> list[Table]:
    """Make tables of one method (images and mean, groups) or of several (methods with ranks, each metric by image).

    Images are listed if there are few, or with `per_image`. Of a summary with the worst, those alone are.
    """
    return (_comparison if "methods" in summary else _single)(summary, rules, per_image)


def _single(summary: Mapping[str, Any], rules: Rules, per_image: bool) -> list[Table]:
    images = {image["name"]: image for image in summary["images"]}
    shown = list(images) if per_image or len(images) <= FEW else []
    title = f"{_count(len(images), 'image')}, {describe(rules, rules.columns)}"
    if "worst" in summary:
        shown = summary["worst"]
        title = f"the {len(shown)} worst by {ALL_METRICS[rules.columns[0]].label} of {title}"
    header = ["image", *map(_heading, rules.columns)]
    rows = [[name, *_values(images[name], rules.columns)] for name in shown]
    listed = [Table(title, header, [*rows, ["mean", *_values(summary["mean"], rules.columns)]])]
    if "groups" in summary:
        rows = [[g["group"], str(g["count"]), *_values(g["mean"], rules.columns)] for g in summary["groups"]]
        listed.append(
            Table(f"means per group, {describe(rules, rules.columns)}", ["group", "images", *header[1:]], rows)
        )
    return listed


def _comparison(summary: Mapping[str, Any], rules: Rules, per_image: bool) -> list[Table]:
    methods = summary["methods"]
    worst = "worst" in methods[0]
    listed = _groups(methods, rules)
    if not worst:
        title = f"means and average ranks over {_count(len(summary['compared']), 'image')} that all methods have"
        listed.insert(0, _by_method(methods, f"{title}, {describe(rules, rules.columns)}", rules))
    names = _worst(methods, rules.columns[0]) if worst else _names(methods)
    if worst or per_image or len(names) <= FEW:
        listed += [_by_image(methods, names, metric, rules) for metric in rules.columns]
    return listed


def _names(methods: Sequence[Mapping]) -> list[str]:
    return sorted({image["name"] for method in methods for image in method["images"]}, key=natural)


def _worst(methods: Sequence[Mapping], metric: str) -> list[str]:
    """Return as many names as each method lists, from the worst value of any method on."""
    costs: dict[str, float] = {}
    for method in methods:
        values = {image["name"]: image[metric] for image in method["images"]}
        for name in method["worst"]:
            costs[name] = max(costs.get(name, -math.inf), ALL_METRICS[metric].cost(values[name]))
    ordered = sorted(costs, key=lambda name: (-costs[name], natural(name)))
    return ordered[: max(len(method["worst"]) for method in methods)]


def _groups(methods: Sequence[Mapping], rules: Rules) -> list[Table]:
    listed = []
    for i, group in enumerate(methods[0].get("groups", [])):
        entries = [{"method": m["method"], **m["groups"][i]} for m in methods]
        title = f"group {group['group']}: means and average ranks over {_count(group['count'], 'image')}"
        listed.append(_by_method(entries, f"{title}, {describe(rules, rules.columns)}", rules))
    return listed


def _by_image(methods: Sequence[Mapping], names: Sequence[str], metric: str, rules: Rules) -> Table:
    """Make the table of one metric: a row per image, a column per method; the best of each row."""
    values = [{image["name"]: image[metric] for image in method["images"]} for method in methods]
    numbers = [[column.get(name) for column in values] for name in names]
    rows = [[name, *(_value(v, metric) for v in row)] for name, row in zip(names, numbers, strict=True)]
    for label, key in (("mean", "mean"), ("average rank", "rank")):
        numbers.append([method[key][metric] for method in methods])
        rows.append([label, *(_rank(v) if key == "rank" else _value(v, metric) for v in numbers[-1])])
    costs = [*(_costs(row, metric) for row in numbers[:-1]), numbers[-1]]
    best = {(y, x + 1) for y, row in enumerate(costs) for x in _lowest(row)}
    title = f"{_heading(metric)}, {describe(rules, [metric])}"
    return Table(title, ["image", *(method["method"] for method in methods)], rows, best)


def _by_method(entries: Sequence[Mapping], title: str, rules: Rules) -> Table:
    """Make the table of all metrics: a row per method, best average rank first; the best of each column."""
    entries = sorted(entries, key=lambda entry: _overall(entry["rank"]))
    header, rows = ["method"], [[entry["method"]] for entry in entries]
    best: set[tuple[int, int]] = set()
    for metric in rules.columns:
        for key, heading in (("mean", _heading(metric)), ("rank", f"{ALL_METRICS[metric].label} rank")):
            numbers = [entry[key][metric] for entry in entries]
            best |= {(y, len(header)) for y in _lowest(numbers if key == "rank" else _costs(numbers, metric))}
            header.append(heading)
            for row, number in zip(rows, numbers, strict=True):
                row.append(_rank(number) if key == "rank" else _value(number, metric))
    return Table(title, header, rows, best)


def _overall(ranks: Mapping[str, float | None]) -> float:
    defined = [rank for rank in ranks.values() if rank is not None]
    return sum(defined) / len(defined) if defined else float("inf")


def _costs(values: Sequence[float | None], metric: str) -> list[float | None]:
    return [None if value is None else ALL_METRICS[metric].cost(value) for value in values]


def best_of(values: Sequence[float | None], metric: str) -> list[int]:
    """Return the places of the best value of a metric, several if they are equal."""
    return _lowest(_costs(values, metric))


def _lowest(numbers: Sequence[float | None]) -> list[int]:
    defined = [number for number in numbers if number is not None]
    return [i for i, number in enumerate(numbers) if defined and number == min(defined)]


def _heading(metric: str) -> str:
    return f"{ALL_METRICS[metric].label} ({ALL_METRICS[metric].unit})"


def _values(values: Mapping[str, Any], metrics: Sequence[str]) -> list[str]:
    return [_value(values[metric], metric) for metric in metrics]


def _value(value: float | None, metric: str) -> str:
    return UNDEFINED if value is None else f"{value:.{ALL_METRICS[metric].digits}f}"


def _rank(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.2f}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")

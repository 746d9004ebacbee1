"""Scores as tables for people: images, groups and methods, each number under its unit, the region in the title."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mattekit.evaluation.scoring import Rules
from mattekit.metrics import METRICS
from mattekit.pairing import natural

UNDEFINED = "-"


@dataclass
class Table:
    """Cells as text. best: (row, column) of the best value among methods."""

    title: str
    header: list[str]
    rows: list[list[str]]
    best: set[tuple[int, int]] = field(default_factory=set)


def describe(rules: Rules, metrics: Sequence[str]) -> str:
    """Name the pixels that count, and the options of metrics such as how Conn treats levels without a pixel."""
    unknown = "= 128" if rules.unknown_value == "128" else "neither 0 nor 255"
    text = {
        "unknown": f"unknown region (trimap {unknown})",
        "all": "whole image",
        "foreground": "foreground region (trimap = 255)",
        "background": "background region (trimap = 0)",
    }[rules.region]
    options = [(option, METRICS[metric].label) for metric in metrics for option in METRICS[metric].options]
    return text + "".join(f"; {option.replace('_', ' ')} of {m}: {getattr(rules, option)}" for option, m in options)


def tables(summary: Mapping[str, Any], rules: Rules) -> list[Table]:
    """Make tables of one method (images and mean, groups) or of several (each metric by image, methods with ranks)."""
    return _comparison(summary, rules) if "methods" in summary else _single(summary, rules)


def _single(summary: Mapping[str, Any], rules: Rules) -> list[Table]:
    images = {image["name"]: image for image in summary["images"]}
    shown, title = list(images), f"{_count(len(images), 'image')}, {describe(rules, rules.metrics)}"
    if "worst" in summary:
        shown = summary["worst"]
        title = f"the {len(shown)} worst by {METRICS[rules.metrics[0]].label} of {title}"
    header = ["image", *map(_heading, rules.metrics)]
    rows = [[name, *_values(images[name], rules.metrics)] for name in shown]
    found = [Table(title, header, [*rows, ["mean", *_values(summary["mean"], rules.metrics)]])]
    if "groups" in summary:
        rows = [[g["group"], str(g["count"]), *_values(g["mean"], rules.metrics)] for g in summary["groups"]]
        found.append(
            Table(f"means per group, {describe(rules, rules.metrics)}", ["group", "images", *header[1:]], rows)
        )
    return found


def _comparison(summary: Mapping[str, Any], rules: Rules) -> list[Table]:
    methods = summary["methods"]
    listed = {name for m in methods for name in m.get("worst", [i["name"] for i in m["images"]])}
    found = [_by_image(methods, sorted(listed, key=natural), metric, rules) for metric in rules.metrics]
    for i, group in enumerate(methods[0].get("groups", [])):
        entries = [{"method": m["method"], **m["groups"][i]} for m in methods]
        title = f"group {group['group']}: means and average ranks over {_count(group['count'], 'image')}"
        found.append(_by_method(entries, f"{title}, {describe(rules, rules.metrics)}", rules))
    title = f"means and average ranks over {_count(len(summary['compared']), 'image')} that all methods have"
    return [*found, _by_method(methods, f"{title}, {describe(rules, rules.metrics)}", rules)]


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
    for metric in rules.metrics:
        for key, heading in (("mean", _heading(metric)), ("rank", f"{METRICS[metric].label} rank")):
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
    return [None if value is None else METRICS[metric].cost(value) for value in values]


def _lowest(numbers: Sequence[float | None]) -> list[int]:
    defined = [number for number in numbers if number is not None]
    return [i for i, number in enumerate(numbers) if defined and number == min(defined)]


def _heading(metric: str) -> str:
    return f"{METRICS[metric].label} ({METRICS[metric].unit})"


def _values(values: Mapping[str, Any], metrics: Sequence[str]) -> list[str]:
    return [_value(values[metric], metric) for metric in metrics]


def _value(value: float | None, metric: str) -> str:
    return UNDEFINED if value is None else f"{value:.{METRICS[metric].digits}f}"


def _rank(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.2f}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")

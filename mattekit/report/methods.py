"""The table of methods: means, average ranks, and differences from the first method with their intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

from mattekit.errors import printable
from mattekit.evaluation.tables import UNDEFINED, best_of
from mattekit.metrics import ALL_METRICS
from mattekit.report.intervals import Difference

MINUS = "\N{MINUS SIGN}"


def heading(metric: str) -> dict[str, Any]:
    """Describe a metric to the page."""
    row = ALL_METRICS[metric]
    return {
        "key": metric, "label": row.label, "unit": row.unit, "digits": row.digits, "higher": row.higher_is_better,
    }  # fmt: skip


def rows(
    summary: Mapping[str, Any], metrics: Sequence[str], differences: Mapping[str, Mapping[str, Difference | None]]
) -> list[dict[str, Any]]:
    """Return a row per method in the order given, whose cells hold texts and the values by which to sort."""
    several = "methods" in summary
    entries = summary["methods"] if several else [{"method": "", **summary}]
    best = {metric: best_of([e["mean"][metric] for e in entries], metric) if several else [] for metric in metrics}
    return [
        {
            "name": printable(entry["method"]),
            "overall": _overall(entry.get("rank", {})),
            "cells": [
                {
                    "mean": number(entry["mean"][metric], metric),
                    "value": entry["mean"][metric],
                    "best": y in best[metric],
                    "rank": None if not several else _rank(entry["rank"][metric]),
                    "difference": _difference(differences.get(entry["method"], {}).get(metric), metric),
                }
                for metric in metrics
            ],
        }
        for y, entry in enumerate(entries)
    ]


def number(value: float | None, metric: str, *, signed: bool = False) -> str:
    """Return a value as tables show it, with a typographic minus."""
    if value is None:
        return UNDEFINED
    return f"{value:{'+' if signed else ''}.{ALL_METRICS[metric].digits}f}".replace("-", MINUS)


def _overall(ranks: Mapping[str, float | None]) -> dict[str, Any]:
    defined = [rank for rank in ranks.values() if rank is not None]
    value = sum(defined) / len(defined) if defined else None
    return {"value": value, "text": _rank(value)}


def _rank(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.2f}"


def _difference(found: Difference | None, metric: str) -> dict[str, Any] | None:
    """Return the texts of a difference; it is clear if its interval leaves out zero, and then better or worse."""
    if found is None:
        return None
    clear = found.low > 0 or found.high < 0
    better = clear and ALL_METRICS[metric].cost(found.mean) < ALL_METRICS[metric].cost(0)
    return {
        "mean": number(found.mean, metric, signed=True),
        "low": number(found.low, metric, signed=True),
        "high": number(found.high, metric, signed=True),
        "verdict": "better" if better else "worse" if clear else "unclear",
    }

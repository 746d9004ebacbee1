"""Tables of scores as LaTeX: those of a terminal, or one of means as papers print it."""

import re
from collections.abc import Mapping
from typing import Any

from mattekit.errors import printable
from mattekit.evaluation.scoring import Rules
from mattekit.evaluation.tables import UNDEFINED, Table, best_of, describe
from mattekit.metrics import ALL_METRICS, Metric

SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


def plain(table: Table) -> str:
    """Write a table with its title as caption; needs no package."""
    rows = [
        " & ".join(table.marked(list(map(escape, cells)), y, r"\textbf{{{}}}")) + r" \\"
        for y, cells in enumerate(table.rows)
    ]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{escape(table.title)}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(table.header) - 1)}}}",
            r"\hline",
            " & ".join(map(escape, table.header)) + r" \\",
            r"\hline",
            *rows,
            r"\hline",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )


def paper(summary: Mapping[str, Any], rules: Rules) -> str:
    """Write the means of one or several methods in the given order, the best bold; needs the package booktabs.

    Values per pixel are multiplied by 1000, as papers print MSE. A single method is called "ours".
    """
    methods = summary.get("methods") or [{"method": "ours", "mean": summary["mean"]}]
    count = len(summary["compared"] if "methods" in summary else summary["images"])
    table = Table("", [], [[printable(entry["method"])] for entry in methods])
    for x, metric in enumerate(rules.columns, start=1):
        values = [entry["mean"][metric] for entry in methods]
        table.best |= {(y, x) for y in best_of(values, metric)} if len(methods) > 1 else set()
        for row, value in zip(table.rows, values, strict=True):
            row.append(_number(value, ALL_METRICS[metric]))
    rows = [table.marked([escape(row[0]), *row[1:]], y, r"\textbf{{{}}}") for y, row in enumerate(table.rows)]
    pictures = f"{count} image" + ("" if count == 1 else "s")
    return "\n".join(
        [
            r"\begin{table}[t]",
            r"\centering",
            rf"\caption{{Means over {pictures}, {escape(describe(rules, rules.columns))}.}}",
            r"\label{tab:matting}",
            rf"\begin{{tabular}}{{@{{}}l{'c' * len(rules.columns)}@{{}}}}",
            r"\toprule",
            " & ".join(["Method", *(_heading(ALL_METRICS[metric]) for metric in rules.columns)]) + r" \\",
            r"\midrule",
            *(" & ".join(row) + r" \\" for row in rows),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )


def escape(text: str) -> str:
    """Return text that LaTeX prints as it is."""
    return re.sub(r"[\\~^&%$#_{}]", lambda m: SPECIAL.get(m[0], "\\" + m[0]), text)


def _heading(metric: Metric) -> str:
    scale = r" ($\times 10^{-3}$)" if _per_pixel(metric) else ""
    arrow = r"\uparrow" if metric.higher_is_better else r"\downarrow"
    return f"{escape(metric.label)}{scale} ${arrow}$"


def _number(value: float | None, metric: Metric) -> str:
    if value is None:
        return UNDEFINED
    return f"{value * 1000:.{max(0, metric.digits - 3)}f}" if _per_pixel(metric) else f"{value:.{metric.digits - 1}f}"


def _per_pixel(metric: Metric) -> bool:
    return metric.unit == "per pixel"

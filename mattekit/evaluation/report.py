"""A report in one of five formats: a text table, CSV, JSON, Markdown or LaTeX."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from mattekit.errors import printable, printable_json
from mattekit.evaluation import latex
from mattekit.evaluation.scoring import Rules
from mattekit.evaluation.tables import Table, tables
from mattekit.metrics import ALL_METRICS

FORMATS = ("table", "csv", "json", "markdown", "latex")
SUFFIXES = {".txt": "table", ".csv": "csv", ".json": "json", ".md": "markdown", ".tex": "latex"}
PAGES = {".html": "html", ".htm": "html"}  # written by mattekit.report


def render(
    summary: Mapping[str, Any],
    rules: Rules,
    format: str,
    failed: Sequence[str] = (),
    *,
    per_image: bool = False,
    latex_style: str = "plain",
) -> str:
    """Return the text of a report, without the last line break.

    Parameters
    ----------
    summary : from `summarise`
    format : one of FORMATS; JSON and CSV carry full precision, the others round for reading
    failed : what could not be scored, carried by JSON
    per_image : list every image in tables however many there are; JSON and CSV always do
    latex_style : "plain", or "paper" for one table of means
    """
    if format == "json":
        return printable_json(document(summary, rules, failed), indent=2)
    if format == "csv":
        return as_csv(summary, rules)
    if format == "latex" and latex_style == "paper":
        return latex.paper(summary, rules)
    write = {"table": _text, "markdown": _markdown, "latex": latex.plain}[format]
    return "\n\n".join(write(_printable(table)) for table in tables(summary, rules, per_image=per_image))


def document(summary: Mapping[str, Any], rules: Rules, failed: Sequence[str]) -> dict[str, Any]:
    """Return the summary with the rules it was made by, as JSON holds it; undefined values are None."""
    made_by: dict[str, Any] = {"region": rules.region, "units": {m: ALL_METRICS[m].unit for m in rules.columns}}
    if rules.region == "unknown":
        made_by["unknown_value"] = rules.unknown_value
    made_by |= {option: getattr(rules, option) for m in rules.columns for option in ALL_METRICS[m].options}
    return {**summary, **made_by, "failed": list(failed)}


def as_csv(summary: Mapping[str, Any], rules: Rules) -> str:
    """Write a line per image and method, then means (of groups, too) and average ranks; undefined values are empty."""
    several = "methods" in summary
    columns = [_column(metric, rules) for metric in rules.columns]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*(["method"] if several else []), "kind", "name", "region", *columns])
    for entry in summary["methods"] if several else [summary]:
        for kind, name, values in _lines(entry):
            lead = [entry["method"]] if several else []
            names = map(printable, [*lead, kind, name])
            writer.writerow([*names, rules.region, *(values[metric] for metric in rules.columns)])
    return out.getvalue().rstrip("\n")


def _column(metric: str, rules: Rules) -> str:
    """Return the heading with the unit and the metric's options, as "conn_continue_thousands"."""
    row = ALL_METRICS[metric]
    return "_".join([metric, *(getattr(rules, option) for option in row.options), *row.unit.split()])


def _lines(entry: Mapping[str, Any]) -> list[tuple[str, str, Mapping]]:
    images = {image["name"]: image for image in entry["images"]}
    lines = [("image", name, images[name]) for name in entry.get("worst", images)]
    for group in entry.get("groups", []):
        lines += [(key, group["group"], group[key]) for key in ("mean", "rank") if key in group]
    return lines + [(key, "all", entry[key]) for key in ("mean", "rank") if key in entry]


def _printable(table: Table) -> Table:
    rows = [list(map(printable, row)) for row in table.rows]
    return Table(printable(table.title), list(map(printable, table.header)), rows, table.best)


def _text(table: Table) -> str:
    lines = [table.header, *table.rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(table.header))]
    text = ["  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip() for line in lines]
    return "\n".join([table.title, *text])


def _markdown(table: Table) -> str:
    def row(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    rule = row(["---", *["---:"] * (len(table.header) - 1)])
    escaped = [[cell.replace("|", "\\|") for cell in line] for line in [table.header, *table.rows]]
    rows = [row(table.marked(cells, y, "**{}**")) for y, cells in enumerate(escaped[1:])]
    return "\n".join([f"{table.title}", "", row(escaped[0]), rule, *rows])

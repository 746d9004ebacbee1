"""A training run as a page: its curves, the table of its validations, sample pictures, and its recipe."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from mattekit.metrics import METRICS
from mattekit.report import colours, provenance, template
from mattekit.report.curves import curve

TRAINING = {
    "loss": "Loss",
    "lr": "Learning rate",
    "gradient": "Gradient norm",
    "samples_per_second": "Samples/s",
}
OTHER = {"loss": "Loss", "psnr": "PSNR", "ssim": "SSIM", "mae": "MAE"}


def write(
    output: Path,
    records: Sequence[Mapping[str, Any]],
    *,
    recipe: str,
    origin: str = "",
    pictures: Sequence[Path] = (),
) -> None:
    """Write the page of a run beside its files.

    Parameters
    ----------
    output : the page; pictures are named relative to it.
    records : of the run's log, in order
    recipe : the recipe as it is run, a TOML text
    origin : the recipe that it is made from, whose comments tell where its values come from
    pictures : sheets of samples, named by the number of steps
    """
    training = [record for record in records if record.get("kind") == "train"]
    scored = [record for record in records if record.get("kind") == "validation"]
    labels = {**OTHER, **{name: row.label for name, row in METRICS.items()}}
    scores = [name for name in labels if any(record.get(name) is not None for record in scored)]
    drawn = [curve(label, _points(training, name)) for name, label in TRAINING.items()]
    drawn += [curve(f"Validation: {labels[name]}", _points(scored, name)) for name in scores]
    context = {
        "name": output.absolute().parent.name,
        "style": Markup(template.text_of("style")),
        "gradient": colours.gradient(),
        "steps": max((record["step"] for record in records), default=0),
        "hours": max((record.get("seconds") or 0 for record in training), default=0) / 3600,
        "waiting": _mean([record["waiting"] for record in training if record.get("waiting") is not None]),
        "curves": [one for one in drawn if one],
        "columns": [labels[name] for name in scores],
        "validations": [(r["step"], [_text(r.get(name)) for name in scores]) for r in scored],
        "best": {(_best(scored, name), x) for x, name in enumerate(scores)},
        "pictures": [(int(path.stem), quote(path.relative_to(output.parent).as_posix())) for path in pictures],
        "recipe": recipe,
        "origin": origin,
        "versions": provenance.versions(),
    }
    template.write(output, "run.html", context)


def _points(records: Sequence[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    return [(record["step"], record[name]) for record in records if record.get(name) is not None]


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _best(records: Sequence[Mapping[str, Any]], name: str) -> int:
    """Return the row of the best value of a score."""
    higher = METRICS[name].higher_is_better if name in METRICS else name in ("psnr", "ssim")
    values = [(record[name] if higher else -record[name], -i) for i, record in enumerate(records) if record.get(name)]
    return -max(values)[1] if values else -1


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.5g}"

"""One report by several ranks: each writes its scores beside the report, and the last one joins them.

No rank waits for another, and the report does not exist before all parts do. A part carries a fingerprint of what was
to be scored, so that those of an earlier run, of other files or rules, are never joined to it.
"""

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mattekit import files
from mattekit.evaluation.items import Item
from mattekit.evaluation.scoring import Rules
from mattekit.ranks import Rank


@dataclasses.dataclass(frozen=True)
class Part:
    """What one rank found out: (method, name, scores) of its items, and a line for each failure."""

    values: list[tuple[str, str, dict[str, Any]]]
    failed: list[str]


def fingerprint(items: Sequence[Item], rules: Rules) -> str:
    """SHA-256 of the rules and of all files' sizes and times; not of folders, which computers call differently."""
    seen = [dataclasses.asdict(rules)]
    for item in items:
        stats = [path.stat() if path else None for path in (item.prediction, item.truth, item.trimap)]
        seen.append([item.method, item.name, *((s.st_size, s.st_mtime_ns) if s else None for s in stats)])
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


def write(report: Path, rank: Rank, stamp: str, part: Part) -> None:
    """Write the part of one rank beside the report."""
    text = json.dumps({"fingerprint": stamp, **dataclasses.asdict(part)})
    files.write_bytes(_path(report, rank), text.encode())


def read(report: Path, count: int, stamp: str) -> dict[Rank, Part]:
    """The parts of this report that are there."""
    ranks = [Rank(index, count) for index in range(count)]
    found = {rank: _read(_path(report, rank)) for rank in ranks}
    return {
        rank: Part([tuple(value) for value in part["values"]], part["failed"])
        for rank, part in found.items()
        if part.get("fingerprint") == stamp
    }


def join(parts: Iterable[Part]) -> Part:
    """All parts as one, as a single process would have found it.

    Floats survive the files: JSON carries as many digits as tell two of them apart.
    """
    parts = list(parts)
    return Part([value for part in parts for value in part.values], [line for part in parts for line in part.failed])


def remove(report: Path) -> None:
    """Remove all parts of a report that is written, those of earlier runs too."""
    for path in report.parent.iterdir():
        if path.name.startswith(f"{report.name}.") and re.fullmatch(r"\d+-of-\d+", path.name[len(report.name) + 1 :]):
            path.unlink(missing_ok=True)


def _path(report: Path, rank: Rank) -> Path:
    return report.with_name(f"{report.name}.{rank.index + 1}-of-{rank.count}")


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}

"""A report by several ranks: each writes its scores beside the report, and the last one joins them.

No rank waits for another, and the report is not written before all parts exist. A part carries a fingerprint of its
files and rules, so that parts of other runs are never joined to it.
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
    """The scores of one rank: (method, name, scores) of its items, and a line for each failure."""

    fingerprint: str
    values: list[tuple[str, str, dict[str, Any]]]
    failed: list[str]


def fingerprint(items: Sequence[Item], rules: Rules) -> str:
    """Return a hash of the rules and of all files' sizes and times, without their folders, which differ by computer."""
    identity = [dataclasses.asdict(rules)]
    for item in items:
        stats = [path.stat() if path else None for path in (item.prediction, item.truth, item.trimap)]
        identity.append([item.method, item.name, *((s.st_size, s.st_mtime_ns) if s else None for s in stats)])
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()


def write(report: Path, rank: Rank, part: Part) -> None:
    """Write the part of one rank beside the report."""
    files.write_bytes(_path(report, rank), json.dumps(dataclasses.asdict(part)).encode())


def read(report: Path, count: int, stamp: str) -> dict[Rank, Part]:
    """Read the existing parts of this report; files that hold no part, or one of another run, are left out."""
    ranks = [Rank(index, count) for index in range(count)]
    parts = {rank: _read(_path(report, rank)) for rank in ranks}
    return {rank: part for rank, part in parts.items() if part and part.fingerprint == stamp}


def join(parts: Iterable[Part]) -> Part:
    """Join all parts of one run to the results of a single process.

    JSON keeps floats exactly.
    """
    parts = list(parts)
    values = [value for part in parts for value in part.values]
    return Part(parts[0].fingerprint, values, [line for part in parts for line in part.failed])


def remove(report: Path) -> None:
    """Remove all parts of a report that is written, those of earlier runs too."""
    for path in report.parent.iterdir():
        if path.name.startswith(f"{report.name}.") and re.fullmatch(r"\d+-of-\d+", path.name[len(report.name) + 1 :]):
            path.unlink(missing_ok=True)


def _path(report: Path, rank: Rank) -> Path:
    return report.with_name(f"{report.name}.{rank.index + 1}-of-{rank.count}")


def _read(path: Path) -> Part | None:
    try:
        part = json.loads(path.read_bytes())
        values = [(str(method), str(name), dict(scores)) for method, name, scores in part["values"]]
        return Part(part["fingerprint"], values, list(part["failed"]))
    except (FileNotFoundError, ValueError, TypeError, KeyError, RecursionError):
        return None

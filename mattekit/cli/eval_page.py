"""The page that `mattekit eval -o FILE.html` writes."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mattekit.cli import console


class Shown:
    """The folders or files that a page shows, and the images that are found for its pictures."""

    def __init__(
        self, predictions: Sequence[Path], truth: Path, trimaps: Path | None, images: Path | None, *, recursive: bool
    ) -> None:
        from mattekit.files import missing

        if images is not None and not images.exists():
            raise missing(images, "file or folder")
        self.predictions, self.images, self.recursive = predictions, images, recursive
        self.sources = {"image": images, "trimap": trimaps, "truth": truth}
        self.sources |= {str(i): folder for i, folder in enumerate(predictions)}
        self.found: dict[str, Path] = {}

    def find(self, items: Sequence) -> list[Path]:
        """Find the images of the items, note those that have none, and return their files."""
        from mattekit.report.material import find_images

        if self.images is not None:
            self.found = find_images(self.images, self.predictions, items, recursive=self.recursive)
            without = sorted({item.name for item in items} - set(self.found))
            if without:
                console.logger.warning("%s: no image for %s.", self.images, _listed(without))
        return list(self.found.values())

    def write(
        self, output: Path, results: Any, rules: Any, summary: dict, group_by: str | None, *, seed: int, **how: Any
    ) -> None:
        """Write the page and its pictures; what cannot be shown is noted."""
        from mattekit.report.content import Report
        from mattekit.report.material import pictures
        from mattekit.report.page import write

        report = Report(
            scores=results.scores(rules.columns),
            summary=summary,
            rules=rules,
            failed=sorted(results.failed),
            pictures=pictures([item for item, _ in results.values], self.found),
            sources=self.sources,
            group_by=group_by,
            command=shlex.join(["mattekit", *sys.argv[1:]]),
            seed=seed,
        )
        with console.progress("pictures", len(report.pictures)) as advance:
            notes = write(output, report, advance=advance, **how)
        for note in notes:
            console.logger.warning("%s", note)
        console.status(f"wrote {output}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")

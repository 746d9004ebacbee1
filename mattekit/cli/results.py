"""Results of one `mattekit eval`: scores, failures and notes."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import typer

from mattekit.cli import batch, console


class Results:
    """Scores (item, dictionary) and failures (lines) of one rank, joined with those of the others at the end."""

    def __init__(self, methods: Sequence[str], rank: Any) -> None:
        self.methods = methods
        self.rank = rank
        self.problems: list[str] = []
        self.failed: list[str] = []
        self.values: list[tuple[Any, dict]] = []

    def add_unpaired(self, problems: Sequence[str], *, allowed: bool) -> None:
        """Add files without a partner: as notes if `allowed`, else as failures of this rank's share."""
        if not allowed:
            self.problems, self.failed = list(problems), self.rank.share(problems)
        for problem in problems if allowed else []:
            console.logger.warning("%s", problem)

    def scores(self, metrics: Sequence[str]) -> dict[str, dict[str, dict]]:
        """Return method -> image -> metric -> value, methods in the order of the command line."""
        scores: dict[str, dict] = {method: {} for method in self.methods}
        for item, value in self.values:
            scores[item.method][item.name] = {metric: value[metric] for metric in metrics}
        return scores

    def collect(self, items: Sequence, rules: Any, *, single: bool, json: bool, shard: Any, **run: Any) -> None:
        """Score everything; the error of a single item, or typer.Exit(1) with `fail_fast`, ends the command."""
        from mattekit.evaluation.scoring import compile_metrics, score_group

        if run["jobs"] > 1:
            compile_metrics(rules)
        work = partial(score_group, rules=rules)
        try:
            if single:
                batch.run_one(items[0], partial(self._score_one, work), shard=shard, json=json)
            else:
                batch.run_folder(
                    items, work, problems=self.problems, shard=shard, together=lambda item: item.truth, json=json,
                    label="predictions", run=self._by_truth, **run,
                )  # fmt: skip
        except typer.Exit as stop:
            if stop.exit_code != 3:  # the report of what could be scored still follows
                raise
        self._log_notes()

    def join(self, items: Sequence, rules: Any, report: Path) -> bool:
        """Write this rank's part beside the report, and join all parts once complete; return whether they are."""
        from mattekit.evaluation import parts

        stamp = parts.fingerprint(items, rules)
        values = [(item.method, item.name, value) for item, value in self.values]
        parts.write(report, self.rank, parts.Part(stamp, values, self.failed))
        written_parts = parts.read(report, self.rank.count, stamp)
        if len(written_parts) < self.rank.count:
            written = f"{len(written_parts)} of {self.rank.count} parts are written"
            console.status(f"{self.rank}: {written}; the rank that writes the last one joins them in {report}")
            return False
        by_name = {(item.method, item.name): item for item in items}
        joined = parts.join(written_parts.values())
        self.values = [(by_name[method, name], value) for method, name, value in joined.values]
        self.failed = joined.failed
        return True

    def _score_one(self, work: Any, item: Any) -> dict:
        (outcome,) = work([item])
        if isinstance(outcome, Exception):
            raise outcome
        self.values.append((item, outcome))
        return outcome

    def _by_truth(self, work: Any, items: Sequence, jobs: int) -> Iterator:
        from mattekit.evaluation.scoring import by_truth

        for result in by_truth(work, items, jobs):
            if result.error is None:
                self.values.append((result.item, result.value))
            else:
                self.failed.append(f"{result.item.name}: {console.describe(result.error)}")
            yield result

    def _log_notes(self) -> None:
        """Log each kind of note once, with the images it concerns."""
        from mattekit.evaluation.scoring import REMEDIES
        from mattekit.pairing import natural

        images: dict[str, set[str]] = {}
        for item, value in self.values:
            for note in value["notes"]:
                images.setdefault(note, set()).add(item.name)
        for note, names in sorted(images.items()):
            first = ", ".join(sorted(names, key=natural)[:3])
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            console.logger.warning("%s: %s%s.", note, first, more, extra={"remedy": REMEDIES.get(note, "")})

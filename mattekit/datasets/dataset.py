"""Preparation of a data set to compose: its tasks, its problems, and the journal of finished images."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mattekit import parallel
from mattekit.datasets import build, manifest
from mattekit.datasets.manifest import Journal
from mattekit.datasets.plan import Library, Plan, Preset, assign, find_preset, plan, read_names
from mattekit.datasets.records import SETTINGS, Record
from mattekit.errors import InputError, MattekitError
from mattekit.imaging import io
from mattekit.imaging.codecs.probe import probe
from mattekit.imaging.trimap_random import RULES
from mattekit.pairing import Problem
from mattekit.ranks import Rank

logger = logging.getLogger("mattekit")


@dataclass
class Dataset:
    """Tasks for `build.compose` (finished ones name their outputs), problems, and the journal for their results."""

    tasks: list[build.Task]
    problems: list[str]
    journal: Journal

    def run(self, work: Callable, tasks: Sequence[build.Task], jobs: int) -> Iterator[parallel.Result]:
        """Run tasks as `parallel.run` does, and record the outcome of every image."""
        for result in parallel.run(work, tasks, jobs):
            try:
                if result.error is None:
                    self.journal.add(Record.model_validate(result.value, strict=False))
                else:
                    self.journal.fail(result.item.name)
            except OSError as error:  # the disk is full
                result = parallel.Result(result.item, error=error, logged=result.logged)
            yield result

    def finish(self) -> bool:
        """Write the manifest, in the order of the data set, once all ranks have finished; return whether."""
        return self.journal.finish(task.name for task in self.tasks)


def prepare(
    output: Path,
    folders: dict[str, Sequence[Path] | None],
    *,
    preset: str,
    split: str | None = None,
    foreground_list: Path | None = None,
    background_list: Path | None = None,
    per_foreground: int | None = None,
    trimap_rule: str | None = None,
    seed: int = 0,
    manifest_only: bool = False,
    max_megapixels: float = io.MAX_MEGAPIXELS,
    rank: Rank | None = None,
) -> Dataset:
    """Plan a data set, claim its folder and find what earlier runs have finished.

    Parameters
    ----------
    output : folder of the data set.
    folders : "foreground", "background" and where there are any "alpha" and "trimap" -> folders of files.
    preset, split : row of `plan.PRESETS`.
    foreground_list, background_list : lists of names, in the order of the data set; else natural order, and for the
        preset "custom" a random choice of backgrounds by `seed`.
    per_foreground : backgrounds each foreground gets, if not the preset's number.
    trimap_rule : row of `trimap_random.RULES`, or "none"; if not the preset's.
    manifest_only : write the manifest, but no pixels.
    rank : of this process, if several compose the data set together.

    Raises
    ------
    MattekitError
        If a folder or list is missing, there are too few backgrounds, or `output` holds another data set.
    """
    split, row = find_preset(preset, split)
    libraries = {role: Library(paths) for role, paths in folders.items() if paths}
    count = per_foreground or row.per_foreground
    fg_names = read_names(foreground_list) if foreground_list else libraries["foreground"].names()
    bg_names = read_names(background_list) if background_list else libraries["background"].names()
    random = preset == "custom" and background_list is None
    planned = plan(fg_names, assign(fg_names, bg_names, count, seed=seed if random else None), libraries)
    if not planned.items:
        first = planned.problems[0]
        raise InputError(f"no image can be composed, for {len(planned.problems)} reasons. The first: {first}")
    rule = None if "trimap" in libraries else rule_of(trimap_rule or row.trimap)
    _warn(preset, row, planned, len(fg_names), rule)
    settings = build.Settings(output, row.truncate, rule, seed, not manifest_only, max_megapixels)
    _check_foregrounds(planned)
    return claim(planned, settings, describe(planned, settings, preset, len(fg_names), count, split=split), rank)


def claim(planned: Plan, settings: build.Settings, description: dict[str, object], rank: Rank | None) -> Dataset:
    """Claim the folder of a planned data set and find what earlier runs have finished.

    Raises InputError if the folder holds another data set.
    """
    manifest.claim(settings.output, description)
    records = manifest.finished_records(settings.output, complete=settings.pixels)
    tasks = [_task(item, settings, records) for item in planned.items]
    return Dataset(tasks, planned.problems, Journal(settings.output, rank or Rank(), complete=settings.pixels))


def _task(item: build.Item, settings: build.Settings, records: dict) -> build.Task:
    if item.name not in records or not build.finished(item, settings):
        return build.Task(item, settings)
    done = [settings.output / path for path in build.targets(item, settings).values()]
    return build.Task(item, settings, tuple(done or [settings.output / SETTINGS]))


def rule_of(name: str) -> str | None:
    """Return the name of a row of `trimap_random.RULES`, None for "none"; InputError for any other name."""
    if name not in (*RULES, "none"):
        raise InputError(f"trimap rule {name}: unknown. Choose from {', '.join(RULES)} or none.")
    return None if name == "none" else name


def describe(
    planned: Plan, settings: build.Settings, preset: str, foregrounds: int, per_foreground: int, **more: object
) -> dict[str, object]:
    """Return the settings that a run must share with a data set to continue it."""
    return {
        "preset": preset,
        "foregrounds": foregrounds,
        "per_foreground": per_foreground,
        "images": foregrounds * per_foreground,
        **more,
        "blend": "truncated" if settings.truncate else "rounded",
        "trimaps": settings.trimap_rule or "given or none",
        "seed": settings.seed,
        "pixels": settings.pixels,
        "names": planned.digest,
    }


def _warn(preset: str, row: Preset, planned: Plan, foregrounds: int, rule: str | None) -> None:
    if row.foregrounds not in (None, foregrounds):
        logger.warning("%s: %d foregrounds; the published set has %d.", preset, foregrounds, row.foregrounds)
    if row.ships_trimaps and rule:
        text = "%s comes with trimaps, and published scores refer to them."
        logger.warning(text, preset, extra={"remedy": "trimaps"})


def _check_foregrounds(planned: Plan) -> None:
    """Turn each group whose foreground lacks an alpha of its size into one problem, before work starts."""
    unfit = set()
    for group, item in {item.group: item for item in planned.items}.items():
        try:
            _check_alpha(item.files["foreground"], item.files.get("alpha"))
        except MattekitError as error:
            planned.problems.append(Problem(group, str(error), remedy=error.remedy))
            unfit.add(group)
    planned.items = [item for item in planned.items if item.group not in unfit]


def _check_alpha(foreground: Path, alpha: Path | None) -> None:
    if alpha:
        io.require_same_size(str(alpha), io.read_size(alpha), str(foreground), io.read_size(foreground))
    elif not probe(foreground).alpha:
        raise InputError(f"{foreground}: no alpha channel.", remedy="alphas")

"""The page that `mattekit predict --report FILE.html` writes."""

import shlex
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any

import typer

from mattekit.cli import batch, console, options

Report = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE.html",
        rich_help_panel=options.PANEL_FILES,
        help="Write a page that shows what was made.",
    ),
]


class Page:
    """Notes the jobs of a run and what they tell, and writes the page at its end, also where some items failed."""

    def __init__(self, output: Path, make: Callable[..., Any], kinds: list[str], shard: Any, jobs: int) -> None:
        if output.suffix.lower() not in (".html", ".htm"):
            raise typer.BadParameter(f"--report {output}: wanted a name that ends in .html.")
        holding = [kind for kind in ("alpha", "cutout") if kind in kinds]
        if not holding:
            raise typer.BadParameter("--report shows alphas. Name alpha or cutout in --save, and leave out --compare.")
        if batch.rank_of(shard).count > 1:
            raise typer.BadParameter(
                "--report shows what one process makes. When all shares are done, run the same command once more "
                "without --shard or a launcher and with --skip-existing: its page shows all of them."
            )
        self.kind = holding[0]
        self.output, self.processes = output, jobs
        self.made: dict[str, Any] = {}
        self.told: dict[str, dict] = {}
        self.make = partial(self._note, make.func, **make.keywords)

    def show(self, name: str, value: dict, json: bool) -> None:
        """Show one finished item as usual, and note it."""
        self.told[name] = value
        batch.console_result(name, value, json)

    def _note(self, make: Callable[..., Any], **fields: Any) -> Any:
        job = make(**fields)
        if str(job.image) == "-" or str(job.targets[self.kind]) == "-":
            raise typer.BadParameter("--report needs files, not standard input or output.")
        self.made[job.name] = job
        return job

    def __enter__(self) -> "Page":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or (isinstance(error, typer.Exit) and error.exit_code == 3):
            self._write()

    def _write(self) -> None:
        from mattekit.files import refuse_overwriting
        from mattekit.report.material import Picture
        from mattekit.report.page import write
        from mattekit.report.predictions import Predictions

        pictures, failed = [], []
        for name, job in self.made.items():
            refuse_overwriting(self.output, job.inputs)
            alpha = job.targets[self.kind]
            if not alpha.exists():
                failed.append(name)
                continue
            trimap = job.targets.get("trimap", job.trimap)
            pictures.append(Picture(name, None, trimap, job.image, {job.model: alpha}))
        if not pictures:
            return
        job = next(iter(self.made.values()))
        command = shlex.join(["mattekit", *sys.argv[1:]])
        report = Predictions(
            model=job.model, pictures=pictures, told=self.told, failed=failed, command=command,
            max_megapixels=job.max_megapixels,
        )  # fmt: skip
        with console.progress("pictures", len(pictures)) as advance:
            notes = write(self.output, report, jobs=self.processes, advance=advance)
        for note in notes:
            console.logger.warning("%s", note)
        console.status(f"wrote {self.output}")

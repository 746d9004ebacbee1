"""Options that `predict` and `refine` share, and how their jobs on images and trimaps are made and run."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mattekit.cli import batch, choices, matte_jobs, options, sequence, video_output, watch
from mattekit.cli.model_choice import check_model
from mattekit.frames import is_many, is_video

FILES, MEMORY, FOLDERS = options.PANEL_FILES, options.PANEL_MEMORY, options.PANEL_FOLDERS

Image = Annotated[Path, typer.Argument(help="Image, folder, frames, video, or - (stdin).")]
Trimap = Annotated[Path, typer.Argument(help="Trimap (0 background, 255 foreground, else unknown) or folder.")]
TrimapOrSource = Annotated[Path | None, typer.Argument(metavar="TRIMAP", help="Trimap, or folder of them.")]
Save = Annotated[
    str,
    choices.option("--save", table="PICTURE", several=True, help="Write these pictures.", rich_help_panel=FILES),
]
Background = Annotated[
    str | None,
    typer.Option(
        "--background",
        metavar="COLOUR|FILE",
        show_default="white",
        help="Compose over this.",
        rich_help_panel=FILES,
    ),
]
MaxSize = Annotated[
    int | None,
    typer.Option(
        "--max-size",
        metavar="PX",
        min=1,
        help="Compute larger images at this longer side.",
        rich_help_panel=MEMORY,
    ),
]
Transfer = Annotated[
    Literal["auto", "srgb", "linear", "log"],  # of imaging.transfer.TRANSFERS
    typer.Option(
        "--transfer",
        show_default=False,
        help="Show models light beyond white by this curve.",
        rich_help_panel=options.PANEL_MODEL,
    ),
]
Numbered = Annotated[
    bool,
    typer.Option("--numbered", help="Use trimap name.png for images name_0, name_1, ...", rich_help_panel=FOLDERS),
]
Views = Literal["none", "flip", "dihedral", "full"]  # of inference.views.MODES
Tta = Annotated[
    Views,
    typer.Option(
        "--tta",
        help="Average over views of the image: flip 2, dihedral 8, full 8 at each of 3 scales.",
        rich_help_panel=options.PANEL_MODEL,
    ),
]


def run(
    image: Path,
    trimap: Path | None,
    output: Path | None,
    kinds: Sequence[str],
    make: Callable[..., Any],
    *,
    spec: Any = None,
    truth: Path | None = None,
    recursive: bool,
    numbered: bool,
    jobs: int,
    fail_fast: bool,
    at_once: int | None = None,
    watched: bool = False,
    steady: bool = False,
    **how: Any,
) -> None:
    """Do one image or a folder of them, with trimaps or the TrimapSpec of their source.

    `make` makes a job of its files and targets, `at_once` is how many images a model takes together, a `watched` folder
    is gone on with as files arrive, `steady` makes the alphas of shots steady, and `how` is for `batch`.
    """
    from mattekit.jobs import staged

    fields = dict(make.keywords)
    if videos := video_output.wanted(image, output, kinds, fields):
        make = partial(make, depth=fields["depth"])
    if watched and (videos or is_video(image) or not is_many(image)):
        raise typer.BadParameter(f"--watch is for a folder or a pattern of images, but {image} is neither.")
    files = (image, trimap, spec, videos or output, kinds, make, truth)
    if not is_many(image):
        job = matte_jobs.single(*files)
        if how["json"] and "-" in map(str, job.outputs):
            raise typer.BadParameter("--json and -o - both want stdout.")
        batch.run_one(job, staged.run_one, **how)
        return
    process = partial(_process, at_once=at_once, kinds=kinds)
    find = partial(matte_jobs.of_folder, *files, recursive, numbered)
    if watched:
        places = matte_jobs.places(image, trimap, truth, spec)
        work = partial(process, staged.run_one, jobs=jobs)
        watch.run(find, places, output, work, fail_fast=fail_fast, **how)
        return
    items, problems = find()
    how |= dict(problems=problems, jobs=jobs, fail_fast=fail_fast, run=process)
    if steady:
        items, shares = sequence.prepared(items, how["shard"])
        how |= shares
    video_output.run_folder(videos, items, staged.run_one, **how)


def _process(
    work: Callable[..., dict], items: Sequence[Any], jobs: int, *, at_once: int | None, kinds: Sequence[str]
) -> Iterator[Any]:
    """Yield a Result for each item, by `work` in several processes, or in stages that overlap in this one."""
    from mattekit import parallel
    from mattekit.jobs import staged

    if jobs == 1 or len(items) < 2:
        return staged.run(_groups(items, at_once))
    _compile_first(items[0], kinds)
    return parallel.run(work, items, jobs)


def prediction(model: str | None, background: str | None, fields: dict) -> Callable[..., Any]:
    """Return the function that makes jobs of one model, which is checked; `fields` come from `settings`."""
    from mattekit.jobs.predict import PredictJob
    from mattekit.models import registry

    if background:
        _check_background(background)
    name = model or registry.default_name()
    check_model(name, fields, named=model is not None)
    return partial(PredictJob, model=name, background=background, **fields)


def kinds_of(save: str) -> list[str]:
    """Return the kinds of pictures that --save names, at least one."""
    if not (kinds := choices.parse(save)):
        raise typer.BadParameter(f"--save: use one or more of {', '.join(choices.names('PICTURE'))}.")
    return kinds


def _groups(items: Sequence[Any], at_once: int | None) -> list[list[Any]]:
    """Group jobs to be solved together; those of several models stay alone."""
    from mattekit.jobs.predict import PredictJob, group

    if items and isinstance(items[0], PredictJob):
        return group(items, at_once)
    return [[item] for item in items]


def _compile_first(job: Any, kinds: Sequence[str]) -> None:
    """Compile here what the worker processes would otherwise compile each by itself."""
    from mattekit.jobs.compilation import warm_up

    models = [name for name in job.models if job.find(name).capabilities.compiles]
    warm_up(models, [] if list(kinds) == ["alpha"] else [job.estimator])


def _check_background(background: str) -> None:
    from mattekit.imaging.background import colour

    if not Path(background).is_file():
        colour(background)

"""`mattekit composite` of a shot: frames of a foreground before a picture, a colour, or frames of a background."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mattekit.cli import console, options, targets, video_output

ShortBackground = Annotated[
    Literal["fail", "repeat", "stop"],  # of jobs.background_frames.ENDS
    typer.Option(
        "--short-background",
        rich_help_panel=options.PANEL_FOLDERS,
        help="Where the background's frames end first: fail before any work, repeat them, or stop there.",
    ),
]


def run(parts: list[str], output: Path | None, end: str, fields: dict, *, shard: Any, **how: Any) -> None:
    """Compose the frames of a shot; `parts` are FOREGROUND [ALPHA] BACKGROUND.

    `fields` are those of the jobs, and `how` is for `batch.run_folder`.
    """
    foreground, alpha, background = Path(parts[0]), Path(parts[1]) if len(parts) == 3 else None, parts[-1]
    videos = video_output.wanted(foreground, output, ["composite"], fields)
    place = videos or targets.folder(output)
    items, problems, unwanted = _jobs(foreground, alpha, background, end, place, fields)
    if videos:
        videos.unwanted = unwanted
    if unwanted:
        console.status(f"{background}: stops here, {len(unwanted)} frames of {foreground} are left out")
    from mattekit.jobs.compose import compose

    video_output.run_folder(videos, items, compose, problems=problems, label="frames", shard=shard, **how)


def _jobs(
    foreground: Path, alpha: Path | None, background: str, end: str, place: Any, fields: dict
) -> tuple[list, list, set[str]]:
    """Return the jobs, lines about frames that lack a part, and names of frames behind the background's end."""
    from mattekit.imaging.codecs.encode import output_suffix
    from mattekit.jobs.background_frames import pair_backgrounds
    from mattekit.jobs.compose import ComposeJob
    from mattekit.pairing import Problem, pair

    paired = pair({"foreground": foreground, **({"alpha": alpha} if alpha else {})})
    numbers = {number: name for name, number in paired.frames.items()}
    backgrounds, missing = pair_backgrounds(sorted(numbers), background, end) if numbers else ({}, [])
    lacking = [Problem(numbers[n], f"{numbers[n]}: no frame for it in {background}. Add it.") for n in missing]
    items = []
    for number in sorted(backgrounds):
        name, files = numbers[number], paired.groups[numbers[number]]
        made = targets.in_folder(place, name, {"composite": output_suffix(fields["depth"], files["foreground"])})
        own = {"alpha": files.get("alpha"), "background": backgrounds[number], "targets": made}
        items.append(ComposeJob(name=name, foreground=files["foreground"], **own, **fields))
    unwanted = {numbers[number] for number in numbers if number not in backgrounds and number not in missing}
    return items, [*paired.problems, *lacking], unwanted


def refuse_folders(foreground: Path, alpha: Path | None) -> None:
    """Refuse folders, whose files need not be frames; a usage error that says what takes them."""
    if foreground.is_dir() or (alpha and alpha.is_dir()):
        raise typer.BadParameter(
            "for folders use --preset custom --foregrounds DIR --alphas DIR --backgrounds DIR; for the frames of a "
            "shot a pattern, such as cut.####.png, or a video."
        )

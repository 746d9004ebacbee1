"""Option types that two or more commands share."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mattekit.cli import choices
from mattekit.formats import BY_SUFFIX, DEPTHS, with_alpha
from mattekit.frames import is_many, is_shot, restricted

# Titles of the panels of `--help` (rich_help_panel), shown in the order in which a command's options name them.
PANEL_FILES = "Input and output"
PANEL_MODEL = "Model"
PANEL_MEMORY = "Memory and speed"
PANEL_FOLDERS = "Folders"
PANEL_TRAINING = "Training"


def _shard(text: str) -> Any:
    from mattekit import ranks
    from mattekit.errors import InputError

    try:
        return ranks.parse(text)
    except InputError as error:
        raise typer.BadParameter(str(error)) from None


Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print errors only.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Print details on stderr.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object per item on stdout.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        rich_help_panel=PANEL_FILES,
        help="Write to this file, folder, video or - (stdout).",
    ),
]
Recursive = Annotated[
    bool, typer.Option("-r", "--recursive", rich_help_panel=PANEL_FOLDERS, help="Look into sub-folders too.")
]
Frames = Annotated[
    str | None,
    typer.Option(
        "--frames", metavar="LIST", rich_help_panel=PANEL_FOLDERS, help="Take these frames of shot.####.exr: 1-120x2."
    ),
]
Layer = Annotated[
    str | None,
    typer.Option("--layer", rich_help_panel=PANEL_FILES, help="Read this layer or part of EXR images."),
]
Jobs = Annotated[
    int, typer.Option("-j", "--jobs", min=1, rich_help_panel=PANEL_MEMORY, help="Work in this many processes.")
]
SkipExisting = Annotated[
    bool, typer.Option("--skip-existing", rich_help_panel=PANEL_FOLDERS, help="Leave items whose outputs exist.")
]
FailFast = Annotated[
    bool, typer.Option("--fail-fast", rich_help_panel=PANEL_FOLDERS, help="Stop at the first item that fails.")
]
Shard = Annotated[
    Any,
    typer.Option(
        "--shard",
        metavar="I/N",
        parser=_shard,
        rich_help_panel=PANEL_FOLDERS,
        show_default="by torchrun, srun, mpirun",
        help="Do the I-th of N shares of the folder, 1/4 to 4/4.",
    ),
]
Depth = Annotated[
    Literal["auto", "8", "16", "float"],
    typer.Option("--depth", rich_help_panel=PANEL_FILES, show_default="auto, the input's", help="Write so many bits."),
]
Format = Annotated[
    Literal["png", "tif", "tiff", "exr", "webp", "jpg", "jpeg", "dpx", "jxl"] | None,
    typer.Option(
        "--format",
        case_sensitive=False,
        rich_help_panel=PANEL_FILES,
        show_default=False,
        help="Write so where -o names none; else png or tiff.",
    ),
]
AlphaMode = Annotated[
    Literal["straight", "premultiplied"] | None,  # of imaging.codecs.alpha_mode.MODES
    typer.Option(
        "--alpha-mode",
        show_default="premultiplied in exr",
        rich_help_panel=PANEL_FILES,
        help="Write cut-outs so.",
    ),
]
ForegroundMethod = Annotated[
    str,
    choices.option(
        "--foreground-method",
        table="METHOD",
        extra=("auto",),
        rich_help_panel=PANEL_MODEL,
        help="Estimate colours so; auto takes a network's own.",
    ),
]
Device = Annotated[
    str,
    typer.Option(
        "--device",
        metavar="auto|cpu|cuda|mps",
        envvar="MATTEKIT_DEVICE",
        rich_help_panel=PANEL_MODEL,
        help="Compute here, or on cuda:N.",
    ),
]
Precision = Annotated[
    Literal["auto", "fp32", "bf16", "fp16"],
    typer.Option(
        "--precision",
        rich_help_panel=PANEL_MODEL,
        help="Compute networks so; auto changes 8-bit alphas by 1 at most.",
    ),
]
Compile = Annotated[
    bool,
    typer.Option(
        "--compile",
        rich_help_panel=PANEL_MEMORY,
        help="Compile the network: pays for many of one size.",
    ),
]


def _threads(count: int | None) -> int | None:
    from mattekit.parallel import use_threads

    if count is not None:
        use_threads(count)
    return count


Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        callback=_threads,
        show_default="all cores",
        rich_help_panel=PANEL_MEMORY,
        help="Use N threads a process.",
    ),
]
Settings = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        rich_help_panel=PANEL_MODEL,
        help="Change an argument of the network; may be repeated.",
    ),
]
MAX_MEGAPIXELS = 256.0
MaxPixels = Annotated[
    float,
    typer.Option(
        "--max-pixels",
        metavar="MEGAPIXELS",
        min=0.001,
        rich_help_panel=PANEL_MEMORY,
        help="Refuse images of more.",
    ),
]

# What --format may be: all that is written but BMP, which holds no alpha.
SUFFIXES = {suffix[1:]: BY_SUFFIX[suffix].suffixes[0] for suffix in DEPTHS if suffix != ".bmp"}


def suffix(value: str | None) -> str | None:
    """Return the file extension of --format, None if it was not given."""
    return None if value is None else SUFFIXES[value]


def require_no_folder(path: Path, beside: Path) -> None:
    """Refuse a folder that is given with a file (exit 2), or with what is not there (exit 1)."""
    if not is_many(path):
        return
    if str(beside) != "-" and not beside.exists():
        from mattekit.files import missing

        raise missing(beside, "file or folder")
    raise typer.BadParameter(f"{path} is a folder but {beside} is a file. Give files alone or folders alone.")


def framed(pattern: Path, frames: str | None) -> Path:
    """Return the pattern that stands for the frames of --frames alone, or the path as it is without them."""
    if frames is None:
        return pattern
    from mattekit.errors import InputError

    if not is_shot(pattern):
        raise typer.BadParameter(f"--frames needs a video or a pattern like shot.####.exr, but {pattern} is neither.")
    try:
        return restricted(pattern, frames)
    except InputError as error:
        raise typer.BadParameter(f"--{error}") from None


def default_suffixes(source: Path, kinds: Iterable[str], settings: dict) -> dict[str, str]:
    """Return the extensions of unnamed outputs by kind: that of --format, else one that keeps the source's depth.

    A sheet is for eyes, and a trimap has three levels: both are PNG. A matte in its source has the source's format.
    """
    from mattekit.imaging.codecs.encode import output_suffix

    usual = settings["format"] or output_suffix(settings["depth"], source)
    own = dict.fromkeys(("preview", "compare", "trimap"), ".png")
    own["matte-in-source"] = with_alpha(source.suffix.lower())
    return {kind: own.get(kind, usual) for kind in kinds}

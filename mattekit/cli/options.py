"""Option types that two or more commands share."""

from pathlib import Path
from typing import Annotated, Any

import typer

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
Output = Annotated[Path | None, typer.Option("-o", "--output", help="File, folder (for folders) or - for stdout.")]
Recursive = Annotated[bool, typer.Option("-r", "--recursive", help="Look into sub-folders too.")]
Jobs = Annotated[int, typer.Option("-j", "--jobs", min=1, help="Number of processes.")]
SkipExisting = Annotated[bool, typer.Option("--skip-existing", help="Leave items whose outputs exist.")]
FailFast = Annotated[bool, typer.Option("--fail-fast", help="Stop at the first item that fails.")]
Shard = Annotated[
    Any,
    typer.Option(
        "--shard",
        metavar="I/N",
        parser=_shard,
        help="Do the I-th of N shares, 1/4 to 4/4; if not given, as torchrun, srun or mpirun says.",
    ),
]
Depth = Annotated[str, typer.Option("--depth", help="auto (as the input), 8, 16 or float.")]
Format = Annotated[
    str | None, typer.Option("--format", show_default="png; tiff for float", help="png, tiff, exr, webp or jpeg.")
]
ForegroundMethod = Annotated[
    str, typer.Option("--foreground-method", help="multilevel, closed-form, multiscale or multigrid.")
]
Device = Annotated[
    str, typer.Option("--device", envvar="MATTEKIT_DEVICE", help="Of networks: auto, cpu, cuda, cuda:N or mps.")
]
Precision = Annotated[
    str, typer.Option("--precision", help="Of networks: fp32, bf16, fp16, or auto, which changes 8 bits by 1 at most.")
]
Compile = Annotated[bool, typer.Option("--compile", help="Compile a network at the first image, for many of one size.")]


def _threads(count: int | None) -> int | None:
    from mattekit.parallel import use_threads

    if count is not None:
        use_threads(count)
    return count


Threads = Annotated[
    int | None,
    typer.Option("--threads", min=1, callback=_threads, show_default="all cores", help="Of each process."),
]
Settings = Annotated[
    list[str], typer.Option("--set", metavar="KEY=VALUE", help="Change an argument of the network; may be repeated.")
]
MAX_MEGAPIXELS = 256.0
MaxPixels = Annotated[
    float, typer.Option("--max-pixels", min=0.001, help="Refuse images of more megapixels than this.")
]

SUFFIXES = {"png": ".png", "tif": ".tif", "tiff": ".tif", "exr": ".exr", "webp": ".webp", "jpg": ".jpg", "jpeg": ".jpg"}


def depth(value: str) -> str:
    """Check --depth; typer.BadParameter (exit 2) if it is none of the choices."""
    from mattekit.imaging.depth import CHOICES

    return choice("--depth", value, CHOICES)


def foreground_method(value: str) -> str:
    """Check --foreground-method."""
    from mattekit.baselines import FOREGROUND

    return choice("--foreground-method", value, tuple(FOREGROUND))


def suffix(value: str | None) -> str | None:
    """File extension that --format asks for, None if it was not given."""
    return None if value is None else SUFFIXES[choice("--format", value.lower().lstrip("."), tuple(SUFFIXES))]


def require_no_folder(path: Path, beside: Path) -> None:
    """Refuse a folder that is given with a file (exit 2), or with what is not there (exit 1)."""
    if not path.is_dir():
        return
    if str(beside) != "-" and not beside.exists():
        from mattekit.errors import MissingFileError

        raise MissingFileError(f"{beside}: no such file or folder. Check the path.")
    raise typer.BadParameter(f"{path} is a folder but {beside} is a file. Give files alone or folders alone.")


def choice(option: str, value: str, choices: tuple[str, ...]) -> str:
    """Return `value` if it is one of `choices`; otherwise a usage error that lists them."""
    if value not in choices:
        raise typer.BadParameter(f"{option} {value}: use one of {', '.join(choices)}.")
    return value


def default_suffix(source: Path, settings: dict) -> str:
    """Extension of an output of `source` that was not named: --format, else what keeps the depth."""
    from mattekit.imaging.depth import output_suffix

    return settings["format"] or output_suffix(settings["depth"], source)

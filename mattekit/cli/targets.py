"""Targets of the pictures that a command makes of an image: beside it, in a folder, one file or stdout."""

import sys
from collections.abc import Mapping
from pathlib import Path

import typer

from mattekit.cli.video_output import VideoOutput


def of_file(source: Path, output: Path | None, suffixes: Mapping[str, str]) -> dict[str, Path]:
    """Return the target of every kind of picture of one `source`, by the `suffixes` of the kinds.

    STEM_KIND beside the source or in the folder `output`; or `output` itself, which one kind alone can have. An image
    from standard input goes to standard output unless `output` says otherwise.
    """
    piped = str(source) == "-"
    output = output or (Path("-") if piped else source.parent)
    if output.is_dir() or (str(output) != "-" and not output.suffix):
        stem = "stdin" if piped else source.stem
        return {kind: output / f"{stem}_{kind}{suffix}" for kind, suffix in suffixes.items()}
    if len(suffixes) > 1:
        raise typer.BadParameter(f"-o {output} is one file, but {' and '.join(suffixes)} are wanted. Give a folder.")
    if str(output) == "-" and sys.stdout.isatty():
        raise typer.BadParameter("stdout is a terminal. Name a file with -o, or pipe the output.")
    return dict.fromkeys(suffixes, output)


def in_folder(output: Path | VideoOutput, name: str, suffixes: Mapping[str, str]) -> dict[str, Path]:
    """Return the targets of a folder's item `name`: OUT/name for one kind of picture, OUT/KIND/name for several."""
    if isinstance(output, VideoOutput):
        return output.targets(name)
    several = len(suffixes) > 1
    return {kind: (output / kind if several else output) / f"{name}{suffix}" for kind, suffix in suffixes.items()}


def folder(output: Path | VideoOutput | None) -> Path | VideoOutput:
    """Return the output folder, or the videos, which a command over a folder needs; a usage error without."""
    if isinstance(output, VideoOutput):
        return output
    if output is None or str(output) == "-" or output.is_file():
        raise typer.BadParameter("a folder of images needs a folder for the outputs: -o OUT/")
    return output

"""Settings of mattes, as `predict` and `refine` are given them, checked before anything is read."""

from typing import Any

import typer

from mattekit.cli import options


def settings(
    *,
    device: str,
    tta: str,
    refinement: dict | None,
    tile: str = "auto",
    overlap: int | None = None,
    precision: str = "auto",
    compile: bool = False,
    foreground_method: str,
    depth: str,
    format: str | None,
    max_size: int | None,
    max_pixels: float,
    transfer: str,
    layer: str | None = None,
    alpha_mode: str | None = None,
) -> dict:
    """Check what was given, before anything is read; fields of `jobs.matte.MatteJob`.

    `refinement` holds arguments of `inference.refinement.RefinementSettings`, None if alphas are not refined.
    """
    return {
        "options": {
            "device": device,
            "precision": precision,
            "compile": compile,
            "tile": _tile(tile, overlap),
            "overlap": overlap,
        },
        "tta": tta,
        "refinement": None if refinement is None else _refinement(refinement),
        "foreground_method": foreground_method,
        "depth": depth,
        "format": options.suffix(format),
        "max_size": max_size,
        "max_megapixels": max_pixels,
        "transfer": transfer,
        "layer": layer,
        "alpha_mode": alpha_mode,
    }


def _tile(tile: str, overlap: int | None) -> int | str:
    if tile in ("auto", "off"):
        return tile
    if not tile.isdecimal() or int(tile) == 0:
        raise typer.BadParameter(f"--tile {tile}: use auto, off or a number of pixels.")
    if overlap is not None and overlap >= int(tile):
        raise typer.BadParameter(f"--overlap {overlap}: use less than the tiles' {tile} pixels.")
    return int(tile)


def _refinement(arguments: dict) -> Any:
    from mattekit.errors import InputError
    from mattekit.inference.refinement import RefinementSettings

    try:
        return RefinementSettings(**arguments)
    except InputError as error:
        raise typer.BadParameter(str(error)) from None

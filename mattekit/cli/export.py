"""`mattekit export`: a network as an ONNX file, for programs without PyTorch."""

from pathlib import Path
from typing import Annotated

import typer

from mattekit.cli import choices, console, options


def export(
    file: Annotated[
        Path, choices.argument("MODEL", help="File of network weights, or a name from mattekit weights list.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            show_default="FILE.onnx",
            rich_help_panel=options.PANEL_FILES,
            help="Write the model to this file.",
        ),
    ] = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Write a network as an ONNX model that takes images of any size, and compare it with PyTorch.

    Nothing is written if the two differ by more than rounding. The model carries what predict -m needs: its network,
    how images are prepared, their normalisation, and the licence. This needs the extra onnx.
    """
    console.setup(quiet=quiet)
    target = output or file.with_suffix(".onnx")
    if target.suffix != ".onnx":
        raise typer.BadParameter(f"-o {target}: wanted a name that ends in .onnx.")
    from mattekit.files import refuse_overwriting
    from mattekit.inference.onnx_export import export, require_packages
    from mattekit.networks import folder
    from mattekit.networks.packaged import file_of
    from mattekit.networks.safetensors_file import load_network

    require_packages(target)  # before the weights are read
    refuse_overwriting(target, [file])
    network = folder.load_network(file) if file.is_dir() else load_network(file_of(file))
    console.status(f"{file}: recording {network.header.network}, which can take minutes ...")
    compared = export(target, network, network.header)
    sizes = " and ".join(f"{c.size[1]}x{c.size[0]}" for c in compared)
    largest = max(c.difference for c in compared)
    console.status(f"wrote {target}: at most {largest:.1g} from PyTorch's alphas, at {sizes}")
    if json:
        rows = [{"height": c.size[0], "width": c.size[1], "difference": c.difference} for c in compared]
        console.json_line({"output": str(target), "network": network.header.network, "compared": rows})

"""`mattekit weights adopt`: a matting network that others exported to ONNX, made usable by stating what it takes."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mattekit.cli import console, options

FILES, MODEL = options.PANEL_FILES, options.PANEL_MODEL
NUMBERS = "R,G,B"

Inputs = Annotated[
    str | None,
    typer.Option(
        "--inputs",
        metavar="INPUT,...",
        show_default="by names and channels",
        rich_help_panel=MODEL,
        help="What each input takes, in the graph's order: image, plain (the image without mean and std), trimap, "
        "distances; a + joins parts of one input.",
    ),
]
Order = Annotated[
    Literal["rgb", "bgr"] | None,
    typer.Option("--order", show_default="rgb", rich_help_panel=MODEL, help="Order of the image's planes."),
]
Range = Annotated[
    Literal["0..1", "0..255"] | None,
    typer.Option(
        "--range",
        show_default="0..1",
        rich_help_panel=MODEL,
        help="Levels of the image before mean and deviation, and of a trimap of one plane.",
    ),
]
Mean = Annotated[
    str | None,
    typer.Option(
        "--mean", metavar=NUMBERS, show_default="ImageNet's", rich_help_panel=MODEL, help="Subtract these levels."
    ),
]
Std = Annotated[
    str | None,
    typer.Option(
        "--std", metavar=NUMBERS, show_default="ImageNet's", rich_help_panel=MODEL, help="Then divide by these levels."
    ),
]
Pad = Annotated[
    int | None,
    typer.Option(
        "--pad", metavar="PX", min=1, show_default="32", rich_help_panel=MODEL, help="Pad sides to multiples of this."
    ),
]
Fill = Annotated[
    Literal["reflect", "zeros"] | None,
    typer.Option("--fill", show_default="reflect", rich_help_panel=MODEL, help="Pad with this."),
]
Alpha = Annotated[
    str | None,
    typer.Option("--output", metavar="NAME", rich_help_panel=MODEL, help="Take this output of the graph for alpha."),
]
Foreground = Annotated[
    str | None,
    typer.Option(
        "--foreground", metavar="NAME", rich_help_panel=MODEL, help="Take this output for the foreground's colours."
    ),
]
Activation = Annotated[
    Literal["none", "sigmoid"] | None,
    typer.Option("--activation", show_default="none", rich_help_panel=MODEL, help="Make alphas of the output by this."),
]


def adopt(
    file: Annotated[Path, typer.Argument(help="ONNX file of a matting network.")],
    inputs: Inputs = None,
    order: Order = None,
    range: Range = None,
    mean: Mean = None,
    std: Std = None,
    pad: Pad = None,
    fill: Fill = None,
    output: Alpha = None,
    foreground: Foreground = None,
    activation: Activation = None,
    copy: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--copy",
            show_default="a TOML file beside it",
            rich_help_panel=FILES,
            help="Write a copy of the ONNX file that states its use itself.",
        ),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """State what an ONNX file of another project takes and gives, so that predict -m FILE.onnx runs it.

    What is left out is as the file tells, or as most networks have it. The graph is tried on a small picture first.
    """
    console.setup(quiet=quiet)
    if copy and copy.suffix.lower() != ".onnx":
        raise typer.BadParameter(f"-o {copy}: wanted a name that ends in .onnx.")
    given: dict[str, Any] = {
        "inputs": inputs and [part.strip() for part in inputs.split(",")],
        "order": order,
        "range": range,
        "mean": mean and _numbers("--mean", mean),
        "std": std and _numbers("--std", std),
        "pad": pad,
        "fill": fill,
        "output": output,
        "foreground": foreground,
        "activation": activation,
    }
    from mattekit.models.adopt import adopt as state
    from mattekit.models.graph_rule import written

    rule, target = state(file, {key: value for key, value in given.items() if value is not None}, copy)
    console.status(f"wrote {target}: {', '.join(rule.inputs)}; the graph gives alphas so.")
    if json:
        console.json_line({"file": str(file), "output": str(target), **written(rule)})


def _numbers(option: str, text: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 3:
        raise typer.BadParameter(f"{option} {text}: wanted three numbers with commas between.")
    return numbers

"""`mattekit weights`: listing, converting, adopting and showing files of network weights."""

from pathlib import Path
from typing import Annotated

import typer

from mattekit.cli import adopt, choices, console, options
from mattekit.cli.help_page import Command, Group

app = typer.Typer(cls=Group, help="List, convert, adopt and show files of network weights, as predict -m takes them.")

FILES, MODEL = options.PANEL_FILES, options.PANEL_MODEL
Network = Annotated[
    str | None,
    typer.Option(
        "--network",
        metavar="NAME",
        autocompletion=choices.completion("NETWORK"),
        show_default="by names and shapes of tensors",
        rich_help_panel=MODEL,
        help="Take the checkpoint for this network of mattekit models.",
    ),
]
Backbone = Annotated[
    str | None,
    typer.Option(
        "--backbone",
        metavar="NAME",
        autocompletion=choices.completion("NETWORK"),
        rich_help_panel=MODEL,
        help="Take the file for ImageNet weights of this network's encoder, and draw the rest at random.",
    ),
]


@app.command(cls=Command, epilog="mattekit weights convert indexnet_matting.pth.tar -o indexnet.safetensors")
def convert(
    file: Annotated[Path, typer.Argument(help="Checkpoint (.pth, .pth.tar, .safetensors), or a folder of ViTMatte.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            show_default="beside the checkpoint",
            rich_help_panel=FILES,
            help="Write this .safetensors file.",
        ),
    ] = None,
    network: Network = None,
    settings: options.Settings = [],  # noqa: B006
    backbone: Backbone = None,
    seed: Annotated[
        int, typer.Option(rich_help_panel=MODEL, help="Draw the random weights of --backbone from this seed.")
    ] = 0,
    licence: Annotated[str, typer.Option(rich_help_panel=FILES, help="Keep this licence in the file.")] = "unknown",
    half: Annotated[bool, typer.Option("--half", rich_help_panel=FILES, help="Store the weights in float16.")] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Convert a checkpoint of a network's authors, or of mmagic, to a file that names its network.

    With --backbone, convert ImageNet weights in torchvision's, timm's or mmcls' layout, to train the network. Pickles
    are read without executing anything; a file that holds more than tensors and numbers is refused.
    """
    console.setup(quiet=quiet)
    if network and backbone:
        raise typer.BadParameter("--network and --backbone both name the network; give one.")
    target = output or _beside(file)
    if target.suffix != ".safetensors":
        raise typer.BadParameter(f"-o {target}: wanted a name that ends in .safetensors.")
    from mattekit.files import refuse_overwriting
    from mattekit.networks import convert as conversion
    from mattekit.networks.safetensors_file import save_network

    refuse_overwriting(target, [file])
    if backbone:
        made, header = conversion.start_from_imagenet(file, backbone, settings=settings, licence=licence, seed=seed)
    else:
        made, header = conversion.convert(file, network=network, settings=settings, licence=licence)
    save_network(target, made, header, half=half)
    console.status(f"wrote {target}: {header.network}, {header.origin}")
    if json:
        show(target, json=True)


@app.command("list", cls=Command, epilog="mattekit weights list")
def list_(json: options.Json = False) -> None:
    """List the weights that come with mattekit: licence, what they were trained on, scores and how these were measured.

    predict -m NAME uses them; without -m, predict uses those called default.
    """
    from mattekit.networks.packaged import facts, packaged
    from mattekit.networks.safetensors_file import describe

    own = packaged()
    if not own:
        console.status("no weights came with this installation; predict falls back on closed-form.")
    for name, path in own.items():
        weights = {"name": name, **describe(path), **facts(name)}
        if json:
            console.json_line(weights)
        else:
            _print_facts(weights)


def _print_facts(known: dict) -> None:
    console.data(f"{known['name']}: {known.get('summary', known['network'])}")
    console.data(f"  network   {known['network']}, {known['bytes'] / 1e6:.1f} MB")
    console.data(f"  licence   {known['licence']}")
    for item in known.get("material", ()):
        console.data(f"  trained on {item['what']} ({item['licence']})")
    for row in known.get("scores", ()):
        figures = ", ".join(f"{key} {value}" for key, value in row.items() if key != "on")
        console.data(f"  {row['on']}: {figures}")
    if "measured" in known:
        console.data(f"  measured: {known['measured']}")


@app.command(cls=Command, epilog="mattekit weights show indexnet.safetensors")
def show(
    file: Annotated[
        Path,
        choices.argument(
            "MODEL", help="File written by weights convert, train or export, or a name from weights list."
        ),
    ],
    json: options.Json = False,
) -> None:
    """Show which network a file holds, how images are prepared for it, its licence, origin and size."""
    from mattekit.models.registry import describe

    facts = describe(file)
    if json:
        console.json_line({"file": str(file), **facts})
        return
    for key, value in facts.items():
        console.data(f"{key:<14} {_text(value)}")


app.command(cls=Command, epilog="mattekit weights adopt matting.onnx --inputs image,trimap --mean 0.5,0.5,0.5")(
    adopt.adopt
)


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(entry)}" for key, entry in value.items()) or "as in mattekit models"
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    return f"{value:,}" if type(value) is int else str(value)


def _beside(file: Path) -> Path:
    """Return the checkpoint's name with .safetensors for .pth or .pth.tar."""
    return Path(str(file).removesuffix(".tar")).with_suffix(".safetensors")

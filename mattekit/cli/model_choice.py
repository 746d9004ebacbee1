"""The option --model, and the check of a model before any work."""

from typing import Annotated

import typer

from mattekit.cli import choices, console, options

Model = Annotated[
    str | None,
    choices.option(
        "-m",
        "--model",
        table="MODEL",
        others=True,
        envvar="MATTEKIT_MODEL",
        show_default="default",
        help="Compute with this model, or with a network's FILE.safetensors or FILE.onnx.",
        rich_help_panel=options.PANEL_MODEL,
    ),
]
Network = Annotated[
    str | None,
    typer.Option(
        "-m",
        "--model",
        metavar="FILE",
        envvar="MATTEKIT_MODEL",
        show_default="default, mattekit's own weights",
        help="Refine the alphas of this network's FILE.safetensors.",
        rich_help_panel=options.PANEL_MODEL,
    ),
]


def check_model(name: str, fields: dict, *, named: bool) -> None:
    """Refuse a model that cannot do what was asked for, note what it leaves out, and say where it computes.

    What nobody asked about, and is as usual, is not said: the default on the CPU.
    """
    from mattekit.models import registry
    from mattekit.models.model import cannot_refine

    asked, refined = fields["options"], fields["refinement"] is not None
    if refined:
        asked = {**asked, "precision": "fp32"}
    model = registry.resolve(name, **asked)
    can = model.capabilities
    if refined and not can.refinement:
        raise cannot_refine(model)
    whole = "refinement" if refined else name
    tiled = asked["tile"] not in ("auto", "off") or asked["overlap"] is not None
    if tiled and (refined or not can.tiles):
        console.logger.warning("%s works on whole images; tiles are for networks' files of weights.", whole)
    changed = fields["options"]["precision"] not in ("auto", "fp32") or asked["compile"]
    if changed and (refined or not can.precisions):
        console.logger.warning("%s computes in its own way, without --precision and --compile.", whole)
    if asked["device"] != "auto" and asked["device"].partition(":")[0] not in can.devices:
        console.logger.warning("%s runs on the CPU; the device %s is for networks.", name, asked["device"])
    if model.placement and (named or model.placement != "cpu, fp32"):
        console.status(f"{name}: on {model.placement}")

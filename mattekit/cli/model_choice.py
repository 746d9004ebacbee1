"""The options --model and --compare, and the checks of models before any work."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from mattekit.cli import batch, choices, console, options

Model = Annotated[
    str | None,
    choices.option(
        "-m",
        "--model",
        table="MODEL",
        others=True,
        envvar="MATTEKIT_MODEL",
        show_default="default",
        help="Compute with this model, or a network's FILE.safetensors, FILE.onnx or folder.",
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
    """Refuse a model that cannot do what was asked for, note options that it ignores, and print its device.

    The device is not printed for the default model on the CPU.
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


def _compared_models(compare: str) -> tuple[str, ...]:
    """Return the models that --compare names; a usage error if there are none, or one twice."""
    names = tuple(name.strip() for name in compare.split(",") if name.strip())
    if not names or len(set(names)) < len(names):
        raise typer.BadParameter(f"--compare {compare}: name one or more models, each once, with commas between.")
    return names


def comparison(compare: str, model: str | None, save: str, fields: dict) -> Callable[..., Any]:
    """Check the models of --compare and return the function that makes their jobs from `matte_settings.settings`."""
    from mattekit.jobs.comparison import CompareJob

    if save != "alpha":
        raise typer.BadParameter("--compare writes one sheet, and --save is for one model. Give one of them.")
    if model:
        console.logger.warning("--compare names the methods; %s is left out.", model)
    names = _compared_models(compare)
    for name in names:
        check_model(name, fields, named=True)
    return partial(CompareJob, models=names, **fields)


def refuse_truth(truth: Path | None) -> None:
    """Refuse --truth without --compare, where it would not be used."""
    if truth:
        raise typer.BadParameter("--truth is for --compare. Name the models there, even if it is one alone.")


def show_comparison(name: str, value: dict, json: bool) -> None:
    """Print one JSON line, or a line of scores for each model on stdout."""
    batch.console_result(name, value, json)
    if json or "-" in value["outputs"].values():
        return
    from mattekit.jobs.comparison import lines

    for entry in value["models"].values():
        if "scores" in entry:
            console.data("  ".join([name, entry["label"], *lines(entry["scores"]), *_of_foreground(entry)]))


def _of_foreground(entry: dict) -> list[str]:
    """Return the scores of a model's foreground as text, if there are any."""
    if "foreground" not in entry:
        return []
    sad, mse = entry["foreground"]["sad"], entry["foreground"]["mse"]
    return [f"foreground SAD {sad:.2f}  MSE {'-' if mse is None else f'{mse:.4f}'}"]

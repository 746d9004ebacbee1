"""The command line: one module per command, each with the same name as the command and its function.

Command modules import nothing heavy at module level; `mattekit --help` must not load numpy, OpenCV or torch.
"""

import os
import re
import sys
from typing import Annotated, Any

import typer

from mattekit import __version__, interrupts
from mattekit.cli import (
    batch,
    composite,
    console,
    eval,
    export,
    foreground,
    guide,
    info,
    key,
    models,
    paint,
    predict,
    refine,
    serve,
    train,
    trimap,
    weights,
)
from mattekit.cli.choices import UsageError
from mattekit.cli.help_page import Command, Group
from mattekit.errors import MattekitError, is_out_of_memory


class Commands(Group):
    """Group that turns errors of commands into one line on stderr and an exit code (MATTEKIT_DEBUG=1: a traceback)."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command; exit codes: 1 failed, 2 misused, 3 some items failed, 130 interrupted."""
        try:
            with interrupts.surfaced():
                value = super().invoke(ctx)
            batch.leave_torchrun(failed=False)
            return value
        except typer.Exit as end:
            if end.exit_code == 3:
                batch.leave_torchrun(failed=True)
            raise
        except typer.Abort:
            raise
        except (Exception, KeyboardInterrupt) as error:
            raise typer.Exit(_report(error)) from error


def _report(error: BaseException) -> int:
    """Print what ended a command, in one line, and return the exit code."""
    if isinstance(error, UsageError):
        console.error(_usage(error), hint=f"{error.ctx.command_path if error.ctx else 'mattekit'} --help")
        return 2
    if isinstance(error, BrokenPipeError):  # the reader of stdout has closed it
        sys.stdout = open(os.devnull, "w")
        return 1
    if isinstance(error, KeyboardInterrupt):
        console.error("interrupted. Nothing is half-written; run it again to go on, with --skip-existing if it has it.")
        return 130
    if os.environ.get("MATTEKIT_DEBUG", "") not in ("", "0"):
        raise error
    if isinstance(error, MattekitError | OSError) or is_out_of_memory(error):
        console.error(console.describe(error))
    else:
        message = f"unexpected {type(error).__name__}: {' '.join(str(error).split())}"
        console.error(message, hint="this is a bug in mattekit; MATTEKIT_DEBUG=1 shows where")
    return 1


def _usage(error: Any) -> str:
    """Return a line for a usage error; for a value outside an option's choices, "--option value: use one of ..."."""
    message = " ".join(error.format_message().split()).removeprefix("Invalid value: ").replace("Value error, ", "")
    match = re.fullmatch(r"Invalid value for .*?(--[\w-]+)'.*?: '(.*)' is not one of (.*)\.", message)
    return f"{match[1]} {match[2]}: use one of {match[3].replace(chr(39), '')}." if match else message


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Image matting: alpha mattes, cut-outs, trimaps, data sets and exact scores.",
)
EXAMPLES = {
    predict.predict: "mattekit predict photo.png trimap.png --save alpha,cutout\n"
    "mattekit predict shot.mp4 trimaps/ --save cutout -o cut.mov\n"
    "mattekit predict photos/ --segment seg.onnx --save cutout -o out/",
    refine.refine: "mattekit refine photo.png trimap.png -m a2u.safetensors --trace cost.csv",
    trimap.trimap: "mattekit trimap photo.jpg --mask rough.png\nmattekit trimap alpha.png --erode 5 --dilate 20\n"
    "mattekit trimap trimaps/ --check --image images/\nmattekit trimap trimaps/ --fix -o fixed/",
    key.key: "mattekit key plate.png\nmattekit key plates/ -o keyed/ --save alpha,foreground --screen blue -j 2",
    paint.paint: "mattekit paint photo.jpg\nmattekit paint photos/ -o trimaps/",
    composite.composite: "mattekit composite cutout.png beach.jpg\n"
    "mattekit composite --preset composition-1k --split test -o test/ \\\n"
    "    --foregrounds fg/ --alphas alpha/ --backgrounds voc/",
    foreground.foreground: "mattekit foreground photo.png alpha.png\nmattekit foreground images/ alphas/ -o colours/",
    eval.eval: "mattekit eval alphas/ truth/ --trimaps trimaps/\n"
    "mattekit eval ours/ theirs/ truth/ --trimaps trimaps/ -o report.html",
    train.train: "mattekit train --data foregrounds/ --backgrounds photos/ -o run/\nmattekit train -o run/ --resume",
    models.models: "mattekit models\nmattekit models a2u --set k_up=5",
    export.export: "mattekit export a2u.safetensors -o a2u.onnx",
    serve.serve: "mattekit serve\nmattekit serve --host 0.0.0.0 --token SECRET123 --jobs 2",
    info.info: "mattekit info --json",
    guide.guide: "mattekit guide\nmattekit guide trimaps",
}
for _command, _examples in EXAMPLES.items():
    app.command(cls=Command, epilog=_examples)(_command)
app.add_typer(weights.app, name="weights")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"mattekit {__version__}")  # noqa: T201
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Image matting: alpha mattes, cut-outs, trimaps, data sets and exact scores."""


def main() -> None:
    """Entry point of the `mattekit` script."""
    from mattekit.parallel import collect_seldom

    interrupts.install()
    collect_seldom()
    try:
        app()
    finally:
        interrupts.ignore()  # at exit Python would restore the default handlers, which kill the process

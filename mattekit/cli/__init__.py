"""The command line: one module per command, each with the same name as the command and its function.

Command modules import nothing heavy at module level; `mattekit --help` must not load numpy, OpenCV or torch.
"""

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from mattekit import __version__, interrupts
from mattekit.cli import (
    composite,
    console,
    eval,
    export,
    foreground,
    info,
    launcher,
    models,
    predict,
    refine,
    train,
    trimap,
    weights,
)
from mattekit.errors import MattekitError, is_out_of_memory

UsageError = typer.BadParameter.__base__


class Commands(TyperGroup):
    """Turns every error of a command into one line on stderr and an exit code (MATTEKIT_DEBUG=1: a traceback)."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command; 1: it failed, 2: it was misused, 3: some items failed, 130: interrupted."""
        try:
            with interrupts.surfaced():
                value = super().invoke(ctx)
            launcher.leave(failed=False)
            return value
        except UsageError as error:
            where = error.ctx.command_path if error.ctx else "mattekit"
            message = error.format_message().removeprefix("Invalid value: ").replace("\n", " ")
            console.error(message, hint=f"{where} --help")
            raise typer.Exit(2) from error
        except BrokenPipeError:  # the reader of our stdout has gone: nothing more to say
            sys.stdout = open(os.devnull, "w")
            raise typer.Exit(1) from None
        except (MattekitError, OSError, MemoryError) as error:
            _reraise_in_debugging(error)
            console.error(console.describe(error))
            raise typer.Exit(1) from error
        except KeyboardInterrupt:
            console.error(
                "interrupted. Nothing is half-written; run it again to go on, with --skip-existing if it has it."
            )
            raise typer.Exit(130) from None
        except typer.Exit as end:
            if end.exit_code == 3:
                launcher.leave(failed=True)
            raise
        except typer.Abort:
            raise
        except Exception as error:
            _reraise_in_debugging(error)
            if is_out_of_memory(error):
                console.error(console.describe(error))
                raise typer.Exit(1) from error
            console.error(
                f"unexpected {type(error).__name__}: {' '.join(str(error).split())}",
                hint="this is a bug in mattekit; MATTEKIT_DEBUG=1 shows where",
            )
            raise typer.Exit(1) from error


def _reraise_in_debugging(error: BaseException) -> None:
    if os.environ.get("MATTEKIT_DEBUG", "") not in ("", "0"):
        raise error


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Image matting: alpha mattes, cut-outs, trimaps, data sets and exact scores.",
)
app.command()(predict.predict)
app.command()(refine.refine)
app.command()(trimap.trimap)
app.command()(composite.composite)
app.command()(foreground.foreground)
app.command()(eval.eval)
app.command()(train.train)
app.command()(models.models)
app.add_typer(weights.app, name="weights")
app.command()(export.export)
app.command()(info.info)


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
        interrupts.ignore()  # at its end Python would restore the system's answer, which is death by the signal

"""Option types that two or more commands share."""

from pathlib import Path
from typing import Annotated

import typer

Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print errors only.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Print details on stderr.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object per item on stdout.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="File, folder (for folders) or - for stdout.")]
Recursive = Annotated[bool, typer.Option("-r", "--recursive", help="Look into sub-folders too.")]
Jobs = Annotated[int, typer.Option("-j", "--jobs", min=1, help="Number of processes.")]
SkipExisting = Annotated[bool, typer.Option("--skip-existing", help="Leave items whose outputs exist.")]
FailFast = Annotated[bool, typer.Option("--fail-fast", help="Stop at the first item that fails.")]
Depth = Annotated[str, typer.Option("--depth", help="auto (as the input), 8, 16 or float.")]
MaxPixels = Annotated[
    float, typer.Option("--max-pixels", min=0.001, help="Refuse images of more megapixels than this.")
]

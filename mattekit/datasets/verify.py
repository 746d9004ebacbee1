"""Checking a composed data set against its manifest: every file exists, and every hash is as recorded."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mattekit.datasets import manifest, records
from mattekit.datasets.plan import Library
from mattekit.datasets.records import Record
from mattekit.errors import InputError, MattekitError, MissingFileError
from mattekit.pairing import Problem


@dataclass(frozen=True)
class Check:
    """One record of the manifest and its files: role -> file, by kind ("parts" or "outputs")."""

    record: Record
    files: dict[str, dict[str, Path]]
    outputs: tuple[Path, ...] = field(default=())

    @property
    def name(self) -> str:
        """Name of the image, for messages."""
        return self.record.name


def checks(output: Path, libraries: dict[str, Library | None]) -> tuple[list[Check], list[str]]:
    """Return one check for every record of a manifest, and a problem for every record that cannot be checked.

    Parts are looked for in the `libraries` of their role; a role without one is left unchecked.

    Raises
    ------
    MissingFileError, InputError
        If there is no readable manifest.
    """
    tasks, problems = [], []
    wanted = records.read_settings(output).images
    lines = records.read(output)
    if wanted is not None and len(lines) != wanted:
        problems.append(f"{output}: {len(lines)} of {wanted} images are finished. Run the same command again.")
    for line in lines:
        try:
            parts = {role: libraries[role].find(name) for role, name in line.parts.items() if libraries.get(role)}
            outputs = {role: records.located(output, path) for role, path in line.outputs.items()}
            tasks.append(Check(line, {"parts": parts, "outputs": outputs}))
        except MattekitError as error:
            problems.append(Problem(line.name, f"{line.name}: {error}"))
    return tasks, problems


def check(task: Check) -> dict[str, Any]:
    """Compare the hashes of one image's files with the manifest.

    Raises
    ------
    InputError
        Naming every file of the image that is missing or differs.
    """
    problems = []
    for kind, files in task.files.items():
        for role, path in files.items():
            wanted = getattr(task.record.sha256, kind)[role]
            try:
                digest = manifest.facts(path).sha256 if kind == "parts" else manifest.sha256(path)
                if digest != wanted:
                    problems.append(f"{path}: SHA-256 {digest[:12]}..., the manifest says {wanted[:12]}...")
            except (FileNotFoundError, MissingFileError):
                problems.append(f"{path}: missing")
    if problems:
        raise InputError(f"{'; '.join(problems)}. Remove the bad outputs and run the same command again.")
    return {"verified": sorted(f"{kind}.{role}" for kind, files in task.files.items() for role in files)}


def unnamed(output: Path, tasks: list[Check]) -> list[Path]:
    """List the files in the folders of a data set that its manifest does not name."""
    named = {path for task in tasks for path in task.files["outputs"].values()}
    folders = {path.parent for path in named} | {output / name for name in manifest.FOLDERS}
    return sorted(path for folder in folders for path in folder.glob("*") if path not in named)

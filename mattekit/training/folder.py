"""The folder of a run: the names of what lies in it, and whose it is."""

import shutil
from pathlib import Path

from mattekit import files
from mattekit.errors import InputError
from mattekit.training.recipe import Recipe


class RunFolder:
    """Everything that a run writes.

    =================== ============================================================================
    recipe.toml         the recipe as it is run
    log.jsonl, log.csv  a line for every few steps and every validation
    last.safetensors    the network as it is; the averaged one, if the recipe keeps an average
    best.safetensors    the same, when it scored best
    state.pt            all that a resumed run goes on from
    pictures/           sheets of samples, one for each validation, by the number of steps
    samples/            those of a pool, if the recipe has one and no cache; may be deleted
    tensorboard/        for TensorBoard, if asked for
    =================== ============================================================================
    """

    def __init__(self, path: Path):
        self.path = path
        self.recipe, self.state = path / "recipe.toml", path / "state.pt"
        self.jsonl, self.csv = path / "log.jsonl", path / "log.csv"
        self.best, self.last = path / "best.safetensors", path / "last.safetensors"
        self.pictures, self.tensorboard, self.samples = path / "pictures", path / "tensorboard", path / "samples"

    def holds_run(self) -> bool:
        """Whether a run was begun here."""
        return self.recipe.is_file()

    def check(self, *, resume: bool) -> None:
        """Raise InputError if another run lies here and is not to be resumed, or files of another origin."""
        if self.holds_run() and not resume:
            raise InputError(f"{self.path}: holds a run.", remedy="resume")
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path}: a file, wanted a folder for the run.", remedy="output")
        strange = [] if self.holds_run() or not self.path.exists() else self.path.iterdir()
        if any(not path.name.endswith(".part") for path in strange):
            raise InputError(f"{self.path}: not empty, and holds no run.", remedy="output")

    def claim(self, recipe: Recipe, *, resume: bool) -> None:
        """Make this the folder of a run of this recipe; errors as of `check`."""
        self.check(resume=resume)
        files.write_bytes(self.recipe, recipe.to_toml().encode())
        files.sweep(self.path)

    def release(self) -> None:
        """Remove a run that took no step, so that the same call may follow once it is corrected."""
        if not self.state.exists():
            shutil.rmtree(self.path, ignore_errors=True)

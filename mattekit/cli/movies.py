"""Videos as outputs: `-o cut.mov` in place of a folder, for the frames of a video or of a pattern."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import typer

from mattekit.cli import batch, console
from mattekit.frames import is_shot


class Movies:
    """The videos that a command makes of a shot, one for each kind of picture."""

    def __init__(self, shot: Path, targets: dict[str, Path]) -> None:
        from mattekit.jobs.movie import Movie

        self.shot = shot
        self.parts = {kind: Movie(target, kind, shot) for kind, target in targets.items()}
        self.lost: set[str] = set()
        self.unwanted: set[str] = set()

    def targets(self, name: str) -> dict[str, Path]:
        """Return the files of the pictures of one frame, which wait for the others."""
        return {kind: movie.part(name) for kind, movie in self.parts.items()}

    def depth(self, wanted: str) -> str:
        """Return the depth of pictures for --depth; a usage error for one that a video cannot hold."""
        depths = {movie.depth for movie in self.parts.values()}
        for target in (movie.target for movie in self.parts.values()):
            if wanted == "float" or (wanted != "auto" and depths - {"auto", wanted}):
                raise typer.BadParameter(f"--depth {wanted}: {target.suffix} does not have it. Leave it out.")
        return wanted if wanted != "auto" else depths.pop()

    def _note_lost(self, run: Callable, work: Callable, items: Sequence, jobs: int) -> Iterator:
        from mattekit.video.decoder import LostFrameError

        for result in run(work, items, jobs):
            if isinstance(result.error, LostFrameError):
                self.lost.add(result.item.name)
            yield result

    def _show(self, show: batch.Show, name: str, value: dict, json: bool) -> None:
        outputs = {kind: str(movie.target) for kind, movie in self.parts.items()}
        show(name, {**value, "outputs": outputs} if json else {**value, "outputs": {}}, json)

    def run(
        self,
        tasks: Sequence[Any],
        work: Callable,
        *,
        skip_existing: bool,
        shard: Any,
        json: bool,
        run: Callable | None = None,
        show: batch.Show | None = None,
        **how: Any,
    ) -> None:
        """Make the pictures that are missing, as `batch.run_folder` does, and the videos once all are there."""
        from mattekit import parallel

        if skip_existing and all(movie.target.exists() for movie in self.parts.values()):
            console.status(
                f"{', '.join(str(movie.target) for movie in self.parts.values())}: skipped, the outputs exist"
            )
            return
        if tasks:
            self._prepare(tasks)
        code = 0
        try:
            batch.run_folder(
                tasks, work, skip_existing=True, shard=shard, json=json,
                show=partial(self._show, show or batch.console_result),
                run=partial(self._note_lost, run or parallel.run), **how,
            )  # fmt: skip
        except typer.Exit as end:
            if (code := end.exit_code) != 3:
                raise
        if batch.rank_of(shard).count > 1:
            console.status("run the same command without --shard when all shares are done: it makes the video")
        elif tasks and not self._missing(code):
            for movie in self.parts.values():
                self._join(movie, json=json)
        if code:
            raise typer.Exit(code)

    def _prepare(self, tasks: Sequence[Any]) -> None:
        from mattekit.imaging import io

        size = io.read_size(tasks[0].inputs[0])
        for movie in self.parts.values():
            movie.check(size)
        for movie in self.parts.values():
            movie.prepare(tasks)

    def _missing(self, code: int) -> bool:
        """Whether pictures are missing that another run could make; an error line says so."""
        from mattekit import frames

        movies = self.parts.values()
        names = [path.stem for path in frames.find(self.shot).files.values() if path.stem not in self.unwanted]
        absent = [name for name in names if not all(movie.part(name).exists() for movie in movies)]
        repairable = [name for name in absent if name not in self.lost]
        for movie in movies if repairable or len(absent) == len(names) else []:
            console.error(
                f"{movie.target}: not written, as {len(absent)} of {len(names)} frames failed. The others are kept in "
                f"{movie.folder}; run it again when they can be read."
            )
        return bool(repairable) or len(absent) == len(names)

    def _join(self, movie: Any, *, json: bool) -> None:
        from mattekit import frames

        with console.progress("encoding", len(frames.find(self.shot).files)) as advance:
            numbers = movie.join(advance)
        console.status(f"wrote {movie.target} ({len(numbers)} frames)")
        if json:
            name = movie.target.stem
            console.json_line({"name": name, "outputs": {movie.kind: str(movie.target)}, "frames": len(numbers)})


def is_movie(output: Path) -> bool:
    """Whether an output is named as a video."""
    from mattekit.video.names import SUFFIXES

    return output.suffix.lower() in SUFFIXES and not output.is_dir()


def wanted(image: Path, output: Path | None, kinds: Sequence[str], fields: dict) -> Movies | None:
    """Return the videos that `-o FILE.mov` asks for of a shot; None if it asks for other files.

    Several kinds of pictures get files of their own, FILE_KIND.mov. `fields` are those of jobs, with "depth", which is
    changed to what the videos take, and "format".
    """
    if output is None or not is_movie(output):
        return None
    if not is_shot(image):
        raise typer.BadParameter(f"-o {output} is a video, but {image} is no video and no pattern of frames.")
    if fields.get("format"):
        raise typer.BadParameter(f"--format does not apply with a video, and -o {output} names one.")
    several = len(kinds) > 1
    made = {kind: output.with_name(f"{output.stem}_{kind}{output.suffix}") if several else output for kind in kinds}
    movies = Movies(image, made)
    fields["depth"] = movies.depth(fields["depth"])
    return movies


def run_folder(movies: Movies | None, tasks: Sequence[Any], work: Callable, **how: Any) -> None:
    """Process many items by `batch.run_folder`, and make videos of their pictures if any are wanted."""
    (movies.run if movies else batch.run_folder)(tasks, work, **how)

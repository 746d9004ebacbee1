"""Videos as outputs: `-o cut.mov` in place of a folder, for the frames of a video or of a pattern."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import typer

from mattekit.cli import batch, console
from mattekit.frames import is_shot


class VideoOutput:
    """The videos that a command makes of a shot, one for each kind of picture."""

    def __init__(self, shot: Path, targets: dict[str, Path]) -> None:
        from mattekit.jobs.video_file import VideoFile

        self.shot = shot
        self.parts = {kind: VideoFile(target, kind, shot) for kind, target in targets.items()}
        self.lost: set[str] = set()
        self.unwanted: set[str] = set()

    def targets(self, name: str) -> dict[str, Path]:
        """Return the files of the pictures of one frame, which wait for the others."""
        return {kind: video.part(name) for kind, video in self.parts.items()}

    def depth(self, wanted: str) -> str:
        """Return the depth of pictures for --depth; a usage error for one that a video cannot hold."""
        depths = {video.depth for video in self.parts.values()}
        for target in (video.target for video in self.parts.values()):
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
        outputs = {kind: str(video.target) for kind, video in self.parts.items()}
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

        if skip_existing and all(video.target.exists() for video in self.parts.values()):
            console.status(
                f"{', '.join(str(video.target) for video in self.parts.values())}: skipped, the outputs exist"
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
            for video in self.parts.values():
                self._join(video, json=json)
        if code:
            raise typer.Exit(code)

    def _prepare(self, tasks: Sequence[Any]) -> None:
        from mattekit.imaging import io

        size = io.read_size(tasks[0].inputs[0])
        for video in self.parts.values():
            video.check(size)
        for video in self.parts.values():
            video.prepare(tasks)

    def _missing(self, code: int) -> bool:
        """Whether pictures are missing that another run could make; an error line says so."""
        from mattekit import frames

        videos = self.parts.values()
        names = [path.stem for path in frames.find(self.shot).files.values() if path.stem not in self.unwanted]
        absent = [name for name in names if not all(video.part(name).exists() for video in videos)]
        repairable = [name for name in absent if name not in self.lost]
        for video in videos if repairable or len(absent) == len(names) else []:
            console.error(
                f"{video.target}: not written, as {len(absent)} of {len(names)} frames failed. The others are kept in "
                f"{video.folder}; run it again when they can be read."
            )
        return bool(repairable) or len(absent) == len(names)

    def _join(self, video: Any, *, json: bool) -> None:
        from mattekit import frames

        with console.progress("encoding", len(frames.find(self.shot).files)) as advance:
            numbers = video.join(advance)
        console.status(f"wrote {video.target} ({len(numbers)} frames)")
        if json:
            name = video.target.stem
            console.json_line({"name": name, "outputs": {video.kind: str(video.target)}, "frames": len(numbers)})


def is_video_name(output: Path) -> bool:
    """Whether an output is named as a video."""
    from mattekit.video.names import SUFFIXES

    return output.suffix.lower() in SUFFIXES and not output.is_dir()


def wanted(image: Path, output: Path | None, kinds: Sequence[str], fields: dict) -> VideoOutput | None:
    """Return the videos that `-o FILE.mov` asks for of a shot; None if it asks for other files.

    Several kinds of pictures get files of their own, FILE_KIND.mov. `fields` are those of jobs, with "depth", which is
    changed to what the videos take, and "format".
    """
    if output is None or not is_video_name(output):
        return None
    if not is_shot(image):
        raise typer.BadParameter(f"-o {output} is a video, but {image} is no video and no pattern of frames.")
    if fields.get("format"):
        raise typer.BadParameter(f"--format does not apply with a video, and -o {output} names one.")
    several = len(kinds) > 1
    made = {kind: output.with_name(f"{output.stem}_{kind}{output.suffix}") if several else output for kind in kinds}
    videos = VideoOutput(image, made)
    fields["depth"] = videos.depth(fields["depth"])
    return videos


def run_folder(videos: VideoOutput | None, tasks: Sequence[Any], work: Callable, **how: Any) -> None:
    """Process many items by `batch.run_folder`, and make videos of their pictures if any are wanted."""
    (videos.run if videos else batch.run_folder)(tasks, work, **how)

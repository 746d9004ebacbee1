"""`mattekit trimap --propagate`: from trimaps of key frames to those of all frames of a shot."""

from pathlib import Path
from typing import Any

import typer

from mattekit.cli import batch, console, targets, video_output
from mattekit.frames import is_many

DOUBTFUL = 0.5  # confidence below which another key frame is suggested


def run(source: Path, keys: Path | None, output: Path | None, max_pixels: float, **how: Any) -> None:
    """Carry the trimaps of `keys` along the shot `source`; `how` is for `batch.run_folder`."""
    if keys is None:
        raise typer.BadParameter("--propagate needs --keys, the trimaps of one or more frames.")
    if not is_many(source):
        raise typer.BadParameter(f"--propagate is for the frames of a shot, but {source} is one picture.")
    if batch.rank_of(how["shard"]).count > 1:
        raise typer.BadParameter("--propagate goes from frame to frame, in one process without --shard or a launcher.")
    if how["jobs"] > 1:
        raise typer.BadParameter("--jobs does not apply with --propagate, whose frames follow from each other.")
    from mattekit import frames
    from mattekit.jobs import propagate
    from mattekit.pairing import Problem

    videos = video_output.wanted(source, output, ["trimap"], {"depth": "auto"})
    folder = videos or targets.folder(output)
    groups, problems, _ = frames.pair({"image": source})
    shot = []
    for number, files in groups.items():
        made = targets.in_folder(folder, files["image"].stem, {"trimap": ".png"})
        job = {"name": files["image"].stem, "number": number, "image": files["image"], "targets": made}
        shot.append(propagate.FrameJob(**job, max_megapixels=max_pixels))
    chosen = propagate.keys_of(shot, frames.find(keys))
    weakest = _Weakest()
    video_output.run_folder(
        videos,
        shot,
        propagate.run,
        problems=[Problem(name, line) for name, line in problems],
        label="frames",
        run=lambda work, todo, jobs: work(shot, chosen, todo),
        show=weakest,
        **how,
    )
    weakest.tell(json=how["json"])


class _Weakest:
    """Shows frames that are done, and keeps the one whose trimap is the least sure."""

    def __init__(self) -> None:
        self.name, self.confidence = "", 1.0

    def __call__(self, name: str, value: dict, json: bool) -> None:
        batch.console_result(name, value, json)
        if value["confidence"] < self.confidence:
            self.name, self.confidence = name, value["confidence"]

    def tell(self, *, json: bool) -> None:
        """Suggest the next key frame to paint, if one would help."""
        if self.confidence >= DOUBTFUL:
            return
        console.status(f"the least certain trimap is that of {self.name} ({self.confidence:.2f}); paint it and add it")
        if json:
            console.json_line({"suggested_key": self.name, "confidence": self.confidence})

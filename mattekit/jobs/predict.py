"""`mattekit predict` and `refine`: an image and a trimap in, an alpha and the pictures made with it out."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mattekit import interrupts
from mattekit.imaging import background, io, matte_in_source
from mattekit.imaging.transfer import bounded
from mattekit.inference.pictures import COLOURS, Pictures, needs_colours
from mattekit.inference.refinement import Refined
from mattekit.jobs.matte import MatteJob
from mattekit.jobs.staged import PIXELS_AHEAD, Inputs

log = logging.getLogger("mattekit")


class Solution(NamedTuple):
    """The pictures of a job by kind, and what was refined, for each view."""

    pictures: dict[str, np.ndarray]
    refined: list[Refined]


@dataclass(frozen=True, kw_only=True)
class PredictJob(MatteJob):
    """A job of one model.

    Attributes
    ----------
    model : str
        A name or a file, as `registry.resolve` takes it.
    background : str, optional
        A colour or an image file behind the composite.
    """

    model: str
    background: str | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """The names of all models."""
        return (self.model,)

    @property
    def inputs(self) -> list[Path]:
        """Files that no output may overwrite."""
        return [*super().inputs, *([Path(self.background)] if self.background else [])]

    def load(self) -> Inputs:
        """Read the image, and read or make the trimap."""
        return self.read()

    def solve(self, inputs: Inputs, alpha: np.ndarray | None = None) -> Solution:
        """Make the alpha, unless it is given, and the pictures that are wanted."""
        own, refined, fg = self.layers(self.model, inputs) if needs_colours(self.targets) else None, [], None
        if own:
            alpha, fg = own
        elif alpha is None:
            alpha, refined = self.alpha(self.model, inputs)
        behind = self._background(inputs.trimap.shape)
        pictures = Pictures(inputs.source.pixels, inputs.trimap, alpha, behind, self.estimator, inputs.source.light, fg)
        return Solution(pictures.make(tuple(self.targets)), refined)

    def solve_together(self, group: Sequence[Inputs]) -> list[np.ndarray | None]:
        """Return the alphas of several images with one input size; None for those that are left to `solve`."""
        open_ = [inputs for inputs in group if (inputs.trimap == 0.5).any()]
        if len(open_) < 2:
            return [None] * len(group)
        try:
            with interrupts.surfaced():
                alphas = iter(
                    self.find(self.model).alphas(
                        [(bounded(one.source.pixels, self.transfer), one.trimap) for one in open_]
                    )
                )
        except Exception as error:
            log.info("%d images together: %s; now one by one.", len(open_), error)
            return [None] * len(group)
        return [next(alphas) if (inputs.trimap == 0.5).any() else None for inputs in group]

    def write(self, inputs: Inputs, solution: Solution) -> dict:
        """Write the pictures; return the outputs by kind, the size, the model, and what was refined.

        "trimap" tells of one that a source made, as `trimap_source.facts_of` does.
        Of a refined alpha "refinement" has, for each view, the cost at every step as [C, C1, C2]; "notes" says why
        views were not refined.
        """
        for kind, picture in solution.pictures.items():
            if kind == matte_in_source.KIND:
                self.write_in_source(kind, picture, self.image)
                continue
            light = inputs.source.light is not None and kind in COLOURS
            depth = "8" if kind in ("preview", "trimap") else None
            self.write_picture(kind, picture, inputs.source, depth, light=light)
        facts = self._tell(solution.refined) if self.refinement else {}
        made = {} if inputs.facts is None else {"trimap": inputs.facts}
        return self.outcome(inputs.trimap.shape, model=self.model, **made, **facts)

    def _tell(self, refined: list[Refined]) -> dict:
        notes = list(dict.fromkeys(view.note for view in refined if view.note))
        for note in notes:
            log.warning("%s: %s", self.name, note)
        for number, view in enumerate(refined, 1):
            of = f", view {number} of {len(refined)}" if len(refined) > 1 else ""
            for step, terms in enumerate(view.costs, 1):
                log.info("%s%s: step %d, cost %.6f (C1 %.6f, C2 %.6f)", self.name, of, step, *terms)
        costs = [[list(terms) for terms in view.costs] for view in refined]
        return {"refinement": costs, **({"notes": notes} if notes else {})}

    def _background(self, size: tuple[int, int]) -> np.ndarray | None:
        if self.background is None:
            return background.plain("white", size) if "composite" in self.targets else None
        if Path(self.background).is_file():
            picture = io.read_image(Path(self.background), max_megapixels=self.max_megapixels)
            return background.cover(picture.pixels, size)
        return background.plain(self.background, size)


def group(jobs: Sequence[PredictJob], batch: int | None = None) -> list[list[PredictJob]]:
    """Group jobs of one model so that those of a group can be solved together: all of one input size.

    Parameters
    ----------
    jobs : sequence of PredictJob
    batch : int, optional
        Jobs in a group at most, fewer of large images; as the model's capabilities say unless given. Where alphas are
        refined, averaged over views, or of reduced images, or a model gives colours that are wanted, and for models
        that take no batches, one.

    Returns
    -------
    list of list of PredictJob
        Files whose header cannot be read are alone.
    """
    if not jobs:
        return []
    model, first = jobs[0].find(jobs[0].model), jobs[0]
    alone = first.refinement or first.tta != "none" or first.max_size or not model.capabilities.batches
    alone = alone or (model.capabilities.layers and needs_colours(first.targets))
    count = 1 if alone else batch or model.capabilities.batch
    if count == 1:
        return [[job] for job in jobs]
    buckets: dict[tuple[int, int], list[PredictJob]] = {}
    for job in jobs:
        try:
            size = model.input_size(io.read_size(job.image))
        except Exception:  # raised again when its turn comes
            size = (PIXELS_AHEAD, PIXELS_AHEAD)
        buckets.setdefault(size, []).append(job)
    groups = []
    for (height, width), bucket in buckets.items():
        step = max(1, min(count, PIXELS_AHEAD // (height * width)))
        groups += [bucket[i : i + step] for i in range(0, len(bucket), step)]
    return groups

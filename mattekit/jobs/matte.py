"""The base of jobs that make alphas of an image and a trimap: how their files are read and their models found."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mattekit.baselines import DEFAULT_FOREGROUND
from mattekit.errors import InputError
from mattekit.imaging import io
from mattekit.imaging.trimap import missing
from mattekit.inference.refinement import Refined, RefinementSettings
from mattekit.jobs.staged import Inputs, StagedJob
from mattekit.models import registry
from mattekit.models.model import Model
from mattekit.models.prediction import predict_alpha

log = logging.getLogger("mattekit")


@dataclass(frozen=True, kw_only=True)
class MatteJob(StagedJob):
    """An image with its trimap, and how alphas are made of them.

    Attributes
    ----------
    image, trimap : Path
    options : dict
        Of `registry.resolve`: device, precision, compile, tile, overlap.
    max_size, tta, refinement
        As for `models.prediction.predict_alpha`.
    foreground_method : str
        A name of `baselines.FOREGROUND`.
    """

    image: Path
    trimap: Path
    options: dict[str, Any] = field(default_factory=dict)
    max_size: int | None = None
    tta: str = "none"
    refinement: RefinementSettings | None = None
    foreground_method: str = DEFAULT_FOREGROUND

    models: ClassVar[Sequence[str]]  # names of all models; a field or a property of subclasses

    def read(self) -> Inputs:
        """Read the image and the trimap (H, W) of its size, with the known classes that the models need."""
        source = io.read_image(self.image, max_megapixels=self.max_megapixels)
        trimap = io.read_trimap(self.trimap, max_megapixels=self.max_megapixels, require_classes=False)
        io.require_same_size(self.trimap, trimap.shape, self.image, source.pixels.shape)
        self._require_classes(trimap)
        if not (trimap == 0.5).any():
            log.warning("%s: no unknown pixel; the trimap is the alpha, unchanged.", self.trimap)
        return Inputs(source, trimap)

    def _require_classes(self, trimap: np.ndarray) -> None:
        """Raise InputError if a model starts from known foreground and background, and the trimap lacks one."""
        absent, needing = missing(trimap), [m for m in self.models if self.find(m).capabilities.needs_both_classes]
        if needing and absent and "unknown" not in absent:
            raise InputError(
                f"{self.trimap}: no {' and no '.join(absent)} pixel, but {needing[0]} starts from both classes. "
                "Mark some pixels, or use a network, such as the default."
            )

    def find(self, model: str) -> Model:
        """Return a model by its name or file, on the job's device and with its options."""
        return registry.resolve(model, **self.options)

    def alpha(self, model: str, inputs: Inputs) -> tuple[np.ndarray, list[Refined]]:
        """Return the alpha (H, W) by a model, and what was refined, for each view."""
        refined: list[Refined] = []
        alpha = predict_alpha(
            self.find(model),
            inputs.source.pixels,
            inputs.trimap,
            max_size=self.max_size,
            tta=self.tta,
            refinement=self.refinement,
            report=refined.append,
        )
        return alpha, refined

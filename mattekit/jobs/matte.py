"""The base of jobs that make alphas of an image and a trimap: how their files are read and their models found."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mattekit.baselines import DEFAULT_FOREGROUND
from mattekit.errors import InputError
from mattekit.imaging import io, masks, overscan, pixel_values
from mattekit.imaging.transfer import bounded
from mattekit.imaging.trimap import missing
from mattekit.inference.refinement import Refined, RefinementSettings
from mattekit.jobs.staged import Inputs, StagedJob
from mattekit.jobs.trimap_source import TrimapSpec, facts_of
from mattekit.models import registry
from mattekit.models.model import Model
from mattekit.models.prediction import predict_alpha, predict_layers

log = logging.getLogger("mattekit")

OWN_FOREGROUND = "auto"


@dataclass(frozen=True, kw_only=True)
class MatteJob(StagedJob):
    """An image with its trimap, or a source of one, and how alphas are made of them.

    Attributes
    ----------
    image : Path
    trimap : Path, optional
    spec : TrimapSpec, optional
        What makes the trimap, if it has no file.
    masks : bool
        A trimap without unknown pixels is taken as it is; otherwise one of both classes is refused, as it is a mask.
    options : dict
        Of `registry.resolve`: device, precision, compile, tile, overlap.
    transfer : str
        A name of `imaging.transfer.TRANSFERS`, the curve by which models see an image with values beyond 0..1.
    max_size, tta, refinement
        As for `models.prediction.predict_alpha`.
    foreground_method : str
        A name of `baselines.FOREGROUND`; or "auto", the model's own foreground where it gives one.
    """

    image: Path
    trimap: Path | None = None
    spec: TrimapSpec | None = None
    masks: bool = True
    options: dict[str, Any] = field(default_factory=dict)
    transfer: str = "auto"
    max_size: int | None = None
    tta: str = "none"
    refinement: RefinementSettings | None = None
    foreground_method: str = OWN_FOREGROUND

    models: ClassVar[Sequence[str]]  # names of all models; a field or a property of subclasses

    @property
    def inputs(self) -> list[Path]:
        """Files that no output may overwrite."""
        return [path for path in (self.image, self.trimap, *(self.spec.inputs if self.spec else ())) if path]

    def read(self) -> Inputs:
        """Read the image, and read or make the trimap (H, W) of its size with the known classes that models need."""
        source = io.read_plate(self.image, max_megapixels=self.max_megapixels, layer=self.layer)
        if self.spec:
            made = self.spec.make(source, self.image, self.max_megapixels)
            self.require_classes(made.trimap)
            return Inputs(source, made.trimap, facts=facts_of(self.spec.name, made))
        trimap = self._read_trimap(source)
        io.require_same_size(self.trimap, trimap.shape, self.image, source.pixels.shape)
        self.require_classes(trimap)
        return Inputs(source, trimap)

    def _read_trimap(self, source: io.Picture) -> np.ndarray:
        """Read the trimap; raise InputError for a photograph, and for a mask unless `masks` are taken."""
        name, raw = io.name_of(self.trimap), overscan.read(self.trimap, source.origin, self.max_megapixels)
        if masks.is_photograph(raw.pixels):
            raise InputError(f"{name}: a picture of many colours, wanted a trimap of 0, 128 and 255.", remedy="sources")
        trimap = pixel_values.trimap_of(name, raw.pixels, lossy=raw.lossy)
        if "unknown" in (absent := missing(trimap)):
            if len(absent) == 1 and not self.masks:
                raise InputError(f"{name}: 0 and 255 alone, which is a mask, wanted unknown pixels.", remedy="mask")
            log.warning("%s: no unknown pixel; the trimap is the alpha, unchanged.", name)
        return trimap

    def require_classes(self, trimap: np.ndarray) -> None:
        """Raise InputError if a model starts from known foreground and background, and the trimap lacks one."""
        absent, needing = missing(trimap), [m for m in self.models if self.find(m).capabilities.needs_both_classes]
        if needing and absent and "unknown" not in absent:
            raise InputError(
                f"{io.name_of(self.trimap or self.image)}: no {' and no '.join(absent)} pixel, but {needing[0]} starts "
                "from both classes. Mark some pixels, or use a network, such as the default."
            )

    def find(self, model: str) -> Model:
        """Return a model by its name or file, on the job's device and with its options."""
        return registry.resolve(model, **self.options)

    @property
    def estimator(self) -> str:
        """The method that estimates foregrounds which no model gives."""
        return DEFAULT_FOREGROUND if self.foreground_method == OWN_FOREGROUND else self.foreground_method

    def layers(self, model: str, inputs: Inputs) -> tuple[np.ndarray, np.ndarray] | None:
        """Return alpha (H, W) and foreground (H, W, 3) of a model that gives both, if its own is wanted and serves.

        An estimate serves better where alphas are refined, where the image is in light, and where nothing is unknown.
        """
        if self.foreground_method != OWN_FOREGROUND or self.refinement or inputs.source.light is not None:
            return None
        found = self.find(model)
        if not found.capabilities.layers or not (inputs.trimap == 0.5).any():
            return None
        image = bounded(inputs.source.pixels, self.transfer)
        return predict_layers(found, image, inputs.trimap, max_size=self.max_size, tta=self.tta)

    def alpha(self, model: str, inputs: Inputs) -> tuple[np.ndarray, list[Refined]]:
        """Return the alpha (H, W) by a model, and what was refined, for each view."""
        refined: list[Refined] = []
        with notes_named(self.trimap or self.image):
            alpha = predict_alpha(
                self.find(model),
                bounded(inputs.source.pixels, self.transfer),
                inputs.trimap,
                max_size=self.max_size,
                tta=self.tta,
                refinement=self.refinement,
                report=refined.append,
            )
        return alpha, refined


@contextmanager
def notes_named(path: Path) -> Iterator[None]:
    """Begin notes on "trimap", which models log in the block, with a file's name, for those who run many."""

    def name(record: logging.LogRecord) -> bool:
        if str(record.msg).startswith("trimap: "):
            record.msg = io.name_of(path).replace("%", "%%") + str(record.msg).removeprefix("trimap")
        return True

    log.addFilter(name)
    try:
        yield
    finally:
        log.removeFilter(name)

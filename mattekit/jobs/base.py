"""Jobs: one item of a command, from input files to output files."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mattekit.files import refuse_overwriting
from mattekit.imaging import io, matte_in_source
from mattekit.imaging.codecs.encode import output_depth

log = logging.getLogger("mattekit")

HALF_LEVEL = 0.5 / 255  # beyond 0..1 by less than this, colours are rounded, not clipped


@dataclass(frozen=True, kw_only=True)
class Job:
    """The base of all jobs: output files and how their pictures are written.

    Attributes
    ----------
    name : str
        What messages and results call the item.
    targets : dict of str to Path
        The output file of each kind of picture; Path("-") is standard output.
    depth : "auto", "8", "16" or "float"
        Of the outputs; "auto" is the depth of the picture they are made from.
    format : str, optional
        Suffix of the outputs' format, where the targets' own do not tell.
    max_megapixels : float
        Larger inputs are refused.
    layer : str, optional
        Of images in EXR files that have several.
    alpha_mode : "straight" or "premultiplied", optional
        Of cut-outs, and of a cut-out that is read; premultiplied in EXR alone unless given.
    """

    name: str
    targets: dict[str, Path]
    depth: str = "auto"
    format: str | None = None
    max_megapixels: float = io.MAX_MEGAPIXELS
    layer: str | None = None
    alpha_mode: str | None = None

    @property
    def inputs(self) -> Sequence[Path]:
        """Files that no output may overwrite."""
        raise NotImplementedError

    @property
    def outputs(self) -> list[Path]:
        """Files whose existence means that this job is done."""
        return list(self.targets.values())

    def check_targets(self) -> None:
        """Raise InputError if an output would overwrite an input, or its format cannot hold it."""
        if target := self.targets.get(matte_in_source.KIND):
            matte_in_source.check(target, self.inputs[0])
        for target in self.outputs:
            refuse_overwriting(target, self.inputs)

    def write_picture(
        self, kind: str, picture: np.ndarray, source: io.Picture, depth: str | None = None, *, light: bool = False
    ) -> None:
        """Write the picture (H, W) or (H, W, C) of one kind, with the colour profile of the picture it is made from.

        EXR keeps the windows and attributes of that one, and DPX its logarithm. `depth` is in place of the job's;
        `light` says that the picture is scene-linear. Where "auto" loses depth, or colours beyond white are clipped, a
        warning says so.
        """
        target, wanted = self.targets[kind], depth or self.depth
        suffix = self.format or target.suffix.lower()
        written = output_depth(wanted, source.depth, suffix)
        if wanted == "auto" and written != source.depth:
            log.warning(
                "%s: written with %s bits; %s cannot hold the input's %s.", target, written, suffix, source.depth
            )
        curve = "log" if source.curve == "log" and suffix == ".dpx" else "srgb"
        if picture.ndim == 3 and written != "float" and suffix != ".exr" and curve != "log":
            low, high = float(picture[..., :3].min()), float(picture[..., :3].max())
            if low < -HALF_LEVEL or high > 1 + HALF_LEVEL:
                log.warning("%s: colours %.3g..%.3g are clipped to 0..1. Write .exr or .tif.", target, low, high)
        how = {"icc": source.icc, "light": light, "alpha_mode": self.alpha_mode, "origin": source.origin}
        io.write_image(target, picture, depth=written, suffix=suffix, curve=curve, **how)

    def write_in_source(self, kind: str, alpha: np.ndarray, source: Path) -> None:
        """Write a copy of the source's file with the alpha (H, W) as its channel A."""
        how = {"max_megapixels": self.max_megapixels, "layer": self.layer}
        matte_in_source.write(self.targets[kind], source, alpha, **how)

    def outcome(self, size: tuple[int, int], **facts: Any) -> dict[str, Any]:
        """Return what JSON lines tell of a job that is done: its outputs, their size (H, W), and `facts`."""
        outputs = {kind: str(path) for kind, path in self.targets.items()}
        return {"outputs": outputs, "height": size[0], "width": size[1], **facts}

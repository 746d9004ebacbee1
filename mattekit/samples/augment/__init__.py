"""Augmentation: seeded steps that a recipe puts in an order, each a function (sample, rng, arguments) -> sample.

steps = check_steps([("merge", 0.5, {}), ("affine", 1, {}), ("trimap", 1, {"rule": "a2u"}), ("background", 1, {}),
                     ("crop", 1, {"size": 512, "rule": "a2u"}), ("hsv", 1, {}), ("compose", 1, {})])
sample = apply(sources.draw(rng), steps, rng)

Geometry is lazy: pictures are views until "crop" reads its pixels. The numbers are those of the steps taken one by
one on whole pictures, which `apply(..., lazy=False)` does.
"""

from mattekit.samples.augment.steps import STEPS, Step, apply, check_steps

__all__ = ["STEPS", "Step", "apply", "check_steps"]

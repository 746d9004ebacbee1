"""Augmentation: seeded steps in an order that a recipe gives, each a function (sample, rng, arguments) -> sample.

steps = check_steps([("merge", 0.5, {}), ("affine", 1, {}), ("trimap", 1, {"rule": "a2u"}), ("background", 1, {}),
                     ("crop", 1, {"size": 512, "rule": "a2u"}), ("hsv", 1, {}), ("compose", 1, {})])
sample = apply(sources.draw(rng), steps, rng)

Geometry is lazy: pictures are views until "crop" reads its pixels. The results equal those of the steps applied to
whole pictures one by one, as `apply(..., lazy=False)` does.
"""

from mattekit.samples.augment.steps import STEPS, Step, apply, check_steps

__all__ = ["STEPS", "Step", "apply", "check_steps"]

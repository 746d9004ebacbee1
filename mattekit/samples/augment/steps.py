"""The table of steps, lists of them checked, and taken in order."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from inspect import Parameter, signature
from typing import Any

import cv2
import numpy as np
from pydantic import TypeAdapter, ValidationError

from mattekit.errors import InputError
from mattekit.samples.augment.colour import blur, fade, floats, hsv, invert, jitter, jpeg, noise, permute, rescale
from mattekit.samples.augment.composition import background, compose, gamma, merge, prior, trimap
from mattekit.samples.augment.crop import crop, turn
from mattekit.samples.augment.geometry import affine, border, flip, resize, rotate
from mattekit.samples.sample import Sample
from mattekit.samples.views import stored

Step = tuple[str, float, dict[str, Any]]  # name, probability, arguments

STEPS: dict[str, Callable[..., Sample]] = {
    # geometry
    "merge": merge,
    "resize": resize,
    "affine": affine,
    "border": border,
    "background": background,
    "rotate": rotate,
    "crop": crop,
    "flip": flip,
    "turn": turn,
    # alpha and trimap
    "gamma": gamma,
    "trimap": trimap,
    # colours
    "hsv": hsv,
    "fade": fade,
    "invert": invert,
    "permute": permute,
    "jitter": jitter,
    "blur": blur,
    "rescale": rescale,
    "noise": noise,
    "jpeg": jpeg,
    # the image
    "compose": compose,
    "prior": prior,
}
PICTURES = ("alpha", "fg", "bg", "image", "trimap", "prior")


def apply(sample: Sample, steps: Iterable[Step], rng: np.random.Generator, *, lazy: bool = True) -> Sample:
    """Take steps in order, each with its probability.

    Parameters
    ----------
    sample : with arrays of float32 in 0..1 or uint8; they are not changed.
    steps : as `check_steps` gives them.
    rng : decides everything.
    lazy : read only the pixels that a crop needs. Otherwise every step runs on whole pictures; the answer is the same.

    Returns
    -------
    Sample of float32 arrays
    """
    sample = _each(sample, lambda pixels: pixels if pixels.dtype in (np.uint8, np.float32) else floats(pixels))
    if lazy:
        sample = _each(sample, stored)
    for name, probability, arguments in steps:
        if rng.random() < probability:
            sample = STEPS[name](sample, rng, **arguments)
    return _each(sample, lambda pixels: np.ascontiguousarray(floats(pixels)))


def check_steps(steps: Sequence[Step]) -> list[Step]:
    """Check names, probabilities, arguments and order, and try the steps on a small sample.

    Returns
    -------
    list of (name, probability, arguments), the arguments converted to the types that the steps want

    Raises
    ------
    InputError
        For what is unknown (the nearest valid name is told), of a wrong type or value, or in a wrong order.
    """
    checked = [_checked(*step) for step in steps]
    sample, rng = _each(_trial(), stored), np.random.default_rng(0)
    for name, _, arguments in checked:
        try:
            sample = _each(STEPS[name](sample, rng, **arguments), lambda pixels: stored(np.asarray(pixels)))
        except (ArithmeticError, IndexError, MemoryError, ValueError, cv2.error) as problem:
            if isinstance(problem, InputError):
                raise
            texts = ", ".join(f"{key} = {value!r}" for key, value in arguments.items())
            raise InputError(f"step {name}: {texts}, which it cannot use. Change them.") from problem
    return checked


def _checked(name: str, probability: float, arguments: dict[str, Any]) -> Step:
    if name not in STEPS:
        raise InputError(f"step: unknown step {name!r}{_nearest(name, STEPS)}.")
    if not 0 <= probability <= 1:
        raise InputError(f"step {name}: probability {probability}, wanted 0..1. Change it.")
    known = _arguments(name)
    converted = {}
    for key, value in arguments.items():
        if key not in known:
            raise InputError(f"step {name}: it has no argument {key!r}{_nearest(key, known)}.")
        try:
            converted[key] = known[key].validate_python(value)
        except ValidationError as error:
            raise InputError(f"step {name}: {key} = {value!r}: {error.errors()[0]['msg']}. Change it.") from None
    return name, float(probability), converted


@cache
def _arguments(name: str) -> dict[str, TypeAdapter]:
    parameters = signature(STEPS[name]).parameters.values()
    return {each.name: TypeAdapter(each.annotation) for each in parameters if each.kind is Parameter.KEYWORD_ONLY}


def _nearest(name: str, known: Iterable[str]) -> str:
    known = list(known)
    if not known:
        return "; it takes none"
    near = get_close_matches(name, known, 1)
    return f"; the nearest is {near[0]!r}" if near else f". Choose from {', '.join(known)}"


def _each(sample: Sample, function: Callable) -> Sample:
    found = {name: getattr(sample, name) for name in PICTURES}
    return replace(sample, **{name: function(pixels) for name, pixels in found.items() if pixels is not None})


def _trial() -> Sample:
    """A small sample with everything in it: a soft disc before grey."""
    ramp = np.hypot(*np.ogrid[-1:1:48j, -1:1:64j]).astype(np.float32)
    alpha = np.clip(2 - 3 * ramp, 0, 1)
    grey = np.full((48, 64, 3), 0.5, np.float32)
    return Sample(alpha=alpha, fg=grey, bg=grey, prior=alpha, draw=lambda rng: (grey, alpha))

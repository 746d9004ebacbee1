"""The table of augmentation steps; checking lists of them, and applying them in order."""

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
from mattekit.samples.augment.camera import camera, defocus, forget
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
    "forget": forget,
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
    "defocus": defocus,
    # the image
    "compose": compose,
    "camera": camera,
    "prior": prior,
}
PICTURES = ("alpha", "fg", "bg", "image", "trimap", "prior")


def apply(sample: Sample, steps: Iterable[Step], rng: np.random.Generator, *, lazy: bool = True) -> Sample:
    """Apply steps in order, each with its probability.

    Parameters
    ----------
    sample : with arrays of float32 in 0..1 or uint8; they are not changed.
    steps : as `check_steps` returns them.
    rng : the only source of randomness.
    lazy : read only the pixels that a crop needs. Otherwise every step runs on whole pictures; the result is the same.

    Returns
    -------
    Sample of float32 arrays
    """
    sample = _map(sample, lambda pixels: pixels if pixels.dtype in (np.uint8, np.float32) else floats(pixels))
    if lazy:
        sample = _map(sample, stored)
    for name, probability, arguments in steps:
        if rng.random() < probability:
            sample = STEPS[name](sample, rng, **arguments)
    return _map(sample, lambda pixels: np.ascontiguousarray(floats(pixels)))


def check_steps(steps: Sequence[Step]) -> list[Step]:
    """Check names, probabilities, arguments and order, and try the steps on a small sample.

    Returns
    -------
    list of (name, probability, arguments), the arguments converted to the types that the steps declare

    Raises
    ------
    InputError
        If a name is unknown (the nearest valid one is named), a value or its type is wrong, or the order is.
    """
    checked = [_checked(*step) for step in steps]
    sample, rng = _map(_trial_sample(), stored), np.random.default_rng(0)
    for name, _, arguments in checked:
        try:
            sample = _map(STEPS[name](sample, rng, **arguments), lambda pixels: stored(np.asarray(pixels)))
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
    return {one.name: TypeAdapter(one.annotation) for one in parameters if one.kind is Parameter.KEYWORD_ONLY}


def _nearest(name: str, known: Iterable[str]) -> str:
    known = list(known)
    if not known:
        return "; it takes none"
    near = get_close_matches(name, known, 1)
    return f"; the nearest is {near[0]!r}" if near else f". Choose from {', '.join(known)}"


def _map(sample: Sample, function: Callable) -> Sample:
    pictures = {name: getattr(sample, name) for name in PICTURES}
    return replace(sample, **{name: function(pixels) for name, pixels in pictures.items() if pixels is not None})


def _trial_sample() -> Sample:
    """Return a small sample with all pictures: a soft disc in front of grey."""
    ramp = np.hypot(*np.ogrid[-1:1:48j, -1:1:64j]).astype(np.float32)
    alpha = np.clip(2 - 3 * ramp, 0, 1)
    grey = np.full((48, 64, 3), 0.5, np.float32)
    return Sample(alpha=alpha, fg=grey, bg=grey, prior=alpha, draw=lambda rng: (grey, alpha))

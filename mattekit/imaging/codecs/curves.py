"""Transfer curves of files: how stored values stand for light."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mattekit.imaging.codecs.exr import decode_srgb, encode_srgb

# Kodak's printing density as Cineon and DPX files hold it ("Conversion of 10-bit Log Film Data To 8-bit Linear or
# Video Data", 1995): code values of 1023 for white and black, 0.002 density a code, and the negative's gamma.
WHITE, BLACK, CODES, CODES_PER_DECADE = 685, 95, 1023, 0.6 / 0.002
BLACK_LIGHT = np.float32(10 ** ((BLACK - WHITE) / CODES_PER_DECADE))


class Curve(NamedTuple):
    """Functions from stored values to light and back."""

    to_light: Callable[[np.ndarray], np.ndarray]
    from_light: Callable[[np.ndarray], np.ndarray]


def decode_log(values: np.ndarray) -> np.ndarray:
    """Return the light of printing density, values 0..1 float32: 1 at code 685 of 1023, 13.5 at the last."""
    light = 10 ** ((np.asarray(values, np.float32) * np.float32(CODES) - WHITE) / np.float32(CODES_PER_DECADE))
    return (light - BLACK_LIGHT) / (1 - BLACK_LIGHT)


def encode_log(light: np.ndarray) -> np.ndarray:
    """Return printing density of light; the inverse of `decode_log`, 0 for light below that of code 0."""
    strength = np.asarray(light, np.float32) * (1 - BLACK_LIGHT) + BLACK_LIGHT
    least = np.float32(10 ** (-WHITE / CODES_PER_DECADE))
    return (WHITE + np.float32(CODES_PER_DECADE) * np.log10(np.maximum(strength, least))) / np.float32(CODES)


def _same(values: np.ndarray) -> np.ndarray:
    return values


CURVES = {
    "srgb": Curve(decode_srgb, encode_srgb),
    "linear": Curve(_same, _same),
    "log": Curve(decode_log, encode_log),
}

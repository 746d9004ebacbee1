"""Pictures as a page shows them: 8 bits, with light beyond 1 and very dark pictures brought into range."""

import numpy as np

from mattekit.imaging.codecs.encode import quantise
from mattekit.imaging.codecs.exr import decode_srgb, encode_srgb
from mattekit.imaging.io import Picture

BRIGHT = 99.5  # percentile that counts as the brightest of a picture
DARK = 0.25  # value of it below which a picture of more than 8 bits is shown brighter
AIM = 0.9  # value to which it then goes
SAMPLE = 512  # pixels of a side that percentiles are taken of


def shown(picture: Picture) -> tuple[np.ndarray, str]:
    """Return an image as (H, W, 3) uint8, and a note if it is shown in another way than stored ("" if not).

    Light beyond 1 is compressed by Reinhard's extended curve ("Photographic Tone Reproduction for Digital Images",
    2002, equation 4) of each pixel's largest channel; pictures of 16 bits or floats whose brightest pixels are dark
    are shown with more exposure. The picture itself stays as it is.
    """
    pixels = picture.pixels
    brightest = float(np.percentile(_sampled(pixels), BRIGHT))
    if pixels.max() > 1:
        return quantise(_compressed(pixels), "8"), "Light beyond 1 is compressed for the screen; files keep it."
    if picture.depth != "8" and 0 < brightest < DARK:
        gain = decode_srgb(np.float32([AIM]))[0] / decode_srgb(np.float32([brightest]))[0]
        stops = round(float(np.log2(gain)), 1)
        return quantise(
            encode_srgb(decode_srgb(pixels) * gain), "8"
        ), f"Shown {stops:g} stops brighter; files keep the light."
    return quantise(pixels, "8"), ""


def _sampled(pixels: np.ndarray) -> np.ndarray:
    rows, columns = (max(1, side // SAMPLE) for side in pixels.shape[:2])
    return pixels[::rows, ::columns].max(axis=2)


def _compressed(pixels: np.ndarray) -> np.ndarray:
    light = decode_srgb(pixels.clip(0, None))
    most = light.max(axis=2, keepdims=True)
    white = max(1.0, float(np.percentile(_sampled(light), BRIGHT)))
    return encode_srgb(light * (1 + most / white**2) / (1 + most))

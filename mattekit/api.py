"""The library in a dozen functions, each for a file or an array; `import mattekit` offers them all.

Arrays are images (H, W, 3), alphas and trimaps (H, W): floats in 0..1, or uint8 and uint16 at full scale. Files are
paths. What comes back is float32 in 0..1, RGB and sRGB-encoded.

>>> import mattekit, numpy as np
>>> y, x = np.mgrid[:48, :64]
>>> distance = np.hypot(y - 24, x - 32)
>>> image = np.where(distance[..., None] < 15, np.float32([0.9, 0.6, 0.1]), np.float32([0.1, 0.3, 0.8]))
>>> trimap = mattekit.make_trimap(distance < 15, erode=3, dilate=3)
>>> alpha = mattekit.predict(image, trimap, "closed-form")
>>> mattekit.score(alpha, distance < 15, trimap)["sad"] < 0.01
True
>>> mattekit.cutout(image, alpha).shape
(48, 64, 4)
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from mattekit.baselines import DEFAULT_FOREGROUND, FOREGROUND, estimate
from mattekit.errors import InputError
from mattekit.formats import BY_SUFFIX
from mattekit.imaging import background as backgrounds
from mattekit.imaging import composite as compositing
from mattekit.imaging import io, pixel_values
from mattekit.imaging.trimap import from_alpha
from mattekit.metrics import score as scores_of
from mattekit.models import registry
from mattekit.models.model import Model
from mattekit.models.prediction import predict_alpha
from mattekit.trimap_sources.mask import adaptive_trimap

Picture = np.ndarray | str | Path  # an array, or the file that holds it

__all__ = [
    *("read_image", "read_alpha", "read_trimap", "write_image", "load_model", "predict", "cutout"),
    *("estimate_foreground", "make_trimap", "composite", "score"),
]


def read_image(path: str | Path) -> np.ndarray:
    """Read an image: (H, W, 3) float32 RGB in 0..1, sRGB-encoded; an alpha channel is dropped with a note.

    Raises MattekitError if the file is missing, damaged or no image.
    """
    return io.read_image(Path(path)).pixels


def read_alpha(path: str | Path) -> np.ndarray:
    """Read an alpha (H, W) float32 in 0..1: the A of a cut-out, else the grey values. Raises as `read_image`."""
    return io.read_alpha(Path(path)).pixels


def read_trimap(path: str | Path) -> np.ndarray:
    """Read a trimap (H, W) float32: 0 background, 1 foreground, 0.5 unknown. Raises as `read_image`."""
    return io.read_trimap(Path(path), require_classes=False)


def write_image(path: str | Path, pixels: np.ndarray, *, depth: str = "8") -> None:
    """Write an alpha or trimap (H, W), an image (H, W, 3) or a cut-out (H, W, 4) to a file, whole or not at all.

    depth : "8", "16" or "float"; the file's suffix names the format (PNG, TIFF, EXR, WebP, JPEG).
    Raises InputError if the format cannot hold such pixels.
    """
    io.write_image(Path(path), pixel_values.to_float(np.asarray(pixels)), depth=depth)


def load_model(name: str | Path | None = None, device: str = "auto", **options: Any) -> Model:
    """Load a model; its `alpha(image, trimap)` makes alphas.

    Parameters
    ----------
    name : a name of `mattekit.models.registry.names`, such as "default" or "closed-form", or a network's file
        (.safetensors, .onnx); the default if omitted.
    device : "auto", "cpu", "cuda", "cuda:1" or "mps".
    **options : `precision`, `compile`, `tile` and `overlap`, where the model has a choice.

    Raises
    ------
    MattekitError
        If there is no such model, file or device.
    """
    return registry.load(name or registry.default_name(), device, **options)


def predict(
    image: Picture,
    trimap: Picture,
    model: Model | str | Path | None = None,
    *,
    max_size: int | None = None,
    tta: str = "none",
) -> np.ndarray:
    """Return the alpha (H, W) float32 of an image, exactly 0 and 1 where the trimap is known.

    Parameters
    ----------
    image : (H, W, 3) or a file.
    trimap : (H, W) or a file.
    model : of `load_model`, or what that takes; the default if omitted.
    max_size : longest side in pixels at which the model works.
    tta : "none", "flip", "dihedral" or "full": views that are averaged.

    Raises
    ------
    MattekitError
        If sizes differ, an input cannot be used, or the model has no alpha for it.
    """
    pixels, known = _image(image), _trimap(trimap)
    io.require_same_size(_name(trimap, "trimap"), known.shape, _name(image, "image"), pixels.shape)
    model = model if isinstance(model, Model) else load_model(model)
    return predict_alpha(model, pixels, known, max_size=max_size, tta=tta)


def estimate_foreground(image: Picture, alpha: Picture, method: str | None = None) -> np.ndarray:
    """Return the colours (H, W, 3) float32 of the foreground alone, free of the old background.

    method : a name of `mattekit.baselines.FOREGROUND`; `DEFAULT_FOREGROUND` of the same if omitted.
    Raises MattekitError as `predict`.
    """
    pixels, opacity = _image(image), _alpha(alpha)
    io.require_same_size(_name(alpha, "alpha"), opacity.shape, _name(image, "image"), pixels.shape)
    method = method or DEFAULT_FOREGROUND
    if method not in FOREGROUND:
        raise InputError(f"foreground method {method!r}: unknown, wanted one of {', '.join(FOREGROUND)}.")
    return estimate(pixels, opacity, method)


def cutout(image: Picture, alpha: Picture, method: str | None = None) -> np.ndarray:
    """Return the foreground with its alpha (H, W, 4) float32, not premultiplied; as `estimate_foreground`."""
    pixels, opacity = _image(image), _alpha(alpha)
    io.require_same_size(_name(alpha, "alpha"), opacity.shape, _name(image, "image"), pixels.shape)
    return np.dstack([estimate_foreground(pixels, opacity, method), opacity])


def make_trimap(
    alpha: Picture,
    *,
    erode: int = 10,
    dilate: int = 10,
    shape: str = "ellipse",
    image: Picture | None = None,
    band: str | int = "auto",
) -> np.ndarray:
    """Return a trimap (H, W) float32 of an alpha or a mask, unknown around its edges and soft pixels.

    erode, dilate : reach of the unknown band into the foreground and the background, in pixels.
    shape : "ellipse" (OpenCV's kernel) or "distance" (exact).
    image : the picture of a rough mask, which the band then follows in place of the above; see
        `mattekit.trimap_sources.mask.adaptive_trimap`, also for `band`.
    Raises InputError for values outside 0..1, and where sizes differ.
    """
    if image is not None:
        return adaptive_trimap(_image(image), _alpha(alpha), band=band)[0]
    return from_alpha(_alpha(alpha), erode=erode, dilate=dilate, shape=shape)


def composite(foreground: Picture, alpha: Picture, background: Picture) -> np.ndarray:
    """Return alpha F + (1 - alpha) B, (H, W, 3) float32.

    foreground : colours of the foreground, of `estimate_foreground`; alpha : of its size.
    background : an image, scaled and cropped to cover the foreground, or a colour, such as "white" or "#204060".
    Raises MattekitError as `predict`.
    """
    fg, opacity = _image(foreground), _alpha(alpha)
    size = opacity.shape[:2]
    if isinstance(background, np.ndarray) or Path(background).is_file() or Path(background).suffix.lower() in BY_SUFFIX:
        behind = backgrounds.cover(_image(background), size)
    else:
        behind = backgrounds.plain(str(background), size)
    return compositing.composite(fg, behind, opacity)


def score(
    alpha: Picture, truth: Picture, trimap: Picture | None = None, metrics: Iterable[str] | None = None
) -> dict[str, float]:
    """Return scores by name: SAD, Grad and Conn in thousands, MSE and MAD per pixel, as the official scorer has them.

    trimap : only its unknown pixels count; all pixels if omitted.
    metrics : names of `mattekit.metrics.METRICS`; all if omitted.
    Raises MattekitError as `predict`.
    """
    unknown = None if trimap is None else _trimap(trimap) == 0.5
    return scores_of(_alpha(alpha), _alpha(truth), unknown, metrics=metrics)


def _image(given: Picture) -> np.ndarray:
    if not isinstance(given, np.ndarray):
        return read_image(given)
    if given.ndim != 3 or given.shape[2] != 3:
        raise InputError(f"image: shape {given.shape}, wanted (H, W, 3).")
    return _floats("image", given)


def _alpha(given: Picture) -> np.ndarray:
    if not isinstance(given, np.ndarray):
        return read_alpha(given)
    if given.ndim != 2:
        raise InputError(f"alpha: shape {given.shape}, wanted (H, W).")
    return _floats("alpha", given)


def _trimap(given: Picture) -> np.ndarray:
    if not isinstance(given, np.ndarray):
        return read_trimap(given)
    if given.ndim != 2:
        raise InputError(f"trimap: shape {given.shape}, wanted (H, W).")
    return pixel_values.trimap_of("trimap", given if given.dtype.kind == "u" else _floats("trimap", given))


def _floats(name: str, given: np.ndarray) -> np.ndarray:
    """Convert an array to floats in 0..1; a mask counts as 0 and 1."""
    if given.size == 0 or not (given.dtype.kind in "fb" or given.dtype in (np.uint8, np.uint16)):
        raise InputError(f"{name}: {given.dtype} of shape {given.shape}, wanted floats in 0..1, uint8 or uint16.")
    floats = given.astype(np.float32) if given.dtype.kind == "b" else pixel_values.to_float(given)
    if not (floats.min() >= 0 and floats.max() <= 1):  # false for NaN, too
        raise InputError(
            f"{name}: values {floats.min():g}..{floats.max():g}, wanted 0..1. Divide by the full scale, or clip."
        )
    return np.ascontiguousarray(floats)


def _name(given: Picture, otherwise: str) -> str:
    return otherwise if isinstance(given, np.ndarray) else str(given)

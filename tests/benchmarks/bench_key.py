"""Errors of keying on plates with exact truth, beside a plain keyer, closed-form matting and the default model.

Run as `python tests/benchmarks/bench_key.py FOLDER_OF_RGBA`. Plates are those of `keying_plates.py`, at least 40:
several of each foreground if there are fewer files. The key is given the plate alone, and the screen's name only where
it asks for it. Closed-form and the default are given the true trimap, widened by 10 pixels, and closed-form the values
as well as the light that they stand for. The plain keyer divides G - max(R, B), or B - max(R, G), by its median over
what is truly screen. All but the key take colours from the default foreground method. The key's constants were chosen
on other renders and on plates of the first half, which a checksum of the name tells from the second.
"""

import sys
import zlib
from collections import defaultdict
from itertools import product
from pathlib import Path

import cv2
import numpy as np
from keying_plates import Plate, plate

from mattekit.baselines import ALPHA, DEFAULT_FOREGROUND, FOREGROUND
from mattekit.errors import MattekitError
from mattekit.imaging.codecs.exr import decode_srgb
from mattekit.imaging.trimap import from_alpha
from mattekit.keying.key import Keyed, KeySettings, key
from mattekit.models import registry

PLATES = 40
WIDER = 10
HALVES = ("tuned on", "held out")
KEY = "mattekit key"


def main() -> None:
    """Print a line per plate and then the means."""
    cv2.setNumThreads(1)
    paths = sorted(path for path in Path(sys.argv[1]).iterdir() if path.suffix in (".png", ".webp"))
    takes = -(-PLATES // len(paths))
    rows = []
    for take, path in product(range(takes), paths):
        made = plate(path, take)
        errors = judge(made)
        half = HALVES[zlib.crc32(path.stem.encode()) % 2]
        tags = [half, made.stored, "blurred" if made.blurred else "still", path.stem.split("_")[-1]]
        rows.append((tags, errors))
        told = ", ".join(f"{name} {sad:.2f} / {colour:.1f}" for name, (sad, colour) in errors.items())
        print(f"{made.name} {made.screen} {' '.join(tags)}: {told}", flush=True)
    table(rows)


def judge(made: Plate) -> dict[str, tuple[float, float]]:
    """Return for each method SAD in thousands, and the colours' mean error, weighed by alpha, in levels of 255."""
    image = made.image.clip(0, 1)
    trimap = from_alpha(made.alpha, erode=WIDER, dilate=WIDER)
    light = decode_srgb(made.image).clip(0, 1)
    default = registry.resolve(registry.default_name())
    alphas = {
        "plain, values": plain(made, made.image),
        "plain, light": plain(made, decode_srgb(made.image)),
        "closed-form, values": solved(lambda: ALPHA["closed-form"](image, trimap)),
        "closed-form, light": solved(lambda: ALPHA["closed-form"](light, trimap)),
        "default": default.alpha(image, trimap),
    }
    keyed = keyed_plate(made)
    errors = {KEY: (sad(keyed.alpha, made), colour_error(keyed.foreground, made))}
    for name, alpha in alphas.items():
        if alpha is not None:
            fg = FOREGROUND[DEFAULT_FOREGROUND].function(image, alpha)
            errors[name] = sad(alpha, made), colour_error(fg, made)
    return errors


def keyed_plate(made: Plate) -> Keyed:
    """Key a plate; where no screen is found surely enough, say so and name its colour."""
    try:
        return key(made.image)
    except MattekitError as error:
        print(f"{made.name}: {error} Named.")
        return key(made.image, KeySettings(screen=made.screen))


def plain(made: Plate, pixels: np.ndarray) -> np.ndarray:
    """Alpha by the difference of colours."""
    lead = 1 if made.screen == "green" else 2
    difference = pixels[..., lead] - np.delete(pixels, lead, axis=2).max(2)
    screen = made.alpha == 0
    full = np.median(difference[screen]) if screen.any() else difference.max()
    return (1 - (difference / full).clip(0, 1)).astype(np.float32)


def solved(method) -> np.ndarray | None:
    """Return a method's alpha, None where the trimap lacks a class that it needs."""
    try:
        return method()
    except MattekitError:
        return None


def sad(alpha: np.ndarray, made: Plate) -> float:
    """Sum of absolute differences over the whole picture, in thousands."""
    return float(np.abs(alpha - made.alpha).sum()) / 1000


def colour_error(fg: np.ndarray, made: Plate) -> float:
    """Mean absolute error of colours, weighed by the true alpha."""
    weight = made.alpha[..., None]
    return 255 * float((weight * np.abs(fg - made.foreground)).sum() / (3 * weight.sum()))


def table(rows: list[tuple[list[str], dict[str, tuple[float, float]]]]) -> None:
    """Print means over all plates and over each kind of them: of the method, and of the key on the same plates."""
    groups = defaultdict(list)
    for tags, errors in rows:
        for tag in ("all", *tags):
            groups[tag].append(errors)
    for tag, members in groups.items():
        print(f"\n{tag}: {len(members)} plates; SAD and colour error; the key's on the same plates; key better on")
        for name in dict.fromkeys(name for errors in members for name in errors):
            pairs = [(errors[name], errors[KEY]) for errors in members if name in errors]
            (sads, colours), (ours, our_colours) = (np.transpose([pair[k] for pair in pairs]) for k in (0, 1))
            wins = f"{np.count_nonzero(ours < sads)} of {len(pairs)}"
            ratio = np.exp(np.mean(np.log((ours + 0.01) / (sads + 0.01))))
            print(
                f"  {name:<20} SAD {sads.mean():6.2f} ({ours.mean():6.2f})  colours {colours.mean():5.1f} "
                f"({our_colours.mean():5.1f})  {wins:>9}  geometric mean of SAD ratios {ratio:.2f}"
            )


if __name__ == "__main__":
    main()

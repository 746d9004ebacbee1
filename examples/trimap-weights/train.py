"""Train the weights that judge pixels near a rough mask's edge: see README.md beside this file."""

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch

from mattekit.baselines.priors import PRIORS
from mattekit.imaging import io
from mattekit.imaging.codecs.exr import decode_srgb, encode_srgb
from mattekit.imaging.trimap import join, missing
from mattekit.trimap_sources import following
from mattekit.trimap_sources.cues import Sides, cues
from mattekit.trimap_sources.strands import line_contrast

LEAST = 180  # pixels of a foreground's side
NEAR, FAR = 2600, 500  # pixels of a sample within the matted region and a little further, and of the rest
HIDDEN, STEPS, BATCH, RATE = (96, 32), 5000, 4096, 3e-3


def main() -> None:
    """Draw samples, train, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--foregrounds", action="append", required=True, metavar="FOLDER=SHARE")
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=169)
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    folders = [text.split("=") for text in given.foregrounds]
    lists = [(sorted(Path(folder).glob("*.*")), float(share)) for folder, share in folders]
    photos = sorted(path for path in given.photos.iterdir() if path.suffix in (".webp", ".jpg", ".png"))
    rows = []
    for number in range(given.samples):
        rng = np.random.default_rng(number)
        image, alpha = composite(lists, photos, rng)
        rows += [row for _ in range(2) if (row := sample(image, rough(alpha, rng), alpha, rng))]
        print(f"{number + 1} of {given.samples}", flush=True)
    values, classes = (np.concatenate(each) for each in zip(*rows, strict=True))
    np.savez_compressed(given.output, **trained(values, classes))


def composite(lists, photos, rng) -> tuple[np.ndarray, np.ndarray]:
    """Put a foreground before a photograph: image (H, W, 3) and alpha (H, W)."""
    while True:
        area, aspect = np.exp(rng.uniform(np.log(150e3), np.log(520e3))), np.exp(rng.uniform(-0.4, 0.4))
        size = int((area * aspect) ** 0.5), int((area / aspect) ** 0.5)
        paths = lists[rng.choice(len(lists), p=[share for _, share in lists])][0]
        rgba = io.to_float(io.read_raw(paths[rng.integers(len(paths))]).pixels)
        if rgba.ndim == 3 and rgba.shape[2] == 4 and min(rgba.shape[:2]) >= LEAST:
            colours, alpha = placed(rgba, size, rng)
            mixed = ((alpha >= 5 / 255) & (alpha <= 250 / 255)).mean()
            if 0.05 < (alpha > 0.5).mean() < 0.8 and 0.003 < mixed < 0.4:
                break
    if rng.random() < 0.3:
        colours = cropped(photos, size, rng)  # textured inside
    behind = cropped(photos, size, rng)
    if rng.random() < 0.65:
        behind = cv2.GaussianBlur(behind, (0, 0), np.exp(rng.uniform(-0.5, 2.2)))
    share = alpha[..., None]
    if rng.random() < 0.5:
        image = encode_srgb(share * decode_srgb(colours.clip(0, 1)) + (1 - share) * decode_srgb(behind))
    else:
        image = share * colours + (1 - share) * behind
    return stored(image, rng), alpha


def placed(rgba, size, rng) -> tuple[np.ndarray, np.ndarray]:
    """Scale, turn, blur and move a foreground on a canvas (height, width): colours and alpha."""
    rgba = np.ascontiguousarray(np.rot90(rgba, rng.integers(4) if rng.random() < 0.4 else 0)[:, :: rng.choice((-1, 1))])
    scale = min(2.2, min(size[0] / rgba.shape[0], size[1] / rgba.shape[1]) * rng.uniform(0.75, 1.5))
    lit = np.concatenate([rgba[..., :3] * rgba[..., 3:], rgba[..., 3:]], axis=2)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    lit = cv2.resize(lit, None, fx=scale, fy=scale, interpolation=how).clip(0, 1)
    if rng.random() < 0.3:
        lit = cv2.GaussianBlur(lit, (0, 0), rng.uniform(0.6, 3.5))
    shift = [round(rng.uniform(-0.15, 0.15) * side + (side - own) / 2)
             for side, own in zip(size, lit.shape[:2], strict=True)]  # fmt: skip
    lit = cv2.warpAffine(lit, np.float32([[1, 0, shift[1]], [0, 1, shift[0]]]), size[::-1], flags=cv2.INTER_NEAREST)
    return lit[..., :3] / np.maximum(lit[..., 3:], 1e-3), np.ascontiguousarray(lit[..., 3])


def cropped(photos, size, rng) -> np.ndarray:
    """Cut a part of a size (height, width) out of a photograph."""
    photo = io.read_image(photos[rng.integers(len(photos))]).pixels
    scale = max(size[0] / photo.shape[0], size[1] / photo.shape[1]) * rng.uniform(1, 1.6)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    wide = [max(side, round(own * scale)) for side, own in zip(size, photo.shape[:2], strict=True)]
    photo = cv2.resize(photo, wide[::-1], interpolation=how)
    top, left = (rng.integers(side - own + 1) for side, own in zip(wide, size, strict=True))
    return np.ascontiguousarray(photo[top : top + size[0], left : left + size[1]])


def stored(image, rng) -> np.ndarray:
    """Add noise to most pictures, round to 8 bits, and compress some."""
    image = image + rng.normal(0, 1, image.shape) * rng.uniform(0, 4) / 255 * (rng.random() < 0.6)
    levels = np.rint(image.clip(0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.4:
        packed = cv2.imencode(".jpg", levels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(70, 96))])[1]
        levels = cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1]
    return io.to_float(np.ascontiguousarray(levels))


def rough(alpha, rng) -> np.ndarray:
    """Return one of the masks (H, W) that people and networks make of a true alpha."""
    mask, short = (alpha > rng.choice([0.3, 0.5, 0.5, 0.5, 0.7])).astype(np.uint8), min(alpha.shape)
    size = alpha.shape[::-1]

    def disc(radius):
        return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * int(radius) + 1,) * 2)

    def blobs():
        side = int(rng.choice([48, 64, 64, 64, 96, 128]))
        small = cv2.resize(mask.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
        return cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)

    def blurred(most):
        return cv2.GaussianBlur(mask.astype(np.float32), (0, 0), rng.uniform(2, most * short))

    move = np.float32([[1, 0, rng.integers(-7, 8)], [0, 1, rng.integers(-7, 8)]])
    ways = {
        "exact": (0.22, lambda: mask),
        "eroded": (0.08, lambda: cv2.erode(mask, disc(rng.integers(2, 9)))),
        "dilated": (0.08, lambda: cv2.dilate(mask, disc(rng.integers(2, 9)))),
        "shifted": (0.1, lambda: cv2.warpAffine(mask, move, size, borderMode=cv2.BORDER_REPLICATE)),
        "blobby": (0.2, blobs),
        "hard blobs": (0.06, lambda: blobs() > 0.5),
        "smooth": (0.08, lambda: blurred(0.02) > 0.5),
        "opened": (0.08, lambda: cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc(rng.uniform(0.01, 0.035) * short))),
        "closed": (0.03, lambda: cv2.morphologyEx(mask, cv2.MORPH_CLOSE, disc(rng.uniform(0.01, 0.025) * short))),
        "soft": (0.07, lambda: 1 / (1 + np.exp(-rng.uniform(6, 16) * (blurred(0.015) - 0.5)))),
    }
    name = rng.choice(list(ways), p=[share for share, _ in ways.values()])
    return np.asarray(ways[name][1](), np.float32)


def sample(image, mask, alpha, rng) -> tuple[np.ndarray, np.ndarray] | None:
    """Return cues (N, C) and classes (N,) of some pixels; None if the mask leaves no class to learn."""
    if not mask.max() >= 0.5 > mask.min():
        return None
    size = following._reduced_size(mask.shape)
    small, likely, true = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (image, mask, alpha))
    sides = Sides(likely, following.LOW, following.HIGH)
    near = following._near(sides)
    trimap = join(~near & ~sides.inside, ~near & sides.inside)
    if missing(trimap):
        return None
    mixed = ((alpha >= 5 / 255) & (alpha <= 250 / 255)).astype(np.float32)
    classes = np.where(cv2.resize(mixed, size, interpolation=cv2.INTER_AREA) > 0, 1, np.where(true > 0.5, 2, 0))
    planes = PRIORS["coarse"].estimate(small, trimap)
    values = np.stack([each.ravel() for each in cues(small, sides, planes, line_contrast(image, true.shape), near)], 1)
    inner = sides.distance < 0.09 * sides.short
    outer = (sides.distance < following.JUDGED * sides.short) & ~inner
    chosen = [rng.choice(np.flatnonzero(region), min(count, region.sum()), replace=False)
              for region, count in ((inner, NEAR), (outer, FAR)) if region.any()]  # fmt: skip
    chosen = np.concatenate(chosen)
    return values[chosen].astype(np.float16), classes.ravel()[chosen]


def trained(values: np.ndarray, classes: np.ndarray) -> dict[str, np.ndarray]:
    """Train the perceptron; return its arrays by the names that `pixel_classes` reads."""
    torch.manual_seed(0)
    mean, deviation = values.astype(np.float32).mean(0), values.astype(np.float32).std(0) + np.float32(1e-3)
    x = torch.from_numpy(((values.astype(np.float32) - mean) / deviation).clip(-5, 5))
    y = torch.from_numpy(classes.astype(np.int64))
    layers, width = [], x.shape[1]
    for hidden in HIDDEN:
        layers += [torch.nn.Linear(width, hidden), torch.nn.ReLU()]
        width = hidden
    network = torch.nn.Sequential(*layers, torch.nn.Linear(width, 3))
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=STEPS)
    for _ in range(STEPS):
        chosen = torch.randint(0, len(x), (BATCH,))
        loss = torch.nn.functional.cross_entropy(network(x[chosen]), y[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    arrays = [parameter.detach().numpy().astype(np.float16) for parameter in network.parameters()]
    return {"mean": mean, "deviation": deviation, **{f"layer {index}": each for index, each in enumerate(arrays)}}


if __name__ == "__main__":
    main()

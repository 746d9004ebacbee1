"""Render foregrounds with exact soft alpha in Blender's Cycles (PyPI: bpy 4.5, Python 3.11), on the CPU.

    python render.py OUT FIRST_SEED COUNT [--assets ASSETS] [--backgrounds PHOTOS] [--size 640] [--samples 32]

Writes OUT/foregrounds/SEED_KIND.png: straight RGBA, 8 bits, with colours spread where alpha is 0. One in five is also
rendered with a photograph behind it, which shines on it and is seen through glass: OUT/scenes/image and .../alpha.
A picture is decided by its seed; what is there is left out, so that a stopped run goes on. ASSETS holds `hdri/*.hdr`
(environment maps) and `makehuman/base.obj`; without it there are lamps, and no people.
"""

import argparse
import os
import random
from pathlib import Path

import animals
import cv2
import numpy as np
import people
import studio
import things

KINDS = {
    "portrait": (people.portrait, 7), "fur": (animals.fur, 4), "plush": (animals.plush, 2),
    "feathers": (animals.feathers, 2), "plant": (things.plant, 3), "weave": (things.weave, 2), "lace": (things.lace, 1),
    "cloth": (things.cloth, 2), "glass": (things.glass, 2),
}  # fmt: skip
SCENES = 0.2  # share rendered with a photograph, too
MOVING = 0.2  # share with motion blur
COVER = (0.02, 0.97)  # of the picture; others are left out


def write(path, image):
    """Write an image of 0..1 as PNG; a stopped run leaves no half file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}")
    cv2.imwrite(str(part), np.round(255 * image).astype(np.uint8))
    os.replace(part, path)


def main():
    """Render all seeds that are not there yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("first", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--assets", type=Path)
    parser.add_argument("--backgrounds", type=Path)
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--kinds", default=",".join(KINDS))
    options = parser.parse_args()
    for seed in range(options.first, options.first + options.count):
        if not list(options.out.glob(f"foregrounds/{seed:05d}_*")):
            one(seed, options)


def one(seed, options):
    """Render the picture of a seed."""
    rng, draw = random.Random(seed), np.random.default_rng(seed)
    kinds = [kind for kind in options.kinds.split(",") if options.assets or kind != "portrait"]
    kind = rng.choices(kinds, [KINDS[kind][1] for kind in kinds])[0]
    environments = sorted((options.assets / "hdri").glob("*.hdr")) if options.assets else []
    scene = studio.empty_scene(rng, options.size, options.samples, environments)
    KINDS[kind][0](rng, draw, options.assets)
    if rng.random() < MOVING:
        studio.move(rng, scene)
    target = options.out / "foregrounds" / f"{seed:05d}_{kind}.png"
    rgba = studio.straight(studio.render(scene))
    cover, soft = float((rgba[..., 3] > 0.02).mean()), float(((rgba[..., 3] > 0.02) & (rgba[..., 3] < 0.98)).mean())
    print(f"{target.name}: cover {cover:.2f}, soft {soft:.2f}", flush=True)
    if not COVER[0] < cover < COVER[1]:
        return
    photos = sorted(options.backgrounds.iterdir()) if options.backgrounds else []
    if photos and rng.random() < SCENES:
        photo = rng.choice([path for path in photos if path.suffix in (".webp", ".jpg", ".png")])
        studio.put_behind(rng, scene, photo)
        image = studio.encoded(studio.render(scene)[..., :3])
        write(options.out / "scenes" / "alpha" / target.name, rgba[..., 3])
        write(options.out / "scenes" / "image" / target.name, image[..., ::-1])
    write(target, np.dstack([rgba[..., 2::-1], rgba[..., 3]]))


if __name__ == "__main__":
    main()

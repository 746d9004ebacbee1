"""From a photo and its trimap to an alpha, a cut-out and a composite."""

from pathlib import Path

import mattekit

HERE = Path(__file__).parent

photo = mattekit.read_image(HERE / "images/pompom.jpg")
alpha = mattekit.predict(photo, HERE / "trimaps/pompom.png", "shared")
cutout = mattekit.cutout(photo, alpha)

mattekit.write_image("pompom_alpha.png", alpha)
mattekit.write_image("pompom_cutout.png", cutout)
mattekit.write_image("pompom_composite.png", mattekit.composite(cutout[..., :3], alpha, "steelblue"))

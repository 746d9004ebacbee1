"""Matte a photo with two classical methods and score both against the true alpha."""

from pathlib import Path

import numpy as np

from mattekit.baselines import ALPHA
from mattekit.imaging import io
from mattekit.metrics import score

HERE = Path(__file__).parent

photo = io.read_image(HERE / "images/puff.jpg").pixels
trimap = io.read_trimap(HERE / "trimaps/puff.png")
truth = io.read_raw(HERE / "alphas/puff.png").pixels

for method in ("closed-form", "shared"):
    alpha = np.rint(ALPHA[method](photo, trimap) * 255).astype(np.uint8)
    values = score(alpha, truth, trimap == 0.5)
    print(f"{method:12}", "  ".join(f"{name} {value:.4f}" for name, value in values.items()))

"""Matte a photo with two classical methods and score both against the true alpha."""

from pathlib import Path

import mattekit

HERE = Path(__file__).parent

trimap = mattekit.read_trimap(HERE / "trimaps/puff.png")

for method in ("closed-form", "shared"):
    alpha = mattekit.predict(HERE / "images/puff.jpg", trimap, method)
    values = mattekit.score(alpha, HERE / "alphas/puff.png", trimap)
    print(f"{method:12}", "  ".join(f"{name} {value:.4f}" for name, value in values.items()))

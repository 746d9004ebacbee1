"""Put an object with a known alpha over a new background: I = alpha F + (1 - alpha) B."""

from pathlib import Path

import mattekit

HERE = Path(__file__).parent

# Soft pixels of the photo are mixed with its old background; the foreground colours alone go over a new one.
foreground = mattekit.estimate_foreground(HERE / "images/plume.jpg", HERE / "alphas/plume.png")
picture = mattekit.composite(foreground, HERE / "alphas/plume.png", HERE / "backgrounds/galaxies.jpg")
mattekit.write_image("plume_over_galaxies.png", picture)

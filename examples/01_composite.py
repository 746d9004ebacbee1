"""Put an object with a known alpha over a new background: I = alpha F + (1 - alpha) B."""

from pathlib import Path

from mattekit.baselines import FOREGROUND
from mattekit.imaging import background, io
from mattekit.imaging.composite import composite

HERE = Path(__file__).parent

photo = io.read_image(HERE / "images/plume.jpg")
alpha = io.read_alpha(HERE / "alphas/plume.png").pixels
stars = io.read_image(HERE / "backgrounds/galaxies.jpg").pixels

# Soft pixels of the photo are mixed with its old background; the foreground colours alone go over a new one.
fg = FOREGROUND["multiscale"](photo.pixels, alpha)
picture = composite(fg, background.cover(stars, alpha.shape), alpha)
io.write_image(Path("plume_over_galaxies.png"), picture)

"""From a photo and its trimap to an alpha, a cut-out and a contact sheet."""

from pathlib import Path

from mattekit.imaging import io
from mattekit.inference.pictures import Pictures
from mattekit.models import registry

HERE = Path(__file__).parent

photo = io.read_image(HERE / "images/pompom.jpg").pixels
trimap = io.read_trimap(HERE / "trimaps/pompom.png")
alpha = registry.load("shared").alpha(photo, trimap)

for kind, picture in Pictures(photo, trimap, alpha).make(["alpha", "cutout", "preview"]).items():
    io.write_image(Path(f"pompom_{kind}.png"), picture)

"""From a photo and its trimap to an alpha, a cut-out and a contact sheet."""

from pathlib import Path

from mattekit.imaging import io
from mattekit.inference.pictures import Pictures
from mattekit.inference.predictor import predict_alpha

HERE = Path(__file__).parent

photo = io.read_image(HERE / "images/pompom.jpg").pixels
trimap = io.read_trimap(HERE / "trimaps/pompom.png")
alpha = predict_alpha(photo, trimap, "shared")

for kind, picture in Pictures(photo, trimap, alpha).make(["alpha", "cutout", "preview"]).items():
    io.write_image(Path(f"pompom_{kind}.png"), picture)

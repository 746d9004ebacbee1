"""From a photo alone: a box around the subject or a rough mask makes the trimap, and both end in a cut-out.

A segmentation network does the same for whole folders: mattekit predict photos/ --segment NETWORK.onnx -o out/
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

import mattekit

HERE = Path(__file__).parent


def predict(photo: str, *words: str) -> None:
    """Run `mattekit predict PHOTO ... --save trimap,cutout`: the trimap is there to look at, and to correct."""
    command = ["predict", str(HERE / "images" / photo), *words, "--save", "trimap,cutout", "-o", "./"]
    subprocess.run([sys.executable, "-m", "mattekit", *command], check=True)


predict("puff.jpg", "--box", "211,4,429,381")

# A mask of blocks of 16 pixels, such as a first guess by hand or by a network.
rough = mattekit.read_alpha(HERE / "alphas/plume.png").reshape(30, 16, 40, 16).mean((1, 3)) > 0.5
mattekit.write_image("plume_rough.png", np.kron(rough, np.ones((16, 16))))
predict("plume.jpg", "--mask", "plume_rough.png")

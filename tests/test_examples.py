"""Every example script runs from any folder and writes what it says; the pictures shipped with them are sound."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
NAMES = sorted(path.stem for path in (EXAMPLES / "images").iterdir())
WRITES = {
    "01_composite": ["plume_over_galaxies.png"],
    "02_closed_form": [],
    "03_predict": ["pompom_alpha.png", "pompom_cutout.png", "pompom_preview.png"],
}


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_scripts_run_and_write_their_pictures(script, tmp_path):
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == WRITES[script.stem]
    for name in WRITES[script.stem]:
        picture = cv2.imread(str(tmp_path / name), cv2.IMREAD_UNCHANGED)
        assert picture.std() > 10, name


def test_there_are_at_least_three_small_examples_with_trimap_and_alpha():
    assert len(NAMES) >= 3
    for path in EXAMPLES.rglob("*.*"):
        assert path.stat().st_size <= 300_000, path


@pytest.mark.parametrize("name", NAMES)
def test_example_trimaps_agree_with_the_true_alphas(name):
    trimap, alpha = (cv2.imread(str(EXAMPLES / kind / f"{name}.png"), 0) for kind in ("trimaps", "alphas"))
    assert cv2.imread(str(EXAMPLES / "images" / f"{name}.jpg")).shape[:2] == trimap.shape == alpha.shape
    assert set(np.unique(trimap)) == {0, 128, 255}
    assert (alpha[trimap == 0] <= 3).all() and (alpha[trimap == 255] >= 230).mean() > 0.99

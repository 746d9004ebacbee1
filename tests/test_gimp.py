"""The script of examples/gimp, run by GIMP without a display, with `mattekit predict --watch` beside it."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import mattekit

ROOT = Path(__file__).resolve().parent.parent
GIMP = shutil.which("gimp-console") or shutil.which("gimp-console-2.10")
pytestmark = pytest.mark.skipif(GIMP is None, reason="GIMP 2.10 is not installed (apt-get install gimp)")
TOP, LEFT, HEIGHT, WIDTH = 10, 20, 90, 110  # of the layer that is smaller than its image
CASES = """
(define (open trimap)
  (let* ((image (car (gimp-file-load RUN-NONINTERACTIVE "{0}/image.png" "")))
         (layer (car (gimp-file-load-layer RUN-NONINTERACTIVE image "{0}/trimap.png"))))
    (gimp-image-insert-layer image layer 0 0)
    (gimp-item-set-name layer trimap)
    (gimp-image-set-active-layer image (aref (cadr (gimp-image-get-layers image)) 1))
    image))
(define (picture image) (aref (cadr (gimp-image-get-layers image)) 1))
(define (save image name)
  (let ((merged (car (gimp-image-merge-visible-layers image CLIP-TO-IMAGE))) (path (string-append "{0}/" name)))
    (file-png-save RUN-NONINTERACTIVE image merged path "" FALSE 1 FALSE FALSE FALSE FALSE FALSE)))

(define whole (open "trimap"))
(script-fu-mattekit whole (picture whole) "{0}" 100)
(save whole "whole.png")

(define part (open "trimap"))
(gimp-layer-resize (picture part) {width} {height} -{left} -{top})
(gimp-layer-add-mask (picture part) (car (gimp-layer-create-mask (picture part) ADD-MASK-BLACK)))
(define painted (car (gimp-image-get-layer-by-name part "trimap")))
(gimp-layer-add-alpha painted)
(gimp-context-set-antialias FALSE)
(gimp-image-select-color part CHANNEL-OP-REPLACE painted '(128 128 128))
(gimp-edit-clear painted)
(gimp-image-set-active-layer part (picture part))
(gimp-image-select-rectangle part CHANNEL-OP-REPLACE 3 4 5 6)
(script-fu-mattekit part (picture part) "{0}" 100)
(gimp-message (string-append "selected" (apply string-append
  (map (lambda (n) (string-append " " (number->string n))) (cdr (gimp-selection-bounds part))))))
(save part "part.png")

(define without (open "painted"))
(script-fu-mattekit without (picture without) "{0}" 100)
(script-fu-mattekit whole (picture part) "{0}/nowhere" 100)
(define late (open "trimap"))
(script-fu-mattekit late (picture late) "{0}/idle" 0)
(script-fu-mattekit late (car (gimp-image-get-layer-by-name late "trimap")) "{0}" 0)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A picture with its trimap, a folder that is watched and one that is not, and GIMP's own with the script."""
    folder = tmp_path_factory.mktemp("gimp")
    for name in ("images", "trimaps", "mattes", "idle/images", "idle/trimaps", "idle/mattes", "home/scripts"):
        (folder / name).mkdir(parents=True)
    shutil.copy(ROOT / "examples/gimp/mattekit.scm", folder / "home/scripts")
    for name, kind in (("image", "images/puff.jpg"), ("trimap", "trimaps/puff.png")):
        pixels = cv2.imread(str(ROOT / "examples" / kind), cv2.IMREAD_COLOR if name == "image" else 0)
        cv2.imwrite(str(folder / f"{name}.png"), pixels[60:420:3, 110:590:3])
    return folder


@pytest.fixture(scope="module")
def told(folder):
    """Run all cases in one GIMP, and return what it says."""
    words = ["images", "trimaps", "-o", "mattes", "--save", "cutout", "--watch", "-m", "closed-form"]
    watching = subprocess.Popen([sys.executable, "-m", "mattekit", "predict", *words], cwd=folder)
    try:
        script = CASES.format(folder, top=TOP, left=LEFT, height=HEIGHT, width=WIDTH)
        # Script-Fu's batch interpreter takes one expression.
        words = [GIMP, "-i", "-d", "-f", "-b", f"(begin {script})", "-b", "(gimp-quit 0)"]
        home = {**os.environ, "GIMP2_DIRECTORY": str(folder / "home")}
        run = subprocess.run(words, env=home, capture_output=True, text=True, timeout=240)
    finally:
        watching.send_signal(signal.SIGINT)
        assert watching.wait(60) == 130
    assert "execution error" not in run.stdout + run.stderr
    return run.stdout + run.stderr


def read(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def alpha_of(image, trimap):
    return np.rint(mattekit.predict(image[..., ::-1], trimap, "closed-form") * 255)


def test_the_layer_has_the_alpha_of_predict_as_its_mask(folder, told):
    image, trimap, made = (read(folder / name) for name in ("image.png", "trimap.png", "whole.png"))
    assert np.abs(made[..., 3] - alpha_of(image, trimap)).max() <= 1
    assert (made[made[..., 3] > 0][:, :3] == image[made[..., 3] > 0]).all()


def test_a_smaller_layer_gets_a_new_mask_in_its_place_by_a_trimap_that_is_transparent_where_unknown(folder, told):
    image, trimap = read(folder / "image.png"), read(folder / "trimap.png")
    inside = np.zeros(trimap.shape, bool)
    inside[TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH] = True
    expected = alpha_of(np.where(inside[..., None], image, np.uint8(255)), trimap) * inside
    made = np.zeros_like(trimap)
    found = read(folder / "part.png")[..., 3]  # the layers that are seen, as large as these
    made[TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH] = found
    assert np.abs(made - expected).max() <= 1 and (expected == 255).sum() > 500
    assert "selected 3 4 8 10" in told


@pytest.mark.parametrize(
    "line",
    ['no layer is named "trimap"', "no mattes/ in the folder", "no matte came", "the trimap is the active layer"],
)
def test_what_is_missing_is_told_in_one_line(told, line):
    assert told.count(line) == 1


def test_no_file_is_left(folder, told):
    left = [path for name in ("images", "trimaps", "mattes", "idle") for path in (folder / name).rglob("*")]
    assert [path.name for path in left if path.is_file()] == [".mattekit-watch.jsonl"]

"""The add-on of examples/blender, run by Blender without a display."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import mattekit

ROOT = Path(__file__).resolve().parent.parent
BLENDER = shutil.which("blender")
pytestmark = pytest.mark.skipif(BLENDER is None, reason="Blender is not installed (apt-get install blender)")
CASES = """
import importlib.util, sys
import bpy
spec = importlib.util.spec_from_file_location("mattekit_matte", "{addon}")
module = sys.modules["mattekit_matte"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
module.register()

def matte(image, trimap, **given):
    before = {{one.name for one in bpy.data.images}}
    try:
        print("RETURNED", bpy.ops.image.mattekit(image=image, trimap=trimap, **given))
    except RuntimeError as error:  # so scripts see what an operator reports
        print("TOLD", " ".join(str(error).split()))
    new = {{one.name for one in bpy.data.images}} - before
    print("NEW", sorted(new))

def save(name, path):
    image = bpy.data.images[name]
    assert image.packed_file
    with open(path, "wb") as file:
        file.write(image.packed_file.data)

image = bpy.data.images.load("{folder}/image.png")
loaded = bpy.data.images.load("{folder}/trimap.png")
painted = bpy.data.images.new("painted", *loaded.size)  # as one that was painted here and never saved
painted.pixels = loaded.pixels[:]
matte("image.png", "painted", model="closed-form")
save("image.png alpha", "{folder}/alpha.png")
save("image.png cutout", "{folder}/cutout.png")
print("SPACE", bpy.data.images["image.png alpha"].colorspace_settings.name)
matte("image.png", "trimap.png", model="closed-form")
matte("image.png", "none")
matte("image.png", "image.png")
matte("image.png", "trimap.png", model="none-such")
broken = bpy.data.images.load("{folder}/trimap.png")
broken.name, broken.filepath = "broken", "{folder}/gone.png"
broken.reload()
matte("image.png", "broken")

scene = bpy.context.scene
scene.render.engine, scene.cycles.samples, scene.cycles.device = "CYCLES", 4, "CPU"
scene.cycles.use_denoising = False  # which Debian's Blender has not
scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 64, 48, 100
bpy.ops.render.render()
rendered = bpy.data.images.new("rendered trimap", 64, 48)
rendered.pixels = [value for y in range(48) for x in range(64)
                   for value in ([float(abs(x - 32) < 8 and abs(y - 24) < 6)] * 3 if min(x, y, 63 - x, 47 - y) < 3
                                 or (abs(x - 32) < 8 and abs(y - 24) < 6) else [0.5] * 3) + [1.0]]
scene.render.image_settings.file_format = "JPEG"
matte("Render Result", "rendered trimap", model="closed-form")
save("Render Result alpha", "{folder}/rendered.png")
print("KEPT", scene.render.image_settings.file_format)
module.unregister()
print("END")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A picture with its trimap, and a program `mattekit`."""
    folder = tmp_path_factory.mktemp("blender")
    for name, kind in (("image", "images/puff.jpg"), ("trimap", "trimaps/puff.png")):
        pixels = cv2.imread(str(ROOT / "examples" / kind), cv2.IMREAD_COLOR if name == "image" else 0)
        cv2.imwrite(str(folder / f"{name}.png"), pixels[60:420:3, 110:590:3])
    program = folder / "bin/mattekit"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mattekit "$@"\n')
    program.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def told(folder):
    """Run all cases in one Blender, and return what it says."""
    script = folder / "cases.py"
    script.write_text(CASES.format(folder=folder, addon=ROOT / "examples/blender/mattekit_matte.py"))
    words = [BLENDER, "-b", "--factory-startup", "--python-exit-code", "9", "--python", script]
    found = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    run = subprocess.run(words, env={**os.environ, **found}, capture_output=True, text=True, timeout=240)
    assert run.returncode == 0 and "\nEND" in run.stdout, run.stdout + run.stderr
    return run.stdout.splitlines()


def read(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def test_the_alpha_and_the_cutout_come_back_as_images(folder, told):
    image, trimap = read(folder / "image.png"), read(folder / "trimap.png")
    expected = np.rint(mattekit.predict(image[..., ::-1], trimap, "closed-form") * 255)
    alpha, cutout = read(folder / "alpha.png"), read(folder / "cutout.png")
    assert np.abs(alpha - expected).max() <= 1 and np.abs(cutout[..., 3] - expected).max() <= 1
    assert (cutout[trimap == 255][:, :3] == image[trimap == 255]).all()
    assert "SPACE Non-Color" in told


def test_images_of_the_same_name_are_replaced(told):
    new = [line for line in told if line.startswith("NEW")]
    assert new[0] == "NEW ['image.png alpha', 'image.png cutout']" and set(new[1:-1]) == {"NEW []"}


def test_what_cannot_be_matted_is_told(told):
    lines = [line for line in told if line.startswith("TOLD")]
    wanted = ("found image.png and none", "trimap", "none-such", "broken: no pixels")
    assert len(lines) == 4 and all(word in line for word, line in zip(wanted, lines, strict=True))


def test_a_render_is_matted_and_the_settings_of_its_files_stay(folder, told):
    alpha = read(folder / "rendered.png")
    assert alpha.shape == (48, 64) and alpha[24, 32] == np.iinfo(alpha.dtype).max and alpha[1, 1] == 0
    assert "KEPT JPEG" in told

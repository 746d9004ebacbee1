"""A folder with small files of the names that the guide's commands use."""

import shutil
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SIZE = (160, 120)  # width and height


@pytest.fixture(scope="session")
def studio(tmp_path_factory, weights_file):
    """Make the files once; a page's commands run in a copy."""
    folder = tmp_path_factory.mktemp("guide") / "studio"
    folder.mkdir()
    _photographs(folder)
    _screens(folder)
    _others(folder)
    shutil.copy(weights_file, folder / "indexnet.safetensors")
    return folder


def _read(kind, name, flag=1):
    import cv2

    path = next((EXAMPLES / kind).glob(f"{name}.*"))
    return cv2.resize(cv2.imread(str(path), flag), SIZE, interpolation=cv2.INTER_AREA)


def _write(path, pixels):
    import cv2

    path.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(path), pixels)


def _photographs(folder):
    """Write photos before a known background, with trimaps, true alphas, rough masks and two methods' alphas."""
    import cv2
    import numpy as np

    rng = np.random.default_rng(0)
    behind = _read("backgrounds", "galaxies")
    _write(folder / "beach.jpg", behind[::-1])
    _write(folder / "empty.jpg", behind)
    for name in ("net", "pompom", "puff"):
        alpha = _read("alphas", name, 0)
        share = alpha[..., None] / 255
        photo = np.rint(share * _read("images", name) + (1 - share) * behind).astype(np.uint8)
        wide = cv2.dilate(np.uint8((alpha > 0) & (alpha < 255)), np.ones((7, 7), np.uint8))
        trimap = np.where(wide, 128, np.where(alpha > 127, 255, 0)).astype(np.uint8)
        rough = np.where(cv2.erode(alpha, np.ones((5, 5))) > 127, 255, 0).astype(np.uint8)
        _write(folder / f"photos/{name}.jpg", photo)
        _write(folder / f"trimaps/{name}.png", trimap)
        _write(folder / f"masks/{name}.png", rough)
        _write(folder / f"truth/{name}.png", alpha)
        for method, noise in (("ours", 4), ("theirs", 12)):
            noisy = np.clip(alpha + noise * rng.standard_normal(alpha.shape), 0, 255).astype(np.uint8)
            _write(folder / f"{method}/{name}.png", np.where(trimap == 128, noisy, trimap))
    for name, source in {"photo.jpg": "photos/pompom.jpg", "trimap.png": "trimaps/pompom.png"}.items():
        shutil.copy(folder / source, folder / name)
    shutil.copy(folder / "masks/pompom.png", folder / "rough.png")
    shutil.copy(folder / "truth/pompom.png", folder / "alpha.png")
    strokes = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    strokes[folder_mask(folder / "rough.png")] = 255
    strokes[:6], strokes[-6:] = 0, 0
    _write(folder / "strokes.png", strokes)


def folder_mask(path):
    """Return where a mask is white."""
    import cv2

    return cv2.imread(str(path), 0) > 127


def _screens(folder):
    """Write plates of the photographs' subjects before a green screen of uneven light, and the screen alone."""
    import cv2
    import numpy as np

    light = np.linspace(0.8, 1, SIZE[0])[None, :, None]
    screen = light * np.full((SIZE[1], SIZE[0], 3), (64, 177, 0), np.float64)
    _write(folder / "screen.png", np.rint(screen).astype(np.uint8))
    for name in ("net", "pompom"):
        share = cv2.imread(str(folder / f"truth/{name}.png"), 0)[..., None] / 255
        plate = share * _read("images", name) + (1 - share) * screen
        _write(folder / f"plates/{name}.png", np.rint(plate).astype(np.uint8))
    shutil.copy(folder / "plates/pompom.png", folder / "plate.png")
    corner = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    corner[:8, :8] = 255
    _write(folder / "markers.png", corner)
    _write(folder / "logo.png", np.where(folder_mask(folder / "rough.png"), 255, 0).astype(np.uint8))


def _others(folder):
    """Write backgrounds, cut-outs, a set to validate on, a shot, and files with a fault."""
    import cv2
    import numpy as np

    for i, part in enumerate(np.array_split(_read("backgrounds", "galaxies"), 2, axis=1)):
        _write(folder / f"backgrounds/{i}.jpg", part)
    for name in ("net", "pompom", "puff"):
        photo, alpha = cv2.imread(str(folder / f"photos/{name}.jpg")), cv2.imread(str(folder / f"truth/{name}.png"), 0)
        _write(folder / f"cutouts/{name}.png", np.dstack([photo, alpha]))
    for kind, source in {"image": "photos/net.jpg", "trimap": "trimaps/net.png", "alpha": "truth/net.png"}.items():
        (folder / f"test/{kind}").mkdir(parents=True)
        shutil.copy(folder / source, folder / "test" / kind)
    (folder / "shot").mkdir()
    for number, name in enumerate(("net", "pompom", "puff"), 1):
        shutil.copy(folder / f"photos/{name}.jpg", folder / f"shot/frame.{number:04d}.jpg")
        for kind, file in {"trimaps": "trimap", "ours": "ours", "truth": "truth"}.items():
            shutil.copy(folder / f"{kind}/{name}.png", folder / f"shot/{file}.{number:02d}.png")
    (folder / "truncated.png").write_bytes((folder / "trimap.png").read_bytes()[:-300])
    _write(folder / "small.png", np.full((60, 60), 128, np.uint8))
    _write(folder / "soft.jpg", cv2.imread(str(folder / "trimap.png"), 0))
    _write(folder / "all_unknown.png", np.full((SIZE[1], SIZE[0]), 128, np.uint8))

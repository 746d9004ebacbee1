"""Files of the authors' networks with the reference weights, for benchmarks: made once, in a folder of their own."""

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("MATTEKIT_SHARED", TESTS.parents[1] / "shared"))
KEPT = Path(tempfile.gettempdir()) / "mattekit-reference-networks"
NAMES = [
    *("indexnet_m2o_nl_c", "indexnet_holistic_nl_c", "indexnet_unet_b11", "indexnet_b1_deeplab"),
    *("indexnet_b2_refinenet", "indexnet_b3_dim_vgg16"),
    *("a2u_dynamic_cs_d_gn", "a2u_dynamic_cw_d_gn_unshare", "lsa_resnet50d"),
]


def file_of(name: str) -> Path:
    """Path of a file for `mattekit predict -m`; made of the reference weights by `mattekit weights convert`."""
    from safetensors.torch import save_file

    made = KEPT / f"{name}.safetensors"
    if not made.exists():
        KEPT.mkdir(exist_ok=True)
        released = KEPT / f"{name}.released.safetensors"
        state = _conftest().Oracle(SHARED / f"oracle/networks/{name}.npz").state
        save_file({key: value.contiguous() for key, value in state.items()}, released)
        command = [sys.executable, "-m", "mattekit", "weights", "convert", released, "-o", made]
        subprocess.run([*map(str, command)], check=True)
        released.unlink()
    return made


def images() -> list[tuple[Path, Path]]:
    """Real images and trimaps: the nine of the shared material, or else the examples."""
    real = SHARED / "data/alphamatting-dev"
    if real.is_dir():
        return [(path, real / "trimap1" / path.name) for path in sorted((real / "image").iterdir())]
    examples = TESTS.parent / "examples"
    return [(path, examples / "trimaps" / f"{path.stem}.png") for path in sorted((examples / "images").iterdir())]


def _conftest():
    spec = importlib.util.spec_from_file_location("conftest", TESTS / "conftest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

"""Fixtures and settings of the whole suite."""

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("NUMBA_NUM_THREADS", "2")
if "PYTEST_XDIST_WORKER" in os.environ:  # workers that share the cores wait for each other's threads otherwise
    os.environ.setdefault("OMP_NUM_THREADS", "1")
signal.signal(signal.SIGINT, signal.default_int_handler)  # a suite in the background would hand on that it is ignored
settings.register_profile("fixed", derandomize=True)  # a run's result depends on the code alone
settings.register_profile("random", print_blob=True)  # HYPOTHESIS_PROFILE=random looks for new examples
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def fresh_logging() -> Iterator[None]:
    """Undo what a command of an earlier test did to mattekit's logger, so that no test depends on another."""
    yield
    logger = logging.getLogger("mattekit")
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)
    logger.propagate = True


@pytest.fixture(scope="session")
def weights_file(tmp_path_factory) -> Path:
    """A file of IndexNet's B11 with random weights, for whatever takes any network; not to be written to."""
    import torch

    from mattekit.networks import build
    from mattekit.networks.safetensors_file import header_of, save_network

    path = tmp_path_factory.mktemp("weights") / "b11.safetensors"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = build("indexnet-b11").eval()
    save_network(path, network, header_of(network))
    return path


@pytest.fixture
def small_mixing():
    """A function of the spread of the head's weights: the default's network, small, whose head gives something."""
    import torch

    from mattekit.networks import build

    def make(spread: float):
        torch.manual_seed(0)
        network = build("mixing", widths=[8, 12, 16])
        torch.nn.init.normal_(network.head[0].weight, std=spread)
        return network.eval()

    return make


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the authors' own outputs and the real images; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("MATTEKIT_SHARED", ROOT.parent / "shared"))
    if not (folder / "oracle").is_dir():
        pytest.skip("the reference data is not here: set MATTEKIT_SHARED")
    return folder


@pytest.fixture(scope="session")
def oracle(shared):
    """Load a network's reference file by name: `oracle("a2u_dynamic_cs_d_gn")`."""
    return lambda name: Oracle(shared / f"oracle/networks/{name}.npz")


class Oracle:
    """A reference file: the official weights, an input and the official output (README beside the files).

    Attributes
    ----------
    tag : str
    state : dict of str to tensor, under official names
    x, y, y64 : tensors; input, official output in float32 and in float64
    data : the file's other arrays by name, `odd_*` and `tap/*`
    parameters : int
    """

    def __init__(self, path: Path):
        import json

        import numpy as np
        import torch

        self.data = np.load(path)
        meta = json.loads(str(self.data["meta"]))
        self.tag, self.parameters = meta["tag"], meta["params"]
        self.state = {
            key: torch.from_numpy(
                self.data[f"p/{key}"] if key in meta["explicit"] else seeded_weight(self.tag, key, shape)
            )
            for key, shape in zip(meta["keys"], meta["shapes"], strict=True)
        }
        self.x, self.y, self.y64 = (torch.from_numpy(self.data[name]) for name in ("x", "y", "y64"))

    def tap(self, module: str, tensor) -> float:
        """Largest difference of a module's output from the 16 official samples of it."""
        import numpy as np

        assert tuple(self.data[f"tap/{module}@shape"]) == tuple(tensor.shape)
        values = tensor.detach().double().numpy().ravel()
        samples = values[np.round(np.linspace(0, values.size - 1, 16)).astype(int)]
        return float(np.abs(samples - self.data[f"tap/{module}"][3:]).max())


def seeded_weight(tag: str, key: str, shape: list[int]):
    """A tensor of the weight scheme: uniform numbers seeded by the CRC-32 of its name, rounded to float16."""
    import zlib

    import numpy as np

    if key.endswith("num_batches_tracked"):
        return np.zeros(shape, np.int64)
    random = np.random.RandomState(zlib.crc32(f"{tag}/{key}".encode()))
    weight = np.empty(int(np.prod(shape)), np.float32)
    for part in np.split(weight, range(1 << 16, weight.size, 1 << 16)):  # one tensor has 100 million numbers
        v = 2 * random.random_sample(part.size) - 1
        if len(shape) == 4:
            v *= np.sqrt(6 / np.prod(shape[1:]))
        elif key.endswith("weight"):
            v = np.where(v < -0.6, -0.9 + 0.5 * (v + 0.6), 0.9 + 0.4 * v)
        else:
            v *= 0.2
        part[:] = v.astype(np.float16)
    return weight.reshape(shape)


@pytest.fixture
def network(tmp_path):
    """A function that writes a segmentation network, "net.onnx" unless named, and returns its path."""
    return lambda **settings: _write_network(tmp_path / settings.pop("name", "net.onnx"), **settings)


def _write_network(
    path: Path,
    *,
    nodes=None,
    shape=(1, 3, 16, 16),
    kind="FLOAT",
    outputs=("y",),
    out_shape=("a", "b", "c", "d"),
    inputs=(),
    weights=(),
    opset=18,
) -> Path:
    """Write an ONNX file: `nodes` make `outputs` of `x`; without, the mean of the channels, of (N, C, H, W)."""
    onnx = pytest.importorskip("onnx", reason='ONNX is tested with the packages of pip install "mattekit[test]"')
    from onnx import helper

    kind = getattr(onnx.TensorProto, kind)
    if nodes is None:
        nodes = [helper.make_node("ReduceMean", ["x", "one"], ["y"], keepdims=1)]
    given = [helper.make_tensor_value_info("x", kind, shape)]
    given += [helper.make_tensor_value_info(name, kind, [1]) for name in inputs]
    made = [helper.make_tensor_value_info(name, kind, out_shape) for name in outputs]
    one = helper.make_tensor("one", onnx.TensorProto.INT64, [1], [1])
    graph = helper.make_graph(nodes, "tiny", given, made, [one, *weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Let reports be sent between processes: what tests log may hold names that are no UTF-8."""
    report = yield
    report.sections = [(title, text.encode(errors="backslashreplace").decode()) for title, text in report.sections]
    return report


CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def chromium():
    """A browser of this machine, headless."""
    import shutil

    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip("there is no Chromium: install the package chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium):
    """A function that opens a tab, given where its requests may go and options of playwright's `new_context`.

    At the end there must have been no complaint in any console, and no request elsewhere.
    """
    said, asked, contexts = [], [], []

    def tab(*own, **given):
        contexts.append(chromium.new_context(**{"viewport": {"width": 1200, "height": 800}, **given}))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append((request.url, (*own, "data:", "blob:"))))
        return page

    yield tab
    for context in contexts:
        context.close()
    assert said == [] and not [url for url, own in asked if not url.startswith(own)]


@pytest.fixture(scope="session")
def oiiotool():
    """A function that runs OpenImageIO's tool of the system, not the one that comes with the package under test."""
    import shutil
    import subprocess
    import sys

    places = [p for p in os.environ.get("PATH", "").split(os.pathsep) if Path(p) != Path(sys.executable).parent]
    tool = shutil.which("oiiotool", path=os.pathsep.join(places))
    if tool is None:
        pytest.skip("oiiotool is not installed: install the package openimageio-tools")

    def run(*arguments) -> str:
        done = subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    return run

"""Who may import whom inside mattekit, read from the import statements."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / "mattekit"

# A package may import packages of earlier rows; neighbours in a row do not import each other.
LAYERS = [
    {
        *("errors", "files", "formats", "interrupts", "parallel", "ranks", "compiling", "toml", "guide"),
        *("frames", "pairing", "plugins", "progress", "video", "heap", "watching"),
    },
    {"tiling"},
    {"imaging", "operators"},
    {"metrics", "baselines", "sequences"},
    {"keying"},
    {"networks"},
    {"synthetic"},
    {"datasets"},
    {"samples"},
    {"inference"},
    {"models", "trimap_sources"},
    {"evaluation"},
    {"report"},
    {"training"},
    {"jobs"},
    {"web"},
    {"api", "cli"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
WITHOUT_TORCH = {
    "errors",
    "files",
    "frames",
    "interrupts",
    "parallel",
    "ranks",
    "compiling",
    "video",
    "watching",
    "imaging",
    "metrics",
    "baselines",
    "keying",
    "trimap_sources",
}
HEAVY = {"torch", "numpy", "cv2", "numba", "scipy", "pymatting", "pydantic", "PIL", "safetensors"}


def modules():
    return sorted(p for p in ROOT.rglob("*.py") if p.parent != ROOT or p.stem not in ("__init__", "__main__"))


def imports(path, *, top_level_only=False):
    tree = ast.parse(path.read_text())
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_to_earlier_layers(path):
    here = path.relative_to(ROOT).parts[0].removesuffix(".py")
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "mattekit" and len(parts) > 1 and parts[1] in RANK and parts[1] != here:
            lower_ground = parts[1] in LAYERS[0] and here in LAYERS[0]
            assert RANK[parts[1]] < RANK[here] or lower_ground, f"{path} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_torch_stays_out_of_the_image_side(path):
    if path.relative_to(ROOT).parts[0].removesuffix(".py") in WITHOUT_TORCH:
        assert "torch" not in {name.split(".")[0] for name in imports(path)}


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_import_nothing_heavy_at_module_level(path):
    if path.relative_to(ROOT).parts[0] != "cli":
        return
    for name in imports(path, top_level_only=True):
        parts = name.split(".")
        assert parts[0] not in HEAVY, f"{path} imports {name}"
        light = ("cli", "errors", "formats", "frames", "interrupts", "__version__")
        assert parts[0] != "mattekit" or parts[1] in light, f"{path} imports {name}"


def test_only_io_modules_open_images():
    """cv2.imread and friends, Pillow and OpenEXR appear in mattekit/imaging alone."""
    for path in modules():
        if path.relative_to(ROOT).parts[0] != "imaging":
            text = path.read_text()
            assert not any(word in text for word in ("cv2.im", "import PIL", "from PIL", "OpenEXR.")), path


def dependencies(path, known):
    """Modules that a module imports anywhere, in functions too; what only type checkers read is left out."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "mattekit":
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in known else node.module for name in names)


def test_no_module_imports_itself_by_way_of_others():
    paths = {}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        paths[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    graph = {name: set(dependencies(path, paths)) - {name} for name, path in paths.items()}
    assert graph["mattekit.cli"] and graph["mattekit.api"] >= {"mattekit.models.registry"}
    TopologicalSorter(graph).prepare()  # raises CycleError, which shows the cycle


def strings(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_command_line_names_options(path):
    """Errors below it carry what was found and wanted, and a key for what helps: see mattekit/cli/remedies.py."""
    if path.relative_to(ROOT).parts[0] != "cli":
        assert not [
            (line, text) for line, text in strings(path) if re.search(r"(?<![\w-])(--[a-z]|-[a-z](?![\w-]))", text)
        ]

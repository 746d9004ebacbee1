"""`mattekit info --compile` leaves nothing for later commands to compile."""

import json
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

import mattekit
from mattekit.baselines.foreground_methods import ForegroundMethod
from mattekit.cli import app
from mattekit.jobs import compilation

COUNT = """
import json, sys
from importlib import import_module
from numba.core.dispatcher import Dispatcher
from mattekit.jobs import compilation
del compilation.PARTS["classical methods"]  # pymatting's; networks use all of mattekit's own
for part in compilation.compile_all():
    pass
counts = {}
for name in sys.argv[1:]:
    for attribute, value in vars(import_module(name)).items():
        if isinstance(value, Dispatcher) and not attribute.startswith("_"):
            counts[f"{name}.{attribute}"] = len(value.signatures)
print(json.dumps(counts))
"""


def test_every_compiled_function_is_compiled():
    """Functions without an underscore are what Python calls; what these call is compiled with them."""
    root = Path(mattekit.__file__).parent
    modules = [".".join(path.relative_to(root.parent).with_suffix("").parts) for path in root.rglob("*.py")]
    modules = [name for name in modules if "@njit" in (root.parent / f"{name.replace('.', '/')}.py").read_text()]
    done = subprocess.run([sys.executable, "-c", COUNT, *modules], capture_output=True, text=True, check=True)
    counts = json.loads(done.stdout)
    assert len(counts) > 10 and all(counts.values()), counts


def test_the_command_tells_each_part(monkeypatch):
    ran = []
    monkeypatch.setattr(compilation, "PARTS", {"one": lambda: ran.append(1), "two": lambda: ran.append(2)})
    result = CliRunner().invoke(app, ["info", "--compile"])
    assert result.exit_code == 0 and ran == [1, 2]
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == ["one", "two"]
    assert "numba" in result.stdout


def test_a_warm_up_runs_what_is_named(monkeypatch):
    ran = []
    monkeypatch.setitem(compilation.ALPHA, "knn", lambda *arrays: ran.append("knn"))
    monkeypatch.setattr(compilation, "_priors", lambda *arrays: ran.append("priors"))
    row = ForegroundMethod("", lambda *arrays: ran.append("closed-form"))
    monkeypatch.setitem(compilation.FOREGROUND, "closed-form", row)
    compilation.warm_up(["knn", "a.safetensors"], ["closed-form"])
    assert ran == ["knn", "priors", "closed-form"]

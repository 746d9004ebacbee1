"""`mattekit --help` must not load anything heavy; checked exactly, not by the clock."""

import subprocess
import sys

HEAVY = {"torch", "numpy", "cv2", "numba", "scipy", "pymatting", "pydantic", "PIL"}


def test_help_imports_nothing_heavy():
    code = (
        "import sys, runpy; sys.argv = ['mattekit', '--help']\n"
        "try:\n    runpy.run_module('mattekit', run_name='__main__')\n"
        "except SystemExit as e:\n    assert not e.code\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "predict" in done.stdout or "info" in done.stdout
    assert done.stderr.strip() == "[]"


def test_module_and_script_agree():
    done = subprocess.run([sys.executable, "-m", "mattekit", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("mattekit ")

"""Two processes against one: `mattekit predict` on a folder, whole commands, start-up included, one thread each.

Without `--threads 1`, one process of shared matting keeps both of two cores busy for a third of its time.

python tests/benchmarks/bench_predict_jobs.py [MODEL]
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
COPIES, ROUNDS = 10, 2


def folder(root: Path, kind: str) -> Path:
    """COPIES of every example picture of one kind, as a user's folder."""
    (root / kind).mkdir()
    for path in sorted((EXAMPLES / kind).iterdir()):
        for i in range(COPIES):
            shutil.copy(path, root / kind / f"{path.stem}{i}{path.suffix}")
    return root / kind


def seconds(images: Path, trimaps: Path, out: Path, model: str, jobs: int) -> float:
    """Wall time of one whole command."""
    words = [sys.executable, "-m", "mattekit", "predict", images, trimaps, "-o", out, "-m", model, "-j", jobs]
    words += ["--threads", 1]
    start = time.perf_counter()
    subprocess.run([*map(str, words), "-q"], check=True)
    return time.perf_counter() - start


def main() -> None:
    model = sys.argv[1] if len(sys.argv) > 1 else "shared"
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        images, trimaps = folder(root, "images"), folder(root, "trimaps")
        seconds(EXAMPLES / "images/net.jpg", EXAMPLES / "trimaps/net.png", root / "warm.png", model, 1)
        pairs = [[seconds(images, trimaps, root / f"out{j}", model, j) for j in (1, 2)] for _ in range(ROUNDS)]
    one, two = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    count = COPIES * len(list((EXAMPLES / "images").iterdir()))
    print(f"{model}, {count} images of 640x480: one process {one:.1f} s, two {two:.1f} s, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()

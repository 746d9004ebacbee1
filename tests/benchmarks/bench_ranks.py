"""Two ranks against one: `mattekit predict` on a folder, whole commands, start-up included.

By hand (--shard 1/2 and 2/2 at the same time) and under torchrun, whose own start-up counts, too. All ranks have the
same number of threads: half of the cores.

python tests/benchmarks/bench_ranks.py [MODEL] [COPIES]
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ROUNDS = 3
THREADS = str(max(1, (os.cpu_count() or 1) // 2))
ENVIRONMENT = {**os.environ, **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), THREADS)}


def folder(root: Path, kind: str, copies: int) -> Path:
    """Copies of every example picture of one kind, as a user's folder."""
    (root / kind).mkdir()
    for path in sorted((EXAMPLES / kind).iterdir()):
        for i in range(copies):
            shutil.copy(path, root / kind / f"{path.stem}{i}{path.suffix}")
    return root / kind


def seconds(*commands: list) -> float:
    """Wall time until all commands, started together, are done."""
    start = time.perf_counter()
    running = [subprocess.Popen(list(map(str, words)), env=ENVIRONMENT) for words in commands]
    codes = [process.wait() for process in running]
    assert not any(codes), codes
    return time.perf_counter() - start


def main() -> None:
    model = sys.argv[1] if len(sys.argv) > 1 else "shared"
    copies = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    module = [sys.executable, "-m", "mattekit"]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--no-python", *module]
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        predict = ["predict", folder(root, "images", copies), folder(root, "trimaps", copies), "-q", "-m", model, "-o"]
        ways = {
            "one process": [[*module, *predict, root / "one"]],
            "two shards": [[*module, *predict, root / "shards", "--shard", f"{i}/2"] for i in (1, 2)],
            "torchrun": [[*torchrun, *predict, root / "ranks"]],
        }
        rounds = [{way: seconds(*commands) for way, commands in ways.items()} for _ in range(ROUNDS)]
        count = len(list((root / "one").iterdir()))
        for path in (root / "one").iterdir():
            assert path.read_bytes() == (root / "ranks" / path.name).read_bytes(), path.name
    print(f"{model}, {count} images, {THREADS} threads a rank")
    for way in ways:
        times = statistics.median(times[way] for times in rounds)
        ratio = statistics.median(times["one process"] / times[way] for times in rounds)
        print(f"{way:>12}: {times:6.1f} s, {60 * count / times:5.0f} images a minute, {ratio:.2f} times one process")


if __name__ == "__main__":
    main()

"""Images per minute of each of the authors' networks: by precision, and read and written meanwhile against one by one.

    python tests/benchmarks/bench_throughput.py [NAME ...] [--device cpu] [--precision fp32,bf16] [--batch N]

Whole images from files to files, after the network is loaded. Needs the reference weights (MATTEKIT_SHARED); images
are those of alphamatting.com's training set there. Ways take turns round by round; medians are shown.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import reference_networks

from mattekit import parallel
from mattekit.jobs import staged
from mattekit.jobs.predict import PredictJob, group


def per_minute(jobs: list[PredictJob], run) -> float:
    """Of one pass over the jobs."""
    start = time.perf_counter()
    for result in run(jobs):
        if result.error:
            raise result.error
    return 60 * len(jobs) / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=reference_networks.NAMES)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="fp32,bf16")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--count", type=int, default=9, help="images")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    ways = {
        "one by one": lambda jobs: parallel.run(staged.run_one, jobs),
        "overlapping": lambda jobs: staged.run(group(jobs, given.batch)),
    }
    pairs = reference_networks.images()[: given.count]
    print(f"images per minute, {len(pairs)} images, {given.device}; ratio of overlapping to one by one in one round")
    with tempfile.TemporaryDirectory() as scratch:
        for name in given.names:
            model = str(reference_networks.file_of(name))
            for precision in given.precision.split(","):
                jobs = [
                    PredictJob(
                        name=image.stem,
                        image=image,
                        trimap=trimap,
                        targets={"alpha": Path(scratch) / image.name},
                        model=model,
                        options={"device": given.device, "precision": precision},
                    )
                    for image, trimap in pairs
                ]
                staged.run_one(jobs[0])  # loads
                rounds = [[per_minute(jobs, run) for run in ways.values()] for _ in range(given.rounds)]
                medians = [statistics.median(way) for way in zip(*rounds, strict=True)]
                ratio = statistics.median(over / single for single, over in rounds)
                told = ", ".join(f"{way} {speed:.1f}" for way, speed in zip(ways, medians, strict=True))
                print(f"{name:28} {precision}: {told}, ratio {ratio:.2f}", flush=True)


if __name__ == "__main__":
    main()

"""Closed-form matting against pymatting's `estimate_alpha_cf`, and its sparse Cholesky against other direct solvers.

Run as `python tests/benchmarks/bench_closed_form.py [--images FOLDER] [--repeats N]`. FOLDER holds image/, trimap1/,
trimap2/ and alpha/ with GT01.png and so on, as the training set of alphamatting.com does; the default is
data/alphamatting-dev in $MATTEKIT_SHARED, or in ../shared. Each picture is measured with its own two trimaps, and
enlarged to 1920x1080 with a thin unknown band, the soft pixels of its true alpha dilated by 10 px. Runs alternate;
times are medians.

The first line of a picture: both methods from image to alpha, their ratio, and the mean distance of their alphas over
the unknown pixels. pymatting iterates until its residual is small, which leaves its alpha some way from the solution.
The lines below: the same equations, pymatting's Laplacian, solved directly by SuperLU (scipy's `splu`) and, if cvxopt
is installed, by CHOLMOD; seconds of ordering, factor and solution alone, beside those of mattekit, and the mean and the
largest distance of its alpha from mattekit's. All distances are in units of 1/255.
"""

import argparse
import os
import time
from pathlib import Path

import cv2
import numpy as np
import scipy.sparse.linalg

from mattekit.baselines import ALPHA, closed_form
from mattekit.baselines.by_pymatting import load, quiet_stdout
from mattekit.imaging.io import read_alpha, read_image, read_trimap

SHARED = Path(os.environ.get("MATTEKIT_SHARED", Path(__file__).resolve().parents[3] / "shared"))


def thin_band(image, alpha):
    """The picture and its alpha stretched over 1920x1080, and a trimap unknown within 10 px of what is soft."""
    image, alpha = (np.clip(cv2.resize(x, (1920, 1080), interpolation=cv2.INTER_CUBIC), 0, 1) for x in (image, alpha))
    soft = ((alpha > 0.02) & (alpha < 0.98)).astype(np.uint8)
    unknown = cv2.dilate(soft, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (21, 21))) > 0
    return image, np.where(unknown, 0.5, np.round(alpha)).astype(np.float32)


def seconds(function, *arguments):
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


def compare(name, image, trimap, repeats):
    """Print the lines of one picture."""
    doubles, runs = (image.astype(np.float64), trimap.astype(np.float64)), []  # what pymatting takes; not timed
    for _ in range(repeats):
        with quiet_stdout():
            theirs, expected = seconds(load().estimate_alpha_cf, *doubles)
        ours, alpha = seconds(ALPHA["closed-form"], image, trimap)
        runs.append((ours, theirs))
    ratio = row(name, trimap == 0.5, runs, alpha, expected)
    unknown = trimap == 0.5
    system = equations(*doubles, unknown)
    for solver, solve in direct_solvers().items():
        runs = []
        for _ in range(repeats):
            theirs, x = seconds(solve, *system)
            runs.append((own_seconds(image, trimap), theirs))
        ours, theirs = np.median(runs, axis=0)
        apart = 255 * np.abs(alpha[unknown] - np.clip(x, 0, 1))
        print(
            f"    Cholesky {ours:6.3f} s  {solver} {theirs:6.3f} s  ratio {theirs / ours:5.2f}  "
            f"apart {apart.mean():.5f}/255, at most {apart.max():.5f}/255",
            flush=True,
        )
    return ratio


def equations(image, trimap, unknown):
    """Return pymatting's Laplacian between unknown pixels, and the right side."""
    laplacian = load().cf_laplacian(image, is_known=~unknown.ravel()).tocsr()
    rows = laplacian[unknown.ravel()]
    return rows[:, unknown.ravel()].tocsc(), -rows[:, ~unknown.ravel()] @ trimap[~unknown]


def direct_solvers():
    """Functions of the equations, by name."""
    solvers = {"SuperLU": superlu}
    try:
        from cvxopt import cholmod  # noqa: F401
    except ImportError:
        return solvers
    return {**solvers, "CHOLMOD": cholmod_solution}


def superlu(matrix, right):
    """The solution by a minimum-degree order and no pivoting, as fits symmetric equations."""
    options = {"SymmetricMode": True}
    factor = scipy.sparse.linalg.splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0, options=options)
    return factor.solve(right)


def cholmod_solution(matrix, right):
    """The solution by CHOLMOD's supernodal factor in an approximate minimum-degree order."""
    import cvxopt
    from cvxopt import cholmod

    cholmod.options["supernodal"] = 2
    lower = scipy.sparse.tril(matrix).tocoo()
    x = cvxopt.matrix(right)
    cholmod.linsolve(cvxopt.spmatrix(lower.data, lower.row, lower.col, matrix.shape), x)
    return np.array(x).ravel()


def own_seconds(image, trimap):
    """Seconds that mattekit takes to order, factor and solve, without the Laplacian."""
    total = []

    def timed(function):
        def call(*arguments):
            taken, result = seconds(function, *arguments)
            total.append(taken)
            return result

        return call

    functions = {name: getattr(closed_form, name) for name in ("dissect", "boundaries", "solve")}
    try:
        for name, function in functions.items():
            setattr(closed_form, name, timed(function))
        closed_form.closed_form(image, trimap)
    finally:
        for name, function in functions.items():
            setattr(closed_form, name, function)
    return sum(total)


def row(name, unknown, runs, alpha, expected):
    """Print medians of runs (ours, theirs), their ratio, which is returned, and how far the alphas are apart."""
    ours, theirs = np.median(runs, axis=0)
    apart = 255 * np.abs(alpha - expected)[unknown].mean()
    print(
        f"{name:<16} {unknown.mean():6.1%} unknown  mattekit {ours:6.3f} s  pymatting {theirs:6.3f} s  "
        f"ratio {theirs / ours:5.2f}  apart {apart:.5f}/255",
        flush=True,
    )
    return theirs / ours


def main(compare):
    """Call `compare(name, image, trimap, repeats)` for the pictures that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=Path, default=SHARED / "data" / "alphamatting-dev")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("names", nargs="*", help="such as GT01; all by default")
    options = parser.parse_args()
    ratios = {"trimap1": [], "trimap2": [], "1920x1080": []}
    for path in sorted((options.images / "image").glob("*.png")):
        if options.names and path.stem not in options.names:
            continue
        image = read_image(path).pixels
        inputs = {t: (image, read_trimap(options.images / t / path.name)) for t in ("trimap1", "trimap2")}
        inputs["1920x1080"] = thin_band(image, read_alpha(options.images / "alpha" / path.name).pixels)
        for kind, (picture, trimap) in inputs.items():
            ratios[kind].append(compare(f"{path.stem} {kind}", picture, trimap, options.repeats))
    for kind, values in ratios.items():
        print(f"{kind}: ratio {min(values):.2f} at least, {np.median(values):.2f} in the median")


if __name__ == "__main__":
    main(compare)

"""Smoothing an estimate against pymatting's Laplacian and conjugate gradients: same equations, same accuracy.

Ours begins with the answer of half the size, and ends nearer to the exact one: hence the differences.

Run as `OPENBLAS_NUM_THREADS=1 python tests/benchmarks/bench_smoothing.py [--images FOLDER] [--repeats N]`, on the
pictures and trimaps of bench_closed_form.py; both use one core, and BLAS's threads, waiting for one another on a busy
computer, would slow the reference. What is smoothed are the alphas of shared matting. pymatting makes the Laplacian
where pixels are unknown, and solves their equations with a Jacobi preconditioner until the residual's norm has fallen
to the same share of the right side's.
"""

import numpy as np
import scipy.sparse
from bench_closed_form import main, row, seconds

from mattekit.baselines import ALPHA
from mattekit.baselines.by_pymatting import load
from mattekit.baselines.closed_form import EPSILON
from mattekit.baselines.smoothing import ACCURACY, TRUST, smoothed


def plain(image, trimap, estimate):
    """`smoothed` by pymatting's functions, in double."""
    alpha, unknown = trimap.ravel().copy(), trimap.ravel() == 0.5
    rows = load().cf_laplacian(image, EPSILON, is_known=~unknown)[unknown]
    matrix = rows[:, unknown] + TRUST * scipy.sparse.eye(unknown.sum(), format="csr")
    guess = estimate.ravel()[unknown]
    right = TRUST * guess - rows[:, ~unknown] @ alpha[~unknown]
    alpha[unknown] = load().cg(matrix, right, guess, rtol=ACCURACY, M=load().jacobi(matrix))
    return alpha.reshape(trimap.shape).clip(0, 1)


def compare(name, image, trimap, repeats):
    """Print one row: both times, their ratio and how far the alphas are apart."""
    estimate, runs = ALPHA["shared"](image, trimap), []
    doubles = [array.astype(np.float64) for array in (image, trimap, estimate)]  # what pymatting takes; not timed
    for _ in range(repeats):
        theirs, expected = seconds(plain, *doubles)
        ours, alpha = seconds(smoothed, image, trimap, estimate)
        runs.append((ours, theirs))
    return row(name, trimap == 0.5, runs, alpha, expected)


if __name__ == "__main__":
    main(compare)

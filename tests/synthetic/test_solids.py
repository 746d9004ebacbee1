import numpy as np
import pytest

from mattekit.synthetic.solids import disc, line


def test_blur_kernels_keep_brightness_and_place():
    for kernel in (disc(0.7), disc(9.3), line(17, 0.6), line(3, 2.0)):
        assert kernel.sum() == pytest.approx(1, abs=1e-5)
        y, x = np.mgrid[: kernel.shape[0], : kernel.shape[1]] - (kernel.shape[0] - 1) / 2
        assert abs((kernel * x).sum()) < 1e-4 and abs((kernel * y).sum()) < 1e-4
    y, x = np.mgrid[-10:11, -10:11]
    assert np.sqrt((disc(9.3) * (x**2 + y**2)).sum()) == pytest.approx(9.3 / np.sqrt(2), rel=0.03)

import numpy as np
import pytest

from mattekit.synthetic.shapes import BODIES, coverage, ellipse


def test_the_area_of_an_ellipse_is_that_of_its_formula():
    alpha = coverage(ellipse((120, 140), (66.3, 58.1), (40, 25), 0.7))
    assert alpha.sum() == pytest.approx(np.pi * 40 * 25, rel=0.005)


@pytest.mark.parametrize("body", dict.fromkeys(BODIES), ids=lambda body: body.__name__)
def test_outlines_have_slopes_of_about_one(body):
    """So that half a pixel to each side of the outline is as soft as a sharp lens makes it."""
    slopes = []
    for seed in range(6):
        distance = body(np.random.default_rng(seed), (256, 256))
        dy, dx = np.gradient(distance)
        slopes.append(np.hypot(dx, dy)[np.abs(distance) < 2])
    slopes = np.concatenate(slopes)
    assert len(slopes) > 1000 and 0.5 < np.median(slopes) < 2.0

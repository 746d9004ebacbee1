import numpy as np
import pytest

from mattekit.synthetic import strands
from mattekit.synthetic.strands import Strands


def straight(x0, y0, x1, y1, width, *, colour=(1, 1, 1), opacity=1.0, joints=5):
    t = np.linspace(0, 1, joints)[:, None]
    points = (1 - t) * [x0, y0] + t * [x1, y1]
    return Strands(
        points[None], np.full((1, joints), width / 2), np.tile(np.float64(colour), (1, joints, 1)), np.array([opacity])
    )


def curly(rng, n, size, *, opacity=1.0):
    roots = rng.uniform(5, min(size) - 5, (n, 2))
    points = strands.grow(rng, roots, rng.uniform(0, 6.3, n), rng.uniform(10, 40, n), joints=8, bend=1, wave=0.5)
    colour = rng.uniform(0, 1, (n, 1, 3)) * np.ones((1, 8, 1))
    return Strands(points, strands.taper(rng.uniform(0.5, 4, n), 8), colour, np.full(n, opacity))


@pytest.mark.parametrize("width", [0.2, 0.7, 1.0, 1.6, 5.0, 17.0])
@pytest.mark.parametrize("ends", [(10.3, 20.7, 50.1, 20.7), (20.2, 8, 20.2, 55.5), (9, 12, 52, 47)])
def test_the_alpha_of_a_strand_sums_to_its_area(width, ends):
    """Length times width, also where it is thinner than a pixel or than a pixel of the enlarged canvas."""
    layer = strands.paint(straight(*ends, width), (64, 64))
    length = np.hypot(ends[2] - ends[0], ends[3] - ends[1])
    assert layer[..., 3].sum() == pytest.approx(length * width, rel=0.03)


def test_alpha_is_the_covered_share_of_each_pixel():
    """Against an outline counted on a grid of 24 x 24 places a pixel."""
    grid = (np.arange(40 * 24) + 0.5) / 24
    x, y = np.meshgrid(grid, grid)
    direction = np.array([30.0, 17.0]) / np.hypot(30, 17)
    along, across = (x - 5) * direction[0] + (y - 9) * direction[1], (y - 9) * direction[0] - (x - 5) * direction[1]
    inside = (along >= 0) & (along <= np.hypot(30, 17)) & (np.abs(across) <= 1.1)
    wanted = inside.reshape(40, 24, 40, 24).mean((1, 3))
    found = strands.paint(straight(5, 9, 35, 26, 2.2), (40, 40))[..., 3]
    middle = np.s_[12:23, 10:30]  # the ends are cut on the enlarged canvas
    assert np.abs(found - wanted)[middle].max() < 0.05
    assert np.abs(found - wanted).max() < 0.25


def test_what_lies_behind_shows_through_by_alpha():
    """Painting over an opaque sheet is the same as putting the layer before it: alpha is exact."""
    rng, size = np.random.default_rng(2), (60, 70)
    hairs, sheet = curly(rng, 60, size, opacity=0.8), straight(-50, 30, 150, 30, 200, colour=(0.2, 0.5, 0.9), joints=8)
    layer = strands.paint(hairs, size)
    both = strands.paint(strands.join(sheet, hairs), size)
    assert np.abs(layer[..., :3] + (1 - layer[..., 3:]) * [0.2, 0.5, 0.9] - both[..., :3]).max() < 0.003
    assert both[..., 3].min() > 0.997


def test_the_last_strand_lies_in_front():
    red, blue = (straight(0, 8, 16, 8, 6, colour=c) for c in ((1, 0, 0), (0, 0, 1)))
    assert strands.paint(strands.join(red, blue), (16, 16))[8, 8] == pytest.approx([0, 0, 1, 1])
    assert strands.paint(strands.join(blue, red), (16, 16))[8, 8] == pytest.approx([1, 0, 0, 1])


def test_a_bent_strand_has_no_seams_and_no_knots_at_its_joints():
    """A half-transparent ribbon along an arc is as transparent at its joints as between them."""
    t = np.linspace(0, np.pi / 2, 9)
    points = (20 + 30 * np.stack([np.cos(t), np.sin(t)], 1))[None]
    ribbon = Strands(points, np.full((1, 9), 4.0), np.ones((1, 9, 3)), np.array([0.5]))
    alpha = strands.paint(ribbon, (64, 64))[..., 3]
    y, x = np.mgrid[:64, :64] + 0.5
    radius, angle = np.hypot(x - 20, y - 20), np.arctan2(y - 20, x - 20)
    inside = (np.abs(radius - 29.8) < 2.5) & (angle > 0.1) & (angle < np.pi / 2 - 0.1)
    assert alpha[inside] == pytest.approx(0.5, abs=1e-4)


def test_a_finer_canvas_agrees():
    """Three times the resolution gives nearly what eight times gives."""
    hairs = curly(np.random.default_rng(5), 40, (64, 64))
    coarse, fine = (strands.paint(hairs, (64, 64), scale=scale) for scale in (3, 8))
    assert np.abs(coarse - fine).mean() < 0.004


def test_strands_outside_and_of_no_length_are_left_out():
    outside = straight(-40, -40, -10, -20, 3)
    point = straight(5, 5, 5, 5, 3)
    assert not strands.paint(strands.join(outside, point), (32, 32)).any()


def test_strands_are_as_long_as_asked_and_hang_down_by_gravity():
    rng = np.random.default_rng(0)
    length = np.array([10.0, 25.0, 40.0])
    points = strands.grow(rng, np.full((3, 2), 7.0), np.zeros(3), length, joints=20, bend=0, gravity=50.0)
    steps = np.diff(points, axis=1)
    assert np.hypot(steps[..., 0], steps[..., 1]).sum(1) == pytest.approx(length, rel=1e-4)
    assert points[:, 0] == pytest.approx(np.full((3, 2), 7.0))
    assert (np.arctan2(steps[:, -1, 1], steps[:, -1, 0]) > 1.5).all()


def test_clumps_bring_tips_together_and_leave_roots():
    rng = np.random.default_rng(0)
    points = strands.grow(rng, rng.uniform(0, 100, (200, 2)), rng.uniform(0, 6, 200), np.full(200, 30.0))
    clumped = strands.clump(rng, points, 8, 1.0)
    assert (clumped[:, 0] == points[:, 0]).all()
    assert clumped[:, -1].std() < 1.05 * points[:, -1].std()
    nearest = np.sort(np.hypot(*(clumped[:, None, -1] - clumped[None, :, -1]).T), 1)[:, 1].mean()
    before = np.sort(np.hypot(*(points[:, None, -1] - points[None, :, -1]).T), 1)[:, 1].mean()
    assert nearest < 0.7 * before

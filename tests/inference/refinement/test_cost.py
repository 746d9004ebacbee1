"""Where the cost looks and what it says, by hand and by the authors' numbers."""

import numpy as np
import pytest
import torch

from mattekit.inference.refinement.cost import RULES, Cost, regions

TRIMAP = np.float32([[1, 1, 1, 1], [1, 0.5, 0.5, 0.5], [0.5, 0.5, 0.5, 0.5], [0.5, 0.5, 0, 0]])


def picture(rows):
    return np.array([[c == "x" for c in row] for row in rows.split()])


def test_the_released_rule_looks_at_unknown_pixels_alone():
    """Those with a known pixel among their 8 neighbours."""
    where = regions(TRIMAP, RULES["released"])
    np.testing.assert_array_equal(where.fg, picture(".... .xxx xx.. ...."))
    np.testing.assert_array_equal(where.bg, picture(".... .... .xxx .x.."))
    np.testing.assert_array_equal(where.unknown, TRIMAP == 0.5)


def test_the_papers_rule_looks_at_both_sides():
    """Pixels that meet a region and the rest of the picture among themselves and 4 neighbours (LSA section 4)."""
    where = regions(TRIMAP, RULES["paper"])
    np.testing.assert_array_equal(where.fg, picture(".xxx xxxx x... ...."))
    np.testing.assert_array_equal(where.bg, picture(".... .... ..xx .xxx"))


@pytest.mark.parametrize("key", ["masks_pos_neg_unknown", "img_masks_pos_neg_unknown"])
def test_regions_are_the_authors(shared, key):
    """Of a picture, and of one in its padding."""
    data = np.load(shared / "oracle/networks/lsa_br_trace.npz")
    if key.startswith("img"):
        from mattekit.inference.preparation import PREPARATIONS

        levels = data["img_trimap"]
        trimap = np.select([levels > 0.75 * 255, levels < 0.25 * 255], [1, 0], 0.5).astype(np.float32)
        _, trimap = PREPARATIONS["lsa-ring"].prepare(np.zeros((*trimap.shape, 3), np.float32), trimap)
    else:
        channel = np.load(shared / "oracle/networks/lsa_resnet50d.npz")["x"][0, 3]
        trimap = np.select([channel > 0.75, channel < 0.25], [1, 0], 0.5).astype(np.float32)
    np.testing.assert_array_equal(regions(trimap, RULES["released"]), data[key])


def test_the_cost_by_hand():
    """C1 + 0.1 C2 of a row with one pixel at each end; the released code counts 0.2 pixels more, and raw starts."""
    trimap = np.float32([[1, 0.5, 0.5, 0.5, 0]])
    start, alpha = torch.tensor([[1, 1.5, 0.5, 0.25, 0]]), torch.tensor([[1, 0.75, 0.5, 0.5, -2]])
    terms = Cost(regions(trimap, RULES["released"]), start, RULES["released"])(alpha)
    assert terms.boundary.item() == pytest.approx((0.25**2 + 0.5**2) / 2.2)
    assert terms.change.item() == pytest.approx(((0.75 + 0 + 0.25) / 3) ** 2)
    assert terms.total.item() == pytest.approx((terms.boundary + 0.1 * terms.change).item())
    paper = Cost(regions(trimap, RULES["paper"]), start, RULES["paper"])(alpha)
    assert paper.boundary.item() == pytest.approx((0 + 0.25**2 + 0.5**2 + 0) / 4)
    assert paper.change.item() == pytest.approx(((0.25 + 0 + 0.25) / 3) ** 2)


def test_only_the_papers_rule_starts_at_no_change():
    """A raw alpha beyond 0..1 costs at once in the released code, which measures from it unclamped."""
    trimap, start = np.float32([[1, 0.5, 0.5, 0]]), torch.tensor([[1, 1.5, 0.5, 0]])
    change = {name: Cost(regions(trimap, rule), start, rule)(start).change.item() for name, rule in RULES.items()}
    assert change == {"released": pytest.approx(0.25**2), "paper": 0}

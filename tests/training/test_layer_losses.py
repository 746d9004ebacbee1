"""Losses of GCA and FBA against plain computations of their definitions."""

import cv2
import numpy as np
import pytest
import torch

from mattekit.training import layer_losses as losses
from mattekit.training.settings import Loss


@pytest.fixture
def maps():
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(2, 3, 32, 48, generator=generator, dtype=torch.float64) for _ in range(4)]


def test_errors_count_where_the_mask_is(maps):
    pred, target, *_ = maps
    mask = torch.zeros(2, 1, 32, 48, dtype=torch.float64)
    mask[0, :, :4, :5] = 1
    mask[1, :, 7, 7] = 1
    each = [(pred - target)[0, :, :4, :5].abs().mean(), (pred - target)[1, :, 7, 7].abs().mean()]
    assert losses.absolute_error(pred, target, mask).item() == pytest.approx(sum(each).item() / 2)
    assert losses.absolute_error(pred, target, 0 * mask).item() == 0


def test_pyramids_are_opencvs(maps):
    """OpenCV's filter is the same; it rounds nothing in double precision."""
    current = maps[0][0, 0].numpy()
    for level in losses.pyramid(maps[0]):
        smaller = cv2.pyrDown(current, borderType=cv2.BORDER_REFLECT_101)
        larger = np.zeros_like(current)
        larger[::2, ::2] = smaller
        line = np.array([1, 4, 6, 4, 1]) / 8
        larger = cv2.sepFilter2D(larger, cv2.CV_64F, line, line, borderType=cv2.BORDER_REFLECT_101)
        if min(current.shape) > 2:  # below, reflection of two pixels repeats itself
            np.testing.assert_allclose(level[0, 0], current - larger, rtol=0, atol=1e-12)
        current = smaller


def test_coarser_levels_of_a_pyramid_count_twice_as_much(maps):
    """An error that only the second level sees: what the pyramid of the difference, which is linear, says."""
    pred, target, *_ = maps
    levels = losses.pyramid(pred - target)
    wanted = sum(2**s * level.abs().mean().item() for s, level in enumerate(levels))
    assert losses.laplacian_error(pred, target).item() == pytest.approx(wanted)
    halves = torch.zeros(2, 1, 32, 48, dtype=torch.float64)
    halves[..., :16] = 1
    wanted = sum(2**s * level[..., : 16 >> s].abs().mean().item() for s, level in enumerate(levels))
    assert losses.laplacian_error(pred, target, halves).item() == pytest.approx(wanted)


def test_exclusion_is_of_common_edges():
    """Of images of 5 columns, a step of height 2 and one of 3 at the same place, and at different places."""
    one, other = torch.zeros(2, 1, 1, 5, 5)
    one[..., 2:], other[..., 2:] = 2, 3
    assert losses.exclusion(one, other).item() == pytest.approx(6 / 4)
    assert losses.exclusion(one, other.mT).item() == 0


TERMS = dict.fromkeys(("alpha", "composition", "gradient", "laplacian", "colours", "exclusion"), 1.0)


def test_a_perfect_output_costs_nothing_but_common_edges(maps):
    fg, bg, alpha = maps[0], maps[1], maps[2][:, :1]
    batch = {"alpha": alpha, "fg": fg, "bg": bg, "image": alpha * fg + (1 - alpha) * bg}
    output = torch.cat([alpha, fg, bg], 1)
    found = losses.layers_loss(output, batch, Loss(name="layers", **TERMS))
    assert found.item() == pytest.approx(losses.exclusion(fg, bg).item())
    assert losses.layers_loss(output, batch, Loss(name="layers", **(TERMS | {"exclusion": 0}))) < 1e-12


@pytest.mark.parametrize("term", ["alpha", "composition", "gradient", "laplacian", "colours"])
def test_each_term_sees_its_error(maps, term):
    """A wrong alpha, and for the colours a wrong foreground, which the terms of alpha do not see."""
    fg, bg, alpha = maps[0], maps[1], maps[2][:, :1]
    batch = {"alpha": alpha, "fg": fg, "bg": bg, "image": alpha * fg + (1 - alpha) * bg}
    only = Loss(name="layers", **{key: float(key == term) for key in TERMS})
    wrong_alpha = losses.layers_loss(torch.cat([maps[3][:, :1], fg, bg], 1), batch, only)
    wrong_fg = losses.layers_loss(torch.cat([alpha, maps[3], bg], 1), batch, only)
    assert (wrong_alpha > 0.01, wrong_fg > 0.01) == (term != "colours", term == "colours")


def test_composites_without_layers_are_judged_by_alpha(maps):
    alpha, output = maps[0][:, :1], torch.cat([maps[1], maps[2], maps[3][:, :1]], 1)
    found = losses.layers_loss(output, {"alpha": alpha}, Loss(name="layers", **TERMS))
    pred = output[:, :1]
    wanted = losses.absolute_error(pred, alpha) + losses.gradient_error(pred, alpha)
    assert found.item() == pytest.approx((wanted + losses.laplacian_error(pred, alpha)).item())


def test_finer_alphas_count_where_the_coarser_are_uncertain(monkeypatch):
    """Left of the middle the coarse alpha is 0, and finer ones, however wrong, are not looked at."""
    monkeypatch.setattr(losses, "_random_kernel", lambda limit: torch.ones(1, 1, 1, 1))
    alpha = torch.zeros(1, 1, 64, 64)
    alpha[..., 32:] = 0.5
    wrong = torch.where(torch.arange(64) < 32, 0.9, alpha)
    batch, settings = {"alpha": alpha}, Loss(name="progressive", alpha=1, laplacian=1)
    assert losses.progressive_loss(torch.cat([wrong, wrong, alpha], 1), batch, settings) == 0
    for planes, weight in (([alpha + 0.1, alpha, alpha], 2), ([alpha, alpha + 0.1, alpha], 1)):
        found = losses.progressive_loss(torch.cat(planes, 1), batch, Loss(name="progressive", alpha=1))
        assert found.item() == pytest.approx(0.1 * weight / 5, rel=1e-4)


def test_the_coarsest_alpha_counts_everywhere():
    alpha = torch.zeros(1, 1, 64, 64)
    found = losses.progressive_loss(torch.cat([alpha, alpha, alpha + 1], 1), {"alpha": alpha}, Loss(name="progressive"))
    # certain, if wrong: the finer two are the coarse one, and count nowhere
    assert found.item() == pytest.approx(0.5 * 1 / 5)

"""Losses and their gradients equal the authors' own."""

import numpy as np
import pytest
import torch

from mattekit.training import losses


@pytest.fixture(scope="module")
def authors(shared):
    return np.load(shared / "oracle/networks/losses_metrics.npz")


@pytest.fixture
def parts(authors):
    made = {name: torch.from_numpy(authors[name]) for name in ("pred", "gt_alpha", "mask", "fg", "bg", "image")}
    made["pred"].requires_grad_()
    return made


@pytest.mark.parametrize(("name", "guard"), [("indexnet", 0.0), ("a2u", 1.0)])
def test_alpha_and_composition_losses_are_the_authors(authors, parts, name, guard):
    pred, alpha, unknown, fg, bg, image = parts.values()
    of_alpha = losses.alpha_loss(pred, alpha, unknown, guard=guard)
    of_composition = losses.composition_loss(pred, image, fg, bg, unknown, guard=guard)
    assert of_alpha.item() == pytest.approx(authors[f"{name}_loss_alpha_only"].item(), rel=1e-5)
    assert of_composition.item() == pytest.approx(authors[f"{name}_loss_comp_only"].item(), rel=1e-5)
    total = losses.matting_loss(pred, alpha, image, fg, bg, unknown, guard=guard)
    assert total.item() == pytest.approx(authors[f"{name}_loss"].item(), rel=1e-5)
    total.backward()
    assert np.abs(pred.grad.numpy() - authors[f"{name}_grad"]).max() < 1e-6


@pytest.mark.parametrize(("name", "guard"), [("indexnet", 0.0), ("a2u", 1.0)])
def test_an_image_without_unknown_pixels_is_infinite_for_indexnet_and_finite_for_a2u(authors, parts, name, guard):
    pred, alpha, unknown, fg, bg, image = parts.values()
    empty = unknown.clone()
    empty[1] = 0
    value = losses.matting_loss(pred, alpha, image, fg, bg, empty, guard=guard).item()
    assert value == pytest.approx(authors[f"{name}_loss_emptymask"].item(), rel=1e-5)


def test_the_loss_of_five_scales_is_lsas(authors, parts):
    unknown = torch.from_numpy((authors["lsa_trimap"] == 128).astype(np.float32))
    total = losses.multiscale_loss(parts["pred"], parts["gt_alpha"], unknown)
    assert total.item() == pytest.approx(authors["lsa_loss"].item(), rel=1e-5)
    total.backward()
    assert np.abs(parts["pred"].grad.numpy() - authors["lsa_grad"]).max() < 1e-6


def test_overshoot_on_pure_pixels_costs_nothing_and_undershoot_does():
    alpha = torch.ones(1, 1, 16, 16)
    floor = losses.multiscale_loss(alpha, alpha, torch.ones_like(alpha))
    assert losses.multiscale_loss(alpha * 1.5, alpha, torch.ones_like(alpha)) == floor
    assert losses.multiscale_loss(alpha * 0.5, alpha, torch.ones_like(alpha)) > floor + 0.5


def test_a_perfect_alpha_costs_only_epsilon():
    alpha = torch.rand(2, 1, 8, 8)
    fg, bg = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8)
    image = alpha * fg + (1 - alpha) * bg
    assert losses.matting_loss(alpha, alpha, image, fg, bg, torch.ones_like(alpha)) < 1e-5

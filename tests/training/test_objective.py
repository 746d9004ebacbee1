"""Losses of portions add up to the loss of the whole batch, and so do their gradients."""

import pytest
import torch

from mattekit.training.losses import Objective, portions
from mattekit.training.settings import Loss

SETTINGS = [
    Loss(),
    Loss(name="alpha"),
    Loss(name="matting", alpha=0.3, composition=0.9),
    Loss(name="multiscale"),
    Loss(name="regression"),
    Loss(name="progressive"),
    Loss(name="layers", alpha=0.3, composition=0.9, gradient=0.2, laplacian=0.4, colours=0.5, exclusion=0.7),
    Loss(name="reconstruction"),
]


PLANES = {"reconstruction": 3, "layers": 7, "progressive": 3}


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    made = {name: torch.rand(5, 3, 32, 32, generator=generator) for name in ("image", "fg", "bg")}
    made["alpha"] = torch.rand(5, 1, 32, 32, generator=generator)
    # From image to image the share of unknown pixels differs much: that is where means of means go wrong.
    share = torch.linspace(0.02, 0.9, 5).view(5, 1, 1, 1)
    made["trimap"] = torch.where(torch.rand(5, 1, 32, 32, generator=generator) < share, 0.5, 1.0)
    return made


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: f"{s.name}-{s.alpha}")
@pytest.mark.parametrize("count", [2, 5])
def test_portions_add_up(batch, settings, count):
    objective = Objective(settings)
    batch["pred"] = torch.rand(5, PLANES.get(settings.name, 1), 32, 32).requires_grad_()
    whole = objective(batch["pred"], batch, objective.count(batch))
    (gradient,) = torch.autograd.grad(whole, batch["pred"])
    parts = list(portions(batch, count))
    counts = sum(objective.count(part) for part in parts)
    total = sum(objective(part["pred"], part, counts) for part in parts)
    assert total.item() == pytest.approx(whole.item(), rel=1e-5)
    (summed,) = torch.autograd.grad(total, batch["pred"])
    assert torch.allclose(summed, gradient, rtol=1e-4, atol=1e-8)


def test_without_foregrounds_the_alpha_takes_the_weight_of_both(batch):
    del batch["fg"], batch["bg"]
    pred, counts = torch.rand(5, 1, 32, 32), torch.tensor([5.0])
    whole = Objective(Loss(alpha=0.3, composition=0.5))(pred, batch, counts)
    assert whole.item() == pytest.approx(0.8 * Objective(Loss(name="alpha"))(pred, batch, counts).item())

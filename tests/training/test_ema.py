"""The average of a network's weights."""

import torch
from torch import nn

from mattekit.training.learner import Average


def test_averages_follow_the_formula_with_a_short_memory_at_first():
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    average, wanted = Average(network, 0.5), 0.0
    for step in range(30):
        nn.init.constant_(network.weight, step)
        average.update()
        decay = min(0.5, (1 + step) / (10 + step))
        wanted = decay * wanted + (1 - decay) * step
        assert abs(average.network.weight.item() - wanted) < 1e-4


def test_running_statistics_are_averaged_and_counts_copied():
    network = nn.BatchNorm2d(2)
    average = Average(network, 0.9)
    network(torch.randn(4, 2, 3, 3) + 5)
    average.update()
    assert average.network.num_batches_tracked == 1
    assert torch.allclose(average.network.running_mean, 0.9 * network.running_mean)


def test_an_average_goes_on_from_its_state():
    network = nn.Linear(3, 2)
    one, other = Average(network, 0.9), Average(network, 0.9)
    nn.init.zeros_(network.weight)
    one.update()
    other.load_state_dict(one.state_dict())
    nn.init.ones_(network.weight)
    for average in (one, other):
        average.update()
    assert one.count == other.count == 2
    assert torch.equal(one.network.weight, other.network.weight)

import numpy as np
import pytest
import torch

from mattekit.baselines.priors import PRIORS
from mattekit.imaging.trimap import pin_known
from mattekit.inference.network import network_predictor
from mattekit.inference.refinement import RefinementSettings, Refiner
from mattekit.networks import build, find
from mattekit.networks.encoder_decoder import PLANES
from mattekit.networks.header import header_of
from mattekit.networks.inference_copy import inference_copy
from mattekit.networks.mixing import ConvexBlend, DepthToSpace, space_to_depth


@pytest.fixture
def network(small_mixing):
    return small_mixing(0.03)


def scene(size=(60, 90)):
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float32) / max(size)
    image = np.stack([rows, columns, 1 - columns], 2) + random.normal(0, 0.05, (*size, 3))
    trimap = np.select([columns < 0.3, columns > 0.6], [0, 1], 0.5)
    return image.clip(0, 1).astype(np.float32), trimap.astype(np.float32)


def test_it_begins_with_mostly_the_first_estimate():
    x = torch.rand(2, 15, 64, 96)
    weights = torch.tensor([3.0, 0, 0, 0, 0, 0, 0, -3, -3]).softmax(0)
    wanted = torch.einsum("nehw,e->nhw", x[:, PLANES : PLANES + 7], weights[:7]) + weights[-1]
    torch.testing.assert_close(build("mixing")(x)[:, 0], wanted)
    assert weights[0] > 0.7


def test_means_lie_between_the_estimates_and_leave_out_cues():
    torch.manual_seed(0)
    prior, logits = torch.rand(1, 5, 4, 6), torch.randn(1, 5, 4, 6)
    mean = ConvexBlend(3)(logits, prior)
    assert ((mean > 0) & (mean < 1)).all()
    other = torch.cat([prior[:, :3], torch.rand(1, 2, 4, 6)], 1)
    assert torch.equal(ConvexBlend(3)(logits, other), mean)
    for chosen, wanted in ((1, prior[:, 1:2]), (3, 0), (4, 1)):  # all weight on one
        logits = torch.full((1, 5, 4, 6), -50.0)
        logits[:, chosen] = 50
        torch.testing.assert_close(ConvexBlend(3)(logits, prior), torch.zeros(1, 1, 4, 6) + wanted)


def test_a_share_of_the_plain_estimates_trimmed_mean_goes_in_outside_training():
    torch.manual_seed(0)
    x = torch.rand(1, 15, 32, 32)
    network = build("mixing", widths=[8, 12, 16], kept=0.25)
    learning, other = network(x), build("mixing", widths=[8, 12, 16], kept=0.0)
    other.load_state_dict(network.state_dict())
    plain = x[:, PLANES + 1 : PLANES + 5].sort(1)[0][:, 1:3].mean(1, keepdim=True)
    torch.testing.assert_close(network.eval()(x), 0.75 * other.eval()(x) + 0.25 * plain)
    assert not torch.allclose(learning, network(x))


def test_its_input_holds_what_the_prior_gives():
    for name, changes in (("mixing", {}), ("mixing", {"prior": "coarse", "planes": 11, "estimates": 7})):
        encoder = build(name, **changes).encoder
        assert (PRIORS["coarse"].channels, PRIORS["coarse"].estimates) == (11, 7)
        assert encoder.stages[0][0].conv.in_channels == 4 * (PLANES + PRIORS["coarse"].channels)
    assert find("mixing").estimates_of({}) == "coarse" and find("indexnet").estimates_of({}) is None


def test_predictions_correct_the_estimates_of_the_prepared_picture(network):
    image, trimap = scene()
    plain = build("mixing", widths=[8, 12, 16], kept=0.0)
    with torch.no_grad():
        plain.head[0].bias.view(-1, 4)[0] = 100  # all weight on the first
    estimate = network_predictor(plain, "reflect-32")(image, trimap)
    padded = [np.pad(a, [(0, 4), (0, 6), (0, 0)][: a.ndim], mode="reflect") for a in (image, trimap)]
    prior = PRIORS["coarse"]
    first = prior.estimate(*padded)[:60, :90, 0].astype(np.float32)
    wanted = pin_known(prior.finish(image, trimap, first), trimap)
    np.testing.assert_allclose(estimate, wanted, atol=1e-6)
    corrected = network_predictor(network, "reflect-32")(image, trimap)
    assert np.abs(corrected - estimate)[trimap == 0.5].mean() > 1e-3


def test_several_pictures_at_once_are_as_one_by_one(network):
    predict = network_predictor(network, "reflect-32")
    pairs = [scene(), scene((62, 70))]
    together = predict.several(*zip(*[pairs[0], pairs[0]], strict=True))
    for alpha in together:
        np.testing.assert_allclose(alpha, predict(*pairs[0]), atol=1e-5)


def test_tiles_agree_with_the_whole_picture():
    torch.manual_seed(0)
    network = build("mixing", widths=[8, 12])
    torch.nn.init.normal_(network.head[0].weight, std=0.03)
    image, trimap = scene((224, 352))
    whole = network_predictor(network, "reflect-32", tile="off")(image, trimap)
    tiled = network_predictor(network, "reflect-32", tile=224, overlap=112)(image, trimap)
    np.testing.assert_allclose(tiled, whole, atol=1e-3)


def test_the_copy_for_inference_computes_the_same(network):
    x = torch.rand(1, 15, 64, 96)
    with torch.inference_mode():
        torch.testing.assert_close(inference_copy(network)(x), network(x), atol=1e-5, rtol=1e-5)


def test_it_can_be_refined(network):
    image, trimap = scene()
    costs = []
    refiner = Refiner(network_predictor(network, header_of(network).preparation, fold=False))
    alpha = refiner(image, trimap, RefinementSettings(steps=5), lambda refined: costs.extend(refined.costs))
    assert alpha.shape == trimap.shape and min(c.total for c in costs) <= costs[0].total


def test_space_to_depth_is_pytorchs_and_depth_to_space_undoes_it():
    x = torch.randn(2, 3, 8, 12)
    assert torch.equal(space_to_depth(x), torch.nn.functional.pixel_unshuffle(x, 2))
    assert torch.equal(DepthToSpace()(space_to_depth(x[:, :1])), x[:, :1])

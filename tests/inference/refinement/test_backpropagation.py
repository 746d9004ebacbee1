"""Refinement follows the authors' numbers, and never makes worse what it starts from."""

import logging
from zlib import crc32

import numpy as np
import pytest
import torch

from mattekit.errors import InputError
from mattekit.inference.network import network_input, network_predictor
from mattekit.inference.preparation import PREPARATIONS
from mattekit.inference.refinement import OPTIMISERS, RefinementSettings, Refiner, log_steps, refine_prepared
from mattekit.inference.refinement.backpropagation import NO_FALL, AffineGrids
from mattekit.inference.refinement.cost import RULES, Cost, regions
from mattekit.inference.refinement.search import Search, minimise
from mattekit.networks import build
from mattekit.networks.lsa import lsa
from mattekit.networks.released import lsa as released
from mattekit.networks.safetensors_file import header_of

WHOLE = (slice(None), slice(None))
PUBLISHED = dict(optimiser="gradient-descent", stop=False)


@pytest.fixture(scope="module")
def reference(oracle):
    return oracle("lsa_resnet50d")


@pytest.fixture(scope="module")
def network(reference):
    with torch.device("meta"):
        network = lsa(**released.configuration(reference.state))
    network.load_state_dict(released.rename(reference.state), assign=True)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def trace(shared):
    return np.load(shared / "oracle/networks/lsa_br_trace.npz")


def trimap_of(levels, top=255):
    return np.select([levels > 0.75 * top, levels < 0.25 * top], [1, 0], 0.5).astype(np.float32)


def columns(costs):
    """As the authors' traces have them: the total, C1, and the mean change, whose square is C2."""
    return np.array([(c.total, c.boundary, c.change**0.5) for c in costs])


@pytest.mark.parametrize("rate", [20, 1])
def test_twelve_steps_are_the_authors(reference, network, trace, rate):
    """Gradient descent with their learning rate and another: step 0 within 1e-5, costs 1e-3, alpha 1e-2."""
    trimap = trimap_of(reference.x[0, 3].numpy(), 1)
    how = RefinementSettings(12, learning_rate=rate, **PUBLISHED)
    refined = refine_prepared(network, reference.x, trimap, WHOLE, how)
    wanted = trace[f"trace_lr{rate}_total_C1_L1"]
    np.testing.assert_allclose(columns(refined.costs)[0], wanted[0], rtol=0, atol=1e-5)
    np.testing.assert_allclose(columns(refined.costs), wanted, rtol=0, atol=1e-3)
    alpha = trace[f"alpha_lr{rate}_12steps"][0, 0]
    np.testing.assert_allclose(refined.alpha.clamp(0, 1), alpha, rtol=0, atol=1e-2)


def test_a_hundred_steps_follow_the_authors_trend(reference, network, trace):
    """Within 5e-2 in every column, and in the first half much nearer, before rounding adds up."""
    trimap = trimap_of(reference.x[0, 3].numpy(), 1)
    refined = refine_prepared(network, reference.x, trimap, WHOLE, RefinementSettings(100, **PUBLISHED))
    difference = np.abs(columns(refined.costs) - trace["trace_lr20_100_total_C1_L1"])
    assert len(difference) == 100 and difference.max() < 5e-2 and difference[:50].max() < 1e-2


def test_what_random_grids_do_is_what_the_authors_say(reference, network, trace):
    """Seeded A and B at levels 2 to 5: their alpha, and its cost."""
    grids = AffineGrids()
    with torch.no_grad():
        pyramid = network.encode(reference.x)
        start = network.decode(pyramid, grids)[0, 0]
        for level, pair in grids.pairs.items():
            assert pair.shape[2:] == (2 ** (8 - level),) * 2
            for i, name in enumerate("AB"):
                seed = crc32(f"lsa_br_ab/{name}{level}".encode())
                v = 2 * np.random.RandomState(seed).random_sample(pair[i].shape) - 1
                pair[i] = torch.from_numpy((0.3 * v).astype(np.float16).astype(np.float32))
        alpha = network.decode(pyramid, grids)[0, 0]
    assert set(grids.pairs) == {5, 4, 3, 2}
    np.testing.assert_allclose(alpha.clamp(0, 1), trace["alpha_randAB"][0, 0].clip(0, 1), rtol=0, atol=1e-4)
    rule = RULES["released"]
    cost = Cost(regions(trimap_of(reference.x[0, 3].numpy(), 1), rule), start, rule)(alpha)
    np.testing.assert_allclose(columns([cost]), trace["cost_randAB_total_C1_L1"], rtol=1e-4)


def test_a_padded_picture_is_the_authors(network, trace):
    """Padding taken for picture as they do: their costs, and their alpha."""
    image = np.ascontiguousarray(trace["img_bgr"][..., ::-1], np.float32) / 255
    trimap, steps = trimap_of(trace["img_trimap"]), []
    refiner = Refiner(network_predictor(network, "lsa-ring", fold=False))
    alpha = refiner(image, trimap, RefinementSettings(12, padding=True, **PUBLISHED), steps.append)
    # All boundary pixels are clamped, so the authors' twelve costs are one number; we stop at once.
    wanted = trace["img_trace_total_C1_L1"][: len(steps[0].costs)]
    np.testing.assert_allclose(columns(steps[0].costs), wanted, rtol=1e-5)
    assert np.ptp(trace["img_trace_total_C1_L1"], axis=0).max() == 0
    unknown = trimap == 0.5
    np.testing.assert_allclose(alpha[unknown], trace["img_alpha_br12"].clip(0, 1)[unknown], rtol=0, atol=1e-2)


def scene(size=(40, 56)):
    """A soft disc on noise, and its trimap."""
    y, x = np.mgrid[: size[0], : size[1]]
    truth = np.clip((12 - np.hypot(y - size[0] / 2, x - size[1] / 2)) / 8 + 0.5, 0, 1).astype(np.float32)
    image = (0.7 * truth[..., None] + 0.3 * np.random.default_rng(0).random((*size, 3))).astype(np.float32)
    return image, np.where(truth == 1, 1, np.where(truth == 0, 0, 0.5)).astype(np.float32)


def tame(name, **changes):
    """A network with random weights whose raw alpha is mostly between 0 and 1, where the cost has slopes."""
    torch.manual_seed(0)
    network = build(name, **changes).eval()
    for module in network.modules():  # the papers' first weights saturate where norms have no statistics yet
        if isinstance(module, torch.nn.Conv2d):
            module.reset_parameters()
    image, trimap = scene()
    decode, preparation = network.decode, header_of(network).preparation
    x = network_input(*PREPARATIONS[preparation].prepare(image, trimap))
    with torch.no_grad():
        if name.startswith("indexnet"):  # whose ReLU6 would be cut off everywhere: norms take this image's statistics
            for module in network.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.momentum = 1.0
            network.train().decode(network.encode(x.repeat(2, 1, 1, 1))), network.eval()
        y = network.decode(network.encode(x))
    mean, spread = y.mean(), y.std() + 1e-6
    network.decode = lambda pyramid, adjust=None: (decode(pyramid, adjust) - mean) / spread * 0.2 + 0.5
    return network, preparation, x


@pytest.mark.parametrize(
    ("name", "levels", "share"),
    [
        ("a2u", {4, 3, 2}, 0.4),
        ("indexnet", {5, 4, 3, 2}, 0.4),
        ("indexnet-b1", {4, 2}, 0.85),  # of two levels: 0.47 after 25 evaluations, where others are below 0.1
        ("indexnet-b2", {5, 4, 3, 2}, 0.4),
        ("a2u-carafe", {4, 3, 2}, 0.4),
        ("lsa", {5, 4, 3, 2}, 0.4),
    ],
)
def test_every_network_is_refined(name, levels, share):
    """At its own levels from stride 4 up; six evaluations lower the cost to a share, and every grid matters."""
    network, preparation, x = tame(name)
    _, trimap = scene()
    padded = PREPARATIONS[preparation].prepare(*scene())[1]
    window = PREPARATIONS[preparation].window(trimap.shape)
    grids = AffineGrids()
    with torch.no_grad():
        pyramid = network.encode(x)
    network.decode(pyramid, grids).square().sum().backward()
    assert set(grids.pairs) == levels
    assert all(pair.grad[i].any() for pair in grids.pairs.values() for i in (0, 1))
    refined = refine_prepared(network.requires_grad_(False), x, padded, window, RefinementSettings(6))
    assert min(c.total for c in refined.costs) < share * refined.costs[0].total


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_no_result_costs_more_than_the_start(optimiser):
    """Even with a learning rate beyond reason: the alpha is that of the lowest cost seen."""
    network, _, x = tame("a2u")
    _, trimap = scene()
    padded = PREPARATIONS["reflect-16"].prepare(*scene())[1]
    window = PREPARATIONS["reflect-16"].window(trimap.shape)
    network.requires_grad_(False)
    for rate in (None, 1e4):
        refined = refine_prepared(network, x, padded, window, RefinementSettings(5, optimiser, rate))
        lowest = min(c.total for c in refined.costs if np.isfinite(c.total))
        with torch.no_grad():
            start = network.decode(network.encode(x))[0, 0][window]
        where = regions(trimap, RULES["released"])
        cost = Cost(where, start, RULES["released"])
        assert cost(refined.alpha[window]).total.item() == pytest.approx(lowest, rel=1e-5)
        assert lowest <= refined.costs[0].total == pytest.approx(cost(start).total.item(), rel=1e-5)


@pytest.mark.parametrize("steps", [4, 30])
def test_where_a_line_search_finds_nothing_another_optimiser_takes_over(steps):
    """On a slope with a flat, higher plain beside it, on which L-BFGS's first step lands."""
    x, scale = torch.zeros(4, requires_grad=True), [1.0]

    def evaluate():
        y = scale[0] * (x * torch.tensor([0.1, 0.2, 0.3, 0.4])).sum()
        return torch.where(y.detach().abs() > 0.5, y * 0 + 2, 1 - y), y.detach()

    def rescale(factor):
        scale[0] *= factor

    search = Search(evaluate, [x], steps, stop_early=False)
    minimise(search, OPTIMISERS["lbfgs"], 0.9, rescale)
    assert search.lowest[0] == 1 and len(search.lowest) <= steps
    assert (search.lowest[-1] < 0.6) == (steps == 30)


def test_one_step_is_the_networks_own_alpha():
    network, preparation, _ = tame("a2u")
    image, trimap = scene()
    refiner = Refiner(network_predictor(network, preparation, fold=False))
    alpha = refiner(image, trimap, RefinementSettings(1), log_steps)
    plain = network_predictor(network, preparation, fold=False)(image, trimap)
    np.testing.assert_allclose(alpha, plain, atol=1e-6)
    np.testing.assert_array_equal(alpha[trimap != 0.5], trimap[trimap != 0.5])


def test_where_no_step_lowers_the_cost_a_note_says_so():
    """A learning rate beyond reason, whose steps all make it worse."""
    network, _, x = tame("a2u")
    padded = PREPARATIONS["reflect-16"].prepare(*scene())[1]
    settings = RefinementSettings(3, "gradient-descent", 1e6)
    refined = refine_prepared(network.requires_grad_(False), x, padded, WHOLE, settings)
    assert refined.note == NO_FALL and refined.alpha.equal(refined.start)
    assert refine_prepared(network, x, padded, WHOLE, RefinementSettings(1)).note is None


def test_it_ends_when_the_cost_no_longer_falls():
    """A tiny rate changes nothing: ten evaluations after the first are enough to know."""
    network, _, x = tame("a2u")
    padded = PREPARATIONS["reflect-16"].prepare(*scene())[1]
    how = dict(optimiser="gradient-descent", learning_rate=1e-9)
    refined = refine_prepared(network.requires_grad_(False), x, padded, WHOLE, RefinementSettings(50, **how))
    assert len(refined.costs) == 11
    refined = refine_prepared(network, x, padded, WHOLE, RefinementSettings(15, stop=False, **how))
    assert len(refined.costs) == 15


@pytest.mark.parametrize("values", [[0.5, 0.5], [0, 1]])
def test_without_boundaries_the_alpha_is_the_networks_own(caplog, values):
    """All unknown, or nothing unknown: a note says so."""
    network, preparation, _ = tame("a2u")
    image, trimap = scene()
    trimap[:, :20], trimap[:, 20:] = values
    refiner = Refiner(network_predictor(network, preparation, fold=False))
    with caplog.at_level(logging.WARNING, "mattekit"):
        alpha = refiner(image, trimap, RefinementSettings(5), log_steps)
    assert "no unknown pixel touches a known one" in caplog.text
    plain = network_predictor(network, preparation, fold=False)(image, trimap)
    np.testing.assert_allclose(alpha, plain, atol=1e-6)


def test_padding_counts_only_if_asked():
    """Unknown pixels at the frame meet LSA's ring of background; they are no boundary unless padding counts."""
    network, preparation, x = tame("lsa")
    image, trimap = scene()
    trimap[:] = np.where(trimap == 0, np.float32(0.5), trimap)
    padded = PREPARATIONS[preparation].prepare(image, trimap)[1]
    window = PREPARATIONS[preparation].window(trimap.shape)
    network.requires_grad_(False)
    x = network_input(*PREPARATIONS[preparation].prepare(image, trimap))
    costs = [
        refine_prepared(network, x, padded, window, RefinementSettings(1, padding=padding)).costs[0].boundary
        for padding in (False, True)
    ]
    with torch.no_grad():
        raw = network.decode(network.encode(x))[0, 0]
    rule = RULES["released"]
    wanted = [
        Cost(regions(trimap, rule), raw[window], rule)(raw[window]).boundary.item(),
        Cost(regions(padded, rule), raw, rule)(raw).boundary.item(),
    ]
    assert costs == pytest.approx(wanted) and abs(costs[0] - costs[1]) > 1e-3


def test_weights_and_the_given_network_stay_as_they_are():
    network, preparation, _ = tame("a2u")
    before = {key: value.clone() for key, value in network.state_dict().items()}
    Refiner(network_predictor(network, preparation, fold=False))(*scene(), RefinementSettings(4), log_steps)
    assert all(value.equal(before[key]) for key, value in network.state_dict().items())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimiser": "newton"}, "optimiser 'newton', wanted one of lbfgs, adam, momentum, gradient-descent"),
        ({"rule": "mine"}, "rule 'mine', wanted one of released, paper"),
        ({"steps": 0}, "0 steps, wanted at least 1"),
        ({"learning_rate": -1.0}, "learning rate -1.0, wanted more than 0"),
    ],
)
def test_wrong_settings_are_answered_with_the_right_ones(settings, message):
    with pytest.raises(InputError, match=message):
        RefinementSettings(**settings)

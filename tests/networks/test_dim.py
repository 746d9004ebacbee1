"""Deep Image Matting: a first stage, and one that adds to its alpha."""

import torch

from mattekit.networks import build
from mattekit.networks.state import fill
from mattekit.networks.summary import count_parameters

SMALL = {"bottleneck": (16, 1), "sigmoid": False}


def both(**changes):
    torch.manual_seed(0)
    network = build("dim", **{**SMALL, **changes}).eval()
    return network, torch.randn(1, 4, 32, 64)


def test_the_refinement_stage_adds_to_the_first_alpha():
    """Deep Image Matting, section 4.2: with a last layer of zeros, nothing changes."""
    network, x = both()
    with torch.no_grad():
        assert not network(x).equal(network.first(x))
        network.stage[-1].weight.zero_()
        network.stage[-1].bias.zero_()
        assert network(x).equal(network.first(x))


def test_the_refinement_stage_sees_the_image_and_the_first_alpha_alone():
    network, x = both()
    with torch.no_grad():
        alpha = network.first(x)
        wanted = alpha + network.stage(torch.cat([x[:, :3], alpha], 1))
        assert network(x).equal(wanted)


def test_with_a_sigmoid_both_alphas_pass_through_it():
    """As in mmagic: what the stage gives is added before the sigmoid."""
    network, x = both(sigmoid=True)
    with torch.no_grad():
        raw = network.first(x)
        wanted = (raw + network.stage(torch.cat([x[:, :3], raw.sigmoid()], 1))).sigmoid()
        assert network(x).equal(wanted)
        alone = build("dim", **{**SMALL, "refined": False, "sigmoid": True}).eval()
        alone.load_state_dict(network.first.state_dict())
        torch.testing.assert_close(alone(x), raw.sigmoid())


def test_the_refinement_stage_is_small():
    """Four 3x3 convolutions, 64 channels between them."""
    sizes = [count_parameters(build("dim", refined=refined, **SMALL)) for refined in (True, False)]
    assert sizes[0] - sizes[1] == (4 * 9 + 1) * 64 + 2 * (64 * 9 + 1) * 64 + 64 * 9 + 1


def test_without_norm_the_encoder_is_vgg_16_itself():
    """13 convolutions: 14,714,688 parameters with three input channels, 576 more with the trimap's."""
    assert count_parameters(build("dim", norm=False, **SMALL).first.encoder) == 14_714_688 + 576


def test_a_first_stage_trained_alone_starts_the_refinement():
    """Its tensors take their place in the whole network; the refinement stage keeps what it has."""
    torch.manual_seed(1)
    alone, x = build("dim", refined=False, **SMALL).eval(), torch.randn(1, 4, 32, 32)
    network, _ = both()
    stage = {key: value.clone() for key, value in network.stage.state_dict().items()}
    fill(network, network.initial_state(alone.state_dict()), "first.safetensors")
    assert network.first(x).equal(alone(x))
    assert all(value.equal(stage[key]) for key, value in network.stage.state_dict().items())
    whole = network.state_dict()
    assert network.initial_state(whole) is whole and alone.initial_state(whole) is whole


def test_the_parts_of_the_refined_network_are_all_of_it():
    network, _ = both()
    parts = {
        name: {id(parameter) for module in modules for parameter in module.parameters()}
        for name, modules in network.parts().items()
    }
    assert list(parts) == ["encoder", "decoder", "refinement"]
    assert parts["encoder"] == {id(parameter) for parameter in network.first.encoder.parameters()}
    assert parts["refinement"] == {id(parameter) for parameter in network.stage.parameters()}
    assert sum(map(len, parts.values())) == len(list(network.parameters())) == len(set().union(*parts.values()))
